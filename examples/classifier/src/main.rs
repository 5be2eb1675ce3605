//! Trains a digit classifier with Burn's Learner, thirteen metrics, every logger and a report.

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
        logger::FileMetricLogger,
        metric::store::{Aggregate, Direction, Split},
    },
};
use clap::Parser;
use data::CLASSES;
use metrics_burn::{
    LearnerMetrics, LogPolicy, OnStep, Select, SplitKind, SplitReport, StepValue,
    loggers::{Csv, JsonLines, TensorBoard},
    report::PlotFormat,
};
use metrics_core::{
    MetricCollection, MetricError, MetricReport, ScoreKind,
    batch::Multiclass,
    classification::{
        Accuracy, Auroc, Average, AveragePrecision, CalibrationError, CohenKappa, ConfusionMatrix,
        F1Score, MatthewsCorrCoef, PrecisionRecallCurve, ReliabilityDiagram, Roc,
    },
    text::NegativeLogLikelihood,
};
use model::Classifier;
use std::{
    error::Error,
    fs, io,
    path::{Path, PathBuf},
    process::ExitCode,
    time::Instant,
};

const LEARNING_RATE: f64 = 3e-3;
const BATCH: usize = 64;

/// Trains a small network on 1,797 handwritten digits and measures it on the training, validation
/// and test set.
#[derive(Parser, Debug)]
struct Args {
    /// Where to compute: flex, ndarray, wgpu or cuda (each but flex needs its --features).
    #[arg(long, default_value = "flex")]
    backend: String,
    /// How often to go through the training set.
    #[arg(long, default_value_t = 20)]
    epochs: usize,
    /// Log the metrics of the last so many training steps, every so many steps; 0 logs epochs only.
    #[arg(long, default_value_t = 10)]
    log_every: usize,
    /// Decides the split, the order of the batches and the first weights.
    #[arg(long, default_value_t = 42)]
    seed: u64,
    /// Where to write; each run makes a directory of its own in it.
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

/// Thirteen metrics over four states: confusion, likelihood, calibration bins and scores.
fn metrics(log_every: usize) -> Result<LearnerMetrics<Multiclass>, MetricError> {
    let collection = MetricCollection::new()
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
        .with(Roc::multiclass(CLASSES))
        .with(PrecisionRecallCurve::multiclass(CLASSES))
        .with(ReliabilityDiagram::multiclass(CLASSES))
        .class_names((0..CLASSES).map(|digit| digit.to_string()));
    let on_step = match log_every {
        0 => OnStep::Never,
        n => OnStep::Every(n),
    };
    LearnerMetrics::builder(collection)
        .loss()
        .scores(ScoreKind::Logits)
        .log(Select::all().train(), move |log| {
            log.on_step(on_step)
                .step_value(StepValue::Window(log_every.max(1)))
        })
        .log(Select::metric("accuracy"), |log| log.percent().precision(1))
        .log(
            Select::metrics(["roc", "precision_recall_curve", "reliability_diagram"]),
            LogPolicy::hidden,
        )
        // A point per training sample, each epoch: the report's last is enough.
        .log(
            Select::metrics(["roc", "precision_recall_curve"]).train(),
            |log| log.on_epoch(false),
        )
        .build()
}

/// The first directory `run-1`, `run-2`, .. that is not there yet.
fn run_directory(output: &Path) -> io::Result<PathBuf> {
    fs::create_dir_all(output)?;
    for run in 1.. {
        let directory = output.join(format!("run-{run}"));
        match fs::create_dir(&directory) {
            Err(error) if error.kind() == io::ErrorKind::AlreadyExists => {}
            created => return created.map(|()| directory),
        }
    }
    Err(io::Error::other("every name is taken"))
}

fn run(args: &Args, device: &Device) -> Result<(), Box<dyn Error>> {
    let started = Instant::now();
    let output = run_directory(&args.output)
        .map_err(|error| format!("cannot write to {}: {error}", args.output.display()))?;
    let name = output.file_name().unwrap_or_default().to_string_lossy();
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

    let json = JsonLines::create(output.join("metrics.jsonl"), &name)?;
    let csv = Csv::create(output.join("metrics.csv"), &name)?;
    let board = TensorBoard::create(output.join("tensorboard"))?;
    board.hyper_parameters(
        &[
            ("learning rate", LEARNING_RATE.into()),
            ("batch", BATCH.into()),
            ("epochs", args.epochs.into()),
            ("backend", args.backend.as_str().into()),
            ("seed", args.seed.into()),
        ],
        &[],
    )?;

    let metrics = metrics(args.log_every)?;
    let training_device = device.clone().autodiff();
    // Burn's checkpoints and those of the metrics, of the epoch with the best score.
    let checkpoints = metrics
        .checkpoints(&output)
        .strategy(MetricCheckpointingStrategy::new(
            &metrics.metric("f1_score")?,
            Aggregate::Mean,
            Direction::Highest,
            Split::Valid,
        ))
        .log(&json)
        .log(&csv)
        .log(&board);
    let training = SupervisedTraining::new(
        &output,
        data::loader(train, BATCH, Some(args.seed), &training_device),
        data::loader(valid, BATCH, None, device),
    )
    .metrics(checkpoints)
    .with_metric_logger(FileMetricLogger::new(&output))
    .with_metric_logger(json.clone())
    .with_metric_logger(csv.clone())
    .with_metric_logger(board.clone())
    .renderer(metrics.display(Box::new(progress::Progress::new(metrics.results()))))
    .num_epochs(args.epochs);
    let learner = Learner::new(
        Classifier::new(&training_device),
        AdamConfig::new().init(),
        LEARNING_RATE,
    );
    let trained = training.launch(learner);
    if let Some(error) = &trained.error {
        return Err(format!("the training stopped: {error}").into());
    }
    if let Some(stop) = &trained.interrupted {
        let reason = stop.reason.as_deref().unwrap_or("no reason was given");
        return Err(format!("the training was interrupted: {reason}").into());
    }

    let evaluation = EvaluatorBuilder::new(output.join("evaluation"))
        .metrics(metrics.clone())
        .renderer(metrics.display(Box::new(progress::Progress::new(metrics.results()))))
        .build(trained.model.valid())
        .eval("test", data::loader(test, BATCH, None, device));
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
    if let Some(test) = results.last(SplitKind::Test(0)) {
        // Burn's Evaluator takes no loggers.
        json.report(&test);
        csv.report(&test);
        board.report(&test);
    }
    let report = results
        .report()
        .title(format!("Handwritten digits, {name}"))
        .note("learning rate", LEARNING_RATE)
        .note("batch", BATCH)
        .note("epochs", args.epochs)
        .note("backend", &args.backend)
        .note("seed", args.seed);
    report.write_html(output.join("report.html"))?;
    report.write_plots(output.join("plots"), PlotFormat::Png)?;
    fs::write(output.join("report.md"), report.to_markdown())?;

    println!(
        "\n{:.1} s. Written to {}:",
        started.elapsed().as_secs_f64(),
        output.display()
    );
    for (file, what) in [
        ("report.html", "the run as a page"),
        ("report.md, plots/", "for a model card"),
        ("metrics.jsonl, .csv", "every value of every step and epoch"),
        ("tensorboard/", "for `tensorboard --logdir`"),
        ("train/, valid/", "Burn's logs of every epoch"),
        ("evaluation/", "Burn's logs of the test set"),
        (
            "checkpoint/",
            "the epoch with the best f1_score on the validation set, to go on with",
        ),
    ] {
        println!("  {file:<20} {what}");
    }
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
    let mut entries = test.report.entries.iter();
    if let Some(matrix) = entries.find(|entry| entry.name == "confusion_matrix") {
        println!("\nConfusion matrix, test (row: the digit, column: the prediction)");
        for line in matrix.text().lines() {
            println!("  {line}");
        }
    }
}
