//! Weights of joint moments and ensembles, and sizes that the golden cases do not reach.

use burn::tensor::{Device, Tensor};
use metrics_core::{
    BatchOf, Metric, MetricCollection, MetricError, Reason, Rejected, Validation, Value,
    aggregation::{Covariance, Wasserstein1D},
    batch::{Ensemble, Observations, Regression, TwoSamples},
    regression::{
        Alternative, ConcordanceCorrCoef, ContinuousRankedProbabilityScore, ExplainedVariance,
        KendallRankCorrCoef, KendallVariant, MeanSquaredError, MultiOutput,
        NormalizedRootMeanSquaredError, PearsonCorrCoef, RmseNormalization, SpearmanCorrCoef,
    },
};
use metrics_tests::{
    compare::{Tolerance, same},
    devices,
    golden::{Array, Arrays, join, rows},
    samples::{OUTPUTS, Random, Sample},
};

const CLOSE: Tolerance = Tolerance::Relative(1e-6);

/// Weights from 0 to 3, once for every row.
fn weights(random: &mut Random, rows: usize) -> Array {
    random.array(&[rows], |r| r.below(4) as f64)
}

/// The rows, each as often as its weight says.
fn repeated(arrays: &Arrays, weights: &Array) -> Arrays {
    let times = weights.data.iter().map(|weight| *weight as usize);
    let rows = rows(arrays).into_iter().zip(times);
    let rows: Vec<Arrays> = (rows)
        .flat_map(|(row, times)| std::iter::repeat_n(row, times))
        .collect();
    join(arrays, &rows)
}

fn evaluate<M: Metric>(metric: &M, batch: &BatchOf<M>) -> Result<Value, MetricError> {
    let mut state = metric.state().validation(Validation::Ignore);
    state.update(batch)?;
    state.compute()
}

fn counts_as_often<M: Metric>(metric: M)
where
    BatchOf<M>: Sample,
{
    for (name, device) in devices() {
        for seed in 0..4 {
            let mut random = Random(seed);
            let arrays = BatchOf::<M>::arrays(&mut random, 50);
            let weights = weights(&mut random, 50);
            let weighed = BatchOf::<M>::build(&arrays, &device).unwrap();
            let weighed = weighed.weighed(weights.floats(&device)).unwrap();
            let plain = BatchOf::<M>::build(&repeated(&arrays, &weights), &device).unwrap();
            let values = (evaluate(&metric, &weighed), evaluate(&metric, &plain));
            let (Ok(ours), Ok(expected)) = &values else {
                panic!("{name} {}: {values:?}", metric.name());
            };
            let place = format!("{name} {}: {ours} is not {expected}", metric.name());
            assert!(same(ours, expected, CLOSE), "{place}");
        }
    }
}

#[test]
fn a_weight_is_how_often_a_row_counts() {
    counts_as_often(PearsonCorrCoef::new());
    counts_as_often(PearsonCorrCoef::new().outputs(OUTPUTS));
    counts_as_often(ConcordanceCorrCoef::new());
    counts_as_often(ConcordanceCorrCoef::new().outputs(OUTPUTS));
    counts_as_often(ExplainedVariance::new());
    let explained = ExplainedVariance::new().outputs(OUTPUTS);
    counts_as_often(explained.multioutput(MultiOutput::VarianceWeighted));
    counts_as_often(ContinuousRankedProbabilityScore::new());
    counts_as_often(Covariance::new(OUTPUTS));
    counts_as_often(Wasserstein1D::new());
}

fn leaves_out<M: Metric>(metric: M, batch: impl Fn(&Device) -> BatchOf<M>, expected: u64) {
    for (name, device) in devices() {
        let mut state = metric.state();
        state.update(&batch(&device)).unwrap();
        let mut rejected = Rejected::default();
        (0..expected).for_each(|_| rejected.add(Reason::InvalidWeight));
        rejected.add(Reason::Nan);
        let error = Err(MetricError::InvalidData(rejected));
        assert_eq!(state.compute(), error, "{name} {}", metric.name());
    }
}

