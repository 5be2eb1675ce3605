//! Hinge loss, multilabel ranking, fairness of groups, Dice, and metrics of predicted rates and
//! probabilities.

use super::{classification_counts::average, runner::Run};
use metrics_core::{
    BatchOf, Criterion, Metric,
    classification::{
        BrierScore, ClickThroughRate, DecisionMetric, Dice, GroupFairness, GroupStatRates,
        HingeLoss, MultilabelCoverageError, MultilabelCriterion, MultilabelRankingAveragePrecision,
        MultilabelRankingLoss, NormalizedEntropy, RankingMetric, TopKMultilabelAccuracy,
        WeightedCalibration,
        rules::{DecisionRule, RankingRule},
    },
};
use metrics_tests::samples::Sample;

/// The metric with the index to ignore of the case, if it has one.
macro_rules! ignoring {
    ($run:ident, $metric:expr) => {{
        let metric = $metric;
        match $run.case.args.int("ignore_index") {
            Some(index) => metric.ignore_index(index),
            None => metric,
        }
    }};
}

/// The metric of every task.
macro_rules! decisions {
    ($run:ident, $metric:ident) => {
        match $run.case.task.as_deref() {
            Some("binary") => decisions($run, $metric::binary()),
            _ => {
                let labels = $run.case.args.size("num_labels");
                decisions($run, $metric::multilabel(labels))
            }
        }
    };
}

/// Builds the metric of a case and runs it.
pub fn check(run: &mut Run) {
    run.by_rows &= !run.has_logits();
    match run.case.metric.as_str() {
        "HingeLoss" => hinge_loss(run),
        "CoverageError" => ranking(run, MultilabelCoverageError::new),
        "RankingAveragePrecision" => ranking(run, MultilabelRankingAveragePrecision::new),
        "RankingLoss" => ranking(run, MultilabelRankingLoss::new),
        "GroupStatRates" => {
            let metric = GroupStatRates::new(run.case.args.size("num_groups"));
            run.check(ignoring!(run, metric));
        }
        "Fairness" => fairness(run),
        "Dice" => dice(run),
        "NormalizedEntropy" => decisions!(run, NormalizedEntropy),
        "WeightedCalibration" => decisions!(run, WeightedCalibration),
        "ClickThroughRate" => decisions!(run, ClickThroughRate),
        "BrierScore" => brier_score(run),
        "TopKMultilabelAccuracy" => top_k(run),
        other => run.fail(&format!("{other} is not in classification.rs")),
    }
}

fn hinge_loss(run: &mut Run) {
    let args = &run.case.args;
    macro_rules! options {
        ($metric:expr) => {{
            let mut metric = ignoring!(run, $metric);
            if args.flag("squared") == Some(true) {
                metric = metric.squared();
            }
            if args.flag("raw_scores") == Some(true) {
                metric = metric.raw_scores();
            }
            metric
        }};
    }
    if run.case.task.as_deref() == Some("binary") {
        return run.check(options!(HingeLoss::binary()));
    }
    let metric = options!(HingeLoss::multiclass(args.size("num_classes")));
    run.check(match args.text("multiclass_mode") {
        Some("one-vs-all") => metric.one_vs_all(),
        _ => metric,
    });
}

fn ranking<R: RankingRule>(run: &mut Run, new: fn(usize) -> RankingMetric<R>) {
    let metric = new(run.case.args.size("num_labels"));
    run.check(ignoring!(run, metric));
}

fn fairness(run: &mut Run) {
    let args = &run.case.args;
    let metric = ignoring!(run, GroupFairness::new(args.size("num_groups")));
    run.check(match args.text("task") {
        Some("demographic_parity") => metric.criterion(Criterion::DemographicParity),
        Some("equal_opportunity") => metric.criterion(Criterion::EqualOpportunity),
        _ => metric,
    });
}

fn dice(run: &mut Run) {
    let args = &run.case.args;
    let background = args.flag("include_background").unwrap_or(true);
    match run.case.task.as_deref() {
        Some("binary") => run.check(Dice::binary()),
        Some("multiclass") => {
            let metric = ignoring!(run, Dice::multiclass(args.size("num_classes")));
            run.check(metric.average(average(args)).include_background(background));
        }
        _ => {
            let metric = Dice::multilabel(args.size("num_labels")).average(average(args));
            run.check(metric.include_background(background));
        }
    }
}

fn decisions<R: DecisionRule, B>(run: &mut Run, metric: DecisionMetric<R, B>)
where
    DecisionMetric<R, B>: Metric,
    BatchOf<DecisionMetric<R, B>>: Sample,
{
    run.check(ignoring!(run, metric));
}

fn brier_score(run: &mut Run) {
    let args = &run.case.args;
    match run.case.task.as_deref() {
        Some("binary") => {
            let metric = ignoring!(run, BrierScore::binary());
            match args.int("decomposition") {
                Some(bins) => run.check(metric.decomposition(bins as usize)),
                None => run.check(metric),
            }
        }
        Some("multiclass") => {
            let metric = ignoring!(run, BrierScore::multiclass(args.size("num_classes")));
            run.check(metric.scale_by_half(args.flag("scale_by_half") == Some(true)));
        }
        _ => {
            let metric = ignoring!(run, BrierScore::multilabel(args.size("num_labels")));
            run.check(metric.average(average(args)));
        }
    }
}

fn top_k(run: &mut Run) {
    let args = &run.case.args;
    let criterion = match args.text("criteria") {
        Some("hamming") => MultilabelCriterion::Hamming,
        Some("overlap") => MultilabelCriterion::Overlap,
        Some("contain") => MultilabelCriterion::Contain,
        Some("belong") => MultilabelCriterion::Belong,
        _ => MultilabelCriterion::ExactMatch,
    };
    let metric = TopKMultilabelAccuracy::new(args.size("num_labels")).k(args.size("k"));
    run.check(ignoring!(run, metric.criterion(criterion)));
}
