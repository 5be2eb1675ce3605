//! A small network: 64 pixels, 128 hidden units, 10 digits.

use crate::data::{CLASSES, DigitBatch, PIXELS};
use burn::{
    module::Module,
    nn::{Linear, LinearConfig, Relu, loss::CrossEntropyLossConfig},
    tensor::{Device, Tensor},
    train::{ClassificationOutput, InferenceStep, TrainOutput, TrainStep},
};

/// The network.
#[derive(Module, Debug)]
pub struct Classifier {
    hidden: Linear,
    output: Linear,
    activation: Relu,
}

impl Classifier {
    /// With random weights.
    pub fn new(device: &Device) -> Self {
        Self {
            hidden: LinearConfig::new(PIXELS, 128).init(device),
            output: LinearConfig::new(128, CLASSES).init(device),
            activation: Relu::new(),
        }
    }

    /// Logits `[N, 10]` of images `[N, 64]`.
    pub fn forward(&self, images: Tensor<2>) -> Tensor<2> {
        self.output
            .forward(self.activation.forward(self.hidden.forward(images)))
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
