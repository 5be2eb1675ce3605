use super::{
    contingency_metric::{ContingencyMetric, ContingencyRule},
    homogeneity_score::share,
};
use crate::{MetricError, states::ContingencyTable};

/// V-measure: the weighted harmonic mean of homogeneity `h` and completeness `c`, `(1 + β) h c / (β h + c)`.
///
/// In `[0, 1]`. Takes [`Labelings`](crate::batch::Labelings). No data is [`MetricError::Empty`]. Clusters that tell nothing of classes, where both are 0,
/// have 0, as in scikit-learn; TorchMetrics has 1. Reference: scikit-learn `v_measure_score`, TorchMetrics 1.9.0 `VMeasureScore`;
/// Rosenberg and Hirschberg, V-Measure, EMNLP 2007.
///
/// ```
/// use metrics_core::{Metric, batch::Labelings, clustering::VMeasureScore};
/// use burn::tensor::{Device, Int, Tensor};
///
/// let device = Device::default();
/// let pred = Tensor::<1, Int>::from_ints([0, 0, 1, 2, 2, 2], &device);
/// let target = Tensor::<1, Int>::from_ints([0, 0, 1, 1, 2, 2], &device);
/// let value = VMeasureScore::new().evaluate(&Labelings::new(pred, target)?)?.scalar().unwrap();
/// assert!((value - 0.739667376800759).abs() < 1e-12);
/// # Ok::<(), metrics_core::MetricError>(())
/// ```
pub type VMeasureScore = ContingencyMetric<VMeasureScoreRule>;

impl ContingencyMetric<VMeasureScoreRule> {
    /// The weight of homogeneity beside completeness, a finite number of at least 0; default 1. A larger one counts completeness more.
    pub fn beta(mut self, beta: f64) -> Self {
        self.rule.beta = beta;
        self
    }
}

/// The rule of [`VMeasureScore`].
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct VMeasureScoreRule {
    beta: f64,
}

impl Default for VMeasureScoreRule {
    fn default() -> Self {
        Self { beta: 1.0 }
    }
}

impl ContingencyRule for VMeasureScoreRule {
    const NAME: &'static str = "v_measure_score";

    fn suffix(&self) -> String {
        if self.beta == 1.0 {
            String::new()
        } else {
            format!("_beta_{}", self.beta)
        }
    }

    fn validate(&self) -> Result<(), MetricError> {
        if self.beta >= 0.0 && self.beta.is_finite() {
            return Ok(());
        }
        let what = format!(
            "v_measure_score with beta {}; it must be a finite number of at least 0",
            self.beta
        );
        Err(MetricError::InvalidOption(what))
    }

    fn value(&self, table: &ContingencyTable) -> Result<f64, MetricError> {
        let information = table.mutual_information();
        let homogeneity = share(information, table.target_entropy());
        let completeness = share(information, table.pred_entropy());
        let weighted = self.beta * homogeneity + completeness;
        if weighted == 0.0 {
            return Ok(0.0);
        }
        Ok((1.0 + self.beta) * homogeneity * completeness / weighted)
    }
}
