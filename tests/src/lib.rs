//! What the tests share: devices, golden files, comparison of values, a list of all metrics, and a
//! training.

pub mod compare;
pub mod golden;
pub mod metrics;
pub mod read;
pub mod samples;
pub mod training;

use burn::tensor::Device;

/// Every backend that was compiled in, by name.
#[allow(clippy::vec_init_then_push)] // Features decide what is pushed.
pub fn devices() -> Vec<(&'static str, Device)> {
    #[allow(unused_mut)] // Without any backend nothing is pushed.
    let mut devices: Vec<(&'static str, Device)> = Vec::new();
    #[cfg(feature = "flex")]
    devices.push(("flex", Device::flex()));
    #[cfg(feature = "ndarray")]
    devices.push(("ndarray", ndarray()));
    #[cfg(feature = "vulkan")]
    devices.push((
        "vulkan",
        Device::vulkan(burn::tensor::DeviceKind::DefaultDevice),
    ));
    #[cfg(all(feature = "wgpu", not(feature = "vulkan")))]
    devices.push((
        "wgpu",
        Device::wgpu(burn::tensor::DeviceKind::DefaultDevice),
    ));
    #[cfg(feature = "cuda")]
    devices.push(("cuda", Device::cuda(0usize)));
    devices
}

/// Whether a device of [`devices`] computes in host memory, where many small batches are cheap.
pub fn is_host(name: &str) -> bool {
    matches!(name, "flex" | "ndarray")
}

#[cfg(feature = "ndarray")]
#[allow(deprecated)] // Supported for as long as Burn has it.
fn ndarray() -> Device {
    Device::ndarray()
}
