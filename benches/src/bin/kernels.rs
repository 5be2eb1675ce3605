//! Every operation beside its default body on one device, in turns.

use burn::tensor::{Device, Distribution, Int, Tensor};
use clap::Parser;
use metrics_core::{
    REJECTED_SLOTS, Reason, ScoreKind,
    ops::{self, ConfusionOptions, LabelCountsOptions, PAIR_MOMENTS, ValueOptions, default},
};
use std::{process::ExitCode, time::Instant};

/// Times operations against the tensor operations they replace.
#[derive(Parser)]
struct Args {
    /// Where to compute: flex, ndarray, wgpu or cuda.
    #[arg(long, default_value = "flex")]
    backend: String,
    /// Rounds; the fastest of each side is printed.
    #[arg(long, default_value_t = 5)]
    rounds: usize,
}

type Run = Box<dyn Fn()>;

fn main() -> ExitCode {
    let args = Args::parse();
    let device = match example_backend::device(&args.backend) {
        Ok(device) => device,
        Err(message) => {
            eprintln!("{message}");
            return ExitCode::from(2);
        }
    };
    println!("| operation | default body | ours | ratio |\n| --- | --- | --- | --- |");
    for (name, ours, theirs) in pairs(&device) {
        let time = |run: &Run| {
            let start = Instant::now();
            run();
            device.sync().expect("the device works");
            start.elapsed().as_secs_f64() * 1e3
        };
        // Once to compile.
        time(&ours);
        time(&theirs);
        let (mut fast, mut slow) = (f64::INFINITY, f64::INFINITY);
        for _ in 0..args.rounds {
            fast = fast.min(time(&ours));
            slow = slow.min(time(&theirs));
        }
        println!(
            "| {name} | {slow:.2} ms | {fast:.2} ms | {:.1} |",
            slow / fast
        );
    }
    ExitCode::SUCCESS
}

