//! The operations as ordinary tensor operations: right on every backend, also where nothing
//! executes (Capture) or executes elsewhere (Remote).

mod joint;
mod math;
mod ranking;
mod rows;
mod terms;

pub(crate) use joint::ensemble_terms;
pub use joint::{co_moments, ensemble_scores};
pub(crate) use math::{is_near, log1p, log1p_excess, power};
pub use ranking::{label_ranking, labels_before, row_codes};
pub(crate) use rows::Rows;
pub use terms::{decision_terms, hinge_losses};

use super::{ConfusionOptions, LabelCountsOptions, PAIR_MOMENTS, ScoreKind, ValueOptions};
use crate::{REJECTED_SLOTS, Reason};
use burn::tensor::{Bool, DType, FloatDType, IndexingUpdateOp, Int, IntDType, Tensor, activation};

/// See [`row_ranks`](super::row_ranks).
pub fn row_ranks(scores: Tensor<2>, target: Tensor<1, Int>) -> Tensor<2, Int> {
    let [n, classes] = scores.dims();
    let device = scores.device();
    let nan = scores.clone().is_nan().any_dim(1);
    // A NaN is the largest score to some backends and none to others.
    let scores = scores.clone().mask_fill(scores.is_nan(), f32::NEG_INFINITY);
    let target = as_i32(target);
    let (invalid, safe) = outside(target.reshape([n, 1]), classes);
    let own = scores.clone().gather(1, safe.clone());
    let index =
        Tensor::<1, Int>::arange(0..classes as i64, (&device, DType::I32)).reshape([1, classes]);
    let wide = own.expand([n, classes]);
    let above = scores.clone().greater(wide.clone());
    let tied_before = scores.clone().equal(wide).bool_and(
        index
            .clone()
            .expand([n, classes])
            .lower(safe.expand([n, classes])),
    );
    let rank = as_i32(above.bool_or(tied_before).int()).sum_dim(1);
    let rank = rank
        .mask_fill(invalid, Reason::InvalidTarget.code())
        .mask_fill(nan, Reason::Nan.code());
    // The first of several largest scores, whatever the backend's argmax does about ties.
    let best = scores.clone().max_dim(1).expand([n, classes]);
    let argmax = index
        .expand([n, classes])
        .mask_fill(scores.equal(best).bool_not(), classes as i64)
        .min_dim(1)
        .clamp_max(classes as i64 - 1);
    Tensor::cat(vec![argmax, rank], 1).transpose()
}

/// See [`row_scan`](super::row_scan).
pub fn row_scan(scores: Tensor<2>, target: Tensor<1, Int>) -> (Tensor<2, Int>, Tensor<2>) {
    let [n, classes] = scores.dims();
    let ranks = row_ranks(scores.clone(), target.clone());
    let (_, safe) = outside(as_i32(target).reshape([n, 1]), classes);
    let own = scores.clone().gather(1, safe);
    let max = scores.clone().max_dim(1);
    // Subtracting an infinite maximum from itself would make NaN of a certain class.
    let shift = max.clone().clamp(f32::MIN, f32::MAX);
    let log_sum = (scores.clone() - shift.clone()).exp().sum_dim(1).log() + shift;
    // Of the classes but the best, whose share is 1, so that small shares keep their digits.
    let best = ranks.clone().slice([0..1, 0..n]).reshape([n, 1]);
    let index = Tensor::<1, Int>::arange(0..classes as i64, (&own.device(), DType::I32));
    let is_best =
        (index.reshape([1, classes]).expand([n, classes])).equal(best.expand([n, classes]));
    let others = (scores - max.clone()).exp().mask_fill(is_best, 0.0);
    // For the best class not `max - max`, which is NaN if it is infinite.
    let hit = ranks
        .clone()
        .slice([1..2, 0..n])
        .reshape([n, 1])
        .equal_elem(0);
    let gap = (max.clone() - own.clone()).mask_fill(hit, 0.0);
    let loss = gap + log1p(others.sum_dim(1));
    (
        ranks,
        Tensor::cat(vec![max, log_sum, own, loss], 1).transpose(),
    )
}

/// See [`label_ranks`](super::label_ranks).
pub fn label_ranks(pred: Tensor<1, Int>, target: Tensor<1, Int>, classes: usize) -> Tensor<2, Int> {
    let (bad_pred, pred) = outside(as_i32(pred), classes);
    let target = as_i32(target);
    let (bad_target, _) = outside(target.clone(), classes);
    let miss = as_i32(pred.clone().not_equal(target).int()) * classes as i32;
    let rank = miss
        .mask_fill(bad_pred, Reason::InvalidPrediction.code())
        .mask_fill(bad_target, Reason::InvalidTarget.code());
    Tensor::stack(vec![pred, rank], 0)
}

/// Of each row the target (0 where it is no class), the predicted class, whether the target is among
/// the top k, and a negative code if the row is rejected.
fn predictions(
    ranks: Tensor<2, Int>,
    target: Tensor<1, Int>,
    options: ConfusionOptions,
) -> (
    Tensor<1, Int>,
    Tensor<1, Int>,
    Tensor<1, Bool>,
    Tensor<1, Int>,
) {
    let [_, n] = ranks.dims();
    let ignored = is_ignored(&target, options.ignore_index);
    // A rejected target of any size must not overflow on its way to a cell.
    let (_, target) = outside(as_i32(target), options.classes);
    let argmax = ranks.clone().slice([0..1, 0..n]).reshape([n]);
    let rank = ranks.slice([1..2, 0..n]).reshape([n]);
    let hit = rank.clone().lower_elem(options.top_k as i32);
    let pred = argmax.mask_where(hit.clone(), target.clone());
    (target, pred, hit, ignore_codes(rank, ignored))
}

