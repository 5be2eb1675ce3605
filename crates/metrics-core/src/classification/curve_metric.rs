//! What all metrics over thresholds share: tasks, options, averaging.

use super::Average;
use crate::{
    Metric, MetricError, Value,
    batch::{Binary, Classes, Multiclass, Multilabel},
    classification::{
        Thresholds,
        states::{Column, CurveScores, CurveScoresSummary, ScoredBatch},
    },
    states::TaskKind,
};
use std::fmt::Debug;

/// A value made of scores against targets. Every metric over thresholds is one of these rules.
pub trait CurveRule: Clone + Debug + Default + PartialEq + Send + Sync + 'static {
    /// The metric's name.
    const NAME: &'static str;
    /// Whether larger is better, where that has a meaning.
    const HIGHER_IS_BETTER: Option<bool>;
    /// Whether the value is an average over classes, and so a number.
    const AVERAGED: bool;
    /// Whether the value of a single curve is a number, as of binary scores.
    const NUMERIC: bool = Self::AVERAGED;
    /// How values per class become one unless told otherwise.
    const DEFAULT_AVERAGE: Average = Average::Macro;
    /// Whether there is a micro average over classes; over labels there always is.
    const MICRO_OF_CLASSES: bool = true;

    /// Whether the rule's own options make sense.
    ///
    /// # Errors
    /// [`MetricError::InvalidOption`].
    fn validate(&self, _thresholds: &Thresholds) -> Result<(), MetricError> {
        Ok(())
    }

    /// The value of scores that are not empty.
    ///
    /// # Errors
    /// Where the rule documents them.
    fn value(&self, scores: &CurveScoresSummary, average: Average) -> Result<Value, MetricError>;

    /// Whether the value takes more than the area under the curve. Exact curves stay on a GPU where no
    /// metric does.
    fn needs_curve(&self) -> bool {
        true
    }

    /// Whether a class with so many positives and negatives has a value. One that has none is NaN, and is left out
    /// of averages.
    fn is_defined(&self, _positives: f64, _negatives: f64) -> bool {
        true
    }

    /// What the rule's own options add to the name.
    fn suffix(&self) -> String {
        String::new()
    }
}

/// The rules that an [`Average`] applies to, which makes one number or one curve of the classes.
pub trait AveragedCurve: CurveRule {}

/// A metric over all thresholds: a rule, and an accumulator that says for which batches.
///
/// Made by the constructors of its aliases: `Auroc::binary()`, `Auroc::multiclass(10)`,
/// `Auroc::multilabel(5)`. All of them take batches with weights: an element counts as much as its
/// weight, and not at all, as a threshold neither, if that is 0.
#[derive(Debug)]
pub struct CurveMetric<R, B> {
    pub(super) rule: R,
    accumulator: CurveScores<B>,
    average: Average,
}

impl<R: Clone, B> Clone for CurveMetric<R, B> {
    fn clone(&self) -> Self {
        Self {
            rule: self.rule.clone(),
            accumulator: self.accumulator.clone(),
            average: self.average,
        }
    }
}

impl<R: CurveRule, B> CurveMetric<R, B> {
    fn new(width: usize) -> Self {
        Self {
            rule: R::default(),
            accumulator: CurveScores::new(width),
            average: R::DEFAULT_AVERAGE,
        }
    }

    /// At which scores the curve is evaluated; default: at every score that occurs.
    pub fn thresholds(mut self, thresholds: Thresholds) -> Self {
        self.accumulator.options.thresholds = thresholds;
        self
    }

    /// Elements with this target are left out.
    pub fn ignore_index(mut self, label: i64) -> Self {
        self.accumulator.options.ignore_index = Some(label);
        self
    }
}

impl<R: AveragedCurve, B: Classes> CurveMetric<R, B> {
    /// How the classes or labels become one number, or one curve; default [`Average::Macro`], or what the
    /// metric says. A class without the targets that its value needs does not count for macro and weighted.
    ///
    /// Of curves the default is [`Average::None`], a curve for each. Micro is the curve of all decisions
    /// together. Macro is the mean curve, weighted the mean by the number of positives: the mean true positive
    /// rate at each false positive rate of a class (linear between points), or the mean precision
    /// at each recall of a class (that of the highest threshold which reaches the recall). So both are
    /// monotone in x, and the area under them is the macro [`Auroc`](crate::classification::Auroc) or
    /// [`AveragePrecision`](crate::classification::AveragePrecision). A mean curve has no thresholds.
    pub fn average(mut self, average: Average) -> Self {
        self.average = average;
        self
    }
}

impl<R: CurveRule> CurveMetric<R, Binary> {
    /// For yes-or-no decisions with a score each.
    pub fn binary() -> Self {
        Self::new(1)
    }
}

