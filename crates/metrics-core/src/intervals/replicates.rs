//! What bootstraps yield.

use super::normal;
use crate::{Estimate, Metric, MetricError, Summary, SummaryOf, Value};

/// The numbers of a value, and whether the value is a single number; `None` if it has another form.
pub(super) fn numbers(value: &Value) -> Option<(Vec<f64>, bool)> {
    match value {
        Value::List(_) => None,
        _ => (value.scalar().map(|number| (vec![number], true)))
            .or_else(|| value.per_class().map(|numbers| (numbers.to_vec(), false))),
    }
}

/// The values of a metric on samples drawn from its data, and what these values say about the value on
/// the data itself.
///
/// Values per class are taken one by one. A replicate in which a value is undefined (such as the
/// AUROC of a sample without positives) is NaN in [`raw`](Self::raw) and left out of everything else.
#[derive(Debug, Clone, PartialEq)]
pub struct Replicates {
    observed: Vec<f64>,
    scalar: bool,
    raw: Vec<Vec<f64>>,
    /// The defined replicates in rising order, value by value.
    sorted: Vec<Vec<f64>>,
}

impl Replicates {
    /// From the value of the data and those of the samples.
    pub(super) fn new(
        observed: &Value,
        replicates: impl IntoIterator<Item = Result<Value, MetricError>>,
    ) -> Result<Self, MetricError> {
        let (observed, scalar) = numbers(observed).ok_or_else(|| {
            MetricError::InvalidOption(
                "only numbers can be bootstrapped, not matrices, curves, lists and records".into(),
            )
        })?;
        let mut raw = vec![vec![]; observed.len()];
        for value in replicates {
            let drawn = drawn(value, observed.len())?;
            raw.iter_mut()
                .zip(drawn)
                .for_each(|(list, number)| list.push(number));
        }
        let sort = |list: &Vec<f64>| {
            let mut defined: Vec<f64> = list.iter().copied().filter(|v| !v.is_nan()).collect();
            defined.sort_by(f64::total_cmp);
            defined
        };
        Ok(Self {
            sorted: raw.iter().map(sort).collect(),
            observed,
            scalar,
            raw,
        })
    }

    /// Every replicate of every value, in the order they were drawn.
    pub fn raw(&self) -> &[Vec<f64>] {
        &self.raw
    }

    /// The mean of the replicates.
    pub fn mean(&self) -> Value {
        self.each(|_, sorted| mean(sorted))
    }

    /// The standard deviation of the replicates, divided by their number less one: the standard error
    /// of the value.
    pub fn std(&self) -> Value {
        self.each(|_, sorted| {
            let mean = mean(sorted);
            let squares: f64 = sorted.iter().map(|value| (value - mean).powi(2)).sum();
            (squares / (sorted.len() as f64 - 1.0)).sqrt()
        })
    }

    /// A quantile of the replicates, interpolated between two of them.
    ///
    /// # Errors
    /// [`MetricError::InvalidOption`] outside `[0, 1]`.
    pub fn quantile(&self, q: f64) -> Result<Value, MetricError> {
        if (0.0..=1.0).contains(&q) {
            Ok(self.each(|_, sorted| quantile(sorted, q)))
        } else {
            Err(MetricError::InvalidOption(format!(
                "a quantile must be in [0, 1], not {q}"
            )))
        }
    }

    /// The intervals between quantiles of the replicates: one, or one per class.
    ///
    /// # Errors
    /// [`MetricError::InvalidOption`] for a level outside `(0, 1)`.
    pub fn percentile(&self, level: f64) -> Result<Vec<Estimate>, MetricError> {
        let tail = tail(level)?;
        Ok(self.estimates(|_, sorted| [tail, 1.0 - tail].map(|q| quantile(sorted, q))))
    }

    /// Efron's bias-corrected and accelerated intervals. Takes the value without an element of each kind,
    /// and how many elements are of that kind.
    pub(super) fn bca(
        &self,
        level: f64,
        jackknife: Vec<(u64, Result<Value, MetricError>)>,
    ) -> Result<Vec<Estimate>, MetricError> {
        let tail = tail(level)?;
        let mut left_out = vec![vec![]; self.observed.len()];
        for (count, value) in jackknife {
            let drawn = drawn(value, self.observed.len())?;
            let numbers = left_out.iter_mut().zip(drawn);
            let numbers = numbers.filter(|(_, number)| !number.is_nan());
            numbers.for_each(|(list, number)| list.push((count as f64, number)));
        }
        Ok(self.estimates(|place, sorted| {
            let bias = bias(sorted, self.observed[place]);
            let acceleration = acceleration(&left_out[place]);
            [tail, 1.0 - tail].map(|q| quantile(sorted, corrected(q, bias, acceleration)))
        }))
    }

