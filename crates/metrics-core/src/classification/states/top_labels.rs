//! The best labels of a row beside its true ones.

use super::label_ranking::check_ranked;
use crate::{
    Delta, Identity, MetricError, batch::Multilabel, classification::MultilabelCriterion,
    ops::decisions::DecisionSink, states::RowTerms,
};
use burn::tensor::{Int, Tensor};

/// How many decisions are right when the `k` best labels of each row are predicted, and how many there
/// are: one per row, or for [`MultilabelCriterion::Hamming`] one per label.
///
/// Ignored and invalid labels are treated as by [`LabelRanking`](super::LabelRanking).
#[derive(Debug, Clone, PartialEq, serde::Serialize)]
pub struct TopLabels {
    pub(crate) labels: usize,
    pub(crate) k: usize,
    pub(crate) criterion: MultilabelCriterion,
    pub(crate) ignore_index: Option<i64>,
}

impl RowTerms for TopLabels {
    type Batch = Multilabel;

    fn identity(&self) -> Identity {
        Identity::new("top_labels", 1).with(self)
    }

    fn shape(&self) -> [usize; 2] {
        [1, 2]
    }

    fn validate(&self) -> Result<(), MetricError> {
        if (1..=self.labels).contains(&self.k) {
            Ok(())
        } else {
            Err(MetricError::InvalidOption(format!(
                "k must be in 1..={}, not {}",
                self.labels, self.k
            )))
        }
    }

    fn check(&self, batch: &Multilabel) -> Result<(), MetricError> {
        check_ranked("the choice of the best labels", self.labels, batch)
    }

    fn terms(&self, batch: &Multilabel) -> (Tensor<3>, Tensor<2, Int>) {
        (batch.decisions).best(self.k, self.criterion, self.ignore_index)
    }

    fn want(&self, delta: &mut Delta, batch: &Multilabel) -> bool {
        let sink = DecisionSink::Best {
            k: self.k,
            criterion: self.criterion,
            ignore_index: self.ignore_index,
        };
        delta.want((&batch.decisions, sink));
        true
    }
}
