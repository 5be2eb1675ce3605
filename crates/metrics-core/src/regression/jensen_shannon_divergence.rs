use super::{
    PerRow, Reduction,
    deviance::{number, relative_entropy},
    distribution,
};
use crate::{
    Metric, MetricError, Reason, Value,
    regression::states::{MAX_SUMS, PairSums, PairSumsSummary, PairTerms, Unit},
};
use burn::tensor::{Bool, Tensor};

/// Jensen-Shannon divergence of the rows, and the mean or sum of that over the rows: the mean of the
/// Kullback-Leibler divergences of `p` and `q` from `m = (p + q) / 2`, in nats.
///
/// Takes [`Regression`](crate::batch::Regression) batches `[N, D]` (`multi_output`), a row being a
/// distribution; which of the two comes first does not matter. Rows are divided by their sum, unless
/// they are logarithms of probabilities ([`log_prob`](Self::log_prob)).
///
/// The divergence of a row ranges over `[0, ln 2]`. An entry of 0 adds nothing, also as a logarithm, of
/// which TorchMetrics makes NaN. A row with a negative entry, or without a positive one, is no
/// distribution: [`MetricError::InvalidData`], counted as an invalid prediction or target. TorchMetrics
/// makes NaN or a number of it.
///
/// Weights of the batch multiply the divergences, and make the mean a weighted one. No data, or none of
/// any weight, is [`MetricError::Empty`], NaN and infinity are [`MetricError::InvalidData`]. Reference:
/// TorchMetrics 1.9.0 `JensenShannonDivergence`; its reduction `"none"` is [`per_row`](Self::per_row).
///
/// ```
/// use metrics_core::{Metric, batch::Regression, regression::JensenShannonDivergence};
/// use burn::tensor::{Device, Tensor};
///
/// let device = Device::default();
/// let p = Tensor::<2>::from_floats([[1.0, 0.0], [0.25, 0.75]], &device);
/// let q = Tensor::<2>::from_floats([[0.0, 1.0], [1.0, 3.0]], &device);
/// let batch = Regression::multi_output(p, q)?;
/// let divergence = JensenShannonDivergence::new().evaluate(&batch)?;
/// assert!((divergence.scalar().unwrap() - 2f64.ln() / 2.0).abs() < 1e-7);
/// # Ok::<(), metrics_core::MetricError>(())
/// ```
#[derive(Debug, Clone, PartialEq)]
pub struct JensenShannonDivergence {
    terms: JensenShannonTerms,
    reduction: Reduction,
}

/// The terms of [`JensenShannonDivergence`].
#[derive(Debug, Clone, PartialEq)]
pub struct JensenShannonTerms {
    log_prob: bool,
}

impl Default for JensenShannonDivergence {
    fn default() -> Self {
        Self::new()
    }
}

impl JensenShannonDivergence {
    /// The mean over all rows, which are probabilities or in proportion to these.
    pub fn new() -> Self {
        Self {
            terms: JensenShannonTerms { log_prob: false },
            reduction: Reduction::Mean,
        }
    }

    /// Takes rows as logarithms of probabilities, which must add up to 1; default `false`.
    pub fn log_prob(mut self, log_prob: bool) -> Self {
        self.terms.log_prob = log_prob;
        self
    }

    /// How the divergences become one; default [`Reduction::Mean`].
    pub fn reduction(mut self, reduction: Reduction) -> Self {
        self.reduction = reduction;
        self
    }

    /// The divergence of every row.
    pub fn per_row(self) -> PerRow<Self> {
        PerRow::new(self, NAME)
    }
}

const NAME: &str = "jensen_shannon_divergence";

impl PairTerms for JensenShannonTerms {
    fn unit(&self) -> Unit {
        Unit::Rows
    }

    fn invalid_prediction(&self, pred: Tensor<2>) -> Option<Tensor<2, Bool>> {
        Some(distribution::invalid(pred, self.log_prob))
    }

    fn invalid_target(&self, target: Tensor<2>) -> Option<Tensor<2, Bool>> {
        Some(distribution::invalid(target, self.log_prob))
    }

    fn terms(&self, pred: Tensor<2>, target: Tensor<2>) -> Vec<Tensor<2>> {
        let p = distribution::probabilities(pred, self.log_prob);
        let q = distribution::probabilities(target, self.log_prob);
        let mean = (p.clone() + q.clone()) * 0.5;
        let both = relative_entropy(p, mean.clone()) + relative_entropy(q, mean);
        vec![both.sum_dim(1) * 0.5]
    }

    const BY_NUMBER: bool = true;

    #[inline(always)]
    fn of_row(&self, pred: &[f32], target: &[f32]) -> Result<[f64; MAX_SUMS], Reason> {
        let rows = distribution::Numbers::of(pred, target, self.log_prob)?;
        let terms = rows.sum(|p, q| {
            let mean = (p + q) / 2.0;
            number::relative_entropy(p, mean) + number::relative_entropy(q, mean)
        });
        Ok([terms / 2.0, 0.0])
    }
}

impl Metric for JensenShannonDivergence {
    type Accumulator = PairSums<JensenShannonTerms>;

    fn name(&self) -> String {
        match self.reduction {
            Reduction::Mean => NAME.into(),
            Reduction::Sum => format!("{NAME}_sum"),
        }
    }

    fn accumulator(&self) -> PairSums<JensenShannonTerms> {
        PairSums::new(self.terms.clone())
    }

    fn finalize(&self, totals: &PairSumsSummary) -> Result<Value, MetricError> {
        self.reduction.apply(totals)
    }

    fn higher_is_better(&self) -> Option<bool> {
        Some(false)
    }
}
