use super::{
    deviance::{RelativeEntropy, relative_entropy},
    distribution,
    divergence::{Divergence, DivergenceTerms},
};
use crate::{
    Identity, Reason,
    ops::{
        pairs::TermsKernel,
        scalar::{Element, OfPair, exp},
    },
    regression::states::{MAX_SUMS, PairTerms, Unit},
};

use burn::tensor::{Bool, Tensor};

/// Kullback-Leibler divergence of the rows, `sum(p ln(p / q))` in nats, and the mean or sum of that
/// over the rows.
///
/// Takes [`Regression`](crate::batch::Regression) batches `[N, D]` (`multi_output`), a row being a
/// distribution. As in the reference, the first of the two, the predictions, is `p`, and the second,
/// the targets, is `q`: for the divergence of predictions from targets as the data's distribution, give
/// the targets first. Rows are divided by their sum, unless they are logarithms of probabilities
/// ([`log_prob`](Divergence::log_prob)).
///
/// Ranges over `[0, inf]`: it is infinite where `q` is 0 and `p` is not. Where `p` is 0, whatever `q`
/// is adds nothing, also with logarithms, of which TorchMetrics makes NaN. A row with a negative
/// entry, or without a positive one, is no distribution:
/// [`MetricError::InvalidData`](crate::MetricError::InvalidData), counted as an invalid prediction or
/// target. TorchMetrics makes NaN or a number of it.
///
/// Weights of the batch multiply the divergences, and make the mean a weighted one. No data, or none
/// of any weight, is [`MetricError::Empty`](crate::MetricError::Empty), NaN and infinity are
/// [`MetricError::InvalidData`](crate::MetricError::InvalidData). Reference: TorchMetrics 1.9.0
/// `KLDivergence`; its reduction `"none"` is [`per_row`](Divergence::per_row).
///
/// ```
/// use metrics_core::{Metric, batch::Regression, regression::KlDivergence};
/// use burn::tensor::{Device, Tensor};
///
/// let device = Device::default();
/// let p = Tensor::<2>::from_floats([[0.5, 0.5], [0.0, 1.0]], &device);
/// let q = Tensor::<2>::from_floats([[0.5, 0.5], [0.5, 0.5]], &device);
/// let batch = Regression::multi_output(p, q)?;
/// let divergence = KlDivergence::new().evaluate(&batch)?.scalar().unwrap();
/// assert!((divergence - 2f64.ln() / 2.0).abs() < 1e-7);
/// # Ok::<(), metrics_core::MetricError>(())
/// ```
pub type KlDivergence = Divergence<KlTerms>;

/// The terms of [`KlDivergence`].
#[derive(Debug, Clone, Default, PartialEq, serde::Serialize)]
pub struct KlTerms {
    log_prob: bool,
}

impl DivergenceTerms for KlTerms {
    const NAME: &'static str = "kl_divergence";

    fn set_log_prob(&mut self, log_prob: bool) {
        self.log_prob = log_prob;
    }
}

impl PairTerms for KlTerms {
    fn identity(&self) -> Identity {
        Identity::new("kl_divergence", 1).with(self)
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
        let p = distribution::probabilities(pred.clone(), self.log_prob);
        let terms = if self.log_prob {
            let impossible = p.clone().equal_elem(0.0);
            (p * (pred - target)).mask_fill(impossible, 0.0)
        } else {
            relative_entropy(p, distribution::probabilities(target, false))
        };
        vec![terms.sum_dim(1)]
    }

    fn kernel(&self) -> Option<TermsKernel> {
        Some(TermsKernel::KullbackLeibler(self.log_prob))
    }

    const BY_NUMBER: bool = true;

    #[inline(always)]
    fn of_row<E: Element>(&self, pred: &[E], target: &[E]) -> Result<[f64; MAX_SUMS], Reason> {
        let rows = distribution::Numbers::of(pred, target, self.log_prob)?;
        let terms = if self.log_prob {
            rows.sum_entries(OfLogarithms)
        } else {
            rows.sum(RelativeEntropy)
        };
        Ok([terms, 0.0])
    }
}

/// The divergence of an entry, of logarithms of probabilities.
struct OfLogarithms;

impl OfPair<1> for OfLogarithms {
    #[inline(always)]
    fn of(&self, log_p: f64, log_q: f64) -> [f64; 1] {
        let p = exp(log_p);
        let term = p * (log_p - log_q);
        [if p == 0.0 { 0.0 } else { term }]
    }
}
