//! A small network: two convolutions over 8x8 pixels and a linear layer over what they find.

use crate::data::{CLASSES, DigitBatch};
use burn::{
    module::Module,
    nn::{
        Dropout, DropoutConfig, Linear, LinearConfig, PaddingConfig2d, Relu,
        conv::{Conv2d, Conv2dConfig},
        loss::CrossEntropyLossConfig,
        pool::{MaxPool2d, MaxPool2dConfig},
    },
    tensor::{Device, Tensor},
    train::{ClassificationOutput, InferenceStep, TrainOutput, TrainStep},
};

/// The network.
#[derive(Module, Debug)]
pub struct Classifier {
    first: Conv2d,
    second: Conv2d,
    pool: MaxPool2d,
    dropout: Dropout,
    output: Linear,
    activation: Relu,
}

impl Classifier {
    /// With random weights.
    pub fn new(device: &Device) -> Self {
        let conv = |from, to| {
            Conv2dConfig::new([from, to], [3, 3])
                .with_padding(PaddingConfig2d::Explicit(1, 1, 1, 1))
                .init(device)
        };
        Self {
            first: conv(1, 16),
            second: conv(16, 32),
            pool: MaxPool2dConfig::new([2, 2]).with_strides([2, 2]).init(),
            dropout: DropoutConfig::new(0.3).init(),
            output: LinearConfig::new(32 * 4 * 4, CLASSES).init(device),
            activation: Relu::new(),
        }
    }

    /// Logits `[N, 10]` of images `[N, 64]`.
    pub fn forward(&self, images: Tensor<2>) -> Tensor<2> {
        let [n, _] = images.dims();
        let x = images.reshape([n, 1, 8, 8]);
        let x = self.activation.forward(self.first.forward(x));
        let x = self.activation.forward(self.second.forward(x));
        let x = self.pool.forward(x).reshape([n, 32 * 4 * 4]);
        self.output.forward(self.dropout.forward(x))
    }

    fn classify(&self, batch: DigitBatch) -> ClassificationOutput {
        let logits = self.forward(batch.images);
        let loss = CrossEntropyLossConfig::new()
            .init(&logits.device())
            .forward(logits.clone(), batch.digits.clone());
        ClassificationOutput::new(loss, logits, batch.digits)
    }
}

impl TrainStep for Classifier {
    type Input = DigitBatch;
    type Output = ClassificationOutput;

    fn step(&self, batch: DigitBatch) -> TrainOutput<ClassificationOutput> {
        let output = self.classify(batch);
        TrainOutput::new(self, output.loss.backward(), output)
    }
}

impl InferenceStep for Classifier {
    type Input = DigitBatch;
    type Output = ClassificationOutput;

    fn step(&self, batch: DigitBatch) -> ClassificationOutput {
        self.classify(batch)
    }
}
