//! The pass as one launch: every cube walks over rows, scans each, and hands it to every sink.

use super::{Need, Predictions, RowSink, Rows, need};
use crate::{
    Reason, ScoreKind,
    framework::pass::{DeviceState, Plan},
    ops::{
        self,
        cube::{
            CUBE, UNITS,
            counts::{PRIVATE, count, flush, label_rank, own_counters, reached, row_code, slot},
            elem, floats, ints, label,
            math::{exp, is_infinite, is_nan},
            rows::{Scanned, scan, team},
            same_length,
            sums::{Sum, add_to_slot, over_units},
            writable,
        },
        kernels::Kernels,
    },
};
use burn::backend::{
    Dispatch,
    tensor::{FloatTensor, IntTensor},
};
use burn::tensor::Tensor as DeviceTensor;
use burn_cubecl::CubeBackend;
use cubecl::{CubeCount, ir::ElemType, prelude::*};

/// Confidences are added as multiples of 2^-31 in whole numbers, so in any order.
const SCALE: f32 = 2147483648.0;

/// The most bins that a cube has memory for.
const BINS: usize = 512;

/// The most cubes: each has a slot of its own.
const CUBES: usize = 512;

/// Rows that the teams of a cube take, before there are more cubes.
const ROWS_PER_TEAM: usize = 4;

/// The sinks of a launch with the places of their states.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct KernelPlan {
    sinks: Vec<KernelSink>,
    /// Counters of all sinks. Behind them is one for the kernel: the epoch of the last batch of logits.
    counts: usize,
    /// Whether each cube counts in memory of its own.
    private: bool,
    /// `f32` of a slot.
    words: usize,
    /// Sums that each unit keeps.
    sums: usize,
    /// Bins that each cube keeps.
    bins: usize,
    team: u32,
    likelihood: bool,
    scores: Meaning,
}

/// What scores are, as far as a kernel asks.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
enum Meaning {
    Probabilities,
    Logits,
    /// The cube looks at all of them.
    Looked,
    /// The counter behind the others says it.
    Told,
}

#[derive(Debug, Clone, PartialEq, Eq, Hash)]
struct KernelSink {
    sink: RowSink,
    /// Where its counters, words and constants begin.
    counts: usize,
    words: usize,
    constants: usize,
    /// Its first sum of those that each unit keeps.
    sum: usize,
    /// Its first bin of those that each cube keeps.
    bin: usize,
}

/// The pass, if there are kernels for it.
pub(super) fn pass(
    rows: &Rows,
    plan: &Plan<RowSink>,
    mut state: DeviceState,
) -> Result<DeviceState, DeviceState> {
    let device = rows.target.device();
    let n = rows.target.dims()[0];
    let few = plan.sinks.iter().all(|placed| match &placed.sink {
        RowSink::Calibration { bins, .. } => *bins < BINS,
        _ => true,
    });
    if !ops::has_kernels(&device) || rows.weights.is_some() || n == 0 || !few {
        return Err(state);
    }
    let (elements, team) = match &rows.predictions {
        Predictions::Scores(scores) => {
            let [n, classes] = scores.dims();
            (n * classes, team(classes))
        }
        Predictions::Labels(_) => (n, 1),
    };
    if elements == 0 || elements > ops::KERNEL_ELEMENTS {
        return Err(state);
    }
    let per_cube = (UNITS / team) as usize * ROWS_PER_TEAM;
    let cubes = n.div_ceil(per_cube).clamp(1, CUBES);
    let kernel = KernelPlan::new(rows, plan, n, team, cubes == 1);
    state.epoch += 1;
    match &rows.predictions {
        Predictions::Labels(pred) => {
            state.counts = DeviceTensor::from_dispatch(<Dispatch as Kernels>::rows_of_labels(
                state.counts.into_dispatch(),
                pred.clone().into_dispatch(),
                rows.target.clone().into_dispatch(),
                kernel,
            ));
        }
        Predictions::Scores(scores) => {
            if plan.words > 0 {
                state.grow(cubes, plan.words);
            }
            if kernel.scores == Meaning::Told {
                state.counts = DeviceTensor::from_dispatch(<Dispatch as Kernels>::tell_logits(
                    state.counts.into_dispatch(),
                    scores.clone().into_dispatch(),
                    state.epoch,
                ));
            }
            let (counts, words) = <Dispatch as Kernels>::rows_of_scores(
                state.counts.into_dispatch(),
                state.words.into_dispatch(),
                state.constants.clone().into_dispatch(),
                scores.clone().into_dispatch(),
                rows.target.clone().into_dispatch(),
                kernel,
                cubes,
                state.epoch,
            );
            state.counts = DeviceTensor::from_dispatch(counts);
            state.words = DeviceTensor::from_dispatch(words);
        }
    }
    Ok(state)
}

