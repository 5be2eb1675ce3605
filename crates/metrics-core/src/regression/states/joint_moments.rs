//! Joint moments of predictions and targets: the state of correlations.

use super::outputs::{Outputs, check_mixed, mixed};
use crate::{
    Accumulator, Delta, HostDelta, Identity, MetricError, Rejected, Summary,
    batch::Regression,
    framework::limits::parts,
    ops::pairs::{JOINT, PairSink},
    pass::Part,
    states::{
        fold::{add_rejected, check_range, overflows},
        pivot::centred,
    },
};
use serde::{Deserialize, Serialize};

/// Adds up predictions, targets and errors around pivots: `7 * D + 1` device sums and four pivots
/// per output.
///
/// On a GPU squares are taken in `f32`: deviations below 1e-19 vanish and those above 1e19 become infinite.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct JointMoments {
    /// Outputs measured each by itself; without, all elements are of one output.
    pub(crate) outputs: Outputs,
}

impl JointMoments {
    /// The moments of what a slot added.
    fn part(&self, part: &Part) -> JointMomentsSummary {
        let (weight, moments) = part.sums.split_last().unwrap_or((&0.0, &[]));
        let (weight, width) = (*weight, moments.len() / JOINT);
        if weight == 0.0 {
            return self.empty();
        }
        let mut summary = of_width(width);
        summary.weight = weight;
        let sums = moments.as_chunks::<JOINT>().0.iter().enumerate();
        for (output, (i, sums)) in summary.outputs.iter_mut().zip(sums) {
            let [
                pred_square,
                target_square,
                error_square,
                product,
                pred,
                target,
                error,
            ] = *sums;
            let squares = [
                (pred_square, pred),
                (target_square, target),
                (error_square, error),
            ];
            summary.overflowed |= squares
                .iter()
                .any(|(squares, sum)| overflows(*squares, *sum))
                || overflows(product, pred + target);
            let pivot = |k: usize| part.marks[k * width + i];
            let m2 = |squares: f64, sum: f64| centred(squares, sum / weight * sum);
            *output = JointOutput {
                pred_mean: pivot(0) + pred / weight,
                target_mean: pivot(1) + target / weight,
                error_mean: pivot(2) + (pivot(3) + error / weight),
                pred_m2: m2(pred_square, pred),
                target_m2: m2(target_square, target),
                error_m2: m2(error_square, error),
                comoment: product - pred / weight * target,
            };
        }
        summary
    }
}

fn of_width(outputs: usize) -> JointMomentsSummary {
    JointMomentsSummary {
        count: 0,
        weight: 0.0,
        outputs: vec![JointOutput::default(); outputs],
        mixed: None,
        overflowed: false,
        rejected: Rejected::default(),
    }
}

impl Accumulator for JointMoments {
    type Batch = Regression;
    type Summary = JointMomentsSummary;

    fn identity(&self) -> Identity {
        Identity::new("joint_moments", 1).with(self)
    }

    fn empty(&self) -> JointMomentsSummary {
        of_width(parts(self, self.outputs.width()))
    }

    fn validate(&self) -> Result<(), MetricError> {
        self.outputs.validate()
    }

    fn takes_weights(&self) -> bool {
        true
    }

    fn check(&self, batch: &Regression) -> Result<(), MetricError> {
        self.outputs.check(batch)
    }

    fn update(&self, delta: &mut Delta, batch: &Regression) {
        let unit = self.outputs.unit(batch);
        delta.want((&batch.pairs, PairSink::Joint { unit }));
    }

    fn fold(&self, delta: &HostDelta, summary: &mut JointMomentsSummary) {
        for block in delta.blocks() {
            summary.count += block.counts[0] as u64;
            add_rejected(&mut summary.rejected, &block.counts[1..]);
            for part in &block.parts {
                summary.add(&self.part(part));
            }
        }
    }
}

/// Means of predictions and targets and their sums of squares, in `f64`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct JointMomentsSummary {
    /// Rows that were used.
    pub count: u64,
    /// Their weight; a row without one has 1.
    #[serde(with = "crate::number")]
    pub weight: f64,
    /// The moments of every output.
    pub outputs: Vec<JointOutput>,
    /// The fewest and the most outputs, if batches did not fit together. There are then no moments.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub mixed: Option<[usize; 2]>,
    /// Whether sums of squares left the range of their numbers, though the data are finite.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub overflowed: bool,
    /// What was left out.
    pub rejected: Rejected,
}

