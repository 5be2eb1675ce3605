//! The workloads of the performance page, once for all that measures them.

use crate::logits;
use burn::tensor::{Device, Distribution, Int, Tensor};
use metrics_core::{
    Batch, BatchOf, Metric, MetricCollection,
    batch::{Binary, Documents, Labelings, Masks, Multiclass, Regression, Texts},
    classification::{
        Accuracy, Auroc, Average, AveragePrecision, CalibrationError, ConfusionMatrix, F1Score,
        JaccardIndex, Precision, PrecisionRecallCurve, Recall, Roc, Thresholds,
    },
    clustering::AdjustedMutualInfoScore,
    regression::{MeanAbsoluteError, MeanSquaredError, R2Score},
    retrieval::{RetrievalMap, RetrievalMrr, RetrievalNormalizedDcg},
    segmentation::{AverageSurfaceDistance, HausdorffDistance, MeanIoU, NormalizedSurfaceDice},
    text::{
        CharErrorRate, ChrfScore, RougeScore, SacreBleuScore, TranslationEditRate, WordErrorRate,
    },
};

/// One workload with its inputs on a device.
pub struct Workload {
    /// What it is.
    pub name: &'static str,
    /// Steps of a pass: a figure is the time of a step.
    pub steps: usize,
    /// Bytes of a step's inputs, which any way of computing it must read once.
    pub bytes: usize,
    /// One pass. It ends with the values on the host, so the device is finished.
    pub pass: Box<dyn FnMut()>,
}

/// Makes a workload on a device.
pub type Make = fn(&Device) -> Workload;

/// Every workload by its short name.
pub const WORKLOADS: [(&str, Make); 25] = [
    ("read", read),
    ("w1", w1),
    ("w1s", w1s),
    ("w2", w2),
    ("w3", w3),
    ("w3ap", w3ap),
    ("w3curves", w3curves),
    ("w3binned", w3binned),
    ("w3m", w3m),
    ("w4", w4),
    ("w5", w5),
    ("w6", w6),
    ("w6large", w6large),
    ("w6flat", w6flat),
    ("w7", w7),
    ("w7scores", w7scores),
    ("w7surfaces", w7surfaces),
    ("w7volume", w7volume),
    ("ami", ami),
    ("wer", wer),
    ("cer", cer),
    ("bleu", bleu),
    ("chrf", chrf),
    ("ter", ter),
    ("rouge", rouge),
];

/// The workload of a short name.
pub fn workload(name: &str) -> Option<Make> {
    let found = WORKLOADS.iter().find(|(short, _)| *short == name);
    found.map(|(_, make)| *make)
}

/// Updates with every batch in turn and computes once.
fn stream<B: Batch>(
    mut metrics: MetricCollection<B>,
    batches: Vec<B>,
    steps: usize,
) -> Box<dyn FnMut()> {
    Box::new(move || {
        metrics.reset();
        for step in 0..steps {
            // Without what another step derived from the batch.
            let batch = batches[step % batches.len()].clone();
            metrics.update(&batch).expect("the batch fits");
        }
        metrics.compute().expect("the device can be read");
    })
}

fn whole<M: Metric>(metric: M, batches: Vec<BatchOf<M>>) -> Box<dyn FnMut()> {
    Box::new(move || {
        let mut state = metric.state();
        for batch in &batches {
            state.update(&batch.clone()).expect("the batch fits");
        }
        state.compute().expect("there is a value");
    })
}

fn multiclass(batches: &[(Tensor<2>, Tensor<1, Int>)]) -> Vec<Multiclass> {
    let batch = |(scores, target): &(Tensor<2>, Tensor<1, Int>)| {
        Multiclass::from_scores(scores.clone(), target.clone()).expect("the shapes fit")
    };
    batches.iter().map(batch).collect()
}

