//! Metrics of points and their clusters.

use super::runner::Run;
use metrics_core::prelude::*;
use metrics_tests::{metrics::Visitor, samples::OUTPUTS};

/// The metrics of this file, most with several options, for the tests of all metrics.
pub fn all(visitor: &mut impl Visitor) {
    visitor.visit(CalinskiHarabaszScore::new());
    visitor.visit(CalinskiHarabaszScore::with_clusters(4, OUTPUTS));
    visitor.visit(DaviesBouldinScore::new());
    visitor.visit(DunnIndex::new());
    visitor.visit(DunnIndex::new().p(1.0).form(DunnForm::Points));
    visitor.visit(SilhouetteScore::new());
}

/// Builds the metric of a case and runs it.
pub fn check(run: &mut Run) {
    let args = &run.case.args;
    match run.case.metric.as_str() {
        "CalinskiHarabaszScore" => match args.int("num_clusters") {
            Some(clusters) => {
                let dimensions = args.size("dimensions");
                run.check(CalinskiHarabaszScore::with_clusters(
                    clusters as usize,
                    dimensions,
                ))
            }
            None => run.check(CalinskiHarabaszScore::new()),
        },
        "DaviesBouldinScore" => run.check(DaviesBouldinScore::new()),
        "DunnIndex" => {
            let form = match args.text("form") {
                Some("points") => DunnForm::Points,
                _ => DunnForm::Centroids,
            };
            let p = args.float("p").unwrap_or(2.0);
            run.check(DunnIndex::new().p(p).form(form))
        }
        "SilhouetteScore" => run.check(SilhouetteScore::new()),
        other => run.fail(&format!("{other} is not in clustering_points.rs")),
    }
}
