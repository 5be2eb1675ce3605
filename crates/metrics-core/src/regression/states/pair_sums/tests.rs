//! What sums of terms promise: equality, refusals, and terms by number as those of tensors.

use super::*;
use crate::{
    Metric, MetricCollection, State,
    ops::pairs::Unit,
    regression::{
        CosineSimilarity, CriticalSuccessIndex, JensenShannonDivergence, KlDivergence,
        LogCoshError, MeanAbsolutePercentageError, MeanSquaredError, MeanSquaredLogError,
        MinkowskiDistance, PinballLoss, Reduction, SymmetricMeanAbsolutePercentageError,
        TweedieDevianceScore, WeightedMeanAbsolutePercentageError,
    },
};
use burn::tensor::{Bool, Device, Tensor, TensorData};

fn batch(outputs: usize) -> Regression {
    let values = Tensor::<2>::ones([3, outputs], &Device::default());
    Regression::multi_output(values.clone(), values * 2.0).unwrap()
}

#[test]
fn options_that_make_no_sense_are_refused() {
    fn refuses(metric: impl Metric<Accumulator: crate::Accumulator<Batch = Regression>>) {
        let error = metric.state().update(&batch(2)).unwrap_err();
        let name = metric.name();
        assert!(
            matches!(error, MetricError::InvalidOption(_)),
            "{name}: {error}"
        );
    }
    for p in [0.5, f64::NAN, f64::INFINITY] {
        refuses(MinkowskiDistance::new(p));
    }
    for power in [0.5, f64::NAN, f64::NEG_INFINITY] {
        refuses(TweedieDevianceScore::new().power(power));
    }
    for alpha in [-0.1, 1.1, f64::NAN] {
        refuses(PinballLoss::new().alpha(alpha));
    }
    refuses(CriticalSuccessIndex::new(f32::NAN));
    refuses(LogCoshError::new().outputs(0));
}

#[test]
fn another_number_of_outputs_is_refused_and_changes_nothing() {
    let mut state = LogCoshError::new().outputs(2).state();
    state.update(&batch(2)).unwrap();
    let before = state.summary().unwrap().clone();
    let error = state.update(&batch(3)).unwrap_err();
    let found = matches!(
        error,
        MetricError::WidthMismatch {
            expected: 2,
            found: 3,
            ..
        }
    );
    assert!(found, "{error}");
    let mut other = LogCoshError::new().outputs(3).state();
    other.update(&batch(3)).unwrap();
    let error = state.merge(other.summary().unwrap()).unwrap_err();
    assert!(
        matches!(error, MetricError::MergeMismatch { .. }),
        "{error}"
    );
    assert_eq!(state.summary().unwrap(), &before);
}

#[test]
fn equal_terms_share_a_state_and_a_list_has_its_own() {
    let mean = CosineSimilarity::new().reduction(Reduction::Mean);
    let collection = MetricCollection::new()
        .with(CosineSimilarity::new())
        .with(mean);
    assert_eq!(collection.state_count(), 1);
    let mut collection = collection
        .with(CosineSimilarity::new().per_row())
        .with(LogCoshError::new())
        .with(LogCoshError::new().outputs(2));
    assert_eq!(collection.state_count(), 4);
    collection.update(&batch(2)).unwrap();
    let report = collection.compute().unwrap();
    let value = report.scalar("cosine_similarity_mean").unwrap();
    assert!((value - 1.0).abs() < 1e-15, "{value}");
}

#[test]
fn a_list_takes_no_weights() {
    let weights = Tensor::<1>::ones([3], &Device::default());
    let batch = batch(2).with_weights(weights).unwrap();
    let error = CosineSimilarity::new().per_row().evaluate(&batch);
    let accumulator = "PairList";
    assert_eq!(error, Err(MetricError::WeightsUnsupported { accumulator }));
}

/// Terms that are known as tensors only.
#[derive(Debug, Clone, PartialEq)]
struct ByTensor<T>(T);

impl<T: PairTerms> PairTerms for ByTensor<T> {
    const SUMS: usize = T::SUMS;

    fn identity(&self) -> Identity {
        Identity::new("by_tensor", 1).of(self.0.identity())
    }

    fn unit(&self) -> Unit {
        PairTerms::unit(&self.0)
    }

    fn invalid_prediction(&self, pred: Tensor<2>) -> Option<Tensor<2, Bool>> {
        self.0.invalid_prediction(pred)
    }

    fn invalid_target(&self, target: Tensor<2>) -> Option<Tensor<2, Bool>> {
        self.0.invalid_target(target)
    }

    fn terms(&self, pred: Tensor<2>, target: Tensor<2>) -> Vec<Tensor<2>> {
        self.0.terms(pred, target)
    }
}

