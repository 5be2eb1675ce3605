//! How the labels of a row are ranked: the terms of the metrics of multilabel ranking.

use super::{
    RowTerms,
    confusion::{at_least_one, check_labels},
};
use crate::{MetricError, Reason, batch::Multilabel, ops};
use burn::tensor::{FloatDType, Int, Tensor};

/// The coverage, the average precision and the loss of the ranking of each row's labels by their
/// scores.
///
/// Labels to ignore are left out of their row, and a row of nothing else counts as ignored. A row
/// with an invalid target or score is left out whole, and counted once.
#[derive(Debug, Clone, PartialEq)]
pub struct LabelRanking {
    pub(crate) labels: usize,
    pub(crate) ignore_index: Option<i64>,
}

impl LabelRanking {
    /// Which of the terms is the coverage.
    pub(crate) const COVERAGE: usize = 0;
    /// Which is the average precision.
    pub(crate) const PRECISION: usize = 1;
    /// Which is the ranking loss.
    pub(crate) const LOSS: usize = 2;
}

impl RowTerms for LabelRanking {
    type Batch = Multilabel;

    fn shape(&self) -> [usize; 2] {
        [1, 3]
    }

    fn validate(&self) -> Result<(), MetricError> {
        at_least_one(self.labels, "label")
    }

    fn check(&self, batch: &Multilabel) -> Result<(), MetricError> {
        check_ranked("the ranking of labels", self.labels, batch)
    }

    fn terms(&self, batch: &Multilabel) -> (Tensor<3>, Tensor<2, Int>) {
        let codes = label_codes(batch, self.ignore_index);
        // The scores themselves: sigmoid would make equal what only rounds to 1.
        let scores = batch.decisions.scores.clone();
        let [all, relevant] = ops::labels_not_below(scores, codes.clone());
        let is_relevant = ops::as_i32(codes.clone().equal_elem(1).int());
        let count = is_relevant.clone().sum_dim(1);
        let used = ops::as_i32(codes.clone().greater_equal_elem(0).int());
        let others = used.sum_dim(1) - count.clone();

        let coverage = (all.clone() * is_relevant.clone()).max_dim(1);
        let share = real(relevant.clone()) / real(all.clone().clamp_min(1));
        let precision =
            (share * real(is_relevant.clone())).sum_dim(1) / real(count.clone().clamp_min(1));
        let precision = precision.mask_fill(count.clone().equal_elem(0), 1.0);
        // Pairs of a relevant label and another that scores at least as much.
        let wrong = real((all - relevant) * is_relevant).sum_dim(1);
        let pairs = real(count) * real(others);
        let loss = wrong / pairs.clamp_min(1.0);
        (
            Tensor::stack(vec![real(coverage), precision, loss], 2),
            row_codes(codes),
        )
    }
}

fn real(counts: Tensor<2, Int>) -> Tensor<2> {
    counts.float().cast(FloatDType::F32)
}

/// That a batch has scores of that many labels.
pub(crate) fn check_ranked(
    metric: &'static str,
    labels: usize,
    batch: &Multilabel,
) -> Result<(), MetricError> {
    match batch.decisions.labels {
        true => Err(MetricError::ScoresRequired { metric }),
        false => check_labels(labels, batch),
    }
}

/// The targets `[N, L]`, or the codes of labels to leave out.
pub(crate) fn label_codes(batch: &Multilabel, ignore_index: Option<i64>) -> Tensor<2, Int> {
    let decisions = &batch.decisions;
    ops::decision_codes(
        decisions.probabilities(),
        decisions.target.clone(),
        ignore_index,
    )
}

/// Of each row `[N, 1]` the code of its invalid label if it has one, that of ignored labels if it has
/// no other, or else 0.
pub(crate) fn row_codes(codes: Tensor<2, Int>) -> Tensor<2, Int> {
    const { assert!(Reason::Ignored.code() == -1) }
    let worst = codes.clone().min_dim(1).clamp_max(0);
    let some_used = codes.max_dim(1).greater_equal_elem(0);
    let only_ignored = worst.clone().equal_elem(Reason::Ignored.code());
    worst.mask_fill(only_ignored.bool_and(some_used), 0)
}
