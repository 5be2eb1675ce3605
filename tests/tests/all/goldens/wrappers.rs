//! Metrics made of metrics.

use super::runner::Run;
use metrics_core::prelude::*;
use metrics_core::{
    ScoreKind,
    batch::{Binary, Regression, Values},
};
use metrics_tests::metrics::Visitor;
use metrics_tests::samples::{CLASSES, OUTPUTS};

/// The formula of the case, of metrics that differ in type.
macro_rules! formula {
    ($run:expr, $p:expr, $r:expr, $t:expr, $a:expr) => {{
        let (p, r, t, a) = (|| $p.expr(), || $r.expr(), || $t, || $a);
        match $run.case.args.text("formula").unwrap_or_default() {
            "p + r" => $run.check(p() + r()),
            "p - a" => $run.check(p() - a()),
            "t * a" => $run.check(t().expr() * a()),
            "p / r" => $run.check(p() / r()),
            "p % t" => $run.check(p() % t()),
            "p ** a" => $run.check(p().pow(a())),
            "2 * p * r / (p + r)" => $run.check(2.0 * p() * r() / (p() + r())),
            "abs(a - 0.75)" => $run.check((a().expr() - 0.75).abs()),
            "1 - p" => $run.check(1.0 - p()),
            "1 / r" => $run.check(1.0 / r()),
            "p % 0.3" => $run.check(p() % 0.3),
            "r ** 2" => $run.check(r().powf(2.0)),
            "2 ** r" => $run.check(r().power_of(2.0)),
            other => $run.fail(&format!("the formula {other} is not in wrappers.rs")),
        }
    }};
}
/// The metrics of this file, most with several options, for the tests of all metrics.
pub fn all(visitor: &mut impl Visitor) {
    visitor.visit(Precision::binary().expr() + Recall::binary());
    visitor.visit(2.0 * Accuracy::multiclass(CLASSES).expr() - Auroc::multiclass(CLASSES));
    visitor.visit(Multioutput::new(R2Score::new(), OUTPUTS));
    visitor.visit(Multioutput::new(MeanSquaredError::new(), OUTPUTS));
    visitor.visit(Multioutput::new(MeanSquaredError::new(), OUTPUTS).keep_nans());
    let positive = Task::new("positive", |batch: &Regression| {
        let label = batch.target().clone().greater_elem(0.0).int();
        let made = Binary::from_scores(batch.pred().clone(), label)?.score_kind(ScoreKind::Logits);
        let [n, outputs] = batch.target().dims();
        match batch.weights() {
            // Nothing spreads over a dimension of 0.
            Some(weights) if n * outputs == 0 => {
                made.with_weights(burn::tensor::Tensor::<1>::zeros([0], &weights.device()))
            }
            Some(weights) => {
                made.with_weights(weights.clone().reshape([n, 1]).expand([n, outputs]))
            }
            None => Ok(made),
        }
    });
    visitor.visit(Accuracy::binary().on(&positive));
    visitor.visit(Auroc::binary().on(&positive).expr() - Accuracy::binary().on(&positive));

    let total = |batch: &Values| {
        batch
            .values()
            .clone()
            .mask_fill(batch.values().clone().is_nan(), 0.0)
            .sum()
    };
    visitor.visit(custom_metric("total", 1, total, |sums: &[f64]| {
        Ok(sums[0].into())
    }));
}

/// Builds the metric of a case and runs it.
pub fn check(run: &mut Run) {
    let args = &run.case.args;
    match run.case.metric.as_str() {
        "CompositionalMetric" => {
            let classes = args.size("num_classes");
            match run.case.task.as_deref() {
                Some("binary") => formula!(
                    run,
                    Precision::binary(),
                    Recall::binary(),
                    Precision::binary().threshold(0.3),
                    Auroc::binary()
                ),
                _ => formula!(
                    run,
                    Precision::multiclass(classes).average(Average::None),
                    Recall::multiclass(classes).average(Average::None),
                    (Accuracy::multiclass(classes).top_k(2)).average(Average::Micro),
                    Auroc::multiclass(classes).average(Average::None)
                ),
            }
        }
        "MultioutputWrapper" => match args.text("metric") {
            Some("MeanAbsoluteError") => outputs(run, MeanAbsoluteError::new()),
            Some("MeanSquaredError") => outputs(run, MeanSquaredError::new()),
            _ => outputs(run, R2Score::new()),
        },
        "BinaryTargetTransformer" => {
            let threshold = args.float("threshold").unwrap_or(0.0);
            let task = Task::binary_target(threshold as f32);
            match args.text("metric") {
                Some("BinaryAccuracy") => run.check(Accuracy::binary().on(&task)),
                _ => run.check(Auroc::binary().on(&task)),
            }
        }
        other => run.fail(&format!("{other} is not in wrappers.rs")),
    }
}

fn outputs<M: Metric>(run: &mut Run, metric: M)
where
    M::Accumulator: metrics_core::Accumulator<Batch = Regression>,
{
    let metric = Multioutput::new(metric, run.shape("target")[1]);
    run.check(match run.case.args.flag("remove_nans") {
        Some(false) => metric.keep_nans(),
        _ => metric,
    });
}
