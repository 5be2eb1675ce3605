//! A screening test for a rare illness: 99.9 % accurate, and it misses most of the ill.

mod people;

use burn::tensor::{Device, Int, Tensor};
use clap::Parser;
use metrics_core::{
    MetricCollection, MetricError, ScoreKind,
    batch::Binary,
    classification::{
        Accuracy, Auroc, AveragePrecision, CalibrationError, CohenKappa, ConfusionMatrix, F1Score,
        MatthewsCorrCoef, Precision, Recall, Roc, Specificity,
    },
};
use people::People;
use std::process::ExitCode;

/// People per batch.
const BATCH: usize = 1024;

/// The share of the ill that a screening test should find.
const GOAL: f64 = 0.9;

/// Shows what accuracy hides when one class is rare.
#[derive(Parser)]
struct Args {
    /// How many people are screened (8000 to 10000000); one in 800 is ill.
    #[arg(long, default_value_t = 20_000, value_parser = clap::value_parser!(u32).range(8_000..=10_000_000))]
    people: u32,
    /// Seed of the simulation.
    #[arg(long, default_value_t = 1)]
    seed: u64,
    /// Where to compute: flex, ndarray, wgpu or cuda (each but flex needs its --features).
    #[arg(long, default_value = "flex")]
    backend: String,
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
    match screen(&args, &device) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("{error}");
            ExitCode::FAILURE
        }
    }
}

/// The metrics of decisions at a threshold.
fn decisions(threshold: f32) -> MetricCollection<Binary> {
    MetricCollection::new()
        .with(Accuracy::binary().threshold(threshold))
        .with(Precision::binary().threshold(threshold))
        .with(Recall::binary().threshold(threshold))
        .with(Specificity::binary().threshold(threshold))
        .with(F1Score::binary().threshold(threshold))
        .with(MatthewsCorrCoef::binary().threshold(threshold))
        .with(CohenKappa::binary().threshold(threshold))
        .with(ConfusionMatrix::binary().threshold(threshold))
}

fn update(
    metrics: &mut MetricCollection<Binary>,
    people: &People,
    device: &Device,
) -> Result<(), MetricError> {
    for (scores, ill) in people
        .probabilities
        .chunks(BATCH)
        .zip(people.ill.chunks(BATCH))
    {
        let scores = Tensor::<1>::from_floats(scores, device);
        let target = Tensor::<1, Int>::from_ints(ill, device);
        let batch = Binary::from_scores(scores, target)?.score_kind(ScoreKind::Probabilities);
        metrics.update(&batch)?;
    }
    Ok(())
}

fn screen(args: &Args, device: &Device) -> Result<(), MetricError> {
    let people = People::draw(args.people as usize, args.seed);
    let total = people.ill.len();
    let ill = people.ill.iter().filter(|ill| **ill == 1).count();
    println!("{total} people are screened, {ill} of them are ill.");
    println!("The model gives each a probability; above 0.5 it says \"ill\".\n");

    let mut metrics = decisions(0.5)
        .with(Auroc::binary())
        .with(AveragePrecision::binary())
        .with(CalibrationError::binary())
        .with(Roc::binary());
    update(&mut metrics, &people, device)?;
    let report = metrics.compute()?;
    println!("{report}\n");
    println!(
        "({} metrics, {} states, {} device read)\n",
        metrics.metrics().len(),
        metrics.state_count(),
        metrics.reads()
    );

    let value = |name| report.scalar(name).unwrap_or(f64::NAN);
    let never = 1.0 - ill as f64 / total as f64;
    println!(
        "Accuracy is {:.2} %, and means nothing here: a model that calls everybody healthy has {:.2} %.",
        100.0 * value("accuracy"),
        100.0 * never
    );
    println!(
        "Precision {:.2}: of those it calls ill, {:.0} % are. Recall {:.2}: of the ill, it finds {:.0} %.",
        value("precision"),
        100.0 * value("precision"),
        value("recall"),
        100.0 * value("recall")
    );
    println!(
        "F1, MCC and kappa weigh the rare class, and are low. AUROC {:.3} says that the scores are good:",
        value("auroc")
    );
    println!("it is the threshold that is wrong.\n");

    match report.get("roc").and_then(|roc| threshold_for(GOAL, roc)) {
        Some(threshold) => at_threshold(threshold, &people, device),
        None => Ok(()),
    }
}

/// The highest threshold at which this share of the positives is found, from the ROC curve.
fn threshold_for(recall: f64, roc: &metrics_core::Value) -> Option<f32> {
    let curve = roc.curves()?.first()?;
    let point = curve.y.iter().position(|found| *found >= recall)?;
    // A point of the curve counts scores of at least its threshold, a decision is a score above
    // it: half way to the next score, both mean the same.
    let next = curve.thresholds.get(point + 1).copied().unwrap_or(0.0);
    Some(((curve.thresholds[point] + next) / 2.0) as f32)
}

fn at_threshold(threshold: f32, people: &People, device: &Device) -> Result<(), MetricError> {
    let mut metrics = decisions(threshold);
    update(&mut metrics, people, device)?;
    let report = metrics.compute()?;
    println!(
        "The ROC curve says that at least {:.0} % of the ill are found at a threshold of {threshold:.4}:\n",
        100.0 * GOAL
    );
    println!("{report}\n");
    if let Some(matrix) = report
        .get("confusion_matrix")
        .and_then(|value| value.matrix())
    {
        let (alarms, missed, found) = (matrix.get(0, 1), matrix.get(1, 0), matrix.get(1, 1));
        println!(
            "{found} of the ill are found and {missed} missed; {alarms} healthy people are called back."
        );
        println!(
            "Accuracy and F1 are lower, and as a screening test it is better: F1 takes a healthy person"
        );
        println!(
            "who is called back to be as bad as an ill one who is missed. Which is worse, no metric knows."
        );
    }
    Ok(())
}
