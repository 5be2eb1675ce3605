//! Which launches a pass takes, and which sinks each of them has.

use super::{
    super::{DecisionSink, Decisions},
    sink::{KernelSink, Kind},
};
use crate::{
    REJECTED_SLOTS, ScoreKind,
    framework::pass::{Placed, Plan},
    ops::{
        KERNEL_COLUMNS, KERNEL_ELEMENTS,
        cube::{FEW, UNITS, counts::PRIVATE, kinds::Meaning, rows::team},
        decisions::Real,
    },
};
use burn::tensor::DType;

/// The most bins that a cube has memory for.
pub(super) const BINS: usize = 512;

/// The most sums that a unit keeps.
const SUMS: usize = 32;

/// The most cubes that have a slot of their own.
const CUBES: usize = 512;

/// The most `f32` of all slots, unless one slot has more: what is read at the end.
const SLOT_WORDS: usize = 1 << 20;

/// Decisions that a unit takes, before there are more cubes.
const PER_UNIT: usize = 8;

/// Columns of a cube where a slot is so large that there are few cubes otherwise.
const NARROW: usize = 16;

/// The most labels of a row that a kernel compares with each other.
const RANKED: usize = 1 << 13;

/// The sinks of a launch with the places of their states.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct KernelPlan {
    pub(super) sinks: Vec<KernelSink>,
    /// Counters of all sinks. Behind them is one for the kernel: the epoch of the last batch of logits.
    pub(super) counts: usize,
    /// Whether each cube counts in memory of its own.
    pub(super) private: bool,
    /// `f32` of a slot.
    pub(super) words: usize,
    /// Sums that each unit keeps.
    pub(super) sums: usize,
    /// Bins that each cube keeps.
    pub(super) bins: usize,
    /// Columns of which a cube gives each unit one, where units keep sums by label. Otherwise 0: units take decisions one
    /// after the other.
    pub(super) columns: usize,
    /// Units that share a row, where a sink takes whole rows; otherwise 0.
    pub(super) team: u32,
    pub(super) weighted: bool,
    pub(super) grouped: bool,
    /// Counters of a sample.
    pub(super) samples: usize,
    pub(super) scores: Meaning,
    /// How far outside `[0, 1]` a probability may lie.
    pub(super) slack: Real,
}

/// What differs from one launch of a kernel to the next.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Grid {
    /// Cubes along the rows, of which each has a slot, and along the columns.
    pub(super) cubes: [u32; 2],
    pub(super) epoch: i32,
    /// Rows that the lists have, and for how many they have room.
    pub(super) listed: u32,
    pub(super) room: u32,
    /// Where the counters of samples begin, and rows of a sample.
    pub(super) begin: u32,
    pub(super) positions: u32,
}

/// The launches of a pass, each with cubes along the rows and the columns, and which sinks they take.
pub(super) fn launches(
    decisions: &Decisions,
    plan: &Plan<DecisionSink>,
) -> (Vec<(KernelPlan, [usize; 2])>, Vec<bool>) {
    let [_, labels] = decisions.dims();
    let weighted = decisions.weights.is_some();
    let wide = decisions.target.dtype() == DType::I64;
    let mut before = 0;
    let (mut taken, mut by_label, mut others) = (Vec::new(), Vec::new(), Vec::new());
    for placed in &plan.sinks {
        let (kind, ignored) = Kind::new(&placed.sink, weighted);
        let takes = match kind {
            // Wrong on Mesa beyond so many labels, for a reason that is not known yet.
            Kind::Brier | Kind::LabelBins { .. } | Kind::Best { .. } => labels <= UNITS as usize,
            kind if kind.compares() => labels <= RANKED,
            Kind::Groups { groups } => groups > 0,
            Kind::Keys => lists_fit(decisions.dims()),
            _ => true,
        };
        taken.push(takes);
        let sink = KernelSink {
            kind,
            // What does not fit the target's type is no target.
            ignored: ignored.filter(|index| wide || i32::try_from(*index).is_ok()),
            labels: decisions.labels,
            counts: placed.counts,
            rejected: placed.counts + placed.size.counts - REJECTED_SLOTS,
            words: placed.words,
            constants: placed.constants,
            places: placed.size.sums,
            sum: 0,
            bin: 0,
            list: before,
            sample: placed.samples,
        };
        before += placed.size.lists.iter().sum::<usize>();
        if takes && kind.sums_over_all(weighted) {
            others.push(sink);
        } else if takes {
            by_label.push(sink);
        }
    }
    let split =
        labels > UNITS as usize && (by_label.iter()).any(|sink| sink.kind.sums_by_label(weighted));
    // Cubes of other columns share a slot, so that sums over all labels need a launch of their own.
    let parts = if split {
        vec![by_label, others]
    } else {
        by_label.extend(others);
        by_label.sort_by_key(|sink| sink.counts);
        vec![by_label]
    };
    let chunks = parts.into_iter().flat_map(|sinks| chunks(sinks, weighted));
    let launches = chunks.map(|sinks| KernelPlan::new(decisions, plan, sinks));
    (launches.collect(), taken)
}