/// See [`confusion_cells`](super::confusion_cells).
pub fn confusion_cells(
    ranks: Tensor<2, Int>,
    target: Tensor<1, Int>,
    options: ConfusionOptions,
) -> Tensor<1, Int> {
    let (target, pred, _, code) = predictions(ranks, target, options);
    let rejected = code.clone().lower_elem(0);
    (target * options.classes as i32 + pred).mask_where(rejected, code)
}

/// See [`outcome_cells`](super::outcome_cells).
pub fn outcome_cells(
    ranks: Tensor<2, Int>,
    target: Tensor<1, Int>,
    options: ConfusionOptions,
) -> (Tensor<1, Int>, Tensor<1, Int>) {
    let classes = options.classes as i32;
    let (target, pred, hit, code) = predictions(ranks, target, options);
    let rejected = code.clone().lower_elem(0);
    let missed = (target.clone() + 2 * classes)
        .mask_fill(hit.clone(), -1)
        .mask_fill(rejected.clone(), -1);
    let first = (pred + classes)
        .mask_where(hit, target)
        .mask_where(rejected, code);
    (first, missed)
}

/// Ranks and targets of rows of several samples, as many of each, with classes for each sample alone:
/// `sample * C + class`. Ignored rows have their code for a rank.
pub(crate) fn classes_by_sample(
    ranks: Tensor<2, Int>,
    target: Tensor<1, Int>,
    samples: usize,
    options: ConfusionOptions,
) -> (Tensor<2, Int>, Tensor<1, Int>) {
    let [_, n] = ranks.dims();
    let first = Tensor::<1, Int>::arange(0..samples as i64, (&ranks.device(), DType::I32))
        .reshape([samples, 1])
        .expand([samples, n / samples.max(1)])
        .reshape([n])
        * options.classes as i32;
    let ignored = is_ignored(&target, options.ignore_index);
    let (_, target) = outside(as_i32(target), options.classes);
    let best = ranks.clone().slice([0..1, 0..n]).reshape([n]);
    let rank = ignore_codes(ranks.slice([1..2, 0..n]).reshape([n]), ignored);
    (
        Tensor::stack(vec![best + first.clone(), rank], 0),
        target + first,
    )
}

/// See [`hits`](super::hits).
pub fn hits(
    ranks: Tensor<2, Int>,
    target: Tensor<1, Int>,
    options: ConfusionOptions,
) -> Tensor<1, Int> {
    let (_, _, hit, code) = predictions(ranks, target, options);
    let rejected = code.clone().lower_elem(0);
    as_i32(hit.int()).mask_where(rejected, code)
}

/// See [`label_hits`](super::label_hits).
pub fn label_hits(
    scores: Tensor<2>,
    target: Tensor<2, Int>,
    options: LabelCountsOptions,
) -> Tensor<2, Int> {
    let (safe, pred) = (
        outside(as_i32(target.clone()), 2).1,
        as_i32(scores.clone().greater_elem(options.threshold).int()),
    );
    let code = decision_cells(scores, target, options);
    let rejected = code.clone().lower_elem(0);
    as_i32(safe.equal(pred).int()).mask_where(rejected, code)
}

/// See [`unit_matches`](super::unit_matches).
pub fn unit_matches(state: Tensor<1, Int>, hits: Tensor<2, Int>, samples: usize) -> Tensor<1, Int> {
    let [units, elements] = hits.dims();
    let missed = hits.clone().equal_elem(0).any_dim(1).reshape([units]);
    let invalid = hits.clone().lower_elem(Reason::Ignored.code()).any_dim(1);
    let judged = hits.clone().greater_equal_elem(0).any_dim(1);
    let used = judged.bool_and(invalid.bool_not()).reshape([units]);
    let sample = Tensor::<1, Int>::arange(0..samples as i64, (&hits.device(), DType::I32))
        .reshape([samples, 1])
        .expand([samples, units / samples.max(1)])
        .reshape([units]);
    let place = sample * 2 + as_i32(missed.bool_not().int());
    let codes = hits.reshape([units * elements]);
    let state = state.scatter(0, place, as_i32(used.int()), IndexingUpdateOp::Add);
    count_rejected(state, codes)
}

/// See [`confusion`](super::confusion).
pub fn confusion(
    state: Tensor<1, Int>,
    ranks: Tensor<2, Int>,
    target: Tensor<1, Int>,
    options: ConfusionOptions,
) -> Tensor<1, Int> {
    let cells = (options.classes * options.classes) as i32;
    count(
        state,
        places(confusion_cells(ranks, target, options), cells),
    )
}

/// See [`class_margins`](super::class_margins).
pub fn class_margins(
    state: Tensor<1, Int>,
    ranks: Tensor<2, Int>,
    target: Tensor<1, Int>,
    options: ConfusionOptions,
) -> Tensor<1, Int> {
    let classes = options.classes as i32;
    let (target, pred, hit, code) = predictions(ranks, target, options);
    // A rejected row counts once, in the place that the first of the three scatters has for it.
    let rejected = code.clone().lower_elem(0);
    let used = as_i32(rejected.clone().bool_not().int());
    let safe = target.mask_fill(rejected.clone(), 0);
    let pred = pred.mask_fill(rejected.clone(), 0);
    let place = (safe.clone() + 2 * classes).mask_where(rejected, code.neg() + (3 * classes - 1));
    let hits = used.clone() * as_i32(hit.int());
    count(state, place)
        .scatter(0, safe, hits, IndexingUpdateOp::Add)
        .scatter(0, pred + classes, used, IndexingUpdateOp::Add)
}

