use super::states::{Coincidences, CoincidencesSummary};
use crate::{Metric, MetricError, Value};

/// How far apart two ratings are.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum Level {
    /// Different values are different: 1.
    #[default]
    Nominal,
    /// By how many ratings lie between them, squared.
    Ordinal,
    /// By their difference, squared.
    Interval,
}

/// Krippendorff's alpha: how far raters agree, beyond chance, with any number of raters and ratings that are missing.
///
/// `1 - D_o / D_e`: the disagreement within units over that of ratings put together at random, by the [level](Level) of measurement. At
/// most 1; 0 for chance. Takes [`Ratings`](crate::batch::Ratings), NaN where one is missing. A unit with one rating does not count.
///
/// If no unit has two ratings, or all ratings are equal, there is nothing to agree on: [`MetricError::Undefined`]. No data is
/// [`MetricError::Empty`]; an infinite rating is [`MetricError::InvalidData`]. The state has a count for each pair of values that occurs.
/// Reference: `krippendorff` 0.9 `alpha`; Krippendorff, Computing Krippendorff's Alpha-Reliability, 2011. TorchMetrics has none.
///
/// ```
/// use metrics_core::{Metric, batch::Ratings, nominal::KrippendorffAlpha};
/// use burn::tensor::{Device, Tensor};
///
/// let device = Device::default();
/// let ratings = Tensor::<2>::from_floats([[1.0, 1.0], [2.0, 2.0], [1.0, 2.0], [2.0, f32::NAN]], &device);
/// let value = KrippendorffAlpha::nominal().evaluate(&Ratings::new(ratings))?.scalar().unwrap();
/// assert!((value - 4.0 / 9.0).abs() < 1e-12);
/// # Ok::<(), metrics_core::MetricError>(())
/// ```
#[derive(Debug, Clone, Default, PartialEq)]
pub struct KrippendorffAlpha {
    level: Level,
}

impl KrippendorffAlpha {
    /// Of categories.
    pub fn nominal() -> Self {
        Self::of_level(Level::Nominal)
    }

    /// Of ranks.
    pub fn ordinal() -> Self {
        Self::of_level(Level::Ordinal)
    }

    /// Of numbers.
    pub fn interval() -> Self {
        Self::of_level(Level::Interval)
    }

    /// Of a level of measurement.
    pub fn of_level(level: Level) -> Self {
        Self { level }
    }
}

impl Metric for KrippendorffAlpha {
    type Accumulator = Coincidences;

    fn name(&self) -> String {
        let level = match self.level {
            Level::Nominal => "",
            Level::Ordinal => "_ordinal",
            Level::Interval => "_interval",
        };
        format!("krippendorff_alpha{level}")
    }

    fn accumulator(&self) -> Coincidences {
        Coincidences
    }

    fn finalize(&self, summary: &CoincidencesSummary) -> Result<Value, MetricError> {
        let (values, apart) = summary.coincidences()?;
        if values.len() < 2 {
            let why = match values.len() {
                0 => "no unit has two ratings",
                _ => "all ratings are equal",
            };
            return Err(MetricError::undefined(self.name(), why.into()));
        }
        let n: f64 = values.iter().map(|(_, count)| count).sum();
        // Numbers whose squared differences are the distances; relative to the range, which cancels.
        let mut before = 0.0;
        let scores: Vec<f64> = (values.iter())
            .map(|(value, count)| {
                before += count;
                match self.level {
                    Level::Nominal => 0.0,
                    Level::Ordinal => (before - count / 2.0) / n,
                    Level::Interval => *value,
                }
            })
            .collect();
        let (observed, expected) = if self.level == Level::Nominal {
            let observed: f64 = apart.iter().map(|(_, _, share)| share).sum();
            let same: f64 = values.iter().map(|(_, count)| count * count).sum();
            (observed, (n * n - same) / 2.0)
        } else {
            let scale = scores
                .iter()
                .fold(0.0, |most: f64, own| most.max(own.abs()));
            let scores: Vec<f64> = scores.iter().map(|own| own / scale).collect();
            let weighted = scores
                .iter()
                .zip(&values)
                .map(|(own, (_, count))| own * count);
            let mean = weighted.sum::<f64>() / n;
            let squares = scores.iter().zip(&values);
            let squares = squares.map(|(own, (_, count))| (own - mean) * (own - mean) * count);
            let distance = |low: usize, high: usize| (scores[low] - scores[high]).powi(2);
            let observed = apart
                .iter()
                .map(|(low, high, share)| distance(*low, *high) * share);
            (observed.sum(), n * squares.sum::<f64>())
        };
        Ok((1.0 - (n - 1.0) * observed / expected).into())
    }

    fn higher_is_better(&self) -> Option<bool> {
        Some(true)
    }
}