/// As few lists of sinks as have memory for their sums and bins.
fn chunks(sinks: Vec<KernelSink>, weighted: bool) -> Vec<Vec<KernelSink>> {
    let mut chunks: Vec<Vec<KernelSink>> = Vec::new();
    let (mut sums, mut bins) = (0, 0);
    for mut sink in sinks {
        let own = (sink.kind.sums(weighted), sink.kind.bins());
        if chunks.is_empty() || sums + own.0 > SUMS || bins + own.1 > BINS {
            chunks.push(Vec::new());
            (sums, bins) = (0, 0);
        }
        (sink.sum, sink.bin) = (sums, bins);
        sums += own.0;
        bins += own.1;
        if let Some(last) = chunks.last_mut() {
            last.push(sink);
        }
    }
    chunks
}

impl KernelPlan {
    fn new(
        decisions: &Decisions,
        plan: &Plan<DecisionSink>,
        sinks: Vec<KernelSink>,
    ) -> (Self, [usize; 2]) {
        let [rows, labels] = decisions.dims();
        let elements = rows * labels;
        let weighted = decisions.weights.is_some();
        let any = |f: fn(Kind, bool) -> bool| sinks.iter().any(|sink| f(sink.kind, weighted));
        let (by_label, over_all) = (any(Kind::sums_by_label), any(Kind::sums_over_all));
        let takes_rows = any(|kind, _| kind.takes_rows());
        let team = if takes_rows { team(labels) } else { 0 };
        // Where a cube keeps numbers of rows as well, there is half as much memory for counters.
        let most = if takes_rows { PRIVATE / 2 } else { PRIVATE };

        let slots = match by_label || over_all {
            true => (SLOT_WORDS / plan.words.max(1)).clamp(1, CUBES),
            false => CUBES,
        };
        let columns = match by_label && labels > 1 {
            true if !over_all && slots < CUBES / 4 && labels <= CUBES * NARROW => {
                labels.min(NARROW)
            }
            true => labels.min(UNITS as usize),
            false => 0,
        };
        let across = if columns > 0 {
            labels.div_ceil(columns)
        } else {
            1
        };
        let units = elements.div_ceil(PER_UNIT).max(rows * team as usize);
        let along = units.div_ceil(UNITS as usize).min(CUBES).div_ceil(across);
        // A few decisions are left to few cubes, which saves the launch that tells what scores are.
        let few = decisions.kind == ScoreKind::Auto && elements <= FEW;
        let along = if few { 1 } else { along.clamp(1, slots) };
        let kernel = Self {
            counts: plan.counts,
            private: plan.counts <= most && elements >= 4 * plan.counts,
            words: plan.words,
            sums: sinks.iter().map(|sink| sink.kind.sums(weighted)).sum(),
            bins: sinks.iter().map(|sink| sink.kind.bins()).sum(),
            columns,
            team,
            weighted,
            grouped: decisions.groups.is_some(),
            samples: plan.samples,
            scores: Meaning::new(decisions.kind, few),
            slack: Real::new(decisions.slack),
            sinks,
        };
        (kernel, [along, across])
    }

    /// Whether it has sums, and so needs a slot for each cube along the rows.
    pub(super) fn has_sums(&self) -> bool {
        self.sinks.iter().any(|sink| sink.places > 0)
    }

    /// Whether a sink takes decisions one by one, and not whole rows.
    pub(super) fn takes_decisions(&self) -> bool {
        self.sinks.iter().any(|sink| !sink.kind.takes_rows())
    }

    /// Decisions, or rows, that a cube takes at a time.
    pub(super) fn height(&self) -> usize {
        UNITS as usize / self.columns.max(1)
    }
}

/// Whether places in lists of keys, and of a weight for each row, are numbers of 32 bits.
pub(in crate::ops) fn lists_fit([rows, labels]: [usize; 2]) -> bool {
    rows.saturating_mul(labels + 1) <= KERNEL_ELEMENTS && labels < KERNEL_COLUMNS
}

/// Whether the state of each sink is as large as this batch needs.
pub(super) fn fits(decisions: &Decisions, plan: &Plan<DecisionSink>) -> bool {
    use crate::framework::pass::Input;
    let same = |placed: &Placed<_>| decisions.size(&placed.sink) == placed.size;
    plan.sinks.iter().all(same)
}
