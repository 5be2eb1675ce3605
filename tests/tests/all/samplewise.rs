//! Values by sample.

use burn::tensor::{DType, Device, Int, Tensor};
use metrics_core::{
    Metric, MetricError, Validation, Value,
    batch::{Binary, Multiclass, Multilabel},
    classification::{Accuracy, Average, ExactMatch, F1Score, Samplewise, StatScores},
};
use metrics_tests::{devices, samples::Random};

const POSITIONS: usize = 6;

fn labels(random: &mut Random, samples: usize, below: usize, device: &Device) -> Tensor<2, Int> {
    let data: Vec<i32> = (0..samples * POSITIONS)
        .map(|_| random.below(below) as i32)
        .collect();
    Tensor::<1, Int>::from_data(data.as_slice(), (device, DType::I32)).reshape([samples, POSITIONS])
}

fn multiclass(seed: u64, samples: usize, device: &Device) -> Multiclass {
    let random = &mut Random(seed);
    let pred = labels(random, samples, 4, device);
    Multiclass::from_labels(pred, labels(random, samples, 4, device)).unwrap()
}

fn numbers(value: &Value) -> Vec<f64> {
    match value {
        Value::List(list) => list.clone(),
        Value::Table(matrix) => matrix.data.clone(),
        Value::Tables(list) => list.iter().flat_map(|m| m.data.clone()).collect(),
        other => panic!("{other}"),
    }
}

#[test]
fn each_value_is_that_of_the_sample_alone() {
    for (name, device) in devices() {
        let random = &mut Random(4);
        let (pred, target) = (
            labels(random, 20, 4, &device),
            labels(random, 20, 4, &device),
        );
        let whole = Multiclass::from_labels(pred.clone(), target.clone()).unwrap();
        for average in [Average::Micro, Average::Macro, Average::Weighted] {
            let metric = F1Score::multiclass(4).average(average);
            let values = metric.clone().samplewise().evaluate(&whole).unwrap();
            let alone: Vec<f64> = (0..20)
                .map(|i| {
                    let row = |labels: &Tensor<2, Int>| labels.clone().slice(i..i + 1);
                    let batch = Multiclass::from_labels(row(&pred), row(&target)).unwrap();
                    metric.evaluate(&batch).unwrap().scalar().unwrap()
                })
                .collect();
            assert_eq!(values.list(), Some(&alone[..]), "{name} {average:?}");
        }
    }
}

#[test]
fn shapes_of_values() {
    let (_, device) = devices().remove(0);
    let batch = multiclass(1, 7, &device);
    let per_class = Accuracy::multiclass(4).average(Average::None).samplewise();
    let value = per_class.evaluate(&batch).unwrap();
    let matrix = value.matrix().unwrap();
    assert_eq!((matrix.rows, matrix.cols), (7, 4));
    let value = StatScores::multiclass(4)
        .samplewise()
        .evaluate(&batch)
        .unwrap();
    assert_eq!(
        (value.matrix().unwrap().rows, value.matrix().unwrap().cols),
        (7, 5)
    );
    let each = StatScores::multiclass(4)
        .average(Average::None)
        .samplewise();
    match each.evaluate(&batch).unwrap() {
        Value::Tables(list) => {
            assert_eq!(list.len(), 7);
            assert!(list.iter().all(|m| (m.rows, m.cols) == (4, 5)));
        }
        other => panic!("{other}"),
    }
    assert_eq!(each.name(), "stat_scores_per_class_samplewise");
    assert!(!each.is_scalar());
}

#[test]
fn a_long_list_keeps_its_order() {
    // More batches than pieces of a list are kept apart, of unequal sizes, saved and merged.
    for (name, device) in devices() {
        let metric = Accuracy::multiclass(4).average(Average::Micro).samplewise();
        let (mut state, mut expected) = (metric.state(), Vec::new());
        let mut halves = [metric.state(), metric.state()];
        for seed in 0..300u64 {
            let batch = multiclass(seed, 1 + seed as usize % 3, &device);
            state.update(&batch).unwrap();
            halves[(seed >= 100) as usize].update(&batch).unwrap();
            expected.extend(numbers(&metric.evaluate(&batch).unwrap()));
        }
        assert_eq!(numbers(&state.compute().unwrap()), expected, "{name}");
        let text = serde_json::to_string(halves[1].summary().unwrap()).unwrap();
        // What has not been read comes after what is merged.
        halves[0].summary().unwrap();
        halves[0]
            .merge(&serde_json::from_str(&text).unwrap())
            .unwrap();
        assert_eq!(numbers(&halves[0].compute().unwrap()), expected, "{name}");
    }
}

fn refuses<M: Metric>(metric: M, batch: &metrics_core::BatchOf<M>, error: MetricError) {
    let mut state = metric.state();
    assert_eq!(state.update(batch), Err(error));
    assert!(matches!(state.compute(), Err(MetricError::Empty { .. })));
}