    fn each(&self, f: impl Fn(usize, &[f64]) -> f64) -> Value {
        let numbers = self.sorted.iter().enumerate();
        let numbers: Vec<f64> = numbers.map(|(place, sorted)| f(place, sorted)).collect();
        match (self.scalar, numbers.as_slice()) {
            (true, [number]) => Value::Scalar(*number),
            _ => Value::PerClass(numbers),
        }
    }

    fn estimates(&self, ends: impl Fn(usize, &[f64]) -> [f64; 2]) -> Vec<Estimate> {
        let lists = self.sorted.iter().enumerate();
        lists
            .map(|(place, sorted)| {
                let [lower, upper] = ends(place, sorted);
                let value = self.observed[place];
                Estimate {
                    value,
                    lower,
                    upper,
                }
            })
            .collect()
    }
}

/// The value of a sample; [`MetricError::Empty`] if it leaves out more classes than the `undefined` ones of the data.
pub(super) fn replicate<M: Metric>(
    metric: &M,
    undefined: usize,
    summary: &SummaryOf<M>,
) -> Result<Value, MetricError> {
    if metric.undefined(summary) <= undefined {
        metric.finalize(summary)
    } else {
        Err(MetricError::Empty {
            rejected: summary.rejected(),
        })
    }
}

/// The numbers of a sample; NaN if the sample lacks what they need.
fn drawn(value: Result<Value, MetricError>, len: usize) -> Result<Vec<f64>, MetricError> {
    match value {
        Err(MetricError::Empty { .. } | MetricError::Undefined { .. }) => Ok(vec![f64::NAN; len]),
        value => Ok(numbers(&value?).map_or(vec![f64::NAN; len], |(numbers, _)| numbers)),
    }
}

/// The share on either side of an interval.
pub(super) fn tail(level: f64) -> Result<f64, MetricError> {
    if level > 0.0 && level < 1.0 {
        Ok((1.0 - level) / 2.0)
    } else {
        Err(MetricError::InvalidOption(format!(
            "the level of an interval must be between 0 and 1, not {level}"
        )))
    }
}

fn mean(values: &[f64]) -> f64 {
    values.iter().sum::<f64>() / values.len() as f64
}

/// Linear between the two nearest values, as numpy's and torch's default.
fn quantile(sorted: &[f64], q: f64) -> f64 {
    let Some(last) = sorted.len().checked_sub(1) else {
        return f64::NAN;
    };
    let place = q * last as f64;
    let below = (place as usize).min(last);
    let (low, high) = (sorted[below], sorted[(below + 1).min(last)]);
    // Two equal infinities have no difference.
    if low == high {
        return low;
    }
    low + (high - low) * (place - below as f64)
}

/// By how many standard deviations the value differs from the median of its replicates.
fn bias(sorted: &[f64], observed: f64) -> f64 {
    let below = sorted.partition_point(|value| *value < observed);
    let not_above = sorted.partition_point(|value| *value <= observed);
    let (share, half) = ((below + not_above) as f64, 1.0);
    let all = 2.0 * sorted.len() as f64;
    // All on one side say no more than that it is less than half a replicate.
    normal::quantile(share.clamp(half, (all - half).max(half)) / all)
}

/// A sixth of the skewness of the influence that elements have on the value.
fn acceleration(left_out: &[(f64, f64)]) -> f64 {
    let defined = || left_out.iter().filter(|(_, value)| !value.is_nan());
    let count: f64 = defined().map(|(count, _)| count).sum();
    let mean = defined().map(|(count, value)| count * value).sum::<f64>() / count;
    let moment = |power: i32| -> f64 {
        let terms = defined().map(|(count, value)| count * (mean - value).powi(power));
        terms.sum()
    };
    match moment(2) {
        squares if squares > 0.0 => moment(3) / (6.0 * squares.powf(1.5)),
        _ => 0.0,
    }
}

