//! What all metrics over confusion counts share: tasks, options, averaging.

use crate::{
    Metric, MetricError, Value,
    batch::{Binary, Classes, Multiclass, Multilabel},
    states::{
        BinaryConfusion, ClassCounts, ConfusionBatch, ConfusionSummary, MulticlassConfusion,
        MultilabelConfusion, TaskKind, ThresholdBatch,
    },
};
use std::fmt::{self, Debug, Formatter};

/// How values per class (or label) become one.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum Average {
    /// From the counts of all classes together.
    Micro,
    /// The mean over classes. A class does not count if it is neither target nor prediction, if
    /// its value is NaN, or if it is the `ignore_index`.
    #[default]
    Macro,
    /// The mean over classes weighted by how often they are the target; NaN does not count.
    Weighted,
    /// No average: one value per class, and NaN for a class that is the `ignore_index`.
    None,
}

/// A value made of confusion counts. Every metric over counts is one of these rules.
pub trait ConfusionRule: Clone + Debug + Default + PartialEq + Send + Sync + 'static {
    /// The metric's name.
    const NAME: &'static str;
    /// Whether larger is better, where that has a meaning.
    const HIGHER_IS_BETTER: Option<bool>;
    /// Whether the counts per class are not enough: the rule asks which class was taken for which.
    const NEEDS_MATRIX: bool = false;
    /// Whether it has a multilabel form; the constructor of one that has not does not compile.
    const MULTILABEL: bool = true;

    /// Whether the rule's own options make sense.
    ///
    /// # Errors
    /// [`MetricError::InvalidOption`].
    fn validate(&self) -> Result<(), MetricError> {
        Ok(())
    }

    /// The value of counts that are not empty.
    ///
    /// # Errors
    /// Where the rule documents them.
    fn value(&self, counts: &ConfusionSummary, options: &RuleOptions)
    -> Result<Value, MetricError>;

    /// What the rule's own options add to the name.
    fn suffix(&self) -> String {
        String::new()
    }

    /// Whether the value is a single number.
    fn is_scalar(&self, options: &RuleOptions) -> bool {
        options.average != Average::None || options.task == TaskKind::Binary
    }
}

/// The rules that an [`Average`] applies to.
pub trait Averaged: ConfusionRule {}

/// The rules that are a quotient, whose value when the denominator is 0 can be chosen.
pub trait ZeroDivision: ConfusionRule {}

/// The options a rule's value depends on.
#[derive(Debug, Clone, PartialEq)]
pub struct RuleOptions {
    /// The task.
    pub task: TaskKind,
    /// How classes become one value.
    pub average: Average,
    /// The value of a quotient whose denominator is 0.
    pub zero_division: f64,
    /// How many of the best scores count as predicted (multiclass).
    pub top_k: usize,
    /// The targets that were left out.
    pub ignore_index: Option<i64>,
}

impl RuleOptions {
    /// `numerator / denominator`, or the value chosen for a denominator of 0.
    pub fn divide(&self, numerator: f64, denominator: f64) -> f64 {
        if denominator == 0.0 {
            self.zero_division
        } else {
            numerator / denominator
        }
    }

    /// The class that the `ignore_index` is, of a multiclass task. It has no targets, so it is no class
    /// of a mean or a report. `None` for an index outside the classes.
    pub fn ignored_class(&self, classes: usize) -> Option<usize> {
        let index = usize::try_from(self.ignore_index?).ok()?;
        (self.task == TaskKind::Multiclass && index < classes).then_some(index)
    }

