//! Segmentation beyond the golden cases: what does not change a value, what is refused, what a state costs.

use burn::tensor::{Bool, DType, Device, Int, Tensor};
use metrics_core::prelude::*;
use metrics_tests::{devices, golden::Array, is_host, samples::Random};

/// Labels of which neighbours are often equal; a few are 255.
fn map(random: &mut Random, shape: [usize; 3], classes: usize, odd: bool) -> Array {
    let mut last = 0.0;
    random.array(&shape, |r| {
        if r.below(3) == 0 {
            last = r.below(classes) as f64;
        }
        if odd && r.below(30) == 0 { 255.0 } else { last }
    })
}

fn maps(seed: u64, shape: [usize; 3], classes: usize) -> [Array; 2] {
    let mut random = Random(seed);
    let pred = map(&mut random, shape, classes, false);
    [pred, map(&mut random, shape, classes, true)]
}

/// One-hot masks `[N, C, H, W]` of labels; where a label is no class, the number `missing` in all of them.
fn one_hot(labels: &Array, classes: usize, missing: f64) -> Array {
    let [n, height, width] = labels.shape[..] else {
        panic!("labels are [N, H, W]");
    };
    let mut data = Vec::new();
    for sample in labels.data.chunks(height * width) {
        for class in 0..classes {
            let element = |label: &f64| match *label {
                label if label >= classes as f64 => missing,
                label => f64::from(label == class as f64),
            };
            data.extend(sample.iter().map(element));
        }
    }
    let shape = vec![n, classes, height, width];
    Array { shape, data }
}

/// All metrics of a batch.
fn values(batch: &Masks, classes: usize) -> String {
    let skip = OneSided::Skip;
    let mut metrics = MetricCollection::new()
        .with(DiceScore::new(classes).ignore_index(255))
        .with(
            DiceScore::new(classes)
                .average(Average::Weighted)
                .ignore_index(255),
        )
        .with(GeneralizedDiceScore::new(classes).ignore_index(255))
        .with(MeanIoU::new(classes).ignore_index(255))
        .with(MeanIoU::new(classes).ignore_index(255).global().per_class())
        .with(MeanIoU::new(classes).ignore_index(255).samplewise())
        .with(BoundaryIoU::new(classes).ignore_index(255))
        .with(
            HausdorffDistance::new(classes)
                .ignore_index(255)
                .one_sided(skip),
        )
        .with(
            AverageSurfaceDistance::new(classes)
                .ignore_index(255)
                .one_sided(skip),
        )
        .with(NormalizedSurfaceDice::new(classes).ignore_index(255));
    metrics.update(batch).unwrap();
    // How much was left out is counted in pixels, or in elements of one-hot masks.
    let entries = metrics.compute().unwrap().entries.into_iter();
    let values: Vec<_> = entries.map(|entry| (entry.name, entry.value)).collect();
    format!("{values:?}")
}

#[test]
fn labels_scores_and_one_hot_masks_of_the_same_maps_have_the_same_values() {
    for (name, device) in devices() {
        for (seed, classes, shape) in [(1, 3, [3, 7, 10]), (2, 20, [2, 9, 5]), (3, 5, [1, 40, 70])]
        {
            let [pred, target] = maps(seed, shape, classes);
            let labels = Mask::labels(pred.ints::<3>(&device));
            let hot = one_hot(&pred, classes, 0.0);
            let scores = Mask::scores(hot.floats::<4>(&device) * 3.0 - 1.0).unwrap();
            let hot = hot.ints::<4>(&device);
            let truth = Mask::labels(target.ints::<3>(&device));
            let hot_truth = one_hot(&target, classes, 255.0).ints::<4>(&device);
            let right = values(&Masks::new(labels.clone(), truth.clone()).unwrap(), classes);
            let bools = Mask::booleans(hot.clone().equal_elem(1)).unwrap();
            let others = [
                (scores.clone(), truth.clone()),
                (Mask::one_hot(hot).unwrap(), truth),
                (labels, Mask::one_hot(hot_truth.clone()).unwrap()),
                (scores, Mask::one_hot(hot_truth.clone()).unwrap()),
                (bools, Mask::one_hot(hot_truth).unwrap()),
            ];
            for (place, (pred, target)) in others.into_iter().enumerate() {
                let own = values(&Masks::new(pred, target).unwrap(), classes);
                assert_eq!(own, right, "{name}, {classes} classes, form {place}");
            }
        }
    }
}

