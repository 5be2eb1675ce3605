//! Metrics of language models.

use super::runner::Run;
use metrics_core::prelude::*;
use metrics_tests::metrics::Visitor;

/// The metrics of this file, most with several options, for the tests of all metrics.
pub fn all(visitor: &mut impl Visitor) {
    visitor.visit(Perplexity::new());
    visitor.visit(Perplexity::new().ignore_index(-1));
    visitor.visit(NegativeLogLikelihood::new());
}

/// Builds the metric of a case and runs it.
pub fn check(run: &mut Run) {
    let ignored = run.case.args.int("ignore_index");
    match run.case.metric.as_str() {
        "Perplexity" => run.check(match ignored {
            Some(index) => Perplexity::new().ignore_index(index),
            None => Perplexity::new(),
        }),
        "NegativeLogLikelihood" => run.check(match ignored {
            Some(index) => NegativeLogLikelihood::new().ignore_index(index),
            None => NegativeLogLikelihood::new(),
        }),
        other => run.fail(&format!("{other} is not in text_perplexity.rs")),
    }
}
