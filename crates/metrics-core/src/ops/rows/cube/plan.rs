//! What a kernel is expanded from.

use super::{
    super::{Need, Predictions, RowSink, Rows, UNIT_NOTES},
    sink::{KernelSink, Kind, kind_of},
};
use crate::{
    ScoreKind,
    framework::pass::{Placed, Plan},
    ops::{
        cube::{
            UNITS,
            counts::PRIVATE,
            kinds::Meaning,
            rows::{BOARD, Wants, team},
        },
        decisions::{Real, cube::lists_fit},
    },
};
use burn::tensor::DType;

/// The most bins that a cube has memory for.
pub(super) const BINS: usize = 512;

/// The most sums that a unit keeps.
const SUMS: usize = 32;

/// The most sums by class that a unit keeps.
const COLUMNS: usize = 64;

/// The most sinks of units with several rows that a cube has memory for.
const FLAGS: usize = 1;

/// The 32-bit words of a cube's memory that WebGPU promises, without a few for flags.
const MEMORY: usize = 4096 - 16;

/// The most cubes of a launch with slots, and of one without.
const SLOTS: usize = 512;
const CUBES: usize = 1024;

/// The most `f32` of all slots, if one slot is not more.
const SLOT_WORDS: usize = 1 << 22;

/// So many cubes run before one takes more than a step.
const FEW_CUBES: usize = 256;

/// Steps of a cube before there are more than a few cubes.
const STEPS: usize = 4;

/// The most parts of a unit. Their number and three others are in the bits of an `i32`.
const UNIT_PARTS: usize = 127;

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
    /// What the units and the cube keep.
    pub(super) kept: Kept,
    pub(super) weighted: bool,
    pub(super) wants: Wants,
    pub(super) scores: Meaning,
    pub(super) unit: Unit,
    /// Counters of a sample.
    pub(super) samples: usize,
    pub(super) shape: Shape,
}

/// How much the units of a cube keep until its end.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Hash)]
pub(super) struct Kept {
    /// Sums that each unit keeps.
    pub sums: usize,
    /// Sums by class that each unit keeps.
    pub columns: usize,
    /// Cells that each unit keeps a sum for, one for a sink.
    pub held: usize,
    /// Bins that each cube keeps.
    pub bins: usize,
    /// Sinks for which each cube keeps flags of units.
    pub flags: usize,
}

/// What sinks know of the plan.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(super) struct How {
    /// How many counters each cube keeps for itself: all or none.
    pub private: usize,
    pub weighted: bool,
    pub team: u32,
    pub slack: Real,
    pub scores: Meaning,
}

/// What the kernel is told when it runs.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Hash)]
pub(super) struct Shape {
    pub cubes: usize,
    /// Rows that a cube takes together: those of a step, of whole units, or of a part of a unit.
    pub group: usize,
    /// Rows of a unit, and its parts.
    pub elements: usize,
    pub parts: usize,
    /// Where the counters of samples begin, and rows of a sample.
    pub begin: usize,
    pub positions: usize,
}

/// How cubes come by units.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(super) enum Unit {
    /// A row is a unit.
    Row,
    /// Each cube takes whole units.
    Whole,
    /// There are few and large units, of which each cube takes parts.
    Parts,
}

impl Unit {
    fn new(rows: &Rows, teams: usize) -> Self {
        let (n, elements) = (rows.target.dims()[0], rows.elements());
        if elements == 1 {
            Self::Row
        } else if elements > teams && n / elements <= UNIT_NOTES {
            Self::Parts
        } else {
            Self::Whole
        }
    }
}

impl Kept {
    fn and(self, more: Self) -> Self {
        Self {
            sums: self.sums + more.sums,
            columns: self.columns + more.columns,
            held: self.held + more.held,
            bins: self.bins + more.bins,
            flags: self.flags + more.flags,
        }
    }

    fn fits(self) -> bool {
        let Self {
            sums,
            columns,
            held,
            bins,
            flags,
        } = self;
        sums <= SUMS && columns <= COLUMNS && held <= SUMS && bins <= BINS && flags <= FLAGS
    }

    /// Words of a cube's memory, beside its counters.
    fn memory(self) -> usize {
        BOARD + 2 * self.bins + self.flags * UNITS as usize
    }
}

