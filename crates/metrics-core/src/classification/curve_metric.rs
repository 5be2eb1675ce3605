//! What all metrics over thresholds share: tasks, options, averaging.

use super::Average;
use crate::{
    Metric, MetricError, Value,
    batch::{Binary, Multiclass, Multilabel},
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

    /// Whether so many positives and negatives have a value, and not just one that stands for none.
    fn is_defined(&self, _positives: f64, _negatives: f64) -> bool {
        true
    }

    /// What the rule's own options add to the name.
    fn suffix(&self) -> String {
        String::new()
    }
}

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

    /// How values per class become one; default [`Average::Macro`], or what
    /// the metric says. Curves are never averaged.
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
            _ if !R::AVERAGED || B::TASK == TaskKind::Binary => "",
            Average::Macro => "",
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
        self.rule.validate(&self.accumulator.options.thresholds)
    }

    fn finalize(&self, scores: &CurveScoresSummary) -> Result<Value, MetricError> {
        self.validate()?;
        scores.not_empty()?;
        self.rule.value(scores, self.average)
    }

    fn is_defined(&self, scores: &CurveScoresSummary) -> bool {
        let defined = |column: Column| self.rule.is_defined(column.positives, column.negatives);
        match self.average {
            Average::Micro => scores.all_columns(defined),
            _ => scores
                .each_column(defined)
                .into_iter()
                .all(|defined| defined),
        }
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

/// Averages an area per class as TorchMetrics does: NaN areas (of classes that have none) do not
/// count; weighted weighs by positives; micro pools the decisions of all labels.
pub(super) fn averaged(
    scores: &CurveScoresSummary,
    average: Average,
    area: impl Fn(&Column) -> f64 + Sync,
) -> Result<Value, MetricError> {
    if average == Average::Micro && scores.task() == TaskKind::Multiclass {
        return Err(MetricError::InvalidOption(
            "an area over multiclass scores has no micro average; use macro, weighted or none"
                .into(),
        ));
    }
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
        if total == 0.0 { 0.0 } else { sum / total }
    };
    Ok(match average {
        Average::None => Value::PerClass(columns.into_iter().map(|(area, _)| area).collect()),
        Average::Weighted => mean(&|positives| positives).into(),
        _ => mean(&|_| 1.0).into(),
    })
}
