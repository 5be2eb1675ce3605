//! Metrics of documents by query.

use super::runner::Run;
use metrics_core::{
    prelude::*,
    retrieval::{
        RetrievalMetric,
        rules::{Cutoff, PositiveScores, RetrievalRule},
    },
};
use metrics_tests::{golden::Args, metrics::Visitor};

/// The metrics of this file, most with several options, for the tests of all metrics.
pub fn all(visitor: &mut impl Visitor) {
    for ignored in [None, Some(-1)] {
        let set = |args: &mut serde_json::Map<_, _>| {
            args.extend(ignored.map(|index: i64| ("ignore_index".to_string(), index.into())));
        };
        let mut args = Args(Default::default());
        set(&mut args.0);
        visitor.visit(options(RetrievalAuroc::new().max_fpr(0.5), &args));
        visitor.visit(options(RetrievalFallOut::new().top_k(2), &args));
        visitor.visit(options(RetrievalHitRate::new().top_k(2), &args));
        visitor.visit(options(RetrievalMap::new(), &args));
        visitor.visit(options(
            RetrievalMap::new().top_k(3).of_all_relevant(),
            &args,
        ));
        visitor.visit(options(RetrievalMrr::new().positive_scores_only(), &args));
        visitor.visit(options(RetrievalNormalizedDcg::new().top_k(5), &args));
        visitor.visit(options(
            RetrievalNormalizedDcg::new().gain(Gain::Exponential),
            &args,
        ));
        visitor.visit(options(RetrievalPrecision::new().top_k(4), &args));
        visitor.visit(options(RetrievalRPrecision::new(), &args));
        visitor.visit(options(RetrievalRecall::new().top_k(4), &args));
        visitor.visit(curve(&args));
        visitor.visit(recall_at(0.3, &args));
    }
    visitor.visit(RetrievalMrr::new().average(QueryAverage::Median));
    visitor.visit(RetrievalMap::new().average(QueryAverage::None));
}

fn average(args: &Args) -> QueryAverage {
    match args.text("aggregation") {
        Some("median") => QueryAverage::Median,
        Some("min") => QueryAverage::Min,
        Some("max") => QueryAverage::Max,
        Some("none") => QueryAverage::None,
        _ => QueryAverage::Mean,
    }
}

fn empty(args: &Args) -> Option<EmptyQuery> {
    Some(match args.text("empty_target_action")? {
        "error" => EmptyQuery::Error,
        "skip" => EmptyQuery::Skip,
        "pos" => EmptyQuery::One,
        _ => EmptyQuery::Zero,
    })
}

/// The options that all metrics have.
fn options<R: RetrievalRule>(metric: RetrievalMetric<R>, args: &Args) -> RetrievalMetric<R> {
    let mut metric = metric.average(average(args));
    if let Some(empty) = empty(args) {
        metric = metric.empty_query(empty);
    }
    match args.int("ignore_index") {
        Some(index) => metric.ignore_index(index),
        None => metric,
    }
}

fn cut<R: Cutoff>(metric: RetrievalMetric<R>, args: &Args) -> RetrievalMetric<R> {
    match args.int("top_k") {
        Some(k) => options(metric, args).top_k(k as usize),
        None => options(metric, args),
    }
}

fn positive<R: Cutoff + PositiveScores>(
    metric: RetrievalMetric<R>,
    args: &Args,
) -> RetrievalMetric<R> {
    let metric = cut(metric, args);
    if args.flag("positive_scores_only") == Some(true) {
        metric.positive_scores_only()
    } else {
        metric
    }
}

fn curve(args: &Args) -> RetrievalPrecisionRecallCurve {
    let mut metric = RetrievalPrecisionRecallCurve::new().average(average(args));
    if let Some(k) = args.int("max_k") {
        metric = metric.max_k(k as usize);
    }
    if args.flag("adaptive_k") == Some(true) {
        metric = metric.adaptive_k();
    }
    if let Some(empty) = empty(args) {
        metric = metric.empty_query(empty);
    }
    match args.int("ignore_index") {
        Some(index) => metric.ignore_index(index),
        None => metric,
    }
}

fn recall_at(min_precision: f64, args: &Args) -> RetrievalRecallAtFixedPrecision {
    let mut metric = RetrievalRecallAtFixedPrecision::new(min_precision);
    if let Some(k) = args.int("max_k") {
        metric = metric.max_k(k as usize);
    }
    match args.int("ignore_index") {
        Some(index) => metric.ignore_index(index),
        None => metric,
    }
}

/// Builds the metric of a case and runs it.
pub fn check(run: &mut Run) {
    let args = &run.case.args;
    // A list of queries is in the order of batches.
    run.any_order = args.text("aggregation") != Some("none");
    match run.case.metric.as_str() {
        "RetrievalAUROC" => {
            let metric = cut(RetrievalAuroc::new(), args);
            match args.float("max_fpr") {
                Some(rate) => run.check(metric.max_fpr(rate)),
                None => run.check(metric),
            }
        }
        "RetrievalFallOut" => run.check(cut(RetrievalFallOut::new(), args)),
        "RetrievalHitRate" => run.check(cut(RetrievalHitRate::new(), args)),
        "RetrievalMAP" => {
            let metric = positive(RetrievalMap::new(), args);
            if args.flag("of_all") == Some(true) {
                run.check(metric.of_all_relevant())
            } else {
                run.check(metric)
            }
        }
        "RetrievalMRR" => run.check(positive(RetrievalMrr::new(), args)),
        "RetrievalNormalizedDCG" => {
            let gain = match args.text("gain") {
                Some(_) => Gain::Exponential,
                None => Gain::Linear,
            };
            run.check(cut(RetrievalNormalizedDcg::new(), args).gain(gain))
        }
        "RetrievalPrecision" => {
            let metric = positive(RetrievalPrecision::new(), args);
            if args.flag("adaptive_k") == Some(true) {
                run.check(metric.adaptive_k())
            } else {
                run.check(metric)
            }
        }
        "RetrievalRecall" => run.check(positive(RetrievalRecall::new(), args)),
        "RetrievalRPrecision" => run.check(options(RetrievalRPrecision::new(), args)),
        "RetrievalPrecisionRecallCurve" => run.check(curve(args)),
        "RetrievalRecallAtFixedPrecision" => {
            run.check(recall_at(args.float("min_precision").unwrap_or(0.0), args))
        }
        other => run.fail(&format!("{other} is not in retrieval.rs")),
    }
}
