//! Every metric of the library, for the tests that must hold for all of them.

use crate::samples::{CLASSES, GROUPS, LABELS, OUTPUTS, Sample};
use metrics_core::{
    ScoreKind,
    batch::{Binary, Regression, Values},
    classification::Thresholds,
    intervals::BootstrapMethod,
    prelude::*,
};

/// Something to do with every metric.
pub trait Visitor {
    fn visit<M: Metric>(&mut self, metric: M)
    where
        BatchOf<M>: Sample;
}

/// Every metric, most with several options; the accumulators of all kinds of options are here.
pub fn all_metrics(visitor: &mut impl Visitor) {
    macro_rules! tasks {
        ($($metric:ident)*) => {$(
            visitor.visit($metric::binary());
            visitor.visit($metric::multiclass(CLASSES));
            visitor.visit($metric::multilabel(LABELS));
        )*};
    }
    tasks!(Accuracy Precision Recall F1Score FBetaScore Specificity StatScores HammingDistance);
    tasks!(Informedness JaccardIndex ConfusionMatrix MatthewsCorrCoef NegativePredictiveValue);
    visitor.visit(BalancedAccuracy::binary());
    visitor.visit(BalancedAccuracy::multiclass(CLASSES).adjusted(true));
    visitor.visit(CohenKappa::binary());
    visitor.visit(CohenKappa::multiclass(CLASSES));
    visitor.visit(Accuracy::binary().threshold(0.3).ignore_index(-1));
    visitor.visit(Accuracy::multiclass(CLASSES).top_k(2).ignore_index(-1));
    visitor.visit(Accuracy::multilabel(LABELS).threshold(0.7).ignore_index(-1));

    visitor.visit(ExactMatch::multiclass(CLASSES));
    visitor.visit(ExactMatch::multiclass(CLASSES).ignore_index(-1));
    visitor.visit(ExactMatch::multilabel(LABELS));
    visitor.visit(
        ExactMatch::multilabel(LABELS)
            .threshold(0.3)
            .ignore_index(-1),
    );

    tasks!(Roc PrecisionRecallCurve Auroc AveragePrecision);
    tasks!(Eer LogAuc);
    macro_rules! points {
        ($($metric:ident $option:ident)*) => {$(
            visitor.visit($metric::binary().$option(0.5));
            visitor.visit($metric::multiclass(CLASSES).$option(0.5));
            visitor.visit($metric::multilabel(LABELS).$option(0.5));
        )*};
    }
    points!(RecallAtFixedPrecision min_precision PrecisionAtFixedRecall min_recall);
    points!(SensitivityAtSpecificity min_specificity SpecificityAtSensitivity min_sensitivity);
    for thresholds in [
        Thresholds::Exact,
        Thresholds::Count(9),
        Thresholds::List(vec![0.7, 0.2]),
        Thresholds::Octaves(1),
    ] {
        let some = || thresholds.clone();
        visitor.visit(Roc::binary().thresholds(some()).ignore_index(-1));
        visitor.visit(Roc::multiclass(CLASSES).thresholds(some()).ignore_index(-1));
        visitor.visit(Roc::multilabel(LABELS).thresholds(some()).ignore_index(-1));
    }
    visitor.visit(Auroc::binary().interval(0.95));
    let binned = Thresholds::Count(9);
    visitor.visit(Auroc::binary().thresholds(binned.clone()).certified());
    visitor.visit(
        AveragePrecision::multiclass(CLASSES)
            .thresholds(binned)
            .certified(),
    );
    visitor.visit(CalibrationError::binary());
    visitor.visit(CalibrationError::multiclass(CLASSES));
    visitor.visit(CalibrationError::binary().bins(4).ignore_index(-1));
    visitor.visit(
        CalibrationError::multiclass(CLASSES)
            .bins(4)
            .ignore_index(-1),
    );
    visitor.visit(ReliabilityDiagram::binary());
    visitor.visit(ReliabilityDiagram::multiclass(CLASSES).bins(4));

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
    visitor.visit(BrierScore::multilabel(LABELS).average(Average::None));
    visitor.visit(WeightedCalibration::binary());
    visitor.visit(WeightedCalibration::multilabel(LABELS).ignore_index(-1));
    visitor.visit(ClickThroughRate::binary());
    visitor.visit(ClickThroughRate::multilabel(LABELS));
    visitor.visit(Precision::binary().interval(0.9));
    visitor.visit(
        Accuracy::multiclass(CLASSES)
            .average(Average::Micro)
            .interval(0.9),
    );
    visitor.visit(F1Score::multiclass(CLASSES).bootstrap(20));
    let bca = BootstrapMethod::Bca;
    visitor.visit(F1Score::binary().bootstrap(20).method(bca));
    visitor.visit(Auroc::binary().bootstrap(20).method(bca));
    visitor.visit(Auroc::multiclass(CLASSES).bootstrap(20).method(bca));
    visitor.visit(AveragePrecision::multilabel(LABELS).bootstrap(20));
    let binned = Auroc::binary().thresholds(Thresholds::Count(9));
    visitor.visit(binned.bootstrap(20).method(bca));

    visitor.visit(MeanSquaredError::new());
    visitor.visit(MeanSquaredError::new().outputs(OUTPUTS).root());
    visitor.visit(MeanAbsoluteError::new());
    visitor.visit(MeanAbsoluteError::new().outputs(OUTPUTS));
    visitor.visit(R2Score::new());
    visitor.visit(R2Score::new().outputs(OUTPUTS).adjusted(1));
    visitor.visit(RelativeSquaredError::new());
    visitor.visit(RelativeSquaredError::new().outputs(OUTPUTS).root());
    for normalization in [
        RmseNormalization::Mean,
        RmseNormalization::Std,
        RmseNormalization::L2,
        RmseNormalization::Range,
    ] {
        let metric = NormalizedRootMeanSquaredError::new().normalization(normalization);
        visitor.visit(metric.clone());
        visitor.visit(metric.outputs(OUTPUTS));
    }

    visitor.visit(MeanAbsolutePercentageError::new());
    visitor.visit(SymmetricMeanAbsolutePercentageError::new());
    visitor.visit(WeightedMeanAbsolutePercentageError::new());
    visitor.visit(MeanSquaredLogError::new());
    visitor.visit(LogCoshError::new());
    visitor.visit(LogCoshError::new().outputs(OUTPUTS));
    visitor.visit(MinkowskiDistance::new(3.0));
    visitor.visit(PinballLoss::new());
    visitor.visit(PinballLoss::new().alpha(0.9).outputs(OUTPUTS));
    for power in [-1.0, 0.0, 1.0, 1.5, 2.0, 3.0] {
        visitor.visit(TweedieDevianceScore::new().power(power));
    }
    visitor.visit(CriticalSuccessIndex::new(0.5));
    visitor.visit(CriticalSuccessIndex::new(0.5).outputs(OUTPUTS));
    visitor.visit(CosineSimilarity::new());
    visitor.visit(CosineSimilarity::new().reduction(Reduction::Mean));
    visitor.visit(CosineSimilarity::new().per_row());
    for log_prob in [false, true] {
        let divergence = KlDivergence::new().log_prob(log_prob);
        visitor.visit(divergence.clone());
        visitor.visit(divergence.per_row());
        let divergence = JensenShannonDivergence::new().log_prob(log_prob);
        visitor.visit(divergence.clone());
        visitor.visit(divergence.reduction(Reduction::Sum));
    }
    visitor.visit(PearsonCorrCoef::new());
    visitor.visit(PearsonCorrCoef::new().outputs(OUTPUTS));
    visitor.visit(ConcordanceCorrCoef::new());
    visitor.visit(ConcordanceCorrCoef::new().outputs(OUTPUTS));
    visitor.visit(ExplainedVariance::new());
    visitor.visit(ExplainedVariance::new().outputs(OUTPUTS));
    visitor.visit(SpearmanCorrCoef::new());
    visitor.visit(SpearmanCorrCoef::new().outputs(OUTPUTS));
    visitor.visit(KendallRankCorrCoef::new());
    visitor.visit(
        KendallRankCorrCoef::new()
            .outputs(OUTPUTS)
            .t_test(Alternative::Less),
    );
    visitor.visit(ContinuousRankedProbabilityScore::new());
    visitor.visit(Covariance::new(OUTPUTS));
    visitor.visit(Wasserstein1D::new());

    for nan in [
        NanStrategy::Error,
        NanStrategy::Ignore,
        NanStrategy::Impute(0.5),
    ] {
        visitor.visit(Sum::new().nan_strategy(nan));
        visitor.visit(Mean::new().nan_strategy(nan));
        visitor.visit(Min::new().nan_strategy(nan));
        visitor.visit(Max::new().nan_strategy(nan));
        visitor.visit(Cat::new().nan_strategy(nan));
    }

    visitor.visit(Perplexity::new());
    visitor.visit(Perplexity::new().ignore_index(-1));
    visitor.visit(NegativeLogLikelihood::new());

    visitor.visit(Precision::binary().expr() + Recall::binary());
    visitor.visit(2.0 * Accuracy::multiclass(CLASSES).expr() - Auroc::multiclass(CLASSES));
    visitor.visit(Multioutput::new(R2Score::new(), OUTPUTS));
    visitor.visit(Multioutput::new(MeanSquaredError::new(), OUTPUTS).keep_nans());
    let positive = Task::new("positive", |batch: &Regression| {
        let label = batch.target().clone().greater_elem(0.0).int();
        let made = Binary::from_scores(batch.pred().clone(), label)?.score_kind(ScoreKind::Logits);
        let [n, outputs] = batch.target().dims();
        match batch.weights() {
            Some(weights) => {
                made.with_weights(weights.clone().reshape([n, 1]).expand([n, outputs]))
            }
            None => Ok(made),
        }
    });
    visitor.visit(Accuracy::binary().on(&positive));
    visitor.visit(Auroc::binary().on(&positive).expr() - Accuracy::binary().on(&positive));

    let total = |batch: &Values| {
        batch
            .values()
            .clone()
            .mask_fill(batch.values().clone().is_nan(), 0.0)
            .sum()
    };
    visitor.visit(custom_metric("total", 1, total, |sums: &[f64]| {
        Ok(sums[0].into())
    }));
}