#[test]
fn weights_that_are_none_are_left_out() {
    // The row with the NaN has an invalid weight too.
    let weights = |device: &Device| {
        Tensor::<1>::from_floats([1.0, f32::NAN, -1.0, f32::INFINITY, f32::NAN, 0.0], device)
    };
    let values = |device: &Device| {
        Tensor::<1>::from_floats([1.0, 2.0, 3.0, 4.0, f32::NAN, f32::INFINITY], device)
    };
    let ones = |device: &Device| Tensor::<1>::ones([6], device);
    let pairs = |d: &Device| {
        let batch = Regression::new(values(d), ones(d)).unwrap();
        batch.with_weights(weights(d)).unwrap()
    };
    leaves_out(PearsonCorrCoef::new(), pairs, 3);
    leaves_out(ConcordanceCorrCoef::new(), pairs, 3);
    leaves_out(ExplainedVariance::new(), pairs, 3);
    let ensemble = |d: &Device| {
        let batch = Ensemble::new(values(d).reshape([6, 1]), ones(d)).unwrap();
        batch.with_weights(weights(d)).unwrap()
    };
    leaves_out(ContinuousRankedProbabilityScore::new(), ensemble, 3);
    let rows = |d: &Device| {
        let batch = Observations::new(values(d).reshape([6, 1]));
        batch.with_weights(weights(d)).unwrap()
    };
    leaves_out(Covariance::new(1), rows, 3);
    let samples = |d: &Device| {
        let batch = TwoSamples::new(values(d), ones(d)).unwrap();
        batch.with_x_weights(weights(d)).unwrap()
    };
    leaves_out(Wasserstein1D::new(), samples, 3);
}

#[test]
fn ranks_take_no_weights() {
    let (_, device) = devices().remove(0);
    let batch = Regression::random(1, 5, &device);
    let batch = batch.weighed(Tensor::ones([5], &device)).unwrap();
    let unsupported = MetricError::WeightsUnsupported {
        accumulator: "RankPairs",
    };
    let spearman = SpearmanCorrCoef::new().evaluate(&batch);
    assert_eq!(spearman, Err(unsupported.clone()));
    assert_eq!(
        KendallRankCorrCoef::new().evaluate(&batch),
        Err(unsupported)
    );
}

#[test]
fn shapes_that_do_not_fit_are_errors() {
    let (_, device) = devices().remove(0);
    let table = |shape: [usize; 2]| Tensor::<2>::ones(shape, &device);
    let line = |n: usize| Tensor::<1>::ones([n], &device);
    let mismatch = |error: MetricError| matches!(error, MetricError::ShapeMismatch { .. });
    assert!(mismatch(Ensemble::new(table([3, 2]), line(2)).unwrap_err()));
    let samples = TwoSamples::new(line(2), line(3)).unwrap();
    assert!(mismatch(
        samples.clone().with_x_weights(line(3)).unwrap_err()
    ));
    assert!(mismatch(samples.with_y_weights(line(2)).unwrap_err()));

    let none = Ensemble::new(table([3, 0]), line(3)).unwrap();
    let error = ContinuousRankedProbabilityScore::new().evaluate(&none);
    assert!(matches!(error, Err(MetricError::InvalidOption(_))));
    let wide = Observations::new(table([3, 2]));
    let error = Covariance::new(3).evaluate(&wide);
    assert!(matches!(error, Err(MetricError::WidthMismatch { .. })));
    let error = Covariance::new(0).evaluate(&Observations::new(table([3, 0])));
    assert!(matches!(error, Err(MetricError::InvalidOption(_))));
    let pairs = Regression::multi_output(table([3, 2]), table([3, 2])).unwrap();
    let error = PearsonCorrCoef::new().outputs(3).evaluate(&pairs);
    assert!(matches!(error, Err(MetricError::WidthMismatch { .. })));
    let error = SpearmanCorrCoef::new().outputs(0).evaluate(&pairs);
    assert!(matches!(error, Err(MetricError::InvalidOption(_))));
}

#[test]
fn a_range_is_kept_only_for_those_that_ask() {
    let (_, device) = devices().remove(0);
    let ranged = NormalizedRootMeanSquaredError::new().normalization(RmseNormalization::Range);
    let mut one = MeanSquaredError::new().state();
    let mut other = ranged.state();
    let target = Tensor::<1>::from_floats([1.0, 5.0, 3.0], &device);
    let batch = Regression::new(target.clone() + 2.0, target).unwrap();
    one.update(&batch).unwrap();
    other.update(&batch).unwrap();
    assert!(one.summary().unwrap().target_range.is_empty());
    assert_eq!(other.summary().unwrap().target_range, [(1.0, 5.0)]);
    let error = other.merge(one.summary().unwrap());
    assert!(matches!(error, Err(MetricError::MergeMismatch { .. })));

    // The wider of two states serves both, whichever comes first.
    let both = MetricCollection::new().with(MeanSquaredError::new());
    let mut both = both.with(ranged.clone());
    assert_eq!(both.state_count(), 1);
    let reversed = MetricCollection::new().with(ranged);
    assert_eq!(reversed.with(MeanSquaredError::new()).state_count(), 1);
    both.update(&batch).unwrap();
    let report = both.compute().unwrap();
    let range = "normalized_root_mean_squared_error_range";
    assert_eq!(report.scalar("mean_squared_error"), Some(4.0));
    assert_eq!(report.scalar(range), Some(0.5));
}