/// See [`label_confusion`](super::label_confusion).
pub fn label_confusion(
    state: Tensor<1, Int>,
    pred: Tensor<1, Int>,
    target: Tensor<1, Int>,
    options: ConfusionOptions,
) -> Tensor<1, Int> {
    let ranks = label_ranks(pred, target.clone(), options.classes);
    confusion(state, ranks, target, options)
}

/// See [`label_margins`](super::label_margins).
pub fn label_margins(
    state: Tensor<1, Int>,
    pred: Tensor<1, Int>,
    target: Tensor<1, Int>,
    options: ConfusionOptions,
) -> Tensor<1, Int> {
    let ranks = label_ranks(pred, target.clone(), options.classes);
    class_margins(state, ranks, target, options)
}

/// See [`decision_cells`](super::decision_cells).
pub fn decision_cells(
    scores: Tensor<2>,
    target: Tensor<2, Int>,
    options: LabelCountsOptions,
) -> Tensor<2, Int> {
    let [n, labels] = scores.dims();
    let device = scores.device();
    let ignored = is_ignored(&target, options.ignore_index);
    let target = as_i32(target);
    let label =
        Tensor::<1, Int>::arange(0..labels as i64, (&device, DType::I32)).reshape([1, labels]);
    let nan = scores.clone().is_nan();
    let bad_score = not_probability(scores.clone());
    let (bad_target, safe) = outside(target, 2);
    let pred = as_i32(scores.greater_elem(options.threshold).int());
    let cell = (label * 4).expand([n, labels]) + safe * 2 + pred;
    let cell = cell
        .mask_fill(bad_score, Reason::InvalidPrediction.code())
        .mask_fill(nan, Reason::Nan.code())
        .mask_fill(bad_target, Reason::InvalidTarget.code());
    ignore_codes(cell, ignored)
}

/// See [`label_counts`](super::label_counts).
pub fn label_counts(
    state: Tensor<1, Int>,
    scores: Tensor<2>,
    target: Tensor<2, Int>,
    options: LabelCountsOptions,
) -> Tensor<1, Int> {
    let [n, labels] = scores.dims();
    let cells = decision_cells(scores, target, options).reshape([n * labels]);
    count(state, places(cells, 4 * labels as i32))
}

/// See [`sigmoid_probabilities`](super::sigmoid_probabilities).
pub fn sigmoid_probabilities(
    scores: Tensor<2>,
    outside: Tensor<1, Int>,
    kind: ScoreKind,
) -> Tensor<2> {
    let logits = are_logits(outside, kind);
    let probabilities = activation::sigmoid(scores.clone());
    choose(scores, probabilities, logits)
}

/// See [`softmax_probabilities`](super::softmax_probabilities).
pub fn softmax_probabilities(
    scores: Tensor<2>,
    outside: Tensor<1, Int>,
    kind: ScoreKind,
) -> Tensor<2> {
    let logits = are_logits(outside, kind);
    let dims = scores.dims();
    // The softmax of a row with an infinite maximum is undefined; not every device makes NaN of it.
    let undefined = scores.clone().max_dim(1).is_inf().expand(dims);
    let probabilities = activation::softmax(scores.clone(), 1).mask_fill(undefined, f32::NAN);
    choose(scores, probabilities, logits)
}

/// `None` if they are logits by declaration, else whether any score is outside `[0, 1]`.
fn are_logits(outside: Tensor<1, Int>, kind: ScoreKind) -> Option<Tensor<1, Bool>> {
    (kind == ScoreKind::Auto).then(|| outside.greater_elem(0))
}

fn choose(
    scores: Tensor<2>,
    probabilities: Tensor<2>,
    logits: Option<Tensor<1, Bool>>,
) -> Tensor<2> {
    match logits {
        None => probabilities,
        Some(flag) => {
            let dims = scores.dims();
            scores.mask_where(flag.reshape([1, 1]).expand(dims), probabilities)
        }
    }
}

/// See [`cross_entropy`](super::cross_entropy).
pub fn cross_entropy(
    scores: Tensor<2>,
    target: Tensor<2, Int>,
    outside: Tensor<1, Int>,
    kind: ScoreKind,
) -> Tensor<2> {
    let positive = target.equal_elem(1);
    // Of a probability its logarithm, where 1 - p would round a small p away.
    let of_probability = || {
        let no = log1p(scores.clone().neg());
        no.mask_where(positive.clone(), scores.clone().log()).neg()
    };
    // Of a logit ln(1 + e^-z), where z is positive on the side of the target.
    let of_logit = || {
        let z = scores
            .clone()
            .neg()
            .mask_where(positive.clone(), scores.clone());
        z.clone().neg().clamp_min(0.0) + log1p(z.abs().neg().exp())
    };
    match kind {
        ScoreKind::Probabilities => of_probability(),
        _ => choose(of_probability(), of_logit(), are_logits(outside, kind)),
    }
}

/// See [`add_compensated`](super::add_compensated).
pub fn add_compensated(state: Tensor<1>, x: Tensor<1>) -> Tensor<1> {
    let k = state.dims()[0] / 2;
    let high = state.clone().slice(0..k);
    let mut low = state.slice(k..2 * k);
    let x_high = x.clone().slice(0..k);
    if x.dims()[0] > k {
        low = low + x.slice(k..2 * k);
    }
    let (sum, error) = two_sum(high, x_high);
    Tensor::cat(vec![sum, low + error], 0)
}

/// The sum, rounded, and what rounding took from it.
///
/// Donald Knuth, The Art of Computer Programming, volume 2, section 4.2.2, theorem B.
pub(crate) fn two_sum<const D: usize>(a: Tensor<D>, b: Tensor<D>) -> (Tensor<D>, Tensor<D>) {
    let sum = a.clone() + b.clone();
    let of_b = sum.clone() - a.clone();
    let error = (a - (sum.clone() - of_b.clone())) + (b - of_b);
    (sum, error)
}

