//! The nearest items of a gallery, and metrics of them, beside all items in order.

use burn::tensor::{DType, Device, Int, Tensor};
use metrics_core::{
    prelude::*,
    retrieval::{Similarity, nearest},
};
use metrics_tests::{cpus, devices, samples::Random};

const SIMILARITIES: [Similarity; 3] = [Similarity::Cosine, Similarity::Dot, Similarity::Euclidean];

fn draw(seed: u64, n: usize, width: usize) -> Vec<f32> {
    let mut random = Random(seed);
    let draws = (0..n * width).map(|_| (random.below(4001) as f32 - 2000.0) / 256.0);
    draws.collect()
}

fn tensor(values: &[f32], width: usize, device: &Device) -> Tensor<2> {
    Tensor::<1>::from_floats(values, device).reshape([values.len() / width, width])
}

fn labels(values: &[i32], device: &Device) -> Tensor<1, Int> {
    Tensor::from_ints(values, device)
}

fn similarity(a: &[f32], b: &[f32], kind: Similarity) -> f64 {
    let pairs = || a.iter().zip(b).map(|(a, b)| (f64::from(*a), f64::from(*b)));
    let dot = |pairs: &mut dyn Iterator<Item = (f64, f64)>| pairs.map(|(a, b)| a * b).sum::<f64>();
    let product = dot(&mut pairs());
    let length = |x: &[f32]| x.iter().map(|x| f64::from(*x).powi(2)).sum::<f64>().sqrt();
    match kind {
        Similarity::Cosine => product / (length(a) * length(b)),
        Similarity::Dot => product,
        Similarity::Euclidean => -pairs().map(|(a, b)| (a - b).powi(2)).sum::<f64>().sqrt(),
    }
}

/// All items in the order of falling similarity.
fn order(query: &[f32], items: &[f32], kind: Similarity, without: Option<usize>) -> Vec<usize> {
    let width = query.len();
    let scores: Vec<f64> = (items.chunks_exact(width))
        .map(|item| similarity(query, item, kind))
        .collect();
    let mut all: Vec<usize> = (0..scores.len())
        .filter(|at| Some(*at) != without)
        .collect();
    all.sort_by(|a, b| scores[*b].total_cmp(&scores[*a]));
    all
}

#[test]
fn the_nearest_are_those_of_a_full_sort() {
    for (name, device) in devices() {
        for (n, m, width) in [(5, 9, 3), (70, 4200, 8), (3, 40, 40)] {
            let (x, y) = (draw(1, n, width), draw(2, m, width));
            for kind in SIMILARITIES {
                for gallery in [true, false] {
                    if !gallery && n < 4 {
                        continue;
                    }
                    let items = if gallery { &y } else { &x };
                    let k = 3;
                    let found = nearest(
                        tensor(&x, width, &device),
                        gallery.then(|| tensor(&y, width, &device)),
                        kind,
                        k,
                    )
                    .unwrap();
                    let found: Vec<i64> = found.items().to_data().iter::<i64>().collect();
                    for query in 0..n {
                        let own = &x[query * width..][..width];
                        let all = order(own, items, kind, (!gallery).then_some(query));
                        for (place, item) in found[query * k..][..k].iter().enumerate() {
                            let item = *item as usize;
                            let score =
                                |at: usize| similarity(own, &items[at * width..][..width], kind);
                            let (ours, best) = (score(item), score(all[place]));
                            let same = (ours - best).abs() <= 1e-5 * best.abs().max(1.0);
                            assert!(same, "{name} {kind:?} {n} {m} {query}: {ours} for {best}");
                        }
                    }
                }
            }
        }
    }
}

