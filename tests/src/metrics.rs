//! Every metric of the library, for the tests that must hold for all of them.

use crate::samples::{CLASSES, LABELS, OUTPUTS, Sample};
use metrics_core::{accumulators::Thresholds, batch::Values, intervals::BootstrapMethod, *};

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
    tasks!(JaccardIndex ConfusionMatrix MatthewsCorrCoef NegativePredictiveValue);
    visitor.visit(CohenKappa::binary());
    visitor.visit(CohenKappa::multiclass(CLASSES));
    visitor.visit(Accuracy::binary().threshold(0.3).ignore_index(-1));
    visitor.visit(Accuracy::multiclass(CLASSES).top_k(2).ignore_index(-1));
    visitor.visit(Accuracy::multilabel(LABELS).threshold(0.7).ignore_index(-1));

    tasks!(Roc PrecisionRecallCurve Auroc AveragePrecision);
    tasks!(Eer RecallAtFixedPrecision PrecisionAtFixedRecall);
    tasks!(SensitivityAtSpecificity SpecificityAtSensitivity);
    for thresholds in [
        Thresholds::Exact,
        Thresholds::Count(9),
        Thresholds::List(vec![0.7, 0.2]),
    ] {
        let some = || thresholds.clone();
        visitor.visit(Roc::binary().thresholds(some()).ignore_index(-1));
        visitor.visit(Roc::multiclass(CLASSES).thresholds(some()).ignore_index(-1));
        visitor.visit(Roc::multilabel(LABELS).thresholds(some()).ignore_index(-1));
    }
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
    ] {
        let metric = NormalizedRootMeanSquaredError::new().normalization(normalization);
        visitor.visit(metric.clone());
        visitor.visit(metric.outputs(OUTPUTS));
    }

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
