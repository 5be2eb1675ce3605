//! Metrics of segmentation.

use super::runner::Run;
use metrics_core::prelude::*;
use metrics_tests::{golden::Args, metrics::Visitor, samples::CLASSES};

/// The metrics of this file, most with several options, for the tests of all metrics.
pub fn all(visitor: &mut impl Visitor) {
    visitor.visit(DiceScore::new(CLASSES));
    visitor.visit(
        DiceScore::new(CLASSES)
            .average(Average::None)
            .ignore_index(-1),
    );
    visitor.visit(
        DiceScore::new(CLASSES)
            .average(Average::Weighted)
            .include_background(false),
    );
    visitor.visit(DiceScore::new(CLASSES).global().ignore_index(1));
    visitor.visit(DiceScore::new(CLASSES).samplewise());
    visitor.visit(GeneralizedDiceScore::new(CLASSES).ignore_index(-1));
    visitor.visit(
        GeneralizedDiceScore::new(CLASSES)
            .weight(DiceWeight::Simple)
            .samplewise(),
    );
    visitor.visit(GeneralizedDiceScore::new(CLASSES).per_class());
    visitor.visit(MeanIoU::new(CLASSES).ignore_index(-1));
    visitor.visit(MeanIoU::new(CLASSES).global().per_class());
    visitor.visit(MeanIoU::new(CLASSES).samplewise());
    visitor.visit(
        BoundaryIoU::new(CLASSES)
            .dilation_ratio(0.1)
            .ignore_index(-1),
    );
    visitor.visit(HausdorffDistance::new(CLASSES).one_sided(OneSided::Skip));
    visitor.visit(
        HausdorffDistance::new(CLASSES)
            .percentile(95.0)
            .ignore_index(-1),
    );
    let distance = PixelDistance::Chessboard;
    let directed = HausdorffDistance::new(CLASSES)
        .directed()
        .distance(distance);
    visitor.visit(
        directed
            .one_sided(OneSided::Distance(f64::INFINITY))
            .per_class(),
    );
    let average = AverageSurfaceDistance::new(CLASSES).spacing([0.5, 2.0]);
    visitor.visit(average.one_sided(OneSided::Distance(9.0)));
    visitor.visit(
        NormalizedSurfaceDice::new(CLASSES)
            .tolerance(0.5)
            .include_background(true),
    );
    visitor.visit(
        NormalizedSurfaceDice::new(CLASSES)
            .tolerances([1.0, 2.0, 3.0, 4.0, 5.0])
            .per_class(),
    );
}

/// What all metrics of masks can be told, for those of this type.
macro_rules! options {
    ($metric:expr, $args:expr) => {{
        let mut metric = $metric;
        if let Some(include) = $args.flag("include_background") {
            metric = metric.include_background(include);
        }
        if let Some(index) = $args.int("ignore_index") {
            metric = metric.ignore_index(index);
        }
        metric
    }};
}

/// The same for metrics of surfaces.
macro_rules! of_surfaces {
    ($metric:expr, $args:expr) => {{
        let args = $args;
        let mut metric = options!($metric, args).distance(distance(args));
        if let Some(spacing) = args.get("spacing") {
            let spacing = spacing.as_array().expect("spacing is a list").iter();
            metric = metric.spacing(spacing.map(|own| own.as_f64().unwrap()).collect::<Vec<_>>());
        }
        if args.flag("per_class") == Some(true) {
            metric = metric.per_class();
        }
        metric
    }};
}

fn distance(args: &Args) -> PixelDistance {
    match args.text("distance_metric") {
        Some("taxicab") => PixelDistance::Taxicab,
        Some("chessboard") => PixelDistance::Chessboard,
        _ => PixelDistance::Euclidean,
    }
}

fn one_sided(args: &Args) -> OneSided {
    match (args.text("one_sided"), args.float("one_sided")) {
        (Some(_), _) => OneSided::Skip,
        (_, Some(distance)) => OneSided::Distance(distance),
        _ => OneSided::Error,
    }
}

/// Builds the metric of a case and runs it.
pub fn check(run: &mut Run) {
    let args = &run.case.args;
    let classes = args.size("num_classes");
    let is = |name: &str| args.flag(name) == Some(true);
    // A list of samples is in the order of batches.
    run.any_order = !is("samplewise");
    match run.case.metric.as_str() {
        "DiceScore" => {
            let average = match args.text("average") {
                Some("micro") => Average::Micro,
                Some("weighted") => Average::Weighted,
                Some("none") => Average::None,
                _ => Average::Macro,
            };
            let metric = options!(DiceScore::new(classes), args).average(average);
            if is("samplewise") {
                run.check(metric.samplewise());
            } else if args.text("aggregation_level").is_some() {
                run.check(metric.global());
            } else {
                run.check(metric);
            }
        }
        "GeneralizedDiceScore" => {
            let weight = match args.text("weight_type") {
                Some("simple") => DiceWeight::Simple,
                Some("linear") => DiceWeight::Linear,
                _ => DiceWeight::Square,
            };
            let metric = options!(GeneralizedDiceScore::new(classes), args).weight(weight);
            if is("samplewise") {
                run.check(metric.samplewise());
            } else if is("per_class") {
                run.check(metric.per_class());
            } else {
                run.check(metric);
            }
        }
        "MeanIoU" => {
            let mut metric = options!(MeanIoU::new(classes), args);
            if is("global") {
                metric = metric.global();
            }
            if is("per_class") {
                metric = metric.per_class();
            }
            if is("samplewise") {
                run.check(metric.samplewise());
            } else {
                run.check(metric);
            }
        }
        "BoundaryIoU" => {
            let mut metric = options!(BoundaryIoU::new(classes), args);
            if let Some(share) = args.float("dilation_ratio") {
                metric = metric.dilation_ratio(share);
            }
            if is("global") {
                metric = metric.global();
            }
            if is("per_class") {
                metric = metric.per_class();
            }
            run.check(metric);
        }
        "HausdorffDistance" => {
            let metric = of_surfaces!(HausdorffDistance::new(classes), args);
            let mut metric = metric.one_sided(one_sided(args));
            if let Some(percentile) = args.float("percentile") {
                metric = metric.percentile(percentile);
            }
            if is("directed") {
                metric = metric.directed();
            }
            run.check(metric);
        }
        "AverageSurfaceDistance" => {
            let metric = of_surfaces!(AverageSurfaceDistance::new(classes), args);
            let metric = metric.one_sided(one_sided(args));
            if is("directed") {
                run.check(metric.directed());
            } else {
                run.check(metric);
            }
        }
        "NormalizedSurfaceDice" => {
            let metric = of_surfaces!(NormalizedSurfaceDice::new(classes), args);
            match args.float("tolerance") {
                Some(tolerance) => run.check(metric.tolerance(tolerance)),
                None => run.check(metric),
            }
        }
        other => run.fail(&format!("{other} is not in segmentation.rs")),
    }
}