#[test]
fn recall_precision_and_map_at_r_are_those_of_all_items() {
    let (n, m, width, k) = (23, 60, 4, 20);
    let mut random = Random(9);
    let mut own = |n: usize| -> Vec<i32> { (0..n).map(|_| random.below(6) as i32).collect() };
    let (of_queries, of_items) = (own(n), own(m));
    let (x, y) = (draw(3, n, width), draw(4, m, width));
    for (name, device) in devices() {
        let neighbors = nearest(
            tensor(&x, width, &device),
            Some(tensor(&y, width, &device)),
            Similarity::Euclidean,
            k,
        );
        let documents = neighbors
            .unwrap()
            .documents(
                labels(&of_queries, &device),
                Some(labels(&of_items, &device)),
            )
            .unwrap();
        let mut sums = [0.0; 3];
        for query in 0..n {
            let row = &x[query * width..][..width];
            let all = order(row, &y, Similarity::Euclidean, None);
            let hits: Vec<bool> = all
                .iter()
                .map(|item| of_items[*item] == of_queries[query])
                .collect();
            let relevant = hits.iter().filter(|hit| **hit).count();
            assert!(relevant > 0 && relevant <= k);
            let among = |k: usize| hits[..k].iter().filter(|hit| **hit).count() as f64;
            sums[0] += among(5) / relevant as f64;
            sums[1] += among(5) / 5.0;
            let at = (1..=relevant).filter(|rank| hits[rank - 1]);
            sums[2] += at.map(|rank| among(rank) / rank as f64).sum::<f64>() / relevant as f64;
        }
        let value = |metric: Result<Value, MetricError>| metric.unwrap().scalar().unwrap();
        let ours = [
            value(RetrievalRecall::new().top_k(5).evaluate(&documents)),
            value(RetrievalPrecision::new().top_k(5).evaluate(&documents)),
            value(RetrievalMap::new().at_r().evaluate(&documents)),
        ];
        for (ours, sum) in ours.iter().zip(sums) {
            assert!(
                (ours - sum / n as f64).abs() < 1e-9,
                "{name}: {ours} for {}",
                sum / n as f64
            );
        }
    }
}

#[test]
fn equal_items_come_in_their_order_and_nan_is_seen() {
    for (name, device) in cpus() {
        let items = tensor(&[1.0, 0.0, 1.0, 0.0, 1.0, 0.0, 0.0, 1.0], 2, &device);
        let query = tensor(&[1.0, 0.0], 2, &device);
        let found = nearest(query, Some(items), Similarity::Cosine, 3).unwrap();
        let items: Vec<i64> = found.items().to_data().iter::<i64>().collect();
        assert_eq!(items, [0, 1, 2], "{name}");
        let items = tensor(&[1.0, 0.0, f32::NAN, 0.0], 2, &device);
        let query = tensor(&[1.0, 0.0], 2, &device);
        let found = nearest(query, Some(items), Similarity::Dot, 1).unwrap();
        let documents = found
            .documents(labels(&[1], &device), Some(labels(&[1, 1], &device)))
            .unwrap();
        let error = RetrievalRecall::new().evaluate(&documents).unwrap_err();
        assert!(
            matches!(error, MetricError::InvalidData(_)),
            "{name}: {error}"
        );
    }
}

#[test]
fn what_does_not_fit_is_an_error() {
    let device = Device::default();
    let ones = |n: usize, width: usize| Tensor::<2>::ones([n, width], (&device, DType::F32));
    let kind = Similarity::Cosine;
    let failed = |x, y, k| nearest(x, y, kind, k).unwrap_err();
    assert!(matches!(
        failed(ones(2, 3), Some(ones(2, 4)), 1),
        MetricError::ShapeMismatch { .. }
    ));
    assert!(matches!(
        failed(ones(2, 0), None, 1),
        MetricError::ShapeMismatch { .. }
    ));
    assert!(matches!(
        failed(ones(2, 3), None, 0),
        MetricError::InvalidOption(_)
    ));
    assert!(matches!(
        failed(ones(1, 3), None, 2),
        MetricError::TooFew { .. }
    ));
    let found = nearest(ones(2, 3), Some(ones(4, 3)), kind, usize::MAX).unwrap();
    assert_eq!(found.scores().dims(), [2, 4]);
    let three = labels(&[1, 2, 3], &device);
    let error = found.documents(three, None).unwrap_err();
    assert!(
        matches!(error, MetricError::ShapeMismatch { .. }),
        "{error}"
    );
    let scores = Tensor::<2>::ones([2, 3], (&device, DType::F32));
    let documents = Documents::by_query(scores.clone(), scores).unwrap();
    let error = documents.with_relevant(labels(&[1], &device)).unwrap_err();
    assert!(
        matches!(error, MetricError::ShapeMismatch { .. }),
        "{error}"
    );
}
