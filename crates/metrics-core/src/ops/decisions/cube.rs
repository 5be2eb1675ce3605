//! The pass as one launch: every unit walks over decisions, and hands each to every sink.

use super::{DecisionSink, Decisions};
use crate::{
    Reason, ScoreKind,
    framework::pass::{DeviceState, Placed, Plan},
    ops::{
        self,
        cube::{
            CUBE, FEW, UNITS,
            counts::{PRIVATE, count, decision_code, flush, own_counters, reached, slot},
            elem, floats, ints, label,
            math::{exp, is_nan, ln, log1p, opaque},
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
use burn::tensor::{DType, Tensor as DeviceTensor};
use burn_cubecl::{CubeBackend, kernel::into_contiguous};
use cubecl::{CubeCount, ir::ElemType, prelude::*};

/// Probabilities are added as multiples of 2^-31 in whole numbers, so in any order.
const SCALE: f32 = 2147483648.0;

/// The most bins that a cube has memory for.
const BINS: usize = 512;

/// The most sums that a unit keeps.
const SUMS: usize = 32;

/// The most cubes: each has a slot of its own.
const CUBES: usize = 512;

/// Decisions that a unit takes, before there are more cubes.
const PER_UNIT: usize = 8;

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
    kind: Kind,
    ignored: Option<i64>,
    /// Whether the scores are predicted labels, which have a threshold of their own.
    labels: bool,
    /// Where its counters, words and constants begin.
    counts: usize,
    words: usize,
    constants: usize,
    /// Its first sum of those that each unit keeps.
    sum: usize,
    /// Its first bin of those that each cube keeps.
    bin: usize,
}

/// What becomes of a decision. Numbers that only scale places are in the plan, others are constants.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
enum Kind {
    Cells,
    Groups { groups: usize },
    Thresholds { len: usize },
    Calibration { bins: usize },
    Terms,
    Hinge { squared: bool, raw: bool },
}

impl Kind {
    /// `None` if there is no kernel.
    fn new(sink: &DecisionSink, labels: usize) -> Option<(Self, Option<i64>)> {
        let single = labels == 1;
        Some(match sink {
            DecisionSink::Cells { ignore_index, .. } => (Self::Cells, *ignore_index),
            DecisionSink::Groups {
                groups,
                ignore_index,
                ..
            } if single => (Self::Groups { groups: *groups }, *ignore_index),
            DecisionSink::Thresholds {
                thresholds,
                ignore_index,
            } => {
                let len = thresholds.len();
                (Self::Thresholds { len }, *ignore_index)
            }
            DecisionSink::Calibration { bins, ignore_index } if single => {
                (Self::Calibration { bins: bins + 1 }, *ignore_index)
            }
            DecisionSink::Terms { ignore_index } if single => (Self::Terms, *ignore_index),
            DecisionSink::Hinge {
                squared,
                raw,
                ignore_index,
            } if single => {
                let (squared, raw) = (*squared, *raw);
                (Self::Hinge { squared, raw }, *ignore_index)
            }
            _ => return None,
        })
    }

    fn sums(self) -> usize {
        match self {
            Self::Terms => 4,
            Self::Hinge { .. } => 2,
            _ => 0,
        }
    }

    fn bins(self) -> usize {
        match self {
            Self::Calibration { bins } => bins,
            _ => 0,
        }
    }
}

/// The pass of the sinks that there is a kernel for, and which these are.
pub(super) fn pass(
    decisions: &Decisions,
    plan: &Plan<DecisionSink>,
    mut state: DeviceState,
) -> (DeviceState, Vec<bool>) {
    let none = vec![false; plan.sinks.len()];
    let elements: usize = decisions.dims().iter().product();
    let device = decisions.target.device();
    let some = elements > 0 && elements <= ops::KERNEL_ELEMENTS;
    if !ops::has_kernels(&device) || decisions.weights.is_some() || !some {
        return (state, none);
    }
    // Some decisions are left to one cube, which saves a launch.
    let cubes = if decisions.kind == ScoreKind::Auto && elements <= FEW {
        1
    } else {
        elements.div_ceil(UNITS as usize * PER_UNIT).clamp(1, CUBES)
    };
    let (kernel, taken) = KernelPlan::new(decisions, plan, elements, cubes == 1);
    if kernel.sinks.is_empty() {
        return (state, none);
    }
    state.epoch += 1;
    if kernel.sums + kernel.bins > 0 {
        state.grow(cubes, plan.words);
    }
    if kernel.scores == Meaning::Told {
        state.counts = DeviceTensor::from_dispatch(<Dispatch as Kernels>::tell_logits(
            state.counts.into_dispatch(),
            decisions.scores.clone().into_dispatch(),
            state.epoch,
        ));
    }
    let (counts, words) = (state.counts.into_dispatch(), state.words.into_dispatch());
    let constants = state.constants.clone().into_dispatch();
    let scores = decisions.scores.clone().into_dispatch();
    let target = decisions.target.clone().into_dispatch();
    let (counts, words) = match &decisions.groups {
        Some(groups) => <Dispatch as Kernels>::grouped_decisions(
            counts,
            words,
            constants,
            scores,
            target,
            groups.clone().into_dispatch(),
            kernel,
            cubes,
            state.epoch,
        ),
        None => <Dispatch as Kernels>::decisions(
            counts,
            words,
            constants,
            scores,
            target,
            kernel,
            cubes,
            state.epoch,
        ),
    };
    state.counts = DeviceTensor::from_dispatch(counts);
    state.words = DeviceTensor::from_dispatch(words);
    (state, taken)
}

impl KernelPlan {
    fn new(
        decisions: &Decisions,
        plan: &Plan<DecisionSink>,
        elements: usize,
        one_cube: bool,
    ) -> (Self, Vec<bool>) {
        let [_, labels] = decisions.dims();
        let wide = decisions.target.dtype() == DType::I64;
        let (mut sums, mut bins, mut sinks) = (0, 0, Vec::new());
        let mut take = |placed: &Placed<DecisionSink>| {
            let Some((kind, ignored)) = Kind::new(&placed.sink, labels) else {
                return false;
            };
            if sums + kind.sums() > SUMS || bins + kind.bins() > BINS {
                return false;
            }
            sinks.push(KernelSink {
                kind,
                // What does not fit the target's type is no target.
                ignored: ignored.filter(|index| wide || i32::try_from(*index).is_ok()),
                labels: decisions.labels,
                counts: placed.counts,
                words: placed.words,
                constants: placed.constants,
                sum: sums,
                bin: bins,
            });
            sums += kind.sums();
            bins += kind.bins();
            true
        };
        let taken = plan.sinks.iter().map(&mut take).collect();
        let scores = match decisions.kind {
            ScoreKind::Probabilities => Meaning::Probabilities,
            ScoreKind::Logits => Meaning::Logits,
            ScoreKind::Auto if one_cube => Meaning::Looked,
            ScoreKind::Auto => Meaning::Told,
        };
        let kernel = Self {
            sinks,
            counts: plan.counts,
            private: plan.counts <= PRIVATE && elements >= 4 * plan.counts,
            words: plan.words,
            sums,
            bins,
            scores,
        };
        (kernel, taken)
    }
}

/// See [`Kernels::decisions`].
#[allow(clippy::too_many_arguments)]
pub(in crate::ops) fn pass_over(
    counts: IntTensor<CubeBackend>,
    words: FloatTensor<CubeBackend>,
    constants: FloatTensor<CubeBackend>,
    scores: FloatTensor<CubeBackend>,
    target: IntTensor<CubeBackend>,
    groups: Option<IntTensor<CubeBackend>>,
    plan: KernelPlan,
    cubes: usize,
    epoch: i32,
) -> (IntTensor<CubeBackend>, FloatTensor<CubeBackend>) {
    let (counts, words) = (writable(counts), writable(words));
    let (scores, target) = (into_contiguous(scores), ints(target));
    same_length(scores.meta.num_elements(), &[&target]);
    let cubes = CubeCount::new_1d(cubes as u32);
    let Some(groups) = groups else {
        let dtypes = [elem(&scores), elem(&target)];
        // SAFETY: the kernel reads elements below their number; places in `counts` are checked against its
        // length, and `words` has a slot for each cube.
        unsafe {
            decisions_pass::launch_unchecked(
                &counts.client,
                cubes,
                CUBE,
                counts.clone().into_tensor_arg(),
                words.clone().into_tensor_arg(),
                floats(constants).into_tensor_arg(),
                scores.into_tensor_arg(),
                target.into_tensor_arg(),
                epoch,
                f32::INFINITY,
                plan,
                dtypes,
            );
        }
        return (counts, words);
    };
    let groups = ints(groups);
    same_length(target.meta.num_elements(), &[&groups]);
    let dtypes = [elem(&scores), elem(&target), elem(&groups)];
    // SAFETY: as above; there are as many groups as targets.
    unsafe {
        grouped_pass::launch_unchecked(
            &counts.client,
            cubes,
            CUBE,
            counts.clone().into_tensor_arg(),
            words.clone().into_tensor_arg(),
            floats(constants).into_tensor_arg(),
            scores.into_tensor_arg(),
            target.into_tensor_arg(),
            groups.into_tensor_arg(),
            epoch,
            f32::INFINITY,
            plan,
            dtypes,
        );
    }
    (counts, words)
}

#[cube(launch_unchecked)]
#[allow(clippy::too_many_arguments)]
fn decisions_pass<F: Float, I: Int>(
    counts: &mut Tensor<Atomic<i32>>,
    words: &mut Tensor<f32>,
    constants: &Tensor<f32>,
    scores: &Tensor<F>,
    target: &Tensor<I>,
    epoch: i32,
    infinite: f32,
    #[comptime] plan: KernelPlan,
    #[define(F, I)] _dtypes: [ElemType; 2],
) {
    // No sink reads the groups.
    walk::<F, I, I>(
        counts, words, constants, scores, target, target, epoch, infinite, plan,
    );
}

#[cube(launch_unchecked)]
#[allow(clippy::too_many_arguments)]
fn grouped_pass<F: Float, I: Int, G: Int>(
    counts: &mut Tensor<Atomic<i32>>,
    words: &mut Tensor<f32>,
    constants: &Tensor<f32>,
    scores: &Tensor<F>,
    target: &Tensor<I>,
    groups: &Tensor<G>,
    epoch: i32,
    infinite: f32,
    #[comptime] plan: KernelPlan,
    #[define(F, I, G)] _dtypes: [ElemType; 3],
) {
    walk::<F, I, G>(
        counts, words, constants, scores, target, groups, epoch, infinite, plan,
    );
}

/// Bins of a cube: sums of 64 bits, of which what overflows the low half goes to the high half.
#[derive(CubeType)]
struct Bins {
    low: Shared<[Atomic<u32>]>,
    high: Shared<[Atomic<u32>]>,
}

/// A decision.
#[derive(CubeType, Clone, Copy)]
struct Decision {
    score: f32,
    probability: f32,
    logit: bool,
    /// What it takes to be infinite.
    infinite: f32,
}

#[cube]
#[allow(clippy::too_many_arguments)]
fn walk<F: Float, I: Int, G: Int>(
    counts: &mut Tensor<Atomic<i32>>,
    words: &mut Tensor<f32>,
    constants: &Tensor<f32>,
    scores: &Tensor<F>,
    target: &Tensor<I>,
    groups: &Tensor<G>,
    epoch: i32,
    infinite: f32,
    #[comptime] plan: KernelPlan,
) {
    let n = target.len();
    let labels = scores.shape(1);
    let private = comptime!(if plan.private { plan.counts } else { 0 });
    let own = own_counters(private);
    let logit = are_logits::<F>(&*counts, scores, epoch, comptime!(plan.clone()));
    let sums = comptime!(plan.sums);
    let mut totals = Array::<f32>::new(comptime!(2 * sums.max(1)));
    #[unroll]
    for k in 0..sums {
        totals[2 * k] = 0.0f32;
        totals[2 * k + 1] = 0.0f32;
    }
    let bins = comptime!(plan.bins);
    let own_bins = Bins {
        low: Shared::<[Atomic<u32>]>::new_slice(comptime!(bins.max(1))),
        high: Shared::<[Atomic<u32>]>::new_slice(comptime!(bins.max(1))),
    };
    let mut bin = UNIT_POS as usize;
    while bin < comptime!(bins).runtime() {
        own_bins.low[bin].store(0u32);
        own_bins.high[bin].store(0u32);
        bin += CUBE_DIM as usize;
    }
    sync_cube();

    let mut i = ABSOLUTE_POS;
    while i < n {
        let score = f32::cast_from(scores[i]);
        let mut probability = score;
        if logit {
            // Of the side on which the exponential does not overflow.
            let small = exp(-score.abs());
            probability = select(score < 0.0, small, 1.0f32) / (1.0 + small);
        }
        let decision = Decision {
            score,
            probability,
            logit,
            infinite,
        };
        let raw = target[i];
        let column = i % labels;
        #[unroll]
        for k in 0..comptime!(plan.sinks.len()) {
            let sink = comptime!(plan.sinks[k].clone());
            let code = code_of::<I>(&decision, raw, comptime!(sink.clone()));
            if comptime!(sink.kind.sums() > 0) {
                add_terms(
                    counts,
                    &own,
                    &mut totals,
                    &decision,
                    code,
                    comptime!(sink.clone()),
                    private,
                );
            } else if comptime!(sink.kind.bins() > 0) {
                add_probability(
                    counts,
                    &own,
                    &own_bins,
                    constants,
                    probability,
                    code,
                    comptime!(sink.clone()),
                    private,
                );
            } else {
                let mut first = column;
                let mut code = code;
                if comptime!(matches!(sink.kind, Kind::Groups { .. })) {
                    let group = label::<G>(groups[i]);
                    let unknown = group < 0 || group >= comptime!(sink.groups()).runtime();
                    first = usize::cast_from(select(unknown, 0i32, group));
                    if code >= 0 && unknown {
                        code = comptime!(Reason::InvalidTarget.code()).runtime();
                    }
                }
                count_cell(
                    counts,
                    &own,
                    constants,
                    probability,
                    first,
                    labels,
                    code,
                    comptime!(sink.clone()),
                    private,
                );
            }
        }
        i += CUBE_COUNT * CUBE_DIM as usize;
    }

    flush(counts, &own, private);
    let slot = CUBE_POS as usize * comptime!(plan.words).runtime();
    #[unroll]
    for k in 0..comptime!(plan.sinks.len()) {
        let sink = comptime!(plan.sinks[k].clone());
        let place = slot + comptime!(sink.words).runtime();
        let own_sums = comptime!(sink.kind.sums());
        #[unroll]
        for j in 0..own_sums {
            let at = comptime!(2 * (sink.sum + j));
            let mut total = Sum {
                high: totals[at],
                low: totals[at + 1],
            };
            over_units(&mut total);
            if UNIT_POS == 0 {
                let width = comptime!(own_sums).runtime();
                add_to_slot(words, place + comptime!(j).runtime(), width, &total);
            }
        }
        if comptime!(sink.kind.bins() > 0) {
            let width = comptime!(sink.kind.bins()).runtime();
            let mut bin = UNIT_POS as usize;
            while bin < width {
                let at = comptime!(sink.bin).runtime() + bin;
                let whole = own_bins.low[at].load();
                // Halves of 16 bits, which `f32` holds exactly.
                let mut sum = Sum::zero();
                sum.add_number(f32::cast_from(own_bins.high[at].load()) * (2.0 * SCALE));
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

impl KernelSink {
    fn groups(&self) -> i32 {
        match self.kind {
            Kind::Groups { groups } => groups as i32,
            _ => 0,
        }
    }

    fn is_raw(&self) -> bool {
        matches!(self.kind, Kind::Hinge { raw: true, .. })
    }

    fn is_squared(&self) -> bool {
        matches!(self.kind, Kind::Hinge { squared: true, .. })
    }

    fn is_terms(&self) -> bool {
        self.kind == Kind::Terms
    }

    /// How many thresholds it counts by; 0 if it is by one alone.
    fn thresholds(&self) -> usize {
        match self.kind {
            Kind::Thresholds { len } => len,
            _ => 0,
        }
    }

    fn is_by_thresholds(&self) -> bool {
        matches!(self.kind, Kind::Thresholds { .. })
    }
}

/// 0, 1, or the negative code of a decision that is left out.
#[cube]
fn code_of<I: Int>(decision: &Decision, raw: I, #[comptime] sink: KernelSink) -> i32 {
    let ignores = comptime!(sink.ignored.is_some());
    let index = comptime!(sink.ignored.unwrap_or(0));
    let mut checked = decision.probability;
    if comptime!(sink.is_raw()) && !is_nan(decision.score) {
        // Scores of any size.
        checked = 0.0f32;
    }
    decision_code::<I>(checked, raw, I::new(index), ignores)
}

/// Counts a decision of a label or a group by its target and its side of a threshold, or by the number of
/// thresholds that it reaches.
#[cube]
#[allow(clippy::too_many_arguments)]
fn count_cell(
    counts: &mut Tensor<Atomic<i32>>,
    own: &Shared<[Atomic<i32>]>,
    constants: &Tensor<f32>,
    probability: f32,
    first: usize,
    labels: usize,
    code: i32,
    #[comptime] sink: KernelSink,
    #[comptime] private: usize,
) {
    let from = comptime!(sink.counts).runtime();
    let begin = comptime!(sink.constants).runtime();
    let block = if comptime!(sink.is_by_thresholds()) {
        comptime!(sink.thresholds() + 1).runtime()
    } else {
        2usize.runtime()
    };
    if code < 0 {
        let mut firsts = labels;
        if comptime!(sink.groups() > 0) {
            firsts = usize::cast_from(comptime!(sink.groups()).runtime());
        }
        count(
            counts,
            own,
            from + 2 * firsts * block + slot(code),
            1i32,
            private,
        );
    } else {
        let inside = if comptime!(sink.is_by_thresholds()) {
            reached(constants, begin, block - 1, probability)
        } else {
            let threshold = if comptime!(sink.labels) {
                0.5f32.runtime()
            } else {
                constants[begin]
            };
            select(probability > threshold, 1usize, 0usize)
        };
        let place = (first * 2 + code as usize) * block + inside;
        count(counts, own, from + place, 1i32, private);
    }
}

#[cube]
#[allow(clippy::too_many_arguments)]
fn add_probability(
    counts: &mut Tensor<Atomic<i32>>,
    own: &Shared<[Atomic<i32>]>,
    bins: &Bins,
    constants: &Tensor<f32>,
    probability: f32,
    code: i32,
    #[comptime] sink: KernelSink,
    #[comptime] private: usize,
) {
    let from = comptime!(sink.counts).runtime();
    let width = comptime!(sink.kind.bins()).runtime();
    if code < 0 {
        count(counts, own, from + 2 * width + slot(code), 1i32, private);
    } else {
        let begin = comptime!(sink.constants).runtime();
        let edges = reached(constants, begin, width, probability);
        let bin = max(edges, 1usize) - 1;
        count(counts, own, from + bin, 1i32, private);
        if code == 1 {
            count(counts, own, from + width + bin, 1i32, private);
        }
        let at = comptime!(sink.bin).runtime() + bin;
        let amount = u32::cast_from(f32::round(probability * SCALE));
        let before = bins.low[at].fetch_add(amount);
        if before + amount < before {
            bins.high[at].fetch_add(1u32);
        }
    }
}

/// Adds the terms of a decision to the sums of its unit.
#[cube]
fn add_terms(
    counts: &mut Tensor<Atomic<i32>>,
    own: &Shared<[Atomic<i32>]>,
    totals: &mut Array<f32>,
    decision: &Decision,
    code: i32,
    #[comptime] sink: KernelSink,
    #[comptime] private: usize,
) {
    let positive = code == 1;
    let loss = if comptime!(sink.is_terms()) {
        cross_entropy(decision, positive)
    } else {
        hinge(decision, positive, comptime!(sink.clone()))
    };
    let mut code = code;
    if code >= 0 && is_nan(loss) {
        code = comptime!(Reason::Nan.code()).runtime();
    }
    let from = comptime!(sink.counts).runtime();
    if code < 0 {
        count(counts, own, from + 1 + slot(code), 1i32, private);
    } else {
        count(counts, own, from, 1i32, private);
        let first = comptime!(sink.sum);
        add_total(totals, loss, first);
        if comptime!(sink.is_terms()) {
            add_total(totals, decision.probability, comptime!(first + 1));
            // Whole numbers need no compensation.
            totals[comptime!(2 * (first + 2))] += f32::cast_from(code);
            totals[comptime!(2 * (first + 3))] += 1.0f32;
        } else {
            totals[comptime!(2 * (first + 1))] += 1.0f32;
        }
    }
}

#[cube]
fn add_total(totals: &mut Array<f32>, number: f32, #[comptime] sum: usize) {
    let at = comptime!(2 * sum);
    let mut total = Sum {
        high: totals[at],
        low: totals[at + 1],
    };
    total.add_number(number);
    totals[at] = total.high;
    totals[at + 1] = total.low;
}

#[cube]
fn cross_entropy(decision: &Decision, positive: bool) -> f32 {
    let mut loss = entropy(decision.probability, positive, decision.infinite);
    if decision.logit {
        loss = logit_entropy(decision.score, positive);
    }
    loss
}

#[cube]
fn hinge(decision: &Decision, positive: bool, #[comptime] sink: KernelSink) -> f32 {
    let score = if comptime!(sink.is_raw()) {
        decision.score
    } else {
        decision.probability
    };
    let mut loss = 1.0f32 - select(positive, score, -score);
    loss = select(loss < 0.0f32, 0.0f32, loss);
    if comptime!(sink.is_squared()) {
        loss *= loss;
    }
    loss
}

/// The cross-entropy of a logit: ln(1 + e^-z), where z is positive on the side of the target.
#[cube]
fn logit_entropy(score: f32, positive: bool) -> f32 {
    let z = select(positive, score, -score);
    max(-z, 0.0f32) + log1p(exp(-z.abs()))
}

/// The cross-entropy of a probability; that of a small one to be wrong keeps its digits.
#[cube]
fn entropy(p: f32, positive: bool, infinite: f32) -> f32 {
    let x = select(positive, p, 1.0f32 - p);
    // What is added to 1.
    let f = select(positive, opaque(p - 1.0f32), -p);
    // Subnormal numbers become normal ones.
    let tiny = x < 1.175_494_4e-38f32;
    let normal = select(tiny, x * 33_554_432.0f32, x);
    let mut result = select(tiny, 17.328_68f32, 0.0f32) - ln(normal);
    if f > -0.29f32 {
        result = -log1p(f);
    }
    if x == 0.0f32 {
        result = infinite;
    }
    result
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
        let mut i = UNIT_POS as usize;
        while i < scores.len() {
            let score = f32::cast_from(scores[i]);
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
