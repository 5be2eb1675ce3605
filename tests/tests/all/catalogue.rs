//! The catalogue and the code name the same metrics.

use crate::goldens::all_metrics;
use metrics_core::{BatchOf, Metric};
use metrics_tests::{metrics::Visitor, samples::Sample};
use std::collections::BTreeSet;

/// The classes of TorchMetrics 1.9.0 in the domains that are complete here, without the prefixes for tasks.
const TORCHMETRICS: &[&str] = &[
    // Aggregation.
    "CatMetric",
    "MaxMetric",
    "MeanMetric",
    "MinMetric",
    "SumMetric",
    "RunningMean",
    "RunningSum",
    // Classification.
    "AUROC",
    "Accuracy",
    "AveragePrecision",
    "CalibrationError",
    "CohenKappa",
    "ConfusionMatrix",
    "CoverageError",
    "Dice",
    "EER",
    "ExactMatch",
    "F1Score",
    "FBetaScore",
    "Fairness",
    "GroupStatRates",
    "HammingDistance",
    "HingeLoss",
    "JaccardIndex",
    "LogAUC",
    "MatthewsCorrCoef",
    "NegativePredictiveValue",
    "Precision",
    "PrecisionAtFixedRecall",
    "PrecisionRecallCurve",
    "ROC",
    "RankingAveragePrecision",
    "RankingLoss",
    "Recall",
    "RecallAtFixedPrecision",
    "SensitivityAtSpecificity",
    "Specificity",
    "SpecificityAtSensitivity",
    "StatScores",
    // Regression.
    "ConcordanceCorrCoef",
    "ContinuousRankedProbabilityScore",
    "CosineSimilarity",
    "CriticalSuccessIndex",
    "ExplainedVariance",
    "JensenShannonDivergence",
    "KLDivergence",
    "KendallRankCorrCoef",
    "LogCoshError",
    "MeanAbsoluteError",
    "MeanAbsolutePercentageError",
    "MeanSquaredError",
    "MeanSquaredLogError",
    "MinkowskiDistance",
    "NormalizedRootMeanSquaredError",
    "PearsonCorrCoef",
    "R2Score",
    "RelativeSquaredError",
    "SpearmanCorrCoef",
    "SymmetricMeanAbsolutePercentageError",
    "TweedieDevianceScore",
    "WeightedMeanAbsolutePercentageError",
    // Clustering, and nominal.
    "CalinskiHarabaszScore",
    "DaviesBouldinScore",
    "DunnIndex",
    "AdjustedMutualInfoScore",
    "AdjustedRandScore",
    "ClusterAccuracy",
    "CompletenessScore",
    "FowlkesMallowsIndex",
    "HomogeneityScore",
    "MutualInfoScore",
    "NormalizedMutualInfoScore",
    "RandScore",
    "VMeasureScore",
    "CramersV",
    "FleissKappa",
    "cramers_v_matrix",
    "pearsons_contingency_coefficient_matrix",
    "theils_u_matrix",
    "tschuprows_t_matrix",
    "PearsonsContingencyCoefficient",
    "TheilsU",
    "TschuprowsT",
    // Functions of all pairs of rows.
    "pairwise_cosine_similarity",
    "pairwise_euclidean_distance",
    "pairwise_linear_similarity",
    "pairwise_manhattan_distance",
    "pairwise_minkowski_distance",
    // Retrieval.
    "RetrievalAUROC",
    "RetrievalFallOut",
    "RetrievalHitRate",
    "RetrievalMAP",
    "RetrievalMRR",
    "RetrievalNormalizedDCG",
    "RetrievalPrecision",
    "RetrievalPrecisionRecallCurve",
    "RetrievalRPrecision",
    "RetrievalRecall",
    "RetrievalRecallAtFixedPrecision",
    // Segmentation.
    "DiceScore",
    "GeneralizedDiceScore",
    "HausdorffDistance",
    "MeanIoU",
    // Text, without a model.
    "BLEUScore",
    "CHRFScore",
    "CharErrorRate",
    "EditDistance",
    "ExtendedEditDistance",
    "MatchErrorRate",
    "Perplexity",
    "ROUGEScore",
    "SQuAD",
    "SacreBLEUScore",
    "TranslationEditRate",
    "WordErrorRate",
    "WordInfoLost",
    "WordInfoPreserved",
    // Wrappers.
    "BinaryTargetTransformer",
    "BootStrapper",
    "ClasswiseWrapper",
    "CompositionalMetric",
    "LambdaInputTransformer",
    "MetricTracker",
    "MinMaxMetric",
    "MultioutputWrapper",
    "MultitaskWrapper",
    "Running",
];

