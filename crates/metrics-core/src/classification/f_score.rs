use super::class_metric::{Averaged, ClassMetric, ConfusionRule, RuleOptions, ZeroDivision};
use super::samplewise::Multidim;
use crate::{
    MetricError, Value,
    states::{ClassCounts, ConfusionBatch, ConfusionSummary},
};

/// F1 score: the harmonic mean of precision and recall, `2 tp / (2 tp + fp + fn)`.
///
/// Per class for multiclass and multilabel, then averaged. Ranges over `[0, 1]`. A class that is
/// neither target nor prediction has `zero_division`; no data is [`MetricError::Empty`].
/// Reference: TorchMetrics 1.9.0 `F1Score`.
///
/// ```
/// use metrics_core::{Metric, batch::Binary, classification::F1Score};
/// use burn::tensor::{Device, Int, Tensor};
///
/// let device = Device::default();
/// let scores = Tensor::<1>::from_floats([0.9, 0.8, 0.2, 0.7], &device);
/// let target = Tensor::<1, Int>::from_ints([1, 0, 0, 1], &device);
/// let batch = Binary::from_scores(scores, target)?;
/// assert_eq!(F1Score::binary().evaluate(&batch)?.scalar(), Some(0.8));
/// # Ok::<(), metrics_core::MetricError>(())
/// ```
pub type F1Score<B> = ClassMetric<F1ScoreRule, B>;

/// F-beta score: `(1 + b²) tp / ((1 + b²) tp + b² fn + fp)`, in which recall weighs `b` times as
/// much as precision.
///
/// As [`F1Score`], which it is for the default `beta` of 1. Reference: TorchMetrics 1.9.0
/// `FBetaScore`.
///
/// ```
/// use metrics_core::{Metric, batch::Binary, classification::FBetaScore};
/// use burn::tensor::{Device, Int, Tensor};
///
/// let device = Device::default();
/// let pred = Tensor::<1, Int>::from_ints([1, 1, 0, 0], &device);
/// let target = Tensor::<1, Int>::from_ints([1, 0, 0, 0], &device);
/// let batch = Binary::from_labels(pred, target)?;
/// let score = FBetaScore::binary().beta(2.0).evaluate(&batch)?;
/// assert_eq!(score.scalar(), Some(5.0 / 6.0));
/// # Ok::<(), metrics_core::MetricError>(())
/// ```
pub type FBetaScore<B> = ClassMetric<FBetaScoreRule, B>;

/// The rule of [`F1Score`].
#[derive(Debug, Clone, Default, PartialEq)]
pub struct F1ScoreRule;

/// The rule of [`FBetaScore`].
#[derive(Debug, Clone, PartialEq)]
pub struct FBetaScoreRule {
    beta: f64,
}

impl Default for FBetaScoreRule {
    fn default() -> Self {
        Self { beta: 1.0 }
    }
}

impl<B: ConfusionBatch> FBetaScore<B> {
    /// How many times as much recall weighs as precision; must be positive.
    pub fn beta(mut self, beta: f64) -> Self {
        self.rule.beta = beta;
        self
    }
}

impl Averaged for F1ScoreRule {}
impl Multidim for F1ScoreRule {}
impl ZeroDivision for F1ScoreRule {}
impl Averaged for FBetaScoreRule {}
impl Multidim for FBetaScoreRule {}
impl ZeroDivision for FBetaScoreRule {}

impl ConfusionRule for F1ScoreRule {
    const NAME: &'static str = "f1_score";
    const HIGHER_IS_BETTER: Option<bool> = Some(true);

    fn value(
        &self,
        counts: &ConfusionSummary,
        options: &RuleOptions,
    ) -> Result<Value, MetricError> {
        Ok(f_score(1.0, counts, options))
    }
}

impl ConfusionRule for FBetaScoreRule {
    const NAME: &'static str = "fbeta_score";
    const HIGHER_IS_BETTER: Option<bool> = Some(true);

    fn validate(&self) -> Result<(), MetricError> {
        if self.beta > 0.0 {
            return Ok(());
        }
        Err(MetricError::InvalidOption(format!(
            "beta must be positive, not {}",
            self.beta
        )))
    }

    fn value(
        &self,
        counts: &ConfusionSummary,
        options: &RuleOptions,
    ) -> Result<Value, MetricError> {
        self.validate()?;
        Ok(f_score(self.beta, counts, options))
    }

    fn suffix(&self) -> String {
        format!("_{}", self.beta)
    }
}

fn f_score(beta: f64, counts: &ConfusionSummary, options: &RuleOptions) -> Value {
    let square = beta * beta;
    let score = |c: &_| {
        let ClassCounts { tp, fp, fn_, .. } = *c;
        let hits = (1.0 + square) * tp;
        options.divide(hits, hits + square * fn_ + fp)
    };
    options.average(counts, score, ClassCounts::is_unseen)
}