/// Pairs of all kinds of numbers, few of which are hostile.
fn pairs(columns: usize, hostile: &[f32], weights: Option<&[f32]>) -> Regression {
    let device = Device::default();
    let rows = 150;
    let numbers = |seed: usize| {
        let number = move |i: usize| match (i * 7919 + seed) % 1009 {
            k if k < 2 * hostile.len() => hostile[k / 2],
            k => k as f32 / 400.0,
        };
        let numbers: Vec<f32> = (0..rows * columns).map(number).collect();
        Tensor::<2>::from_data(TensorData::new(numbers, [rows, columns]), &device)
    };
    let batch = Regression::multi_output(numbers(3), numbers(57)).unwrap();
    match weights {
        Some(weights) => {
            let weights: Vec<f32> = weights.iter().copied().cycle().take(rows).collect();
            let weights = Tensor::<1>::from_floats(&weights[..], &device);
            batch.with_weights(weights).unwrap()
        }
        None => batch,
    }
}

#[test]
fn terms_by_number_are_those_of_tensors() {
    fn agree<T: PairTerms>(metric: impl Metric<Accumulator = PairSums<T>>) {
        let by_number = metric.accumulator();
        assert!(T::BY_NUMBER);
        let by_tensor = PairSums::new(ByTensor((*by_number.terms).clone()));
        let kinds: [&[f32]; 3] = [
            &[],
            &[0.0, -0.5, -1.0, f32::NAN],
            &[f32::INFINITY, f32::NEG_INFINITY, 0.0, 3e38],
        ];
        let weights: [Option<&[f32]>; 2] =
            [None, Some(&[1.0, 0.25, 0.0, f32::NAN, 3.0, -1.0, 2.0])];
        for hostile in kinds {
            for weights in weights {
                let batch = pairs(3, hostile, weights);
                let ours = totals(&by_number, &batch);
                let theirs = totals(&by_tensor, &batch);
                let what = format!("{} with {hostile:?}, {weights:?}", metric.name());
                assert_eq!(ours.rejected, theirs.rejected, "{what}");
                assert_eq!(ours.count, theirs.count, "{what}");
                assert_eq!(ours.weight, theirs.weight, "{what}");
                for (ours, theirs) in ours.sums.iter().zip(&theirs.sums) {
                    let close = (ours - theirs).abs() <= 1e-5 * theirs.abs();
                    assert!(close || ours == theirs, "{what}: {ours} is not {theirs}");
                }
            }
        }
    }
    fn totals<T: PairTerms>(sums: &PairSums<T>, batch: &Regression) -> PairSumsSummary {
        let mut state = State::new(sums.clone());
        state.update(batch).unwrap();
        state.summary().unwrap().clone()
    }
    agree(MeanAbsolutePercentageError::new());
    agree(SymmetricMeanAbsolutePercentageError::new());
    agree(WeightedMeanAbsolutePercentageError::new());
    agree(MeanSquaredLogError::new());
    agree(LogCoshError::new());
    agree(LogCoshError::new().outputs(3));
    agree(CriticalSuccessIndex::new(0.5));
    agree(CriticalSuccessIndex::new(0.5).outputs(3));
    agree(CosineSimilarity::new());
    for p in [1.0, 1.5, 2.0, 3.0] {
        agree(MinkowskiDistance::new(p));
    }
    for alpha in [0.0, 0.3, 0.5, 1.0] {
        agree(PinballLoss::new().alpha(alpha));
        agree(PinballLoss::new().alpha(alpha).outputs(3));
    }
    for power in [-1.0, 0.0, 1.0, 1.5, 2.0, 3.0] {
        agree(TweedieDevianceScore::new().power(power));
    }
    for log_prob in [false, true] {
        agree(KlDivergence::new().log_prob(log_prob));
        agree(JensenShannonDivergence::new().log_prob(log_prob));
    }
}

/// Nothing tells weights of 1 from no weights, to the last bit.
#[test]
fn unweighted_rows_are_counted_and_not_summed() {
    let device = Device::default();
    let weights = Tensor::<1>::ones([3], &device);
    let weighted = batch(2).with_weights(weights).unwrap();
    let mut mixed = MeanSquaredError::new().state();
    for batch in [&batch(2), &weighted, &batch(2)] {
        mixed.update(batch).unwrap();
    }
    let summary = mixed.summary().unwrap();
    assert_eq!((summary.count, summary.weight), (18, 18.0));
    let mut plain = MeanSquaredError::new().state();
    for _ in 0..3 {
        plain.update(&batch(2)).unwrap();
    }
    assert_eq!(summary, plain.summary().unwrap());
}