/// The rows of the catalogue's tables.
fn rows() -> Vec<Vec<String>> {
    let page = metrics_tests::folder().join("../docs/catalogue.md");
    let text = std::fs::read_to_string(page).expect("the catalogue is there");
    let cells = |line: &str| {
        let line = line.trim().trim_matches('|').replace("\\|", "¦");
        line.split('|')
            .map(|cell| cell.trim().to_string())
            .collect()
    };
    (text
        .lines()
        .filter(|line| line.starts_with("| `"))
        .map(cells))
    .collect()
}

/// The names in backticks that begin a cell.
fn names(cell: &str) -> impl Iterator<Item = String> + '_ {
    let quoted = cell.split('`').skip(1).step_by(2);
    quoted.map(|name| {
        name.split(['<', ':', '('])
            .next()
            .unwrap_or(name)
            .to_string()
    })
}

/// The name of a type as users write it: that of the rule, where the type is a rule over an accumulator, and
/// with that of the terms, where it is a divergence by these.
fn public_name(type_name: &str) -> String {
    let parts = type_name.split(['<', ',', '>', ' ']);
    let idents = parts.map(|path| path.rsplit("::").next().unwrap_or(path));
    let mut idents = idents.filter(|ident| !ident.is_empty());
    let outer = idents.next().unwrap_or_default();
    let mut before = |suffix| idents.find_map(|ident| ident.strip_suffix(suffix));
    match outer {
        "Divergence" => before("Terms").unwrap_or_default().to_string() + outer,
        _ if outer.ends_with("Metric") => before("Rule").unwrap_or(outer).to_string(),
        _ => outer.to_string(),
    }
}

#[test]
fn the_page_and_the_code_name_the_same_metrics() {
    struct Names(BTreeSet<String>);
    impl Visitor for Names {
        fn visit<M: Metric>(&mut self, _metric: M)
        where
            BatchOf<M>: Sample,
        {
            self.0.insert(public_name(std::any::type_name::<M>()));
        }
    }
    let mut code = Names(BTreeSet::new());
    all_metrics(&mut code);
    code.0.remove("CustomMetric");
    let rows = rows();
    let page: BTreeSet<String> = rows
        .iter()
        .filter(|row| row.len() == 7)
        .flat_map(|row| names(&row[0]).collect::<Vec<_>>())
        .collect();
    let missing: Vec<_> = code.0.difference(&page).collect();
    let unknown: Vec<_> = page.difference(&code.0).collect();
    assert!(missing.is_empty(), "not in the catalogue: {missing:?}");
    assert!(unknown.is_empty(), "not in the code: {unknown:?}");
}

#[test]
fn every_metric_is_held_against_a_file_that_exists() {
    let folder = metrics_tests::folder().join("goldens");
    for row in rows().iter().filter(|row| row.len() == 7) {
        for file in row[6].split(", ") {
            let path = folder.join(format!("{file}.json"));
            assert!(path.exists(), "{} names {}", row[0], path.display());
        }
    }
}

#[test]
fn every_metric_of_torchmetrics_is_found_by_its_name() {
    let found: BTreeSet<String> = rows()
        .iter()
        .filter_map(|row| row.get(1))
        .flat_map(|cell| cell.split(", ").map(String::from).collect::<Vec<_>>())
        .collect();
    let missing: Vec<_> = TORCHMETRICS
        .iter()
        .filter(|name| !found.contains(**name))
        .collect();
    assert!(missing.is_empty(), "TorchMetrics' {missing:?} have no row");
}
