use super::{
    per_output,
    ranks::{Ranking, concordance, pairs},
    suffix, value_per_output,
};
use crate::{
    Metric, MetricError, Value,
    regression::states::{RankPairs, RankPairsSummary},
};
use std::f64::consts::SQRT_2;

/// What [`KendallRankCorrCoef`] divides by; they differ where numbers are equal.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum KendallVariant {
    /// `(C - D) / (C + D)`: pairs with a tie do not count. With ties this is Goodman and Kruskal's
    /// gamma; Kendall's own tau-a divides by the number of all pairs.
    A,
    /// `(C - D) / sqrt((P - T_x) (P - T_y))`, of all `P` pairs those that are tied in neither.
    #[default]
    B,
    /// `2 (C - D) / (n² (m - 1) / m)`, Stuart's tau-c, where `m` is how many numbers differ from each
    /// other, in whichever of the two there are fewer.
    C,
}

/// What a test holds against the hypothesis that the ranks are independent.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum Alternative {
    /// The correlation is not 0.
    #[default]
    TwoSided,
    /// The correlation is negative.
    Less,
    /// The correlation is positive.
    Greater,
}

/// Kendall rank correlation coefficient: how many more pairs of rows are in the same order by
/// prediction and target (`C`, concordant) than in opposite order (`D`, discordant), as a share of
/// what the [`variant`](Self::variant) says.
///
/// Takes [`Regression`](crate::batch::Regression) batches without weights. All elements count as one
/// output, whatever the shape, unless [`outputs`](Self::outputs) says otherwise. The state is the
/// data: 8 bytes a pair on the device, 16 on the host once read; `compute` sorts it there, where
/// TorchMetrics compares all pairs.
///
/// With a [`t_test`](Self::t_test) the value is a [`Value::Record`] of the coefficient, `tau`, and its
/// `p_value`: numbers, or one per output. The p-value is that of the normal approximation, `z = (C - D) / sqrt(v)`, whose variance `v` takes ties into account, except in
/// variant A.
///
/// Ranges over `[-1, 1]`. Predictions or targets that are all equal, as of a single row, have no order:
/// coefficient and p-value are NaN, as in the reference (variant A: its p-value is 1). Of two rows
/// the reference has a p-value of NaN in variants B and C, from 0 / 0 in a term that is 0. Infinite
/// values are ordered as any others. No data is [`MetricError::Empty`], NaN is
/// [`MetricError::InvalidData`]. Reference: TorchMetrics 1.9.0 `KendallRankCorrCoef`, and SciPy
/// `kendalltau` for variants B and C.
///
/// ```
/// use metrics_core::{Metric, batch::Regression, regression::{Alternative, KendallRankCorrCoef}};
/// use burn::tensor::{Device, Tensor};
///
/// let device = Device::default();
/// let pred = Tensor::<1>::from_floats([0.1, 0.2, 0.9, 7.0, 8.0], &device);
/// let target = Tensor::<1>::from_floats([1.0, 3.0, 2.0, 4.0, 5.0], &device);
/// let batch = Regression::new(pred, target)?;
/// // 9 pairs are in order and 1 is not.
/// let tau = KendallRankCorrCoef::new();
/// assert_eq!(tau.evaluate(&batch)?.scalar(), Some(0.8));
/// let tested = tau.t_test(Alternative::Greater).evaluate(&batch)?;
/// let number = |name| tested.field(name).and_then(|value| value.scalar());
/// assert_eq!(number("tau"), Some(0.8));
/// assert!(number("p_value") < Some(0.05));
/// # Ok::<(), metrics_core::MetricError>(())
/// ```
#[derive(Debug, Clone, Default, PartialEq)]
pub struct KendallRankCorrCoef {
    variant: KendallVariant,
    test: Option<Alternative>,
    outputs: Option<usize>,
}

impl KendallRankCorrCoef {
    /// Over all elements, whatever the shape of the batch.
    pub fn new() -> Self {
        Self::default()
    }

    /// What the difference is divided by; default [`KendallVariant::B`].
    pub fn variant(mut self, variant: KendallVariant) -> Self {
        self.variant = variant;
        self
    }

    /// Gives the p-value as well, against the hypothesis that the ranks are independent.
    pub fn t_test(mut self, alternative: Alternative) -> Self {
        self.test = Some(alternative);
        self
    }

    value_per_output!();
}

