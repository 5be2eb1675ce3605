use super::{per_output, suffix};
use crate::{
    Identity, Metric, MetricError, Value,
    ops::pairs::TermsKernel,
    regression::states::{MAX_SUMS, PairSums, PairSumsSummary, PairTerms, Unit},
};
use burn::tensor::{Bool, FloatDType, Tensor};

/// Critical success index (threat score): `hits / (hits + misses + false alarms)`, where an event is a
/// value of the threshold or more; the Jaccard index of predicted and observed events.
///
/// Takes [`Regression`](crate::batch::Regression) batches. All elements count as one output,
/// whatever the shape, unless [`outputs`](Self::outputs) says otherwise. Ranges over `[0, 1]`; 0
/// where no event was predicted and none happened, as in the reference. Infinite values are numbers. A
/// threshold that is NaN is [`MetricError::InvalidOption`].
///
/// Weights of the batch count elements as often as they weigh. No data, or none of any weight, is
/// [`MetricError::Empty`], NaN is [`MetricError::InvalidData`] (to TorchMetrics it is no event).
/// Reference: TorchMetrics 1.9.0 `CriticalSuccessIndex`.
///
/// ```
/// use metrics_core::{Metric, batch::Regression, regression::CriticalSuccessIndex};
/// use burn::tensor::{Device, Tensor};
///
/// let device = Device::default();
/// let pred = Tensor::<1>::from_floats([0.5, 0.9, 0.1, 0.7], &device);
/// let target = Tensor::<1>::from_floats([0.6, 0.2, 0.8, 0.5], &device);
/// let batch = Regression::new(pred, target)?;
/// let index = CriticalSuccessIndex::new(0.5);
/// assert_eq!(index.evaluate(&batch)?.scalar(), Some(2.0 / 4.0));
/// # Ok::<(), metrics_core::MetricError>(())
/// ```
#[derive(Debug, Clone, PartialEq, serde::Serialize)]
pub struct CriticalSuccessIndex {
    #[serde(serialize_with = "crate::number::single")]
    threshold: f32,
    outputs: Option<usize>,
}

impl CriticalSuccessIndex {
    /// Over all elements, whatever the shape of the batch; events are values of `threshold` or more.
    pub fn new(threshold: f32) -> Self {
        Self {
            threshold,
            outputs: None,
        }
    }

    /// One value for each of the `outputs` columns of `[N, outputs]` batches, such as the steps of a
    /// forecast.
    ///
    /// This is TorchMetrics' `keep_sequence_dim`, with that dimension as the last of two. Counts of
    /// several batches add up; TorchMetrics has a list of values for every update.
    pub fn outputs(mut self, outputs: usize) -> Self {
        self.outputs = Some(outputs);
        self
    }
}

impl PairTerms for CriticalSuccessIndex {
    /// Hits, and all events that were predicted or happened.
    const SUMS: usize = 2;

    fn identity(&self) -> Identity {
        Identity::new("critical_success_index", 1).with(self)
    }

    fn unit(&self) -> Unit {
        self.outputs.map_or(Unit::Elements, Unit::Outputs)
    }

    fn validate(&self) -> Result<(), MetricError> {
        if !self.threshold.is_nan() {
            Ok(())
        } else {
            Err(MetricError::InvalidOption("the threshold is NaN".into()))
        }
    }

    fn terms(&self, pred: Tensor<2>, target: Tensor<2>) -> Vec<Tensor<2>> {
        let pred = pred.greater_equal_elem(self.threshold);
        let target = target.greater_equal_elem(self.threshold);
        let hits = pred.clone().bool_and(target.clone());
        [hits, pred.bool_or(target)].map(indicator).to_vec()
    }

    fn kernel(&self) -> Option<TermsKernel> {
        Some(TermsKernel::Events(self.threshold.to_bits()))
    }

    const BY_NUMBER: bool = true;

    #[inline(always)]
    fn of_pair(&self, pred: f64, target: f64) -> [f64; MAX_SUMS] {
        let threshold = self.threshold as f64;
        let (pred, target) = (pred >= threshold, target >= threshold);
        let indicator = |flag: bool| if flag { 1.0 } else { 0.0 };
        [indicator(pred & target), indicator(pred | target)]
    }
}

impl Metric for CriticalSuccessIndex {
    type Accumulator = PairSums<Self>;

    fn name(&self) -> String {
        let outputs = suffix(self.outputs);
        format!("critical_success_index_{}{outputs}", self.threshold)
    }

    fn accumulator(&self) -> PairSums<Self> {
        PairSums::new(self.clone())
    }

    fn finalize(&self, totals: &PairSumsSummary) -> Result<Value, MetricError> {
        totals.not_empty()?;
        let events = totals.sums_of(0).iter().zip(totals.sums_of(1));
        let index = |(hits, all): (&f64, &f64)| if *all == 0.0 { 0.0 } else { hits / all };
        Ok(per_output(events.map(index).collect(), self.outputs))
    }

    fn higher_is_better(&self) -> Option<bool> {
        Some(true)
    }

    fn is_scalar(&self) -> bool {
        self.outputs.is_none()
    }
}

/// 1 where it is so, else 0.
fn indicator(flags: Tensor<2, Bool>) -> Tensor<2> {
    flags.float().cast(FloatDType::F32)
}