/// The quantile that takes the place of `q`.
fn corrected(q: f64, bias: f64, acceleration: f64) -> f64 {
    let z = bias + normal::quantile(q);
    let scale = 1.0 - acceleration * z;
    match scale > 0.0 {
        true => normal::cdf(bias + z / scale),
        // Beyond the pole of the formula.
        false if z > 0.0 => 1.0,
        false => 0.0,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn close(found: f64, expected: f64) {
        assert!((found - expected).abs() < 1e-9, "{found} is not {expected}");
    }

    const DATA: [f64; 10] = [0.2, 0.5, 1.1, 1.3, 2.0, 2.2, 3.9, 4.0, 7.5, 19.0];

    /// Replicates from a formula, of the mean of [`DATA`].
    fn replicates() -> Replicates {
        let replicate = |i: i32| 2.0 + 6.0 * (i as f64 * 0.6180339887498949).fract().powi(2);
        let values = (0..200).map(|i| Ok(replicate(i).into()));
        Replicates::new(&mean(&DATA).into(), values).unwrap()
    }

    fn jackknife() -> Vec<(u64, Result<Value, MetricError>)> {
        let sum: f64 = DATA.iter().sum();
        DATA.iter()
            .map(|x| (1, Ok(((sum - x) / 9.0).into())))
            .collect()
    }

    #[test]
    fn agrees_with_numpy() {
        let replicates = replicates();
        close(replicates.mean().scalar().unwrap(), 4.001139290306123);
        close(replicates.std().scalar().unwrap(), 1.8001490478046034);
        let [estimate] = replicates.percentile(0.95).unwrap()[..] else {
            panic!("one value")
        };
        close(estimate.value, 4.17);
        close(estimate.lower, 2.0040994245790813);
        close(estimate.upper, 7.71177790788967);
        let quantile = |q| replicates.quantile(q).unwrap().scalar().unwrap();
        close(quantile(0.1), 2.0596750439950244);
        assert!(replicates.quantile(1.1).is_err());
        assert_eq!(replicates.raw()[0].len(), 200);
    }

    /// scipy 1.16.3 `_bca_interval`, with these replicates.
    #[test]
    fn agrees_with_scipys_bca() {
        for (level, lower, upper) in [
            (0.95, 2.083562558064454, 7.953174920019155),
            (0.8, 2.371285222276538, 7.768371877976852),
        ] {
            let [estimate] = replicates().bca(level, jackknife()).unwrap()[..] else {
                panic!("one value")
            };
            close(estimate.lower, lower);
            close(estimate.upper, upper);
        }
    }

    #[test]
    fn alike_elements_count_as_often_as_they_are() {
        let twice: Vec<_> = jackknife().into_iter().chain(jackknife()).collect();
        let counted = jackknife()
            .into_iter()
            .map(|(_, value)| (2, value))
            .collect();
        let replicates = replicates();
        let [a, b] = [twice, counted].map(|list| replicates.bca(0.9, list).unwrap()[0]);
        close(a.lower, b.lower);
        close(a.upper, b.upper);
    }

    #[test]
    fn one_sided_and_constant_replicates_have_an_interval() {
        let constant = Replicates::new(&1.0.into(), vec![Ok(1.0.into()); 10]).unwrap();
        let all_above =
            Replicates::new(&0.0.into(), (1..11).map(|i| Ok((i as f64).into()))).unwrap();
        let one = |replicates: &Replicates, jackknife| replicates.bca(0.95, jackknife).unwrap()[0];
        let same = one(&constant, vec![(10, Ok(1.0.into()))]);
        assert_eq!([same.lower, same.upper], [1.0; 2]);
        let least = one(&all_above, jackknife());
        assert!(least.lower < 1.01 && least.upper < 5.0, "{least}");
    }

    #[test]
    fn undefined_replicates_are_left_out() {
        let empty = MetricError::Empty {
            rejected: Default::default(),
        };
        let values = [
            Ok(f64::NAN.into()),
            Ok(2.0.into()),
            Err(empty),
            Ok(4.0.into()),
        ];
        let replicates = Replicates::new(&3.0.into(), values).unwrap();
        assert_eq!(replicates.mean().scalar(), Some(3.0));
        assert_eq!(replicates.raw()[0].iter().filter(|v| v.is_nan()).count(), 2);
        let none = Replicates::new(&3.0.into(), [Ok(f64::NAN.into())]).unwrap();
        assert!(none.percentile(0.5).unwrap()[0].lower.is_nan());
        assert!(Replicates::new(&3.0.into(), [Err(MetricError::Custom("no".into()))]).is_err());
        assert!(Replicates::new(&Value::List(vec![1.0]), []).is_err());
    }
}
