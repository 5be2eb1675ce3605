//! A small training with Burn's Learner, for the tests of loggers.

use burn::{
    data::dataloader::{DataLoader, DataLoaderIterator, Progress},
    module::{Module, Param},
    optim::SgdConfig,
    tensor::{Device, Int, Tensor, TensorData},
    train::{
        ClassificationOutput, InferenceStep, Learner, SupervisedTraining, TrainOutput, TrainStep,
        metric::LossMetric, renderer::CliMetricsRenderer,
    },
};
use metrics_burn::LearnerMetrics;
use metrics_core::batch::Multiclass;
use std::{path::Path, sync::Arc};

/// What the model tells apart.
pub const CLASSES: usize = 3;
/// Steps in an epoch of training and of validation.
pub const STEPS: [u64; 2] = [5, 2];

/// A linear model.
#[derive(Module, Debug)]
pub struct Linear {
    weight: Param<Tensor<2>>,
}

/// A batch of rows and their classes.
#[derive(Debug, Clone)]
pub struct Rows {
    input: Tensor<2>,
    target: Tensor<1, Int>,
}

impl Linear {
    fn classify(&self, rows: Rows) -> ClassificationOutput {
        let scores = rows.input.matmul(self.weight.val());
        let index = rows.target.clone().unsqueeze_dim(1);
        let loss = burn::tensor::activation::log_softmax(scores.clone(), 1).gather(1, index);
        ClassificationOutput::new(loss.mean().neg(), scores, rows.target)
    }
}

impl TrainStep for Linear {
    type Input = Rows;
    type Output = ClassificationOutput;

    fn step(&self, rows: Rows) -> TrainOutput<ClassificationOutput> {
        let output = self.classify(rows);
        TrainOutput::new(self, output.loss.backward(), output)
    }
}

impl InferenceStep for Linear {
    type Input = Rows;
    type Output = ClassificationOutput;

    fn step(&self, rows: Rows) -> ClassificationOutput {
        self.classify(rows)
    }
}

/// So many batches of made-up rows.
#[derive(Clone)]
struct Batches {
    steps: u64,
    device: Device,
}

impl Batches {
    const ROWS: usize = 8;

    fn batch(&self, step: u64) -> Rows {
        let number = |i: usize| ((step * 97 + i as u64) as f32 * 1.7).sin();
        let input: Vec<f32> = (0..2 * Self::ROWS).map(number).collect();
        let target = (0..Self::ROWS).map(|i| (i as i64 + step as i64) % CLASSES as i64);
        let target: Vec<i64> = target.collect();
        Rows {
            input: Tensor::from_data(TensorData::new(input, [Self::ROWS, 2]), &self.device),
            target: Tensor::from_data(TensorData::new(target, [Self::ROWS]), &self.device),
        }
    }
}

impl DataLoader<Rows> for Batches {
    fn iter<'a>(&'a self) -> Box<dyn DataLoaderIterator<Rows> + 'a> {
        Box::new(Iter {
            batches: self,
            next: 0,
        })
    }

    fn num_items(&self) -> usize {
        self.steps as usize * Self::ROWS
    }

    fn to_device(&self, device: &Device) -> Arc<dyn DataLoader<Rows>> {
        Arc::new(Self {
            device: device.clone(),
            ..*self
        })
    }

    fn slice(&self, _start: usize, _end: usize) -> Arc<dyn DataLoader<Rows>> {
        Arc::new(self.clone())
    }
}

struct Iter<'a> {
    batches: &'a Batches,
    next: u64,
}

impl Iterator for Iter<'_> {
    type Item = Result<Rows, burn::data::dataset::DatasetError>;

    fn next(&mut self) -> Option<Self::Item> {
        let step = self.next;
        self.next += 1;
        (step < self.batches.steps).then(|| Ok(self.batches.batch(step)))
    }
}

impl DataLoaderIterator<Rows> for Iter<'_> {
    fn progress(&self) -> Progress {
        let done = self.next.min(self.batches.steps) as usize * Batches::ROWS;
        Progress::new(done, self.batches.num_items(), None)
    }
}

/// A training with these metrics and Burn's loss.
pub fn training(
    dir: &Path,
    device: &Device,
    metrics: &LearnerMetrics<Multiclass>,
    epochs: usize,
) -> (SupervisedTraining<Linear>, Learner<Linear>) {
    let [train, valid] = STEPS.map(|steps| Batches {
        steps,
        device: device.clone(),
    });
    let device = device.clone().autodiff();
    let training = SupervisedTraining::new(
        dir,
        Batches {
            device: device.clone(),
            ..train
        }
        .to_device(&device),
        valid.to_device(&valid.device),
    )
    .metrics(metrics.clone())
    .metric_train_numeric(LossMetric::new())
    .metric_valid_numeric(LossMetric::new())
    .renderer(Box::new(CliMetricsRenderer::new()))
    .with_application_logger(None)
    .num_epochs(epochs);
    let weight: Vec<f32> = (0..2 * CLASSES).map(|i| (i as f32).cos()).collect();
    let weight = Tensor::from_data(TensorData::new(weight, [2, CLASSES]), &device);
    let model = Linear {
        weight: Param::from_tensor(weight),
    };
    (training, Learner::new(model, SgdConfig::new().init(), 0.5))
}
