//! The numbers that Burn asks for: one compact answer per metric, split and epoch.

use super::Record;
use burn::train::metric::NumericEntry;
use std::collections::{BTreeMap, HashMap};

/// What is known of one epoch.
#[derive(Debug, Clone, Copy)]
enum Answer {
    Final(f64),
    Mean { sum: f64, count: usize },
}

impl Answer {
    /// Only another final value replaces one: a batch that comes after the end of its epoch is in the
    /// value already, or will be in the next.
    fn add(self, entry: &NumericEntry) -> Self {
        let (value, n) = match entry {
            NumericEntry::Final(value) => return Self::Final(*value),
            NumericEntry::Value(value) => (*value, 1),
            NumericEntry::Aggregated {
                aggregated_value,
                count,
            } => (*aggregated_value, *count),
        };
        let (sum, count) = match self {
            Self::Mean { sum, count } => (sum, count),
            Self::Final(_) => return self,
        };
        Self::Mean {
            // An entry of no elements must not add `NaN * 0`.
            sum: if n > 0 { sum + value * n as f64 } else { sum },
            count: count + n,
        }
    }

    fn entry(self) -> NumericEntry {
        match self {
            Self::Final(value) => NumericEntry::Final(value),
            Self::Mean { sum, count } => NumericEntry::Aggregated {
                aggregated_value: sum / count as f64,
                count,
            },
        }
    }
}

/// Split to metric to epoch.
type Table = HashMap<String, HashMap<String, BTreeMap<usize, Answer>>>;

/// The answers of this run, and of the log it continues.
#[derive(Debug, Default)]
pub(super) struct Known {
    now: Table,
    /// Kept apart, since an epoch that runs again counts anew.
    past: Table,
    /// The last step that the continued log holds, by split and epoch.
    steps: HashMap<String, BTreeMap<usize, u64>>,
    /// How many steps a split has taken, where a checkpoint says so.
    counted: HashMap<String, u64>,
}

impl Known {
    /// Takes an entry of this run.
    pub fn add(&mut self, split: &str, name: &str, epoch: usize, entry: &NumericEntry) {
        add(&mut self.now, split, name, epoch, entry);
    }

    /// Takes a record of the log that this run continues.
    pub fn add_past(&mut self, record: &Record) {
        if let Some(step) = record.step {
            self.add_past_step(&record.split, record.epoch, step);
        }
        if let Some(value) = record.value.number() {
            let entry = match record.step {
                Some(_) => NumericEntry::Value(value),
                None => NumericEntry::Final(value),
            };
            let (split, name) = (&record.split, &record.name);
            add(&mut self.past, split, name, record.epoch, &entry);
        }
    }

    /// Takes a step of the log that this run continues.
    pub fn add_past_step(&mut self, split: &str, epoch: usize, step: u64) {
        let steps = self.steps.entry(split.to_string()).or_default();
        let last = steps.entry(epoch).or_default();
        *last = step.max(*last);
    }

    /// What Burn reads: nothing, or one entry.
    pub fn read(&self, split: &str, name: &str, epoch: usize) -> Vec<NumericEntry> {
        let find = |table: &Table| table.get(split)?.get(name)?.get(&epoch).copied();
        let answer = find(&self.now).or_else(|| find(&self.past));
        answer.map(Answer::entry).into_iter().collect()
    }

    /// Takes the number of steps that a split has taken before the epoch that comes next.
    pub fn count(&mut self, split: &str, steps: u64) {
        self.counted.insert(split.to_string(), steps);
    }

    /// How many steps came before an epoch: as a checkpoint has counted, or else the last step of the continued log.
    pub fn steps_before(&self, split: &str, epoch: usize) -> u64 {
        if let Some(counted) = self.counted.get(split) {
            return *counted;
        }
        let steps = self.steps.get(split);
        let before = steps.into_iter().flat_map(|steps| steps.range(..epoch));
        before.map(|(_, step)| *step).max().unwrap_or(0)
    }
}

fn add(table: &mut Table, split: &str, name: &str, epoch: usize, entry: &NumericEntry) {
    let names = table.entry(split.to_string()).or_default();
    let epochs = names.entry(name.to_string()).or_default();
    let nothing = Answer::Mean { sum: 0.0, count: 0 };
    let answer = epochs.entry(epoch).or_insert(nothing);
    *answer = answer.add(entry);
}