    /// Averages a score per class: micro sums the counts first; macro leaves out the classes that
    /// `absent` names (multiclass only); weighted weighs by support. Neither counts a class whose
    /// score is NaN, as scikit-learn has it, or a class that is ignored. A mean without classes
    /// is `zero_division`.
    pub fn average(
        &self,
        counts: &ConfusionSummary,
        score: impl Fn(&ClassCounts) -> f64,
        absent: impl Fn(&ClassCounts) -> bool,
    ) -> Value {
        let classes = counts.classes();
        if self.task == TaskKind::Binary {
            return score(&classes[0]).into();
        }
        if self.average == Average::Micro {
            return score(&classes.into_iter().sum()).into();
        }
        let ignored = self.ignored_class(classes.len());
        let values = classes.iter().enumerate().map(|(class, counts)| {
            if Some(class) == ignored {
                f64::NAN
            } else {
                score(counts)
            }
        });
        if self.average == Average::None {
            return Value::PerClass(values.collect());
        }
        let weight = |counts: &ClassCounts| match self.average {
            Average::Weighted => counts.support(),
            _ if self.task == TaskKind::Multiclass && absent(counts) => 0.0,
            _ => 1.0,
        };
        let (mut sum, mut total) = (0.0, 0.0);
        for (value, counts) in values.zip(&classes).filter(|(value, _)| !value.is_nan()) {
            sum += weight(counts) * value;
            total += weight(counts);
        }
        self.divide(sum, total).into()
    }
}

/// [`ClassCounts::is_unseen`]; above top 1, where a prediction is not one class, a class that is
/// never target.
pub(super) fn unseen_at(top_k: usize) -> impl Fn(&ClassCounts) -> bool {
    move |counts| {
        if top_k == 1 {
            counts.is_unseen()
        } else {
            counts.support() == 0.0
        }
    }
}

/// A metric over confusion counts: a rule, and the batches that are counted.
///
/// Made by the constructors of its aliases: `Precision::binary()`, `Precision::multiclass(10)`,
/// `Precision::multilabel(5)`.
///
/// In batches with weights every element counts as much as its weight (each label of a multilabel row
/// as much as the row's), as scikit-learn's `sample_weight` has it. Batches with and without weights add
/// up. A class of no weight is one that does not occur, and no weight at all is [`MetricError::Empty`].
///
/// ```
/// use metrics_core::{Metric, MetricError, batch::Binary, classification::Accuracy};
/// use burn::tensor::{Device, Int, Tensor};
///
/// let device = Device::default();
/// let pred = Tensor::<1, Int>::from_ints([1, 1, 0], &device);
/// let target = Tensor::<1, Int>::from_ints([1, 0, 0], &device);
/// let weights = Tensor::<1>::from_floats([2.5, 1.0, 0.5], &device);
/// let batch = Binary::from_labels(pred, target)?.with_weights(weights)?;
/// assert_eq!(Accuracy::binary().evaluate(&batch)?.scalar(), Some(0.75));
/// # Ok::<(), MetricError>(())
/// ```
pub struct ClassMetric<R, B: ConfusionBatch> {
    pub(super) rule: R,
    accumulator: B::Accumulator,
    options: RuleOptions,
}

impl<R: Clone, B: ConfusionBatch> Clone for ClassMetric<R, B> {
    fn clone(&self) -> Self {
        Self {
            rule: self.rule.clone(),
            accumulator: self.accumulator.clone(),
            options: self.options.clone(),
        }
    }
}

impl<R: PartialEq, B: ConfusionBatch> PartialEq for ClassMetric<R, B> {
    fn eq(&self, other: &Self) -> bool {
        self.rule == other.rule
            && self.accumulator == other.accumulator
            && self.options == other.options
    }
}

impl<R: Debug, B: ConfusionBatch> Debug for ClassMetric<R, B> {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        f.debug_struct("ClassMetric")
            .field("rule", &self.rule)
            .field("accumulator", &self.accumulator)
            .field("options", &self.options)
            .finish()
    }
}

impl<R: ConfusionRule, B: ConfusionBatch> ClassMetric<R, B> {
    fn new(accumulator: B::Accumulator) -> Self {
        let options = RuleOptions {
            task: B::TASK,
            average: Average::default(),
            zero_division: 0.0,
            top_k: 1,
            ignore_index: None,
        };
        Self {
            rule: R::default(),
            accumulator,
            options,
        }
    }

    /// Elements with this target are left out; it may lie outside the classes. Of multilabel batches
    /// the labels with this target are.
    ///
    /// If it is one of the classes (multiclass), that class is no class of a macro or weighted average,
    /// and has NaN with [`Average::None`]. TorchMetrics 1.9.0 counts it in the macro average with a value of 0
    /// where it is ever predicted, except in its Jaccard index.
    pub fn ignore_index(mut self, label: i64) -> Self {
        B::ignore(&mut self.accumulator, label);
        self.options.ignore_index = Some(label);
        self
    }
}

