use crate::{
    Metric, MetricError, Value,
    classification::states::TopLabels,
    states::{RowSums, RowSumsSummary},
};

/// Accuracy of predicting the `k` labels with the best scores: the share of rows whose predicted labels
/// fit the true ones.
///
/// What fits is the [`MultilabelCriterion`]; for [`Hamming`](MultilabelCriterion::Hamming) the share is
/// one of labels. Among equal scores the label with the lower index comes first. Takes scores `[N,
/// L]`, probabilities or logits, and weights of rows. Ranges over `[0, 1]`, 1 is best.
///
/// Labels to ignore are left out of their row, and rows of nothing else altogether; a row with fewer
/// than `k` others has all of them predicted. A row with an invalid label or score is left out whole
/// and counted once. No data, or none with a weight above 0, is [`MetricError::Empty`]; a `k` that is
/// not in `1..=labels` is [`MetricError::InvalidOption`]; predicted labels are
/// [`MetricError::ScoresRequired`].
///
/// Reference: torcheval 0.0.7 `TopKMultilabelAccuracy`, which leaves ties to its sort, and has neither
/// weights nor labels to ignore.
///
/// ```
/// use metrics_core::{
///     Metric, batch::Multilabel,
///     classification::{MultilabelCriterion, TopKMultilabelAccuracy},
/// };
/// use burn::tensor::{Device, Int, Tensor};
///
/// let device = Device::default();
/// let scores = Tensor::<2>::from_floats([[0.9, 0.2, 0.5], [0.1, 0.8, 0.3]], &device);
/// let target = Tensor::<2, Int>::from_ints([[1, 0, 1], [1, 1, 0]], &device);
/// let batch = Multilabel::from_scores(scores, target)?;
/// let accuracy = TopKMultilabelAccuracy::new(3).k(2);
/// assert_eq!(accuracy.evaluate(&batch)?.scalar(), Some(0.5));
/// let overlap = accuracy.criterion(MultilabelCriterion::Overlap);
/// assert_eq!(overlap.evaluate(&batch)?.scalar(), Some(1.0));
/// # Ok::<(), metrics_core::MetricError>(())
/// ```
#[derive(Debug, Clone, PartialEq)]
pub struct TopKMultilabelAccuracy {
    terms: TopLabels,
}

pub use crate::ops::decisions::MultilabelCriterion;

impl TopKMultilabelAccuracy {
    /// For elements with `labels` yes-or-no labels each.
    pub fn new(labels: usize) -> Self {
        let terms = TopLabels {
            labels,
            k: 1,
            criterion: MultilabelCriterion::default(),
            ignore_index: None,
        };
        Self { terms }
    }

    /// How many labels are predicted; default 1.
    pub fn k(mut self, k: usize) -> Self {
        self.terms.k = k;
        self
    }

    /// When they are right; default [`MultilabelCriterion::ExactMatch`].
    pub fn criterion(mut self, criterion: MultilabelCriterion) -> Self {
        self.terms.criterion = criterion;
        self
    }

    /// Labels with this target are left out of their row.
    pub fn ignore_index(mut self, label: i64) -> Self {
        self.terms.ignore_index = Some(label);
        self
    }
}

impl Metric for TopKMultilabelAccuracy {
    type Accumulator = RowSums<TopLabels>;

    fn name(&self) -> String {
        let criterion = match self.terms.criterion {
            MultilabelCriterion::ExactMatch => "",
            MultilabelCriterion::Hamming => "_hamming",
            MultilabelCriterion::Overlap => "_overlap",
            MultilabelCriterion::Contain => "_contain",
            MultilabelCriterion::Belong => "_belong",
        };
        format!("top{}_multilabel_accuracy{criterion}", self.terms.k)
    }

    fn accumulator(&self) -> RowSums<TopLabels> {
        RowSums::new(self.terms.clone())
    }

    fn finalize(&self, totals: &RowSumsSummary) -> Result<Value, MetricError> {
        totals.not_empty()?;
        Ok((totals.terms[0] / totals.terms[1]).into())
    }

    fn higher_is_better(&self) -> Option<bool> {
        Some(true)
    }
}
