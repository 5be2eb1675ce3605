//! Which devices are tested.

use metrics_tests::chosen;

const COMPILED: [&str; 3] = ["flex", "ndarray", "cuda"];

#[test]
fn all_that_are_compiled_in_unless_some_are_chosen() {
    assert_eq!(chosen(None, &COMPILED), Ok(vec![0, 1, 2]));
    assert_eq!(chosen(Some("cuda, flex"), &COMPILED), Ok(vec![2, 0]));
}

#[test]
fn a_device_that_is_not_compiled_in_is_refused() {
    for names in ["vulkan", "cuda,vulkan", "", "cuda,"] {
        let error = chosen(Some(names), &COMPILED).unwrap_err();
        assert!(error.contains("METRICS_DEVICES"), "{error}");
        assert!(error.contains("flex, ndarray, cuda"), "{error}");
    }
}

/// Fails by itself where `METRICS_DEVICES` is wrong, if all other tests are left out.
#[test]
fn a_device_is_tested() {
    assert!(!metrics_tests::devices().is_empty());
}
