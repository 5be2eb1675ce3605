//! A model, data and metrics for tests of trainings.

use burn::{
    data::dataloader::{DataLoader, DataLoaderIterator, Progress},
    module::{Module, Param},
    optim::{GradientsParams, SgdConfig},
    tensor::{Device, Int, Tensor, TensorData},
    train::{
        ClassificationOutput, InferenceStep, Learner, SupervisedTraining, TrainOutput, TrainStep,
        metric::LossMetric, renderer::CliMetricsRenderer,
    },
};
use metrics_burn::LearnerMetrics;
use metrics_core::{
    MetricCollection,
    batch::Multiclass,
    classification::{
        Accuracy, Auroc, Average, AveragePrecision, CohenKappa, ConfusionMatrix, F1Score,
        MatthewsCorrCoef, Precision, Recall,
    },
    text::NegativeLogLikelihood,
};
use std::path::Path;
use std::sync::{
    Arc, Barrier, Mutex,
    atomic::{AtomicUsize, Ordering},
};

/// The model's classes.
pub const CLASSES: usize = 4;

/// A step's predictions as read back, for the offline computation.
pub type Dumped = (Vec<f32>, Vec<i64>);

/// A linear model that keeps a copy of all it predicted.
#[derive(Module, Debug)]
pub struct Model {
    /// `[3, CLASSES]`.
    pub weight: Param<Tensor<2>>,
    /// What it predicted in training.
    #[module(skip)]
    pub train: Dump,
    /// What it predicted in validation and evaluation.
    #[module(skip)]
    pub valid: Dump,
    /// Whether it keeps them.
    #[module(skip)]
    pub keeps: bool,
    /// Where workers wait for each other at each step, as they do when they share gradients. Such a
    /// model does not learn.
    #[module(skip)]
    pub meet: Option<Arc<Barrier>>,
}

/// Predictions in the order in which they were made.
#[derive(Debug, Clone, Default)]
pub struct Dump(Arc<Mutex<Vec<Dumped>>>);

impl Dump {
    fn add(&self, scores: &Tensor<2>, target: &Tensor<1, Int>) {
        let scores = scores
            .clone()
            .into_data()
            .convert::<f32>()
            .try_into_vec()
            .unwrap();
        let target = target
            .clone()
            .into_data()
            .convert::<i64>()
            .try_into_vec()
            .unwrap();
        self.0.lock().unwrap().push((scores, target));
    }

    /// All of them.
    pub fn all(&self) -> Vec<Dumped> {
        self.0.lock().unwrap().clone()
    }
}

/// A batch of the loader.
#[derive(Debug, Clone)]
pub struct Step {
    /// `[N, 3]`.
    pub input: Tensor<2>,
    /// `[N]`.
    pub target: Tensor<1, Int>,
}

impl Model {
    /// The same weights every time.
    pub fn new(device: &Device) -> Self {
        let weight = Tensor::from_data(
            TensorData::new(
                (0..12).map(|i| (i as f32 * 0.7).sin()).collect::<Vec<_>>(),
                [3, CLASSES],
            ),
            device,
        );
        Self {
            weight: Param::from_tensor(weight),
            train: Dump::default(),
            valid: Dump::default(),
            keeps: true,
            meet: None,
        }
    }

    fn classify(&self, step: Step, dump: &Dump) -> ClassificationOutput {
        let scores = step.input.matmul(self.weight.val());
        if self.keeps {
            dump.add(&scores, &step.target);
        }
        let [n, _] = scores.dims();
        // A loss that a label out of range cannot break.
        let index = step
            .target
            .clone()
            .clamp(0, CLASSES as i64 - 1)
            .reshape([n, 1]);
        let loss = burn::tensor::activation::log_softmax(scores.clone(), 1).gather(1, index);
        ClassificationOutput::new(loss.mean().neg(), scores, step.target)
    }
}

impl TrainStep for Model {
    type Input = Step;
    type Output = ClassificationOutput;

    fn step(&self, step: Step) -> TrainOutput<ClassificationOutput> {
        let output = self.classify(step, &self.train);
        if let Some(meet) = &self.meet {
            meet.wait();
            let grads = GradientsParams::new();
            return TrainOutput {
                grads,
                item: output,
            };
        }
        TrainOutput::new(self, output.loss.backward(), output)
    }
}