impl KernelPlan {
    fn new(rows: &Rows, plan: &Plan<RowSink>, n: usize, team: u32, one_cube: bool) -> Self {
        let (mut sums, mut bins) = (0, 0);
        let sinks = plan.sinks.iter().map(|placed| {
            let sink = KernelSink {
                sink: placed.sink.clone(),
                counts: placed.counts,
                words: placed.words,
                constants: placed.constants,
                sum: sums,
                bin: bins,
            };
            match &placed.sink {
                RowSink::LogLikelihood { .. } => sums += 1,
                RowSink::Calibration { bins: own, .. } => bins += own + 1,
                RowSink::Matrix(_) | RowSink::Margins(_) => {}
            }
            sink
        });
        let sinks: Vec<_> = sinks.collect();
        let need = need(plan);
        let scores = match rows.kind {
            _ if need < Need::Probability => Meaning::Logits,
            ScoreKind::Probabilities => Meaning::Probabilities,
            ScoreKind::Logits => Meaning::Logits,
            ScoreKind::Auto if one_cube => Meaning::Looked,
            ScoreKind::Auto => Meaning::Told,
        };
        Self {
            sinks,
            counts: plan.counts,
            private: plan.counts <= PRIVATE && n >= 4 * plan.counts,
            words: plan.words,
            sums,
            bins,
            team,
            likelihood: need > Need::Ranks,
            scores,
        }
    }
}

/// See [`Kernels::rows_of_scores`].
pub(in crate::ops) fn of_scores(
    counts: IntTensor<CubeBackend>,
    words: FloatTensor<CubeBackend>,
    constants: FloatTensor<CubeBackend>,
    scores: FloatTensor<CubeBackend>,
    target: IntTensor<CubeBackend>,
    plan: KernelPlan,
    cubes: usize,
    epoch: i32,
) -> (IntTensor<CubeBackend>, FloatTensor<CubeBackend>) {
    let (counts, words) = (writable(counts), writable(words));
    let (scores, target) = (ops::cube::rows(scores), ints(target));
    let [n, _] = scores.meta.shape().dims();
    same_length(n, &[&target]);
    let dtypes = [elem(&scores), elem(&target)];
    // SAFETY: the kernel reads rows below `n` and columns below the number of classes; places in `counts`
    // are checked against its length, and `words` has a slot for each cube.
    unsafe {
        scores_pass::launch_unchecked(
            &counts.client,
            CubeCount::new_1d(cubes as u32),
            CUBE,
            counts.clone().into_tensor_arg(),
            words.clone().into_tensor_arg(),
            floats(constants).into_tensor_arg(),
            scores.into_tensor_arg(),
            target.into_tensor_arg(),
            epoch,
            f32::NAN,
            plan,
            dtypes,
        );
    }
    (counts, words)
}

/// See [`Kernels::rows_of_labels`].
pub(in crate::ops) fn of_labels(
    counts: IntTensor<CubeBackend>,
    pred: IntTensor<CubeBackend>,
    target: IntTensor<CubeBackend>,
    plan: KernelPlan,
) -> IntTensor<CubeBackend> {
    let (counts, pred, target) = (writable(counts), ints(pred), ints(target));
    let n = target.meta.num_elements();
    same_length(n, &[&pred]);
    let dtypes = [elem(&pred), elem(&target)];
    let cubes = ops::cube::walking(n);
    // SAFETY: the kernel reads elements below `n`, and places in `counts` are checked against its length.
    unsafe {
        labels_pass::launch_unchecked(
            &counts.client,
            cubes,
            CUBE,
            counts.clone().into_tensor_arg(),
            pred.into_tensor_arg(),
            target.into_tensor_arg(),
            plan,
            dtypes,
        );
    }
    counts
}

