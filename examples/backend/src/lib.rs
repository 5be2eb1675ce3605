//! Picks a device by the name of its backend, for the examples.

#![deny(missing_docs)]

use burn::tensor::{Device, Tensor};
use std::panic::{catch_unwind, set_hook, take_hook};

/// The names [`device`] knows.
pub const BACKENDS: [&str; 5] = ["flex", "ndarray", "wgpu", "vulkan", "cuda"];

/// The device of a backend, once it has proved that it computes.
///
/// # Errors
/// One line that says what is missing: the name is unknown, the backend is not compiled in, or it
/// has no device.
pub fn device(backend: &str) -> Result<Device, String> {
    let open: fn() -> Device = match backend {
        #[cfg(feature = "flex")]
        "flex" => Device::flex,
        #[cfg(feature = "ndarray")]
        #[allow(deprecated)]
        "ndarray" => Device::ndarray,
        #[cfg(feature = "wgpu")]
        "wgpu" => || Device::wgpu(burn::tensor::DeviceKind::DefaultDevice),
        #[cfg(feature = "vulkan")]
        "vulkan" => || Device::vulkan(burn::tensor::DeviceKind::DefaultDevice),
        #[cfg(feature = "cuda")]
        "cuda" => || Device::cuda(0),
        known if BACKENDS.contains(&known) => {
            return Err(format!(
                "backend `{known}` is not compiled in; build with `--features {known}`"
            ));
        }
        unknown => {
            return Err(format!(
                "unknown backend `{unknown}`; choose one of {}",
                BACKENDS.join(", ")
            ));
        }
    };
    // A missing driver or adapter is a panic deep inside the runtime.
    let hook = take_hook();
    set_hook(Box::new(|_| ()));
    let probe = catch_unwind(|| {
        let device = open();
        let works = Tensor::<1>::from_floats([1.0, 2.0], &device)
            .sum()
            .try_into_data()
            .is_ok();
        works.then_some(device)
    });
    set_hook(hook);
    probe.ok().flatten().ok_or_else(|| {
        let needs = match backend {
            "wgpu" | "vulkan" => {
                "a GPU driver (on Linux: Vulkan; Debian's mesa-vulkan-drivers has one in software)"
            }
            "cuda" => "an NVIDIA GPU, its driver and the CUDA toolkit",
            _ => "nothing, so please report this",
        };
        format!("backend `{backend}` has no working device; it needs {needs}")
    })
}
