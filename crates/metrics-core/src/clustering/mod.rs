//! Metrics of clustering: how well the clusters of elements agree with their classes, or how well they are apart.
//!
//! Those of classes read [`Labelings`](crate::batch::Labelings), share one state, the contingency table, and do not depend on what
//! labels are called. Labels are any integers; a label for noise such as -1 is a label as any other.
//!
//! The others ([`CalinskiHarabaszScore`], [`DaviesBouldinScore`], [`DunnIndex`], [`SilhouetteScore`]) read
//! [`Clustered`](crate::batch::Clustered) points. The first takes one pass over them. The others need the final centroids or all pairs of
//! points, so that the points are kept, in one state for all three.

mod adjusted_mutual_info_score;
mod adjusted_rand_score;
mod calinski_harabasz_score;
mod cluster_accuracy;
mod completeness_score;
mod contingency_metric;
mod davies_bouldin_score;
mod dunn_index;
mod fowlkes_mallows_index;
mod homogeneity_score;
mod mutual_info_score;
mod normalized_mutual_info_score;
mod pairs;
mod rand_score;
mod silhouette_score;
pub mod states;
mod v_measure_score;

/// The metrics and their options, which the prelude has too.
pub(crate) mod metrics {
    pub use super::{
        adjusted_mutual_info_score::AdjustedMutualInfoScore,
        adjusted_rand_score::AdjustedRandScore,
        calinski_harabasz_score::CalinskiHarabaszScore,
        cluster_accuracy::ClusterAccuracy,
        completeness_score::CompletenessScore,
        davies_bouldin_score::DaviesBouldinScore,
        dunn_index::{DunnForm, DunnIndex},
        fowlkes_mallows_index::FowlkesMallowsIndex,
        homogeneity_score::HomogeneityScore,
        mutual_info_score::MutualInfoScore,
        normalized_mutual_info_score::{EntropyMean, NormalizedMutualInfoScore},
        rand_score::RandScore,
        silhouette_score::SilhouetteScore,
        v_measure_score::VMeasureScore,
    };
}
pub use self::contingency_metric::ContingencyMetric;
pub use metrics::*;

/// The rules of metrics over contingency tables, and what a rule of your own implements.
pub mod rules {
    pub use super::{
        adjusted_mutual_info_score::AdjustedMutualInfoScoreRule,
        adjusted_rand_score::AdjustedRandScoreRule, cluster_accuracy::ClusterAccuracyRule,
        completeness_score::CompletenessScoreRule, contingency_metric::ContingencyRule,
        fowlkes_mallows_index::FowlkesMallowsIndexRule, homogeneity_score::HomogeneityScoreRule,
        mutual_info_score::MutualInfoScoreRule,
        normalized_mutual_info_score::NormalizedMutualInfoScoreRule, rand_score::RandScoreRule,
        v_measure_score::VMeasureScoreRule,
    };
}
