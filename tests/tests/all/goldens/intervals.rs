//! Shares with intervals.

use super::runner::Run;
use metrics_core::{
    classification::{Accuracy, Average, NegativePredictiveValue, Precision, Recall, Specificity},
    intervals::ProportionMethod,
};

macro_rules! run {
    ($run:ident, $($metric:ident)*) => {{
        let args = &$run.case.args;
        let level = args.float("level").expect("an interval has a level");
        let method = match args.text("method") {
            Some("clopper_pearson") => ProportionMethod::ClopperPearson,
            _ => ProportionMethod::Wilson,
        };
        match ($run.case.metric.as_str(), $run.case.task.as_deref()) {
            $(
                (stringify!($metric), Some("binary")) => {
                    let metric = $metric::binary();
                    let metric = match args.int("ignore_index") {
                        Some(index) => metric.ignore_index(index),
                        None => metric,
                    };
                    $run.check(metric.interval(level).method(method))
                }
                (stringify!($metric), Some("multiclass")) => {
                    let metric = $metric::multiclass(args.size("num_classes"));
                    $run.check(metric.average(Average::Micro).interval(level).method(method))
                }
            )*
            other => $run.fail(&format!("{other:?} is not in intervals.rs")),
        }
    }};
}

/// Builds the metric of a case and runs it.
pub fn check(run: &mut Run) {
    run!(run, Accuracy Precision Recall Specificity NegativePredictiveValue)
}
