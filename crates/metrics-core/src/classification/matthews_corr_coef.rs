use super::class_metric::{ClassMetric, ConfusionRule, RuleOptions};
use crate::{
    MetricError, Value,
    accumulators::{Confusion, Task},
};

/// Matthews correlation coefficient: the correlation between target and prediction.
///
/// With `c` right of `s` elements, `t_k` elements of target `k` and `p_k` predicted as `k`:
/// `(c s - Σ t_k p_k) / sqrt((s² - Σ p_k²)(s² - Σ t_k²))`. Multilabel sums the labels' matrices
/// first. Ranges over `[-1, 1]`. Where all targets or all predictions are of one class there is no
/// correlation: two classes all right are 1 and all wrong -1, everything else is 0, as
/// scikit-learn has it. No data is [`MetricError::Empty`]. References: Gorodkin 2004; TorchMetrics
/// 1.9.0 `MatthewsCorrCoef`, which for two classes without correlation yields small numbers that
/// depend on an epsilon.
///
/// ```
/// use metrics_core::{MatthewsCorrCoef, Metric, batch::Binary};
/// use burn::tensor::{Device, Int, Tensor};
///
/// let device = Device::default();
/// let pred = Tensor::<1, Int>::from_ints([0, 1, 0, 0], &device);
/// let target = Tensor::<1, Int>::from_ints([1, 1, 0, 0], &device);
/// let batch = Binary::from_labels(pred, target)?;
/// let value = MatthewsCorrCoef::binary().evaluate(&batch)?.scalar().unwrap();
/// assert!((value - 0.5774).abs() < 1e-4);
/// # Ok::<(), metrics_core::MetricError>(())
/// ```
pub type MatthewsCorrCoef<A> = ClassMetric<MatthewsCorrCoefRule, A>;

/// The rule of [`MatthewsCorrCoef`].
#[derive(Debug, Clone, Default, PartialEq)]
pub struct MatthewsCorrCoefRule;

impl ConfusionRule for MatthewsCorrCoefRule {
    const NAME: &'static str = "matthews_corr_coef";
    const HIGHER_IS_BETTER: Option<bool> = Some(true);

    fn value(&self, counts: &Confusion, options: &RuleOptions) -> Result<Value, MetricError> {
        let summed: Vec<u64>;
        let (size, cells) = match options.task {
            Task::Multilabel => {
                summed = (0..4)
                    .map(|i| counts.counts.iter().skip(i).step_by(4).sum())
                    .collect();
                (2, &summed)
            }
            _ => (counts.width, &counts.counts),
        };
        let cell = |row: usize, col: usize| cells[row * size + col] as f64;
        let total: f64 = cells.iter().map(|c| *c as f64).sum();
        let right: f64 = (0..size).map(|k| cell(k, k)).sum();
        if size == 2 && (right == total || right == 0.0) {
            return Ok((if right == total { 1.0 } else { -1.0 }).into());
        }
        let (mut both, mut pred_square, mut target_square) = (0.0, 0.0, 0.0);
        for k in 0..size {
            let target: f64 = (0..size).map(|col| cell(k, col)).sum();
            let pred: f64 = (0..size).map(|row| cell(row, k)).sum();
            both += target * pred;
            pred_square += pred * pred;
            target_square += target * target;
        }
        let square = total * total;
        let variance = (square - pred_square) * (square - target_square);
        if variance == 0.0 {
            return Ok(0.0.into());
        }
        Ok(((right * total - both) / variance.sqrt()).into())
    }

    fn is_scalar(&self, _options: &RuleOptions) -> bool {
        true
    }
}
