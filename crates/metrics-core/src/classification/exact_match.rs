use super::samplewise::{SampleMetric, Samplewise};
use crate::{
    Metric, MetricError, Value,
    batch::{Multiclass, Multilabel},
    classification::states::{ExactMatches, ExactMatchesSummary, MatchedBatch},
};

/// Exact match (subset accuracy): the share of units of which every element is predicted right.
///
/// `matched / units`. Of a multiclass batch `[N, ..]` a unit is a sample with all its positions; of a
/// multilabel one `[N, L, ..]` it is a position with all its labels. Ranges over `[0, 1]`. With
/// [`samplewise`](Self::samplewise) a value per sample: multiclass 1 or 0, multilabel the share of its
/// positions.
///
/// Elements with the `ignore_index` as their target are left out, and units with nothing else; so is a
/// unit with an invalid element. A sample without units has the value 0. No units at all are
/// [`MetricError::Empty`]; weighted batches are refused. References: TorchMetrics 1.9.0 `ExactMatch`,
/// to which a unit of which everything is ignored is right, against what it says of `ignore_index`;
/// of labels `[N, L]` also scikit-learn's `accuracy_score`.
///
/// ```
/// use metrics_core::{Metric, batch::Multilabel, classification::ExactMatch};
/// use burn::tensor::{Device, Int, Tensor};
///
/// let device = Device::default();
/// let pred = Tensor::<2, Int>::from_ints([[0, 0, 1], [1, 0, 1]], &device);
/// let target = Tensor::<2, Int>::from_ints([[0, 1, 0], [1, 0, 1]], &device);
/// let batch = Multilabel::from_labels(pred, target)?;
/// assert_eq!(ExactMatch::multilabel(3).evaluate(&batch)?.scalar(), Some(0.5));
/// # Ok::<(), metrics_core::MetricError>(())
/// ```
#[derive(Debug, Clone, PartialEq)]
pub struct ExactMatch<B> {
    accumulator: ExactMatches<B>,
}

impl ExactMatch<Multiclass> {
    /// For samples of positions that have one of `classes` classes each.
    pub fn multiclass(classes: usize) -> Self {
        Self {
            accumulator: ExactMatches::new(classes),
        }
    }
}

impl ExactMatch<Multilabel> {
    /// For elements with `labels` yes-or-no labels each.
    pub fn multilabel(labels: usize) -> Self {
        Self {
            accumulator: ExactMatches::new(labels),
        }
    }

    /// Probabilities above it are positive predictions; default 0.5.
    pub fn threshold(mut self, threshold: f32) -> Self {
        self.accumulator.options.threshold = threshold;
        self
    }
}

impl<B: MatchedBatch> ExactMatch<B> {
    /// Elements with this target are left out; it may lie outside the classes.
    pub fn ignore_index(mut self, label: i64) -> Self {
        self.accumulator.options.ignore_index = Some(label);
        self
    }

    /// A value for every sample of batches `[N, ..]` or `[N, L, ..]`, see [`Samplewise`].
    pub fn samplewise(self) -> Samplewise<Self> {
        Samplewise::new(self)
    }
}

impl<B: MatchedBatch> Metric for ExactMatch<B> {
    type Accumulator = ExactMatches<B>;

    fn name(&self) -> String {
        "exact_match".into()
    }

    fn accumulator(&self) -> ExactMatches<B> {
        self.accumulator.clone()
    }

    fn finalize(&self, counts: &ExactMatchesSummary) -> Result<Value, MetricError> {
        match counts.matched + counts.missed {
            0 => Err(MetricError::Empty {
                rejected: counts.rejected,
            }),
            _ => self.sample_value(counts),
        }
    }

    fn higher_is_better(&self) -> Option<bool> {
        Some(true)
    }
}

impl<B: MatchedBatch> SampleMetric for ExactMatch<B> {
    fn sample_value(&self, counts: &ExactMatchesSummary) -> Result<Value, MetricError> {
        // A sample of which every unit was left out has none that match.
        let units = (counts.matched + counts.missed).max(1);
        Ok((counts.matched as f64 / units as f64).into())
    }
}
