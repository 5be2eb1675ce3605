//! States and metrics behind their batch type.

use crate::{
    Accumulator, Delta, HostDelta, Identity, Metric, MetricError, Rejected, Summary, Value,
    framework::state::{Folded, fits},
};
use serde::{Deserialize, Serialize};
use std::any::Any;

/// A [`Folded`] state behind its batch type.
pub(super) trait AnyState<B>: Send + Sync {
    fn check(&self, batch: &B) -> Result<(), MetricError>;
    fn count_bound(&self, batch: &B) -> usize;
    fn add(&mut self, batch: &B);
    fn update(&self, delta: &mut Delta, batch: &B);
    fn fold(&mut self, data: &[&HostDelta]);
    fn condensed(&self, delta: &Delta) -> Option<Delta>;
    fn look(&mut self, data: &[&HostDelta]);
    fn has_view(&self) -> bool;
    fn summary(&self) -> &dyn Any;
    fn for_values(&self) -> &dyn Any;
    fn rejected(&self) -> Rejected;
    fn reset(&mut self);
    fn save(&self) -> Result<Saved, MetricError>;
    fn parse(&self, saved: &Saved) -> Result<Box<dyn Any + Send>, MetricError>;
    fn same(&self, other: &dyn AnyState<B>) -> Result<(), MetricError>;
    fn identity(&self) -> Identity;
    fn room_for(&self, summary: &dyn Any) -> Result<(), MetricError>;
    fn merge(&mut self, summary: &dyn Any) -> Result<(), MetricError>;
    fn accumulator(&self) -> &dyn Any;
    fn is_empty(&self) -> bool;
    fn fresh(&self) -> Box<dyn AnyState<B>>;
    fn clone_box(&self) -> Box<dyn AnyState<B>>;
}

impl<A: Accumulator> AnyState<A::Batch> for Folded<A> {
    fn check(&self, batch: &A::Batch) -> Result<(), MetricError> {
        fits(&self.accumulator, batch)
    }
    fn count_bound(&self, batch: &A::Batch) -> usize {
        self.accumulator.count_bound(batch)
    }
    fn add(&mut self, batch: &A::Batch) {
        Folded::add(self, batch)
    }
    fn update(&self, delta: &mut Delta, batch: &A::Batch) {
        if self.accumulator.count_bound(batch) > 0 {
            self.accumulator.update(delta, batch)
        }
    }
    fn fold(&mut self, data: &[&HostDelta]) {
        Folded::fold(self, data.iter().copied())
    }
    fn condensed(&self, delta: &Delta) -> Option<Delta> {
        Folded::condensed(self, delta)
    }
    fn look(&mut self, data: &[&HostDelta]) {
        Folded::look(self, data.iter().copied())
    }
    fn has_view(&self) -> bool {
        Folded::has_view(self)
    }
    fn summary(&self) -> &dyn Any {
        &self.summary
    }
    fn for_values(&self) -> &dyn Any {
        Folded::for_values(self)
    }
    fn rejected(&self) -> Rejected {
        Folded::for_values(self).rejected()
    }
    fn reset(&mut self) {
        Folded::reset(self)
    }
    fn save(&self) -> Result<Saved, MetricError> {
        let identity = self.accumulator.identity();
        identity.check()?;
        let summary = serde_json::to_value(&self.summary);
        Ok(Saved {
            identity: Some(identity),
            summary: summary.map_err(MetricError::saved)?,
        })
    }
    fn parse(&self, saved: &Saved) -> Result<Box<dyn Any + Send>, MetricError> {
        let own = self.accumulator.identity();
        own.check_saved(saved.identity.as_ref())?;
        let summary: A::Summary =
            serde_json::from_value(saved.summary.clone()).map_err(MetricError::saved)?;
        summary.consistent()?;
        // A summary of another shape must be refused before anything is merged.
        self.accumulator.empty().merge(&summary)?;
        Ok(Box::new(summary))
    }
    fn same(&self, other: &dyn AnyState<A::Batch>) -> Result<(), MetricError> {
        let own = &self.accumulator;
        match other.accumulator().downcast_ref::<A>() {
            Some(accumulator) if accumulator == own => Ok(()),
            _ => Err(MetricError::MergeMismatch {
                left: own.identity().to_string(),
                right: other.identity().to_string(),
            }),
        }
    }
    fn identity(&self) -> Identity {
        self.accumulator.identity()
    }
    fn room_for(&self, summary: &dyn Any) -> Result<(), MetricError> {
        match summary.downcast_ref::<A::Summary>() {
            Some(summary) => self.summary.room_for(summary),
            None => Err(MetricError::SummaryType),
        }
    }
    fn merge(&mut self, summary: &dyn Any) -> Result<(), MetricError> {
        match summary.downcast_ref::<A::Summary>() {
            Some(summary) => Folded::merge(self, summary),
            None => Err(MetricError::SummaryType),
        }
    }
    fn accumulator(&self) -> &dyn Any {
        &self.accumulator
    }
    fn is_empty(&self) -> bool {
        self.summary == self.accumulator.empty()
    }
    fn fresh(&self) -> Box<dyn AnyState<A::Batch>> {
        Box::new(Folded::new(self.accumulator.clone()))
    }
    fn clone_box(&self) -> Box<dyn AnyState<A::Batch>> {
        Box::new(self.clone())
    }
}

/// A [`Metric`] behind its batch type.
pub(super) trait AnyMetric: Send + Sync {
    fn finalize(&self, summary: &dyn Any) -> Result<Value, MetricError>;
    fn higher_is_better(&self) -> Option<bool>;
    fn is_scalar(&self) -> bool;
    fn options(&self) -> String;
    fn clone_box(&self) -> Box<dyn AnyMetric>;
}

impl<M: Metric> AnyMetric for M {
    fn finalize(&self, summary: &dyn Any) -> Result<Value, MetricError> {
        match summary.downcast_ref() {
            Some(summary) => Metric::finalize(self, summary),
            None => Err(MetricError::SummaryType),
        }
    }
    fn higher_is_better(&self) -> Option<bool> {
        Metric::higher_is_better(self)
    }
    fn is_scalar(&self) -> bool {
        Metric::is_scalar(self)
    }
    fn options(&self) -> String {
        Metric::options(self)
    }
    fn clone_box(&self) -> Box<dyn AnyMetric> {
        Box::new(self.clone())
    }
}

/// One accumulator's saved summary.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(super) struct Saved {
    /// Missing from files that were saved before [`FORMAT`] 1.
    #[serde(default)]
    identity: Option<Identity>,
    summary: serde_json::Value,
}
