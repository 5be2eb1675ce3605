//! Calls of everything public with hostile options, shapes and numbers: none panics, takes long or asks for much memory.
//!
//! `METRICS_FUZZ_CALLS` says how many calls there are; the seed is always the same.

use burn::tensor::{DType, Device, Int, Tensor, TensorData};
use metrics_core::{
    BatchOf, Metric, MetricCollection, MetricState, Validation, nominal, pairwise,
    prelude::*,
    retrieval::{Similarity, nearest},
    wrappers::{MinMax, Multioutput, Running},
};
use metrics_tests::{
    cpus,
    golden::with_floats,
    metrics::Visitor,
    samples::{Random, Sample},
};
use std::{
    alloc::{GlobalAlloc, Layout, System},
    panic::{AssertUnwindSafe, catch_unwind},
    sync::atomic::{AtomicUsize, Ordering},
    time::{Duration, Instant},
};

use crate::{goldens::all_metrics, process::alone};

/// The system's allocator, which remembers the largest request.
struct Watched;

static LARGEST: AtomicUsize = AtomicUsize::new(0);

// SAFETY: every call goes to the system's allocator as it is.
unsafe impl GlobalAlloc for Watched {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        LARGEST.fetch_max(layout.size(), Ordering::Relaxed);
        unsafe { System.alloc(layout) }
    }
    unsafe fn alloc_zeroed(&self, layout: Layout) -> *mut u8 {
        LARGEST.fetch_max(layout.size(), Ordering::Relaxed);
        unsafe { System.alloc_zeroed(layout) }
    }
    unsafe fn realloc(&self, old: *mut u8, layout: Layout, size: usize) -> *mut u8 {
        LARGEST.fetch_max(size, Ordering::Relaxed);
        unsafe { System.realloc(old, layout, size) }
    }
    unsafe fn dealloc(&self, old: *mut u8, layout: Layout) {
        unsafe { System.dealloc(old, layout) }
    }
}

#[global_allocator]
static ALLOCATOR: Watched = Watched;

const MOST_BYTES: usize = 1 << 30;
const MOST_TIME: Duration = Duration::from_secs(1);

/// Numbers that break things.
const NUMBERS: [f64; 16] = [
    f64::NAN,
    f64::INFINITY,
    f64::NEG_INFINITY,
    0.0,
    -0.0,
    1.0,
    0.5,
    -1.0,
    2.0,
    1e-45,
    1e-320,
    3.4e38,
    -3.4e38,
    1e308,
    255.0,
    -100.0,
];

/// What floats come in, where the device has it.
const DTYPES: [DType; 5] = [DType::F32, DType::F32, DType::F64, DType::F16, DType::BF16];

/// Sizes that break things, and a few that do not.
const SIZES: [usize; 9] = [0, 1, 2, 3, 5, 31, 1 << 31, 1 << 62, usize::MAX];

struct Fuzz {
    random: Random,
    device: Device,
    name: &'static str,
    calls: usize,
    /// The longest time and the largest request of a call.
    most: (Duration, usize),
    failures: Vec<String>,
}

impl Fuzz {
    /// One call.
    fn call<T>(&mut self, what: &dyn Fn() -> String, call: impl FnOnce() -> T) -> Option<T> {
        self.calls += 1;
        LARGEST.store(0, Ordering::Relaxed);
        let start = Instant::now();
        let result = catch_unwind(AssertUnwindSafe(call));
        let (time, bytes) = (start.elapsed(), LARGEST.load(Ordering::Relaxed));
        let mut fail = |how: String| {
            let name = self.name;
            self.failures.push(format!("{name}: {} {how}", what()));
        };
        if time > MOST_TIME {
            fail(format!("took {time:?}"));
        }
        if bytes > MOST_BYTES {
            fail(format!("asked for {bytes} bytes"));
        }
        self.most = (self.most.0.max(time), self.most.1.max(bytes));
        match result {
            Ok(value) => Some(value),
            Err(panic) => {
                let text = panic.downcast_ref::<String>().cloned();
                let text = text.or_else(|| Some((*panic.downcast_ref::<&str>()?).into()));
                fail(format!("panicked: {}", text.unwrap_or_default()));
                None
            }
        }
    }

    fn number(&mut self) -> f64 {
        match self.random.below(3) {
            0 => NUMBERS[self.random.below(NUMBERS.len())],
            _ => self.random.probability(),
        }
    }

