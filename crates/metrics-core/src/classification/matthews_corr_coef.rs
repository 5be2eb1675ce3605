use super::class_metric::{ClassMetric, ConfusionRule, RuleOptions};
use crate::{
    MetricError, Value,
    states::{ClassCounts, ConfusionSummary, TaskKind, of_others},
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
/// use metrics_core::{Metric, batch::Binary, classification::MatthewsCorrCoef};
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
pub type MatthewsCorrCoef<B> = ClassMetric<MatthewsCorrCoefRule, B>;

/// The rule of [`MatthewsCorrCoef`].
#[derive(Debug, Clone, Default, PartialEq)]
pub struct MatthewsCorrCoefRule;

impl ConfusionRule for MatthewsCorrCoefRule {
    const NAME: &'static str = "matthews_corr_coef";
    const HIGHER_IS_BETTER: Option<bool> = Some(true);

    fn value(
        &self,
        counts: &ConfusionSummary,
        options: &RuleOptions,
    ) -> Result<Value, MetricError> {
        let classes = match options.task {
            TaskKind::Multiclass => counts.classes(),
            // The negative class of two is the positive one seen from the other side.
            TaskKind::Binary | TaskKind::Multilabel => {
                let positive: ClassCounts = counts.classes().into_iter().sum();
                let ClassCounts { tp, fp, tn, fn_ } = positive;
                vec![
                    ClassCounts {
                        tp: tn,
                        fp: fn_,
                        tn: tp,
                        fn_: fp,
                    },
                    positive,
                ]
            }
        };
        let total: f64 = classes.iter().map(ClassCounts::support).sum();
        let right: f64 = classes.iter().map(|c| c.tp).sum();
        if classes.len() == 2 && (right == total || right == 0.0) {
            return Ok((if right == total { 1.0 } else { -1.0 }).into());
        }
        let targets: Vec<f64> = classes.iter().map(ClassCounts::support).collect();
        let predicted: Vec<f64> = classes.iter().map(ClassCounts::predicted).collect();
        // `s² - Σ p²`, which is 0 without rounding if all predictions are of one class.
        let variance =
            |sums: &[f64]| -> f64 { sums.iter().zip(of_others(sums)).map(|(a, b)| a * b).sum() };
        let (targets_vary, predictions_vary) = (variance(&targets), variance(&predicted));
        if targets_vary == 0.0 || predictions_vary == 0.0 {
            return Ok(0.0.into());
        }
        let both: f64 = targets.iter().zip(&predicted).map(|(t, p)| t * p).sum();
        let variance = targets_vary * predictions_vary;
        Ok(((right * total - both) / variance.sqrt()).into())
    }

    fn is_scalar(&self, _options: &RuleOptions) -> bool {
        true
    }
}
