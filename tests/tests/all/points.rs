//! Clusters of points: what must not change a value, what is shared, and what is refused.

use burn::tensor::{DType, Device, Int, Tensor, TensorData};
use metrics_core::prelude::*;
use metrics_tests::{cpus, devices, samples::Random};

const WIDTH: usize = 3;

/// Points around a centre for each cluster, and their clusters.
fn blobs(seed: u64, n: usize, clusters: usize) -> (Vec<f64>, Vec<i64>) {
    let mut random = Random(seed);
    let mut number = |scale: f64| (random.below(4001) as f64 - 2000.0) / 2000.0 * scale;
    let centres: Vec<f64> = (0..clusters * WIDTH).map(|_| number(8.0)).collect();
    let labels: Vec<i64> = (0..n).map(|i| (i % clusters) as i64).collect();
    let point = |label: &i64| *label as usize * WIDTH..(*label as usize + 1) * WIDTH;
    let points = labels
        .iter()
        .flat_map(|label| centres[point(label)].to_vec());
    let points: Vec<f64> = points.collect();
    (
        points.iter().map(|value| value + number(1.0)).collect(),
        labels,
    )
}

fn batch(points: &[f64], labels: &[i64], device: &Device) -> Clustered {
    let values: Vec<f32> = points.iter().map(|value| *value as f32).collect();
    let points = TensorData::new(values, [labels.len(), WIDTH]);
    let labels: Vec<i32> = labels.iter().map(|label| *label as i32).collect();
    Clustered::new(
        Tensor::from_data(points, (device, DType::F32)),
        Tensor::<1, Int>::from_ints(&labels[..], device),
    )
    .unwrap()
}

fn value(
    metric: &impl Metric<Accumulator: Accumulator<Batch = Clustered>>,
    batch: &Clustered,
) -> f64 {
    metric.evaluate(batch).unwrap().scalar().unwrap()
}

fn values(batch: &Clustered) -> [f64; 5] {
    [
        value(&CalinskiHarabaszScore::new(), batch),
        value(&DaviesBouldinScore::new(), batch),
        value(&DunnIndex::new(), batch),
        value(&DunnIndex::new().form(DunnForm::Points), batch),
        value(&SilhouetteScore::new(), batch),
    ]
}

fn close(a: [f64; 5], b: [f64; 5], limit: f64, what: &str) {
    for (a, b) in a.into_iter().zip(b) {
        assert!((a - b).abs() <= limit * b.abs(), "{what}: {a} for {b}");
    }
}

#[test]
fn names_of_clusters_the_origin_and_the_scale_change_nothing() {
    for (name, device) in devices() {
        let (points, labels) = blobs(1, 60, 4);
        let plain = values(&batch(&points, &labels, &device));
        let renamed: Vec<i64> = labels.iter().map(|label| 1000 - 77 * label).collect();
        close(
            values(&batch(&points, &renamed, &device)),
            plain,
            1e-6,
            name,
        );
        let moved: Vec<f64> = points.iter().map(|value| value + 64.0).collect();
        close(values(&batch(&moved, &labels, &device)), plain, 1e-4, name);
        let scaled: Vec<f64> = points.iter().map(|value| value * 1024.0).collect();
        close(values(&batch(&scaled, &labels, &device)), plain, 1e-6, name);
        // The same points the other way round.
        let backwards: Vec<f64> = points.chunks(WIDTH).rev().flatten().copied().collect();
        let labels: Vec<i64> = labels.iter().rev().copied().collect();
        close(
            values(&batch(&backwards, &labels, &device)),
            plain,
            1e-6,
            name,
        );
    }
}

#[test]
fn clusters_that_are_known_add_up_to_the_same() {
    for (name, device) in devices() {
        let (points, labels) = blobs(2, 5000, 7);
        let whole = value(
            &CalinskiHarabaszScore::new(),
            &batch(&points, &labels, &device),
        );
        let mut state = CalinskiHarabaszScore::with_clusters(7, WIDTH).state();
        // A cluster that the first batch lacks.
        let (first, rest) = (6, 5000 - 6);
        for (from, n) in [
            (0, first),
            (first, rest / 2),
            (first + rest / 2, rest - rest / 2),
        ] {
            let part = &points[from * WIDTH..(from + n) * WIDTH];
            state
                .update(&batch(part, &labels[from..from + n], &device))
                .unwrap();
        }
        let parts = state.compute().unwrap().scalar().unwrap();
        assert!(
            (parts - whole).abs() < 1e-5 * whole,
            "{name}: {parts} for {whole}"
        );
    }
}

