//! Moments of pairs of numbers: the state of the metrics of regression.

use super::outputs::{Outputs, check_mixed, mixed};
use crate::{
    Accumulator, Delta, HostDelta, Identity, MetricError, Rejected, Summary,
    batch::Regression,
    framework::limits::parts,
    ops::pairs::{MOMENTS, PairSink},
    pass::Part,
    states::{
        fold::{add_rejected, check_range, overflows},
        pivot::centred,
    },
};
use serde::{Deserialize, Serialize};

/// Adds up errors and targets: `4 * D + 1` device sums and one pivot per output, and two extremes where
/// they are asked for.
///
/// On a GPU squares are taken in `f32`: errors below 1e-19 vanish and errors above 1e19 become infinite.
#[derive(Debug, Clone, Default, PartialEq, Serialize)]
pub struct PairMoments {
    /// Outputs measured each by itself; without, all elements are of one output.
    pub(crate) outputs: Outputs,
    /// Whether to keep the smallest and the largest target.
    pub(crate) extremes: bool,
}

impl PairMoments {
    /// The moments of what a slot added.
    fn part(&self, part: &Part) -> PairMomentsSummary {
        let (weight, moments) = part.sums.split_last().unwrap_or((&0.0, &[]));
        if *weight == 0.0 {
            return self.empty();
        }
        let width = moments.len() / MOMENTS;
        let mut summary = self.of_width(width);
        summary.weight = *weight;
        for (i, sums) in moments.as_chunks::<MOMENTS>().0.iter().enumerate() {
            let [squared_error, absolute_error, offsets, squares] = *sums;
            summary.overflowed |=
                overflows(squared_error, absolute_error) || overflows(squares, offsets);
            let shift = offsets / summary.weight;
            summary.squared_error[i] = squared_error;
            summary.absolute_error[i] = absolute_error;
            summary.target_mean[i] = part.marks[i] + shift;
            summary.target_m2[i] = centred(squares, shift * offsets);
        }
        let (low, high) = part.marks[width..].split_at((part.marks.len() - width) / 2);
        summary.target_range = low.iter().copied().zip(high.iter().copied()).collect();
        summary
    }
}

impl PairMoments {
    fn of_width(&self, outputs: usize) -> PairMomentsSummary {
        let zeros = || vec![0.0; outputs];
        PairMomentsSummary {
            outputs,
            mixed: None,
            count: 0,
            weight: 0.0,
            squared_error: zeros(),
            absolute_error: zeros(),
            target_mean: zeros(),
            target_m2: zeros(),
            target_range: if self.extremes {
                vec![(f64::INFINITY, f64::NEG_INFINITY); outputs]
            } else {
                Vec::new()
            },
            overflowed: false,
            rejected: Rejected::default(),
        }
    }
}

impl Accumulator for PairMoments {
    type Batch = Regression;
    type Summary = PairMomentsSummary;

    fn identity(&self) -> Identity {
        Identity::new("pair_moments", 1).with(self)
    }

    fn empty(&self) -> PairMomentsSummary {
        self.of_width(parts(self, self.outputs.width()))
    }

    fn validate(&self) -> Result<(), MetricError> {
        self.outputs.validate()
    }

    fn takes_weights(&self) -> bool {
        true
    }

    fn covers(&self, other: &Self) -> bool {
        self.outputs == other.outputs && self.extremes >= other.extremes
    }

    fn check(&self, batch: &Regression) -> Result<(), MetricError> {
        self.outputs.check(batch)
    }

    fn update(&self, delta: &mut Delta, batch: &Regression) {
        let sink = PairSink::Moments {
            unit: self.outputs.unit(batch),
            extremes: self.extremes,
        };
        delta.want((&batch.pairs, sink));
    }

    fn fold(&self, delta: &HostDelta, summary: &mut PairMomentsSummary) {
        for block in delta.blocks() {
            summary.count += block.counts[0] as u64;
            add_rejected(&mut summary.rejected, &block.counts[1..]);
            for part in &block.parts {
                summary.add(&self.part(part));
            }
        }
    }
}

