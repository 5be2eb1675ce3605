//! What metrics cost a training: steps per second of Burn's Learner without metrics, with ten of
//! ours and with five of burn-train's, in turns.

use burn::{
    data::dataloader::{DataLoader, DataLoaderIterator, Progress},
    module::Module,
    nn::{Linear, LinearConfig, PaddingConfig2d, Relu, conv::Conv2d, conv::Conv2dConfig},
    optim::AdamConfig,
    tensor::{Device, Distribution, Int, Tensor},
    train::{
        ClassificationOutput, InferenceStep, Learner, SupervisedTraining, TrainOutput, TrainStep,
        logger::{EvaluationProgressLogger, InMemoryMetricLogger, TrainingProgressLogger},
        metric::MetricDefinition,
        metric::{
            AccuracyMetric, AurocMetric, ClassReduction, FBetaScoreMetric, PrecisionMetric,
            RecallMetric,
        },
        renderer::{
            EvaluationName, MetricState, MetricsRenderer, MetricsRendererEvaluation,
            MetricsRendererTraining,
        },
    },
};
use clap::Parser;
use metrics_burn::{LearnerMetrics, OnStep};
use metrics_core::{
    MetricCollection,
    batch::Multiclass,
    classification::{
        Accuracy, Auroc, Average, AveragePrecision, CalibrationError, CohenKappa, ConfusionMatrix,
        F1Score, MatthewsCorrCoef, Precision,
    },
    text::NegativeLogLikelihood,
};
use std::{error::Error, num::NonZeroUsize, process::ExitCode, sync::Arc, time::Instant};

const CLASSES: usize = 10;

/// Trains the same network without metrics, with ten metrics of this project logged every so many
/// steps, and with five of burn-train's, in turns, and prints the steps per second of each.
#[derive(Parser)]
struct Args {
    /// Where to compute: flex, ndarray, wgpu or cuda.
    #[arg(long, default_value = "flex")]
    backend: String,
    /// Turns; the medians are compared.
    #[arg(long, default_value_t = NonZeroUsize::new(9).unwrap())]
    rounds: NonZeroUsize,
    /// Steps a turn.
    #[arg(long, default_value_t = NonZeroUsize::new(400).unwrap())]
    steps: NonZeroUsize,
    /// Rows of a batch.
    #[arg(long, default_value_t = NonZeroUsize::new(64).unwrap())]
    batch: NonZeroUsize,
    /// Channels of the network's convolutions.
    #[arg(long, default_value_t = NonZeroUsize::new(16).unwrap())]
    channels: NonZeroUsize,
    /// Our metrics are logged every so many steps.
    #[arg(long, default_value_t = NonZeroUsize::new(50).unwrap())]
    log_every: NonZeroUsize,
}

/// Two convolutions over 28 x 28 pixels and a linear layer.
#[derive(Module, Debug)]
struct Network {
    first: Conv2d,
    second: Conv2d,
    output: Linear,
    relu: Relu,
}

#[derive(Clone, Debug)]
struct Step {
    images: Tensor<4>,
    labels: Tensor<1, Int>,
}

impl Step {
    fn inner(self) -> Self {
        Self {
            images: self.images.inner(),
            labels: self.labels.inner(),
        }
    }
}

impl Network {
    fn new(channels: usize, device: &Device) -> Self {
        let conv = |from, to| {
            Conv2dConfig::new([from, to], [3, 3])
                .with_stride([2, 2])
                .with_padding(PaddingConfig2d::Explicit(1, 1, 1, 1))
                .init(device)
        };
        Self {
            first: conv(1, channels),
            second: conv(channels, channels),
            output: LinearConfig::new(channels * 7 * 7, CLASSES).init(device),
            relu: Relu::new(),
        }
    }

    fn classify(&self, step: Step) -> ClassificationOutput {
        let x = self.relu.forward(self.first.forward(step.images));
        let x = self.relu.forward(self.second.forward(x));
        let logits = self.output.forward(x.flatten(1, 3));
        let log = burn::tensor::activation::log_softmax(logits.clone(), 1);
        let [n] = step.labels.dims();
        let loss = log
            .gather(1, step.labels.clone().reshape([n, 1]))
            .mean()
            .neg();
        ClassificationOutput::new(loss, logits, step.labels)
    }
}

