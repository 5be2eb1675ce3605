//! Tests that need a process of their own: they listen to `log`, or measure the memory of the process.

use std::{
    env::{current_exe, var},
    process::Command,
};

/// Tells the process that it runs one test.
const ALONE: &str = "METRICS_TEST_ALONE";

/// A command that runs one test of this executable. `module` is the test's `module_path!()`.
pub fn command(module: &str, test: &str) -> Command {
    let name = name(module, test);
    let mut command = Command::new(current_exe().unwrap());
    command.args(["--exact", &name, "--nocapture"]);
    command
}

/// The name of a test as the executable lists it: its path without the crate.
fn name(module: &str, test: &str) -> String {
    let path = module.split_once("::").map_or("", |(_crate, path)| path);
    format!("{path}::{test}")
}

/// Whether this process runs the test alone. If not, another one runs it, and must pass.
pub fn is_alone(module: &str, test: &str) -> bool {
    let name = name(module, test);
    if var(ALONE).is_ok_and(|alone| alone == name) {
        return true;
    }
    let output = command(module, test).env(ALONE, &name).output().unwrap();
    let said = String::from_utf8_lossy(&output.stdout);
    assert!(
        // A name without a test would pass as well.
        output.status.success() && said.contains("1 passed"),
        "{name} by itself: {}\n{said}\n{}",
        output.status,
        String::from_utf8_lossy(&output.stderr),
    );
    false
}

/// Returns from a test, after another process has run it by itself; goes on in that process.
macro_rules! alone {
    ($test:ident) => {
        if !$crate::process::is_alone(module_path!(), stringify!($test)) {
            return;
        }
    };
}
pub(crate) use alone;