/// Sums over pairs of prediction and target, per output, in `f64`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct PairMomentsSummary {
    /// How many outputs there are.
    pub outputs: usize,
    /// The fewest and the most outputs, if batches did not fit together. There are then no moments.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub mixed: Option<[usize; 2]>,
    /// Rows that were used.
    pub count: u64,
    /// What they weigh, 1 each where there are no weights; sums and means below are weighted.
    #[serde(with = "crate::number")]
    pub weight: f64,
    /// Sum of `(prediction - target)²`.
    #[serde(with = "crate::number::list")]
    pub squared_error: Vec<f64>,
    /// Sum of `|prediction - target|`.
    #[serde(with = "crate::number::list")]
    pub absolute_error: Vec<f64>,
    /// Mean of the targets.
    #[serde(with = "crate::number::list")]
    pub target_mean: Vec<f64>,
    /// Sum of `(target - mean)²`. It is 0 if and only if all targets are equal, and NaN if a target
    /// is infinite or if rounding left nothing of it.
    #[serde(with = "crate::number::list")]
    pub target_m2: Vec<f64>,
    /// The smallest and the largest target; empty where they were not asked for.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    #[serde(with = "crate::number::pairs")]
    pub target_range: Vec<(f64, f64)>,
    /// Whether sums of squares left the range of their numbers, though the data are finite.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub overflowed: bool,
    /// What was left out.
    pub rejected: Rejected,
}

impl PairMomentsSummary {
    /// Fails if nothing was used, or nothing of any weight.
    ///
    /// # Errors
    /// [`MetricError::Empty`].
    pub fn not_empty(&self) -> Result<(), MetricError> {
        check_mixed(self.mixed)?;
        if self.weight > 0.0 {
            Ok(())
        } else {
            Err(MetricError::Empty {
                rejected: self.rejected,
            })
        }
    }

    /// The largest minus the smallest target of an output; NaN where the extremes were not kept.
    pub(crate) fn target_span(&self, output: usize) -> f64 {
        let range = self.target_range.get(output);
        range.map_or(f64::NAN, |(min, max)| max - min)
    }

    /// Adds moments of equal width.
    ///
    /// The means and squares by Chan, Golub and LeVeque, Updating Formulae and a Pairwise
    /// Algorithm for Computing Sample Variances (1979).
    /// Fails if one of these sums is not finite, though the data are.
    pub(crate) fn check_range<'a>(
        &self,
        sums: impl IntoIterator<Item = &'a f64>,
    ) -> Result<(), MetricError> {
        check_range(self.overflowed, sums, "squares or products")
    }

    fn add(&mut self, other: &Self) {
        self.rejected.merge(&other.rejected);
        self.count += other.count;
        self.overflowed |= other.overflowed;
        let mixed = mixed((self.outputs, self.mixed), (other.outputs, other.mixed));
        if mixed.is_some() {
            let (count, rejected) = (self.count, self.rejected);
            *self = Self {
                mixed,
                count,
                rejected,
                ..PairMoments::default().of_width(0)
            };
        }
        if other.weight == 0.0 || self.mixed.is_some() {
            return;
        }
        if self.outputs == 0 {
            // Of the first batch, which says how many there are.
            let (count, rejected, overflowed) = (self.count, self.rejected, self.overflowed);
            *self = Self {
                count,
                rejected,
                overflowed,
                ..other.clone()
            };
            return;
        }
        let (own, more) = (self.weight, other.weight);
        self.weight += more;
        let share = more / (own + more);
        for (own, other) in self.target_range.iter_mut().zip(&other.target_range) {
            *own = (own.0.min(other.0), own.1.max(other.1));
        }
        for i in 0..self.outputs {
            self.squared_error[i] += other.squared_error[i];
            self.absolute_error[i] += other.absolute_error[i];
            if own == 0.0 {
                self.target_mean[i] = other.target_mean[i];
                self.target_m2[i] = other.target_m2[i];
                continue;
            }
            let distance = other.target_mean[i] - self.target_mean[i];
            self.target_mean[i] += distance * share;
            self.target_m2[i] += other.target_m2[i] + distance * distance * own * share;
        }
    }
}

impl Summary for PairMomentsSummary {
    fn counted(&self) -> u128 {
        u128::from(self.count) + self.rejected.counted()
    }

    fn merge(&mut self, other: &Self) -> Result<(), MetricError> {
        // Of no batch yet, or of batches that do not fit together.
        let widths = |m: &Self| [m.outputs, m.target_range.len()];
        if self.outputs > 0 && other.outputs > 0 && widths(self) != widths(other) {
            return Err(MetricError::MergeMismatch {
                left: format!("moments of {} outputs", self.outputs),
                right: format!("moments of {} outputs", other.outputs),
            });
        }
        other.consistent()?;
        self.room_for(other)?;
        self.add(other);
        Ok(())
    }

    fn consistent(&self) -> Result<(), MetricError> {
        let lists = [
            &self.squared_error,
            &self.absolute_error,
            &self.target_mean,
            &self.target_m2,
        ];
        let fit = lists.iter().all(|list| list.len() == self.outputs);
        if fit && [0, self.outputs].contains(&self.target_range.len()) {
            return Ok(());
        }
        Err(MetricError::saved(
            "moments of different numbers of outputs",
        ))
    }

    fn rejected(&self) -> Rejected {
        self.rejected
    }
}
