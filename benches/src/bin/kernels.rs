//! Every operation beside its default body on one device, in turns.

use burn::tensor::{Device, Distribution, Int, Tensor};
use clap::Parser;
use metrics_core::{
    REJECTED_SLOTS, ScoreKind,
    ops::{self, ConfusionOptions, LabelCountsOptions},
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
    macro_rules! pair {
        ($name:expr, $family:ident::$function:ident($($argument:expr),*)) => {
            pairs.push((
                $name,
                {
                    let arguments = ($($argument.clone(),)*);
                    Box::new(move || call!(ops::$family::$function, arguments, $($argument),*))
                },
                {
                    let arguments = ($($argument.clone(),)*);
                    Box::new(move || {
                        call!(ops::$family::default::$function, arguments, $($argument),*)
                    })
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
    }
    for (n, classes) in [(512, 10), (256, 1000), (1 << 18, 21)] {
        let shape = format!("[{n}, {classes}]");
        let (scores, target) = (uniform([n, classes]), labels(n, classes));
        let options = ConfusionOptions {
            classes,
            top_k: 1,
            ignore_index: None,
        };
        pair!(
            format!("row_ranks {shape}"),
            ranks::row_ranks(scores, target)
        );
        let ranks = ops::row_ranks(scores.clone(), target.clone());
        let state = counts(3 * classes);
        pair!(
            format!("class_margins {shape}"),
            ranks::class_margins(state, ranks, target, options)
        );
        let (kind, outside) = (ScoreKind::Auto, ops::outside_unit(scores.clone(), 0.0));
        pair!(
            format!("softmax_probabilities {shape}"),
            probabilities::softmax_probabilities(scores, outside, kind)
        );
        pair!(
            format!("class_codes {shape}"),
            codes::class_codes(scores, target, None)
        );
    }
    for (n, columns) in [(512, 1), (512, 20), (1 << 20, 1)] {
        let shape = format!("[{n}, {columns}]");
        let scores = uniform([n, columns]);
        let target = labels(n * columns, 2).reshape([n, columns]);
        pair!(
            format!("decision_codes {shape}"),
            codes::decision_codes(scores, target, None)
        );
        let options = LabelCountsOptions {
            threshold: 0.5,
            ignore_index: None,
        };
        let outside = ops::outside_unit(scores.clone(), 0.0);
        let state = counts(4 * columns);
        pair!(
            format!("label_counts {shape}"),
            codes::label_counts(state, scores, target, options)
        );
        pair!(
            format!("sigmoid_probabilities {shape}"),
            probabilities::sigmoid_probabilities(scores, outside, ScoreKind::Auto)
        );
        pair!(
            format!("sum_compensated {shape}"),
            sums::sum_compensated(scores)
        );
        let values = scores.clone().reshape([n * columns]);
        let places = target.reshape([n * columns]);
        pair!(
            format!("sort_pairs {shape}"),
            sort::sort_pairs(values, places)
        );
    }
    pairs
}
