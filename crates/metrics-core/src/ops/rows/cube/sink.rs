//! What a kernel knows of a sink.

use super::{
    super::{RowSink, Rows, UNIT_NOTES},
    plan::{BINS, Kept, Unit},
};

#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(super) struct KernelSink {
    pub kind: Kind,
    pub ignored: Option<i64>,
    /// Where its counters, words and constants begin.
    pub counts: usize,
    pub words: usize,
    pub constants: usize,
    /// Where its counters begin among those of a sample.
    pub sample: usize,
    /// Its first place in what is kept for sinks of its kind.
    pub kept: Kept,
}

/// What becomes of a row.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(super) enum Kind {
    /// Cells or margins of a matrix, counted or weighed.
    Cells {
        classes: usize,
        top_k: usize,
        matrix: bool,
        weighted: bool,
    },
    /// Margins of a matrix, counted for each sample.
    Samples { classes: usize, top_k: usize },
    /// Rows that are wrong, right or invalid, counted for each sample.
    Hits { classes: usize },
    /// Bins of every class, weighed.
    ClassBins { classes: usize, bins: usize },
    /// Bins, counted or weighed.
    Bins { bins: usize, weighted: bool },
    /// The loss of the target.
    Loss { weighted: bool },
    /// Units of one row or of several.
    Units { classes: usize, unit: Unit },
    /// The squared errors of a row.
    Brier,
    /// The hinge loss of a row.
    Hinge { squared: bool, raw: bool },
    /// The hinge losses of the classes of a row, each against the rest.
    Hinges {
        classes: usize,
        squared: bool,
        raw: bool,
    },
    /// Cells of the probability of every class.
    Thresholds {
        classes: usize,
        thresholds: usize,
        weighted: bool,
    },
    /// Keys of all classes, behind so many numbers that a row has in lists.
    Keys {
        classes: usize,
        weighted: bool,
        list: usize,
    },
}

/// What becomes of a row, and the targets to leave out.
/// `list` is how many numbers a row has in lists before those of this sink.
pub(super) fn kind_of(rows: &Rows, sink: &RowSink, unit: Unit, list: usize) -> (Kind, Option<i64>) {
    let weighted = rows.weights.is_some();
    match sink {
        RowSink::Matrix(options) | RowSink::Margins(options) => {
            let kind = Kind::Cells {
                classes: options.classes,
                top_k: options.top_k,
                matrix: matches!(sink, RowSink::Matrix(_)),
                weighted,
            };
            (kind, options.ignore_index)
        }
        RowSink::Samples(options) => {
            let kind = Kind::Samples {
                classes: options.classes,
                top_k: options.top_k,
            };
            (kind, options.ignore_index)
        }
        RowSink::SampleHits {
            classes,
            ignore_index,
        } => {
            let classes = *classes;
            (Kind::Hits { classes }, *ignore_index)
        }
        RowSink::ClassBins {
            classes,
            bins,
            ignore_index,
        } => {
            let (classes, bins) = (*classes, *bins);
            (Kind::ClassBins { classes, bins }, *ignore_index)
        }
        RowSink::LogLikelihood { ignore_index } => (Kind::Loss { weighted }, *ignore_index),
        RowSink::Calibration { bins, ignore_index } => {
            let bins = *bins;
            (Kind::Bins { bins, weighted }, *ignore_index)
        }
        RowSink::Units {
            classes,
            ignore_index,
        } => {
            let classes = *classes;
            (Kind::Units { classes, unit }, *ignore_index)
        }
        RowSink::Brier { ignore_index } => (Kind::Brier, *ignore_index),
        RowSink::Hinge(options) => {
            let (squared, raw) = (options.squared, options.raw);
            let kind = if options.one_vs_rest {
                let classes = options.classes;
                Kind::Hinges {
                    classes,
                    squared,
                    raw,
                }
            } else {
                Kind::Hinge { squared, raw }
            };
            (kind, options.ignore_index)
        }
        RowSink::Thresholds {
            classes,
            thresholds,
            ignore_index,
        } => {
            let kind = Kind::Thresholds {
                classes: *classes,
                thresholds: thresholds.len(),
                weighted,
            };
            (kind, *ignore_index)
        }
        RowSink::Keys {
            classes,
            ignore_index,
        } => {
            let kind = Kind::Keys {
                classes: *classes,
                weighted,
                list,
            };
            (kind, *ignore_index)
        }
    }
}

