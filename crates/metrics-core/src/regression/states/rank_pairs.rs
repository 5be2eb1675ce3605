//! All pairs of predictions and targets: the state of rank correlations.

use super::outputs::Outputs;
use crate::{
    Accumulator, Delta, HostDelta, Identity, MetricError, Reason, Rejected, Summary,
    batch::Regression,
    ops::pairs::{PairSink, Unit},
};
use burn::tensor::Tensor;
use serde::{Deserialize, Serialize};

/// Keeps every prediction and every target: the device state grows with the data, 8 bytes a pair, in pieces with room
/// for up to twice as many.
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

    fn validate(&self) -> Result<(), MetricError> {
        Outputs::from(self.outputs).validate()
    }

    fn check(&self, batch: &Regression) -> Result<(), MetricError> {
        Outputs::from(self.outputs).check(batch)
    }

    fn update(&self, delta: &mut Delta, batch: &Regression) {
        let unit = Unit::columns(self.outputs);
        if batch.pairs.are_listed(None) {
            return delta.want((&batch.pairs, PairSink::Ranks { unit }));
        }
        let [n, width] = batch.pred().dims();
        let columns = vec![batch.pred().clone(), batch.target().clone()];
        delta.append_floats(
            "pairs",
            Tensor::stack::<3>(columns, 2).reshape([2 * n * width]),
        );
    }

    fn fold(&self, delta: &HostDelta, summary: &mut RankPairsSummary) {
        let appended = delta.floats("pairs").iter();
        appended.for_each(|list| self.add(summary, list.iter().map(|x| f64::from(*x))));
        for block in delta.blocks() {
            self.add(summary, block.numbers());
        }
    }
}

impl RankPairs {
    /// Adds predictions and targets in turn.
    fn add(&self, summary: &mut RankPairsSummary, numbers: impl Iterator<Item = f64>) {
        let width = 2 * self.width();
        let mut row = Vec::with_capacity(width);
        for number in numbers {
            row.push(number);
            if row.len() < width {
                continue;
            }
            if row.iter().any(|value| value.is_nan()) {
                summary.rejected.add(Reason::Nan);
            } else {
                for [pred, target] in row.as_chunks::<2>().0 {
                    summary.pred.push(*pred);
                    summary.target.push(*target);
                }
            }
            row.clear();
        }
    }
}

/// All pairs, in the order of batches; those of several devices device by device, and those of batches with other
/// numbers of columns one number after the other.
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
        if self.pred.is_empty() {
            Err(MetricError::Empty {
                rejected: self.rejected,
            })
        } else {
            Ok(())
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
    fn counted(&self) -> u128 {
        self.rejected.counted()
    }

    fn merge(&mut self, other: &Self) -> Result<(), MetricError> {
        if self.outputs != other.outputs {
            return Err(MetricError::MergeMismatch {
                left: format!("pairs of {} outputs", self.outputs),
                right: format!("pairs of {} outputs", other.outputs),
            });
        }
        self.room_for(other)?;
        self.pred.extend_from_slice(&other.pred);
        self.target.extend_from_slice(&other.target);
        self.rejected.merge(&other.rejected);
        Ok(())
    }

    fn consistent(&self) -> Result<(), MetricError> {
        let (pred, target) = (self.pred.len(), self.target.len());
        if self.outputs > 0 && pred == target && pred % self.outputs == 0 {
            Ok(())
        } else {
            Err(MetricError::saved(format!(
                "{pred} predictions and {target} targets of {} outputs",
                self.outputs
            )))
        }
    }

    fn rejected(&self) -> Rejected {
        self.rejected
    }
}
