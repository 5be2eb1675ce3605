//! What all metrics of retrieval share: a value for each query, and what becomes of them.

use super::{
    groups::Groups,
    states::{QueryDocuments, QueryDocumentsSummary},
};
use crate::{Metric, MetricError, Value};
use rayon::prelude::*;
use std::fmt::Debug;

/// What one value is made of the values of queries.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum QueryAverage {
    /// The mean.
    #[default]
    Mean,
    /// The median; of an even number of queries the lower of the two in the middle, as in TorchMetrics.
    Median,
    /// The smallest.
    Min,
    /// The largest.
    Max,
    /// A list of all: of whole queries in the order of batches, then of those that came as single documents in the order
    /// of their numbers.
    None,
}

impl QueryAverage {
    /// The suffix of a metric's name.
    pub(super) fn suffix(self) -> &'static str {
        match self {
            Self::Mean => "",
            Self::Median => "_median",
            Self::Min => "_min",
            Self::Max => "_max",
            Self::None => "_per_query",
        }
    }

    /// One value of at least one value.
    pub(super) fn of(self, values: &mut [f64]) -> f64 {
        // A sum in the order of the values does not depend on the order of the queries.
        values.sort_unstable_by(f64::total_cmp);
        match self {
            Self::Mean | Self::None => values.iter().sum::<f64>() / values.len() as f64,
            Self::Median => values[(values.len() - 1) / 2],
            Self::Min => values[0],
            Self::Max => values[values.len() - 1],
        }
    }
}

/// What becomes of a query that has no value, mostly because it has no relevant document.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum EmptyQuery {
    /// An error.
    Error,
    /// The query does not count.
    Skip,
    /// The query has the value 0.
    #[default]
    Zero,
    /// The query has the value 1.
    One,
}

/// The value of a query. Every metric of retrieval with one number for each query is one of these rules.
pub trait RetrievalRule: Clone + Debug + Default + PartialEq + Send + Sync + 'static {
    /// The metric's name.
    const NAME: &'static str;
    /// Whether larger is better.
    const HIGHER_IS_BETTER: bool = true;
    /// What becomes of queries without a value unless told otherwise.
    const EMPTY: EmptyQuery = EmptyQuery::Zero;
    /// What queries without a value lack.
    const NEEDS: &'static str = "relevant";

    /// How many of the documents with the highest scores it looks at, if not at all; at least 1.
    fn top_k(&self) -> Option<usize> {
        None
    }

    /// Whether the rule's other options make sense.
    ///
    /// # Errors
    /// [`MetricError::InvalidOption`].
    fn validate(&self) -> Result<(), MetricError> {
        Ok(())
    }

    /// What the rule's other options add to the name.
    fn suffix(&self) -> String {
        String::new()
    }

    /// What a document of some relevance above 0 gains.
    fn gain(&self, relevance: f64) -> f64 {
        relevance
    }

    /// Whether the query has no value.
    fn is_empty(&self, query: &Groups) -> bool {
        query.relevant == 0
    }

    /// The value of a query that has one.
    fn value(&self, query: &Groups) -> f64;
}

/// Rules that look at the first `k` documents.
pub trait Cutoff: RetrievalRule {
    /// Sets how many.
    fn cut_at(&mut self, k: usize);
}

/// Rules that TorchMetrics has for documents with scores above 0 alone.
pub trait PositiveScores: RetrievalRule {
    /// Leaves the others out.
    fn drop_others(&mut self);
}

/// A metric with a value for each query: a rule, and what becomes of the values.
///
/// Made by the aliases: `RetrievalMap::new()`.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct RetrievalMetric<R> {
    pub(super) rule: R,
    empty: Option<EmptyQuery>,
    average: QueryAverage,
    accumulator: QueryDocuments,
}

impl<R: RetrievalRule> RetrievalMetric<R> {
    /// With TorchMetrics' defaults.
    pub fn new() -> Self {
        Self::default()
    }

    /// What becomes of queries without a relevant document; default [`EmptyQuery::Zero`], or what the metric says.
    pub fn empty_query(mut self, empty: EmptyQuery) -> Self {
        self.empty = Some(empty);
        self
    }

    /// How the values of queries become one; default [`QueryAverage::Mean`].
    pub fn average(mut self, average: QueryAverage) -> Self {
        self.average = average;
        self
    }

    /// Documents with this relevance are left out.
    pub fn ignore_index(mut self, relevance: i64) -> Self {
        self.accumulator.ignore_index = Some(relevance);
        self
    }
}