impl Kind {
    /// What it keeps, for a row that so many units share.
    pub fn kept(self, team: u32) -> Kept {
        let none = Kept::default();
        match self {
            Self::Cells { weighted: true, .. }
            | Self::ClassBins { .. }
            | Self::Thresholds { weighted: true, .. } => Kept { held: 1, ..none },
            Self::Cells { .. } | Self::Samples { .. } | Self::Hits { .. } => none,
            Self::Bins { bins, weighted } if weighted || bins > BINS => Kept { held: 1, ..none },
            Self::Bins { bins, .. } => Kept { bins, ..none },
            Self::Loss { weighted } => {
                let sums = 1 + usize::from(weighted);
                Kept { sums, ..none }
            }
            Self::Units { unit, .. } => Kept {
                flags: usize::from(unit != Unit::Row),
                ..none
            },
            Self::Brier => Kept { sums: 3, ..none },
            Self::Hinge { .. } => Kept { sums: 2, ..none },
            Self::Hinges { classes, .. } => Kept {
                sums: 1,
                columns: classes.div_ceil(team as usize),
                ..none
            },
            Self::Thresholds { .. } | Self::Keys { .. } => none,
        }
    }
}

impl Kind {
    /// Whether it takes probabilities of several classes, which all must lie in `[0, 1]`.
    pub fn is_of_probabilities(self) -> bool {
        match self {
            Self::Brier | Self::Thresholds { .. } | Self::ClassBins { .. } | Self::Keys { .. } => {
                true
            }
            Self::Hinge { raw, .. } | Self::Hinges { raw, .. } => !raw,
            _ => false,
        }
    }

    /// Whether all units of a team take the scores of the row.
    pub fn takes_all(self) -> bool {
        matches!(
            self,
            Self::Brier
                | Self::Hinges { .. }
                | Self::Thresholds { .. }
                | Self::ClassBins { .. }
                | Self::Keys { .. }
        )
    }
}

impl KernelSink {
    pub fn classes(&self) -> usize {
        match self.kind {
            Kind::Cells { classes, .. }
            | Kind::Samples { classes, .. }
            | Kind::Hits { classes }
            | Kind::ClassBins { classes, .. }
            | Kind::Units { classes, .. }
            | Kind::Hinges { classes, .. }
            | Kind::Thresholds { classes, .. }
            | Kind::Keys { classes, .. } => classes,
            _ => 1,
        }
    }

    pub fn top_k(&self) -> i32 {
        match self.kind {
            Kind::Cells { top_k, .. } | Kind::Samples { top_k, .. } => {
                i32::try_from(top_k).unwrap_or(i32::MAX)
            }
            _ => 1,
        }
    }

    pub fn bins(&self) -> usize {
        match self.kind {
            Kind::Bins { bins, .. } | Kind::ClassBins { bins, .. } => bins,
            _ => 0,
        }
    }

    pub fn thresholds(&self) -> usize {
        match self.kind {
            Kind::Thresholds { thresholds, .. } => thresholds,
            _ => 0,
        }
    }

    pub fn is_cells(&self) -> bool {
        matches!(self.kind, Kind::Cells { .. })
    }

    pub fn is_matrix(&self) -> bool {
        matches!(self.kind, Kind::Cells { matrix: true, .. })
    }

    /// Whether it counts for each sample.
    pub fn is_by_sample(&self) -> bool {
        matches!(self.kind, Kind::Samples { .. } | Kind::Hits { .. })
    }

    pub fn is_hits(&self) -> bool {
        matches!(self.kind, Kind::Hits { .. })
    }

    pub fn is_class_bins(&self) -> bool {
        matches!(self.kind, Kind::ClassBins { .. })
    }

    pub fn is_bins(&self) -> bool {
        matches!(self.kind, Kind::Bins { .. })
    }

