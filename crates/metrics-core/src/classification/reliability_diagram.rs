use crate::{
    Metric, MetricError, ReliabilityBin, Value,
    batch::{Binary, Multiclass},
    classification::states::{BinSums, CalibrationBins, CalibrationBinsSummary, ConfidentBatch},
};

/// Reliability diagram: mean confidence and share of right predictions, by bins of confidence.
///
/// The bins are those of [`CalibrationError`](crate::classification::CalibrationError), with which it
/// shares a state if the options are equal: equal-width, closed on the left, and the last one on
/// the right as well. Binary: confidence is the probability of the positive class and
/// accuracy the share of positives; multiclass: of the best class, and how often it was the target. A
/// bin without elements has count 0 and NaN means. In weighted batches every element counts as much
/// as its weight. No data, or none with any weight, is [`MetricError::Empty`]. State: 3 numbers per
/// bin, with weights 6. References: DeGroot & Fienberg 1983; the binning of TorchMetrics 1.9.0
/// `CalibrationError`, which has one bin more, for a confidence of 1.
///
/// ```
/// use metrics_core::{Metric, batch::Binary, classification::ReliabilityDiagram};
/// use burn::tensor::{Device, Int, Tensor};
///
/// let device = Device::default();
/// let scores = Tensor::<1>::from_floats([0.25, 0.25, 0.75, 0.75], &device);
/// let target = Tensor::<1, Int>::from_ints([0, 1, 1, 1], &device);
/// let batch = Binary::from_scores(scores, target)?;
/// let value = ReliabilityDiagram::binary().bins(2).evaluate(&batch)?;
/// let bins = value.reliability().unwrap();
/// assert_eq!((bins[0].confidence, bins[0].accuracy), (0.25, 0.5));
/// assert_eq!((bins[1].confidence, bins[1].accuracy), (0.75, 1.0));
/// # Ok::<(), metrics_core::MetricError>(())
/// ```
#[derive(Debug)]
pub struct ReliabilityDiagram<B> {
    accumulator: CalibrationBins<B>,
}

impl<B> Clone for ReliabilityDiagram<B> {
    fn clone(&self) -> Self {
        Self {
            accumulator: self.accumulator.clone(),
        }
    }
}

impl ReliabilityDiagram<Binary> {
    /// For yes-or-no decisions with a score each.
    pub fn binary() -> Self {
        Self {
            accumulator: CalibrationBins::new(2),
        }
    }
}

impl ReliabilityDiagram<Multiclass> {
    /// For elements that have one of `classes` classes.
    pub fn multiclass(classes: usize) -> Self {
        Self {
            accumulator: CalibrationBins::new(classes),
        }
    }
}

impl<B> ReliabilityDiagram<B> {
    /// The number of bins; default 15.
    pub fn bins(mut self, bins: usize) -> Self {
        self.accumulator.options.bins = bins;
        self
    }

    /// Elements with this target are left out.
    pub fn ignore_index(mut self, label: i64) -> Self {
        self.accumulator.options.ignore_index = Some(label);
        self
    }
}

impl<B: ConfidentBatch> Metric for ReliabilityDiagram<B> {
    type Accumulator = CalibrationBins<B>;

    fn name(&self) -> String {
        "reliability_diagram".to_string()
    }

    fn accumulator(&self) -> CalibrationBins<B> {
        self.accumulator.clone()
    }

    fn finalize(&self, bins: &CalibrationBinsSummary) -> Result<Value, MetricError> {
        let bins = bins.bins()?;
        let width = bins.len() as f64;
        let bin = |(i, bin): (usize, &BinSums)| ReliabilityBin {
            lower: i as f64 / width,
            upper: (i + 1) as f64 / width,
            count: bin.total,
            // 0 / 0 is the NaN of a bin without elements.
            confidence: bin.confidence / bin.total,
            accuracy: bin.hits / bin.total,
        };
        Ok(Value::Reliability(
            bins.iter().enumerate().map(bin).collect(),
        ))
    }

    fn is_scalar(&self) -> bool {
        false
    }
}