/// How many rows are summed at once: few enough for [`exact_sums`] to leave little.
const BLOCK: usize = 128;

/// See [`sum_compensated`](super::sum_compensated).
pub fn sum_compensated(x: Tensor<2>) -> Tensor<1> {
    let [mut n, columns] = x.dims();
    let device = x.device();
    if n == 0 {
        return Tensor::zeros([2 * columns], (&device, DType::F32));
    }
    let mut high = x;
    let mut low: Option<Tensor<2>> = None;
    while n > 1 {
        let block = n.min(BLOCK);
        let rows = n.div_ceil(block);
        let blocks = |x: Tensor<2>| {
            let x = match rows * block - n {
                0 => x,
                more => {
                    let zeros = Tensor::zeros([more, columns], (&device, DType::F32));
                    Tensor::cat(vec![x, zeros], 0)
                }
            };
            x.reshape([rows, block, columns])
        };
        let (sum, rest) = exact_sums(blocks(high));
        let rest = rest.reshape([rows, columns]);
        low = Some(match low {
            Some(low) => blocks(low).sum_dim(1).reshape([rows, columns]) + rest,
            None => rest,
        });
        high = sum.reshape([rows, columns]);
        n = rows;
    }
    let low = low.unwrap_or_else(|| high.zeros_like());
    Tensor::cat(vec![high, low], 0).reshape([2 * columns])
}

/// The sums over the middle dimension of all but the last digits of each number, exact in whatever
/// order they are added, and the sums of those last digits.
///
/// A number plus and minus one that is `4 * BLOCK` times the largest is rounded to a grid on which
/// all partial sums lie. Siegfried M. Rump, Takeshi Ogita, Shin'ichi Oishi: Accurate Floating-Point
/// Summation Part I, SIAM Journal on Scientific Computing 31 (2008), section 3.
fn exact_sums(x: Tensor<3>) -> (Tensor<3>, Tensor<3>) {
    let dims = x.dims();
    let scale = (4 * BLOCK) as f32;
    let size = x.clone().abs();
    let largest = size.clone().max_dim(1);
    // Where the grid would overflow, the numbers are added as they are.
    let too_large = largest.clone().greater_elem(f32::MAX / (4.0 * scale));
    let grid = (largest.clone() * scale)
        .mask_fill(too_large, 0.0)
        .expand(dims);
    let top = (x.clone() + grid.clone()) - grid;
    // Beside an infinity finite numbers are nothing, and must not overflow to the other one.
    let beside = (largest.is_inf().expand(dims)).bool_and(size.lower_equal_elem(f32::MAX));
    let top = top.mask_fill(beside, 0.0);
    let rest = x - top.clone();
    (top.sum_dim(1), rest.sum_dim(1))
}

/// See [`bin_confidence`](super::bin_confidence).
pub fn bin_confidence(
    counts: Tensor<1, Int>,
    sums: Tensor<1>,
    confidence: Tensor<1>,
    hit: Tensor<1, Int>,
    width: usize,
) -> (Tensor<1, Int>, Tensor<1>) {
    let bins = width as i32 + 1;
    let rejected = hit.clone().lower_elem(0);
    let safe = confidence.clone().mask_fill(rejected.clone(), 0.0);
    let bin = bin_of(safe.clone(), width);
    let place = bin
        .clone()
        .mask_where(rejected.clone(), hit.clone().neg() + (2 * bins - 1));
    let used = as_i32(rejected.clone().bool_not().int());
    let counts = counts.scatter(0, place, used.ones_like(), IndexingUpdateOp::Add);
    let hits = hit.mask_fill(rejected, 0);
    let counts = counts.scatter(0, bin.clone() + bins, hits, IndexingUpdateOp::Add);
    // A batch's sum per bin is plain f32; batches are added with compensation.
    let device = safe.device();
    let batch = Tensor::<1>::zeros([bins as usize], (&device, DType::F32)).scatter(
        0,
        bin,
        safe * used.float().cast(FloatDType::F32),
        IndexingUpdateOp::Add,
    );
    (counts, super::add_compensated(sums, batch))
}

/// The bin of each confidence, as [`bin_confidence`] has them.
pub(crate) fn bin_of(confidence: Tensor<1>, width: usize) -> Tensor<1, Int> {
    // Every place a scatter writes to must exist, whatever the confidence.
    (reached(confidence, &edges(width)) - 1).clamp_min(0)
}

/// As its weight each element adds to its bin, a miss or a hit; as weight times confidence to that of its
/// bin.
pub(crate) fn weighted_bins(
    confidence: Tensor<1>,
    hit: Tensor<1, Int>,
    weights: Tensor<1>,
    bins: usize,
) -> (Tensor<1, Int>, Tensor<1>) {
    let width = bins as i32 + 1;
    let rejected = hit.clone().lower_elem(0);
    let confidence = confidence.mask_fill(rejected.clone(), 0.0);
    let bin = bin_of(confidence.clone(), bins);
    let outcome = (bin.clone() + hit.clone() * width).mask_where(rejected, hit);
    let weighted = confidence * weights.clone();
    super::in_two_cells(outcome, weights, bin + 2 * width, weighted)
}

/// The edges `0, 1/width, .., 1` of equal-width bins in `f32`, as `torch.linspace` places them.
pub(crate) fn edges(width: usize) -> Vec<f32> {
    linspace(width + 1)
}