impl KernelPlan {
    /// The plan of the sinks that there is a kernel for, and which these are. The counters of samples begin at `begin`.
    pub fn new(rows: &Rows, plan: &Plan<RowSink>, begin: usize) -> (Self, Vec<bool>) {
        let n = rows.target.dims()[0];
        let weighted = rows.weights.is_some();
        let wide = rows.target.dtype() == DType::I64;
        let classes = match &rows.predictions {
            Predictions::Scores(scores) => scores.dims()[1],
            Predictions::Labels(_) => 1,
        };
        let (mut sinks, mut kept, mut need) = (Vec::new(), Kept::default(), Need::Nothing);
        let (mut rival, mut outside, mut all) = (false, false, false);
        let team = team(classes);
        let (mut before, mut asks) = (0, false);
        let unit = Unit::new(rows, (UNITS / team) as usize);
        let mut take = |placed: &Placed<RowSink>| {
            let (kind, ignored) = kind_of(rows, &placed.sink, unit, before);
            before += placed.size.lists.iter().sum::<usize>();
            if matches!(kind, Kind::Keys { .. }) && !lists_fit([n, classes]) {
                return false;
            }
            let more = kept.and(kind.kept(team));
            if !more.fits() {
                return false;
            }
            sinks.push(KernelSink {
                kind,
                // What does not fit the target's type is no target.
                ignored: ignored.filter(|index| wide || i32::try_from(*index).is_ok()),
                counts: placed.counts,
                words: placed.words,
                constants: placed.constants,
                sample: placed.samples,
                kept,
            });
            kept = more;
            need = need.max(placed.sink.need());
            rival |= matches!(kind, Kind::Hinge { .. });
            outside |= kind.is_of_probabilities();
            all |= kind.takes_all();
            asks |= placed.sink.asks();
            true
        };
        let taken = plan.sinks.iter().map(&mut take).collect();
        let words = kept.sums + kept.columns + kept.held + kept.bins > 0;
        let unit = if kept.flags > 0 { unit } else { Unit::Row };
        let mut shape = Shape::new(
            rows,
            team,
            unit,
            words.then_some(plan.words),
            asks && rows.kind == ScoreKind::Auto,
        );
        (shape.begin, shape.positions) = (begin, rows.elements());
        let private = plan.counts <= PRIVATE.min(MEMORY.saturating_sub(kept.memory()));
        let scores = if asks {
            Meaning::new(rows.kind, shape.cubes == 1)
        } else {
            Meaning::Logits
        };
        let kernel = Self {
            sinks,
            counts: plan.counts,
            private: private && n >= 4 * plan.counts,
            words: plan.words,
            kept,
            weighted,
            wants: Wants {
                team,
                likelihood: need > Need::Ranks,
                rival,
                outside,
                slack: Real::new(rows.slack),
                all,
            },
            scores,
            unit,
            samples: plan.samples,
            shape,
        };
        (kernel, taken)
    }

    pub(super) fn how(&self) -> How {
        How {
            private: if self.private { self.counts } else { 0 },
            weighted: self.weighted,
            team: self.wants.team,
            slack: self.wants.slack,
            scores: self.scores,
        }
    }

    /// Whether it appends to lists.
    pub fn has_lists(&self) -> bool {
        self.sinks.iter().any(|sink| sink.is_keys())
    }

    /// Whether it changes slots.
    pub fn has_words(&self) -> bool {
        let kept = self.kept;
        kept.sums + kept.columns + kept.held + kept.bins > 0
    }
}

impl Shape {
    /// Of units, and with slots of `words` if there are any. `asks` says that several cubes would have to ask what
    /// the scores are.
    fn new(rows: &Rows, team: u32, unit: Unit, words: Option<usize>, asks: bool) -> Self {
        let n = rows.target.dims()[0];
        let teams = (UNITS / team) as usize;
        let elements = if unit == Unit::Row {
            1
        } else {
            rows.elements()
        };
        let group = match unit {
            Unit::Row => teams,
            Unit::Whole => (teams / elements).max(1) * elements,
            Unit::Parts => (STEPS * teams).max(elements.div_ceil(UNIT_PARTS)),
        };
        let parts = if unit == Unit::Parts {
            elements.div_ceil(group)
        } else {
            1
        };
        let steps = if unit == Unit::Parts {
            n / elements * parts
        } else {
            n.div_ceil(group)
        };
        let most = words.map_or(CUBES, |words| SLOTS.min((SLOT_WORDS / words.max(1)).max(1)));
        let cubes = if asks && n <= STEPS * teams {
            // That saves a launch.
            1
        } else if steps <= FEW_CUBES {
            steps
        } else {
            steps.div_ceil(STEPS).max(FEW_CUBES)
        };
        Self {
            cubes: cubes.clamp(1, most),
            group,
            elements,
            parts,
            ..Self::default()
        }
    }
}