/// The memory itself: a sum of 256 MiB by all threads of the host, or on a device a sum by the backend.
fn read(device: &Device) -> Workload {
    const COUNT: usize = 1 << 26;
    let pass: Box<dyn FnMut()> = if is_host(device) {
        let values = vec![1u64; COUNT / 2];
        Box::new(move || {
            use rayon::prelude::*;
            let sum: u64 = values
                .par_chunks(1 << 16)
                .map(|part| part.iter().sum::<u64>())
                .sum();
            std::hint::black_box(sum);
        })
    } else {
        let values = Tensor::<1>::ones([COUNT], device);
        Box::new(move || {
            values.clone().sum().into_data();
        })
    };
    Workload {
        name: "reading 256 MiB",
        steps: 1,
        bytes: 4 * COUNT,
        pass,
    }
}

fn is_host(device: &Device) -> bool {
    let name = format!("{device:?}").to_lowercase();
    name.contains("flex") || name.contains("ndarray")
}

fn five_metrics() -> MetricCollection<Multiclass> {
    MetricCollection::new()
        .with(Accuracy::multiclass(10))
        .with(Precision::multiclass(10))
        .with(Recall::multiclass(10))
        .with(F1Score::multiclass(10))
        .with(ConfusionMatrix::multiclass(10))
}

fn w1(device: &Device) -> Workload {
    let batches = multiclass(&logits(20, 512, 10, device));
    Workload {
        name: "W1: 512x10 logits, 200 steps; accuracy, precision, recall, F1, confusion matrix; the epoch's value",
        steps: 200,
        bytes: 512 * (10 * 4 + 4),
        pass: stream(five_metrics(), batches, 200),
    }
}

fn w1s(device: &Device) -> Workload {
    let batches = multiclass(&logits(20, 512, 10, device));
    let mut metrics = five_metrics();
    Workload {
        name: "W1s: the same with the value of every step",
        steps: 50,
        bytes: 512 * (10 * 4 + 4),
        pass: Box::new(move || {
            metrics.reset();
            for step in 0..50 {
                metrics
                    .forward(&batches[step % 20].clone())
                    .expect("the batch fits");
            }
            metrics.compute().expect("the device can be read");
        }),
    }
}

fn w2(device: &Device) -> Workload {
    let metrics = MetricCollection::new()
        .with(Accuracy::multiclass(1000).average(Average::Micro))
        .with(Accuracy::multiclass(1000).average(Average::Micro).top_k(5))
        .with(F1Score::multiclass(1000))
        .with(ConfusionMatrix::multiclass(1000))
        .with(CalibrationError::multiclass(1000));
    let batches = multiclass(&logits(8, 256, 1000, device));
    Workload {
        name: "W2: 256x1000 logits, 40 steps; top-1, top-5, macro F1, confusion matrix, calibration error",
        steps: 40,
        bytes: 256 * (1000 * 4 + 4),
        pass: stream(metrics, batches, 40),
    }
}

const SCORES: usize = 1_000_000;

/// Ten batches of scores with labels that follow them.
fn scored(device: &Device) -> Vec<Binary> {
    let scores = Tensor::<1>::random([SCORES], Distribution::Uniform(0.0, 1.0), device);
    let chance = Tensor::<1>::random([SCORES], Distribution::Uniform(0.0, 1.0), device);
    let target = chance.lower(scores.clone()).int();
    let batches = (scores.chunk(10, 0).into_iter().zip(target.chunk(10, 0)))
        .map(|(scores, target)| Binary::from_scores(scores, target).expect("the shapes fit"))
        .collect();
    device.sync().expect("the device works");
    batches
}

fn of_scores(name: &'static str, pass: Box<dyn FnMut()>) -> Workload {
    Workload {
        name,
        steps: 1,
        bytes: 8 * SCORES,
        pass,
    }
}

fn w3(device: &Device) -> Workload {
    of_scores(
        "W3: binary AUROC of 1e6 scores, exact",
        whole(Auroc::binary(), scored(device)),
    )
}

fn w3ap(device: &Device) -> Workload {
    of_scores(
        "W3: average precision of 1e6 scores, exact",
        whole(AveragePrecision::binary(), scored(device)),
    )
}

fn w3curves(device: &Device) -> Workload {
    let metrics = MetricCollection::new()
        .with(Auroc::binary())
        .with(AveragePrecision::binary())
        .with(Roc::binary())
        .with(PrecisionRecallCurve::binary());
    of_scores(
        "W3: AUROC, average precision, ROC and precision-recall curve of 1e6 scores, exact",
        stream(metrics, scored(device), 10),
    )
}