#[test]
fn samples_of_one_element_are_refused() {
    for (_, device) in devices() {
        let line = || Tensor::<1, Int>::zeros([3], &device);
        let flat = Tensor::<2, Int>::zeros([3, 2], &device);
        let needed = || MetricError::SamplesRequired;
        let binary = Binary::from_labels(line(), line()).unwrap();
        refuses(Accuracy::binary().samplewise(), &binary, needed());
        let classes = Multiclass::from_labels(line(), line()).unwrap();
        refuses(Accuracy::multiclass(2).samplewise(), &classes, needed());
        refuses(ExactMatch::multiclass(2).samplewise(), &classes, needed());
        let scores = Tensor::<2>::zeros([3, 2], &device);
        let scored = Multiclass::from_scores(scores, line()).unwrap();
        refuses(Accuracy::multiclass(2).samplewise(), &scored, needed());
        let labels = Multilabel::from_labels(flat.clone(), flat).unwrap();
        refuses(Accuracy::multilabel(2).samplewise(), &labels, needed());
        refuses(ExactMatch::multilabel(2).samplewise(), &labels, needed());

        let weights = Tensor::<1>::ones([12], &device);
        let weighted = multiclass(1, 2, &device).with_weights(weights).unwrap();
        let accumulator = "PerSample";
        let error = MetricError::WeightsUnsupported { accumulator };
        refuses(Accuracy::multiclass(4).samplewise(), &weighted, error);
        let width = MetricError::WidthMismatch {
            unit: "labels",
            expected: 3,
            found: 2,
            shape: vec![12, 2],
        };
        let cube = Tensor::<3, Int>::zeros([3, 2, 4], &device);
        let dense = Multilabel::from_dense_labels(cube.clone(), cube).unwrap();
        refuses(Accuracy::multilabel(3).samplewise(), &dense, width);
    }
}

#[test]
fn dense_labels_need_a_label_dimension_and_equal_shapes() {
    let (_, device) = devices().remove(0);
    let line = Tensor::<1, Int>::zeros([3], &device);
    let cube = |l| Tensor::<3>::zeros([3, l, 4], &device);
    let target = Tensor::<3, Int>::zeros([3, 2, 4], &device);
    for error in [
        Multilabel::from_dense_labels(line.clone(), line).map(|_| ()),
        Multilabel::from_dense(cube(3), target).map(|_| ()),
    ] {
        assert!(
            matches!(error, Err(MetricError::ShapeMismatch { .. })),
            "{error:?}"
        );
    }
}

#[test]
fn invalid_elements_are_left_out_of_their_sample() {
    for (name, device) in devices() {
        let ints = |rows: [[i32; 3]; 2]| Tensor::<2, Int>::from_ints(rows, &device);
        let (pred, target) = (ints([[0, 1, 1], [0, 7, 1]]), ints([[0, 1, 0], [0, 1, -3]]));
        let batch = Multiclass::from_labels(pred, target).unwrap();
        let metric = Accuracy::multiclass(2).average(Average::Micro).samplewise();
        let mut state = metric.state();
        state.update(&batch).unwrap();
        let Err(MetricError::InvalidData(rejected)) = state.compute() else {
            panic!("{name}");
        };
        assert_eq!(
            (rejected.invalid_targets, rejected.invalid_predictions),
            (1, 1),
            "{name}"
        );
        let mut state = metric.state().validation(Validation::Ignore);
        state.update(&batch).unwrap();
        assert_eq!(
            numbers(&state.compute().unwrap()),
            [2.0 / 3.0, 1.0],
            "{name}"
        );
        // A unit of exact match is left out whole.
        let mut state = ExactMatch::multiclass(2)
            .state()
            .validation(Validation::Ignore);
        state.update(&batch).unwrap();
        assert_eq!(state.compute().unwrap().scalar(), Some(0.0), "{name}");
        assert_eq!(state.summary().unwrap().missed, 1, "{name}");
        assert_eq!(state.rejected().invalid(), 2, "{name}");
    }
}

#[test]
fn no_samples_are_empty_and_other_classes_do_not_merge() {
    let metric = |classes| Accuracy::multiclass(classes).samplewise();
    assert!(matches!(
        metric(3).state().compute(),
        Err(MetricError::Empty { .. })
    ));
    let (_, device) = devices().remove(0);
    let mut state = metric(4).state();
    state.update(&multiclass(1, 3, &device)).unwrap();
    let before = state.summary().unwrap().clone();
    let error = state
        .merge(metric(3).state().summary().unwrap())
        .unwrap_err();
    assert!(matches!(error, MetricError::MergeMismatch { .. }));
    assert_eq!(*state.summary().unwrap(), before);
    let mut part = before.clone();
    part.counts.pop();
    assert!(metrics_core::Summary::consistent(&part).is_err());
}

#[test]
fn updates_by_sample_never_read() {
    fn update<M: metrics_core::classification::rules::SampleMetric>(
        metric: Samplewise<M>,
        batch: &metrics_core::BatchOf<Samplewise<M>>,
    ) {
        let mut state = metric.state();
        for _ in 0..40 {
            state.update(batch).unwrap();
        }
    }
    let device = Device::capture();
    let graph = device.capture_scope(|scope| {
        let batch = multiclass(1, 5, &device);
        update(Accuracy::multiclass(4).samplewise(), &batch);
        update(ExactMatch::multiclass(4).samplewise(), &batch);
        let scores = Tensor::<3>::zeros([3, 2, 4], &device);
        let target = Tensor::<3, Int>::zeros([3, 2, 4], &device);
        let dense = Multilabel::from_dense(scores.clone(), target.clone()).unwrap();
        update(Accuracy::multilabel(2).samplewise(), &dense);
        update(ExactMatch::multilabel(2).samplewise(), &dense);
        let binary = Binary::from_scores(scores, target).unwrap();
        update(Accuracy::binary().samplewise(), &binary);
        scope.complete([], [])
    });
    assert!(!graph.unwrap().graph.operations.is_empty());
}
