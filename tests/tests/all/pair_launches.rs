//! How many kernels a step of pairs, ensembles and observations launches.

use crate::{
    launches::{launched, step, weighted_step, with_kernels},
    process::alone,
};
use burn::tensor::Tensor;
use metrics_core::{
    batch::{Ensemble, Observations, Regression, TwoSamples, Values},
    prelude::*,
};
use metrics_tests::samples::{OUTPUTS, Sample};

fn outputs() -> MetricCollection<Regression> {
    MetricCollection::new()
        .with(MeanSquaredError::new().outputs(OUTPUTS))
        .with(R2Score::new().outputs(OUTPUTS))
        .with(PearsonCorrCoef::new().outputs(OUTPUTS))
        .with(PinballLoss::new().alpha(0.9).outputs(OUTPUTS))
        .with(LogCoshError::new().outputs(OUTPUTS))
        .with(CriticalSuccessIndex::new(0.5).outputs(OUTPUTS))
        .with(MeanAbsoluteError::new())
        .with(PinballLoss::new())
        .with(MinkowskiDistance::new(1.5))
        .with(TweedieDevianceScore::new().power(3.0))
}

#[test]
fn outputs_and_elements_are_one_launch() {
    alone!(outputs_and_elements_are_one_launch);
    for (name, device) in with_kernels() {
        for rows in [64, 20_000] {
            assert_eq!(step(outputs(), rows, &device), 1, "{name}, {rows} rows");
            let weighted = weighted_step(outputs(), rows, &device);
            assert_eq!(weighted, 1, "{name}, {rows} weighted rows");
        }
    }
}

#[test]
fn whole_rows_are_one_launch() {
    alone!(whole_rows_are_one_launch);
    let metrics = || {
        MetricCollection::new()
            .with(CosineSimilarity::new())
            .with(KlDivergence::new())
            .with(KlDivergence::new().log_prob(true).reduction(Reduction::Sum))
            .with(JensenShannonDivergence::new())
            .with(MeanSquaredError::new())
    };
    for (name, device) in with_kernels() {
        for rows in [64, 20_000] {
            assert_eq!(step(metrics(), rows, &device), 1, "{name}, {rows} rows");
            let weighted = weighted_step(metrics(), rows, &device);
            assert_eq!(weighted, 1, "{name}, {rows} weighted rows");
        }
    }
}

#[test]
fn ensembles_and_observations_are_one_launch() {
    alone!(ensembles_and_observations_are_one_launch);
    let forecasts =
        || MetricCollection::<Ensemble>::new().with(ContinuousRankedProbabilityScore::new());
    let observed = || MetricCollection::<Observations>::new().with(Covariance::new(OUTPUTS));
    for (name, device) in with_kernels() {
        for rows in [64, 20_000] {
            assert_eq!(step(forecasts(), rows, &device), 1, "{name}, {rows} rows");
            assert_eq!(weighted_step(forecasts(), rows, &device), 1, "{name}");
            assert_eq!(step(observed(), rows, &device), 1, "{name}, {rows} rows");
            assert_eq!(weighted_step(observed(), rows, &device), 1, "{name}");
            let samples = MetricCollection::<TwoSamples>::new().with(Wasserstein1D::new());
            assert_eq!(step(samples, rows, &device), 1, "{name}, {rows} rows");
        }
    }
}

fn with_lists() -> MetricCollection<Regression> {
    MetricCollection::new()
        .with(MeanSquaredError::new())
        .with(MeanAbsoluteError::new())
        .with(R2Score::new())
        .with(PearsonCorrCoef::new())
        .with(SpearmanCorrCoef::new())
        .with(KendallRankCorrCoef::new())
        .with(SpearmanCorrCoef::new().outputs(OUTPUTS))
        .with(CosineSimilarity::new())
        .with(CosineSimilarity::new().per_row())
        .with(LogCoshError::new())
}

/// A list grows by doubling, which is memory and no launch.
#[test]
fn ten_metrics_with_lists_are_one_launch() {
    alone!(ten_metrics_with_lists_are_one_launch);
    assert_eq!(with_lists().metrics().len(), 10);
    for (name, device) in with_kernels() {
        for rows in [64, 20_000] {
            assert_eq!(step(with_lists(), rows, &device), 1, "{name}, {rows} rows");
        }
        let mut metrics = with_lists().validation(Validation::Ignore);
        for seed in 0..40 {
            let batch = Regression::random(seed, 3000, &device);
            let names = launched(|| metrics.update(&batch).unwrap());
            assert!(
                names.len() == 1 || seed == 0,
                "{name}, batch {seed}: {names:?}"
            );
        }
    }
}

#[test]
fn values_and_their_list_are_one_launch() {
    alone!(values_and_their_list_are_one_launch);
    for (name, device) in with_kernels() {
        let mut metrics = MetricCollection::new()
            .with(Sum::new())
            .with(Max::new())
            .with(Cat::new());
        for seed in 0..4 {
            let batch = Values::new(Tensor::<1>::ones([5000], &device));
            let names = launched(|| metrics.update(&batch).unwrap());
            assert!(
                names.len() == 1 || seed == 0,
                "{name}, batch {seed}: {names:?}"
            );
        }
    }
}