/// `count` evenly spaced numbers from 0 to 1 in `f32`, as `torch.linspace` rounds them: steps up
/// from 0 in the first half, steps back from 1 in the second.
pub(crate) fn linspace(count: usize) -> Vec<f32> {
    if count <= 1 {
        return vec![0.0];
    }
    let step = 1.0f32 / (count - 1) as f32;
    (0..count)
        .map(|i| match i < count / 2 {
            true => i as f32 * step,
            // The product of two f32 is exact in f64, so this rounds once.
            false => (1.0 - step as f64 * (count - 1 - i) as f64) as f32,
        })
        .collect()
}

/// How many of the rising thresholds each value reaches, by a binary search on tensors.
fn reached(values: Tensor<1>, thresholds: &[f32]) -> Tensor<1, Int> {
    let device = values.device();
    let [n] = values.dims();
    let table = Tensor::<1>::from_data(thresholds, (&device, DType::F32));
    let mut found = Tensor::<1, Int>::zeros([n], (&device, DType::I32));
    let mut step = thresholds.len().next_power_of_two();
    while step > 0 {
        let next = found.clone() + step as i32;
        let inside = next.clone().lower_equal_elem(thresholds.len() as i32);
        let at = (next.clone() - 1).clamp(0, thresholds.len() as i32 - 1);
        let reaches = table.clone().select(0, at).lower_equal(values.clone());
        found = found.mask_where(inside.bool_and(reaches), next);
        step /= 2;
    }
    found
}

/// See [`threshold_counts`](super::threshold_counts).
pub fn threshold_counts(
    state: Tensor<1, Int>,
    probabilities: Tensor<2>,
    target: Tensor<2, Int>,
    thresholds: &[f32],
) -> Tensor<1, Int> {
    let [_, labels] = probabilities.dims();
    let bins = (labels * 2 * (thresholds.len() + 1)) as i32;
    let cells = threshold_cells(probabilities, target, thresholds);
    count(state, places(cells, bins))
}

/// See [`threshold_cells`](super::threshold_cells).
pub fn threshold_cells(
    probabilities: Tensor<2>,
    target: Tensor<2, Int>,
    thresholds: &[f32],
) -> Tensor<1, Int> {
    let [n, labels] = probabilities.dims();
    let device = probabilities.device();
    let size = [n * labels];
    let block = thresholds.len() as i32 + 1;
    let label = Tensor::<1, Int>::arange(0..labels as i64, (&device, DType::I32))
        .reshape([1, labels])
        .expand([n, labels])
        .reshape(size);
    let target = as_i32(target).reshape(size);
    let rejected = target.clone().lower_elem(0);
    let safe = target.clone().mask_fill(rejected.clone(), 0);
    let cell = (label * 2 + safe) * block + reached(probabilities.reshape(size), thresholds);
    cell.mask_where(rejected, target)
}

/// See [`decision_codes`](super::decision_codes).
pub fn decision_codes(
    probabilities: Tensor<2>,
    target: Tensor<2, Int>,
    ignore_index: Option<i64>,
) -> Tensor<2, Int> {
    let ignored = is_ignored(&target, ignore_index);
    let target = as_i32(target);
    let (invalid, safe) = outside(target, 2);
    let nan = probabilities.clone().is_nan();
    let codes = safe
        .mask_fill(
            not_probability(probabilities),
            Reason::InvalidPrediction.code(),
        )
        .mask_fill(nan, Reason::Nan.code())
        .mask_fill(invalid, Reason::InvalidTarget.code());
    ignore_codes(codes, ignored)
}

/// See [`class_codes`](super::class_codes).
pub fn class_codes(
    probabilities: Tensor<2>,
    target: Tensor<1, Int>,
    ignore_index: Option<i64>,
) -> Tensor<2, Int> {
    let [n, classes] = probabilities.dims();
    let device = probabilities.device();
    let target = target.reshape([n, 1]);
    let ignored = is_ignored(&target, ignore_index);
    let target = as_i32(target);
    let (invalid, _) = outside(target.clone(), classes);
    let nan = probabilities.clone().is_nan().any_dim(1);
    let bad = not_probability(probabilities).any_dim(1);
    let reject = target
        .zeros_like()
        .mask_fill(bad, Reason::InvalidPrediction.code())
        .mask_fill(nan, Reason::Nan.code())
        .mask_fill(invalid, Reason::InvalidTarget.code());
    let reject = ignore_codes(reject, ignored).expand([n, classes]);
    let index = Tensor::<1, Int>::arange(0..classes as i64, (&device, DType::I32));
    let own = index
        .reshape([1, classes])
        .expand([n, classes])
        .equal(target.expand([n, classes]));
    as_i32(own.int()).mask_where(reject.clone().lower_elem(0), reject)
}

/// See [`outside_unit`](super::outside_unit).
pub fn outside_unit(scores: Tensor<2>) -> Tensor<1, Int> {
    as_i32(not_probability(scores).any().int())
}

/// See [`top_confidence`](super::top_confidence).
pub fn top_confidence(
    ranks: Tensor<2, Int>,
    scan: Tensor<2>,
    target: Tensor<1, Int>,
    outside: Tensor<1, Int>,
    kind: ScoreKind,
    ignore_index: Option<i64>,
) -> (Tensor<1, Int>, Tensor<1>) {
    let [_, n] = scan.dims();
    let max = scan.clone().slice([0..1, 0..n]).reshape([n]);
    let log_sum = scan.slice([1..2, 0..n]).reshape([n]);
    // As in `softmax_probabilities`, not every device makes NaN of infinity less infinity.
    let softmax = (max.clone() - log_sum)
        .exp()
        .mask_fill(max.clone().is_inf(), f32::NAN);
    let confidence = match kind {
        ScoreKind::Probabilities => max,
        ScoreKind::Logits => softmax,
        ScoreKind::Auto => {
            let logits = outside.greater_elem(0).expand([n]);
            max.mask_where(logits, softmax)
        }
    };
    let rank = ranks.slice([1..2, 0..n]).reshape([n]);
    let rejected = rank.clone().lower_elem(0);
    let hit = as_i32(rank.clone().equal_elem(0).int())
        .mask_fill(
            not_probability(confidence.clone()),
            Reason::InvalidPrediction.code(),
        )
        .mask_fill(confidence.clone().is_nan(), Reason::Nan.code())
        .mask_where(rejected, rank);
    (
        ignore_codes(hit, is_ignored(&target, ignore_index)),
        confidence,
    )
}