fn w3binned(device: &Device) -> Workload {
    let metric = Auroc::binary().thresholds(Thresholds::Count(200));
    of_scores(
        "W3: binary AUROC of 1e6 scores, 200 thresholds",
        whole(metric, scored(device)),
    )
}

fn w3m(device: &Device) -> Workload {
    let (rows, classes) = (20_000, 100);
    let (logits, target) = logits(1, rows, classes, device).remove(0);
    let probabilities = burn::tensor::activation::softmax(logits, 1);
    let batches = multiclass(&[(probabilities, target)]);
    device.sync().expect("the device works");
    Workload {
        name: "W3m: multiclass AUROC, 20000x100, exact",
        steps: 1,
        bytes: rows * (classes * 4 + 4),
        pass: whole(Auroc::multiclass(classes), batches),
    }
}

fn w4(device: &Device) -> Workload {
    let count = 10_000_000;
    let target = Tensor::<1>::random([count], Distribution::Normal(0.0, 1.0), device);
    let noise = Tensor::<1>::random([count], Distribution::Normal(0.0, 0.1), device);
    let batch = Regression::new(target.clone() + noise, target).expect("the shapes fit");
    device.sync().expect("the device works");
    let metrics = MetricCollection::new()
        .with(MeanSquaredError::new())
        .with(MeanAbsoluteError::new())
        .with(R2Score::new());
    Workload {
        name: "W4: 1e7 pairs; MSE, MAE and R²",
        steps: 1,
        bytes: 8 * count,
        pass: stream(metrics, vec![batch], 1),
    }
}

fn w5(device: &Device) -> Workload {
    let shape = [16, 512, 512];
    let map = || {
        let map = Tensor::<3>::random(shape, Distribution::Uniform(0.0, 21.0), device);
        map.int().clamp(0, 20)
    };
    let (pred, target) = (map(), map());
    let bytes = 2 * target.dtype().size() * 16 * 512 * 512;
    let batch = Multiclass::from_labels(pred, target).expect("the shapes fit");
    device.sync().expect("the device works");
    Workload {
        name: "W5: mean IoU, 16x512x512 label maps, 21 classes",
        steps: 1,
        bytes,
        pass: whole(JaccardIndex::multiclass(21), vec![batch]),
    }
}

/// Scores `[Q, D]` and relevance, of which a share is 1.
fn documents(queries: usize, documents: usize, share: f64, device: &Device) -> [Tensor<2>; 2] {
    let uniform = || {
        let uniform = Distribution::Uniform(0.0, 1.0);
        Tensor::<2>::random([queries, documents], uniform, device)
    };
    let relevance = uniform().lower_elem(share).int().float();
    device.sync().expect("the device works");
    [uniform(), relevance]
}

fn by_query(metrics: MetricCollection<Documents>, batch: Documents) -> Box<dyn FnMut()> {
    stream(metrics, vec![batch], 1)
}

fn w6(device: &Device) -> Workload {
    let [scores, relevance] = documents(2000, 100, 0.1, device);
    let batch = Documents::by_query(scores, relevance.int()).expect("the shapes fit");
    let metrics = MetricCollection::new()
        .with(RetrievalNormalizedDcg::new().top_k(10))
        .with(RetrievalMap::new());
    Workload {
        name: "W6: 2000 queries of 100 documents; nDCG@10, MAP",
        steps: 1,
        bytes: 2000 * 100 * 8,
        pass: by_query(metrics, batch),
    }
}

fn best_of_ten() -> MetricCollection<Documents> {
    MetricCollection::new()
        .with(RetrievalNormalizedDcg::new().top_k(10))
        .with(RetrievalMrr::new().top_k(10))
}

fn w6large(device: &Device) -> Workload {
    let [scores, relevance] = documents(6980, 1000, 0.002, device);
    let batch = Documents::by_query(scores, relevance.int()).expect("the shapes fit");
    Workload {
        name: "W6, large: 6980 queries of 1000 documents; nDCG@10, MRR@10",
        steps: 1,
        bytes: 6980 * 1000 * 8,
        pass: by_query(best_of_ten(), batch),
    }
}

