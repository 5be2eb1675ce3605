//! Metrics of retrieval: how well scores rank the documents of each query.
//!
//! All of them read [`Documents`](crate::batch::Documents), share one state, and have a value for each query, of which
//! [`QueryAverage`] makes one.
//!
//! **Ties.** Documents of equal scores have no order, so every value is the mean over all of their orders, in closed
//! form (McSherry and Najork, Computing Information Retrieval Performance Measures Efficiently in the Presence of Tied
//! Scores, ECIR 2008). It does not depend on the order in which documents come. TorchMetrics takes them in the order of
//! an unstable sort, except for nDCG, which it averages; `trec_eval` takes them by the names of documents.
//!
//! **Embeddings.** [`nearest`] finds the most similar items of a gallery for each query, in tiles, and makes documents of them.
//!
//! **Scores of 0 and less** rank as all others. TorchMetrics drops them from average precision, reciprocal rank,
//! precision and recall, which loses documents that were scored by logits; `positive_scores_only` does so.

mod groups;
mod neighbors;
mod retrieval_auroc;
mod retrieval_fall_out;
mod retrieval_hit_rate;
mod retrieval_map;
mod retrieval_metric;
mod retrieval_mrr;
mod retrieval_normalized_dcg;
mod retrieval_precision;
mod retrieval_precision_recall_curve;
mod retrieval_r_precision;
mod retrieval_recall;
mod retrieval_recall_at_fixed_precision;
pub mod states;

/// The metrics and their options, which the prelude has too.
pub(crate) mod metrics {
    pub use super::{
        retrieval_auroc::RetrievalAuroc,
        retrieval_fall_out::RetrievalFallOut,
        retrieval_hit_rate::RetrievalHitRate,
        retrieval_map::RetrievalMap,
        retrieval_metric::{EmptyQuery, QueryAverage},
        retrieval_mrr::RetrievalMrr,
        retrieval_normalized_dcg::{Gain, RetrievalNormalizedDcg},
        retrieval_precision::RetrievalPrecision,
        retrieval_precision_recall_curve::RetrievalPrecisionRecallCurve,
        retrieval_r_precision::RetrievalRPrecision,
        retrieval_recall::RetrievalRecall,
        retrieval_recall_at_fixed_precision::RetrievalRecallAtFixedPrecision,
    };
}
pub use self::neighbors::{Neighbors, Similarity, nearest};
pub use self::retrieval_metric::RetrievalMetric;
pub use crate::ops::documents::Query;
pub use metrics::*;

/// The rules that metrics of retrieval have for a query, and what a rule of your own implements.
pub mod rules {
    pub use super::{
        groups::Groups,
        retrieval_auroc::RetrievalAurocRule,
        retrieval_fall_out::RetrievalFallOutRule,
        retrieval_hit_rate::RetrievalHitRateRule,
        retrieval_map::RetrievalMapRule,
        retrieval_metric::{Cutoff, PositiveScores, RetrievalRule},
        retrieval_mrr::RetrievalMrrRule,
        retrieval_normalized_dcg::RetrievalNormalizedDcgRule,
        retrieval_precision::RetrievalPrecisionRule,
        retrieval_r_precision::RetrievalRPrecisionRule,
        retrieval_recall::RetrievalRecallRule,
    };
}