fn pairs(device: &Device) -> Vec<(String, Run, Run)> {
    let mut pairs: Vec<(String, Run, Run)> = Vec::new();
    let uniform =
        |shape: [usize; 2]| Tensor::<2>::random(shape, Distribution::Uniform(0.0, 1.0), device);
    let labels = |n: usize, labels: usize| {
        let labels = labels as f64 - 1e-3;
        Tensor::<1>::random([n], Distribution::Uniform(0.0, labels), device).int()
    };
    let counts = |n: usize| Tensor::<1, Int>::zeros([n + REJECTED_SLOTS], device);
    let sums = |n: usize| Tensor::<1>::zeros([2 * n], device);
    macro_rules! pair {
        ($name:expr, $function:ident($($argument:expr),*)) => {
            pairs.push((
                $name,
                {
                    let arguments = ($($argument.clone(),)*);
                    Box::new(move || call!(ops::$function, arguments, $($argument),*))
                },
                {
                    let arguments = ($($argument.clone(),)*);
                    Box::new(move || call!(default::$function, arguments, $($argument),*))
                },
            ));
        };
    }
    macro_rules! call {
        ($function:path, $arguments:ident, $a:expr) => {{
            let (a,) = $arguments.clone();
            drop($function(a));
        }};
        ($function:path, $arguments:ident, $a:expr, $b:expr) => {{
            let (a, b) = $arguments.clone();
            drop($function(a, b));
        }};
        ($function:path, $arguments:ident, $a:expr, $b:expr, $c:expr) => {{
            let (a, b, c) = $arguments.clone();
            drop($function(a, b, c));
        }};
        ($function:path, $arguments:ident, $a:expr, $b:expr, $c:expr, $d:expr) => {{
            let (a, b, c, d) = $arguments.clone();
            drop($function(a, b, c, d));
        }};
        ($function:path, $arguments:ident, $a:expr, $b:expr, $c:expr, $d:expr, $e:expr) => {{
            let (a, b, c, d, e) = $arguments.clone();
            drop($function(a, b, c, d, e));
        }};
        ($function:path, $arguments:ident, $a:expr, $b:expr, $c:expr, $d:expr, $e:expr, $f:expr) => {{
            let (a, b, c, d, e, f) = $arguments.clone();
            drop($function(a, b, c, d, e, f));
        }};
    }
    for (n, classes) in [(512, 10), (256, 1000), (1 << 18, 21)] {
        let shape = format!("[{n}, {classes}]");
        let (scores, target) = (uniform([n, classes]), labels(n, classes));
        let options = ConfusionOptions {
            classes,
            top_k: 1,
            ignore_index: None,
        };
        pair!(format!("row_ranks {shape}"), row_ranks(scores, target));
        pair!(format!("row_scan {shape}"), row_scan(scores, target));
        let (ranks, scan) = ops::row_scan(scores.clone(), target.clone());
        let state = counts(classes * classes);
        pair!(
            format!("confusion {shape}"),
            confusion(state, ranks, target, options)
        );
        let state = counts(3 * classes);
        pair!(
            format!("class_margins {shape}"),
            class_margins(state, ranks, target, options)
        );
        let pred = labels(n, classes);
        let state = counts(classes * classes);
        pair!(
            format!("label_confusion {shape}"),
            label_confusion(state, pred, target, options)
        );
        let (state, loss) = (counts(1), sums(1));
        pair!(
            format!("log_likelihood {shape}"),
            log_likelihood(state, loss, ranks, scan, target, None)
        );
        let (kind, outside) = (ScoreKind::Auto, ops::outside_unit(scores.clone()));
        pair!(
            format!("softmax_probabilities {shape}"),
            softmax_probabilities(scores, outside, kind)
        );
        pair!(
            format!("top_confidence {shape}"),
            top_confidence(ranks, scan, target, outside, kind, None)
        );
        let (hits, confidence) =
            ops::top_confidence(ranks, scan, target.clone(), outside, kind, None);
        let (state, total) = (counts(32), sums(16));
        pair!(
            format!("bin_confidence {shape}"),
            bin_confidence(state, total, confidence, hits, 15)
        );
        pair!(
            format!("class_codes {shape}"),
            class_codes(scores, target, None)
        );
    }
    for (n, columns) in [(512, 1), (512, 20), (1 << 20, 1)] {
        let shape = format!("[{n}, {columns}]");
        let scores = uniform([n, columns]);
        let target = labels(n * columns, 2).reshape([n, columns]);
        pair!(
            format!("decision_codes {shape}"),
            decision_codes(scores, target, None)
        );
        let options = LabelCountsOptions {
            threshold: 0.5,
            ignore_index: None,
        };
        let outside = ops::outside_unit(scores.clone());
        let state = counts(4 * columns);
        pair!(
            format!("label_counts {shape}"),
            label_counts(state, scores, target, options)
        );
        pair!(
            format!("sigmoid_probabilities {shape}"),
            sigmoid_probabilities(scores, outside, ScoreKind::Auto)
        );
        let state = counts(2 * columns * 201);
        let thresholds: &'static [f32] = (0..200)
            .map(|i| i as f32 / 199.0)
            .collect::<Vec<_>>()
            .leak();
        let codes = ops::decision_codes(scores.clone(), target.clone(), None);
        pair!(
            format!("threshold_counts {shape}"),
            threshold_counts(state, scores, codes, thresholds)
        );
        let (state, moments) = (counts(1), sums(PAIR_MOMENTS * columns));
        let (pred, pivot) = (
            uniform([n, columns]),
            Tensor::<1>::full([columns], 0.5, device),
        );
        pair!(
            format!("pair_moments {shape}"),
            pair_moments(state, moments, pred, scores, pivot)
        );
        pair!(format!("sum_compensated {shape}"), sum_compensated(scores));
        let values = scores.clone().reshape([n * columns]);
        let options = ValueOptions {
            weighted: true,
            impute: None,
            reason: Reason::Nan,
        };
        let (state, totals) = (counts(2), sums(3));
        pair!(
            format!("value_totals {shape}"),
            value_totals(state, totals, values, values, options)
        );
        let places = target.reshape([n * columns]);
        pair!(format!("sort_pairs {shape}"), sort_pairs(values, places));
    }
    pairs
}