impl<R: ConfusionRule, B: ThresholdBatch> ClassMetric<R, B> {
    /// Probabilities above it are positive predictions; default 0.5.
    pub fn threshold(mut self, threshold: f32) -> Self {
        B::decide_at(&mut self.accumulator, threshold);
        self
    }
}

impl<R: ConfusionRule> ClassMetric<R, Binary> {
    /// For yes-or-no decisions: a score above the threshold (0.5) means yes.
    pub fn binary() -> Self {
        Self::new(BinaryConfusion {
            threshold: 0.5,
            ignore_index: None,
        })
    }
}

impl<R: ConfusionRule> ClassMetric<R, Multiclass> {
    /// For elements that have one of `classes` classes.
    pub fn multiclass(classes: usize) -> Self {
        Self::new(MulticlassConfusion {
            classes,
            top_k: 1,
            matrix: R::NEEDS_MATRIX,
            ignore_index: None,
        })
    }

    /// A target among the `k` best scores counts as predicted; default 1.
    ///
    /// Among equal scores the class with the lower index comes first.
    pub fn top_k(mut self, k: usize) -> Self {
        self.accumulator.top_k = k;
        self.options.top_k = k;
        self
    }
}

impl<R: ConfusionRule> ClassMetric<R, Multilabel> {
    /// For elements with `labels` yes-or-no labels each.
    pub fn multilabel(labels: usize) -> Self {
        const { assert!(R::MULTILABEL, "the metric has no multilabel form") };
        Self::new(MultilabelConfusion {
            labels,
            threshold: 0.5,
            ignore_index: None,
        })
    }
}

impl<R: ConfusionRule, B: ConfusionBatch> ClassMetric<R, B> {
    /// The value of counts that may be empty.
    pub(super) fn value(&self, counts: &ConfusionSummary) -> Result<Value, MetricError> {
        self.rule.value(counts, &self.options)
    }

    pub(crate) fn rule(&self) -> &R {
        &self.rule
    }

    pub(crate) fn options(&self) -> &RuleOptions {
        &self.options
    }
}

impl<R: Averaged, B: ConfusionBatch + Classes> ClassMetric<R, B> {
    /// How values per class become one; default [`Average::Macro`].
    pub fn average(mut self, average: Average) -> Self {
        self.options.average = average;
        self
    }
}

impl<R: ZeroDivision, B: ConfusionBatch> ClassMetric<R, B> {
    /// The value of a quotient whose denominator is 0; default 0. Classes with NaN are left out of
    /// macro and weighted averages, as in scikit-learn 1.7.2; if all of them have it, so has the average.
    pub fn zero_division(mut self, value: f64) -> Self {
        self.options.zero_division = value;
        self
    }
}

impl<R: ConfusionRule, B: ConfusionBatch> Metric for ClassMetric<R, B> {
    type Accumulator = B::Accumulator;

    fn name(&self) -> String {
        let average = match (self.options.task, self.options.average) {
            (TaskKind::Binary, _) | (_, Average::Macro) => "",
            (_, Average::Micro) => "_micro",
            (_, Average::Weighted) => "_weighted",
            (_, Average::None) => "_per_class",
        };
        let top_k = match self.options.top_k {
            1 => String::new(),
            k => format!("_top{k}"),
        };
        format!("{}{}{average}{top_k}", R::NAME, self.rule.suffix())
    }

    fn accumulator(&self) -> B::Accumulator {
        self.accumulator.clone()
    }

    fn validate(&self) -> Result<(), MetricError> {
        self.rule.validate()
    }

    fn finalize(&self, counts: &ConfusionSummary) -> Result<Value, MetricError> {
        counts.not_empty()?;
        self.value(counts)
    }

    fn options(&self) -> String {
        format!("{:?} {:?}", self.rule, self.options)
    }

    fn higher_is_better(&self) -> Option<bool> {
        R::HIGHER_IS_BETTER
    }

    fn is_scalar(&self) -> bool {
        self.rule.is_scalar(&self.options)
    }
}
