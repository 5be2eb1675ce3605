use super::{
    groups::{Group, Groups},
    retrieval_metric::{RetrievalMetric, cutoff},
    rules::RetrievalRule,
};
use crate::MetricError;

/// Area under the receiver operating characteristic curve of each query's documents; the mean over queries.
///
/// How likely a relevant document has a higher score than one that is not, a tie counting half; in `[0, 1]`. With `top_k`, of
/// the `k` documents with the highest scores alone; 0 if these are all relevant, or all not. With
/// [`max_fpr`](RetrievalMetric::max_fpr), the area up to a false positive rate, standardized so that guessing has 0.5 (McClish,
/// Analyzing a Portion of the ROC Curve, 1989).
///
/// Takes [`Documents`](crate::batch::Documents). Ties count as the mean over their orders, see
/// [`retrieval`](crate::retrieval). A query without a relevant document has the value 0, or what
/// [`empty_query`](RetrievalMetric::empty_query) says. No documents at all is [`MetricError::Empty`](crate::MetricError::Empty).
///
/// Reference: TorchMetrics 1.9.0 `RetrievalAUROC`, scikit-learn `roc_auc_score` of each query.
///
/// ```
/// use metrics_core::{Metric, batch::Documents, retrieval::RetrievalAuroc};
/// use burn::tensor::{Device, Int, Tensor};
///
/// let device = Device::default();
/// // Two queries of three documents.
/// let scores = Tensor::<2>::from_floats([[0.2, 0.3, 0.5], [0.1, 0.3, 0.5]], &device);
/// let relevance = Tensor::<2, Int>::from_ints([[0, 0, 1], [0, 1, 0]], &device);
/// let batch = Documents::by_query(scores, relevance)?;
/// assert_eq!(RetrievalAuroc::new().evaluate(&batch)?.scalar(), Some(0.75));
/// # Ok::<(), metrics_core::MetricError>(())
/// ```
pub type RetrievalAuroc = RetrievalMetric<RetrievalAurocRule>;

/// The rule of [`RetrievalAuroc`].
#[derive(Debug, Clone, Copy, Default, PartialEq)]
pub struct RetrievalAurocRule {
    top_k: Option<usize>,
    max_fpr: Option<f64>,
}

cutoff!(RetrievalAurocRule);

impl RetrievalMetric<RetrievalAurocRule> {
    /// Takes the area up to this false positive rate, in `(0, 1]`.
    pub fn max_fpr(mut self, max_fpr: f64) -> Self {
        self.rule.max_fpr = Some(max_fpr);
        self
    }
}

impl RetrievalRule for RetrievalAurocRule {
    const NAME: &'static str = "retrieval_auroc";

    fn top_k(&self) -> Option<usize> {
        self.top_k
    }

    fn validate(&self) -> Result<(), MetricError> {
        match self.max_fpr {
            Some(max_fpr) if !(max_fpr > 0.0 && max_fpr <= 1.0) => {
                let what = format!(
                    "retrieval_auroc up to a false positive rate of {max_fpr}; it must be in (0, 1]"
                );
                Err(MetricError::InvalidOption(what))
            }
            _ => Ok(()),
        }
    }

    fn suffix(&self) -> String {
        self.max_fpr
            .map_or(String::new(), |rate| format!("_to_fpr_{rate}"))
    }

    fn value(&self, query: &Groups) -> f64 {
        let retrieved = query.retrieved(self.top_k, false);
        let mut whole: Vec<Group> = Vec::new();
        for group in &query.groups {
            let reached = group.reached(retrieved);
            if reached == group.size {
                whole.push(*group);
            } else if reached > 0 {
                // Any of the group's documents may be among the first.
                let draws = group.draws(reached).map(|(drawn, likely)| {
                    let cut = Group {
                        size: reached,
                        relevant: drawn,
                        ..*group
                    };
                    let groups = [&whole[..], &[cut]].concat();
                    likely * area(&groups, retrieved, self.max_fpr)
                });
                return draws.sum();
            }
        }
        area(&whole, retrieved, self.max_fpr)
    }
}

/// The area of the first `documents` documents; 0 if they are of one kind.
fn area(groups: &[Group], documents: usize, max_fpr: Option<f64>) -> f64 {
    let relevant: usize = groups.iter().map(|group| group.relevant).sum();
    let others = documents - relevant;
    if relevant == 0 || others == 0 {
        return 0.0;
    }
    let (relevant, others) = (relevant as f64, others as f64);
    let limit = max_fpr.unwrap_or(1.0) * others;
    // The curve is level between groups, and a straight line within one.
    let (mut area, mut x, mut y) = (0.0, 0.0, 0.0);
    let mut line_to = |to_x: f64, to_y: f64| {
        if x < limit && to_x > x {
            let end = to_x.min(limit);
            let end_y = y + (to_y - y) * (end - x) / (to_x - x);
            area += (end - x) * (y + end_y) / 2.0;
        }
        (x, y) = (to_x, to_y);
    };
    let mut found = 0;
    for group in groups {
        line_to((group.before - found) as f64, found as f64);
        found += group.relevant;
        line_to((group.before + group.size - found) as f64, found as f64);
    }
    line_to(others, relevant);
    let area = area / relevant / others;
    match max_fpr {
        Some(rate) if rate < 1.0 => {
            let guessed = rate * rate / 2.0;
            (1.0 + (area - guessed) / (rate - guessed)) / 2.0
        }
        _ => area,
    }
}