impl InferenceStep for Model {
    type Input = Step;
    type Output = ClassificationOutput;

    fn step(&self, step: Step) -> ClassificationOutput {
        self.classify(step, &self.valid)
    }
}

/// A loader of fixed batches.
#[derive(Clone)]
pub struct Batches {
    /// Inputs and targets of each batch.
    pub steps: Vec<(Vec<f32>, Vec<i64>)>,
    /// Where the tensors are made.
    pub device: Device,
    /// Counts the epochs, if each is to have other targets: greater by one, modulo the classes.
    pub epochs: Option<Arc<AtomicUsize>>,
}

impl Batches {
    /// Deterministic data: `seed` varies them.
    pub fn new(sizes: &[usize], seed: u64, device: &Device) -> Self {
        let mut state = seed.wrapping_mul(0x9e37_79b9_7f4a_7c15) | 1;
        let mut next = move || {
            state = state
                .wrapping_mul(6364136223846793005)
                .wrapping_add(1442695040888963407);
            (state >> 40) as f32 / (1u64 << 24) as f32
        };
        let steps = (sizes.iter())
            .map(|n| {
                let input: Vec<f32> = (0..3 * n).map(|_| 2.0 * next() - 1.0).collect();
                let target = input
                    .chunks(3)
                    .map(|x| ((x[0] + x[1] * 2.0 + 3.0 * next()).abs() * 1.3) as i64 % 4);
                (input.clone(), target.collect())
            })
            .collect();
        Self {
            steps,
            device: device.clone(),
            epochs: None,
        }
    }

    /// With targets that differ in each epoch.
    pub fn changing(self) -> Self {
        Self {
            epochs: Some(Arc::default()),
            ..self
        }
    }

    /// As Burn takes it.
    pub fn loader(self) -> Arc<dyn DataLoader<Step>> {
        Arc::new(self)
    }
}

impl DataLoader<Step> for Batches {
    fn iter<'a>(&'a self) -> Box<dyn DataLoaderIterator<Step> + 'a> {
        let epoch = self
            .epochs
            .as_ref()
            .map(|n| n.fetch_add(1, Ordering::SeqCst));
        Box::new(Iter {
            batches: self,
            next: 0,
            shift: epoch.unwrap_or(0),
        })
    }

    fn num_items(&self) -> usize {
        self.steps.iter().map(|(_, target)| target.len()).sum()
    }

    fn to_device(&self, device: &Device) -> Arc<dyn DataLoader<Step>> {
        Arc::new(Self {
            device: device.clone(),
            ..self.clone()
        })
    }

    /// Rows, in batches of the size of the first.
    fn slice(&self, start: usize, end: usize) -> Arc<dyn DataLoader<Step>> {
        let size = self.steps[0].1.len();
        let inputs: Vec<f32> = self.steps.iter().flat_map(|(x, _)| x.clone()).collect();
        let targets: Vec<i64> = self.steps.iter().flat_map(|(_, t)| t.clone()).collect();
        let inputs = inputs[3 * start..3 * end].chunks(3 * size);
        let targets = targets[start..end].chunks(size);
        Arc::new(Self {
            steps: inputs.map(Vec::from).zip(targets.map(Vec::from)).collect(),
            device: self.device.clone(),
            epochs: self.epochs.as_ref().map(|_| Arc::default()),
        })
    }
}

/// Goes through the batches of a loader.
pub struct Iter<'a> {
    /// The loader.
    pub batches: &'a Batches,
    /// How many batches it has given.
    pub next: usize,
    /// What is added to the targets.
    pub shift: usize,
}

impl Iterator for Iter<'_> {
    type Item = Result<Step, burn::data::dataset::DatasetError>;

    fn next(&mut self) -> Option<Self::Item> {
        let (input, target) = self.batches.steps.get(self.next)?.clone();
        self.next += 1;
        let n = target.len();
        let shift = self.shift as i64;
        let target: Vec<i64> = match shift {
            0 => target,
            shift => (target.iter())
                .map(|t| (t + shift) % CLASSES as i64)
                .collect(),
        };
        Some(Ok(Step {
            input: Tensor::from_data(TensorData::new(input, [n, 3]), &self.batches.device),
            target: Tensor::from_data(TensorData::new(target, [n]), &self.batches.device),
        }))
    }
}

