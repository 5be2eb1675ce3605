//! What a step of segmentation returns.

use crate::{Loss, MetricInput};
use burn::{
    tensor::{ExecutionError, Int, Tensor},
    train::{
        ItemLazy,
        metric::{Adaptor, LossInput},
    },
};
use metrics_core::batch::{Masks, Multiclass, Values};

/// The output of a step of a model that segments images: what `TrainStep` and `InferenceStep` return.
///
/// It adapts to [`Masks`], for metrics of masks; to [`Multiclass`], for metrics of pixels; to [`Values`] (the loss), and to
/// Burn's `LossInput`. A loss that is the mean of a batch weighs as much as the batch has images.
///
/// ```
/// use burn::{tensor::{Device, Int, Tensor}, train::metric::Adaptor};
/// use metrics_burn::{MetricInput, SegmentationOutput};
/// use metrics_core::{Metric, batch::Masks, segmentation::MeanIoU};
///
/// let device = Device::default();
/// let output = SegmentationOutput {
///     loss: Tensor::from_floats([0.3], &device),
///     output: Tensor::from_floats([[[[2.0, -1.0]], [[0.5, 1.0]]]], &device),
///     targets: Tensor::<3, Int>::from_ints([[[0, 1]]], &device),
/// };
/// let input: MetricInput<Masks> = output.adapt();
/// let value = MeanIoU::new(2).evaluate(input.batch().unwrap()).unwrap();
/// assert_eq!(value.scalar(), Some(1.0));
/// ```
#[derive(Debug, Clone)]
pub struct SegmentationOutput {
    /// The loss: one number, or one for each image.
    pub loss: Tensor<1>,
    /// Scores of classes `[N, C, H, W]`: logits or probabilities.
    pub output: Tensor<4>,
    /// The class of each pixel `[N, H, W]`.
    pub targets: Tensor<3, Int>,
}

impl SegmentationOutput {
    fn own_loss(&self) -> Loss {
        Loss::new(self.loss.clone(), self.targets.dims()[0])
    }
}

impl ItemLazy for SegmentationOutput {
    fn sync(self) -> Result<Self, ExecutionError> {
        self.loss.device().flush()?;
        Ok(Self {
            loss: self.loss.without_autodiff(),
            output: self.output.without_autodiff(),
            targets: self.targets.without_autodiff(),
        })
    }
}

impl Adaptor<MetricInput<Masks>> for SegmentationOutput {
    fn adapt(&self) -> MetricInput<Masks> {
        let batch = Masks::from_scores(self.output.clone(), self.targets.clone());
        MetricInput::from(batch).with_loss(self.own_loss())
    }
}

impl Adaptor<MetricInput<Multiclass>> for SegmentationOutput {
    fn adapt(&self) -> MetricInput<Multiclass> {
        let batch = Multiclass::from_dense(self.output.clone(), self.targets.clone());
        MetricInput::from(batch).with_loss(self.own_loss())
    }
}

impl Adaptor<MetricInput<Values>> for SegmentationOutput {
    fn adapt(&self) -> MetricInput<Values> {
        let loss = self.own_loss();
        MetricInput::from(loss.weighted(None)).with_loss(loss)
    }
}

impl Adaptor<LossInput> for SegmentationOutput {
    fn adapt(&self) -> LossInput {
        LossInput::new(self.loss.clone())
    }
}
