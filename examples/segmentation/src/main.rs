//! Trains a small network that finds shapes in images, with metrics of masks and surfaces, and shows what it finds.

mod model;
mod shapes;

use burn::{
    module::Module,
    optim::AdamConfig,
    tensor::Device,
    train::{Learner, SupervisedTraining, logger::FileMetricLogger, renderer::CliMetricsRenderer},
};
use clap::Parser;
use metrics_burn::{LearnerMetrics, MetricResults, SplitKind, report::Picture};
use metrics_core::{
    MetricCollection, MetricError,
    batch::Masks,
    segmentation::{
        BoundaryIoU, DiceScore, HausdorffDistance, MeanIoU, NormalizedSurfaceDice, OneSided,
    },
};
use model::Segmenter;
use shapes::{CLASSES, SIZE, Scene};
use std::{error::Error, path::PathBuf, process::ExitCode, time::Instant};

const LEARNING_RATE: f64 = 1e-2;
const BATCH: usize = 16;

/// Trains a small network that finds discs, squares and crosses.
#[derive(Parser, Debug)]
struct Args {
    /// Where to compute: flex, ndarray, wgpu or cuda (each but flex needs its --features).
    #[arg(long, default_value = "flex")]
    backend: String,
    /// How often to go through the training set.
    #[arg(long, default_value_t = 8)]
    epochs: usize,
    /// How many scenes to train on; a quarter as many validate.
    #[arg(long, default_value_t = 512)]
    scenes: usize,
    /// Decides the scenes, the order of the batches and the first weights.
    #[arg(long, default_value_t = 42)]
    seed: u64,
    /// Where to write.
    #[arg(long, default_value = "target/segmentation")]
    output: PathBuf,
}

fn main() -> ExitCode {
    let args = Args::parse();
    let run = example_backend::device(&args.backend)
        .map_err(Into::into)
        .and_then(|device| run(&args, &device));
    match run {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("{error}");
            ExitCode::FAILURE
        }
    }
}

/// Metrics over three states: overlaps, borders and surfaces.
fn metrics() -> Result<LearnerMetrics<Masks>, MetricError> {
    let classes = CLASSES.len();
    // The network may miss a shape: that is as far as the diagonal.
    let missed = OneSided::Distance((2.0 * (SIZE * SIZE) as f64).sqrt());
    let collection = MetricCollection::new()
        .with(MeanIoU::new(classes))
        .with(MeanIoU::new(classes).per_class())
        .with(DiceScore::new(classes).include_background(false))
        .with(BoundaryIoU::new(classes))
        .with(
            HausdorffDistance::new(classes)
                .percentile(95.0)
                .one_sided(missed),
        )
        .with(NormalizedSurfaceDice::new(classes));
    LearnerMetrics::builder(collection).loss().build()
}

fn run(args: &Args, device: &Device) -> Result<(), Box<dyn Error>> {
    let started = Instant::now();
    device.seed(args.seed);
    let (train, valid) = (
        shapes::make(args.scenes, args.seed),
        shapes::make(args.scenes.div_ceil(4), args.seed + 1),
    );
    let metrics = metrics()?;
    let training_device = device.clone().autodiff();
    let training = SupervisedTraining::new(
        &args.output,
        shapes::loader(train, BATCH, Some(args.seed), &training_device),
        shapes::loader(valid.clone(), BATCH, None, device),
    )
    .metrics(metrics.clone())
    .with_metric_logger(FileMetricLogger::new(&args.output))
    .renderer(metrics.display(Box::new(CliMetricsRenderer::new())))
    .num_epochs(args.epochs);
    let trained = training.launch(Learner::new(
        Segmenter::new(&training_device),
        AdamConfig::new().init(),
        LEARNING_RATE,
    ));
    if let Some(error) = &trained.error {
        return Err(format!("the training stopped: {error}").into());
    }
    let results = metrics.results();
    show(&results);
    let mut report = results
        .report()
        .title("Shapes")
        .class_names(CLASSES)
        .note("learning rate", LEARNING_RATE)
        .note("batch", BATCH)
        .note("backend", &args.backend);
    for picture in pictures(&trained.model, &valid[..valid.len().min(6)], device)? {
        report = report.picture(picture);
    }
    let page = args.output.join("report.html");
    report.write_html(&page)?;
    println!(
        "{:.1} s. Written to {}",
        started.elapsed().as_secs_f64(),
        page.display()
    );
    Ok(())
}

/// Each epoch's values on the validation set.
fn show(results: &MetricResults) {
    let reports: Vec<_> = (results.all().into_iter())
        .filter(|report| report.split == SplitKind::Valid)
        .collect();
    let Some(last) = reports.last() else { return };
    let names = last.report.entries.iter().map(|entry| entry.name.as_str());
    for name in names.filter(|name| last.report.scalar(name).is_some()) {
        print!("{name:<26}");
        for report in &reports {
            print!("{:>9.4}", report.report.scalar(name).unwrap_or(f64::NAN));
        }
        println!();
    }
}

/// The colours of classes.
const COLOURS: [[u8; 3]; 4] = [[238, 238, 238], [0, 114, 178], [230, 159, 0], [0, 158, 115]];

/// Of each scene the image, the classes, and what the network says.
fn pictures(
    model: &Segmenter,
    scenes: &[Scene],
    device: &Device,
) -> Result<Vec<Picture>, Box<dyn Error>> {
    let images = shapes::tensors(scenes, device).images;
    let found = model.clone().valid().forward(images).argmax(1).into_data();
    let found: Vec<i64> = found.iter::<i64>().collect();
    let picture = |(index, (scene, found)): (usize, (&Scene, &[i64]))| {
        let mut pixels = Vec::new();
        for row in 0..SIZE {
            let places = row * SIZE..(row + 1) * SIZE;
            let light = |value: &f32| [((value + 0.2) / 1.4 * 255.0).clamp(0.0, 255.0) as u8; 3];
            pixels.extend(scene.pixels[places.clone()].iter().map(light));
            pixels.extend(
                scene.classes[places.clone()]
                    .iter()
                    .map(|c| COLOURS[*c as usize]),
            );
            pixels.extend(found[places].iter().map(|c| COLOURS[*c as usize]));
        }
        let caption = format!(
            "Scene {}: the image, its classes, and those that were found",
            index + 1
        );
        Picture::new(caption, 3 * SIZE, &pixels)
    };
    let pairs = scenes.iter().zip(found.chunks(SIZE * SIZE)).enumerate();
    Ok(pairs.map(picture).collect::<Result<_, _>>()?)
}