    fn size(&mut self) -> usize {
        SIZES[self.random.below(SIZES.len())]
    }

    /// A batch of hostile numbers, and now and then of a dimension that is none.
    fn batch<B: Sample>(&mut self) -> Option<B> {
        let rows = [0, 1, 2, 3, 17, 40][self.random.below(6)];
        let mut arrays = B::arrays(&mut self.random, rows);
        let width = [0, 1, 2, 3, 5, 7][self.random.below(6)];
        let (odd, hostile) = (self.random.below(8) == 0, self.random.below(2) == 0);
        for array in arrays.values_mut() {
            if odd && array.shape.len() == 2 {
                array.shape[1] = width;
            }
            let n = array.shape.iter().product();
            array.data.resize(n, 0.0);
            if hostile {
                for number in &mut array.data {
                    if self.random.below(4) == 0 {
                        *number = NUMBERS[self.random.below(NUMBERS.len())];
                    }
                }
            }
        }
        if self.random.below(3) == 0 {
            let (weights, rows) = (rows + self.random.below(30) / 29, self.random.below(2));
            let weights = self.random.array(&[weights], |r| match r.below(3 + rows) {
                0 => NUMBERS[r.below(NUMBERS.len())],
                _ => r.weight(),
            });
            arrays.insert("weights".into(), weights);
        }
        let device = self.device.clone();
        let dtype = DTYPES[self.random.below(DTYPES.len())];
        let dtype = if device.supports_dtype(dtype) {
            dtype
        } else {
            DType::F32
        };
        let what = || format!("{dtype:?} {} of {arrays:?}", std::any::type_name::<B>());
        let build = || with_floats(dtype, || B::build(&arrays, &device));
        self.call(&what, build)?.ok()
    }

