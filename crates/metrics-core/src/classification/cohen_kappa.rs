use super::class_metric::{ClassMetric, ConfusionRule, RuleOptions};
use crate::{MetricError, Value, batch::Multiclass, states::ConfusionSummary};

/// Cohen's kappa: agreement between target and prediction beyond chance.
///
/// `1 - Σ w o / Σ w e` over the cells of the confusion matrix, with `o` the counts, `e` the counts
/// expected by chance (`row sum * column sum / total`) and `w` the weight of a disagreement: 1
/// ([`KappaWeights::None`]), the distance between the classes (`Linear`) or its square
/// (`Quadratic`). At most 1; 0 is chance. Where chance alone agrees entirely (one class only) the
/// value is NaN, as in the reference; no data is [`MetricError::Empty`]. Binary and
/// multiclass; a multilabel form does not compile.
/// References: Cohen 1960, 1968; TorchMetrics 1.9.0 `CohenKappa`, with sample weights scikit-learn's
/// `cohen_kappa_score`.
///
/// ```
/// use metrics_core::{Metric, batch::Binary, classification::CohenKappa};
/// use burn::tensor::{Device, Int, Tensor};
///
/// let device = Device::default();
/// let pred = Tensor::<1, Int>::from_ints([0, 1, 0, 0], &device);
/// let target = Tensor::<1, Int>::from_ints([1, 1, 0, 0], &device);
/// let batch = Binary::from_labels(pred, target)?;
/// assert_eq!(CohenKappa::binary().evaluate(&batch)?.scalar(), Some(0.5));
/// # Ok::<(), metrics_core::MetricError>(())
/// ```
pub type CohenKappa<B> = ClassMetric<CohenKappaRule, B>;

/// How much a disagreement weighs.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum KappaWeights {
    /// All alike.
    #[default]
    None,
    /// The distance between the class indices.
    Linear,
    /// Its square.
    Quadratic,
}

/// The rule of [`CohenKappa`].
#[derive(Debug, Clone, Default, PartialEq)]
pub struct CohenKappaRule {
    weights: KappaWeights,
}

impl CohenKappa<Multiclass> {
    /// How much a disagreement weighs; default: all alike. Of two classes all do, so that a binary kappa has no such option.
    pub fn weights(mut self, weights: KappaWeights) -> Self {
        self.rule.weights = weights;
        self
    }
}

impl ConfusionRule for CohenKappaRule {
    const NAME: &'static str = "cohen_kappa";
    const HIGHER_IS_BETTER: Option<bool> = Some(true);
    const NEEDS_MATRIX: bool = true;
    const MULTILABEL: bool = false;

    fn value(
        &self,
        counts: &ConfusionSummary,
        _options: &RuleOptions,
    ) -> Result<Value, MetricError> {
        let size = counts.width;
        let cells = counts.cells();
        let cell = |row: usize, col: usize| *cells.get(row * size + col).unwrap_or(&0.0);
        let rows: Vec<f64> = (0..size)
            .map(|r| (0..size).map(|c| cell(r, c)).sum())
            .collect();
        let cols: Vec<f64> = (0..size)
            .map(|c| (0..size).map(|r| cell(r, c)).sum())
            .collect();
        let total: f64 = rows.iter().sum();
        let (mut observed, mut expected) = (0.0, 0.0);
        for (row, row_sum) in rows.iter().enumerate() {
            for (col, col_sum) in cols.iter().enumerate() {
                let distance = row.abs_diff(col) as f64;
                let weight = match self.weights {
                    KappaWeights::None => (row != col) as u8 as f64,
                    KappaWeights::Linear => distance,
                    KappaWeights::Quadratic => distance * distance,
                };
                observed += weight * cell(row, col);
                expected += weight * row_sum * col_sum / total;
            }
        }
        Ok((1.0 - observed / expected).into())
    }

    fn suffix(&self) -> String {
        match self.weights {
            KappaWeights::None => "",
            KappaWeights::Linear => "_linear",
            KappaWeights::Quadratic => "_quadratic",
        }
        .to_string()
    }

    fn is_scalar(&self, _options: &RuleOptions) -> bool {
        true
    }
}
