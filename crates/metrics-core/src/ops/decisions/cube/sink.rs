//! What a kernel knows of a sink.

use super::plan::BINS;
use crate::{
    REASONS,
    ops::decisions::{DecisionSink, MultilabelCriterion},
};

#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(super) struct KernelSink {
    pub kind: Kind,
    pub ignored: Option<i64>,
    /// Whether the scores are predicted labels, which have a threshold of their own.
    pub labels: bool,
    /// Where its counters, the rejected ones of them, its words and its constants begin.
    pub counts: usize,
    pub rejected: usize,
    pub words: usize,
    pub constants: usize,
    /// How many sums it has in a slot.
    pub places: usize,
    /// Its first sum of those that each unit keeps.
    pub sum: usize,
    /// Its first bin of those that each cube keeps.
    pub bin: usize,
    /// Numbers of a row in the lists before its own.
    pub list: usize,
    /// Where its counters begin among those of a sample.
    pub sample: usize,
}

/// What becomes of a decision or a row. Numbers that only scale places are in the plan, others are constants.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(super) enum Kind {
    Cells,
    Samples,
    SampleUnits,
    /// Bins of each label, weighed.
    LabelBins {
        bins: usize,
    },
    Groups {
        groups: usize,
    },
    Thresholds {
        len: usize,
    },
    /// Bins of the cube, if it has memory for them.
    Calibration {
        bins: usize,
        own: bool,
    },
    Terms,
    Brier,
    Hinge {
        squared: bool,
        raw: bool,
    },
    Keys,
    Units,
    Ranking,
    /// The best labels, of which a row has so many.
    Best {
        k: usize,
        criterion: MultilabelCriterion,
    },
}

impl Kind {
    /// With the targets to leave out.
    pub fn new(sink: &DecisionSink, weighted: bool) -> (Self, Option<i64>) {
        match sink {
            DecisionSink::Cells { ignore_index, .. } => (Self::Cells, *ignore_index),
            DecisionSink::Groups {
                groups,
                ignore_index,
                ..
            } => (Self::Groups { groups: *groups }, *ignore_index),
            DecisionSink::Thresholds {
                thresholds,
                ignore_index,
            } => {
                let len = thresholds.len();
                (Self::Thresholds { len }, *ignore_index)
            }
            DecisionSink::Calibration { bins, ignore_index } => {
                let bins = *bins;
                let own = !weighted && bins <= BINS;
                (Self::Calibration { bins, own }, *ignore_index)
            }
            DecisionSink::Samples { ignore_index, .. } => (Self::Samples, *ignore_index),
            DecisionSink::SampleUnits { ignore_index, .. } => (Self::SampleUnits, *ignore_index),
            DecisionSink::LabelBins { bins, ignore_index } => {
                (Self::LabelBins { bins: *bins }, *ignore_index)
            }
            DecisionSink::Terms { ignore_index } => (Self::Terms, *ignore_index),
            DecisionSink::Brier { ignore_index } => (Self::Brier, *ignore_index),
            DecisionSink::Hinge {
                squared,
                raw,
                ignore_index,
            } => {
                let (squared, raw) = (*squared, *raw);
                (Self::Hinge { squared, raw }, *ignore_index)
            }
            DecisionSink::Units { ignore_index, .. } => (Self::Units, *ignore_index),
            DecisionSink::Ranking { ignore_index } => (Self::Ranking, *ignore_index),
            DecisionSink::Best {
                k,
                criterion,
                ignore_index,
            } => {
                let (k, criterion) = (*k, *criterion);
                (Self::Best { k, criterion }, *ignore_index)
            }
            DecisionSink::Keys { ignore_index } => (Self::Keys, *ignore_index),
        }
    }

    /// Sums that a unit keeps.
    pub fn sums(self, weighted: bool) -> usize {
        match self {
            Self::Cells if weighted => 4,
            Self::Terms | Self::Ranking => 4,
            Self::Best { .. } | Self::Brier => 3,
            Self::Hinge { .. } => 2,
            _ => 0,
        }
    }