    /// Everything that can be done with a metric.
    fn metric<M: Metric>(&mut self, metric: M, batches: &[BatchOf<M>]) {
        let name = metric.name();
        let what = |call: &'static str| move |name: &str| format!("{name}: {call}");
        let run = |fuzz: &mut Self, call: &'static str, f: &mut dyn FnMut()| {
            let text = || what(call)(&name);
            fuzz.call(&text, f).is_some()
        };
        let mut made = None;
        run(self, "state", &mut || made = Some(metric.state()));
        let Some(state) = made else { return };
        let mut state: MetricState<M> = state.validation(Validation::Ignore);
        for batch in batches {
            run(self, "update", &mut || drop(state.update(batch)));
            run(self, "evaluate", &mut || drop(metric.evaluate(batch)));
        }
        run(self, "compute", &mut || drop(state.compute()));
        run(self, "save", &mut || {
            let saved = state
                .save()
                .map(|saved| serde_json::to_string(&saved).unwrap());
            if let Ok(text) = saved {
                state.restore(&serde_json::from_str(&text).unwrap()).ok();
            }
        });
        run(self, "merge", &mut || {
            let summary = state.summary().cloned();
            summary.and_then(|summary| state.merge(&summary)).ok();
        });
        run(self, "compute of both", &mut || drop(state.compute()));
        run(self, "collection", &mut || {
            let mut metrics = MetricCollection::new().with(metric.clone());
            for batch in batches {
                metrics.update(batch).ok();
            }
            if let Ok(report) = metrics.compute() {
                serde_json::to_string(&report).unwrap();
                report.to_markdown();
            }
        });
        run(self, "wrappers", &mut || {
            let mut extremes = MinMax::new(metric.clone());
            let mut window = Running::new(metric.state(), 2);
            for batch in batches {
                extremes.update(batch).ok();
                window.update(batch).ok();
            }
            extremes.compute().ok();
            window.compute().ok();
        });
    }

    fn any<M: Metric>(&mut self, metric: M)
    where
        BatchOf<M>: Sample,
    {
        let batches: Vec<_> = (0..2).filter_map(|_| self.batch()).collect();
        self.metric(metric, &batches);
    }

    /// Metrics with hostile options.
    fn options(&mut self) {
        let (n, k, x) = (self.size(), self.size(), self.number() as f32);
        let (label, y) = (self.random.below(5) as i64 - 2, self.number());
        let thresholds = match self.random.below(5) {
            0 => Thresholds::Exact,
            1 => Thresholds::Count(k),
            2 => Thresholds::Octaves(k),
            3 => Thresholds::List(vec![x, 0.5]),
            _ => Thresholds::List(vec![]),
        };
        match self.random.below(45) {
            0 => self.any(Accuracy::multiclass(n).top_k(k)),
            1 => self.any(
                F1Score::multiclass(n)
                    .average(Average::Macro)
                    .ignore_index(label),
            ),
            2 => self.any(ConfusionMatrix::multiclass(n)),
            3 => self.any(Specificity::multilabel(n).threshold(x)),
            4 => self.any(Recall::binary().threshold(x).ignore_index(label)),
            5 => self.any(Auroc::multiclass(n).thresholds(thresholds)),
            6 => self.any(AveragePrecision::multilabel(n).thresholds(thresholds)),
            7 => self.any(Roc::binary().thresholds(thresholds)),
            8 => self.any(PrecisionRecallCurve::binary().thresholds(thresholds)),
            9 => self.any(CalibrationError::multiclass(n).bins(k)),
            10 => self.any(ReliabilityDiagram::binary().bins(k)),
            11 => self.any(BrierScore::multilabel(n)),
            12 => self.any(HingeLoss::multiclass(n).one_vs_all()),
            13 => self.any(GroupStatRates::new(n).threshold(x)),
            14 => self.any(ExactMatch::multilabel(n).threshold(x)),
            15 => self.any(Accuracy::multiclass(n).samplewise()),
            16 => self.any(MeanSquaredError::new().outputs(n)),
            17 => self.any(R2Score::new().outputs(n).adjusted(k)),
            18 => self.any(R2Score::new().multioutput(MultiOutput::RawValues)),
            19 => self.any(PearsonCorrCoef::new().outputs(n)),
            20 => self.any(SpearmanCorrCoef::new().outputs(n)),
            21 => self.any(KendallRankCorrCoef::new().outputs(n)),
            22 => self.any(MinkowskiDistance::new(y)),
            23 => self.any(TweedieDevianceScore::new().power(y)),
            24 => self.any(PinballLoss::new().alpha(y)),
            25 => self.any(Covariance::new(n)),
            26 => self.any(Multioutput::new(ExplainedVariance::new(), n)),
            27 => self.any(Mean::new().nan_strategy(NanStrategy::Impute(x))),
            28 => self.any(Cat::new().nan_strategy(NanStrategy::Impute(x))),
            29 => self.any(NormalizedEntropy::multilabel(n)),
            30 => self.any(CohenKappa::multiclass(n)),
            31 => self.any(StatScores::multilabel(n)),
            32 => self.any(Perplexity::new().ignore_index(label)),
            33 => self.any(DiceScore::new(n).ignore_index(label).global()),
            34 => self.any(GeneralizedDiceScore::new(n).include_background(false)),
            35 => self.any(MeanIoU::new(n).ignore_index(label).samplewise()),
            36 => self.any(BoundaryIoU::new(n).dilation_ratio(y)),
            37 => self.any(HausdorffDistance::new(n).percentile(y)),
            38 => self.any(HausdorffDistance::new(5).spacing(vec![y; k.min(4)])),
            39 => self.any(AverageSurfaceDistance::new(5).one_sided(OneSided::Distance(y))),
            40 => self.any(NormalizedSurfaceDice::new(5).tolerances(vec![y; k.min(6)])),
            41 => self.any(CalinskiHarabaszScore::with_clusters(n, k)),
            42 => self.any(DunnIndex::new().p(y)),
            43 => self.any(FleissKappa::new(n)),
            _ => self.any(CriticalSuccessIndex::new(x)),
        }
    }

    /// Functions of tensors.
    fn functions(&mut self) {
        let sizes = [0, 1, 2, 3, 17, 70];
        let [n, m, width, other] = [(); 4].map(|()| sizes[self.random.below(6)]);
        let other = if self.random.below(8) == 0 {
            other
        } else {
            width
        };
        let (exponent, k, alone) = (self.number(), self.size(), self.random.below(2) == 0);
        let [x, y] = [n * width, m * other]
            .map(|n| -> Vec<f32> { (0..n).map(|_| self.number() as f32).collect() });
        let device = self.device.clone();
        let rows = |values: &[f32], shape: [usize; 2]| {
            Tensor::<2>::from_data(
                TensorData::new(values.to_vec(), shape),
                (&device, DType::F32),
            )
        };
        let both = || (rows(&x, [n, width]), (!alone).then(|| rows(&y, [m, other])));
        let what = || format!("functions of {n} {m} {width} {other} {exponent} {k} {x:?} {y:?}");
        self.call(&what, || {
            for pairs in [
                pairwise::cosine,
                pairwise::euclidean,
                pairwise::linear,
                pairwise::manhattan,
            ] {
                let (x, y) = both();
                pairs(x, y).zero_diagonal(alone).matrix().ok();
                let (x, y) = both();
                pairs(x, y).mean().ok();
            }
            let (x, y) = both();
            pairwise::minkowski(x, y, exponent).sum().ok();
        });
        self.call(&what, || {
            for kind in [Similarity::Cosine, Similarity::Dot, Similarity::Euclidean] {
                let (x, y) = both();
                let Ok(found) = nearest(x, y, kind, k) else {
                    continue;
                };
                let labels = |n: usize| Tensor::<1, Int>::arange(0..n as i64, &device) / 2;
                let items = (!alone).then(|| labels(m));
                if let Ok(documents) = found.documents(labels(n), items) {
                    RetrievalMap::new().at_r().evaluate(&documents).ok();
                    RetrievalNormalizedDcg::new().evaluate(&documents).ok();
                }
            }
        });
        self.call(&what, || {
            let whole: Vec<i32> = x.iter().map(|value| *value as i32).collect();
            let data = TensorData::new(whole, [n, width]);
            let table = Tensor::<2, Int>::from_data(data, (&device, DType::I32));
            nominal::cramers_v_matrix(table.clone(), alone).ok();
            nominal::theils_u_matrix(table).ok();
            let pair = |missing| {
                Labelings::from_floats(rows(&x, [n, width]), rows(&x, [n, width]), missing)
            };
            for missing in [MissingCategory::Drop, MissingCategory::Replace(k as i32)] {
                CramersV::new().evaluate(&pair(missing).unwrap()).ok();
            }
            let scores = || rows(&x, [n, width]);
            let known = Tensor::<1, Int>::from_data(
                TensorData::new(vec![k.min(1 << 30) as i32; n], [n]),
                &device,
            );
            let documents = Documents::by_query(scores(), scores()).unwrap();
            if let Ok(documents) = documents.with_relevant(known) {
                RetrievalNormalizedDcg::new().evaluate(&documents).ok();
                RetrievalPrecision::new()
                    .adaptive_k()
                    .evaluate(&documents)
                    .ok();
            }
        });
    }
}

