use super::class_metric::{Average, Averaged, ClassMetric, ConfusionRule, RuleOptions};
use super::samplewise::Multidim;
use crate::{
    MetricError, Value,
    states::{ClassCounts, ConfusionSummary, TaskKind},
};

/// The counts themselves: true positives, false positives, true negatives, false negatives and
/// support (`tp + fn`), in this order.
///
/// A [`Value::StatScores`] of one row, or with [`Average::None`] of a row per class or label.
/// Micro sums the rows; macro is their mean, over all classes but one that is the `ignore_index`;
/// weighted their mean by support (0 without support). With [`Average::None`] the row of an ignored class
/// says how often it was predicted. No data is [`MetricError::Empty`]. Reference: TorchMetrics 1.9.0
/// `StatScores`.
///
/// ```
/// use metrics_core::{Metric, batch::Binary, classification::{Average, StatScores}};
/// use burn::tensor::{Device, Int, Tensor};
///
/// let device = Device::default();
/// let pred = Tensor::<1, Int>::from_ints([1, 1, 0, 0], &device);
/// let target = Tensor::<1, Int>::from_ints([1, 0, 0, 1], &device);
/// let batch = Binary::from_labels(pred, target)?;
/// let counts = StatScores::binary().evaluate(&batch)?;
/// assert_eq!(counts.stat_scores().unwrap()[0].columns(), [1.0, 1.0, 1.0, 1.0, 2.0]);
/// assert_eq!(counts.to_string(), "tp 1, fp 1, tn 1, fn 1, support 2");
/// # Ok::<(), metrics_core::MetricError>(())
/// ```
pub type StatScores<B> = ClassMetric<StatScoresRule, B>;

/// The rule of [`StatScores`].
#[derive(Debug, Clone, Default, PartialEq)]
pub struct StatScoresRule;

impl Averaged for StatScoresRule {}
impl Multidim for StatScoresRule {}

impl ConfusionRule for StatScoresRule {
    const NAME: &'static str = "stat_scores";
    const HIGHER_IS_BETTER: Option<bool> = None;

    fn value(
        &self,
        counts: &ConfusionSummary,
        options: &RuleOptions,
    ) -> Result<Value, MetricError> {
        let mut classes = counts.classes();
        if options.average == Average::None && options.task != TaskKind::Binary {
            return Ok(Value::StatScores(classes));
        }
        if let (Average::Macro, Some(ignored)) =
            (options.average, options.ignored_class(classes.len()))
        {
            classes.remove(ignored);
        }
        let all: f64 = classes.iter().map(ClassCounts::support).sum();
        let weight = |c: &ClassCounts| match options.average {
            _ if options.task == TaskKind::Binary => 1.0,
            Average::Macro => 1.0 / classes.len() as f64,
            Average::Weighted if all == 0.0 => 0.0,
            Average::Weighted => c.support() / all,
            Average::Micro | Average::None => 1.0,
        };
        let weighted = |c: &ClassCounts| {
            let weight = weight(c);
            ClassCounts {
                tp: c.tp * weight,
                fp: c.fp * weight,
                tn: c.tn * weight,
                fn_: c.fn_ * weight,
            }
        };
        Ok(Value::StatScores(vec![classes.iter().map(weighted).sum()]))
    }

    fn is_scalar(&self, _options: &RuleOptions) -> bool {
        false
    }
}
