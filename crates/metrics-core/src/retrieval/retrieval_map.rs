use super::{
    groups::Groups,
    retrieval_metric::{RetrievalMetric, cutoff},
    rules::RetrievalRule,
};

/// Mean average precision: the precision at the rank of each relevant document that was found, averaged over these; the mean
/// over queries.
///
/// In `[0, 1]`; 0 if no relevant document is among the first `k`. With `top_k`, TorchMetrics divides by the relevant documents
/// that were found, which is the default; `trec_eval` divides by all, which is
/// [`of_all_relevant`](RetrievalMetric::of_all_relevant). Without `top_k` both are the same.
///
/// Takes [`Documents`](crate::batch::Documents). Ties count as the mean over their orders, see
/// [`retrieval`](crate::retrieval). A query without a relevant document has the value 0, or what
/// [`empty_query`](RetrievalMetric::empty_query) says. No documents at all is [`MetricError::Empty`](crate::MetricError::Empty).
///
/// Reference: `trec_eval` `map`, TorchMetrics 1.9.0 `RetrievalMAP`, which does not retrieve documents with a score of 0 or
/// less: [`positive_scores_only`](RetrievalMetric::positive_scores_only).
///
/// ```
/// use metrics_core::{Metric, batch::Documents, retrieval::RetrievalMap};
/// use burn::tensor::{Device, Int, Tensor};
///
/// let device = Device::default();
/// // Two queries of three documents.
/// let scores = Tensor::<2>::from_floats([[0.2, 0.3, 0.5], [0.1, 0.3, 0.5]], &device);
/// let relevance = Tensor::<2, Int>::from_ints([[0, 0, 1], [0, 1, 0]], &device);
/// let batch = Documents::by_query(scores, relevance)?;
/// assert_eq!(RetrievalMap::new().evaluate(&batch)?.scalar(), Some(0.75));
/// # Ok::<(), metrics_core::MetricError>(())
/// ```
pub type RetrievalMap = RetrievalMetric<RetrievalMapRule>;

/// The rule of [`RetrievalMap`].
#[derive(Debug, Clone, Copy, Default, PartialEq)]
pub struct RetrievalMapRule {
    top_k: Option<usize>,
    positive_only: bool,
    of_all: bool,
    at_r: bool,
}

cutoff!(RetrievalMapRule, positive);

impl RetrievalMetric<RetrievalMapRule> {
    /// Divides by all relevant documents of a query, found or not.
    pub fn of_all_relevant(mut self) -> Self {
        self.rule.of_all = true;
        self
    }

    /// Looks at the first `R` documents of a query with `R` relevant ones, and divides by `R`: MAP@R, as of Musgrave, Belongie and Lim,
    /// A Metric Learning Reality Check, ECCV 2020. Takes the place of a cutoff. A query needs at least `R` documents; those that it lacks count
    /// as irrelevant.
    pub fn at_r(mut self) -> Self {
        self.rule.at_r = true;
        self
    }
}

impl RetrievalRule for RetrievalMapRule {
    const NAME: &'static str = "retrieval_map";

    fn top_k(&self) -> Option<usize> {
        self.top_k
    }

    fn suffix(&self) -> String {
        match (self.at_r, self.of_all) {
            (true, _) => "_at_r",
            (false, true) => "_of_all",
            _ => "",
        }
        .into()
    }

    fn value(&self, query: &Groups) -> f64 {
        let top_k = if self.at_r {
            Some(query.relevant)
        } else {
            self.top_k
        };
        let retrieved = query.retrieved(top_k, self.positive_only);
        let mean = |sum: f64, found: usize| {
            let relevant = if self.of_all || self.at_r {
                query.relevant
            } else {
                found
            };
            sum / relevant.max(1) as f64
        };
        let (mut sum, mut found) = (0.0, 0);
        for group in &query.groups {
            let reached = group.reached(retrieved);
            if reached < group.size {
                // The cutoff is within the group, or before it.
                let draws = group.draws(reached).map(|(drawn, likely)| {
                    let sum = sum + precisions(group.before, found, reached, drawn);
                    likely * mean(sum, found + drawn)
                });
                return draws.sum();
            }
            sum += precisions(group.before, found, reached, group.relevant);
            found += group.relevant;
        }
        mean(sum, found)
    }
}

/// The expected sum of the precisions at `drawn` relevant documents that are anywhere among `size` documents, after `before`
/// documents of which `found` are relevant.
fn precisions(before: usize, found: usize, size: usize, drawn: usize) -> f64 {
    if size == 1 && drawn == 1 {
        return (found + 1) as f64 / (before + 1) as f64;
    }
    let share = drawn as f64 / size as f64;
    // How many relevant ones are expected before a relevant one, for each place before it.
    let others = (drawn as f64 - 1.0) / (size as f64 - 1.0);
    let precision = |place: usize| {
        let relevant = (found + 1) as f64 + place as f64 * others;
        relevant / (before + place + 1) as f64
    };
    if drawn == 0 {
        0.0
    } else {
        share * (0..size).map(precision).sum::<f64>()
    }
}
