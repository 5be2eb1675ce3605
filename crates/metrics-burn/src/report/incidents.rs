//! What went wrong, in words.

use super::RunReport;
use crate::{SplitKind, SplitReport};

/// Something that happened in some epochs of a split.
pub(super) struct Incident {
    pub split: SplitKind,
    pub epochs: Vec<usize>,
    pub what: String,
}

impl Incident {
    /// The split and the epochs in which it happened.
    pub fn place(&self, run: &RunReport) -> String {
        let split = run.label(self.split);
        match self.split {
            SplitKind::Test(_) => split,
            _ if self.epochs.len() == 1 => format!("{split}, epoch {}", self.epochs[0]),
            _ => format!("{split}, epochs {}", ranges(&self.epochs)),
        }
    }
}

/// All incidents of a run. The same incident in several epochs is listed once.
pub(super) fn all(run: &RunReport) -> Vec<Incident> {
    let mut incidents: Vec<Incident> = Vec::new();
    for epoch in &run.epochs {
        for what in of_epoch(epoch) {
            let same = |i: &&mut Incident| i.split == epoch.split && i.what == what;
            match incidents.iter_mut().find(same) {
                Some(incident) => incident.epochs.push(epoch.epoch),
                None => incidents.push(Incident {
                    split: epoch.split,
                    epochs: vec![epoch.epoch],
                    what,
                }),
            }
        }
    }
    incidents
}

fn of_epoch(epoch: &SplitReport) -> Vec<String> {
    let mut all = Vec::new();
    if !epoch.complete {
        let (samples, batches) = (counted(epoch.samples, "sample"), batches(epoch.batches));
        all.push(format!("incomplete: covers {samples} in {batches}"));
    }
    if epoch.failed_batches > 0 {
        let failed = batches(epoch.failed_batches);
        let why = epoch.first_failure.as_ref();
        let why = why.map(|why| format!(": {why}")).unwrap_or_default();
        all.push(format!(
            "left out {failed} that did not fit the metrics{why}"
        ));
    }
    for entry in &epoch.report.entries {
        match (&entry.error, entry.rejected.invalid()) {
            (Some(error), _) => all.push(format!("{} has no value: {error}", entry.name)),
            (None, 0) => {}
            (None, _) => all.push(format!(
                "{} was computed without {}",
                entry.name, entry.rejected
            )),
        }
    }
    all
}

fn batches(count: usize) -> String {
    let es = if count == 1 { "" } else { "es" };
    format!("{count} batch{es}")
}

fn counted(count: u64, what: &str) -> String {
    let s = if count == 1 { "" } else { "s" };
    format!("{count} {what}{s}")
}

/// 1, 2, 3, 7 as "1-3, 7".
fn ranges(numbers: &[usize]) -> String {
    let runs = numbers.chunk_by(|a, b| a + 1 == *b);
    let texts: Vec<_> = runs
        .map(|run| match run {
            [one] => one.to_string(),
            run => format!("{}-{}", run[0], run[run.len() - 1]),
        })
        .collect();
    texts.join(", ")
}
