//! Metrics of plain numbers.

use super::runner::Run;
use metrics_core::prelude::*;
use metrics_tests::metrics::Visitor;

/// The metrics of this file, most with several options, for the tests of all metrics.
pub fn all(visitor: &mut impl Visitor) {
    for nan in [
        NanStrategy::Error,
        NanStrategy::Ignore,
        NanStrategy::Impute(0.5),
    ] {
        visitor.visit(Sum::new().nan_strategy(nan));
        visitor.visit(Mean::new().nan_strategy(nan));
        visitor.visit(Min::new().nan_strategy(nan));
        visitor.visit(Max::new().nan_strategy(nan));
        visitor.visit(Cat::new().nan_strategy(nan));
    }
}

/// Builds the metric of a case and runs it.
pub fn check(run: &mut Run) {
    let args = &run.case.args;
    let nan = match (args.text("nan_strategy"), args.float("nan_strategy")) {
        (_, Some(value)) => NanStrategy::Impute(value as f32),
        (Some("ignore"), _) => NanStrategy::Ignore,
        _ => NanStrategy::Error,
    };
    match run.case.metric.as_str() {
        "Sum" => run.check(Sum::new().nan_strategy(nan)),
        "Mean" => run.check(Mean::new().nan_strategy(nan)),
        "Min" => run.check(Min::new().nan_strategy(nan)),
        "Max" => run.check(Max::new().nan_strategy(nan)),
        "Cat" => {
            // A list is in the order of its batches.
            run.any_order = false;
            run.check(Cat::new().nan_strategy(nan))
        }
        other => run.fail(&format!("{other} is not in aggregation.rs")),
    }
}
