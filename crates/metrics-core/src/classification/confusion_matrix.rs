use super::class_metric::{ClassMetric, ConfusionRule, RuleOptions};
use crate::{
    Matrix, MetricError, Value,
    states::{ConfusionBatch, ConfusionSummary, TaskKind},
};

/// Confusion matrix: how often each target (row) was predicted as what (column).
///
/// A matrix `[C, C]` (binary: `[2, 2]`), or one `[2, 2]` per label. With
/// [`normalize`](ClassMetric::normalize) shares instead of counts, and [`Matrix::normalized`] says
/// so; a row, column or matrix without elements is 0. Counts are exact up to 2^53; of a weighted batch
/// the cells are sums of weights. No data is [`MetricError::Empty`]. References: TorchMetrics 1.9.0
/// `ConfusionMatrix`, with weights scikit-learn's `confusion_matrix`.
///
/// ```
/// use metrics_core::{Metric, batch::Multiclass, classification::ConfusionMatrix};
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
pub type ConfusionMatrix<B> = ClassMetric<ConfusionMatrixRule, B>;

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

impl<B: ConfusionBatch> ConfusionMatrix<B> {
    /// What the cells are shares of; default: counts.
    pub fn normalize(mut self, normalize: Normalize) -> Self {
        self.rule.normalize = normalize;
        self
    }
}

impl ConfusionMatrixRule {
    fn matrix(&self, size: usize, mut data: Vec<f64>) -> Matrix {
        let (mut rows, mut cols) = (vec![0.0; size], vec![0.0; size]);
        let normalized = self.normalize != Normalize::None;
        if normalized {
            for (i, count) in data.iter().enumerate() {
                rows[i / size] += count;
                cols[i % size] += count;
            }
            let all: f64 = rows.iter().sum();
            for (i, count) in data.iter_mut().enumerate() {
                let whole = match self.normalize {
                    Normalize::True => rows[i / size],
                    Normalize::Pred => cols[i % size],
                    Normalize::None | Normalize::All => all,
                };
                *count = if whole == 0.0 { 0.0 } else { *count / whole };
            }
        }
        Matrix {
            rows: size,
            cols: size,
            data,
            normalized,
        }
    }
}

impl ConfusionRule for ConfusionMatrixRule {
    const NAME: &'static str = "confusion_matrix";
    const HIGHER_IS_BETTER: Option<bool> = None;
    const NEEDS_MATRIX: bool = true;

    fn value(
        &self,
        counts: &ConfusionSummary,
        options: &RuleOptions,
    ) -> Result<Value, MetricError> {
        let cells = counts.cells();
        Ok(match options.task {
            TaskKind::Multilabel => {
                let of_label = |cells: &[f64]| self.matrix(2, cells.to_vec());
                Value::Matrices(cells.chunks_exact(4).map(of_label).collect())
            }
            _ => Value::Matrix(self.matrix(counts.width, cells)),
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
