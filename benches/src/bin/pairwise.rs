//! Distances between rows beside the product of matrices of the same size, on the default device; the nearest items of a gallery; the
//! association of the columns of a table. Prints the best of several runs.

use burn::tensor::{DType, Device, Distribution, Int, Tensor};
use metrics_core::{
    nominal::cramers_v_matrix,
    pairwise,
    retrieval::{Similarity, nearest},
};
use std::time::Instant;

/// The least seconds of `runs` runs.
fn best(name: &str, runs: usize, run: impl Fn()) {
    let times = (0..runs).map(|_| {
        let start = Instant::now();
        run();
        start.elapsed().as_secs_f64()
    });
    println!("{name}: {:.4} s", times.fold(f64::INFINITY, f64::min));
}

/// Waits for a tensor and reads one number of it.
fn wait<const D: usize>(tensor: Tensor<D>) {
    let first = tensor.flatten::<1>(0, D - 1).narrow(0, 0, 1);
    assert!(first.to_data().iter::<f32>().all(|number| !number.is_nan()));
}

fn main() {
    let device = Device::default();
    let normal = |n: usize, width: usize| {
        let rows = Tensor::<2>::random([n, width], Distribution::Normal(0.0, 1.0), &device);
        rows.cast(burn::tensor::FloatDType::F32)
    };
    let x = normal(3000, 128);
    best("manhattan 3,000 x 3,000 x 128", 5, || {
        wait(
            pairwise::manhattan(x.clone(), Some(x.clone()))
                .matrix()
                .unwrap(),
        );
    });
    let (x, y) = (normal(10_000, 128), normal(10_000, 128));
    best("matmul 10,000 x 10,000 x 128", 3, || {
        wait(x.clone().matmul(y.clone().transpose()));
    });
    best("euclidean 10,000 x 10,000 x 128, mean", 3, || {
        wait(
            pairwise::euclidean(x.clone(), Some(y.clone()))
                .mean()
                .unwrap(),
        );
    });
    best("manhattan 10,000 x 10,000 x 128, mean", 3, || {
        wait(
            pairwise::manhattan(x.clone(), Some(y.clone()))
                .mean()
                .unwrap(),
        );
    });
    best("euclidean 10,000 x 10,000 x 128, matrix", 2, || {
        wait(
            pairwise::euclidean(x.clone(), Some(y.clone()))
                .matrix()
                .unwrap(),
        );
    });
    best("nearest 10 of 10,000 to 10,000 x 128", 2, || {
        let found = nearest(x.clone(), Some(y.clone()), Similarity::Cosine, 10).unwrap();
        wait(found.scores().clone());
    });
    let table = Tensor::<2>::random([1_000_000, 50], Distribution::Uniform(0.0, 10.0), &device);
    let table: Tensor<2, Int> = table.int().cast(burn::tensor::IntDType::I32);
    assert!(matches!(table.dtype(), DType::I32));
    best("cramers_v_matrix 1,000,000 x 50, 10 categories", 2, || {
        assert_eq!(cramers_v_matrix(table.clone(), true).unwrap().rows, 50);
    });
}
