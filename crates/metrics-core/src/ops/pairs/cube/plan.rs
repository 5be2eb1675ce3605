//! What a launch is to do: the sinks, and where their sums go.

use crate::{
    framework::pass::{Placed, Plan},
    ops::{
        cube::totals::{Place, SEGMENT},
        pairs::{JOINT, MOMENTS, PairSink, TermsKernel, Unit},
    },
};

/// The most sums that a unit keeps: as many pairs of registers. More sinks are more launches.
const SUMS: usize = 48;

/// The most counters that a cube keeps for itself.
const PRIVATE: usize = 256;

/// The most terms of outputs: a row has a word of flags, of which each of them takes three.
const OUTPUT_TERMS: usize = 10;

/// The sinks of a launch with the places of their states.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct KernelPlan {
    pub(super) sinks: Vec<KernelSink>,
    /// Counters of the pass.
    pub(super) counts: usize,
    /// Whether each cube counts in memory of its own.
    pub(super) private: bool,
    /// `f32` of a slot.
    pub(super) words: usize,
    /// Where the sums go that each unit keeps: those of elements and rows, then those of outputs.
    pub(super) places: Vec<Place>,
    /// How many are not of outputs.
    pub(super) single: usize,
    /// Units that share a row of outputs, and a row as a whole.
    pub(super) width: usize,
    pub(super) team: u32,
    /// Numbers that a unit reads at once, of the weights too if rows have one element.
    pub(super) vector: usize,
    /// Whether rows have one element.
    pub(super) narrow: bool,
    /// Whether rows lie apart in memory.
    pub(super) apart: bool,
    pub(super) weighted: bool,
    /// Not a part of the kernel's variant.
    pub(super) cubes: u32,
}

#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(super) struct KernelSink {
    pub kind: Kind,
    pub walk: Walk,
    /// Where its counters and words begin.
    pub counts: usize,
    pub words: usize,
    /// Its sums.
    pub sums: usize,
    /// The first of those that each unit keeps.
    pub sum: usize,
    /// The first of its flags, of terms of outputs.
    pub flag: u32,
    /// Numbers of a row in the lists before its own.
    pub list: usize,
}

#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(super) enum Kind {
    Moments {
        extremes: bool,
    },
    Joint,
    Terms(TermsKernel),
    /// Lists: of pairs, and of terms of rows.
    Ranks,
    List(TermsKernel),
}

/// What a sink goes through one by one.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(super) enum Walk {
    Elements,
    Outputs,
    Rows,
}

impl Kind {
    fn of(sink: &PairSink) -> Option<Self> {
        Some(match sink {
            PairSink::Moments { extremes, .. } => Self::Moments {
                extremes: *extremes,
            },
            PairSink::Joint { .. } => Self::Joint,
            PairSink::Terms(terms) => Self::Terms(terms.0.kernel()?),
            PairSink::Ranks { .. } => Self::Ranks,
            PairSink::List(terms) => Self::List(terms.0.kernel()?),
        })
    }

    /// How many sums there are of each output.
    fn terms(&self) -> usize {
        match self {
            Self::Moments { .. } => MOMENTS,
            Self::Joint => JOINT,
            Self::Terms(kernel) => kernel.sums(),
            Self::Ranks | Self::List(_) => 0,
        }
    }

    /// Whether there is a sum of weights, also of rows without weights.
    fn is_weighed(&self) -> bool {
        matches!(self, Self::Moments { .. } | Self::Joint)
    }

    fn is_listed(&self) -> bool {
        matches!(self, Self::Ranks | Self::List(_))
    }
}

impl KernelSink {
    pub fn is_moments(&self) -> bool {
        matches!(self.kind, Kind::Moments { .. })
    }

    pub fn has_extremes(&self) -> bool {
        matches!(self.kind, Kind::Moments { extremes: true })
    }

    pub fn is_joint(&self) -> bool {
        self.kind == Kind::Joint
    }

