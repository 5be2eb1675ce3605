//! Terms one by one: the state of metrics with a value for each row.

use super::{
    PairSums,
    pair_terms::{PairTerms, check, measure, validate},
};
use crate::{
    Accumulator, Delta, HostDelta, Identity, MetricError, REJECTED_SLOTS,
    batch::Regression,
    ops::pairs::{AnyTerms, PairSink},
    states::{ValueListSummary, fold::add_rejected},
};
use std::{fmt::Debug, sync::Arc};

/// Lists the term of every row or element, the first if there are several: the device state grows
/// with the data, 4 bytes each.
///
/// It takes no weights: an element that counts twice, or half, has no place in a list.
#[derive(Debug, Clone, PartialEq)]
pub struct PairList<T> {
    terms: Arc<T>,
}

impl<T: PairTerms> PairList<T> {
    /// Of these terms.
    pub fn new(terms: T) -> Self {
        Self {
            terms: Arc::new(terms),
        }
    }
}

impl<T: PairTerms> From<PairSums<T>> for PairList<T> {
    fn from(sums: PairSums<T>) -> Self {
        Self { terms: sums.terms }
    }
}

impl<T: PairTerms> Accumulator for PairList<T> {
    type Batch = Regression;
    type Summary = ValueListSummary;

    fn identity(&self) -> Identity {
        Identity::new("pair_list", 1).of(self.terms.identity())
    }

    fn empty(&self) -> ValueListSummary {
        ValueListSummary::default()
    }

    fn validate(&self) -> Result<(), MetricError> {
        validate(&*self.terms)
    }

    fn check(&self, batch: &Regression) -> Result<(), MetricError> {
        check(&*self.terms, batch)
    }

    fn update(&self, delta: &mut Delta, batch: &Regression) {
        if batch.pairs.are_listed(Some(&*self.terms)) {
            let terms = AnyTerms(self.terms.clone());
            return delta.want((&batch.pairs, PairSink::List(terms)));
        }
        let (rows, terms) = measure(&*self.terms, batch.pairs.of(PairTerms::unit(&*self.terms)));
        let ([n, _], device) = (terms.dims(), terms.device());
        let terms = terms.slice([0..n, 0..1]).reshape([n]);
        // Those to leave out are left out when they are read.
        delta.append_floats("terms", terms.mask_fill(rows.rejected(), f32::NAN));
        delta.counts("rows", 1 + REJECTED_SLOTS, &device, |counts| {
            rows.count(counts)
        });
    }

    fn fold(&self, delta: &HostDelta, summary: &mut ValueListSummary) {
        if let Some(counts) = delta.counts("rows") {
            add_rejected(&mut summary.rejected, &counts[1..]);
        }
        let appended = delta.floats("terms").iter().flatten().copied();
        add(summary, appended.map(f64::from));
        for block in delta.blocks() {
            add_rejected(&mut summary.rejected, &block.counts[1..]);
            add(summary, block.numbers());
        }
    }
}

/// Adds the terms of rows that are not rejected.
fn add(summary: &mut ValueListSummary, terms: impl Iterator<Item = f64>) {
    summary.values.extend(terms.filter(|term| !term.is_nan()));
}
