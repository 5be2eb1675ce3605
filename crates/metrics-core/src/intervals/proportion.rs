//! Intervals of shares in closed form.

use super::{
    bootstrap::one,
    normal::{self, bisect},
    replicates::tail,
};
use crate::{
    Estimate, Metric, MetricError, Value,
    classification::{
        Average, ClassMetric,
        rules::{ConfusionRule, RuleOptions},
    },
    states::{ClassCounts, ConfusionBatch, ConfusionSummary, TaskKind},
};

/// How the interval of a share is computed.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum ProportionMethod {
    /// Wilson's score interval: contains the true share as often as asked, on average.
    #[default]
    Wilson,
    /// Clopper and Pearson's exact interval: contains it at least as often as asked, and is wider.
    ClopperPearson,
}

impl ProportionMethod {
    /// The interval of the probability of a hit, given `hits` hits in `n` trials.
    ///
    /// Without trials the share is NaN and its interval `[0, 1]`. Reference: scipy 1.16 `binomtest(..).proportion_ci`,
    /// whose methods `wilson` and `exact` these are.
    ///
    /// ```
    /// use metrics_core::intervals::ProportionMethod;
    ///
    /// let estimate = ProportionMethod::Wilson.interval(9, 10, 0.95)?;
    /// assert_eq!(format!("{estimate}"), "0.9000 [0.5958, 0.9821]");
    /// # Ok::<(), metrics_core::MetricError>(())
    /// ```
    ///
    /// # Errors
    /// [`MetricError::InvalidOption`] for a level outside `(0, 1)` or more hits than trials.
    pub fn interval(self, hits: u64, n: u64, level: f64) -> Result<Estimate, MetricError> {
        let tail = tail(level)?;
        if hits > n {
            return Err(MetricError::InvalidOption(format!(
                "{hits} of {n} are no share"
            )));
        }
        let (k, n) = (hits as f64, n as f64);
        let [lower, upper] = match self {
            _ if n == 0.0 => [0.0, 1.0],
            Self::Wilson => wilson(k, n, tail),
            Self::ClopperPearson => clopper_pearson(k, n, tail),
        };
        Ok(Estimate {
            value: k / n,
            lower,
            upper,
        })
    }
}

fn wilson(k: f64, n: f64, tail: f64) -> [f64; 2] {
    let z = -normal::quantile(tail);
    let middle = k + z * z / 2.0;
    let half = z * (k * (n - k) / n + z * z / 4.0).sqrt();
    let all = n + z * z;
    // At the ends of the range the roots cancel, but for rounding.
    let lower = if k == 0.0 { 0.0 } else { (middle - half) / all };
    let upper = if k == n { 1.0 } else { (middle + half) / all };
    [lower, upper]
}

/// The probabilities of a hit for which `k` hits or more, or `k` hits or fewer, of `n` are `tail` likely.
fn clopper_pearson(k: f64, n: f64, tail: f64) -> [f64; 2] {
    let quantile = |a: f64, b: f64, p: f64| bisect(0.0, 1.0, |x| beta(x, a, b) < p);
    let lower = |k: f64| {
        if k == 0.0 {
            0.0
        } else {
            quantile(k, n - k + 1.0, tail)
        }
    };
    // From the other side, so that no digits are lost near 1.
    [lower(k), 1.0 - lower(n - k)]
}

/// The regularized incomplete beta function, by its continued fraction (DLMF 8.17.22).
fn beta(x: f64, a: f64, b: f64) -> f64 {
    if x <= 0.0 || x >= 1.0 {
        return x.clamp(0.0, 1.0);
    }
    // The fraction converges fast below the mean.
    if x > (a + 1.0) / (a + b + 2.0) {
        return 1.0 - beta(1.0 - x, b, a);
    }
    let power = a * x.ln() + b * (-x).ln_1p();
    let front = (libm::lgamma(a + b) - libm::lgamma(a) - libm::lgamma(b) + power).exp() / a;
    let coefficient = |i: u64| {
        let m = (i / 2) as f64;
        match i % 2 {
            0 => m * (b - m) * x / ((a + 2.0 * m - 1.0) * (a + 2.0 * m)),
            _ => -(a + m) * (a + b + m) * x / ((a + 2.0 * m) * (a + 2.0 * m + 1.0)),
        }
    };
    // Lentz's method.
    let (mut fraction, mut c, mut d) = (1.0, 1.0, 0.0);
    for i in 1..1_000_000 {
        let step = coefficient(i);
        d = 1.0 / (1.0 + step * d);
        c = 1.0 + step / c;
        fraction *= c * d;
        if (c * d - 1.0).abs() < 1e-15 {
            break;
        }
    }
    front / fraction
}

/// A rule that is a share: the number of hits among a number of outcomes.
pub trait Proportion: ConfusionRule {
    /// The number of hits and the number of outcomes that count at all.
    fn proportion(&self, counts: &ClassCounts, options: &RuleOptions) -> (f64, f64);
}

