use super::{
    retrieval_metric::{EmptyQuery, QueryAverage, check_cutoff},
    retrieval_precision_recall_curve::RetrievalPrecisionRecallCurve,
    states::{QueryDocuments, QueryDocumentsSummary},
};
use crate::{Metric, MetricError, OperatingPoints, Value};

/// The highest recall that a number of retrieved documents has at a precision of at least `min_precision`, and that number.
///
/// Of the points of [`RetrievalPrecisionRecallCurve`] with enough precision it takes that of the highest recall, of these the one
/// with the largest `k`. The value is an operating point whose threshold is `k`. If no point has enough precision, or the
/// recall is 0, it is a recall of 0 at the largest `k`.
///
/// Takes [`Documents`](crate::batch::Documents). Options, ties, queries without a relevant document and errors are those of the
/// curve. Reference: TorchMetrics 1.9.0 `RetrievalRecallAtFixedPrecision`.
///
/// ```
/// use metrics_core::{Metric, batch::Documents, retrieval::RetrievalRecallAtFixedPrecision};
/// use burn::tensor::{Device, Int, Tensor};
///
/// let device = Device::default();
/// let scores = Tensor::<2>::from_floats([[0.4, 0.3, 0.5, 0.1]], &device);
/// let relevance = Tensor::<2, Int>::from_ints([[0, 0, 1, 1]], &device);
/// let batch = Documents::by_query(scores, relevance)?;
/// let value = RetrievalRecallAtFixedPrecision::new(0.8).evaluate(&batch)?;
/// let point = value.operating_points().unwrap();
/// assert_eq!((point.values[0], point.thresholds[0]), (0.5, 1.0));
/// # Ok::<(), metrics_core::MetricError>(())
/// ```
#[derive(Debug, Clone, Default, PartialEq)]
pub struct RetrievalRecallAtFixedPrecision {
    min_precision: f64,
    curve: RetrievalPrecisionRecallCurve,
}

impl RetrievalRecallAtFixedPrecision {
    /// At a precision in `[0, 1]`.
    pub fn new(min_precision: f64) -> Self {
        Self {
            min_precision,
            curve: RetrievalPrecisionRecallCurve::new(),
        }
    }

    /// As [`RetrievalPrecisionRecallCurve::max_k`].
    pub fn max_k(mut self, max_k: usize) -> Self {
        self.curve = self.curve.max_k(max_k);
        self
    }

    /// As [`RetrievalPrecisionRecallCurve::adaptive_k`].
    pub fn adaptive_k(mut self) -> Self {
        self.curve = self.curve.adaptive_k();
        self
    }

    /// As [`RetrievalPrecisionRecallCurve::empty_query`].
    pub fn empty_query(mut self, empty: EmptyQuery) -> Self {
        self.curve = self.curve.empty_query(empty);
        self
    }

    /// As [`RetrievalPrecisionRecallCurve::average`].
    pub fn average(mut self, average: QueryAverage) -> Self {
        self.curve = self.curve.average(average);
        self
    }

    /// As [`RetrievalPrecisionRecallCurve::ignore_index`].
    pub fn ignore_index(mut self, relevance: i64) -> Self {
        self.curve = self.curve.ignore_index(relevance);
        self
    }

    /// The highest recall with enough precision, and where it is.
    fn best(&self, [recall, precision]: &[Vec<f64>; 2]) -> (f64, f64) {
        let points = (1..).zip(recall.iter().zip(precision));
        let enough = points.filter(|(_, (_, precision))| **precision >= self.min_precision);
        let best = enough.max_by(|(_, (a, _)), (_, (b, _))| a.total_cmp(b));
        match best {
            Some((k, (recall, _))) if *recall > 0.0 => (*recall, f64::from(k)),
            _ => (0.0, recall.len() as f64),
        }
    }
}

impl Metric for RetrievalRecallAtFixedPrecision {
    type Accumulator = QueryDocuments;

    fn name(&self) -> String {
        format!(
            "retrieval_recall_at_precision_{}{}",
            self.min_precision,
            self.curve.suffix()
        )
    }

    fn accumulator(&self) -> QueryDocuments {
        self.curve.accumulator()
    }

    fn validate(&self) -> Result<(), MetricError> {
        let least = self.min_precision;
        if !(0.0..=1.0).contains(&least) {
            let what = format!(
                "retrieval_recall_at_fixed_precision at a precision of {least}; it must be in [0, 1]"
            );
            return Err(MetricError::InvalidOption(what));
        }
        check_cutoff("retrieval_recall_at_fixed_precision", self.curve.max_k)
    }

    fn finalize(&self, documents: &QueryDocumentsSummary) -> Result<Value, MetricError> {
        let curves = self
            .curve
            .curves(documents, "retrieval_recall_at_fixed_precision")?;
        let (values, thresholds) = curves.iter().map(|curve| self.best(curve)).unzip();
        Ok(Value::OperatingPoints(OperatingPoints {
            values,
            thresholds,
        }))
    }

    fn higher_is_better(&self) -> Option<bool> {
        Some(true)
    }

    fn is_scalar(&self) -> bool {
        self.curve.is_averaged()
    }
}
