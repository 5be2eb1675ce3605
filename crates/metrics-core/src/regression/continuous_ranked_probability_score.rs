use crate::{
    Metric, MetricError, Value,
    regression::states::{EnsembleScores, EnsembleScoresSummary},
};

/// Continuous ranked probability score of ensemble forecasts: the mean over the rows of `mean|x_i -
/// y| - mean|x_i - x_j| / 2`, with the members `x` and the target `y` of a row. It is the squared
/// distance between the ensemble's distribution function and that of the target, and has the target's
/// unit.
///
/// Takes [`Ensemble`](crate::batch::Ensemble) batches. A row of weight `w` counts as `w` rows. Members
/// are compared in pairs on the device, so the time grows with the square of their number. Every term
/// of the sum that is taken is at least 0, so that nothing cancels where members are close together.
///
/// Ranges over `[0, inf]`; 0 is best. Of one member it is the absolute error; TorchMetrics asks for
/// two. An infinite member or target makes it infinite, or NaN if both are, and NaN in TorchMetrics,
/// which subtracts infinities of members. No data, or none of any weight, is [`MetricError::Empty`],
/// NaN is [`MetricError::InvalidData`]. Reference: TorchMetrics 1.9.0
/// `ContinuousRankedProbabilityScore`, which takes no weights.
///
/// ```
/// use metrics_core::{Metric, batch::Ensemble, regression::ContinuousRankedProbabilityScore};
/// use burn::tensor::{Device, Tensor};
///
/// let device = Device::default();
/// let pred = Tensor::<2>::from_floats([[1.0, 3.0], [2.0, 2.0]], &device);
/// let target = Tensor::<1>::from_floats([2.0, 5.0], &device);
/// let batch = Ensemble::new(pred, target)?;
/// // (1 - 1 / 2) and (3 - 0).
/// let score = ContinuousRankedProbabilityScore::new();
/// assert_eq!(score.evaluate(&batch)?.scalar(), Some(1.75));
/// # Ok::<(), metrics_core::MetricError>(())
/// ```
#[derive(Debug, Clone, Default, PartialEq)]
pub struct ContinuousRankedProbabilityScore;

impl ContinuousRankedProbabilityScore {
    /// Of ensembles of any size.
    pub fn new() -> Self {
        Self
    }
}

impl Metric for ContinuousRankedProbabilityScore {
    type Accumulator = EnsembleScores;

    fn name(&self) -> String {
        "continuous_ranked_probability_score".into()
    }

    fn accumulator(&self) -> EnsembleScores {
        EnsembleScores
    }

    fn finalize(&self, sum: &EnsembleScoresSummary) -> Result<Value, MetricError> {
        if sum.weight > 0.0 {
            Ok((sum.score / sum.weight).into())
        } else {
            Err(MetricError::Empty {
                rejected: sum.rejected,
            })
        }
    }

    fn higher_is_better(&self) -> Option<bool> {
        Some(false)
    }
}
