//! All pairs of predictions and targets: the state of rank correlations.

use crate::{
    Accumulator, Delta, HostDelta, Identity, MetricError, Reason, Rejected, Summary,
    batch::Regression,
    ops::pairs::{Pairs, Unit},
};
use burn::tensor::Tensor;
use serde::{Deserialize, Serialize};

/// Keeps every prediction and every target: the device state grows with the data, 8 bytes a pair.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct RankPairs {
    /// Outputs measured each by itself; without, all elements are of one output.
    pub(crate) outputs: Option<usize>,
}

impl RankPairs {
    fn width(&self) -> usize {
        self.outputs.unwrap_or(1)
    }
}

impl Accumulator for RankPairs {
    type Batch = Regression;
    type Summary = RankPairsSummary;

    fn identity(&self) -> Identity {
        Identity::new("rank_pairs", 1).with(self)
    }

    fn empty(&self) -> RankPairsSummary {
        RankPairsSummary {
            outputs: self.width(),
            pred: Vec::new(),
            target: Vec::new(),
            rejected: Rejected::default(),
        }
    }

    fn check(&self, batch: &Regression) -> Result<(), MetricError> {
        batch.check_outputs(self.outputs)
    }

    fn update(&self, delta: &mut Delta, batch: &Regression) {
        let Pairs { pred, target, .. } = batch.pairs.of(Unit::columns(self.outputs));
        let [n, width] = pred.dims();
        let rows = Tensor::cat(vec![pred, target], 1);
        delta.append_floats("pairs", rows.reshape([2 * n * width]));
    }

    fn fold(&self, delta: &HostDelta, summary: &mut RankPairsSummary) {
        for list in delta.floats("pairs") {
            for row in list.chunks_exact(2 * self.width()) {
                if row.iter().any(|value| value.is_nan()) {
                    summary.rejected.add(Reason::Nan);
                    continue;
                }
                let (pred, target) = row.split_at(self.width());
                summary.pred.extend(pred.iter().map(|v| *v as f64));
                summary.target.extend(target.iter().map(|v| *v as f64));
            }
        }
    }
}

/// All pairs, in the order of batches; those of several devices device by device.
///
/// Merging appends, so it is commutative only up to the order of the pairs.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct RankPairsSummary {
    /// How many outputs there are.
    pub outputs: usize,
    /// The predictions, row by row.
    #[serde(with = "crate::number::list")]
    pub pred: Vec<f64>,
    /// The targets, row by row.
    #[serde(with = "crate::number::list")]
    pub target: Vec<f64>,
    /// What was left out.
    pub rejected: Rejected,
}

impl RankPairsSummary {
    /// Fails if nothing was used.
    ///
    /// # Errors
    /// [`MetricError::Empty`].
    pub fn not_empty(&self) -> Result<(), MetricError> {
        match self.pred.is_empty() {
            true => Err(MetricError::Empty {
                rejected: self.rejected,
            }),
            false => Ok(()),
        }
    }

    /// What a function makes of the predictions and the targets of every output.
    pub(crate) fn each<T>(&self, measure: impl Fn(&[f64], &[f64]) -> T) -> Vec<T> {
        let column = |values: &[f64], i: usize| -> Vec<f64> {
            values
                .iter()
                .skip(i)
                .step_by(self.outputs)
                .copied()
                .collect()
        };
        (0..self.outputs)
            .map(|i| measure(&column(&self.pred, i), &column(&self.target, i)))
            .collect()
    }
}

impl Summary for RankPairsSummary {
    fn merge(&mut self, other: &Self) -> Result<(), MetricError> {
        if self.outputs != other.outputs {
            return Err(MetricError::MergeMismatch {
                left: format!("pairs of {} outputs", self.outputs),
                right: format!("pairs of {} outputs", other.outputs),
            });
        }
        self.pred.extend_from_slice(&other.pred);
        self.target.extend_from_slice(&other.target);
        self.rejected.merge(&other.rejected);
        Ok(())
    }

    fn consistent(&self) -> Result<(), MetricError> {
        let (pred, target) = (self.pred.len(), self.target.len());
        match self.outputs > 0 && pred == target && pred % self.outputs == 0 {
            true => Ok(()),
            false => Err(MetricError::saved(format!(
                "{pred} predictions and {target} targets of {} outputs",
                self.outputs
            ))),
        }
    }

    fn rejected(&self) -> Rejected {
        self.rejected
    }
}