impl Visitor for Fuzz {
    fn visit<M: Metric>(&mut self, metric: M)
    where
        BatchOf<M>: Sample,
    {
        self.any(metric);
    }
}

#[test]
fn no_call_panics_takes_long_or_asks_for_much_memory() {
    alone!(no_call_panics_takes_long_or_asks_for_much_memory);
    let calls = std::env::var("METRICS_FUZZ_CALLS").ok();
    let calls: usize = calls.map_or(20_000, |calls| calls.parse().unwrap());
    // Panics are what is looked for; their messages are in the failures.
    std::panic::set_hook(Box::new(|_| {}));
    let cpus = cpus();
    let mut failures = Vec::new();
    for (name, device) in cpus.clone() {
        let mut fuzz = Fuzz {
            random: Random(20_261_127),
            device,
            name,
            calls: 0,
            most: (Duration::ZERO, 0),
            failures: Vec::new(),
        };
        while fuzz.calls < calls / cpus.len() {
            all_metrics(&mut fuzz);
            for _ in 0..200 {
                fuzz.options();
                fuzz.functions();
            }
        }
        let (time, bytes) = fuzz.most;
        println!(
            "{name}: {} calls, at most {time:?} and {bytes} bytes",
            fuzz.calls
        );
        failures.append(&mut fuzz.failures);
    }
    drop(std::panic::take_hook());
    let count = failures.len();
    failures.truncate(40);
    for failure in &mut failures {
        let end = failure
            .char_indices()
            .nth(1200)
            .map_or(failure.len(), |(at, _)| at);
        failure.truncate(end);
    }
    assert_eq!(count, 0, "{count} failures:\n{}", failures.join("\n"));
}
