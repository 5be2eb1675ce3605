//! What the tests share: devices, golden files, comparison of values, a list of all metrics, and a
//! training.

pub mod compare;
pub mod golden;
pub mod metrics;
pub mod read;
pub mod samples;
pub mod training;

use burn::tensor::Device;
use std::path::{Path, PathBuf};

/// A backend's name, and how to get its device.
type Backend = (&'static str, fn() -> Device);

/// Every backend that was compiled in; a device is made only to be tested.
const COMPILED: &[Backend] = &[
    #[cfg(feature = "flex")]
    ("flex", || Device::flex()),
    #[cfg(feature = "ndarray")]
    ("ndarray", ndarray),
    #[cfg(feature = "vulkan")]
    ("vulkan", || {
        Device::vulkan(burn::tensor::DeviceKind::DefaultDevice)
    }),
    #[cfg(all(feature = "wgpu", not(feature = "vulkan")))]
    ("wgpu", || {
        Device::wgpu(burn::tensor::DeviceKind::DefaultDevice)
    }),
    #[cfg(feature = "cuda")]
    ("cuda", || Device::cuda(0usize)),
];

/// The devices under test by name: those that `METRICS_DEVICES` names, in its order, or else all
/// that were compiled in.
///
/// # Panics
/// If `METRICS_DEVICES` names one that was not compiled in.
pub fn devices() -> Vec<(&'static str, Device)> {
    let names: Vec<&str> = COMPILED.iter().map(|(name, _)| *name).collect();
    let variable = std::env::var("METRICS_DEVICES").ok();
    let chosen = chosen(variable.as_deref(), &names).unwrap_or_else(|error| panic!("{error}"));
    let device = |at: usize| (COMPILED[at].0, COMPILED[at].1());
    chosen.into_iter().map(device).collect()
}

/// The places in `compiled` of a list of names, or of all without a list.
///
/// # Errors
/// If a name is not there, with those that are.
pub fn chosen(list: Option<&str>, compiled: &[&str]) -> Result<Vec<usize>, String> {
    let Some(list) = list else {
        return Ok((0..compiled.len()).collect());
    };
    let place = |name: &str| {
        let found = compiled.iter().position(|compiled| *compiled == name);
        found.ok_or_else(|| {
            let compiled = compiled.join(", ");
            format!("METRICS_DEVICES={list}: `{name}` is not compiled in, only {compiled}")
        })
    };
    list.split(',').map(|name| place(name.trim())).collect()
}

/// The first device under test that computes in host memory, for a test that is about the host.
/// Where there is none it prints that the test is skipped.
pub fn cpu() -> Option<(&'static str, Device)> {
    cpus().into_iter().next()
}

/// As [`cpu`], all of them.
pub fn cpus() -> Vec<(&'static str, Device)> {
    let mut devices = devices();
    devices.retain(|(name, _)| is_host(name));
    if devices.is_empty() {
        let thread = std::thread::current();
        let test = thread.name().unwrap_or("a test");
        println!("{test} is skipped: it needs flex or ndarray, and neither is under test");
    }
    devices
}

/// A device in host memory to compare with, under test or not. What another device computes agrees
/// with it within an error, not bit for bit.
///
/// # Panics
/// If no such backend was compiled in.
pub fn reference() -> Device {
    let host = COMPILED.iter().find(|(name, _)| is_host(name));
    let (_, device) = host.expect("flex or ndarray is compiled in, to compare with");
    device()
}

/// Whether a device of [`devices`] computes in host memory, where many small batches are cheap.
pub fn is_host(name: &str) -> bool {
    matches!(name, "flex" | "ndarray")
}

/// The folder of this package: where it was compiled or, for an executable that was copied to
/// another machine, `tests` below the current folder.
pub fn folder() -> PathBuf {
    let compiled = Path::new(env!("CARGO_MANIFEST_DIR"));
    if compiled.exists() {
        compiled.into()
    } else {
        "tests".into()
    }
}

#[cfg(feature = "ndarray")]
#[allow(deprecated)] // Supported for as long as Burn has it.
fn ndarray() -> Device {
    Device::ndarray()
}