/// Where scores lie outside `[0, 1]`. NaN does not.
pub(crate) fn not_probability<const D: usize>(scores: Tensor<D>) -> Tensor<D, Bool> {
    scores
        .clone()
        .lower_elem(0.0)
        .bool_or(scores.greater_elem(1.0))
}

/// See [`pair_moments`](super::pair_moments).
pub fn pair_moments(
    counts: Tensor<1, Int>,
    sums: Tensor<1>,
    pred: Tensor<2>,
    target: Tensor<2>,
    pivot: Tensor<1>,
) -> (Tensor<1, Int>, Tensor<1>) {
    let [n, columns] = pred.dims();
    let nan = pred
        .clone()
        .is_nan()
        .bool_or(target.clone().is_nan())
        .any_dim(1);
    let wide = nan.clone().expand([n, PAIR_MOMENTS * columns]);
    let moments = moment_terms(pred, target, pivot).mask_fill(wide, 0.0);
    let batch = sum_compensated(moments);
    let place = as_i32(nan.int()).reshape([n]) * (1 + Reason::Nan as i32);
    (count(counts, place), add_compensated(sums, batch))
}

/// What [`pair_moments`] sums up, side by side.
pub(crate) fn moment_terms(pred: Tensor<2>, target: Tensor<2>, pivot: Tensor<1>) -> Tensor<2> {
    let [_, columns] = pred.dims();
    let error = pred - target.clone();
    let offset = target - pivot.reshape([1, columns]);
    let moments = [
        error.clone() * error.clone(),
        error.abs(),
        offset.clone(),
        offset.clone() * offset,
    ];
    debug_assert_eq!(moments.len(), PAIR_MOMENTS);
    Tensor::cat(moments.to_vec(), 1)
}

/// See [`log_likelihood`](super::log_likelihood).
pub fn log_likelihood(
    counts: Tensor<1, Int>,
    sums: Tensor<1>,
    ranks: Tensor<2, Int>,
    scan: Tensor<2>,
    target: Tensor<1, Int>,
    ignore_index: Option<i64>,
) -> (Tensor<1, Int>, Tensor<1>) {
    let (code, loss) = losses(ranks, scan, &target, ignore_index);
    let place = code.neg();
    let [n] = loss.dims();
    let unused = place.clone().greater_elem(0);
    let loss = sum_compensated(loss.mask_fill(unused, 0.0).reshape([n, 1]));
    (count(counts, place), add_compensated(sums, loss))
}

/// See [`term_sums`](super::term_sums).
pub fn term_sums(
    counts: Tensor<1, Int>,
    sums: Tensor<1>,
    terms: Tensor<3>,
    codes: Tensor<2, Int>,
    weights: Option<Tensor<1>>,
) -> (Tensor<1, Int>, Tensor<1>) {
    let [n, elements, k] = terms.dims();
    let used = codes.clone().greater_equal_elem(0);
    let nan = terms.clone().is_nan().any_dim(2).reshape([n, elements]);
    let codes = codes
        .clamp_max(0)
        .mask_fill(nan.bool_and(used), Reason::Nan.code());
    let weights = match weights {
        Some(weights) => weights.reshape([n, 1]).expand([n, elements]),
        None => Tensor::ones([n, elements], (&terms.device(), DType::F32)),
    };
    let size = n * elements;
    let rows = Rows::new(codes.reshape([size]), Some(weights.reshape([size])));
    let terms = rows.used(rows.weigh(terms.reshape([size, k])));
    let columns = vec![
        terms.reshape([n, elements * k]),
        rows.given().reshape([n, elements]),
    ];
    let batch = sum_compensated(Tensor::cat(columns, 1));
    (rows.count(counts), add_compensated(sums, batch))
}

/// See [`weighted_log_likelihood`](super::weighted_log_likelihood).
pub fn weighted_log_likelihood(
    counts: Tensor<1, Int>,
    ranks: Tensor<2, Int>,
    scan: Tensor<2>,
    target: Tensor<1, Int>,
    weights: Tensor<1>,
    ignore_index: Option<i64>,
) -> (Tensor<1, Int>, Tensor<1>) {
    let (code, loss) = losses(ranks, scan, &target, ignore_index);
    let rows = Rows::new(code, Some(weights));
    let [n] = loss.dims();
    let loss = rows.used(rows.weigh(loss.reshape([n, 1])));
    let columns = Tensor::cat(vec![loss, rows.given()], 1);
    (rows.count_rejected(counts), sum_compensated(columns))
}

/// The loss of each row, and 0 or the code of a row that is left out.
fn losses(
    ranks: Tensor<2, Int>,
    scan: Tensor<2>,
    target: &Tensor<1, Int>,
    ignore_index: Option<i64>,
) -> (Tensor<1, Int>, Tensor<1>) {
    let [_, n] = ranks.dims();
    let code = ranks.slice([1..2, 0..n]).reshape([n]).clamp_max(0);
    let loss = scan.slice([3..4, 0..n]).reshape([n]);
    let code = ignore_codes(code, is_ignored(target, ignore_index));
    let undefined = loss.clone().is_nan().bool_and(code.clone().equal_elem(0));
    (code.mask_fill(undefined, Reason::Nan.code()), loss)
}

