//! Times one metric after another, a batch and its value each: the half of the sweep beside
//! TorchMetrics that is Rust.

use burn::tensor::{Device, Distribution, Int, Tensor, activation::softmax};
use clap::Parser;
use metrics_core::{
    batch::{Binary, Ensemble, Multiclass, Multilabel, Regression},
    prelude::*,
};
use std::{process::ExitCode, time::Instant};

/// Times one metric after another.
#[derive(Parser)]
struct Args {
    /// Where to compute: flex, ndarray, wgpu or cuda.
    #[arg(long, default_value = "flex")]
    backend: String,
    /// Passes of each metric, after one that does not count; the fastest is printed.
    #[arg(long, default_value_t = 5)]
    passes: usize,
    /// Batches before the value.
    #[arg(long, default_value_t = 1)]
    batches: usize,
    /// Names to time; without, all of them.
    names: Vec<String>,
}

fn main() -> ExitCode {
    let args = Args::parse();
    let run = example_backend::device(&args.backend).and_then(|device| {
        let sweep = Sweep { args: &args };
        sweep.all(&device).map_err(|error| error.to_string())
    });
    match run {
        Ok(()) => ExitCode::SUCCESS,
        Err(message) => {
            eprintln!("{message}");
            ExitCode::from(2)
        }
    }
}

struct Sweep<'a> {
    args: &'a Args,
}

impl Sweep<'_> {
    /// Prints a name and the seconds of so many batches with their value.
    fn time<M: Metric>(
        &self,
        name: &str,
        metric: M,
        batch: &dyn Fn() -> Result<BatchOf<M>, MetricError>,
    ) -> Result<(), MetricError> {
        if !self.args.names.is_empty() && !self.args.names.iter().any(|known| known == name) {
            return Ok(());
        }
        let mut best = f64::INFINITY;
        for pass in 0..=self.args.passes {
            let start = Instant::now();
            let mut state = MetricState::new(metric.clone());
            for _ in 0..self.args.batches {
                // A new batch from the same tensors: it has nothing that another one derived from them.
                state.update(&batch()?)?;
            }
            state.compute()?;
            if pass > 0 {
                best = best.min(start.elapsed().as_secs_f64());
            }
        }
        println!("{name}\t{best:.9}");
        Ok(())
    }

    fn all(&self, device: &Device) -> Result<(), MetricError> {
        let normal = |n: usize, m: usize| {
            Tensor::<2>::random([n, m], Distribution::Normal(0.0, 1.0), device)
        };
        let uniform = |n: usize, m: usize| {
            Tensor::<2>::random([n, m], Distribution::Uniform(0.01, 1.0), device)
        };
        let labels = |n: usize, m: usize, high: i64| -> Tensor<2, Int> {
            let labels =
                Tensor::<2>::random([n, m], Distribution::Uniform(0.0, high as f64), device);
            labels.int().clamp(0, high - 1)
        };
        let million = 1_000_000;

        let (pred, target) = (normal(1, million), normal(1, million));
        let pairs = || Regression::new(pred.clone(), target.clone());
        self.time("pearson_corr_coef", PearsonCorrCoef::new(), &pairs)?;
        self.time("concordance_corr_coef", ConcordanceCorrCoef::new(), &pairs)?;
        self.time("explained_variance", ExplainedVariance::new(), &pairs)?;
        self.time("log_cosh_error", LogCoshError::new(), &pairs)?;
        self.time("minkowski_distance", MinkowskiDistance::new(3.0), &pairs)?;
        self.time(
            "critical_success_index",
            CriticalSuccessIndex::new(0.5),
            &pairs,
        )?;
        self.time("spearman_corr_coef", SpearmanCorrCoef::new(), &pairs)?;
        let (pred, target) = (uniform(1, million), uniform(1, million));
        let positive = || Regression::new(pred.clone(), target.clone());
        self.time(
            "mean_absolute_percentage_error",
            MeanAbsolutePercentageError::new(),
            &positive,
        )?;
        self.time(
            "symmetric_mean_absolute_percentage_error",
            SymmetricMeanAbsolutePercentageError::new(),
            &positive,
        )?;
        self.time(
            "weighted_mean_absolute_percentage_error",
            WeightedMeanAbsolutePercentageError::new(),
            &positive,
        )?;
        self.time(
            "mean_squared_log_error",
            MeanSquaredLogError::new(),
            &positive,
        )?;
        self.time(
            "tweedie_deviance_score",
            TweedieDevianceScore::new().power(1.5),
            &positive,
        )?;
        let (pred, target) = (normal(1, 10_000), normal(1, 10_000));
        let few = || Regression::new(pred.clone(), target.clone());
        self.time("kendall_rank_corr_coef", KendallRankCorrCoef::new(), &few)?;
        let (pred, target) = (normal(1000, 1000), normal(1000, 1000));
        let rows = || Regression::multi_output(pred.clone(), target.clone());
        self.time("cosine_similarity", CosineSimilarity::new(), &rows)?;
        let (pred, target) = (
            softmax(normal(1000, 1000), 1),
            softmax(normal(1000, 1000), 1),
        );
        let rows = || Regression::multi_output(pred.clone(), target.clone());
        self.time("kl_divergence", KlDivergence::new(), &rows)?;
        self.time(
            "jensen_shannon_divergence",
            JensenShannonDivergence::new(),
            &rows,
        )?;
        let (members, truth) = (normal(100_000, 10), normal(1, 100_000).reshape([100_000]));
        let ensemble = || Ensemble::new(members.clone(), truth.clone());
        self.time(
            "continuous_ranked_probability_score",
            ContinuousRankedProbabilityScore::new(),
            &ensemble,
        )?;

        let flat = |x: Tensor<2, Int>| x.flatten::<1>(0, 1);
        let (scores, target) = (uniform(1, million), labels(1, million, 2));
        let binary = || Binary::from_scores(scores.clone(), target.clone());
        self.time("binary_hinge_loss", HingeLoss::binary(), &binary)?;
        self.time("binary_log_auc", LogAuc::binary(), &binary)?;
        self.time("normalized_entropy", NormalizedEntropy::binary(), &binary)?;
        self.time(
            "weighted_calibration",
            WeightedCalibration::binary(),
            &binary,
        )?;
        let weights = uniform(1, million);
        let weighted = || binary()?.with_weights(weights.clone());
        self.time("binary_accuracy_weighted", Accuracy::binary(), &weighted)?;
        self.time("binary_auroc_weighted", Auroc::binary(), &weighted)?;
        let (rows, classes) = (normal(100_000, 10), flat(labels(1, 100_000, 10)));
        let many = || Multiclass::from_scores(rows.clone(), classes.clone());
        self.time("multiclass_hinge_loss", HingeLoss::multiclass(10), &many)?;
        self.time("multiclass_exact_match", ExactMatch::multiclass(10), &many)?;
        let (scores, target) = (uniform(10_000, 100), labels(10_000, 100, 2));
        let labels = || Multilabel::from_scores(scores.clone(), target.clone());
        self.time(
            "multilabel_exact_match",
            ExactMatch::multilabel(100),
            &labels,
        )?;
        self.time(
            "multilabel_coverage_error",
            MultilabelCoverageError::new(100),
            &labels,
        )?;
        self.time(
            "multilabel_ranking_average_precision",
            MultilabelRankingAveragePrecision::new(100),
            &labels,
        )?;
        self.time(
            "multilabel_ranking_loss",
            MultilabelRankingLoss::new(100),
            &labels,
        )
    }
}
