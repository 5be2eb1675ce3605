//! Trains a digit classifier with Burn's Learner and ten metrics.

mod data;
mod model;
mod progress;

use burn::{
    module::Module,
    optim::AdamConfig,
    tensor::Device,
    train::{
        EvaluatorBuilder, Learner, SupervisedTraining,
        checkpoint::MetricCheckpointingStrategy,
        metric::store::{Aggregate, Direction, Split},
    },
};
use clap::Parser;
use data::CLASSES;
use metrics_burn::{LearnerMetrics, OnStep, SplitKind, SplitReport};
use metrics_core::{
    Accuracy, Auroc, Average, AveragePrecision, CalibrationError, CohenKappa, ConfusionMatrix,
    F1Score, MatthewsCorrCoef, MetricCollection, MetricReport, NegativeLogLikelihood, Value,
    batch::Multiclass,
};
use model::Classifier;
use std::{error::Error, fs, path::PathBuf, process::ExitCode, time::Instant};

/// Trains a small network on 1,797 handwritten digits and measures it with ten metrics on the
/// training, validation and test set.
#[derive(Parser, Debug)]
struct Args {
    /// Where to compute: flex, ndarray, wgpu or cuda (each but flex needs its --features).
    #[arg(long, default_value = "flex")]
    backend: String,
    /// How often to go through the training set.
    #[arg(long, default_value_t = 20)]
    epochs: usize,
    /// Log the metrics of every so many training steps; 0 logs epochs only.
    #[arg(long, default_value_t = 0)]
    log_every: usize,
    /// Decides the split, the order of the batches and the first weights.
    #[arg(long, default_value_t = 42)]
    seed: u64,
    /// Where to write the logs, the checkpoints and report.json.
    #[arg(long, default_value = "target/classifier")]
    output: PathBuf,
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
    match run(&args, &device) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("{error}");
            ExitCode::FAILURE
        }
    }
}

/// Ten metrics over four states: confusion, likelihood, calibration bins and scores.
fn metrics() -> MetricCollection<Multiclass> {
    MetricCollection::new()
        .named(
            "accuracy",
            Accuracy::multiclass(CLASSES).average(Average::Micro),
        )
        .with(F1Score::multiclass(CLASSES))
        .named(
            "f1_per_class",
            F1Score::multiclass(CLASSES).average(Average::None),
        )
        .with(MatthewsCorrCoef::multiclass(CLASSES))
        .with(CohenKappa::multiclass(CLASSES))
        .with(Auroc::multiclass(CLASSES))
        .with(AveragePrecision::multiclass(CLASSES))
        .with(NegativeLogLikelihood::new())
        .with(CalibrationError::multiclass(CLASSES))
        .with(ConfusionMatrix::multiclass(CLASSES))
}

fn run(args: &Args, device: &Device) -> Result<(), Box<dyn Error>> {
    let started = Instant::now();
    fs::create_dir_all(&args.output)
        .map_err(|error| format!("cannot create {}: {error}", args.output.display()))?;
    device.seed(args.seed);
    let digits = data::load(args.seed)?;
    let (train, rest) = digits.split_at(digits.len() * 7 / 10);
    let (valid, test) = rest.split_at(rest.len() / 2);
    println!(
        "{} digits to train on, {} to validate, {} to test; backend {}",
        train.len(),
        valid.len(),
        test.len(),
        args.backend
    );

    let on_step = if args.log_every == 0 {
        OnStep::Never
    } else {
        OnStep::Every(args.log_every)
    };
    let metrics = LearnerMetrics::builder(metrics())
        .on_step(on_step)
        .build()?;
    let training_device = device.clone().autodiff();
    let f1 = metrics.metric("f1_score")?;
    let training = SupervisedTraining::new(
        &args.output,
        data::loader(train, 64, Some(args.seed), &training_device),
        data::loader(valid, 64, None, device),
    )
    .metrics(metrics.clone())
    .renderer(Box::new(progress::Progress::new(metrics.results())))
    .with_checkpointing_strategy(MetricCheckpointingStrategy::new(
        &f1,
        Aggregate::Mean,
        Direction::Highest,
        Split::Valid,
    ))
    .with_default_checkpointers()
    .num_epochs(args.epochs);
    let learner = Learner::new(
        Classifier::new(&training_device),
        AdamConfig::new().init(),
        3e-3,
    );
    let trained = training.launch(learner);
    if let Some(error) = &trained.error {
        return Err(format!("the training stopped: {error}").into());
    }

    let evaluation = EvaluatorBuilder::new(args.output.join("evaluation"))
        .metrics(metrics.clone())
        .renderer(Box::new(progress::Progress::new(metrics.results())))
        .build(trained.model.valid())
        .eval("test", data::loader(test, 64, None, device));
    if let Some(error) = &evaluation.error {
        return Err(format!("the evaluation stopped: {error}").into());
    }

    let results = metrics.results();
    let splits = [SplitKind::Train, SplitKind::Valid, SplitKind::Test(0)];
    let reports: Vec<SplitReport> = splits
        .iter()
        .filter_map(|split| results.last(*split))
        .collect();
    show(&reports);
    let report = args.output.join("report.json");
    write_report(&report, &reports)?;
    println!(
        "\n{:.1} s. Written to {}:",
        started.elapsed().as_secs_f64(),
        args.output.display()
    );
    results
        .report()
        .title("Handwritten digits")
        .note("epochs", args.epochs)
        .note("backend", &args.backend)
        .note("seed", args.seed)
        .write_html(args.output.join("report.html"))?;
    println!("  report.html      the run as a page");
    println!("  report.json      every value of the last epoch and of the test set");
    println!("  train/, valid/   Burn's logs of every epoch");
    println!("  evaluation/      Burn's logs of the test set");
    println!(
        "  checkpoint/      the model of the epoch with the best f1_score on the validation set"
    );
    Ok(())
}

fn show(reports: &[SplitReport]) {
    let Some(test) = reports.last() else { return };
    let cell = |report: &MetricReport, name: &str| match report.scalar(name) {
        Some(value) => format!("{value:>10.4}"),
        None => format!("{:>10}", "N/A"),
    };
    println!(
        "\n{:<24}{:>10}{:>10}{:>10}",
        "metric", "train", "valid", "test"
    );
    for entry in &test.report.entries {
        if entry
            .value
            .as_ref()
            .is_some_and(|value| value.scalar().is_none())
        {
            continue;
        }
        let cells: Vec<_> = reports
            .iter()
            .map(|r| cell(&r.report, &entry.name))
            .collect();
        println!("{:<24}{}", entry.name, cells.join(""));
    }
    if let Some(values) = test.report.get("f1_per_class").and_then(Value::per_class) {
        println!("\nF1 score per digit, test");
        for (digit, value) in values.iter().enumerate() {
            println!("  {digit}  {value:.4}");
        }
    }
    if let Some(matrix) = test.report.get("confusion_matrix").and_then(Value::matrix) {
        println!("\nConfusion matrix, test (row: the digit, column: the prediction)");
        for line in matrix.to_string().lines() {
            println!("  {line}");
        }
    }
}

fn write_report(path: &PathBuf, reports: &[SplitReport]) -> Result<(), Box<dyn Error>> {
    let names = ["train", "valid", "test"];
    let splits: serde_json::Map<_, _> = names
        .iter()
        .zip(reports)
        .map(|(name, report)| Ok((name.to_string(), serde_json::to_value(&report.report)?)))
        .collect::<Result<_, serde_json::Error>>()?;
    fs::write(path, serde_json::to_string_pretty(&splits)?)
        .map_err(|error| format!("cannot write {}: {error}", path.display()).into())
}
