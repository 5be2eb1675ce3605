//! Metrics of predicted numbers that are sums of terms, and weights for all of regression.

use super::{regression_moments, runner::Run};
use metrics_core::prelude::*;
use metrics_tests::metrics::Visitor;
use metrics_tests::samples::OUTPUTS;

/// The metrics of this file, most with several options, for the tests of all metrics.
pub fn all(visitor: &mut impl Visitor) {
    visitor.visit(MeanAbsolutePercentageError::new());
    visitor.visit(SymmetricMeanAbsolutePercentageError::new());
    visitor.visit(WeightedMeanAbsolutePercentageError::new());
    visitor.visit(MeanSquaredLogError::new());
    visitor.visit(LogCoshError::new());
    visitor.visit(LogCoshError::new().outputs(OUTPUTS));
    visitor.visit(MinkowskiDistance::new(3.0));
    visitor.visit(PinballLoss::new());
    visitor.visit(PinballLoss::new().alpha(0.9).outputs(OUTPUTS));
    for power in [-1.0, 0.0, 1.0, 1.5, 2.0, 3.0] {
        visitor.visit(TweedieDevianceScore::new().power(power));
    }
    visitor.visit(CriticalSuccessIndex::new(0.5));
    visitor.visit(CriticalSuccessIndex::new(0.5).outputs(OUTPUTS));
    visitor.visit(CosineSimilarity::new());
    visitor.visit(CosineSimilarity::new().reduction(Reduction::Mean));
    visitor.visit(CosineSimilarity::new().per_row());
    for log_prob in [false, true] {
        let divergence = KlDivergence::new().log_prob(log_prob);
        visitor.visit(divergence.clone());
        visitor.visit(divergence.per_row());
        let divergence = JensenShannonDivergence::new().log_prob(log_prob);
        visitor.visit(divergence.clone());
        visitor.visit(divergence.reduction(Reduction::Sum));
    }
}

/// Builds the metric of a case and runs it.
pub fn check(run: &mut Run) {
    let args = &run.case.args;
    let number = |name| args.float(name).unwrap_or_default();
    // `None` lists the rows, in the order of the batches.
    let reduction = match args.text("reduction") {
        Some("mean") => Some(Reduction::Mean),
        Some("sum") => Some(Reduction::Sum),
        _ => None,
    };
    run.any_order = args.text("reduction") != Some("none");
    let log_prob = args.flag("log_prob").unwrap_or(false);
    match run.case.metric.as_str() {
        "MeanAbsolutePercentageError" => run.check(MeanAbsolutePercentageError::new()),
        "SymmetricMeanAbsolutePercentageError" => {
            run.check(SymmetricMeanAbsolutePercentageError::new())
        }
        "WeightedMeanAbsolutePercentageError" => {
            run.check(WeightedMeanAbsolutePercentageError::new())
        }
        "MeanSquaredLogError" => run.check(MeanSquaredLogError::new()),
        "LogCoshError" => run.check(match args.int("num_outputs") {
            Some(outputs @ 2..) => LogCoshError::new().outputs(outputs as usize),
            _ => LogCoshError::new(),
        }),
        "MinkowskiDistance" => run.check(MinkowskiDistance::new(number("p"))),
        "PinballLoss" => {
            let loss = PinballLoss::new().alpha(number("alpha"));
            run.check(match args.int("num_outputs") {
                Some(outputs) => loss.outputs(outputs as usize),
                None => loss,
            })
        }
        "TweedieDevianceScore" => run.check(TweedieDevianceScore::new().power(number("power"))),
        "CriticalSuccessIndex" => {
            let index = CriticalSuccessIndex::new(number("threshold") as f32);
            run.check(match args.int("keep_sequence_dim") {
                Some(dim) => index.outputs(run.shape("target")[dim as usize]),
                None => index,
            })
        }
        "CosineSimilarity" => match reduction {
            Some(reduction) => run.check(CosineSimilarity::new().reduction(reduction)),
            None => run.check(CosineSimilarity::new().per_row()),
        },
        "KLDivergence" => {
            let divergence = KlDivergence::new().log_prob(log_prob);
            match reduction {
                Some(reduction) => run.check(divergence.reduction(reduction)),
                None => run.check(divergence.per_row()),
            }
        }
        "JensenShannonDivergence" => {
            let divergence = JensenShannonDivergence::new().log_prob(log_prob);
            match reduction {
                Some(reduction) => run.check(divergence.reduction(reduction)),
                None => run.check(divergence.per_row()),
            }
        }
        _ => regression_moments::check(run),
    }
}