    /// Whether its terms are a user's, which may be infinite by their formula.
    pub fn is_own(&self) -> bool {
        matches!(&self.kind, Kind::Terms(TermsKernel::Own(_)))
    }

    /// Whether it has a mark that says if an infinite sum may be right.
    pub fn is_terms(&self) -> bool {
        matches!(self.kind, Kind::Terms(_))
    }

    pub fn is_ranks(&self) -> bool {
        self.kind == Kind::Ranks
    }

    pub fn is_listed(&self) -> bool {
        self.kind.is_listed()
    }

    /// Whether its sums are around pivots.
    pub fn has_pivots(&self) -> bool {
        self.kind.is_weighed()
    }

    /// How many pivots there are of a column.
    pub fn pivots(&self) -> usize {
        if self.is_joint() { 4 } else { 1 }
    }

    pub fn is(&self, walk: Walk) -> bool {
        self.walk == walk
    }

    /// How many of the sums that a unit keeps are not that of weights.
    pub fn terms(&self) -> usize {
        self.kind.terms()
    }

    /// Whether values are differences of a sum and others: it is compensated after every number. The other sums are so
    /// after a few.
    pub fn cancels(&self, term: usize) -> bool {
        match self.kind {
            Kind::Moments { .. } => term < MOMENTS,
            Kind::Joint => term < JOINT,
            Kind::Terms(_) | Kind::Ranks | Kind::List(_) => false,
        }
    }

    pub fn kernel(&self) -> TermsKernel {
        match &self.kind {
            Kind::Terms(kernel) | Kind::List(kernel) => kernel.clone(),
            _ => TermsKernel::AbsolutePercentage,
        }
    }

    /// Where the sums go that a unit keeps.
    fn places(&self, columns: usize, weighted: bool) -> Vec<Place> {
        let columns = if self.walk == Walk::Outputs {
            columns
        } else {
            1
        };
        let terms = self.kind.terms();
        let (next, step) = if self.has_pivots() {
            (1, terms)
        } else {
            (columns, 1)
        };
        let place = |word: usize, step: usize, columns: usize| Place {
            word: self.words + word,
            low: self.sums,
            step,
            columns,
        };
        let mut places: Vec<_> = (0..terms).map(|k| place(k * next, step, columns)).collect();
        if weighted && !self.is_listed() || self.has_pivots() {
            places.push(place(self.sums - 1, 0, 1));
        }
        places
    }
}

impl KernelPlan {
    /// Counters that a cube keeps for itself.
    pub(super) fn own_counters(&self) -> usize {
        if self.private { self.counts } else { 0 }
    }

    pub(super) fn any(&self, walk: Walk) -> bool {
        self.sinks.iter().any(|sink| sink.walk == walk)
    }

    /// Whether a sink of a walk has pivots.
    pub(super) fn pivots(&self, walk: Walk) -> bool {
        let mut sinks = self.sinks.iter();
        sinks.any(|sink| sink.walk == walk && sink.has_pivots())
    }

    /// Whether a sink of a walk has pivots of predictions, too.
    pub(super) fn joint_pivots(&self, walk: Walk) -> bool {
        let mut sinks = self.sinks.iter();
        sinks.any(|sink| sink.walk == walk && sink.is_joint())
    }

    /// Sums that go through short runs before they are compensated.
    pub(super) fn in_runs(&self, walk: Walk) -> Vec<usize> {
        let sinks = self.sinks.iter().filter(|sink| sink.walk == walk);
        let sums = sinks.flat_map(|sink| {
            let weights = usize::from(self.weighted && !sink.is_listed());
            let kept = (0..sink.terms() + weights).filter(|k| !sink.cancels(*k));
            kept.map(|k| sink.sum + k)
        });
        sums.collect()
    }
}

