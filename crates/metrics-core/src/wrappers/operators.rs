//! Operators of metrics: `precision + recall` is an expression.

use super::Expr;
use crate::{
    Accumulator, BatchOf, Metric, aggregation as agg, classification as cls, regression as reg,
    text,
};
use std::ops::{Add, Div, Mul, Neg, Rem, Sub};

macro_rules! operator {
    ($op:ident $method:ident [$($generics:tt)*] $metric:ty) => {
        impl<$($generics)* Right: Metric> $op<Right> for $metric
        where
            Self: Metric,
            Right::Accumulator: Accumulator<Batch = BatchOf<Self>>,
        {
            type Output = <Expr<Self> as $op<Right>>::Output;

            fn $method(self, right: Right) -> Self::Output {
                $op::$method(self.expr(), right)
            }
        }

        impl<$($generics)*> $op<f64> for $metric
        where
            Self: Metric,
        {
            type Output = <Expr<Self> as $op<f64>>::Output;

            fn $method(self, right: f64) -> Self::Output {
                $op::$method(self.expr(), right)
            }
        }

        impl<$($generics)*> $op<$metric> for f64
        where
            $metric: Metric,
        {
            type Output = <f64 as $op<Expr<$metric>>>::Output;

            fn $method(self, right: $metric) -> Self::Output {
                $op::$method(self, right.expr())
            }
        }
    };
}

/// Metrics that are expressions by themselves.
macro_rules! operators {
    ($([$($generics:tt)*] $metric:ty;)*) => {$(
        operator!(Add add [$($generics)*] $metric);
        operator!(Sub sub [$($generics)*] $metric);
        operator!(Mul mul [$($generics)*] $metric);
        operator!(Div div [$($generics)*] $metric);
        operator!(Rem rem [$($generics)*] $metric);

        impl<$($generics)*> Neg for $metric
        where
            Self: Metric,
        {
            type Output = <Expr<Self> as Neg>::Output;

            fn neg(self) -> Self::Output {
                Neg::neg(self.expr())
            }
        }
    )*};
}

operators! {
    [R: cls::rules::ConfusionRule, B: crate::states::ConfusionBatch,] cls::ClassMetric<R, B>;
    [R: cls::rules::CurveRule, B: cls::states::ScoredBatch,] cls::CurveMetric<R, B>;
    [B: cls::states::ConfidentBatch,] cls::CalibrationError<B>;
    [B: cls::states::ProbabilityBatch,] cls::BrierScore<B>;
    [B: cls::states::MarginBatch,] cls::HingeLoss<B>;
    [B: cls::states::MatchedBatch,] cls::ExactMatch<B>;
    [] agg::Mean;
    [] agg::Sum;
    [] agg::Min;
    [] agg::Max;
    [] text::NegativeLogLikelihood;
    [] text::Perplexity;
    [] reg::ConcordanceCorrCoef;
    [] reg::CosineSimilarity;
    [] reg::ExplainedVariance;
    [] reg::KendallRankCorrCoef;
    [] reg::LogCoshError;
    [] reg::MeanAbsoluteError;
    [] reg::MeanAbsolutePercentageError;
    [] reg::MeanSquaredError;
    [] reg::MeanSquaredLogError;
    [] reg::MinkowskiDistance;
    [] reg::NormalizedRootMeanSquaredError;
    [] reg::PearsonCorrCoef;
    [] reg::PinballLoss;
    [] reg::R2Score;
    [] reg::RelativeSquaredError;
    [] reg::SpearmanCorrCoef;
    [] reg::SymmetricMeanAbsolutePercentageError;
    [] reg::TweedieDevianceScore;
    [] reg::WeightedMeanAbsolutePercentageError;
}