/// The same documents in an order without order.
fn w6flat(device: &Device) -> Workload {
    const QUERIES: usize = 6980;
    const DOCUMENTS: usize = 1000;
    let [scores, relevance] = documents(QUERIES, DOCUMENTS, 0.002, device);
    let n = QUERIES * DOCUMENTS;
    // A step that shares no factor with the number of documents comes by each once.
    let queries: Vec<i32> = (0..n as u64)
        .map(|at| (at * 1_000_003 % n as u64) as i32 / DOCUMENTS as i32)
        .collect();
    let queries = Tensor::<1, Int>::from_data(queries.as_slice(), device);
    let batch = Documents::new(scores.reshape([n]), relevance.reshape([n]).int(), queries)
        .expect("the shapes fit");
    Workload {
        name: "W6, flat: the documents of W6, large, one by one in any order",
        steps: 1,
        bytes: n * 12,
        pass: by_query(best_of_ten(), batch),
    }
}

/// Regions of `classes` classes, and predictions of which the borders are a little off.
fn regions(shape: [usize; 3], classes: usize) -> [Vec<i32>; 2] {
    let [depth, height, width] = shape;
    let region = |z: usize, y: usize, x: usize, shift: f64| {
        let [z, y, x] = [z as f64 / 31.0, y as f64 / 97.0, x as f64 / 113.0];
        let wave = (x + shift).sin() + (1.3 * y - shift).cos() + (0.7 * x * y + z).sin();
        ((wave + 3.0) / 6.0 * classes as f64) as i32
    };
    [0.0, 0.05].map(|shift| {
        let mut labels = Vec::with_capacity(depth * height * width);
        for z in 0..depth {
            for y in 0..height {
                labels.extend((0..width).map(|x| region(z, y, x, shift)));
            }
        }
        labels
    })
}

fn labels<const D: usize>(labels: &[i32], shape: [usize; D], device: &Device) -> Tensor<D, Int> {
    Tensor::<1, Int>::from_data(labels, device).reshape(shape)
}

fn w7(device: &Device) -> Workload {
    let maps = regions([4, 1024, 2048], 19);
    let [pred, target] = maps.map(|map| labels(&map, [4, 1024, 2048], device));
    let bytes = 2 * target.dtype().size() * 1024 * 2048;
    let batch = Masks::from_labels(pred, target).expect("the shapes fit");
    Workload {
        name: "W7: mean IoU of an image of 1024x2048, 19 classes, labels, in batches of 4",
        steps: 4,
        bytes,
        pass: whole(MeanIoU::new(19), vec![batch]),
    }
}

fn w7scores(device: &Device) -> Workload {
    let uniform = Distribution::Uniform(0.0, 1.0);
    let scores = Tensor::<4>::random([1, 19, 1024, 2048], uniform, device);
    let [target, _] = regions([1, 1024, 2048], 19);
    let target = labels(&target, [1, 1024, 2048], device);
    let bytes = (19 * 4 + target.dtype().size()) * 1024 * 2048;
    let batch = Masks::from_scores(scores, target).expect("the shapes fit");
    device.sync().expect("the device works");
    Workload {
        name: "W7, scores: the same of scores [1, 19, 1024, 2048]",
        steps: 1,
        bytes,
        pass: whole(MeanIoU::new(19), vec![batch]),
    }
}

fn surfaces(batch: Masks, classes: usize) -> Box<dyn FnMut()> {
    let metrics = MetricCollection::new()
        .with(HausdorffDistance::new(classes))
        .with(HausdorffDistance::new(classes).percentile(95.0))
        .with(AverageSurfaceDistance::new(classes))
        .with(NormalizedSurfaceDice::new(classes));
    stream(metrics, vec![batch], 1)
}

fn w7surfaces(device: &Device) -> Workload {
    let maps = regions([1, 1024, 1024], 2);
    let [pred, target] = maps.map(|map| labels(&map, [1, 1024, 1024], device));
    let bytes = 2 * target.dtype().size() * 1024 * 1024;
    let batch = Masks::from_labels(pred, target).expect("the shapes fit");
    Workload {
        name: "W7, surfaces: Hausdorff, HD95, mean distance and surface Dice of two masks of 1024x1024",
        steps: 1,
        bytes,
        pass: surfaces(batch, 2),
    }
}