impl TrainStep for Network {
    type Input = Step;
    type Output = ClassificationOutput;

    fn step(&self, step: Step) -> TrainOutput<ClassificationOutput> {
        let output = self.classify(step);
        TrainOutput::new(self, output.loss.backward(), output)
    }
}

impl InferenceStep for Network {
    type Input = Step;
    type Output = ClassificationOutput;

    fn step(&self, step: Step) -> ClassificationOutput {
        self.classify(step)
    }
}

/// The same batch again and again, so that nothing but training and metrics takes time.
#[derive(Clone)]
struct Again {
    step: Step,
    steps: usize,
}

struct Turn<'a>(&'a Again, usize);

impl DataLoader<Step> for Again {
    fn iter<'a>(&'a self) -> Box<dyn DataLoaderIterator<Step> + 'a> {
        Box::new(Turn(self, 0))
    }
    fn num_items(&self) -> usize {
        self.steps
    }
    fn to_device(&self, _device: &Device) -> Arc<dyn DataLoader<Step>> {
        Arc::new(self.clone())
    }
    fn slice(&self, start: usize, end: usize) -> Arc<dyn DataLoader<Step>> {
        Arc::new(Self {
            steps: end - start,
            ..self.clone()
        })
    }
}

impl Iterator for Turn<'_> {
    type Item = Result<Step, burn::data::dataset::DatasetError>;

    fn next(&mut self) -> Option<Self::Item> {
        self.1 += 1;
        (self.1 <= self.0.steps).then(|| Ok(self.0.step.clone()))
    }
}

impl DataLoaderIterator<Step> for Turn<'_> {
    fn progress(&self) -> Progress {
        Progress::new(self.1, self.0.steps, None)
    }
}

/// Shows nothing.
struct Silent;

impl MetricsRendererTraining for Silent {
    fn update_train(&mut self, _: MetricState) {}
    fn update_valid(&mut self, _: MetricState) {}
}
impl MetricsRendererEvaluation for Silent {
    fn update_test(&mut self, _: EvaluationName, _: MetricState) {}
}
impl MetricsRenderer for Silent {
    fn manual_close(&mut self) {}
    fn register_metric(&mut self, _: MetricDefinition) {}
}
impl TrainingProgressLogger for Silent {
    fn start(&mut self, _: usize, _: usize, _: Option<usize>, _: Option<&str>) {}
    fn update_epoch(&mut self, _: usize) {}
    fn start_split(&mut self, _: &str, _: usize) {}
    fn update_split(&mut self, _: usize) {}
    fn end_split(&mut self) {}
    fn end(&mut self) {}
    fn log_event_training(&mut self, _: String) {}
}
impl EvaluationProgressLogger for Silent {
    fn start_global_progress(&mut self, _: usize) {}
    fn start_test(&mut self, _: &str, _: usize) {}
    fn update_test_progress(&mut self, _: usize) {}
    fn end_test(&mut self) {}
    fn end_global_progress(&mut self) {}
    fn log_event_evaluation(&mut self, _: String) {}
}

#[derive(Clone, Copy, PartialEq)]
enum With {
    Nothing,
    Ours,
    BurnTrain,
}

fn ten() -> MetricCollection<Multiclass> {
    MetricCollection::new()
        .named(
            "accuracy",
            Accuracy::multiclass(CLASSES).average(Average::Micro),
        )
        .with(Precision::multiclass(CLASSES))
        .with(F1Score::multiclass(CLASSES))
        .with(MatthewsCorrCoef::multiclass(CLASSES))
        .with(CohenKappa::multiclass(CLASSES))
        .with(Auroc::multiclass(CLASSES))
        .with(AveragePrecision::multiclass(CLASSES))
        .with(NegativeLogLikelihood::new())
        .with(CalibrationError::multiclass(CLASSES))
        .with(ConfusionMatrix::multiclass(CLASSES))
}

