//! Three ways to write a metric of your own, used beside the metrics of the library.

mod g_mean;
mod max_error;
mod rmse;

use burn::tensor::{Device, Int, Tensor};
use clap::Parser;
use g_mean::GMean;
use max_error::MaxError;
use metrics_core::{
    CollectionSummary, Metric, MetricCollection,
    batch::{Binary, Regression},
    classification::{Accuracy, Recall, Specificity},
    regression::{MeanAbsoluteError, MeanSquaredError, R2Score},
};
use rmse::rmse;
use std::{error::Error, fs, path::PathBuf, process::ExitCode};

/// Shows three ways to write a metric, and what they get for nothing: a place in a collection,
/// merging, saving.
#[derive(Parser)]
struct Args {
    /// Where to compute: flex, ndarray, wgpu or cuda (each but flex needs its --features).
    #[arg(long, default_value = "flex")]
    backend: String,
    /// Where to save the state.
    #[arg(long, default_value = "target/custom-metric.json")]
    output: PathBuf,
}

fn main() -> ExitCode {
    let args = Args::parse();
    let device = match example_backend::device(&args.backend) {
        Ok(device) => device,
        Err(reason) => {
            eprintln!("{reason}");
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

fn run(args: &Args, device: &Device) -> Result<(), Box<dyn Error>> {
    two_closures(device)?;
    new_value_of_a_state(device)?;
    together(args, device)
}

fn two_closures(device: &Device) -> Result<(), Box<dyn Error>> {
    println!("1. Two closures: RMSE as sums over batches and a function of them (rmse.rs)\n");
    let mut state = rmse().state();
    for (pred, target) in [([1.0, 2.0], [1.0, 5.0]), ([0.0, 4.0], [4.0, 4.0])] {
        let pred = Tensor::<1>::from_floats(pred, device);
        let target = Tensor::<1>::from_floats(target, device);
        state.update(&Regression::new(pred, target)?)?;
    }
    println!(
        "   errors 0, -3, -4, 0: rmse = sqrt(25 / 4) = {}\n",
        state.compute()?
    );
    Ok(())
}

fn new_value_of_a_state(device: &Device) -> Result<(), Box<dyn Error>> {
    println!("2. A rule: G-mean of the confusion counts that exist (g_mean.rs)\n");
    let mut metrics = MetricCollection::new()
        .with(Accuracy::binary())
        .with(Recall::binary())
        .with(Specificity::binary())
        .with(GMean::binary());
    let scores = Tensor::<1>::from_floats([0.9, 0.8, 0.3, 0.6, 0.2, 0.1, 0.4, 0.2], device);
    let target = Tensor::<1, Int>::from_ints([1, 1, 1, 0, 0, 0, 0, 0], device);
    metrics.update(&Binary::from_scores(scores, target)?)?;
    print_indented(&metrics.compute()?);
    let (count, states) = (metrics.metrics().len(), metrics.state_count());
    println!("\n   {count} metrics share {states} state: the rule cost nothing on the device\n");
    Ok(())
}

/// Forecasts of the temperature in two cities, `[N, 2]`.
fn metrics() -> MetricCollection<Regression> {
    MetricCollection::new()
        .with(MeanSquaredError::new())
        .with(MeanAbsoluteError::new())
        .with(R2Score::new())
        .with(rmse())
        .with(MaxError::new(2))
}

fn together(args: &Args, device: &Device) -> Result<(), Box<dyn Error>> {
    println!("3. A state of its own: the largest error per output (max_error.rs), in a collection");
    println!("   with the others, on two workers\n");
    let workers = [
        ([[14.0, 21.0], [12.5, 24.0]], [[15.0, 21.5], [12.5, 22.0]]),
        ([[17.0, 19.0], [16.0, 20.0]], [[14.0, 19.5], [16.5, 20.0]]),
    ];
    // Each worker accumulates what it sees; what it sends is its summary.
    let mut sent: Vec<CollectionSummary> = Vec::new();
    for (pred, target) in workers {
        let mut worker = metrics();
        let pred = Tensor::<2>::from_floats(pred, device);
        let target = Tensor::<2>::from_floats(target, device);
        worker.update(&Regression::multi_output(pred, target)?)?;
        sent.push(worker.summary()?);
    }

    let mut merged = metrics();
    for summary in &sent {
        merged.merge(summary)?;
    }
    let report = merged.compute()?;
    print_indented(&report);

    let at = |error| format!("{}: {error}", args.output.display());
    if let Some(folder) = args.output.parent() {
        fs::create_dir_all(folder).map_err(at)?;
    }
    let state = serde_json::to_string_pretty(&merged.summary()?)?;
    fs::write(&args.output, state).map_err(at)?;
    let text = fs::read_to_string(&args.output).map_err(at)?;
    let mut restored = metrics();
    restored.merge(&serde_json::from_str(&text)?)?;
    if restored.compute()? != report {
        return Err("the restored metrics differ".into());
    }
    println!(
        "\n   saved to {} ({} bytes), restored: every value is the same",
        args.output.display(),
        text.len()
    );
    Ok(())
}

fn print_indented(report: &metrics_core::MetricReport) {
    for line in report.to_string().lines() {
        println!("   {line}");
    }
}