/// See [`value_totals`](super::value_totals).
pub fn value_totals(
    counts: Tensor<1, Int>,
    sums: Tensor<1>,
    values: Tensor<1>,
    weights: Tensor<1>,
    options: ValueOptions,
) -> (Tensor<1, Int>, Tensor<1>) {
    let mut nan = values.clone().is_nan();
    if options.weighted {
        nan = nan.bool_or(weights.clone().is_nan());
    }
    let values = values.mask_fill(nan.clone(), options.impute.unwrap_or(0.0));
    let left_out = as_i32(nan.clone().int());
    let (left_out, weight) = match options.impute {
        Some(_) => (left_out.zeros_like(), 1.0),
        None => (left_out, 0.0),
    };
    let counts = count(counts, left_out.clone() * (2 + options.reason as i32));
    if options.weighted {
        let weights = weights.mask_fill(nan, weight);
        let columns = vec![values.clone(), values * weights.clone(), weights];
        let batch = sum_compensated(Tensor::stack(columns, 1));
        return (counts, add_compensated(sums, batch));
    }
    let [n] = values.dims();
    let used = (left_out.sum().neg() + n as i32).reshape([1]);
    let batch = sum_compensated(values.reshape([n, 1]));
    let (high, low) = (batch.clone().slice(0..1), batch.slice(1..2));
    let zero = high.zeros_like();
    let batch = vec![high.clone(), high, zero.clone(), low.clone(), low, zero];
    let second = used.ones_like();
    (
        counts.scatter(0, second, used, IndexingUpdateOp::Add),
        add_compensated(sums, Tensor::cat(batch, 0)),
    )
}

/// See [`sort_pairs`](super::sort_pairs).
pub fn sort_pairs(keys: Tensor<1>, values: Tensor<1, Int>) -> (Tensor<1, Int>, Tensor<1>) {
    let [n] = keys.dims();
    let nan = keys.clone().is_nan();
    // Where a backend puts NaN is its own affair: sorted as infinity, then moved behind the others.
    let (_, order) = (keys.clone() + 0.0)
        .mask_fill(nan.clone(), f32::INFINITY)
        .sort_with_indices(0);
    let late = as_i32(nan.int()).select(0, order.clone()) * n as i32;
    let place = Tensor::<1, Int>::arange(0..n as i64, (&keys.device(), DType::I32));
    let order = order.select(0, (late + place).argsort(0));
    (
        as_i32(values).select(0, order.clone()),
        keys.select(0, order),
    )
}

/// Where a flag of the row `[N, D]` is set `[N, 1]`. A reduction of one column costs as much as one of many.
pub(crate) fn any_in_row(flags: Tensor<2, Bool>) -> Tensor<2, Bool> {
    match flags.dims() {
        [_, 1] => flags,
        _ => flags.any_dim(1),
    }
}

/// Adds one to the counter at every place.
pub fn count(state: Tensor<1, Int>, places: Tensor<1, Int>) -> Tensor<1, Int> {
    let ones = places.ones_like();
    state.scatter(0, places, ones, IndexingUpdateOp::Add)
}

/// Where targets are to be left out; `None` if none is. Not [`as_i32`], which moves large labels.
fn is_ignored<const D: usize>(
    target: &Tensor<D, Int>,
    ignore_index: Option<i64>,
) -> Option<Tensor<D, Bool>> {
    let index = ignore_index?;
    match target.dtype() {
        DType::I64 => Some(target.clone().equal_elem(index)),
        _ => Some(as_i32(target.clone()).equal_elem(i32::try_from(index).ok()?)),
    }
}

/// The most elements that are added to one sum before sums are added with compensation.
const WEIGHT_BLOCK: usize = 1024;

/// The most sums kept side by side while elements are added to them.
const WEIGHT_SUMS: usize = 1 << 22;

/// The most elements that [`exact_cell_sums`] adds to one sum at once.
const WEIGHT_RUN: usize = 1 << 20;

/// See [`weighted_counts`](super::weighted_counts).
pub fn weighted_counts(
    counts: Tensor<1, Int>,
    mut sums: Tensor<1>,
    cells: Tensor<1, Int>,
    weights: Tensor<1>,
) -> (Tensor<1, Int>, Tensor<1>) {
    let ([n], [k]) = (cells.dims(), sums.dims());
    if n == 0 {
        return (counts, sums);
    }
    let k = k / 2;
    let cells = reject_weights(cells, weights.clone());
    let counts = count_rejected(counts, cells.clone());
    let rejected = cells.clone().lower_elem(0);
    let weights = weights.mask_fill(rejected.clone(), 0.0);
    let cells = cells.mask_fill(rejected, 0);
    let blocks = n.div_ceil(WEIGHT_BLOCK).min(WEIGHT_SUMS / k.max(1)).max(1);
    // An index of 32 bits must not overflow.
    let most = (WEIGHT_RUN * blocks).min(1 << 30);
    for from in (0..n).step_by(most) {
        let run = from..n.min(from + most);
        let index = Tensor::<1, Int>::arange(0..run.len() as i64, (&cells.device(), DType::I32));
        let place = (index % blocks as i32) * k as i32 + cells.clone().slice(run.clone());
        let per_sum = run.len().div_ceil(blocks);
        let batch = exact_cell_sums(place, weights.clone().slice(run), blocks * k, per_sum);
        for part in batch {
            let part = super::sum_compensated(part.reshape([blocks, k]));
            sums = super::add_compensated(sums, part);
        }
    }
    (counts, sums)
}

