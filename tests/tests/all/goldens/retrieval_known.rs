//! Retrieval where relevant documents were never retrieved.

use super::runner::Run;
use metrics_core::prelude::*;

/// Builds the metric of a case and runs it.
pub fn check(run: &mut Run) {
    let args = &run.case.args;
    let k = args.int("top_k").map(|k| k as usize);
    macro_rules! cut {
        ($metric:expr) => {
            match k {
                Some(k) => run.check($metric.top_k(k)),
                None => run.check($metric),
            }
        };
    }
    match run.case.metric.as_str() {
        "RetrievalRecall" => cut!(RetrievalRecall::new()),
        "RetrievalRPrecision" => run.check(RetrievalRPrecision::new()),
        "RetrievalMAP" => cut!(RetrievalMap::new().of_all_relevant()),
        "RetrievalNormalizedDCG" => cut!(RetrievalNormalizedDcg::new()),
        "RetrievalPrecision" => cut!(RetrievalPrecision::new()),
        "RetrievalMRR" => cut!(RetrievalMrr::new()),
        other => run.fail(&format!("{other} is not in retrieval_known.rs")),
    }
}