impl DataLoaderIterator<Step> for Iter<'_> {
    fn progress(&self) -> Progress {
        let done = self.batches.steps[..self.next]
            .iter()
            .map(|(_, t)| t.len())
            .sum();
        Progress::new(done, self.batches.num_items(), None)
    }
}

/// The steps of every epoch as they are given, on the device where they are.
#[derive(Debug, Clone)]
pub struct GivenSteps<T>(Arc<Vec<T>>);

impl<T: Clone + Send + Sync + 'static> GivenSteps<T> {
    /// A loader of these steps.
    pub fn loader(steps: &[T]) -> Arc<dyn DataLoader<T>> {
        Arc::new(Self(Arc::new(steps.to_vec())))
    }
}

struct GivenStepsIter<'a, T>(&'a [T], usize);

impl<T: Clone> Iterator for GivenStepsIter<'_, T> {
    type Item = Result<T, burn::data::dataset::DatasetError>;

    fn next(&mut self) -> Option<Self::Item> {
        self.1 += 1;
        self.0.get(self.1 - 1).cloned().map(Ok)
    }
}

impl<T: Clone> DataLoaderIterator<T> for GivenStepsIter<'_, T> {
    fn progress(&self) -> Progress {
        Progress::new(self.1, self.0.len(), None)
    }
}

impl<T: Clone + Send + Sync + 'static> DataLoader<T> for GivenSteps<T> {
    fn iter<'a>(&'a self) -> Box<dyn DataLoaderIterator<T> + 'a> {
        Box::new(GivenStepsIter(&self.0, 0))
    }

    fn num_items(&self) -> usize {
        self.0.len()
    }

    fn to_device(&self, _: &Device) -> Arc<dyn DataLoader<T>> {
        Arc::new(self.clone())
    }

    fn slice(&self, _: usize, _: usize) -> Arc<dyn DataLoader<T>> {
        Arc::new(self.clone())
    }
}

/// Steps of an epoch of [`training`], training and validation.
pub const STEPS: [u64; 2] = [5, 2];

/// A training with these metrics and Burn's loss.
pub fn training(
    dir: &Path,
    device: &Device,
    metrics: &LearnerMetrics<Multiclass>,
    epochs: usize,
) -> (SupervisedTraining<Model>, Learner<Model>) {
    let auto = device.clone().autodiff();
    let [train, valid] = STEPS.map(|steps| vec![8; steps as usize]);
    let training = SupervisedTraining::new(
        dir,
        Batches::new(&train, 1, &auto).loader(),
        Batches::new(&valid, 2, device).loader(),
    )
    .metrics(metrics.clone())
    .metric_train_numeric(LossMetric::new())
    .metric_valid_numeric(LossMetric::new())
    .renderer(Box::new(CliMetricsRenderer::new()))
    .with_application_logger(None)
    .num_epochs(epochs);
    let learner = Learner::new(Model::new(&auto), SgdConfig::new().init(), 0.5);
    (training, learner)
}

/// Ten metrics over three states.
pub fn ten() -> MetricCollection<Multiclass> {
    MetricCollection::new()
        .named(
            "accuracy",
            Accuracy::multiclass(CLASSES).average(Average::Micro),
        )
        .with(Precision::multiclass(CLASSES))
        .with(Recall::multiclass(CLASSES))
        .with(F1Score::multiclass(CLASSES))
        .with(MatthewsCorrCoef::multiclass(CLASSES))
        .with(CohenKappa::multiclass(CLASSES))
        .with(ConfusionMatrix::multiclass(CLASSES))
        .with(Auroc::multiclass(CLASSES))
        .with(AveragePrecision::multiclass(CLASSES))
        .with(NegativeLogLikelihood::new())
}

/// The collection's values of predictions, on the host.
pub fn offline(dumped: &[Dumped]) -> metrics_core::MetricReport {
    let device = crate::reference();
    let mut metrics = ten();
    for (scores, target) in dumped {
        let n = target.len();
        let scores = Tensor::<2>::from_data(TensorData::new(scores.clone(), [n, CLASSES]), &device);
        let target = Tensor::<1, Int>::from_data(TensorData::new(target.clone(), [n]), &device);
        metrics
            .update(&Multiclass::from_scores(scores, target).unwrap())
            .unwrap();
    }
    metrics.compute().unwrap()
}