#[test]
fn two_rows_have_a_p_value() {
    let (_, device) = devices().remove(0);
    let line = |values: [f32; 2]| Tensor::<1>::from_floats(values, &device);
    let batch = Regression::new(line([1.0, 2.0]), line([3.0, 4.0])).unwrap();
    for variant in [KendallVariant::A, KendallVariant::B, KendallVariant::C] {
        let metric = KendallRankCorrCoef::new().variant(variant);
        // Of a z of 1, by a table of the normal distribution.
        for (alternative, p) in [
            (Alternative::TwoSided, 0.317310507862914),
            (Alternative::Less, 0.841344746068543),
            (Alternative::Greater, 0.158655253931457),
        ] {
            let tested = metric.clone().t_test(alternative).evaluate(&batch).unwrap();
            let expected = Value::of_fields([("tau", 1.0), ("p_value", p)]);
            assert!(same(&tested, &expected, CLOSE), "{variant:?} {tested}");
        }
    }
}

/// More products than are held at a time.
#[test]
fn large_ensembles_are_compared_in_parts() {
    let (members, n) = (2500, 2);
    for (name, device) in devices() {
        let mut random = Random(5);
        let mut draw = |shape: &[usize]| random.array(shape, |r| r.below(1000) as f64 / 8.0);
        let (pred, target) = (draw(&[n, members]), draw(&[n]));
        let rows = pred.data.chunks(members).zip(&target.data);
        let scores = rows.map(|(x, y)| {
            // The sum over pairs by the sorted members.
            let mut x = x.to_vec();
            x.sort_by(f64::total_cmp);
            let m = members as f64;
            let near: f64 = x.iter().map(|x| (x - y).abs()).sum();
            let ranked = x.iter().enumerate();
            let apart: f64 = ranked.map(|(i, x)| (2.0 * i as f64 + 1.0 - m) * x).sum();
            near / m - apart / (m * m)
        });
        let expected = Value::Scalar(scores.sum::<f64>() / n as f64);
        let batch = Ensemble::new(pred.floats(&device), target.floats(&device)).unwrap();
        let ours = ContinuousRankedProbabilityScore::new().evaluate(&batch);
        let ours = ours.unwrap();
        assert!(
            same(&ours, &expected, CLOSE),
            "{name}: {ours} is not {expected}"
        );
    }
}

#[test]
fn many_variables_are_multiplied_in_parts() {
    let (variables, n) = (300, 100);
    for (name, device) in devices() {
        let values = Random(6).array(&[n, variables], |r| 1e4 + r.below(1000) as f64 / 16.0);
        let column = |i: usize| values.data.iter().skip(i).step_by(variables);
        let mean = |i: usize| column(i).sum::<f64>() / n as f64;
        let metric = Covariance::new(variables);
        let mut state = metric.state();
        state
            .update(&Observations::new(values.floats(&device)))
            .unwrap();
        let value = state.compute().unwrap();
        let matrix = value.matrix().unwrap();
        for (i, j) in [(0, 0), (7, 7), (3, 250), (299, 12)] {
            let (left, right) = (mean(i), mean(j));
            let terms = column(i)
                .zip(column(j))
                .map(|(x, y)| (x - left) * (y - right));
            let expected = terms.sum::<f64>() / (n as f64 - 1.0);
            let ours = matrix.get(i, j);
            assert!(
                CLOSE.accepts(ours, expected),
                "{name}: {ours} is not {expected}"
            );
        }
    }
}

/// Comparing all pairs of so many would take minutes.
#[test]
fn ranks_of_many_pairs() {
    let n = 300_000;
    let (name, device) = devices().remove(0);
    let target: Vec<f32> = (0..n).map(|i| i as f32).collect();
    // Neighbours change places in the first half.
    let pred: Vec<f32> = (0..n)
        .map(|i| if i < n / 2 { i ^ 1 } else { i } as f32)
        .collect();
    let line = |values: &[f32]| Tensor::<1>::from_floats(values, &device);
    let batch = Regression::new(line(&pred), line(&target)).unwrap();
    let (n, swaps) = (n as f64, n as f64 / 4.0);
    let tau = KendallRankCorrCoef::new().evaluate(&batch).unwrap();
    let expected = Value::Scalar(1.0 - 4.0 * swaps / (n * (n - 1.0)));
    assert!(same(&tau, &expected, Tolerance::Relative(1e-15)), "{name}");
    let rho = SpearmanCorrCoef::new().evaluate(&batch).unwrap();
    let expected = Value::Scalar(1.0 - 6.0 * 2.0 * swaps / (n * (n * n - 1.0)));
    assert!(same(&rho, &expected, Tolerance::Relative(1e-15)), "{name}");
}
