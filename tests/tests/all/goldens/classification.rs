//! Hinge loss, multilabel ranking, fairness of groups, Dice, and metrics of predicted rates and
//! probabilities.

use super::{classification_counts::average, runner::Run};
use metrics_core::classification::{DecisionMetric, RankingMetric};
use metrics_core::prelude::*;
use metrics_core::{
    BatchOf, Criterion, Metric,
    classification::rules::{DecisionRule, RankingRule},
};
use metrics_tests::metrics::Visitor;
use metrics_tests::samples::Sample;
use metrics_tests::samples::{CLASSES, GROUPS, LABELS};

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

/// The metrics of this file, most with several options, for the tests of all metrics.
pub fn all(visitor: &mut impl Visitor) {
    macro_rules! tasks {
        ($($metric:ident)*) => {$(
            visitor.visit($metric::binary());
            visitor.visit($metric::multiclass(CLASSES));
            visitor.visit($metric::multilabel(LABELS));
        )*};
    }
    tasks!(Dice);
    visitor.visit(Dice::multiclass(CLASSES).include_background(false));
    visitor.visit(HingeLoss::binary());
    visitor.visit(HingeLoss::binary().squared().ignore_index(-1));
    visitor.visit(HingeLoss::binary().raw_scores());
    visitor.visit(HingeLoss::multiclass(CLASSES));
    visitor.visit(HingeLoss::multiclass(CLASSES).raw_scores().squared());
    visitor.visit(HingeLoss::multiclass(CLASSES).one_vs_all().ignore_index(-1));
    visitor.visit(MultilabelCoverageError::new(LABELS));
    visitor.visit(MultilabelRankingAveragePrecision::new(LABELS));
    visitor.visit(MultilabelRankingLoss::new(LABELS).ignore_index(-1));
    for criterion in [
        MultilabelCriterion::ExactMatch,
        MultilabelCriterion::Hamming,
        MultilabelCriterion::Overlap,
        MultilabelCriterion::Contain,
        MultilabelCriterion::Belong,
    ] {
        let metric = TopKMultilabelAccuracy::new(LABELS).criterion(criterion);
        visitor.visit(metric.clone());
        visitor.visit(metric.k(2).ignore_index(-1));
    }
    visitor.visit(GroupStatRates::new(GROUPS));
    visitor.visit(GroupFairness::new(GROUPS).threshold(0.3).ignore_index(-1));
    visitor.visit(GroupFairness::new(GROUPS).criterion(Criterion::DemographicParity));
    visitor.visit(NormalizedEntropy::binary().ignore_index(-1));
    visitor.visit(NormalizedEntropy::multilabel(LABELS));
    visitor.visit(BrierScore::binary().ignore_index(-1));
    visitor.visit(BrierScore::binary().decomposition(4));
    visitor.visit(BrierScore::multiclass(CLASSES));
    visitor.visit(BrierScore::multiclass(CLASSES).scale_by_half(true));
    visitor.visit(BrierScore::multilabel(LABELS).ignore_index(-1));
    visitor.visit(BrierScore::multiclass(CLASSES).decomposition(4));
    visitor.visit(
        BrierScore::multilabel(LABELS)
            .ignore_index(-1)
            .decomposition(3),
    );
    visitor.visit(BrierScore::multilabel(LABELS).average(Average::None));
    visitor.visit(WeightedCalibration::binary());
    visitor.visit(WeightedCalibration::multilabel(LABELS).ignore_index(-1));
    visitor.visit(ClickThroughRate::binary());
    visitor.visit(ClickThroughRate::multilabel(LABELS));
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
            let metric = metric.scale_by_half(args.flag("scale_by_half") == Some(true));
            match args.int("decomposition") {
                Some(bins) => run.check(metric.decomposition(bins as usize)),
                None => run.check(metric),
            }
        }
        _ => {
            let metric = ignoring!(run, BrierScore::multilabel(args.size("num_labels")));
            let metric = metric.average(average(args));
            match args.int("decomposition") {
                Some(bins) => run.check(metric.decomposition(bins as usize)),
                None => run.check(metric),
            }
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
