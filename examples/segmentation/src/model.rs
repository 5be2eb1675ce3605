//! A small network: down to half the size and up again, with what was seen at full size beside it.

use crate::shapes::{CLASSES, Scenes};
use burn::{
    module::Module,
    nn::{
        PaddingConfig2d, Relu,
        conv::{Conv2d, Conv2dConfig, ConvTranspose2d, ConvTranspose2dConfig},
        loss::CrossEntropyLossConfig,
        pool::{MaxPool2d, MaxPool2dConfig},
    },
    tensor::{Device, Tensor},
    train::{InferenceStep, TrainOutput, TrainStep},
};
use metrics_burn::SegmentationOutput;

/// The network.
#[derive(Module, Debug)]
pub struct Segmenter {
    fine: Conv2d,
    pool: MaxPool2d,
    coarse: Conv2d,
    deeper: Conv2d,
    up: ConvTranspose2d,
    output: Conv2d,
    activation: Relu,
}

impl Segmenter {
    /// With random weights.
    pub fn new(device: &Device) -> Self {
        let conv = |from, to, size: usize| {
            let half = size / 2;
            Conv2dConfig::new([from, to], [size, size])
                .with_padding(PaddingConfig2d::Explicit(half, half, half, half))
                .init(device)
        };
        Self {
            fine: conv(1, 8, 3),
            pool: MaxPool2dConfig::new([2, 2]).with_strides([2, 2]).init(),
            coarse: conv(8, 16, 5),
            deeper: conv(16, 16, 5),
            up: ConvTranspose2dConfig::new([16, 8], [2, 2])
                .with_stride([2, 2])
                .init(device),
            output: conv(16, CLASSES.len(), 3),
            activation: Relu::new(),
        }
    }

    /// Logits `[N, C, H, W]` of images `[N, 1, H, W]`.
    pub fn forward(&self, images: Tensor<4>) -> Tensor<4> {
        let fine = self.activation.forward(self.fine.forward(images));
        let coarse = self.pool.forward(fine.clone());
        let coarse = self.activation.forward(self.coarse.forward(coarse));
        let coarse = self.activation.forward(self.deeper.forward(coarse));
        let up = self.activation.forward(self.up.forward(coarse));
        self.output.forward(Tensor::cat(vec![fine, up], 1))
    }

    fn segment(&self, scenes: Scenes) -> SegmentationOutput {
        let logits = self.forward(scenes.images);
        let classes = logits.dims()[1];
        // A row for each pixel.
        let rows = logits.clone().movedim(1, 3).reshape([-1, classes as i32]);
        let loss = CrossEntropyLossConfig::new()
            .init(&logits.device())
            .forward(rows, scenes.classes.clone().flatten(0, 2));
        SegmentationOutput {
            loss,
            output: logits,
            targets: scenes.classes,
        }
    }
}

impl TrainStep for Segmenter {
    type Input = Scenes;
    type Output = SegmentationOutput;

    fn step(&self, scenes: Scenes) -> TrainOutput<SegmentationOutput> {
        let output = self.segment(scenes);
        TrainOutput::new(self, output.loss.backward(), output)
    }
}

impl InferenceStep for Segmenter {
    type Input = Scenes;
    type Output = SegmentationOutput;

    fn step(&self, scenes: Scenes) -> SegmentationOutput {
        self.segment(scenes)
    }
}
