use crate::{
    Metric, MetricError, Value,
    text::states::{LogLikelihood, LogLikelihoodSummary},
};

/// Negative log-likelihood: `mean(-ln p(target))` in nats, the cross-entropy loss over all
/// elements.
///
/// Takes [`Multiclass`](crate::batch::Multiclass) batches of logits (the logarithms of
/// probabilities are logits too); every element counts the same, however large its batch, or in
/// weighted batches as much as its weight (of no weight not at all, also with an infinite loss). Ranges
/// over `[0, inf]`: a target with a logit of negative infinity makes it infinite. No data, or
/// none with any weight, is [`MetricError::Empty`]; targets that are not a class, NaN, and rows of which infinite logits
/// leave no probability are [`MetricError::InvalidData`]; predicted labels are
/// [`MetricError::ScoresRequired`]. References: PyTorch 2.9.1
/// `cross_entropy`; with weights scikit-learn's `log_loss`, which bounds the loss of an element by an
/// epsilon.
///
/// ```
/// use metrics_core::{Metric, batch::Multiclass, text::NegativeLogLikelihood};
/// use burn::tensor::{Device, Int, Tensor};
///
/// let device = Device::default();
/// let logits = Tensor::<2>::from_floats([[0.0, 0.0], [0.0, f32::NEG_INFINITY]], &device);
/// let target = Tensor::<1, Int>::from_ints([1, 0], &device);
/// let batch = Multiclass::from_scores(logits, target)?;
///
/// // -ln(1/2) and -ln(1).
/// let loss = NegativeLogLikelihood::new().evaluate(&batch)?.scalar();
/// assert!((loss.unwrap_or(0.0) - 0.5 * 2f64.ln()).abs() < 1e-6);
/// # Ok::<(), metrics_core::MetricError>(())
/// ```
#[derive(Debug, Clone, Default, PartialEq)]
pub struct NegativeLogLikelihood {
    ignore_index: Option<i64>,
}

impl NegativeLogLikelihood {
    /// Over all elements.
    pub fn new() -> Self {
        Self::default()
    }

    /// Elements with this target are left out.
    pub fn ignore_index(mut self, label: i64) -> Self {
        self.ignore_index = Some(label);
        self
    }
}

impl Metric for NegativeLogLikelihood {
    type Accumulator = LogLikelihood;

    fn name(&self) -> String {
        "negative_log_likelihood".into()
    }

    fn accumulator(&self) -> LogLikelihood {
        LogLikelihood {
            ignore_index: self.ignore_index,
        }
    }

    fn finalize(&self, sum: &LogLikelihoodSummary) -> Result<Value, MetricError> {
        Ok(sum.mean()?.into())
    }

    fn higher_is_better(&self) -> Option<bool> {
        Some(false)
    }
}