#[test]
fn above_25_clusters_the_davies_bouldin_score_is_that_of_its_formula() {
    let (n, k) = (400, 40);
    let (points, labels) = blobs(3, n, k);
    let points: Vec<f64> = points
        .iter()
        .map(|value| f64::from(*value as f32))
        .collect();
    let of = |cluster: usize| points.chunks(WIDTH).skip(cluster).step_by(k);
    let centre = |cluster: usize| -> Vec<f64> {
        let sum = |d: usize| of(cluster).map(|point| point[d]).sum::<f64>() / (n / k) as f64;
        (0..WIDTH).map(sum).collect()
    };
    let apart = |a: &[f64], b: &[f64]| {
        a.iter()
            .zip(b)
            .map(|(a, b)| (a - b).powi(2))
            .sum::<f64>()
            .sqrt()
    };
    let centres: Vec<_> = (0..k).map(centre).collect();
    let spread = |i: usize| of(i).map(|p| apart(p, &centres[i])).sum::<f64>() / (n / k) as f64;
    let worst = |i: usize| {
        let others = (0..k).filter(|j| *j != i);
        let ratio = |j| (spread(i) + spread(j)) / apart(&centres[i], &centres[j]);
        others.map(ratio).fold(0.0, f64::max)
    };
    let expected = (0..k).map(worst).sum::<f64>() / k as f64;
    for (name, device) in devices() {
        let found = value(
            &DaviesBouldinScore::new(),
            &batch(&points, &labels, &device),
        );
        assert!(
            (found - expected).abs() < 1e-9,
            "{name}: {found} for {expected}"
        );
    }
    assert_eq!(DaviesBouldinScore::new().higher_is_better(), Some(false));
}

#[test]
fn metrics_that_keep_points_share_them() {
    let metrics = MetricCollection::new()
        .with(DaviesBouldinScore::new())
        .with(DunnIndex::new())
        .with(DunnIndex::new().form(DunnForm::Points))
        .with(SilhouetteScore::new());
    assert_eq!(metrics.state_count(), 1);
    assert_eq!(metrics.with(CalinskiHarabaszScore::new()).state_count(), 2);
}

#[test]
fn what_does_not_fit_is_an_error() {
    for (name, device) in cpus() {
        let points = |n: usize, width: usize| {
            Clustered::new(
                Tensor::<2>::ones([n, width], (&device, DType::F32)),
                Tensor::<1, Int>::arange(0..n as i64, &device) / 2,
            )
            .unwrap()
        };
        let mut state = SilhouetteScore::new().state();
        state.update(&points(5, 2)).unwrap();
        state.update(&points(6, 3)).unwrap();
        let error = state.compute().unwrap_err();
        assert_eq!(
            error,
            MetricError::MixedDimensions { fewest: 2, most: 3 },
            "{name}"
        );
        let mut state = CalinskiHarabaszScore::with_clusters(3, 2).state();
        let error = state.update(&points(5, 3)).unwrap_err();
        assert!(
            matches!(error.reason(), MetricError::WidthMismatch { .. }),
            "{name}: {error}"
        );
        let clusters = Tensor::<1, Int>::zeros([4], &device);
        let error = Clustered::new(Tensor::ones([5, 2], &device), clusters).unwrap_err();
        assert!(
            matches!(error, MetricError::ShapeMismatch { .. }),
            "{name}: {error}"
        );
        // As many clusters as points, and all points in one.
        for (labels, clusters) in [([0, 1, 2], "3 clusters"), ([4, 4, 4], "1 clusters")] {
            let labels = Tensor::<1, Int>::from_ints(labels, &device);
            let batch = Clustered::new(Tensor::ones([3, 2], &device), labels).unwrap();
            for error in [
                CalinskiHarabaszScore::new().evaluate(&batch).unwrap_err(),
                DunnIndex::new().evaluate(&batch).unwrap_err(),
            ] {
                assert!(error.to_string().contains(clusters), "{name}: {error}");
            }
        }
        assert!(
            CalinskiHarabaszScore::with_clusters(1, 2)
                .state()
                .update(&points(5, 2))
                .is_err()
        );
    }
}

#[test]
fn squares_beyond_the_range_of_numbers_are_an_error() {
    for (name, device) in cpus() {
        let values = TensorData::new(vec![1e200, -1e200, 3e200, 5e200], [4, 1]);
        let batch = Clustered::new(
            Tensor::from_data(values, (&device, DType::F64)),
            Tensor::<1, Int>::from_ints([0, 0, 1, 1], &device),
        )
        .unwrap();
        let error = CalinskiHarabaszScore::new().evaluate(&batch).unwrap_err();
        assert!(
            matches!(error, MetricError::Overflow { .. }),
            "{name}: {error}"
        );
        // Distances are in range.
        let found = value(&DaviesBouldinScore::new(), &batch);
        assert!((found - 0.5).abs() < 1e-12, "{name}: {found}");
    }
}
