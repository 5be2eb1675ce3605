//! Joint moments of predictions and targets: the state of correlations.

use crate::{
    Accumulator, Batch, Delta, HostDelta, MetricError, REJECTED_SLOTS, Rejected, Summary,
    batch::Regression,
    ops::{self, JOINT_MOMENTS},
    states::{
        fold::add_rejected,
        pivot::{centred, first_rows, pivot},
        rows::{Weighed, counted},
    },
};
use burn::tensor::Tensor;
use serde::{Deserialize, Serialize};

/// Adds up predictions, targets and errors around pivots: `7 * D + 1` device sums and four pivots
/// per output.
///
/// Squares are taken in `f32`: deviations below 1e-19 vanish and those above 1e19 become infinite.
#[derive(Debug, Clone, PartialEq)]
pub struct JointMoments {
    /// Outputs measured each by itself; without, all elements are of one output.
    pub(crate) outputs: Option<usize>,
}

impl JointMoments {
    fn width(&self) -> usize {
        self.outputs.unwrap_or(1)
    }
}

impl Accumulator for JointMoments {
    type Batch = Regression;
    type Summary = JointMomentsSummary;

    fn empty(&self) -> JointMomentsSummary {
        JointMomentsSummary {
            count: 0,
            weight: 0.0,
            outputs: vec![JointOutput::default(); self.width()],
            rejected: Rejected::default(),
        }
    }

    fn takes_weights(&self) -> bool {
        true
    }

    fn check(&self, batch: &Regression) -> Result<(), MetricError> {
        batch.check_outputs(self.outputs)
    }

    fn update(&self, delta: &mut Delta, batch: &Regression) {
        let (pred, target, weights) = batch.columns(self.outputs);
        let first = delta.floats_mut().is_empty();
        let known = delta.floats_mut().get(1).cloned();
        let pivots = known.unwrap_or_else(|| pivots(pred.clone(), target.clone(), &weights));
        let kept = pivots.clone();
        delta.both(
            2 + REJECTED_SLOTS,
            JOINT_MOMENTS * self.width() + 1,
            &batch.device(),
            |counts, sums| ops::joint_moments(counts, sums, pred, target, weights, pivots),
        );
        if first {
            delta.push_floats(kept);
        }
    }

    fn fold(&self, delta: &HostDelta, summary: &mut JointMomentsSummary) {
        let (Some(counts), Some(sums), Some(pivots)) =
            (delta.counts(0), delta.sums(0), delta.float_lists().get(1))
        else {
            return;
        };
        let width = self.width();
        let Weighed { count, weight } = Weighed::new(counts, sums[JOINT_MOMENTS * width]);
        let mut part = JointMomentsSummary {
            count,
            weight,
            ..self.empty()
        };
        add_rejected(&mut part.rejected, &counts[2..]);
        for (i, output) in part.outputs.iter_mut().enumerate() {
            let moment = |k: usize| sums[k * width + i];
            let pivot = |k: usize| pivots[k * width + i] as f64;
            // Without rows there is no mean, and whatever it is does not count.
            let shift = |k: usize| {
                if weight == 0.0 {
                    0.0
                } else {
                    moment(k) / weight
                }
            };
            let m2 = |k: usize, sum: usize| centred(moment(k), shift(sum) * moment(sum));
            *output = JointOutput {
                pred_mean: pivot(0) + shift(4),
                target_mean: pivot(1) + shift(5),
                error_mean: pivot(2) + (pivot(3) + shift(6)),
                pred_m2: m2(0, 4),
                target_m2: m2(1, 5),
                error_m2: m2(2, 6),
                comoment: moment(3) - shift(4) * moment(5),
            };
        }
        summary.add(&part);
    }
}

/// Near the predictions, the targets, and both halves of the errors `[4 * D]`.
fn pivots(pred: Tensor<2>, target: Tensor<2>, weights: &Option<Tensor<1>>) -> Tensor<1> {
    let weights = weights.clone().map(first_rows);
    let [pred, target] = [pred, target].map(|x| counted(first_rows(x), &weights));
    let (high, low) = ops::default::two_sum(target.clone(), pred.clone().neg());
    let pivots = vec![
        pivot(target.clone(), pred.clone(), None),
        pivot(pred, target, None),
        pivot(high.clone(), high, None),
        pivot(low.clone(), low, None),
    ];
    Tensor::cat(pivots, 0)
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
        match self.weight > 0.0 {
            false => Err(MetricError::Empty {
                rejected: self.rejected,
            }),
            true => Ok(()),
        }
    }

    /// A number of every output.
    pub(crate) fn each(&self, number: impl Fn(&JointOutput) -> f64) -> Vec<f64> {
        self.outputs.iter().map(number).collect()
    }

    fn add(&mut self, other: &Self) {
        self.rejected.merge(&other.rejected);
        self.count += other.count;
        if other.weight == 0.0 {
            return;
        }
        for (output, more) in self.outputs.iter_mut().zip(&other.outputs) {
            match self.weight == 0.0 {
                true => *output = *more,
                false => output.add(more, self.weight, other.weight),
            }
        }
        self.weight += other.weight;
    }
}

impl Summary for JointMomentsSummary {
    fn merge(&mut self, other: &Self) -> Result<(), MetricError> {
        if self.outputs.len() != other.outputs.len() {
            return Err(MetricError::MergeMismatch {
                left: format!("joint moments of {} outputs", self.outputs.len()),
                right: format!("joint moments of {} outputs", other.outputs.len()),
            });
        }
        self.add(other);
        Ok(())
    }

    fn rejected(&self) -> Rejected {
        self.rejected
    }
}