#[test]
fn values_do_not_depend_on_the_cut_into_batches() {
    for (name, device) in devices() {
        let [pred, target] = maps(5, [6, 9, 13], 4);
        let (pred, target) = (pred.ints::<3>(&device), target.ints::<3>(&device));
        let metric = || GeneralizedDiceScore::new(4).ignore_index(255);
        let surface = || NormalizedSurfaceDice::new(4).ignore_index(255);
        let batch = |from: usize, len: usize| {
            let part = |map: &Tensor<3, Int>| map.clone().narrow(0, from, len);
            Masks::from_labels(part(&pred), part(&target)).unwrap()
        };
        let whole = [
            metric().evaluate(&batch(0, 6)).unwrap().scalar().unwrap(),
            surface().evaluate(&batch(0, 6)).unwrap().scalar().unwrap(),
        ];
        for cut in 1..6 {
            let (mut overlap, mut distance) = (metric().state(), surface().state());
            for (from, len) in [(cut, 6 - cut), (0, cut)] {
                overlap.update(&batch(from, len)).unwrap();
                distance.update(&batch(from, len)).unwrap();
            }
            let both = [&mut overlap.compute(), &mut distance.compute()];
            for (own, whole) in both.into_iter().zip(whole) {
                let own = own.as_ref().unwrap().scalar().unwrap();
                assert!(
                    (own - whole).abs() < 1e-12,
                    "{name}, {cut}: {own} for {whole}"
                );
            }
        }
    }
}

fn two_rectangles(shape: [usize; 2], device: &Device) -> Masks {
    let [height, width] = shape;
    let rectangle = |rows: std::ops::Range<usize>, columns: std::ops::Range<usize>| {
        let map = Tensor::<3, Int>::zeros([1, height, width], (device, DType::I32));
        map.slice_fill([0..1, rows, columns], 1)
    };
    let pred = rectangle(2..6, 3..8);
    let target = rectangle(4..9, 5..10);
    Masks::from_labels(pred, target).unwrap()
}

/// TorchMetrics is wrong for the first shape, and fails for the second.
#[test]
fn images_need_not_be_square() {
    for (name, device) in devices() {
        for shape in [[10, 30], [30, 10], [12, 12]] {
            let batch = two_rectangles(shape, &device);
            let value = HausdorffDistance::new(2).evaluate(&batch).unwrap();
            let right = 13f64.sqrt();
            let own = value.scalar().unwrap();
            assert!((own - right).abs() < 1e-12, "{name}, {shape:?}: {own}");
        }
    }
}

#[test]
fn empty_masks_have_no_silent_distance() {
    for (name, device) in devices() {
        let nothing = Tensor::<3, Int>::zeros([2, 4, 5], (&device, DType::I32));
        let something = nothing.clone().slice_fill([0..1, 1..3, 1..2], 1);
        let metric = HausdorffDistance::new(2);
        let both = Masks::from_labels(nothing.clone(), nothing.clone()).unwrap();
        let one = Masks::from_labels(nothing.clone(), something.clone()).unwrap();
        let two = Masks::from_labels(something.clone(), something).unwrap();
        let error = metric.evaluate(&both).unwrap_err().to_string();
        assert!(error.contains("no sample has a class"), "{name}: {error}");
        let error = metric.evaluate(&one).unwrap_err().to_string();
        assert!(error.contains("in 1 pairs"), "{name}: {error}");
        assert!(error.contains("OneSided::Skip"), "{name}: {error}");
        // In the second sample neither side has the class.
        assert_eq!(metric.evaluate(&two).unwrap().scalar(), Some(0.0), "{name}");
        let far = metric.clone().one_sided(OneSided::Distance(f64::INFINITY));
        let value = far.evaluate(&one).unwrap();
        assert_eq!(value.scalar(), Some(f64::INFINITY), "{name}");
        let dice = NormalizedSurfaceDice::new(2);
        assert_eq!(dice.evaluate(&one).unwrap().scalar(), Some(0.0), "{name}");
        assert!(dice.evaluate(&both).is_err(), "{name}");
    }
}

#[test]
fn a_class_without_a_target_weighs_as_the_rarest_of_its_sample() {
    for (name, device) in devices() {
        let ints =
            |labels: [[[i32; 4]; 1]; 2]| Tensor::<3, Int>::from_data(labels, (&device, DType::I32));
        // The first sample has no class 2; it is predicted once.
        let pred = ints([[[0, 0, 1, 2]], [[0, 0, 0, 2]]]);
        let target = ints([[[0, 0, 1, 1]], [[0, 0, 1, 2]]]);
        let batch = Masks::from_labels(pred, target).unwrap();
        let value = GeneralizedDiceScore::new(3).evaluate(&batch).unwrap();
        let first = 2.0 * (2.0 / 4.0 + 1.0 / 4.0) / (4.0 / 4.0 + 3.0 / 4.0 + 1.0 / 4.0);
        let second = 2.0 * (2.0 / 4.0 + 1.0) / (5.0 / 4.0 + 1.0 + 2.0);
        let own = value.scalar().unwrap();
        assert!(
            (own - (first + second) / 2.0).abs() < 1e-12,
            "{name}: {own}"
        );
    }
}