#[cube(launch_unchecked)]
fn labels_pass<P: Int, I: Int>(
    counts: &mut Tensor<Atomic<i32>>,
    pred: &Tensor<P>,
    target: &Tensor<I>,
    #[comptime] plan: KernelPlan,
    #[define(P, I)] _dtypes: [ElemType; 2],
) {
    let n = target.len();
    let private = comptime!(if plan.private { plan.counts } else { 0 });
    let own = own_counters(private);
    let mut i = ABSOLUTE_POS;
    while i < n {
        let raw = target[i];
        let target = label::<I>(raw);
        let pred = label::<P>(pred[i]);
        #[unroll]
        for k in 0..comptime!(plan.sinks.len()) {
            let sink = comptime!(plan.sinks[k].clone());
            let classes = comptime!(sink.classes());
            let row = Scanned {
                best: pred,
                rank: label_rank(pred, target, comptime!(classes as i32)),
                max: 0.0f32,
                log_sum: 0.0f32,
                loss: 0.0f32,
            };
            count_row::<I>(counts, &own, &row, raw, target, sink, private);
        }
        i += CUBE_COUNT * CUBE_DIM as usize;
    }
    flush(counts, &own, private);
}

impl KernelSink {
    fn classes(&self) -> usize {
        match &self.sink {
            RowSink::Matrix(options) | RowSink::Margins(options) => options.classes,
            RowSink::LogLikelihood { .. } | RowSink::Calibration { .. } => 1,
        }
    }

    fn top_k(&self) -> i32 {
        match &self.sink {
            RowSink::Matrix(options) | RowSink::Margins(options) => options.top_k as i32,
            RowSink::LogLikelihood { .. } | RowSink::Calibration { .. } => 1,
        }
    }

    fn ignored(&self) -> Option<i64> {
        match &self.sink {
            RowSink::Matrix(options) | RowSink::Margins(options) => options.ignore_index,
            RowSink::LogLikelihood { ignore_index } | RowSink::Calibration { ignore_index, .. } => {
                *ignore_index
            }
        }
    }

    /// Counters before the rejected ones.
    fn cells(&self) -> usize {
        match &self.sink {
            RowSink::Matrix(options) => options.classes * options.classes,
            RowSink::Margins(options) => 3 * options.classes,
            RowSink::LogLikelihood { .. } => 1,
            RowSink::Calibration { bins, .. } => 2 * (bins + 1),
        }
    }

    fn is_matrix(&self) -> bool {
        matches!(self.sink, RowSink::Matrix(_))
    }

    fn is_likelihood(&self) -> bool {
        matches!(self.sink, RowSink::LogLikelihood { .. })
    }

    fn bins(&self) -> usize {
        match &self.sink {
            RowSink::Calibration { bins, .. } => bins + 1,
            _ => 0,
        }
    }
}

/// The negative code of a row that is left out, else 0.
#[cube]
fn code_of<I: Int>(rank: i32, target: I, #[comptime] ignored: Option<i64>) -> i32 {
    let ignores = comptime!(ignored.is_some());
    let index = comptime!(ignored.unwrap_or(0));
    row_code::<I>(rank, target, I::new(index), ignores)
}

/// Counts a row in a matrix or its margins.
#[cube]
fn count_row<I: Int>(
    counts: &mut Tensor<Atomic<i32>>,
    own: &Shared<[Atomic<i32>]>,
    row: &Scanned,
    raw: I,
    target: i32,
    #[comptime] sink: KernelSink,
    #[comptime] private: usize,
) {
    let code = code_of::<I>(row.rank, raw, comptime!(sink.ignored()));
    let from = comptime!(sink.counts).runtime();
    let cells = comptime!(sink.cells());
    let classes = comptime!(sink.classes()).runtime();
    if code < 0 {
        count(counts, own, from + cells + slot(code), 1i32, private);
    } else {
        let hit = row.rank < comptime!(sink.top_k()).runtime();
        let target = usize::cast_from(target);
        let pred = select(hit, target, usize::cast_from(row.best));
        if comptime!(sink.is_matrix()) {
            count(counts, own, from + target * classes + pred, 1i32, private);
        } else {
            if target == pred {
                count(counts, own, from + target, 1i32, private);
            }
            count(counts, own, from + classes + pred, 1i32, private);
            count(counts, own, from + 2 * classes + target, 1i32, private);
        }
    }
}

