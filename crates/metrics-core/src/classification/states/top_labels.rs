//! The best labels of a row beside its true ones.

use super::label_ranking::{check_ranked, label_codes};
use crate::{
    Identity, MetricError, batch::Multilabel, classification::MultilabelCriterion, ops,
    states::RowTerms,
};
use burn::tensor::{Bool, FloatDType, Int, Tensor};

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
        let codes = label_codes(batch, self.ignore_index);
        let before = ops::labels_before(batch.decisions.scores.clone(), codes.clone());
        let used = codes.clone().greater_equal_elem(0);
        let predicted = before.lower_elem(self.k as i32).bool_and(used.clone());
        let relevant = codes.clone().equal_elem(1);
        let count = |labels: Tensor<2, Bool>| ops::as_i32(labels.int()).sum_dim(1);
        let both = count(predicted.clone().bool_and(relevant.clone()));
        let (predicted, relevant, used) = (count(predicted), count(relevant), count(used));
        let all_predicted = both.clone().equal(relevant.clone());
        let all_relevant = both.clone().equal(predicted.clone());
        let one_per_row = both.ones_like();
        let (right, total) = match self.criterion {
            MultilabelCriterion::Hamming => {
                let wrong = predicted + relevant - both * 2;
                (used.clone() - wrong, used)
            }
            MultilabelCriterion::ExactMatch => {
                (all_predicted.bool_and(all_relevant).int(), one_per_row)
            }
            MultilabelCriterion::Overlap => (both.greater_elem(0).int(), one_per_row),
            MultilabelCriterion::Contain => (all_predicted.int(), one_per_row),
            MultilabelCriterion::Belong => (all_relevant.int(), one_per_row),
        };
        let [right, total] = [right, total].map(|counts| counts.float().cast(FloatDType::F32));
        (Tensor::stack(vec![right, total], 2), ops::row_codes(codes))
    }
}
