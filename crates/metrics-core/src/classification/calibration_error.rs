use crate::{
    Metric, MetricError, Value,
    batch::{Binary, Multiclass},
    classification::states::{CalibrationBins, CalibrationBinsSummary, ConfidentBatch},
};

/// Expected calibration error: how far confidence is from the share of right predictions, over
/// equal-width bins of confidence.
///
/// With the gap `|accuracy - confidence|` of a bin and its share of the elements: their summed
/// product ([`CalibrationNorm::L1`]), the root of the sum with squared gaps (`L2`), or the largest
/// gap (`Max`). Multiclass: confidence is the probability of the best class and a prediction is right
/// if that is the target. Binary, as in the reference: confidence is the probability of the positive
/// class and accuracy the share of positives. Ranges over `[0, 1]`, 0 is best. Bins are closed on the
/// left, and the last one on the right as well. In weighted batches every element counts as much as
/// its weight, in the shares as in the means of a bin. No data, or none with any weight, is
/// [`MetricError::Empty`]. State: 3 numbers per bin, with weights 6. References: Naeini et al. 2015; Kumar et
/// al. 2019; TorchMetrics 1.9.0 `CalibrationError`, which has one bin more, for a confidence of 1.
///
/// ```
/// use metrics_core::{Metric, batch::Binary, classification::CalibrationError};
/// use burn::tensor::{Device, Int, Tensor};
///
/// let device = Device::default();
/// let scores = Tensor::<1>::from_floats([0.25, 0.25, 0.75, 0.75], &device);
/// let target = Tensor::<1, Int>::from_ints([0, 1, 1, 1], &device);
/// let batch = Binary::from_scores(scores, target)?;
/// let error = CalibrationError::binary().bins(2).evaluate(&batch)?;
/// assert_eq!(error.scalar(), Some(0.25));
/// # Ok::<(), metrics_core::MetricError>(())
/// ```
#[derive(Debug)]
pub struct CalibrationError<B> {
    accumulator: CalibrationBins<B>,
    norm: CalibrationNorm,
}

/// How the gaps of the bins become one number.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum CalibrationNorm {
    /// Their mean: expected calibration error.
    #[default]
    L1,
    /// Their root mean square.
    L2,
    /// The largest: maximum calibration error.
    Max,
}

impl<B> Clone for CalibrationError<B> {
    fn clone(&self) -> Self {
        Self {
            accumulator: self.accumulator.clone(),
            norm: self.norm,
        }
    }
}

impl CalibrationError<Binary> {
    /// For yes-or-no decisions with a score each.
    pub fn binary() -> Self {
        Self {
            accumulator: CalibrationBins::new(2),
            norm: CalibrationNorm::default(),
        }
    }
}

impl CalibrationError<Multiclass> {
    /// For elements that have one of `classes` classes.
    pub fn multiclass(classes: usize) -> Self {
        Self {
            accumulator: CalibrationBins::new(classes),
            norm: CalibrationNorm::default(),
        }
    }
}

impl<B> CalibrationError<B> {
    /// The number of bins; default 15.
    pub fn bins(mut self, bins: usize) -> Self {
        self.accumulator.options.bins = bins;
        self
    }

    /// How the gaps become one number; default: their mean.
    pub fn norm(mut self, norm: CalibrationNorm) -> Self {
        self.norm = norm;
        self
    }

    /// Elements with this target are left out.
    pub fn ignore_index(mut self, label: i64) -> Self {
        self.accumulator.options.ignore_index = Some(label);
        self
    }
}

impl<B: ConfidentBatch> Metric for CalibrationError<B> {
    type Accumulator = CalibrationBins<B>;

    fn name(&self) -> String {
        match self.norm {
            CalibrationNorm::L1 => "calibration_error",
            CalibrationNorm::L2 => "calibration_error_l2",
            CalibrationNorm::Max => "calibration_error_max",
        }
        .to_string()
    }

    fn accumulator(&self) -> CalibrationBins<B> {
        self.accumulator.clone()
    }

    fn finalize(&self, bins: &CalibrationBinsSummary) -> Result<Value, MetricError> {
        let bins = bins.bins()?;
        let total: f64 = bins.iter().map(|bin| bin.total).sum();
        let gaps = bins.iter().filter(|bin| bin.total > 0.0).map(|bin| {
            let gap = (bin.hits - bin.confidence).abs() / bin.total;
            (gap, bin.total / total)
        });
        Ok(match self.norm {
            CalibrationNorm::L1 => gaps.map(|(gap, share)| gap * share).sum::<f64>(),
            CalibrationNorm::L2 => gaps
                .map(|(gap, share)| gap * gap * share)
                .sum::<f64>()
                .sqrt(),
            CalibrationNorm::Max => gaps.map(|(gap, _)| gap).fold(0.0, f64::max),
        }
        .into())
    }

    fn higher_is_better(&self) -> Option<bool> {
        Some(false)
    }
}