impl Metric for KendallRankCorrCoef {
    type Accumulator = RankPairs;

    fn name(&self) -> String {
        let variant = match self.variant {
            KendallVariant::A => "_a",
            KendallVariant::B => "",
            KendallVariant::C => "_c",
        };
        let test = match self.test {
            None => "",
            Some(Alternative::TwoSided) => "_test",
            Some(Alternative::Less) => "_test_less",
            Some(Alternative::Greater) => "_test_greater",
        };
        let outputs = suffix(self.outputs);
        format!("kendall_rank_corr_coef{variant}{test}{outputs}")
    }

    fn accumulator(&self) -> RankPairs {
        RankPairs {
            outputs: self.outputs,
        }
    }

    fn finalize(&self, pairs: &RankPairsSummary) -> Result<Value, MetricError> {
        pairs.not_empty()?;
        let orders = pairs.each(Order::new);
        let taus = orders.iter().map(|order| order.tau(self.variant)).collect();
        let Some(alternative) = self.test else {
            return Ok(per_output(taus, self.outputs));
        };
        let tests = orders.iter().map(|order| order.z(self.variant));
        let p_values = tests.map(|z| p_value(z, alternative)).collect();
        Ok(Value::of_fields([
            ("tau", per_output(taus, self.outputs)),
            ("p_value", per_output(p_values, self.outputs)),
        ]))
    }

    fn is_scalar(&self) -> bool {
        self.outputs.is_none() && self.test.is_none()
    }
}

/// How pairs of rows are ordered.
struct Order {
    rows: f64,
    concordant: f64,
    discordant: f64,
    pred: Ranking,
    target: Ranking,
}

impl Order {
    fn new(pred: &[f64], target: &[f64]) -> Self {
        let rows = pred.len() as f64;
        let (pred, target) = (Ranking::new(pred), Ranking::new(target));
        let (concordant, discordant) = concordance(&pred, &target);
        Self {
            rows,
            concordant: concordant as f64,
            discordant: discordant as f64,
            pred,
            target,
        }
    }

    fn tau(&self, variant: KendallVariant) -> f64 {
        let difference = self.concordant - self.discordant;
        let tau = match variant {
            KendallVariant::A => difference / (self.concordant + self.discordant),
            KendallVariant::B => {
                let all = pairs(self.rows as u64);
                let untied = |ranking: &Ranking| (all - ranking.equal_pairs()) as f64;
                difference / (untied(&self.pred) * untied(&self.target)).sqrt()
            }
            KendallVariant::C => {
                let distinct = self.pred.distinct().min(self.target.distinct()) as f64;
                2.0 * difference / (self.rows * self.rows * (distinct - 1.0) / distinct)
            }
        };
        tau.clamp(-1.0, 1.0)
    }

    /// The difference over its standard deviation if the ranks are independent.
    ///
    /// Maurice G. Kendall, Rank Correlation Methods, fourth edition (1970), section 4.2.
    fn z(&self, variant: KendallVariant) -> f64 {
        let (n, difference) = (self.rows, self.concordant - self.discordant);
        let twice = n * (n - 1.0);
        let spread = |n: f64| n * (n - 1.0) * (2.0 * n + 5.0);
        if variant == KendallVariant::A {
            return difference / (spread(n) / 18.0).sqrt();
        }
        // The terms of the variance cancel, but for rounding.
        if self.pred.distinct() < 2 || self.target.distinct() < 2 {
            return f64::NAN;
        }
        let both = |term: fn(f64) -> f64| self.pred.ties(term) * self.target.ties(term);
        let triples = both(|t| t * (t - 1.0) * (t - 2.0));
        let mut variance = (spread(n) - self.pred.ties(spread) - self.target.ties(spread)) / 18.0;
        variance += both(|t| t * (t - 1.0)) / (2.0 * twice);
        if triples > 0.0 {
            variance += triples / (9.0 * twice * (n - 2.0));
        }
        difference / variance.sqrt()
    }
}

/// How likely a standard normal number is at least as far out.
fn p_value(z: f64, alternative: Alternative) -> f64 {
    match alternative {
        Alternative::TwoSided => libm::erfc(z.abs() / SQRT_2),
        Alternative::Less => libm::erfc(-z / SQRT_2) / 2.0,
        Alternative::Greater => libm::erfc(z / SQRT_2) / 2.0,
    }
}