impl<R: CurveRule> CurveMetric<R, Multiclass> {
    /// For elements that have one of `classes` classes: each class against the rest.
    pub fn multiclass(classes: usize) -> Self {
        Self::new(classes)
    }
}

impl<R: CurveRule> CurveMetric<R, Multilabel> {
    /// For elements with `labels` yes-or-no labels each: each label by itself.
    pub fn multilabel(labels: usize) -> Self {
        Self::new(labels)
    }
}

impl<R: CurveRule, B: ScoredBatch> Metric for CurveMetric<R, B> {
    type Accumulator = CurveScores<B>;

    fn name(&self) -> String {
        let average = match self.average {
            _ if B::TASK == TaskKind::Binary => "",
            Average::Macro if R::AVERAGED => "",
            Average::None if !R::AVERAGED => "",
            Average::Macro => "_macro",
            Average::Micro => "_micro",
            Average::Weighted => "_weighted",
            Average::None => "_per_class",
        };
        format!("{}{}{average}", R::NAME, self.rule.suffix())
    }

    fn accumulator(&self) -> CurveScores<B> {
        let mut accumulator = self.accumulator.clone();
        accumulator.options.whole = self.rule.needs_curve();
        accumulator
    }

    fn validate(&self) -> Result<(), MetricError> {
        let of_classes = B::TASK == TaskKind::Multiclass && self.average == Average::Micro;
        if of_classes && !R::MICRO_OF_CLASSES {
            return Err(MetricError::InvalidOption(format!(
                "{} of multiclass scores has no micro average; use macro, weighted or none",
                R::NAME
            )));
        }
        self.rule.validate(&self.accumulator.options.thresholds)
    }

    fn finalize(&self, scores: &CurveScoresSummary) -> Result<Value, MetricError> {
        self.validate()?;
        scores.not_empty()?;
        let value = self.rule.value(scores, self.average)?;
        if value.scalar().is_some_and(f64::is_nan)
            && let Some(why) = self.absent(scores)
        {
            return Err(MetricError::undefined(self.name(), why));
        }
        Ok(value)
    }

    fn undefined(&self, scores: &CurveScoresSummary) -> usize {
        if !R::AVERAGED || matches!(self.average, Average::Micro | Average::None) {
            return 0;
        }
        let defined = |column: Column| self.rule.is_defined(column.positives, column.negatives);
        let defined = scores.each_column(defined).into_iter();
        defined.filter(|defined| !defined).count()
    }

    fn options(&self) -> String {
        format!("{:?} {:?}", self.rule, self.average)
    }

    fn higher_is_better(&self) -> Option<bool> {
        R::HIGHER_IS_BETTER
    }

    fn is_scalar(&self) -> bool {
        match B::TASK {
            TaskKind::Binary => R::NUMERIC,
            _ => R::AVERAGED && self.average != Average::None,
        }
    }
}

impl<R: CurveRule, B: ScoredBatch> CurveMetric<R, B> {
    /// Which targets are missing for a number.
    fn absent(&self, scores: &CurveScoresSummary) -> Option<String> {
        let support = |column: Column| (column.positives, column.negatives);
        if B::TASK != TaskKind::Binary && self.average != Average::Micro {
            let classes = scores.each_column(support);
            let some = classes.into_iter().any(|(p, n)| self.rule.is_defined(p, n));
            return (!some).then(|| "no class has the targets that it needs".into());
        }
        match scores.all_columns(support) {
            (0.0, negatives) => Some(format!("no target is positive ({negatives} negative)")),
            (positives, 0.0) => Some(format!("no target is negative ({positives} positive)")),
            _ => None,
        }
    }
}

/// Averages an area per class: NaN areas (of classes that have none) do not count; weighted weighs by
/// positives; micro pools the decisions of all labels. NaN without any.
pub(super) fn averaged(
    scores: &CurveScoresSummary,
    average: Average,
    area: impl Fn(&Column) -> f64 + Sync,
) -> Result<Value, MetricError> {
    if average == Average::Micro {
        return Ok(scores.all_columns(|column| area(&column)).into());
    }
    let columns = scores.each_column(|column| (area(&column), column.positives));
    if scores.task() == TaskKind::Binary {
        return Ok(columns[0].0.into());
    }
    let mean = |weight: &dyn Fn(f64) -> f64| {
        let defined = columns.iter().filter(|(area, _)| !area.is_nan());
        let (sum, total) = defined.fold((0.0, 0.0), |(sum, total), (area, positives)| {
            (sum + weight(*positives) * area, total + weight(*positives))
        });
        sum / total
    };
    Ok(match average {
        Average::None => Value::PerClass(columns.into_iter().map(|(area, _)| area).collect()),
        Average::Weighted => mean(&|positives| positives).into(),
        _ => mean(&|_| 1.0).into(),
    })
}