/// The sums of numbers by cell, each in several parts that add up to it. At most `most` numbers of
/// one cell lose no more than the last digits of `f32` of the last part, in whatever order a device
/// adds them.
///
/// As in [`exact_sums`], each part but the last is of numbers rounded to a grid on which all their
/// partial sums lie. The grid of a cell is that of four times its plain sum, so that small weights of
/// one cell do not suffer from large ones of another.
fn exact_cell_sums(
    place: Tensor<1, Int>,
    numbers: Tensor<1>,
    cells: usize,
    most: usize,
) -> Vec<Tensor<1>> {
    let device = place.device();
    let sum = |numbers: Tensor<1>| {
        Tensor::<1>::zeros([cells], (&device, DType::F32)).scatter(
            0,
            place.clone(),
            numbers,
            IndexingUpdateOp::Add,
        )
    };
    // How far off a plain sum can be; what is left of numbers is at most five times that.
    let plain = most as f64 * f64::from(f32::EPSILON) / 2.0;
    let mut parts = Vec::new();
    let mut rest = numbers;
    let mut error = plain;
    while error > 2e-8 {
        let grid = sum(rest.clone().abs()) * 4.0;
        // Where the grid would overflow, the numbers are added as they are.
        let too_large = grid.clone().greater_elem(f32::MAX / 4.0);
        let grid = grid.mask_fill(too_large, 0.0).select(0, place.clone());
        let top = (rest.clone() + grid.clone()) - grid;
        parts.push(sum(top.clone()));
        rest = rest - top;
        error *= 5.0 * plain;
    }
    parts.push(sum(rest));
    parts
}

/// Where weights are NaN, infinite or negative.
pub(crate) fn invalid_weights(weights: Tensor<1>) -> Tensor<1, Bool> {
    let valid = (weights.clone().is_finite()).bool_and(weights.greater_equal_elem(0.0));
    valid.bool_not()
}

/// Rejects elements that would be used, but for a weight that is none; others have a negative code.
fn reject_weights(codes: Tensor<1, Int>, weights: Tensor<1>) -> Tensor<1, Int> {
    let invalid = invalid_weights(weights).bool_and(codes.clone().greater_equal_elem(0));
    codes.mask_fill(invalid, Reason::InvalidWeight.code())
}

/// Adds elements with a negative code to the counters of the rejected, which are the last.
fn count_rejected(counts: Tensor<1, Int>, codes: Tensor<1, Int>) -> Tensor<1, Int> {
    let first = (counts.dims()[0] - REJECTED_SLOTS) as i32;
    let rejected = codes.clone().lower_elem(0);
    let place = (codes.neg() + (first - 1)).mask_fill(rejected.clone().bool_not(), first);
    let ones = as_i32(rejected.int());
    counts.scatter(0, place, ones, IndexingUpdateOp::Add)
}

/// See [`in_two_cells`](super::in_two_cells).
pub fn in_two_cells(
    cells: Tensor<1, Int>,
    weights: Tensor<1>,
    also: Tensor<1, Int>,
    also_weights: Tensor<1>,
) -> (Tensor<1, Int>, Tensor<1>) {
    let out = invalid_weights(weights.clone())
        .bool_or(cells.clone().lower_elem(0))
        .bool_or(also.clone().lower_elem(0));
    let also = also.mask_fill(out.clone(), 0);
    let also_weights = also_weights.mask_fill(out, 0.0);
    (
        Tensor::cat(vec![cells, also], 0),
        Tensor::cat(vec![weights, also_weights], 0),
    )
}

/// The places of cells or negative codes among `cells` counters and the rejected ones.
pub(crate) fn places(codes: Tensor<1, Int>, cells: i32) -> Tensor<1, Int> {
    let rejected = codes.clone().lower_elem(0);
    codes
        .clone()
        .mask_where(rejected, codes.neg() + (cells - 1))
}

/// Marks ignored targets with their code.
fn ignore_codes<const D: usize>(
    codes: Tensor<D, Int>,
    ignored: Option<Tensor<D, Bool>>,
) -> Tensor<D, Int> {
    match ignored {
        Some(ignored) => codes.mask_fill(ignored, Reason::Ignored.code()),
        None => codes,
    }
}

/// What stands for an ignored target among raw targets; no task has this label.
pub(crate) const IGNORED_TARGET: i32 = i32::MIN;

/// Raw targets as `i32`, with [`IGNORED_TARGET`] for those to ignore.
pub(crate) fn mark_ignored(target: Tensor<1, Int>, ignore_index: Option<i64>) -> Tensor<1, Int> {
    let ignored = is_ignored(&target, ignore_index);
    let target = as_i32(target);
    match ignored {
        Some(ignored) => target.mask_fill(ignored, IGNORED_TARGET),
        None => target,
    }
}

/// Where labels lie outside `0..classes`, and the labels with zeros there.
pub(crate) fn outside<const D: usize>(
    labels: Tensor<D, Int>,
    classes: usize,
) -> (Tensor<D, Bool>, Tensor<D, Int>) {
    let outside = labels
        .clone()
        .lower_elem(0)
        .bool_or(labels.clone().greater_equal_elem(classes as i32));
    (outside.clone(), labels.mask_fill(outside, 0))
}

/// Labels as `i32`. Those that do not fit become the nearest that does, so they stay invalid.
pub(crate) fn as_i32<const D: usize>(labels: Tensor<D, Int>) -> Tensor<D, Int> {
    match labels.dtype() {
        DType::I32 => labels,
        DType::I64 => labels.clamp(i32::MIN, i32::MAX).cast(IntDType::I32),
        DType::U32 | DType::U64 => labels.clamp(0, i32::MAX).cast(IntDType::I32),
        _ => labels.cast(IntDType::I32),
    }
}

const _: () = assert!(REJECTED_SLOTS == 5);
