//! How the labels of a row are ranked: the terms of the metrics of multilabel ranking.

use crate::{
    Delta, Identity, MetricError,
    batch::Multilabel,
    ops::{self, RANKING_TERMS, decisions::DecisionSink},
    states::{
        RowTerms,
        confusion::{at_least_one, check_labels},
    },
};
use burn::tensor::{Int, Tensor};

/// The coverage, the average precision and the loss of the ranking of each row's labels by their
/// scores.
///
/// Labels to ignore are left out of their row, and a row of nothing else counts as ignored. A row
/// with an invalid target or score is left out whole, and counted once.
#[derive(Debug, Clone, PartialEq, serde::Serialize)]
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

    fn identity(&self) -> Identity {
        Identity::new("label_ranking", 1).with(self)
    }

    fn shape(&self) -> [usize; 2] {
        [1, RANKING_TERMS]
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
        let terms = ops::label_ranking(batch.decisions.scores.clone(), codes.clone());
        (terms.unsqueeze_dim(1), ops::row_codes(codes))
    }

    fn want(&self, delta: &mut Delta, batch: &Multilabel) -> bool {
        let ignore_index = self.ignore_index;
        delta.want((&batch.decisions, DecisionSink::Ranking { ignore_index }));
        true
    }
}

/// That a batch has scores of that many labels.
pub(crate) fn check_ranked(
    metric: &'static str,
    labels: usize,
    batch: &Multilabel,
) -> Result<(), MetricError> {
    if batch.decisions.labels {
        Err(MetricError::ScoresRequired { metric })
    } else {
        check_labels(labels, batch)
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
