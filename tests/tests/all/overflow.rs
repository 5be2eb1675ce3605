//! A count past what a device counter can hold is exact.

use burn::tensor::{DType, Int, Tensor};
use metrics_core::{Metric, batch::Multiclass, classification::ConfusionMatrix};
use metrics_tests::devices;

#[test]
fn counts_past_two_to_the_31_are_exact() {
    const ROWS: usize = 1 << 24;
    const UPDATES: usize = 140;
    const { assert!(ROWS * UPDATES > 1 << 31) };
    // The first device only: it is the host that keeps counters from overflowing.
    let (_, device) = devices().remove(0);
    let target = Tensor::<1, Int>::ones([ROWS], (&device, DType::I32));
    let batch = Multiclass::from_labels(target.clone(), target).unwrap();
    let mut state = ConfusionMatrix::multiclass(2).state();
    for _ in 0..UPDATES {
        state.update(&batch).unwrap();
    }
    let value = state.compute().unwrap();
    let all = (ROWS * UPDATES) as f64;
    assert_eq!(value.matrix().unwrap().data, [0.0, 0.0, 0.0, all]);
}
