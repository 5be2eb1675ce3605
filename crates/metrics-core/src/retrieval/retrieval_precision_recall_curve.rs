use super::{
    groups::Groups,
    retrieval_metric::{EmptyQuery, QueryAverage, check_cutoff, each_query, fallback},
    states::{QueryDocuments, QueryDocumentsSummary},
};
use crate::{Curve, Metric, MetricError, Value};

/// Precision and recall of the first `k` documents, for every `k` from 1 on; each the mean over queries.
///
/// The value is a curve: recall as `x`, precision as `y`, and `k` as the thresholds. It ends at
/// [`max_k`](Self::max_k), by default at the number of documents of the longest query. A query with fewer documents divides
/// by `k` nevertheless, unless [`adaptive_k`](Self::adaptive_k) says otherwise.
///
/// Takes [`Documents`](crate::batch::Documents). Ties count as the mean over their orders, see
/// [`retrieval`](crate::retrieval). A query without a relevant document has precision and recall 0, or what
/// [`empty_query`](Self::empty_query) says. No documents at all is [`MetricError::Empty`].
///
/// Reference: TorchMetrics 1.9.0 `RetrievalPrecisionRecallCurve`.
///
/// ```
/// use metrics_core::{Metric, batch::Documents, retrieval::RetrievalPrecisionRecallCurve};
/// use burn::tensor::{Device, Int, Tensor};
///
/// let device = Device::default();
/// let scores = Tensor::<2>::from_floats([[0.2, 0.3, 0.5], [0.1, 0.3, 0.5]], &device);
/// let relevance = Tensor::<2, Int>::from_ints([[0, 0, 1], [0, 1, 0]], &device);
/// let batch = Documents::by_query(scores, relevance)?;
/// let value = RetrievalPrecisionRecallCurve::new().max_k(2).evaluate(&batch)?;
/// let curve = &value.curves().unwrap()[0];
/// assert_eq!(curve.x, [0.5, 1.0]);
/// assert_eq!(curve.y, [0.5, 0.5]);
/// assert_eq!(curve.thresholds, [1.0, 2.0]);
/// # Ok::<(), metrics_core::MetricError>(())
/// ```
#[derive(Debug, Clone, Default, PartialEq)]
pub struct RetrievalPrecisionRecallCurve {
    pub(super) max_k: Option<usize>,
    adaptive_k: bool,
    empty: EmptyQuery,
    average: QueryAverage,
    accumulator: QueryDocuments,
}

impl RetrievalPrecisionRecallCurve {
    /// With TorchMetrics' defaults.
    pub fn new() -> Self {
        Self::default()
    }

    /// The largest `k`; by default the number of documents of the longest query.
    pub fn max_k(mut self, max_k: usize) -> Self {
        self.max_k = Some(max_k);
        self
    }

    /// Of queries with fewer than `k` documents, divides by the number of these.
    pub fn adaptive_k(mut self) -> Self {
        self.adaptive_k = true;
        self
    }

    /// What becomes of queries without a relevant document; default [`EmptyQuery::Zero`].
    pub fn empty_query(mut self, empty: EmptyQuery) -> Self {
        self.empty = empty;
        self
    }

    /// How the precisions and the recalls of queries become one, for each `k`; default [`QueryAverage::Mean`].
    /// [`QueryAverage::None`] has a curve for each query.
    pub fn average(mut self, average: QueryAverage) -> Self {
        self.average = average;
        self
    }

    /// Documents with this relevance are left out.
    pub fn ignore_index(mut self, relevance: i64) -> Self {
        self.accumulator.ignore_index = Some(relevance);
        self
    }

    pub(super) fn suffix(&self) -> String {
        let max_k = self.max_k.map_or(String::new(), |k| format!("_to_{k}"));
        format!("{max_k}{}", self.average.suffix())
    }

    pub(super) fn is_averaged(&self) -> bool {
        self.average != QueryAverage::None
    }

    /// The curves: recall and precision for every `k`.
    pub(super) fn curves(
        &self,
        documents: &QueryDocumentsSummary,
        metric: &'static str,
    ) -> Result<Vec<[Vec<f64>; 2]>, MetricError> {
        let max_k = self.max_k.unwrap_or_else(|| documents.longest());
        let linear = |relevance| relevance;
        let is_empty = |query: &Groups| query.relevant == 0;
        let curves = each_query(
            documents,
            (metric, "relevant"),
            self.empty,
            linear,
            is_empty,
            |query| match query {
                Some(query) => self.of_query(query, max_k),
                None => [
                    vec![fallback(self.empty); max_k],
                    vec![fallback(self.empty); max_k],
                ],
            },
        )?;
        if !self.is_averaged() {
            return Ok(curves);
        }
        let average = |part: usize| {
            let at = |k: usize| {
                let mut values: Vec<f64> = curves.iter().map(|curve| curve[part][k]).collect();
                self.average.of(&mut values)
            };
            (0..max_k).map(at).collect()
        };
        Ok(vec![[average(0), average(1)]])
    }

    fn of_query(&self, query: &Groups, max_k: usize) -> [Vec<f64>; 2] {
        let mut hits = vec![0.0; max_k];
        for group in &query.groups {
            let each = group.relevant as f64 / group.size as f64;
            let range = group.before.min(max_k)..(group.before + group.size).min(max_k);
            hits[range].fill(each);
        }
        let mut sum = 0.0;
        for hits in &mut hits {
            sum += *hits;
            *hits = sum;
        }
        let k = |place: usize| {
            let k = place + 1;
            if self.adaptive_k {
                k.min(query.documents).max(1)
            } else {
                k
            }
        };
        let recall = hits
            .iter()
            .map(|hits| hits / query.relevant as f64)
            .collect();
        let precision = (0..)
            .zip(&hits)
            .map(|(place, hits)| hits / k(place) as f64)
            .collect();
        [recall, precision]
    }
}

impl Metric for RetrievalPrecisionRecallCurve {
    type Accumulator = QueryDocuments;

    fn name(&self) -> String {
        format!("retrieval_precision_recall_curve{}", self.suffix())
    }

    fn accumulator(&self) -> QueryDocuments {
        self.accumulator.clone()
    }

    fn validate(&self) -> Result<(), MetricError> {
        check_cutoff("retrieval_precision_recall_curve", self.max_k)
    }

    fn finalize(&self, documents: &QueryDocumentsSummary) -> Result<Value, MetricError> {
        let curves = self.curves(documents, "retrieval_precision_recall_curve")?;
        let curve = |[recall, precision]: [Vec<f64>; 2]| Curve {
            x_name: "recall".into(),
            y_name: "precision".into(),
            thresholds: (1..=recall.len()).map(|k| k as f64).collect(),
            x: recall,
            y: precision,
            support: None,
        };
        Ok(Value::Curves(curves.into_iter().map(curve).collect()))
    }

    fn is_scalar(&self) -> bool {
        false
    }
}