/// The moments of one output, rows counting as often as their weights say.
///
/// A sum of squares is 0 if and only if all that it is of are equal. It is NaN if one of them is
/// infinite, or if rounding left nothing of it: that takes a first batch without a row that counts,
/// and numbers some thousand deviations from 0.
#[derive(Debug, Clone, Copy, Default, PartialEq, Serialize, Deserialize)]
pub struct JointOutput {
    /// Mean of the predictions.
    #[serde(with = "crate::number")]
    pub pred_mean: f64,
    /// Mean of the targets.
    #[serde(with = "crate::number")]
    pub target_mean: f64,
    /// Mean of the errors, target minus prediction.
    #[serde(with = "crate::number")]
    pub error_mean: f64,
    /// Sum of `(prediction - mean)²`.
    #[serde(with = "crate::number")]
    pub pred_m2: f64,
    /// Sum of `(target - mean)²`.
    #[serde(with = "crate::number")]
    pub target_m2: f64,
    /// Sum of `(error - mean)²`.
    #[serde(with = "crate::number")]
    pub error_m2: f64,
    /// Sum of `(prediction - mean) * (target - mean)`.
    #[serde(with = "crate::number")]
    pub comoment: f64,
}

impl JointOutput {
    /// Adds moments of another weight.
    ///
    /// Chan, Golub and LeVeque, Updating Formulae and a Pairwise Algorithm for Computing Sample
    /// Variances (1979).
    fn add(&mut self, other: &Self, own: f64, more: f64) {
        let share = more / (own + more);
        let pred = other.pred_mean - self.pred_mean;
        let target = other.target_mean - self.target_mean;
        let error = other.error_mean - self.error_mean;
        self.pred_mean += pred * share;
        self.target_mean += target * share;
        self.error_mean += error * share;
        self.pred_m2 += other.pred_m2 + pred * pred * own * share;
        self.target_m2 += other.target_m2 + target * target * own * share;
        self.error_m2 += other.error_m2 + error * error * own * share;
        self.comoment += other.comoment + pred * target * own * share;
    }
}

impl JointMomentsSummary {
    /// Fails if nothing of any weight was used.
    ///
    /// # Errors
    /// [`MetricError::Empty`].
    pub fn not_empty(&self) -> Result<(), MetricError> {
        check_mixed(self.mixed)?;
        if self.weight <= 0.0 {
            Err(MetricError::Empty {
                rejected: self.rejected,
            })
        } else {
            Ok(())
        }
    }

    /// A number of every output.
    pub(crate) fn each(&self, number: impl Fn(&JointOutput) -> f64) -> Vec<f64> {
        self.outputs.iter().map(number).collect()
    }

    /// Fails if one of these moments is not finite, though the data are.
    pub(crate) fn check_range(
        &self,
        moments: impl Fn(&JointOutput) -> [f64; 3],
    ) -> Result<(), MetricError> {
        let all: Vec<_> = self.outputs.iter().flat_map(moments).collect();
        check_range(self.overflowed, &all, "squares or products")
    }

    fn add(&mut self, other: &Self) {
        self.rejected.merge(&other.rejected);
        self.count += other.count;
        self.overflowed |= other.overflowed;
        let widths = [&self.outputs, &other.outputs].map(Vec::len);
        self.mixed = mixed((widths[0], self.mixed), (widths[1], other.mixed));
        if self.mixed.is_some() {
            self.outputs.clear();
            self.weight = 0.0;
        }
        if other.weight == 0.0 || self.mixed.is_some() {
            return;
        }
        if self.outputs.is_empty() {
            // Of the first batch, which says how many there are.
            self.outputs.resize(widths[1], JointOutput::default());
        }
        for (output, more) in self.outputs.iter_mut().zip(&other.outputs) {
            if self.weight == 0.0 {
                *output = *more
            } else {
                output.add(more, self.weight, other.weight)
            }
        }
        self.weight += other.weight;
    }
}

impl Summary for JointMomentsSummary {
    fn counted(&self) -> u128 {
        u128::from(self.count) + self.rejected.counted()
    }

    fn merge(&mut self, other: &Self) -> Result<(), MetricError> {
        // Of no batch yet, or of batches that do not fit together.
        let some = [&self.outputs, &other.outputs].map(Vec::len);
        if !some.contains(&0) && some[0] != some[1] {
            return Err(MetricError::MergeMismatch {
                left: format!("joint moments of {} outputs", self.outputs.len()),
                right: format!("joint moments of {} outputs", other.outputs.len()),
            });
        }
        self.room_for(other)?;
        self.add(other);
        Ok(())
    }

    fn rejected(&self) -> Rejected {
        self.rejected
    }
}
