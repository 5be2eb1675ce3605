//! What the benches share: devices and random batches.

#![deny(missing_docs)]

pub mod workloads;

use burn::tensor::{Device, Distribution, Int, Tensor};

/// Every compiled backend with a device.
pub fn devices() -> Vec<(&'static str, Device)> {
    vec![
        #[cfg(feature = "flex")]
        ("flex", Device::flex()),
        #[cfg(feature = "ndarray")]
        #[allow(deprecated)]
        ("ndarray", Device::ndarray()),
        #[cfg(feature = "wgpu")]
        (
            "wgpu",
            Device::wgpu(burn::tensor::DeviceKind::DefaultDevice),
        ),
        #[cfg(feature = "cuda")]
        ("cuda", Device::cuda(0)),
    ]
}

/// Batches of random logits `[rows, classes]` and targets, on the device and finished.
pub fn logits(
    batches: usize,
    rows: usize,
    classes: usize,
    device: &Device,
) -> Vec<(Tensor<2>, Tensor<1, Int>)> {
    let batches: Vec<_> = (0..batches)
        .map(|_| {
            let scores = Tensor::random([rows, classes], Distribution::Normal(0.0, 1.0), device);
            let target =
                Tensor::<1>::random([rows], Distribution::Uniform(0.0, classes as f64), device);
            (scores, target.int().clamp(0, classes as i64 - 1))
        })
        .collect();
    device.sync().expect("the device works");
    batches
}