/// Steps per second of one epoch.
fn run(args: &Args, with: With, batch: &Step, device: &Device) -> Result<f64, Box<dyn Error>> {
    let dir = tempfile::tempdir()?;
    let device = device.clone().autodiff();
    let steps = args.steps.get();
    let train = Again {
        step: batch.clone(),
        steps,
    };
    // One step, since burn-train's AUROC panics without any.
    let valid = Again {
        step: batch.clone().inner(),
        steps: 1,
    };
    let training = SupervisedTraining::new(dir.path(), Arc::new(train), Arc::new(valid))
        .with_metric_logger(InMemoryMetricLogger::new())
        .with_application_logger(None)
        .renderer(Box::new(Silent))
        .num_epochs(1);
    let training = match with {
        With::Nothing => training,
        With::Ours => {
            let metrics = LearnerMetrics::builder(ten())
                .on_step(OnStep::Every(args.log_every.get()))
                .build()?;
            training.metrics(metrics)
        }
        With::BurnTrain => training.metrics((
            AccuracyMetric::new(),
            PrecisionMetric::multiclass(1, ClassReduction::Macro),
            RecallMetric::multiclass(1, ClassReduction::Macro),
            FBetaScoreMetric::multiclass(1.0, 1, ClassReduction::Macro),
            AurocMetric::multiclass(ClassReduction::Macro),
        )),
    };
    let network = Network::new(args.channels.get(), &device);
    let learner = Learner::new(network, AdamConfig::new().init(), 1e-3);
    let started = Instant::now();
    let result = training.launch(learner);
    device.sync()?;
    let seconds = started.elapsed().as_secs_f64();
    match result.error {
        Some(error) => Err(error.to_string().into()),
        None => Ok(steps as f64 / seconds),
    }
}

fn median(values: &[f64]) -> f64 {
    let mut sorted = values.to_vec();
    sorted.sort_by(f64::total_cmp);
    let n = sorted.len();
    (sorted[(n - 1) / 2] + sorted[n / 2]) / 2.0
}

fn measure(args: &Args, device: &Device) -> Result<(), Box<dyn Error>> {
    let n = args.batch.get();
    let auto = device.clone().autodiff();
    let batch = Step {
        images: Tensor::random([n, 1, 28, 28], Distribution::Default, &auto),
        labels: Tensor::<1, Int>::arange(0..n as i64, &auto).remainder_scalar(CLASSES as i64),
    };
    let all = [
        (With::Nothing, "no metrics"),
        (With::Ours, "ten metrics of ours"),
        (With::BurnTrain, "five of burn-train's"),
    ];
    let mut speeds = [const { Vec::new() }; 3];
    for round in 0..=args.rounds.get() {
        for turn in 0..all.len() {
            // Each begins a round as often as the others; the first round warms up.
            let i = (turn + round) % all.len();
            let speed = run(args, all[i].0, &batch, device)?;
            if round > 0 {
                speeds[i].push(speed);
            }
        }
    }
    println!(
        "{} rounds of {} steps of {} images in turns, {} channels, backend {}; ours logged every {} steps\n",
        args.rounds, args.steps, n, args.channels, args.backend, args.log_every
    );
    println!(
        "{:<22}{:>10}{:>10}{:>10}{:>14}",
        "", "steps/s", "least", "most", "of no metrics"
    );
    for (i, (_, name)) in all.iter().enumerate() {
        // Ratios within a round, since a machine's speed drifts between rounds.
        let ratios: Vec<f64> = speeds[i]
            .iter()
            .zip(&speeds[0])
            .map(|(a, b)| a / b)
            .collect();
        let least = speeds[i].iter().copied().fold(f64::INFINITY, f64::min);
        let most = speeds[i].iter().copied().fold(0.0, f64::max);
        println!(
            "{name:<22}{:>10.1}{least:>10.1}{most:>10.1}{:>12.1} %",
            median(&speeds[i]),
            100.0 * median(&ratios)
        );
    }
    Ok(())
}

fn main() -> ExitCode {
    let args = Args::parse();
    let device = match example_backend::device(&args.backend) {
        Ok(device) => device,
        Err(message) => {
            eprintln!("{message}");
            return ExitCode::from(2);
        }
    };
    match measure(&args, &device) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("{error}");
            ExitCode::FAILURE
        }
    }
}
