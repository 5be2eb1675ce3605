//! Every golden case on every device: the value itself, and that it does not depend on how the
//! rows came in batches, where they were accumulated, or whether the state was saved in between.

mod aggregation;
mod calibration;
mod classification_counts;
mod counts;
mod curve_extras;
mod curves;
mod doc_examples;
mod elementwise;
mod intervals;
mod joint;
mod others;
mod perplexity;
mod regression;
mod runner;
mod wrappers;

use runner::{Difference, check_file};

/// A test for every file of cases, whose metrics the module of its name makes.
macro_rules! files {
    ($($name:ident)*) => {
        /// The files whose cases are run.
        const FILES: &[&str] = &[$(stringify!($name)),*];

        $(#[test]
        fn $name() {
            check_file(stringify!($name), $name::check);
        })*
    };
}

files!(
    classification_counts
    counts
    curves
    curve_extras
    calibration
    regression
    elementwise
    aggregation
    perplexity
    joint
    others
    wrappers
    intervals
    doc_examples
);

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
    no_negatives("log_auc/binary/*/b_all_one"),
    no_negatives("log_auc/binary/*/b_one"),
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

const fn no_negatives(cases: &'static str) -> Difference {
    Difference {
        cases,
        ours: "0.0",
        reason: "without negatives there is no area, as in AUROC; TorchMetrics has infinity or NaN",
    }
}