/// A metric that is a share of the elements, with its interval in closed form.
///
/// Made by `interval`: `Accuracy::binary().interval(0.95)`. Its value is a [`Value::Estimate`]. For a metric
/// with a value per class, [`estimates`](Self::estimates) has the intervals. Only a share in which every element
/// counts once has such an interval: binary metrics, metrics per class or label, and micro averages over
/// classes whose denominators are the elements (accuracy, precision, recall). Other averages are
/// [`MetricError::InvalidOption`]; use [`Bootstrap`](super::Bootstrap) for them. A share of nothing has the interval
/// `[0, 1]`, and so has a class that is the `ignore_index`, with NaN; no data is [`MetricError::Empty`], and elements with weights are
/// [`MetricError::InvalidOption`]. Reference: scipy 1.16 `binomtest`.
///
/// ```
/// use metrics_core::{Metric, batch::Binary, classification::Accuracy};
/// use burn::tensor::{Device, Int, Tensor};
///
/// let device = Device::default();
/// let pred = Tensor::<1, Int>::from_ints([1, 0, 1, 1], &device);
/// let target = Tensor::<1, Int>::from_ints([1, 0, 0, 1], &device);
/// let value = Accuracy::binary().interval(0.95).evaluate(&Binary::from_labels(pred, target)?)?;
/// assert_eq!(value.to_string(), "0.7500 [0.3006, 0.9544]");
/// # Ok::<(), metrics_core::MetricError>(())
/// ```
#[derive(Debug, Clone, PartialEq)]
pub struct ProportionInterval<M> {
    metric: M,
    level: f64,
    method: ProportionMethod,
}

impl<R: Proportion, B: ConfusionBatch> ClassMetric<R, B> {
    /// The metric with an interval that contains the true share with the probability `level`; see
    /// [`ProportionInterval`].
    pub fn interval(self, level: f64) -> ProportionInterval<Self> {
        ProportionInterval {
            metric: self,
            level,
            method: ProportionMethod::default(),
        }
    }
}

impl<M> ProportionInterval<M> {
    /// How the interval is computed; default [`ProportionMethod::Wilson`].
    pub fn method(mut self, method: ProportionMethod) -> Self {
        self.method = method;
        self
    }
}

impl<R: Proportion, B: ConfusionBatch> ProportionInterval<ClassMetric<R, B>> {
    /// The share with its interval, or those of each class.
    ///
    /// # Errors
    /// [`MetricError::Empty`]; [`MetricError::InvalidOption`] for a level outside `(0, 1)`, and if the
    /// value is not a share of elements.
    pub fn estimates(&self, counts: &ConfusionSummary) -> Result<Vec<Estimate>, MetricError> {
        counts.not_empty()?;
        if counts.tally.is_weighted() {
            return Err(MetricError::InvalidOption(
                "a share of weights has no interval in closed form; use a Poisson bootstrap".into(),
            ));
        }
        let options = self.metric.options();
        let share = |counts: &ClassCounts| self.metric.rule().proportion(counts, options);
        let mut classes = counts.classes();
        if options.task != TaskKind::Binary && options.average != Average::None {
            let sum: ClassCounts = classes.into_iter().sum();
            let elements = counts.total();
            let once = options.task == TaskKind::Multiclass && share(&sum).1 == elements;
            if options.average != Average::Micro || !once {
                return Err(MetricError::InvalidOption(format!(
                    "{} is no share in which every element counts once; a bootstrap has its interval",
                    self.metric.name()
                )));
            }
            classes = vec![sum];
        }
        let ignored = options
            .ignored_class(classes.len())
            .filter(|_| options.average == Average::None);
        let estimate = |(class, counts): (usize, &ClassCounts)| {
            if Some(class) == ignored {
                return self.method.interval(0, 0, self.level);
            }
            let (hits, n) = share(counts);
            let mut estimate = (self.method).interval(hits as u64, n as u64, self.level)?;
            estimate.value = options.divide(hits, n);
            Ok(estimate)
        };
        classes.iter().enumerate().map(estimate).collect()
    }
}

impl<R: Proportion, B: ConfusionBatch> Metric for ProportionInterval<ClassMetric<R, B>> {
    type Accumulator = B::Accumulator;

    fn name(&self) -> String {
        format!("{}_interval", self.metric.name())
    }

    fn accumulator(&self) -> B::Accumulator {
        self.metric.accumulator()
    }

    fn validate(&self) -> Result<(), MetricError> {
        tail(self.level)?;
        self.metric.validate()
    }

    fn finalize(&self, counts: &ConfusionSummary) -> Result<Value, MetricError> {
        one(&self.estimates(counts)?)
    }

    fn higher_is_better(&self) -> Option<bool> {
        self.metric.higher_is_better()
    }

    fn is_scalar(&self) -> bool {
        self.metric.is_scalar()
    }
}