#[test]
fn what_does_not_fit_is_named() {
    for (_, device) in devices() {
        let ints = |shape: [usize; 3]| Tensor::<3, Int>::zeros(shape, (&device, DType::I32));
        let scores = |shape: [usize; 4]| Tensor::<4>::zeros(shape, &device);
        let error = Masks::from_labels(ints([2, 3, 4]), ints([2, 4, 3])).unwrap_err();
        assert!(error.to_string().contains("[2, 3, 4]"), "{error}");
        let error = Masks::from_scores(scores([2, 5, 3, 4]), ints([2, 3, 3])).unwrap_err();
        assert!(error.to_string().contains("[N, C, ..]"), "{error}");
        let error = Mask::scores(scores([2, 1, 3, 4])).unwrap_err();
        assert!(error.to_string().contains("threshold"), "{error}");
        let line = Tensor::<1, Bool>::empty([3], &device);
        assert!(Mask::booleans(line).is_err());
        let batch = Masks::from_scores(scores([2, 5, 3, 4]), ints([2, 3, 4])).unwrap();
        let error = MeanIoU::new(4).evaluate(&batch).unwrap_err();
        assert!(
            matches!(
                error,
                MetricError::WidthMismatch {
                    expected: 4,
                    found: 5,
                    ..
                }
            ),
            "{error}"
        );
        let spaced = HausdorffDistance::new(5).spacing([1.0, 2.0, 3.0]);
        let error = spaced.evaluate(&batch).unwrap_err();
        assert!(
            matches!(
                error,
                MetricError::WidthMismatch {
                    expected: 3,
                    found: 2,
                    ..
                }
            ),
            "{error}"
        );
        let single = Tensor::<1, Int>::zeros([3], (&device, DType::I32));
        let pixels = Masks::from_labels(single.clone(), single).unwrap();
        assert!(HausdorffDistance::new(2).evaluate(&pixels).is_err());
        assert_eq!(
            MeanIoU::new(2).evaluate(&pixels).unwrap().scalar(),
            Some(1.0)
        );
    }
}

/// Samples are added up in host memory; the size of a state does not depend on how many there were.
#[test]
fn the_state_in_host_memory_is_constant() {
    let hosts = devices().into_iter().filter(|(name, _)| is_host(name));
    for (name, device) in hosts {
        let size = |samples: usize| {
            let mut state = MeanIoU::new(3).state();
            for seed in 0..samples as u64 {
                let [pred, target] = maps(seed, [1, 4, 5], 3);
                let target = target.ints::<3>(&device).clamp(0, 2);
                state
                    .update(&Masks::from_labels(pred.ints(&device), target).unwrap())
                    .unwrap();
            }
            serde_json::to_string(state.summary().unwrap())
                .unwrap()
                .len()
        };
        assert!(size(40) < size(4) + 200, "{name}");
    }
}

/// A copy of the mask, one pixel to the right: every metric of distances is known.
#[test]
fn a_shift_is_as_far_as_the_spacing_says() {
    for (name, device) in devices() {
        let map = |from: usize| {
            let empty = Tensor::<4, Int>::zeros([1, 5, 6, 9], (&device, DType::I32));
            empty.slice_fill([0..1, 1..4, 1..5, from..from + 1], 1)
        };
        let batch = Masks::from_labels(map(2), map(5)).unwrap();
        for distance in [
            PixelDistance::Euclidean,
            PixelDistance::Chessboard,
            PixelDistance::Taxicab,
        ] {
            let spacing = [2.0, 3.0, 0.25];
            let largest = HausdorffDistance::new(2)
                .distance(distance)
                .spacing(spacing);
            let average = AverageSurfaceDistance::new(2)
                .distance(distance)
                .spacing(spacing);
            let dice = NormalizedSurfaceDice::new(2)
                .distance(distance)
                .spacing(spacing);
            assert_eq!(
                largest.evaluate(&batch).unwrap().scalar(),
                Some(0.75),
                "{name}"
            );
            assert_eq!(
                average.evaluate(&batch).unwrap().scalar(),
                Some(0.75),
                "{name}"
            );
            let share = |tolerance| {
                dice.clone()
                    .tolerance(tolerance)
                    .evaluate(&batch)
                    .unwrap()
                    .scalar()
            };
            assert_eq!([share(0.7), share(0.75)], [Some(0.0), Some(1.0)], "{name}");
        }
    }
}
