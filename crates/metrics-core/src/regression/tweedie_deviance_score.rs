use super::deviance::{exp_excess, log_ratio, number, relative_entropy};
use crate::{
    Identity, Metric, MetricError, Reason, Value,
    ops::{
        math::power,
        pairs::TermsKernel,
        scalar::{OfPair, exp, ln},
    },
    regression::states::{LANES, MAX_SUMS, PairSums, PairSumsSummary, PairTerms},
};
use burn::tensor::{Bool, Tensor};

/// Mean deviance of the Tweedie distribution of a power `p`, of targets `y` from predicted means `m`.
///
/// | power | distribution | deviance | predictions | targets |
/// | --- | --- | --- | --- | --- |
/// | below 0 | extreme stable | `2 (max(y, 0)^(2-p) / ((1-p) (2-p)) - y m^(1-p) / (1-p) + m^(2-p) / (2-p))` | above 0 | any |
/// | 0 | normal | `(y - m)²` | any | any |
/// | 1 | Poisson | `2 (y ln(y / m) - y + m)` | above 0 | 0 or more |
/// | 1 to 2 | compound Poisson | as below 0 | above 0 | 0 or more |
/// | 2 | gamma | `2 (ln(m / y) + y / m - 1)` | above 0 | above 0 |
/// | above 2 | stable, of which 3 inverse Gaussian | as below 0 | above 0 | above 0 |
///
/// There is none between 0 and 1: such a power, or one that is not finite, is
/// [`MetricError::InvalidOption`].
///
/// Takes [`Regression`](crate::batch::Regression) batches; every element counts, whatever the shape.
/// Ranges over `[0, inf]`. Values outside of what the power allows are [`MetricError::InvalidData`],
/// counted as invalid predictions and targets; TorchMetrics and scikit-learn raise. Deviances are
/// computed in `f32` in forms that do not cancel where prediction and target are close; powers within
/// 0.1 above 1 lose up to two digits.
///
/// Weights of the batch make it a weighted mean. No data, or none of any weight, is
/// [`MetricError::Empty`], NaN is [`MetricError::InvalidData`], and so are infinite values that leave
/// the deviance undefined. Reference: TorchMetrics 1.9.0 `TweedieDevianceScore`, which leaves open
/// whether less is better; it is.
///
/// ```
/// use metrics_core::{Metric, batch::Regression, regression::TweedieDevianceScore};
/// use burn::tensor::{Device, Tensor};
///
/// let device = Device::default();
/// let pred = Tensor::<1>::from_floats([4.0, 1.0, 2.0], &device);
/// let target = Tensor::<1>::from_floats([1.0, 1.0, 0.0], &device);
/// let batch = Regression::new(pred, target)?;
///
/// let normal = TweedieDevianceScore::new().evaluate(&batch)?;
/// assert_eq!(normal.scalar(), Some((9.0 + 4.0) / 3.0));
/// let poisson = TweedieDevianceScore::new().power(1.0).evaluate(&batch)?;
/// let expected = (2.0 * (3.0 - 4f64.ln()) + 4.0) / 3.0;
/// assert!((poisson.scalar().unwrap() - expected).abs() < 1e-6);
/// # Ok::<(), metrics_core::MetricError>(())
/// ```
#[derive(Debug, Clone, Default, PartialEq, serde::Serialize)]
pub struct TweedieDevianceScore {
    #[serde(with = "crate::number")]
    power: f64,
}

impl TweedieDevianceScore {
    /// Of power 0, which is the mean squared error.
    pub fn new() -> Self {
        Self::default()
    }

    /// The power of the mean that the distribution's variance is proportional to; default 0.
    pub fn power(mut self, power: f64) -> Self {
        self.power = power;
        self
    }
}

impl PairTerms for TweedieDevianceScore {
    fn identity(&self) -> Identity {
        Identity::new("tweedie_deviance_score", 1).with(self)
    }

    fn validate(&self) -> Result<(), MetricError> {
        if self.power.is_finite() && !(self.power > 0.0 && self.power < 1.0) {
            Ok(())
        } else {
            Err(MetricError::InvalidOption(format!(
                "there is no Tweedie distribution of power {}",
                self.power
            )))
        }
    }

    fn invalid_prediction(&self, pred: Tensor<2>) -> Option<Tensor<2, Bool>> {
        (self.power != 0.0).then(|| pred.lower_equal_elem(0.0))
    }

    fn invalid_target(&self, target: Tensor<2>) -> Option<Tensor<2, Bool>> {
        match self.power {
            power if power < 1.0 => None,
            power if power < 2.0 => Some(target.lower_elem(0.0)),
            _ => Some(target.lower_equal_elem(0.0)),
        }
    }

    fn terms(&self, pred: Tensor<2>, target: Tensor<2>) -> Vec<Tensor<2>> {
        vec![match self.power {
            0.0 => (pred - target).square(),
            1.0 => relative_entropy(target, pred) * 2.0,
            2.0 => log_ratio(target, pred).1 * 2.0,
            power => deviance(pred, target, 2.0 - power),
        }]
    }

    fn kernel(&self) -> Option<TermsKernel> {
        Some(match self.power {
            0.0 => TermsKernel::SquaredError,
            1.0 => TermsKernel::PoissonDeviance,
            1.5 => TermsKernel::CompoundDeviance,
            2.0 => TermsKernel::GammaDeviance,
            power => TermsKernel::Deviance(power.to_bits()),
        })
    }

