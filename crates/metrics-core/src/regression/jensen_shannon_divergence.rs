use super::{
    deviance::{number, relative_entropy},
    distribution,
    divergence::{Divergence, DivergenceTerms},
};
use crate::{
    Identity, Reason,
    ops::{
        pairs::TermsKernel,
        scalar::{Element, OfPair},
    },
    regression::states::{MAX_SUMS, PairTerms, Unit},
};
use burn::tensor::{Bool, Tensor};

/// Jensen-Shannon divergence of the rows, and the mean or sum of that over the rows: the mean of the
/// Kullback-Leibler divergences of `p` and `q` from `m = (p + q) / 2`, in nats.
///
/// Takes [`Regression`](crate::batch::Regression) batches `[N, D]` (`multi_output`), a row being a
/// distribution; which of the two comes first does not matter. Rows are divided by their sum, unless
/// they are logarithms of probabilities ([`log_prob`](Divergence::log_prob)).
///
/// The divergence of a row ranges over `[0, ln 2]`. An entry of 0 adds nothing, also as a logarithm,
/// of which TorchMetrics makes NaN. A row with a negative entry, or without a positive one, is no
/// distribution: [`MetricError::InvalidData`](crate::MetricError::InvalidData), counted as an invalid
/// prediction or target. TorchMetrics makes NaN or a number of it.
///
/// Weights of the batch multiply the divergences, and make the mean a weighted one. No data, or none
/// of any weight, is [`MetricError::Empty`](crate::MetricError::Empty), NaN and infinity are
/// [`MetricError::InvalidData`](crate::MetricError::InvalidData). Reference: TorchMetrics 1.9.0
/// `JensenShannonDivergence`; its reduction `"none"` is [`per_row`](Divergence::per_row).
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
pub type JensenShannonDivergence = Divergence<JensenShannonTerms>;

/// The terms of [`JensenShannonDivergence`].
#[derive(Debug, Clone, Default, PartialEq, serde::Serialize)]
pub struct JensenShannonTerms {
    log_prob: bool,
}

impl DivergenceTerms for JensenShannonTerms {
    const NAME: &'static str = "jensen_shannon_divergence";

    fn set_log_prob(&mut self, log_prob: bool) {
        self.log_prob = log_prob;
    }
}

impl PairTerms for JensenShannonTerms {
    fn identity(&self) -> Identity {
        Identity::new("jensen_shannon_divergence", 1).with(self)
    }

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

    fn kernel(&self) -> Option<TermsKernel> {
        Some(TermsKernel::JensenShannon(self.log_prob))
    }

    const BY_NUMBER: bool = true;

    #[inline(always)]
    fn of_row<E: Element>(&self, pred: &[E], target: &[E]) -> Result<[f64; MAX_SUMS], Reason> {
        let rows = distribution::Numbers::of(pred, target, self.log_prob)?;
        Ok([rows.sum(FromTheMean) / 2.0, 0.0])
    }
}

/// The divergences of both entries from their mean.
struct FromTheMean;

impl OfPair<1> for FromTheMean {
    #[inline(always)]
    fn of(&self, p: f64, q: f64) -> [f64; 1] {
        let mean = (p + q) * 0.5;
        [number::relative_entropy(p, mean) + number::relative_entropy(q, mean)]
    }
}
