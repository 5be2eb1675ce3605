use super::class_metric::{ClassMetric, ConfusionRule, RuleOptions};
use crate::{
    Matrix, MetricError, Value,
    accumulators::{Confusion, Task},
};

/// Confusion matrix: how often each target (row) was predicted as what (column).
///
/// A matrix `[C, C]` (binary: `[2, 2]`), or one `[2, 2]` per label. With
/// [`normalize`](ClassMetric::normalize) shares instead of counts; a row, column or matrix without
/// elements is 0. Counts are exact up to 2^53. No data is [`MetricError::Empty`]. Reference:
/// TorchMetrics 1.9.0 `ConfusionMatrix`.
///
/// ```
/// use metrics_core::{ConfusionMatrix, Metric, batch::Multiclass};
/// use burn::tensor::{Device, Int, Tensor};
///
/// let device = Device::default();
/// let pred = Tensor::<1, Int>::from_ints([0, 1, 1], &device);
/// let target = Tensor::<1, Int>::from_ints([0, 0, 1], &device);
/// let batch = Multiclass::from_labels(pred, target)?;
/// let value = ConfusionMatrix::multiclass(2).evaluate(&batch)?;
/// assert_eq!(value.matrix().unwrap().data, [1.0, 1.0, 0.0, 1.0]);
/// # Ok::<(), metrics_core::MetricError>(())
/// ```
pub type ConfusionMatrix<A> = ClassMetric<ConfusionMatrixRule, A>;

/// What the cells of a confusion matrix are shares of.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum Normalize {
    /// Counts, no shares.
    #[default]
    None,
    /// Shares of the row: of the elements with that target.
    True,
    /// Shares of the column: of the elements with that prediction.
    Pred,
    /// Shares of all elements.
    All,
}

/// The rule of [`ConfusionMatrix`].
#[derive(Debug, Clone, Default, PartialEq)]
pub struct ConfusionMatrixRule {
    normalize: Normalize,
}

impl<A> ConfusionMatrix<A> {
    /// What the cells are shares of; default: counts.
    pub fn normalize(mut self, normalize: Normalize) -> Self {
        self.rule.normalize = normalize;
        self
    }
}

impl ConfusionMatrixRule {
    fn matrix(&self, size: usize, counts: &[u64]) -> Matrix {
        let count = |row: usize, col: usize| counts[row * size + col] as f64;
        let row_sum = |row: usize| (0..size).map(|col| count(row, col)).sum::<f64>();
        let col_sum = |col: usize| (0..size).map(|row| count(row, col)).sum::<f64>();
        let rows: Vec<f64> = (0..size).map(row_sum).collect();
        let cols: Vec<f64> = (0..size).map(col_sum).collect();
        let all: f64 = rows.iter().sum();
        let share = |row: usize, col: usize| {
            let whole = match self.normalize {
                Normalize::None => return count(row, col),
                Normalize::True => rows[row],
                Normalize::Pred => cols[col],
                Normalize::All => all,
            };
            if whole == 0.0 {
                0.0
            } else {
                count(row, col) / whole
            }
        };
        let data = (0..size * size)
            .map(|i| share(i / size, i % size))
            .collect();
        Matrix {
            rows: size,
            cols: size,
            data,
        }
    }
}

impl ConfusionRule for ConfusionMatrixRule {
    const NAME: &'static str = "confusion_matrix";
    const HIGHER_IS_BETTER: Option<bool> = None;

    fn value(&self, counts: &Confusion, options: &RuleOptions) -> Result<Value, MetricError> {
        Ok(match options.task {
            Task::Multilabel => Value::Matrices(
                counts
                    .counts
                    .chunks_exact(4)
                    .map(|m| self.matrix(2, m))
                    .collect(),
            ),
            _ => Value::Matrix(self.matrix(counts.width, &counts.counts)),
        })
    }

    fn suffix(&self) -> String {
        match self.normalize {
            Normalize::None => "",
            Normalize::True => "_by_target",
            Normalize::Pred => "_by_prediction",
            Normalize::All => "_of_all",
        }
        .to_string()
    }

    fn is_scalar(&self, _options: &RuleOptions) -> bool {
        false
    }
}