    const BY_NUMBER: bool = true;

    #[inline(always)]
    fn rejects_pair(&self, pred: f64, target: f64) -> Option<Reason> {
        let above_zero = f64::from_bits(1);
        let least_target = match self.power {
            power if power < 1.0 => f64::NEG_INFINITY,
            power if power < 2.0 => 0.0,
            _ => above_zero,
        };
        let least_pred = if self.power == 0.0 {
            f64::NEG_INFINITY
        } else {
            above_zero
        };
        match () {
            _ if target < least_target => Some(Reason::InvalidTarget),
            _ if pred < least_pred => Some(Reason::InvalidPrediction),
            _ => None,
        }
    }

    #[inline(always)]
    fn of_pair(&self, pred: f64, target: f64) -> [f64; MAX_SUMS] {
        let deviance = match self.power {
            0.0 => Normal.of(pred, target),
            1.0 => Poisson.of(pred, target),
            1.5 => Compound.of(pred, target),
            2.0 => Gamma.of(pred, target),
            power => Other(2.0 - power).of(pred, target),
        };
        [deviance[0], 0.0]
    }

    #[inline(always)]
    fn of_pairs(&self, pred: &[f64; LANES], target: &[f64; LANES]) -> [[f64; LANES]; MAX_SUMS] {
        let deviances = match self.power {
            0.0 => each(pred, target, Normal),
            1.0 => each(pred, target, Poisson),
            1.5 => each(pred, target, Compound),
            2.0 => each(pred, target, Gamma),
            power => each(pred, target, Other(2.0 - power)),
        };
        [deviances, [0.0; LANES]]
    }
}

#[inline(always)]
fn each(pred: &[f64; LANES], target: &[f64; LANES], deviance: impl OfPair<1>) -> [f64; LANES] {
    let mut deviances = [0.0; LANES];
    for lane in 0..LANES {
        [deviances[lane]] = deviance.of(pred[lane], target[lane]);
    }
    deviances
}

/// Power 0.
struct Normal;

impl OfPair<1> for Normal {
    #[inline(always)]
    fn of(&self, pred: f64, target: f64) -> [f64; 1] {
        [(pred - target) * (pred - target)]
    }
}

/// Power 1.
struct Poisson;

impl OfPair<1> for Poisson {
    #[inline(always)]
    fn of(&self, pred: f64, target: f64) -> [f64; 1] {
        [2.0 * number::relative_entropy(target, pred)]
    }
}

/// Power 1.5: `4 (√y - √m)² / √m`, without the difference of the roots.
struct Compound;

impl OfPair<1> for Compound {
    #[inline(always)]
    fn of(&self, pred: f64, target: f64) -> [f64; 1] {
        let root = pred.sqrt();
        let sum = root + target.sqrt();
        let distance = pred - target;
        [4.0 * distance * distance / (sum * sum * root)]
    }
}

/// Power 2.
struct Gamma;

impl OfPair<1> for Gamma {
    #[inline(always)]
    fn of(&self, pred: f64, target: f64) -> [f64; 1] {
        [2.0 * number::log_ratio(target, pred).1]
    }
}

/// The deviance of power `2 - a`. With `r = y / m` it is `2 m^a (r^a - 1 - a (r - 1)) / (a (a - 1))`,
/// where `r^a - 1` and `r - 1` are `a ln(r)` and `ln(r)` and what they exceed these by.
fn deviance(pred: Tensor<2>, target: Tensor<2>, a: f64) -> Tensor<2> {
    let ratio = target.clone() / pred.clone();
    let (log, excess) = log_ratio(target.clone(), pred.clone());
    let exp = power(ratio.clone(), a);
    let both = exp_excess(log * a, exp) - excess * a;
    let positive = both * (1.0 / (a * (a - 1.0)));
    // Without the power of the target, which is 0.
    let rest = ratio * (-1.0 / (a - 1.0)) + 1.0 / a;
    let unit = positive.mask_where(target.lower_equal_elem(0.0), rest);
    power(pred, a) * unit * 2.0
}

/// The same of one pair.
struct Other(f64);

impl OfPair<1> for Other {
    #[inline(always)]
    fn of(&self, pred: f64, target: f64) -> [f64; 1] {
        let a = self.0;
        let (log, excess) = number::log_ratio(target, pred);
        let positive = (number::exp_excess(log * a) - excess * a) / (a * (a - 1.0));
        let rest = (target / pred) * (-1.0 / (a - 1.0)) + 1.0 / a;
        let unit = if target <= 0.0 { rest } else { positive };
        [2.0 * exp(a * ln(pred)) * unit]
    }
}

impl Metric for TweedieDevianceScore {
    type Accumulator = PairSums<Self>;

    fn name(&self) -> String {
        match self.power {
            0.0 => "tweedie_deviance_score".into(),
            power => format!("tweedie_deviance_score_{power}"),
        }
    }

    fn accumulator(&self) -> PairSums<Self> {
        PairSums::new(self.clone())
    }

    fn finalize(&self, totals: &PairSumsSummary) -> Result<Value, MetricError> {
        Ok(totals.mean()?.into())
    }

    fn higher_is_better(&self) -> Option<bool> {
        Some(false)
    }
}
