use crate::{
    Accumulator, Delta, HostDelta, Identity, MetricError, Rejected, Summary, framework::state::fits,
};
use serde::{Deserialize, Serialize};
use std::any::Any;

/// Two accumulators over the same batches, or one accumulator if it serves both.
#[derive(Debug, Clone, PartialEq)]
pub struct Pair<A, B> {
    left: A,
    right: B,
}

impl<A: Accumulator, B: Accumulator<Batch = A::Batch>> Pair<A, B> {
    /// A pair.
    pub fn new(left: A, right: B) -> Self {
        Self { left, right }
    }

    /// The accumulator that serves both, if one does.
    fn shared(&self) -> Option<&A> {
        let right = (&self.right as &dyn Any).downcast_ref::<A>()?;
        let wider = |one: &A, other: &A| one.covers(other);
        match (wider(&self.left, right), wider(right, &self.left)) {
            (true, _) => Some(&self.left),
            (false, true) => Some(right),
            (false, false) => None,
        }
    }
}

impl<A: Accumulator, B: Accumulator<Batch = A::Batch>> Accumulator for Pair<A, B> {
    type Batch = A::Batch;
    type Summary = PairSummary<A::Summary, B::Summary>;

    fn identity(&self) -> Identity {
        let left = self.left.identity();
        Identity::new("pair", 1).of(left).of(self.right.identity())
    }

    fn empty(&self) -> Self::Summary {
        match self.shared() {
            Some(both) => PairSummary {
                left: both.empty(),
                right: None,
            },
            None => PairSummary {
                left: self.left.empty(),
                right: Some(self.right.empty()),
            },
        }
    }

    fn validate(&self) -> Result<(), MetricError> {
        self.left.validate()?;
        self.right.validate()
    }

    fn count_bound(&self, batch: &A::Batch) -> usize {
        let bounds = (self.left.count_bound(batch), self.right.count_bound(batch));
        bounds.0.max(bounds.1)
    }

    fn takes_weights(&self) -> bool {
        self.left.takes_weights() && self.right.takes_weights()
    }

    fn check(&self, batch: &A::Batch) -> Result<(), MetricError> {
        fits(&self.left, batch)?;
        fits(&self.right, batch)
    }

    fn update(&self, delta: &mut Delta, batch: &A::Batch) {
        match self.shared() {
            Some(both) => both.update(delta, batch),
            None => {
                if self.left.count_bound(batch) > 0 {
                    self.left.update(delta.child(0), batch);
                }
                if self.right.count_bound(batch) > 0 {
                    self.right.update(delta.child(1), batch);
                }
            }
        }
    }

    fn add(&self, batch: &A::Batch, summary: &mut Self::Summary) {
        match (self.shared(), &mut summary.right) {
            (Some(both), _) => both.add(batch, &mut summary.left),
            (None, right) => {
                if self.left.count_bound(batch) > 0 {
                    self.left.add(batch, &mut summary.left);
                }
                if let (Some(right), true) = (right, self.right.count_bound(batch) > 0) {
                    self.right.add(batch, right);
                }
            }
        }
    }

    fn condense(&self, delta: &Delta) -> Option<Delta> {
        self.shared()?.condense(delta)
    }

    fn fold(&self, delta: &HostDelta, summary: &mut Self::Summary) {
        if let Some(both) = self.shared() {
            return both.fold(delta, &mut summary.left);
        }
        if let Some(delta) = delta.child(0) {
            self.left.fold(delta, &mut summary.left);
        }
        if let (Some(delta), Some(right)) = (delta.child(1), &mut summary.right) {
            self.right.fold(delta, right);
        }
    }
}

/// The summaries of a [`Pair`].
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct PairSummary<A, B> {
    left: A,
    /// `None` if the left summary serves both.
    right: Option<B>,
}

impl<A: Summary, B: Summary> PairSummary<A, B> {
    /// The summary of the left accumulator.
    pub fn left(&self) -> &A {
        &self.left
    }

    /// The summary of the right accumulator; `None` if a file is damaged.
    pub fn right(&self) -> Option<&B> {
        let both = || (&self.left as &dyn Any).downcast_ref();
        self.right.as_ref().or_else(both)
    }
}

impl<A: Summary, B: Summary> Summary for PairSummary<A, B> {
    fn merge(&mut self, other: &Self) -> Result<(), MetricError> {
        self.room_for(other)?;
        let mut left = self.left.clone();
        left.merge(&other.left)?;
        match (&mut self.right, &other.right) {
            (None, None) => {}
            (Some(right), Some(other)) => right.merge(other)?,
            (own, _) => {
                let sides = ["one summary for both sides", "a summary for each side"];
                let own = usize::from(own.is_some());
                return Err(MetricError::MergeMismatch {
                    left: sides[own].into(),
                    right: sides[1 - own].into(),
                });
            }
        }
        self.left = left;
        Ok(())
    }

    fn counted(&self) -> u128 {
        self.left.counted() + self.right.as_ref().map_or(0, Summary::counted)
    }

    fn consistent(&self) -> Result<(), MetricError> {
        self.left.consistent()?;
        self.right.as_ref().map_or(Ok(()), Summary::consistent)
    }

    /// The counts of the side with more invalid elements, not the sum. Most sides see the same elements, and
    /// if an element is invalid for two reasons, the sides may count it for different reasons. With two tasks this
    /// is a lower bound of what was left out.
    fn rejected(&self) -> Rejected {
        let left = self.left.rejected();
        let right = self.right.as_ref().map_or(left, Summary::rejected);
        let most = if right.invalid() > left.invalid() {
            right
        } else {
            left
        };
        // Sides of different tasks may each have a kind of their own.
        let mixed = [left, right]
            .iter()
            .find(|side| side.kinds.are_mixed())
            .copied();
        Rejected {
            ignored: left.ignored.max(right.ignored),
            kinds: mixed.unwrap_or(most).kinds,
            ..most
        }
    }
}