fn w7volume(device: &Device) -> Workload {
    const SHAPE: [usize; 4] = [1, 64, 128, 128];
    let maps = regions([64, 128, 128], 4);
    let [pred, target] = maps.map(|map| labels(&map, SHAPE, device));
    let bytes = 2 * target.dtype().size() * 64 * 128 * 128;
    let batch = Masks::from_labels(pred, target).expect("the shapes fit");
    Workload {
        name: "W7, volume: the same of a volume of 64x128x128 with 3 classes and background",
        steps: 1,
        bytes,
        pass: surfaces(batch, 4),
    }
}

fn ami(device: &Device) -> Workload {
    const ROWS: usize = 1_000_000;
    let uniform = Distribution::Uniform(0.0, 100.0);
    let [clusters, classes] = [(); 2].map(|()| Tensor::<1>::random([ROWS], uniform, device).int());
    let batch = Labelings::new(clusters, classes).expect("the shapes fit");
    Workload {
        name: "Adjusted mutual information of 1e6 labels in 100 clusters and 100 classes",
        steps: 1,
        bytes: ROWS * 8,
        pass: stream(
            MetricCollection::new().with(AdjustedMutualInfoScore::new()),
            vec![batch],
            1,
        ),
    }
}

/// Sentences of words like those of a language, and references of which one word in five is another.
fn sentences(n: usize, words: usize) -> (Vec<String>, Vec<String>) {
    let mut state = 1u64;
    let mut draw = |n: u64| {
        state = state
            .wrapping_mul(6_364_136_223_846_793_005)
            .wrapping_add(1_442_695_040_888_963_407);
        (state >> 33) % n
    };
    let word = |id: u64| -> String {
        (0..3 + id % 6)
            .map(|at| char::from(b'a' + ((id * 7 + at * 11) % 26) as u8))
            .collect()
    };
    (0..n)
        .map(|_| {
            let mut both = [Vec::new(), Vec::new()];
            for _ in 0..words {
                // Few words are frequent.
                let id = draw(3000) * draw(3000) / 3000;
                both[0].push(word(id));
                both[1].push(word(if draw(5) == 0 { draw(3000) } else { id }));
            }
            let [own, reference] = both.map(|words| words.join(" "));
            (own, reference)
        })
        .unzip()
}

/// A metric of texts, which are no data of a device.
fn of_texts<M>(name: &'static str, n: usize, words: usize, metric: M) -> Workload
where
    M: Metric + 'static,
    M::Accumulator: metrics_core::Accumulator<Batch = Texts>,
{
    let (predictions, references) = sentences(n, words);
    let bytes = [&predictions, &references]
        .iter()
        .flat_map(|texts| texts.iter())
        .map(String::len)
        .sum();
    Workload {
        name,
        steps: 1,
        bytes,
        pass: Box::new(move || {
            let batch = Texts::new(&predictions, &references).expect("one reference each");
            metric.evaluate(&batch).expect("there are texts");
        }),
    }
}

fn wer(_: &Device) -> Workload {
    let name = "Word error rate of 2620 pairs of 20 words";
    of_texts(name, 2620, 20, WordErrorRate::new())
}

fn cer(_: &Device) -> Workload {
    let name = "Character error rate of 2620 pairs of 20 words";
    of_texts(name, 2620, 20, CharErrorRate::new())
}

fn bleu(_: &Device) -> Workload {
    let name = "SacreBLEU of 3000 sentences of 20 words";
    of_texts(name, 3000, 20, SacreBleuScore::new())
}

fn chrf(_: &Device) -> Workload {
    let name = "chrF++ of 3000 sentences of 20 words";
    of_texts(name, 3000, 20, ChrfScore::new())
}

fn ter(_: &Device) -> Workload {
    let name = "Translation edit rate of 3000 sentences of 20 words";
    of_texts(name, 3000, 20, TranslationEditRate::new())
}

fn rouge(_: &Device) -> Workload {
    let name = "ROUGE-1, 2, L, Lsum with stemmer of 11490 summaries of 60 words";
    of_texts(name, 11_490, 60, RougeScore::new().use_stemmer())
}