    /// Bins that a cube keeps.
    pub fn bins(self) -> usize {
        match self {
            Self::Calibration { bins, own: true } => bins,
            _ => 0,
        }
    }

    /// Whether it takes whole rows.
    pub fn takes_rows(self) -> bool {
        self.is_of_units() || self.compares()
    }

    /// Whether it takes rows as right or wrong.
    pub fn is_of_units(self) -> bool {
        matches!(self, Self::Units | Self::SampleUnits)
    }

    /// Whether it compares the labels of a row with each other.
    pub fn compares(self) -> bool {
        matches!(self, Self::Ranking | Self::Best { .. })
    }

    /// Whether its sums are those of labels, so that cubes of other columns do not change them.
    pub fn sums_by_label(self, weighted: bool) -> bool {
        match self {
            Self::Terms | Self::Brier | Self::Hinge { .. } => true,
            Self::Cells | Self::Thresholds { .. } => weighted,
            _ => false,
        }
    }

    /// Whether it has sums that are not those of labels.
    pub fn sums_over_all(self, weighted: bool) -> bool {
        match self {
            Self::Calibration { .. } | Self::LabelBins { .. } => true,
            kind if kind.compares() => true,
            Self::Groups { .. } => weighted,
            _ => false,
        }
    }
}

impl KernelSink {
    pub fn groups(&self) -> i32 {
        match self.kind {
            Kind::Groups { groups } => i32::try_from(groups).unwrap_or(i32::MAX),
            _ => 0,
        }
    }

    pub fn is_raw(&self) -> bool {
        matches!(self.kind, Kind::Hinge { raw: true, .. })
    }

    /// Whether it notes what the scores of a batch are taken for, and in which counter the probabilities are; the
    /// logits are in the next.
    pub fn asks(&self) -> bool {
        !self.labels && !self.kind.compares() && !self.is_raw()
    }

    pub fn kinds(&self) -> usize {
        self.rejected + REASONS
    }

    /// How many labels of a row are predicted.
    pub fn best(&self) -> u32 {
        match self.kind {
            Kind::Best { k, .. } => u32::try_from(k).unwrap_or(u32::MAX),
            _ => 0,
        }
    }

    /// When these are right; `None` for other sinks.
    pub fn criterion(&self) -> Option<MultilabelCriterion> {
        match self.kind {
            Kind::Best { criterion, .. } => Some(criterion),
            _ => None,
        }
    }

    pub fn is_squared(&self) -> bool {
        matches!(self.kind, Kind::Hinge { squared: true, .. })
    }

    pub fn is_by_thresholds(&self) -> bool {
        matches!(self.kind, Kind::Thresholds { .. })
    }

    /// How many thresholds it counts by; 0 if it is by one alone.
    pub fn thresholds(&self) -> usize {
        match self.kind {
            Kind::Thresholds { len } => len,
            _ => 0,
        }
    }

    /// Bins of probabilities, kept by the cube or not.
    pub fn calibrated(&self) -> usize {
        match self.kind {
            Kind::Calibration { bins, .. } | Kind::LabelBins { bins } => bins,
            _ => 0,
        }
    }

    /// Whether bins are those of labels.
    pub fn is_by_label(&self) -> bool {
        matches!(self.kind, Kind::LabelBins { .. })
    }

    /// Whether it counts for each sample.
    pub fn is_by_sample(&self) -> bool {
        matches!(self.kind, Kind::Samples | Kind::SampleUnits)
    }

    pub fn has_terms(&self) -> bool {
        matches!(self.kind, Kind::Terms | Kind::Brier | Kind::Hinge { .. })
    }

    /// Whether units keep its sums, and not cubes.
    pub fn keeps_sums(&self, weighted: bool) -> bool {
        self.kind.sums(weighted) > 0
    }
}