#[cube(launch_unchecked)]
#[allow(clippy::too_many_arguments)]
fn scores_pass<F: Float, I: Int>(
    counts: &mut Tensor<Atomic<i32>>,
    words: &mut Tensor<f32>,
    constants: &Tensor<f32>,
    scores: &Tensor<F>,
    target: &Tensor<I>,
    epoch: i32,
    undefined: f32,
    #[comptime] plan: KernelPlan,
    #[define(F, I)] _dtypes: [ElemType; 2],
) {
    let n = scores.shape(0);
    let classes = scores.shape(1);
    let team = comptime!(plan.team);
    let private = comptime!(if plan.private { plan.counts } else { 0 });
    let own = own_counters(private);
    let softmax = are_logits::<F>(&*counts, scores, epoch, comptime!(plan.clone()));

    let sums = comptime!(plan.sums);
    let mut totals = Array::<f32>::new(comptime!(2 * sums.max(1)));
    #[unroll]
    for k in 0..sums {
        totals[2 * k] = 0.0f32;
        totals[2 * k + 1] = 0.0f32;
    }
    // Sums of 64 bits: what overflows the low half goes to the high half.
    let bins = comptime!(plan.bins);
    let low = Shared::<[Atomic<u32>]>::new_slice(comptime!(bins.max(1)));
    let high = Shared::<[Atomic<u32>]>::new_slice(comptime!(bins.max(1)));
    let mut bin = UNIT_POS as usize;
    while bin < comptime!(bins).runtime() {
        low[bin].store(0u32);
        high[bin].store(0u32);
        bin += CUBE_DIM as usize;
    }
    sync_cube();

    let teams = comptime!((UNITS / team) as usize).runtime();
    let mut first = CUBE_POS as usize * teams;
    while first < n {
        let row = first + (UNIT_POS / team) as usize;
        // Units beyond the last row go on with it, for the barriers need them all.
        let at = min(row, n - 1);
        let raw = target[at];
        let target = label::<I>(raw);
        let from = at * scores.stride(0);
        let scanned = scan::<F>(
            scores,
            from,
            classes,
            target,
            undefined,
            team,
            comptime!(plan.likelihood),
        );
        if UNIT_POS % team == 0 && row < n {
            #[unroll]
            for k in 0..comptime!(plan.sinks.len()) {
                let sink = comptime!(plan.sinks[k].clone());
                if comptime!(sink.is_likelihood()) {
                    add_loss::<I>(
                        counts,
                        &own,
                        &mut totals,
                        &scanned,
                        raw,
                        comptime!(sink.clone()),
                        private,
                    );
                } else if comptime!(sink.bins() > 0) {
                    add_confidence::<I>(
                        counts,
                        &own,
                        &low,
                        &high,
                        constants,
                        &scanned,
                        raw,
                        softmax,
                        comptime!(sink.clone()),
                        private,
                    );
                } else {
                    count_row::<I>(
                        counts,
                        &own,
                        &scanned,
                        raw,
                        target,
                        comptime!(sink.clone()),
                        private,
                    );
                }
            }
        }
        first += CUBE_COUNT * teams;
    }

    flush(counts, &own, private);
    let slot = CUBE_POS as usize * comptime!(plan.words).runtime();
    #[unroll]
    for k in 0..comptime!(plan.sinks.len()) {
        let sink = comptime!(plan.sinks[k].clone());
        let place = slot + comptime!(sink.words).runtime();
        if comptime!(sink.is_likelihood()) {
            let at = comptime!(2 * sink.sum);
            let mut total = Sum {
                high: totals[at],
                low: totals[at + 1],
            };
            over_units(&mut total);
            if UNIT_POS == 0 {
                add_to_slot(words, place, 1usize, &total);
            }
        } else if comptime!(sink.bins() > 0) {
            let width = comptime!(sink.bins()).runtime();
            let mut bin = UNIT_POS as usize;
            while bin < width {
                let at = comptime!(sink.bin).runtime() + bin;
                let whole = low[at].load();
                // Halves of 16 bits, which `f32` holds exactly.
                let mut sum = Sum::zero();
                sum.add_number(f32::cast_from(high[at].load()) * (2.0 * SCALE));
                sum.add_number(f32::cast_from(whole >> 16u32) * 65536.0);
                sum.add_number(f32::cast_from(whole & 65535u32));
                sum.high /= SCALE;
                sum.low /= SCALE;
                add_to_slot(words, place + bin, width, &sum);
                bin += CUBE_DIM as usize;
            }
        }
    }
}

