use crate::{
    Metric, MetricError, Value,
    text::states::{LogLikelihood, LogLikelihoodSummary},
};

/// Perplexity: `exp(mean(-ln p(target)))`, among how many tokens a model hesitates on average.
///
/// Takes [`Multiclass`](crate::batch::Multiclass) batches of logits, such as
/// [`from_tokens`](crate::batch::Multiclass::from_tokens) makes of `[B, T, V]` and `[B, T]`; every
/// token counts the same, however long its sequence or batch, or in weighted batches as much as its
/// weight. Ranges over `[1, inf]`: a target
/// with a logit of negative infinity makes it infinite. No tokens, or none with
/// any weight, is [`MetricError::Empty`];
/// targets that are not tokens, NaN, and rows of which infinite logits leave no probability are
/// [`MetricError::InvalidData`]; predicted labels are [`MetricError::ScoresRequired`]. Reference:
/// TorchMetrics 1.9.0 `Perplexity`.
///
/// ```
/// use metrics_core::{Metric, batch::Multiclass, text::Perplexity};
/// use burn::tensor::{Device, Int, Tensor};
///
/// let device = Device::default();
/// let logits = Tensor::<3>::zeros([1, 3, 50], &device);
/// let target = Tensor::<2, Int>::from_ints([[7, 31, -100]], &device);
/// let batch = Multiclass::from_tokens(logits, target)?;
///
/// let perplexity = Perplexity::new().ignore_index(-100).evaluate(&batch)?;
/// assert!((perplexity.scalar().unwrap_or(0.0) - 50.0).abs() < 1e-4);
/// # Ok::<(), metrics_core::MetricError>(())
/// ```
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Perplexity {
    ignore_index: Option<i64>,
}

impl Perplexity {
    /// Over all tokens.
    pub fn new() -> Self {
        Self::default()
    }

    /// Tokens with this target, such as padding, are left out.
    pub fn ignore_index(mut self, label: i64) -> Self {
        self.ignore_index = Some(label);
        self
    }
}

impl Metric for Perplexity {
    type Accumulator = LogLikelihood;

    fn name(&self) -> String {
        "perplexity".into()
    }

    fn accumulator(&self) -> LogLikelihood {
        LogLikelihood {
            ignore_index: self.ignore_index,
        }
    }

    fn finalize(&self, sum: &LogLikelihoodSummary) -> Result<Value, MetricError> {
        Ok(sum.mean()?.exp().into())
    }

    fn higher_is_better(&self) -> Option<bool> {
        Some(false)
    }
}
