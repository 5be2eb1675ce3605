//! Compiles and runs the Rust of the book and of the README as doc tests:
//! `cargo test --doc -p book`.

macro_rules! chapters {
    ($($name:ident: $path:literal,)*) => {
        $(
            #[cfg(doctest)]
            #[doc = include_str!($path)]
            mod $name {}
        )*
    };
}

chapters! {
    readme: "../README.md",
    introduction: "src/introduction.md",
    getting_started: "src/getting-started.md",
    concepts: "src/concepts.md",
    metrics: "src/metrics.md",
    wrappers: "src/wrappers.md",
    intervals: "src/intervals.md",
    custom_metrics: "src/custom-metrics.md",
    plugin: "src/plugin.md",
    step_and_epoch: "src/step-and-epoch.md",
    multi_device: "src/multi-device.md",
    loggers: "src/loggers.md",
    reports: "src/reports.md",
    from_torchmetrics: "src/from-torchmetrics.md",
    from_burn_train: "src/from-burn-train.md",
    backends: "src/backends.md",
    contributing: "src/contributing.md",
}
