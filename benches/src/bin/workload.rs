//! Runs workloads by name and prints what a step took: the half of the comparison with peers that
//! is Rust, and what callgrind counts.

use burn::tensor::Device;
use clap::Parser;
use metrics_benches::workloads::{WORKLOADS, Workload, workload};
use std::{
    collections::BTreeMap,
    io::{BufRead, stdin},
    process::ExitCode,
    time::Instant,
};

/// Runs workloads of the performance page.
#[derive(Parser)]
struct Args {
    /// Where to compute: flex, ndarray, wgpu or cuda.
    #[arg(long, default_value = "flex")]
    backend: String,
    /// Short names. Without, they are read from standard input, a line each, and every line is
    /// answered at once: the name, the seconds of a step, the bytes it reads, what it is.
    names: Vec<String>,
    /// Passes of each named workload, after one that does not count; the fastest is printed.
    #[arg(long, default_value_t = 5)]
    passes: usize,
    /// One pass and no other: what an instruction count needs.
    #[arg(long)]
    once: bool,
}

fn main() -> ExitCode {
    let args = Args::parse();
    let run = example_backend::device(&args.backend).and_then(|device| answer(&args, &device));
    match run {
        Ok(()) => ExitCode::SUCCESS,
        Err(message) => {
            eprintln!("{message}");
            ExitCode::from(2)
        }
    }
}

fn answer(args: &Args, device: &Device) -> Result<(), String> {
    let mut made = BTreeMap::new();
    if args.names.is_empty() {
        for line in stdin().lock().lines() {
            let name = line.map_err(|error| error.to_string())?;
            measure(&name, device, &mut made, 1, false)?;
        }
    }
    for name in &args.names {
        measure(name, device, &mut made, args.passes, args.once)?;
        made.clear();
    }
    Ok(())
}

fn measure(
    name: &str,
    device: &Device,
    made: &mut BTreeMap<String, Workload>,
    passes: usize,
    once: bool,
) -> Result<(), String> {
    if !made.contains_key(name) {
        let make = workload(name).ok_or_else(|| {
            let known: Vec<&str> = WORKLOADS.iter().map(|(name, _)| *name).collect();
            format!("unknown workload `{name}`; choose of {}", known.join(", "))
        })?;
        let mut workload = make(device);
        if !once {
            (workload.pass)();
        }
        made.insert(name.to_owned(), workload);
    }
    let Some(workload) = made.get_mut(name) else {
        return Ok(());
    };
    let mut best = f64::INFINITY;
    for _ in 0..if once { 1 } else { passes } {
        let start = Instant::now();
        (workload.pass)();
        best = best.min(start.elapsed().as_secs_f64() / workload.steps as f64);
    }
    println!("{name}\t{best:.9}\t{}\t{}", workload.bytes, workload.name);
    Ok(())
}