    /// Whether bins are counted.
    pub fn counts_bins(&self) -> bool {
        matches!(
            self.kind,
            Kind::Bins {
                weighted: false,
                ..
            }
        )
    }

    pub fn is_loss(&self) -> bool {
        matches!(self.kind, Kind::Loss { .. })
    }

    pub fn is_units(&self) -> bool {
        matches!(self.kind, Kind::Units { .. })
    }

    /// Whether it is of units with several rows.
    pub fn has_flags(&self) -> bool {
        self.kind.kept(1).flags > 0
    }

    /// Whether it notes what the scores of a batch are taken for.
    pub fn asks(&self) -> bool {
        self.is_bins() || self.kind.is_of_probabilities()
    }

    pub fn is_brier(&self) -> bool {
        self.kind == Kind::Brier
    }

    pub fn is_hinge(&self) -> bool {
        matches!(self.kind, Kind::Hinge { .. })
    }

    pub fn is_hinges(&self) -> bool {
        matches!(self.kind, Kind::Hinges { .. })
    }

    pub fn is_thresholds(&self) -> bool {
        matches!(self.kind, Kind::Thresholds { .. })
    }

    pub fn is_keys(&self) -> bool {
        matches!(self.kind, Kind::Keys { .. })
    }

    /// Numbers of a row in lists before its own.
    pub fn list(&self) -> usize {
        match self.kind {
            Kind::Keys { list, .. } => list,
            _ => 0,
        }
    }

    pub fn is_squared(&self) -> bool {
        match self.kind {
            Kind::Hinge { squared, .. } | Kind::Hinges { squared, .. } => squared,
            _ => false,
        }
    }

    pub fn is_raw(&self) -> bool {
        match self.kind {
            Kind::Hinge { raw, .. } | Kind::Hinges { raw, .. } => raw,
            _ => false,
        }
    }

    /// Whether units hold sums of weights by cell for it.
    pub fn is_held(&self) -> bool {
        self.kind.kept(1).held > 0
    }

    /// Whether a row adds to two cells.
    pub fn has_pairs(&self) -> bool {
        !self.is_matrix() && !self.is_thresholds() && !self.counts_bins()
    }

    /// Cells, counted or weighed.
    pub fn cells(&self) -> usize {
        match self.kind {
            Kind::Cells {
                classes,
                matrix: true,
                ..
            } => classes * classes,
            Kind::Cells { classes, .. } => 3 * classes,
            Kind::Bins {
                bins,
                weighted: true,
            } => 3 * bins,
            Kind::Bins { bins, .. } if self.is_held() => bins,
            Kind::Bins { bins, .. } => 2 * bins,
            Kind::Thresholds {
                classes,
                thresholds,
                ..
            } => 2 * classes * (thresholds + 1),
            Kind::Units { .. } => UNIT_NOTES + 2,
            Kind::ClassBins { classes, bins } => 3 * classes * bins,
            Kind::Samples { .. }
            | Kind::Hits { .. }
            | Kind::Loss { .. }
            | Kind::Brier
            | Kind::Hinge { .. }
            | Kind::Hinges { .. }
            | Kind::Keys { .. } => 0,
        }
    }

    /// Counters before the rejected ones.
    pub fn rejected(&self) -> usize {
        match self.kind {
            Kind::Bins {
                bins,
                weighted: false,
            } => 2 * bins,
            _ if self.is_held() => 0,
            Kind::Loss { weighted } => usize::from(!weighted),
            Kind::Brier | Kind::Hinge { .. } | Kind::Hinges { .. } => 1,
            _ => self.cells(),
        }
    }

    /// Sums that are those of units, and how many more lie before them in a slot.
    pub fn sums(&self) -> usize {
        self.kind.kept(1).sums
    }

    pub fn sums_before(&self) -> usize {
        match self.kind {
            Kind::Hinges { classes, .. } => classes,
            _ => 0,
        }
    }

    /// Whether each cube keeps bins for it.
    pub fn has_bins(&self) -> bool {
        self.kind.kept(1).bins > 0
    }
}