/// The walk of a sink over pairs of so many columns; `None` if there is no kernel for it.
pub(in crate::ops::pairs) fn walk(sink: &PairSink, columns: usize) -> Option<Walk> {
    let kind = Kind::of(sink)?;
    let of_rows = matches!(&kind, Kind::Terms(kernel) | Kind::List(kernel) if kernel.of_rows());
    match sink.unit() {
        _ if kind == Kind::Ranks => Some(Walk::Elements),
        Unit::Rows => of_rows.then_some(Walk::Rows),
        _ if of_rows || columns == 0 || kind.terms() > 2 && !kind.is_weighed() => None,
        _ if kind.is_listed() => None,
        Unit::Elements => Some(Walk::Elements),
        Unit::Outputs(outputs) if outputs != columns => None,
        Unit::Outputs(1) => Some(Walk::Elements),
        Unit::Outputs(outputs) => (outputs <= SEGMENT).then_some(Walk::Outputs),
    }
}

/// A sink on its way into a launch.
struct Sink<'a> {
    placed: &'a Placed<PairSink>,
    kind: Kind,
    walk: Walk,
    list: usize,
}

/// The launches that the sinks take which there is a kernel for: one, if they are not too many.
pub(super) fn launches(
    plan: &Plan<PairSink>,
    [rows, columns]: [usize; 2],
    weighted: bool,
) -> Vec<KernelPlan> {
    let mut launches: Vec<Vec<Sink>> = Vec::new();
    let (mut sums, mut flags, mut lists) = (0, 0, 0);
    for placed in &plan.sinks {
        let list = lists;
        lists += placed.size.lists[0];
        let (Some(walk), Some(kind)) = (walk(&placed.sink, columns), Kind::of(&placed.sink)) else {
            continue;
        };
        let flagged = usize::from(walk == Walk::Outputs && !kind.is_weighed());
        (sums, flags) = (sums + kind.terms() + 1, flags + flagged);
        if launches.is_empty() || sums > SUMS || flags > OUTPUT_TERMS {
            launches.push(Vec::new());
            (sums, flags) = (kind.terms() + 1, flagged);
        }
        if let Some(launch) = launches.last_mut() {
            launch.push(Sink {
                placed,
                kind,
                walk,
                list,
            });
        }
    }
    let plans = launches.into_iter().map(|sinks| {
        let mut kernel = KernelPlan {
            sinks: Vec::new(),
            counts: plan.counts,
            private: plan.counts <= PRIVATE && rows * columns >= 4 * plan.counts,
            words: plan.words,
            places: Vec::new(),
            single: 0,
            width: columns.next_power_of_two().min(SEGMENT),
            team: team(columns),
            vector: 1,
            narrow: columns == 1,
            apart: false,
            weighted,
            cubes: 1,
        };
        let (outputs, others): (Vec<_>, Vec<_>) =
            (sinks.into_iter()).partition(|sink| sink.walk == Walk::Outputs);
        kernel.add(others, columns);
        kernel.single = kernel.places.len();
        kernel.add(outputs, columns);
        if !kernel.any(Walk::Outputs) {
            kernel.width = 1;
        }
        if !kernel.any(Walk::Rows) {
            kernel.team = 1;
        }
        kernel
    });
    plans.collect()
}

impl KernelPlan {
    fn add(&mut self, sinks: Vec<Sink>, columns: usize) {
        let mut flag = 1;
        for sink in sinks {
            let Sink {
                placed,
                kind,
                walk,
                list,
            } = sink;
            let flags = if kind.is_weighed() { 0 } else { 3 };
            let sink = KernelSink {
                kind,
                walk,
                counts: placed.counts,
                words: placed.words,
                sums: placed.size.sums,
                sum: self.places.len(),
                flag,
                list,
            };
            if walk == Walk::Outputs {
                flag += flags;
            }
            self.places.extend(sink.places(columns, self.weighted));
            self.sinks.push(sink);
        }
    }
}

/// Numbers of a row that a unit reads, where the row has enough of them.
const PER_UNIT: usize = 4;

/// Units that share a row: a power of two.
fn team(columns: usize) -> u32 {
    let units = columns.div_ceil(PER_UNIT).next_power_of_two();
    units.min(crate::ops::cube::UNITS as usize) as u32
}
