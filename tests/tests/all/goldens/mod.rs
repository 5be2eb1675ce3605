//! Every golden case on every device: the value itself, and that it does not depend on how the
//! rows came in batches, where they were accumulated, or whether the state was saved in between.

mod aggregation;
mod classification;
mod classification_areas;
mod classification_calibration;
mod classification_counts;
mod classification_curves;
mod classification_samples;
mod clustering;
mod clustering_points;
mod differences;
mod doc_examples;
mod intervals;
mod nominal_raters;
mod regression_correlation;
mod regression_moments;
mod regression_terms;
mod retrieval;
mod retrieval_known;
mod runner;
mod segmentation;
mod text;
mod text_perplexity;
mod wrappers;

use metrics_tests::metrics::Visitor;
use runner::{Difference, check_file};

/// A test for every file of cases, with the module that makes their metrics.
macro_rules! files {
    ($($name:ident by $module:ident)*) => {
        /// The files whose cases are run.
        const FILES: &[&str] = &[$(stringify!($name)),*];

        $(#[test]
        fn $name() {
            check_file(stringify!($name), $module::check);
        })*
    };
}

files!(
    aggregation by aggregation
    aggregation_distributions by regression_correlation
    classification_areas by classification_areas
    classification_calibration by classification_calibration
    classification_counts by classification_counts
    classification_curves by classification_curves
    classification_dice by classification
    classification_groups by classification
    classification_hinge by classification
    classification_ranking by classification
    classification_rates by classification
    classification_samples by classification_samples
    classification_weights by classification_samples
    clustering by clustering
    clustering_points by clustering_points
    differences by differences
    doc_examples by doc_examples
    intervals by intervals
    nominal_raters by nominal_raters
    regression_correlation by regression_correlation
    regression_ensembles by regression_correlation
    regression_moments by regression_moments
    regression_terms by regression_terms
    retrieval by retrieval
    retrieval_known by retrieval_known
    segmentation by segmentation
    text_perplexity by text_perplexity
    wrappers by wrappers
);

/// The files of functions, which a module of their own runs.
const FUNCTIONS: &[&str] = &["pairwise"];

/// Every metric, most with several options; the accumulators of all kinds of options are among them.
pub fn all_metrics(visitor: &mut impl Visitor) {
    classification_counts::all(visitor);
    classification_curves::all(visitor);
    classification_calibration::all(visitor);
    intervals::all(visitor);
    classification_samples::all(visitor);
    classification::all(visitor);
    regression_moments::all(visitor);
    regression_terms::all(visitor);
    regression_correlation::all(visitor);
    retrieval::all(visitor);
    segmentation::all(visitor);
    clustering::all(visitor);
    clustering_points::all(visitor);
    nominal_raters::all(visitor);
    aggregation::all(visitor);
    text::all(visitor);
    text_perplexity::all(visitor);
    wrappers::all(visitor);
}

/// No file of cases is forgotten.
#[test]
fn every_file_is_run() {
    let folder = metrics_tests::folder().join("goldens");
    for entry in std::fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path
            .extension()
            .is_some_and(|extension| extension == "json")
        {
            let name = path.file_stem().unwrap().to_str().unwrap();
            let own = FILES.contains(&name) || FUNCTIONS.contains(&name);
            assert!(own, "{name}.json is not run");
        }
    }
}

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
    no_agreement("concordance_corr_coef/jm_constant_*", "0.0"),
    no_agreement(
        "concordance_corr_coef/num_outputs=3/jm_constant_column",
        "[0.7986282070206608,0.0,0.9327025593714092]",
    ),
    Difference {
        cases: "fairness/binary/num_groups=2/doc_*",
        ours: "[[0,1,0.0],[1,1,1.0]]",
        reason: "a group without positives has no true positive rate; TorchMetrics takes it for 0",
    },
    Difference {
        cases: "kendall_rank_corr_coef/t_test=true/alternative=two-sided/num_outputs=2/doc_*",
        ours: "[[1.0,1.0],[0.31731050786291415,0.31731050786291415]]",
        reason: "the variance of two pairs is known; TorchMetrics divides 0 by 0",
    },
    Difference {
        cases: "spearman_corr_coef/num_outputs=2/doc_*",
        ours: "[1.0,1.0]",
        reason: "ranks that agree correlate by 1; TorchMetrics adds an epsilon to the divisor",
    },
];

const fn no_agreement(cases: &'static str, ours: &'static str) -> Difference {
    Difference {
        cases,
        ours,
        reason: "the formula is 0 of a constant; TorchMetrics has the NaN of a correlation within it",
    }
}

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
