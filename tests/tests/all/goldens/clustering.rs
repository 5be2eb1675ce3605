//! Metrics of two labelings: clustering and nominal association.

use super::runner::Run;
use metrics_core::prelude::*;
use metrics_tests::metrics::Visitor;

/// The metrics of this file, most with several options, for the tests of all metrics.
pub fn all(visitor: &mut impl Visitor) {
    visitor.visit(AdjustedMutualInfoScore::new());
    visitor.visit(AdjustedMutualInfoScore::new().mean(EntropyMean::Max));
    visitor.visit(AdjustedRandScore::new());
    visitor.visit(ClusterAccuracy::new());
    visitor.visit(CompletenessScore::new());
    visitor.visit(FowlkesMallowsIndex::new());
    visitor.visit(HomogeneityScore::new());
    visitor.visit(MutualInfoScore::new());
    visitor.visit(NormalizedMutualInfoScore::new().mean(EntropyMean::Geometric));
    visitor.visit(RandScore::new());
    visitor.visit(VMeasureScore::new().beta(0.5));
    visitor.visit(CramersV::new());
    visitor.visit(CramersV::new().bias_correction(false));
    visitor.visit(TschuprowsT::new());
    visitor.visit(PearsonsContingencyCoefficient::new());
    visitor.visit(TheilsU::new());
}

/// Builds the metric of a case and runs it.
pub fn check(run: &mut Run) {
    let args = &run.case.args;
    let mean = match args.text("average_method") {
        Some("min") => EntropyMean::Min,
        Some("geometric") => EntropyMean::Geometric,
        Some("max") => EntropyMean::Max,
        _ => EntropyMean::Arithmetic,
    };
    let corrected = args.flag("bias_correction").unwrap_or(true);
    match run.case.metric.as_str() {
        "AdjustedMutualInfoScore" => run.check(AdjustedMutualInfoScore::new().mean(mean)),
        "AdjustedRandScore" => run.check(AdjustedRandScore::new()),
        "ClusterAccuracy" => run.check(ClusterAccuracy::new()),
        "CompletenessScore" => run.check(CompletenessScore::new()),
        "FowlkesMallowsIndex" => run.check(FowlkesMallowsIndex::new()),
        "HomogeneityScore" => run.check(HomogeneityScore::new()),
        "MutualInfoScore" => run.check(MutualInfoScore::new()),
        "NormalizedMutualInfoScore" => run.check(NormalizedMutualInfoScore::new().mean(mean)),
        "RandScore" => run.check(RandScore::new()),
        "VMeasureScore" => {
            let beta = args.float("beta").unwrap_or(1.0);
            run.check(VMeasureScore::new().beta(beta))
        }
        "CramersV" => run.check(CramersV::new().bias_correction(corrected)),
        "TschuprowsT" => run.check(TschuprowsT::new().bias_correction(corrected)),
        "PearsonsContingencyCoefficient" => run.check(PearsonsContingencyCoefficient::new()),
        "TheilsU" => run.check(TheilsU::new()),
        other => run.fail(&format!("{other} is not in clustering.rs")),
    }
}
