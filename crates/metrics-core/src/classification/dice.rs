use super::class_metric::{Average, Averaged, ClassMetric, ConfusionRule, RuleOptions};
use crate::{
    MetricError, Value,
    batch::{Multiclass, Multilabel},
    states::{ClassCounts, ConfusionSummary, TaskKind},
};

/// Dice score: `2 tp / (2 tp + fp + fn)`, twice the overlap of predicted and true elements over both.
///
/// Per class for multiclass and multilabel (masks that may overlap), then averaged. The same number
/// as [`F1Score`](crate::classification::F1Score) but for what is undefined: a class that is neither
/// target nor prediction has no Dice. It is NaN with [`Average::None`] and in a binary task, and does
/// not count for macro and weighted, which are NaN if no class counts; nor does a class that is the
/// `ignore_index`. Ranges over `[0, 1]`. Over
/// pixels, use `from_dense` or `from_labels` of [`Multiclass`](crate::batch::Multiclass). No data is
/// [`MetricError::Empty`].
///
/// Reference: TorchMetrics 1.9.0 has no `Dice` among its classification metrics any more, but
/// `segmentation.DiceScore`, of which this is `aggregation_level="global"`: all images together, where
/// the default there is the mean of the images' scores.
///
/// ```
/// use metrics_core::{Metric, batch::Multiclass, classification::{Average, Dice}};
/// use burn::tensor::{Device, Int, Tensor};
///
/// let device = Device::default();
/// let pred = Tensor::<2, Int>::from_ints([[0, 1, 1], [0, 2, 0]], &device);
/// let target = Tensor::<2, Int>::from_ints([[0, 1, 0], [0, 2, 0]], &device);
/// let batch = Multiclass::from_labels(pred, target)?;
/// let dice = Dice::multiclass(3).average(Average::Micro);
/// assert_eq!(dice.evaluate(&batch)?.scalar(), Some(5.0 / 6.0));
/// let foreground = dice.include_background(false);
/// assert_eq!(foreground.evaluate(&batch)?.scalar(), Some(0.8));
/// # Ok::<(), metrics_core::MetricError>(())
/// ```
pub type Dice<B> = ClassMetric<DiceRule, B>;

/// The rule of [`Dice`].
#[derive(Debug, Clone, Default, PartialEq)]
pub struct DiceRule {
    without_background: bool,
}

impl Dice<Multiclass> {
    /// Whether class 0 counts; default true.
    pub fn include_background(mut self, include: bool) -> Self {
        self.rule.without_background = !include;
        self
    }
}

impl Dice<Multilabel> {
    /// Whether label 0 counts; default true.
    pub fn include_background(mut self, include: bool) -> Self {
        self.rule.without_background = !include;
        self
    }
}

impl Averaged for DiceRule {}

impl ConfusionRule for DiceRule {
    const NAME: &'static str = "dice";
    const HIGHER_IS_BETTER: Option<bool> = Some(true);

    fn value(
        &self,
        counts: &ConfusionSummary,
        options: &RuleOptions,
    ) -> Result<Value, MetricError> {
        let mut classes = counts.classes();
        let ignored = options.ignored_class(classes.len());
        if let (Some(ignored), Average::Macro | Average::Weighted | Average::None) =
            (ignored, options.average)
        {
            // Undefined, as a class that does not occur.
            classes[ignored] = ClassCounts::default();
        }
        let classes = &classes[usize::from(self.without_background)..];
        let weight = |class: &ClassCounts| match options.average {
            Average::Weighted => class.support(),
            _ => 1.0,
        };
        Ok(match options.average {
            _ if options.task == TaskKind::Binary => dice(&classes[0]).into(),
            Average::None => Value::PerClass(classes.iter().map(dice).collect()),
            Average::Micro => dice(&classes.iter().copied().sum()).into(),
            Average::Macro | Average::Weighted => {
                let defined = classes.iter().filter(|class| !class.is_unseen());
                let (sum, total) = defined.fold((0.0, 0.0), |(sum, total), class| {
                    (sum + weight(class) * dice(class), total + weight(class))
                });
                (sum / total).into()
            }
        })
    }

    fn suffix(&self) -> String {
        if self.without_background {
            "_without_background".into()
        } else {
            String::new()
        }
    }
}

fn dice(class: &ClassCounts) -> f64 {
    let hits = 2.0 * class.tp;
    hits / (hits + class.fp + class.fn_)
}
