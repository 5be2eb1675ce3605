//! Every golden case on every device: the value itself, and that it does not depend on how the
//! rows came in batches, where they were accumulated, or whether the state was saved in between.

mod aggregation;
mod calibration;
mod classification_counts;
mod curves;
mod intervals;
mod perplexity;
mod regression;
mod runner;

use runner::{Difference, check_file};

/// The files whose cases are run.
const FILES: [&str; 7] = [
    "classification_counts",
    "curves",
    "calibration",
    "regression",
    "aggregation",
    "perplexity",
    "intervals",
];

/// Where we answer otherwise on purpose.
const DIFFERENCES: &[Difference] = &[
    uncorrelated("matthews_corr_coef/binary/bin_*all_*"),
    uncorrelated("matthews_corr_coef/binary/ignore_index=0/bin_probs"),
    uncorrelated("matthews_corr_coef/multilabel/ml_one"),
    uncorrelated("matthews_corr_coef/multilabel/ignore_index=0/ml_probs"),
    constant_targets("relative_squared_error/*/reg_constant_target"),
    constant_targets("relative_squared_error/*/num_outputs=3/reg_constant_column"),
    constant_targets("relative_squared_error/*/reg_zero_target"),
    constant_targets("relative_squared_error/*/reg_one*"),
];

const fn uncorrelated(cases: &'static str) -> Difference {
    Difference {
        cases,
        ours: "0.0",
        reason: "no correlation is 0, as scikit-learn has it; TorchMetrics divides by an epsilon",
    }
}

const fn constant_targets(cases: &'static str) -> Difference {
    Difference {
        cases,
        ours: "\"inf\"",
        reason: "an error has no measure in targets that are all equal; TorchMetrics divides by an epsilon",
    }
}

#[test]
fn counts() {
    check_file("classification_counts", classification_counts::check);
}

#[test]
fn curves() {
    check_file("curves", curves::check);
}

#[test]
fn calibration() {
    check_file("calibration", calibration::check);
}

#[test]
fn regression() {
    check_file("regression", regression::check);
}

#[test]
fn aggregation() {
    check_file("aggregation", aggregation::check);
}

#[test]
fn perplexity() {
    check_file("perplexity", perplexity::check);
}

#[test]
fn intervals() {
    check_file("intervals", intervals::check);
}
