//! Sums of terms over the rows of classification: the state of metrics that are means.

use super::fold::{add_rejected, add_sums};
use crate::{
    Accumulator, Batch, Delta, HostDelta, Identity, MetricError, REJECTED_SLOTS, Rejected, Summary,
    batch::{Binary, Multiclass, Multilabel, device_of},
    framework::limits::{check_size, parts},
    ops,
};
use burn::tensor::{Int, Tensor};
use serde::{Deserialize, Serialize};
use std::fmt::Debug;

/// Batches whose rows may have weights.
pub trait WeightedRows: Batch {
    /// The weights `[N]`, if it has any.
    fn row_weights(&self) -> Option<&Tensor<1>>;
}

impl WeightedRows for Binary {
    fn row_weights(&self) -> Option<&Tensor<1>> {
        self.weights()
    }
}

impl WeightedRows for Multiclass {
    fn row_weights(&self) -> Option<&Tensor<1>> {
        self.weights()
    }
}

impl WeightedRows for Multilabel {
    fn row_weights(&self) -> Option<&Tensor<1>> {
        self.weights()
    }
}

/// What is summed: a few numbers of every element of a row. Implement this, and [`RowSums`] is the
/// accumulator.
pub trait RowTerms: Clone + Debug + PartialEq + Send + Sync + 'static {
    /// What the terms are of.
    type Batch: WeightedRows;

    /// What a saved state of these terms is known by, so that a file from another version, process or set of
    /// options is refused; see [`Accumulator::identity`].
    fn identity(&self) -> Identity;

    /// How many elements a row has, each used or left out by itself, and how many terms an element
    /// has.
    fn shape(&self) -> [usize; 2];

    /// Whether the options make sense.
    ///
    /// # Errors
    /// [`MetricError::InvalidOption`].
    fn validate(&self) -> Result<(), MetricError> {
        Ok(())
    }

    /// Whether the batch fits.
    ///
    /// # Errors
    /// As [`Accumulator::check`].
    fn check(&self, batch: &Self::Batch) -> Result<(), MetricError>;

    /// The terms `[N, elements, terms]`, and for each element an integer: if it is negative, the code of the
    /// [`Reason`](crate::Reason) to leave the element out. An element with a NaN term is left out as NaN,
    /// too.
    fn terms(&self, batch: &Self::Batch) -> (Tensor<3>, Tensor<2, Int>);

    /// Asks for a pass over the batch that sums these terms, if the library has one.
    fn want(&self, _delta: &mut Delta, _batch: &Self::Batch) -> bool {
        false
    }
}

/// Adds up terms and weights of rows: `elements * (terms + 1)` device sums.
#[derive(Debug, Clone, PartialEq)]
pub struct RowSums<T> {
    pub(crate) terms: T,
}

impl<T: RowTerms> RowSums<T> {
    /// The sums of these terms.
    pub fn new(terms: T) -> Self {
        Self { terms }
    }
}

impl<T: RowTerms> Accumulator for RowSums<T> {
    type Batch = T::Batch;
    type Summary = RowSumsSummary;

    fn identity(&self) -> Identity {
        Identity::new("row_sums", 1).of(self.terms.identity())
    }

    fn empty(&self) -> RowSumsSummary {
        let [elements, terms] = self.terms.shape();
        let elements = parts(self, elements);
        RowSumsSummary {
            count: 0,
            weights: vec![0.0; elements],
            terms: vec![0.0; elements * terms],
            rejected: Rejected::default(),
        }
    }

    fn validate(&self) -> Result<(), MetricError> {
        self.terms.validate()?;
        let [elements, terms] = self.terms.shape();
        check_size(
            elements.saturating_mul(terms.saturating_add(1)),
            "sums",
            &[8],
        )
    }

    fn takes_weights(&self) -> bool {
        true
    }

    fn check(&self, batch: &T::Batch) -> Result<(), MetricError> {
        self.terms.check(batch)
    }

    fn update(&self, delta: &mut Delta, batch: &T::Batch) {
        if self.terms.want(delta, batch) {
            return;
        }
        let [elements, terms] = self.terms.shape();
        let (values, codes) = self.terms.terms(batch);
        let weights = batch.row_weights().cloned();
        delta.both(
            "terms",
            1 + REJECTED_SLOTS,
            elements * (terms + 1),
            &device_of(batch),
            |counts, sums| ops::term_sums(counts, sums, values, codes, weights),
        );
    }

    fn fold(&self, delta: &HostDelta, summary: &mut RowSumsSummary) {
        for block in delta.blocks() {
            summary.add(&block.counts, &block.sums());
        }
        if let (Some(counts), Some(sums)) = (delta.counts("terms"), delta.sums("terms")) {
            summary.add(counts, &sums);
        }
    }
}

/// Sums of terms and of weights, in `f64`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct RowSumsSummary {
    /// Elements that were used.
    pub count: u64,
    /// Sum of the weights, by element of a row. An element without a weight weighs 1.
    #[serde(with = "crate::number::list")]
    pub weights: Vec<f64>,
    /// Sums of weight times term: all terms of the first element, then those of the second, and so on.
    #[serde(with = "crate::number::list")]
    pub terms: Vec<f64>,
    /// What was left out.
    pub rejected: Rejected,
}

impl RowSumsSummary {
    fn add(&mut self, counts: &[i32], sums: &[f64]) {
        let (terms, weights) = sums.split_at(self.terms.len());
        self.count += counts[0] as u64;
        add_sums(&mut self.terms, terms);
        add_sums(&mut self.weights, weights);
        add_rejected(&mut self.rejected, &counts[1..]);
    }

    /// Fails if no element was used, or if all weights are 0.
    ///
    /// # Errors
    /// [`MetricError::Empty`].
    pub fn not_empty(&self) -> Result<(), MetricError> {
        if self.weights.iter().any(|weight| *weight > 0.0) {
            Ok(())
        } else {
            Err(MetricError::Empty {
                rejected: self.rejected,
            })
        }
    }

    /// The weighted means of the terms of each element; NaN if all weights of an element are 0.
    pub fn means(&self) -> impl Iterator<Item = Vec<f64>> {
        let terms = self.terms.len() / self.weights.len().max(1);
        let elements = self.terms.chunks(terms.max(1)).zip(&self.weights);
        elements.map(|(terms, weight)| terms.iter().map(|sum| sum / weight).collect())
    }
}

impl Summary for RowSumsSummary {
    fn counted(&self) -> u128 {
        u128::from(self.count) + self.rejected.counted()
    }

    fn merge(&mut self, other: &Self) -> Result<(), MetricError> {
        let shape = |t: &Self| [t.weights.len(), t.terms.len()];
        if shape(self) != shape(other) {
            let what = |t: &Self| {
                let [elements, terms] = shape(t);
                format!("{terms} sums of {elements} elements")
            };
            return Err(MetricError::MergeMismatch {
                left: what(self),
                right: what(other),
            });
        }
        self.room_for(other)?;
        self.count += other.count;
        add_sums(&mut self.weights, &other.weights);
        add_sums(&mut self.terms, &other.terms);
        self.rejected.merge(&other.rejected);
        Ok(())
    }

    fn consistent(&self) -> Result<(), MetricError> {
        let fits = match self.weights.len() {
            0 => self.terms.is_empty(),
            elements => self.terms.len().is_multiple_of(elements),
        };
        if fits {
            Ok(())
        } else {
            Err(MetricError::saved("sums of different numbers"))
        }
    }

    fn rejected(&self) -> Rejected {
        self.rejected
    }
}