/// Whether the scores of the batch are logits.
#[cube]
fn are_logits<F: Float>(
    counts: &Tensor<Atomic<i32>>,
    scores: &Tensor<F>,
    epoch: i32,
    #[comptime] plan: KernelPlan,
) -> bool {
    let mut logits = comptime!(plan.scores == Meaning::Logits).runtime();
    if comptime!(plan.scores == Meaning::Told) {
        logits = counts[comptime!(plan.counts)].load() == epoch;
    } else if comptime!(plan.scores == Meaning::Looked) {
        let any = Shared::<[Atomic<i32>]>::new_slice(1usize);
        if UNIT_POS == 0 {
            any[0].store(0i32);
        }
        sync_cube();
        let mut outside = false;
        let classes = scores.shape(1);
        let mut i = UNIT_POS as usize;
        while i < scores.shape(0) * classes {
            let place = (i / classes) * scores.stride(0) + i % classes;
            let score = f32::cast_from(scores[place]);
            outside = outside || score < 0.0 || score > 1.0;
            i += CUBE_DIM as usize;
        }
        if outside {
            any[0].store(1i32);
        }
        sync_cube();
        logits = any[0].load() != 0;
    }
    logits
}

#[cube]
fn add_loss<I: Int>(
    counts: &mut Tensor<Atomic<i32>>,
    own: &Shared<[Atomic<i32>]>,
    totals: &mut Array<f32>,
    row: &Scanned,
    raw: I,
    #[comptime] sink: KernelSink,
    #[comptime] private: usize,
) {
    let mut code = code_of::<I>(row.rank, raw, comptime!(sink.ignored()));
    if code == 0 && is_nan(row.loss) {
        code = comptime!(Reason::Nan.code()).runtime();
    }
    let from = comptime!(sink.counts).runtime();
    if code < 0 {
        count(counts, own, from + 1 + slot(code), 1i32, private);
    } else {
        count(counts, own, from, 1i32, private);
        let at = comptime!(2 * sink.sum);
        let mut total = Sum {
            high: totals[at],
            low: totals[at + 1],
        };
        total.add_number(row.loss);
        totals[at] = total.high;
        totals[at + 1] = total.low;
    }
}

#[cube]
#[allow(clippy::too_many_arguments)]
fn add_confidence<I: Int>(
    counts: &mut Tensor<Atomic<i32>>,
    own: &Shared<[Atomic<i32>]>,
    low: &Shared<[Atomic<u32>]>,
    high: &Shared<[Atomic<u32>]>,
    constants: &Tensor<f32>,
    row: &Scanned,
    raw: I,
    softmax: bool,
    #[comptime] sink: KernelSink,
    #[comptime] private: usize,
) {
    let mut share = row.max;
    let mut undefined = false;
    if softmax {
        share = exp(row.max - row.log_sum);
        undefined = is_infinite(row.max);
    }
    let mut code = code_of::<I>(row.rank, raw, comptime!(sink.ignored()));
    if code == 0 {
        if undefined || is_nan(share) {
            code = comptime!(Reason::Nan.code()).runtime();
        } else if share < 0.0 || share > 1.0 {
            code = comptime!(Reason::InvalidPrediction.code()).runtime();
        }
    }
    let from = comptime!(sink.counts).runtime();
    let width = comptime!(sink.bins()).runtime();
    if code < 0 {
        count(counts, own, from + 2 * width + slot(code), 1i32, private);
    } else {
        let begin = comptime!(sink.constants).runtime();
        let edges = reached(constants, begin, width, share);
        let bin = max(edges, 1usize) - 1;
        count(counts, own, from + bin, 1i32, private);
        if row.rank == 0 {
            count(counts, own, from + width + bin, 1i32, private);
        }
        let at = comptime!(sink.bin).runtime() + bin;
        let amount = u32::cast_from(f32::round(share * SCALE));
        let before = low[at].fetch_add(amount);
        if before + amount < before {
            high[at].fetch_add(1u32);
        }
    }
}
