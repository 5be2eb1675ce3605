use crate::MetricError;
use serde::{Deserialize, Serialize};
use std::time::Duration;

/// Items processed per second.
///
/// These are numbers of the host, so this is a plain count of them and no
/// [`Metric`](crate::Metric): nothing is on a device. No time in all is [`MetricError::Empty`], where
/// torcheval answers 0 and logs a warning; it also refuses an update without time. Reference:
/// torcheval 0.0.7 `Throughput`.
///
/// ```
/// use metrics_core::aggregation::Throughput;
/// use std::time::Duration;
///
/// let mut one = Throughput::new();
/// one.update(64, Duration::from_secs(2));
/// one.update(32, Duration::from_secs(1));
/// assert_eq!(one.compute()?, 32.0);
///
/// let mut other = Throughput::new();
/// other.update(104, Duration::from_secs(4));
/// one.merge(&other);
/// assert_eq!(one.compute()?, 50.0);
/// # Ok::<(), metrics_core::MetricError>(())
/// ```
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Throughput {
    items: u64,
    elapsed: Duration,
}

impl Throughput {
    /// Of nothing yet.
    pub fn new() -> Self {
        Self::default()
    }

    /// Adds items and the time that they took, after what there is.
    pub fn update(&mut self, items: u64, elapsed: Duration) {
        self.items = self.items.saturating_add(items);
        self.elapsed = self.elapsed.saturating_add(elapsed);
    }

    /// Items per second.
    ///
    /// # Errors
    /// [`MetricError::Empty`] if no time has passed.
    pub fn compute(&self) -> Result<f64, MetricError> {
        if self.elapsed.is_zero() {
            Err(MetricError::Empty {
                rejected: Default::default(),
            })
        } else {
            Ok(self.items as f64 / self.elapsed.as_secs_f64())
        }
    }

    /// Adds the items of a process that ran beside this one: both took as long as the slower.
    ///
    /// What came after, and not beside, is one more [`update`](Self::update).
    pub fn merge(&mut self, other: &Self) {
        self.items = self.items.saturating_add(other.items);
        self.elapsed = self.elapsed.max(other.elapsed);
    }

    /// Items so far.
    pub fn items(&self) -> u64 {
        self.items
    }

    /// Time so far.
    pub fn elapsed(&self) -> Duration {
        self.elapsed
    }

    /// Forgets everything.
    pub fn reset(&mut self) {
        *self = Self::new();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_time_has_no_rate() {
        let mut throughput = Throughput::new();
        assert!(matches!(
            throughput.compute(),
            Err(MetricError::Empty { .. })
        ));
        throughput.update(5, Duration::ZERO);
        assert!(matches!(
            throughput.compute(),
            Err(MetricError::Empty { .. })
        ));
        throughput.update(0, Duration::from_millis(500));
        assert_eq!(throughput.compute(), Ok(10.0));
        throughput.update(u64::MAX, Duration::MAX);
        assert_eq!(throughput.items(), u64::MAX);
        throughput.reset();
        assert_eq!(throughput, Throughput::new());
    }

    #[test]
    fn processes_side_by_side_add_their_rates_to_the_slowest() {
        let parts = [(10, 4), (30, 2), (2, 7)].map(|(items, seconds)| {
            let mut part = Throughput::new();
            part.update(items, Duration::from_secs(seconds));
            part
        });
        let mut forward = Throughput::new();
        parts.iter().for_each(|part| forward.merge(part));
        let mut backward = Throughput::new();
        parts.iter().rev().for_each(|part| backward.merge(part));
        assert_eq!(forward, backward);
        assert_eq!(forward.compute(), Ok(6.0));
        let text = serde_json::to_string(&forward).unwrap();
        assert_eq!(serde_json::from_str::<Throughput>(&text).unwrap(), forward);
    }
}