impl<R: Cutoff> RetrievalMetric<R> {
    /// Looks at the `k` documents with the highest scores; by default at all.
    pub fn top_k(mut self, k: usize) -> Self {
        self.rule.cut_at(k);
        self
    }
}

impl<R: PositiveScores> RetrievalMetric<R> {
    /// Takes documents with a score of 0 or less for not retrieved, as TorchMetrics does.
    pub fn positive_scores_only(mut self) -> Self {
        self.rule.drop_others();
        self
    }
}

impl<R: RetrievalRule> Metric for RetrievalMetric<R> {
    type Accumulator = QueryDocuments;

    fn name(&self) -> String {
        let (top_k, average) = (at(self.rule.top_k()), self.average.suffix());
        format!("{}{top_k}{}{average}", R::NAME, self.rule.suffix())
    }

    fn accumulator(&self) -> QueryDocuments {
        self.accumulator.clone()
    }

    fn validate(&self) -> Result<(), MetricError> {
        check_cutoff(R::NAME, self.rule.top_k())?;
        self.rule.validate()
    }

    fn finalize(&self, documents: &QueryDocumentsSummary) -> Result<Value, MetricError> {
        let empty = self.empty.unwrap_or(R::EMPTY);
        let value = |query: &Groups| self.rule.value(query);
        let is_empty = |query: &Groups| self.rule.is_empty(query);
        let gain = |relevance| self.rule.gain(relevance);
        let mut values = each_query(
            documents,
            (R::NAME, R::NEEDS),
            empty,
            gain,
            is_empty,
            |query| query.map_or(fallback(empty), value),
        )?;
        Ok(match self.average {
            QueryAverage::None => Value::List(values),
            average => Value::Scalar(average.of(&mut values)),
        })
    }

    fn higher_is_better(&self) -> Option<bool> {
        Some(R::HIGHER_IS_BETTER)
    }

    fn is_scalar(&self) -> bool {
        self.average != QueryAverage::None
    }
}

/// The value of queries that have none.
pub(super) fn fallback(empty: EmptyQuery) -> f64 {
    match empty {
        EmptyQuery::One => 1.0,
        _ => 0.0,
    }
}

/// What `value` makes of each query, of `None` for one without a value that counts nevertheless. At least one.
pub(super) fn each_query<T: Send>(
    documents: &QueryDocumentsSummary,
    (metric, needs): (&'static str, &'static str),
    empty: EmptyQuery,
    gain: impl Fn(f64) -> f64 + Sync,
    is_empty: impl Fn(&Groups) -> bool + Sync,
    value: impl Fn(Option<&Groups>) -> T + Sync,
) -> Result<Vec<T>, MetricError> {
    use crate::Summary;
    let queries: Vec<_> = documents.queries().collect();
    if queries.is_empty() {
        return Err(MetricError::Empty {
            rejected: documents.rejected(),
        });
    }
    let all = queries.len();
    let values: Vec<Option<T>> = (queries.into_par_iter())
        .map(|query| {
            let query = Groups::new(&query, &gain);
            if !is_empty(&query) {
                return Some(value(Some(&query)));
            }
            matches!(empty, EmptyQuery::Zero | EmptyQuery::One).then(|| value(None))
        })
        .collect();
    let values: Vec<T> = values.into_iter().flatten().collect();
    let without = all - values.len();
    if values.is_empty() || (without > 0 && empty == EmptyQuery::Error) {
        return Err(MetricError::EmptyQueries {
            metric,
            needs,
            without,
            all,
        });
    }
    Ok(values)
}

/// Whether a cutoff makes sense.
pub(super) fn check_cutoff(metric: &str, k: Option<usize>) -> Result<(), MetricError> {
    if k == Some(0) {
        let what = format!("{metric} of the top 0 documents; the least is the top 1");
        return Err(MetricError::InvalidOption(what));
    }
    Ok(())
}

/// The suffix of a cutoff.
fn at(k: Option<usize>) -> String {
    k.map_or(String::new(), |k| format!("_at_{k}"))
}

/// The options, `Cutoff` and, where TorchMetrics drops scores of 0 and less, `PositiveScores` of a rule.
macro_rules! cutoff {
    ($rule:ident) => {
        impl crate::retrieval::rules::Cutoff for $rule {
            fn cut_at(&mut self, k: usize) {
                self.top_k = Some(k);
            }
        }
    };
    ($rule:ident, positive) => {
        crate::retrieval::retrieval_metric::cutoff!($rule);

        impl crate::retrieval::rules::PositiveScores for $rule {
            fn drop_others(&mut self) {
                self.positive_only = true;
            }
        }
    };
}
pub(super) use cutoff;
