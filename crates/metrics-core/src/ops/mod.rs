//! The few operations metrics are made of, on tensors of any device.
//!
//! Every operation has a body of ordinary tensor operations ([`default`]), right on every backend.
//! Where a backend can do better, [`MetricsBackend`] has its version: one fused pass over the
//! slices on Flex and NdArray, a kernel on the CubeCL runtimes (wgpu, Vulkan, Metal, CUDA, ROCm).
//! Operations without a kernel have a pass over slices alone. The functions of this module choose by the
//! tensor's device.
//!
//! As Burn's own operations, these panic on tensors whose shapes do not fit together; metrics check
//! shapes before they get here.
//!
//! Shared conventions: integer results are `i32`; `N` is the number of rows, `C` of classes; a
//! state block of counters ends in [`REJECTED_SLOTS`](crate::REJECTED_SLOTS) counters for what was
//! left out, in the order of [`Reason`].

#[cfg(any(feature = "flex", feature = "ndarray", feature = "cube"))]
mod backend;
#[cfg(any(feature = "flex", feature = "ndarray", feature = "cube"))]
mod call;
#[cfg(feature = "cube")]
// Kernels know but a few of Rust's functions, and no constants of `std`.
#[allow(
    clippy::approx_constant,
    clippy::manual_is_multiple_of,
    clippy::manual_range_contains,
    clippy::panicking_overflow_checks
)]
mod cube;
pub mod decisions;
pub mod default;
pub mod ensembles;
#[cfg(any(feature = "flex", feature = "ndarray"))]
pub(crate) mod host;
#[cfg(feature = "cube")]
mod kernels;
pub mod observations;
pub mod pairs;
pub mod rows;
pub mod samples;
pub(crate) mod scalar;
pub mod values;

use crate::Reason;
use burn::tensor::{DType, Device, FloatDType, Int, Tensor};

pub(crate) use default::{
    IGNORED_TARGET, Rows, any_in_row, as_i32, classes_by_sample, invalid_weights, linspace,
    outside, places, weighted_bins,
};

/// Whether scores are probabilities or logits.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum ScoreKind {
    /// Logits if any score of the batch lies outside `[0, 1]`, else probabilities. This is what
    /// TorchMetrics does, and its catch: the decision is made per batch.
    #[default]
    Auto,
    /// Values in `[0, 1]`, taken as they are.
    Probabilities,
    /// Any real numbers; sigmoid or softmax makes probabilities of them.
    Logits,
}

/// Options of [`confusion`].
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct ConfusionOptions {
    /// Number of classes.
    pub classes: usize,
    /// A target among the `top_k` best scores counts as predicted.
    pub top_k: usize,
    /// Targets to leave out.
    pub ignore_index: Option<i64>,
}

/// Options of [`label_counts`].
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct LabelCountsOptions {
    /// A score above it is a positive prediction.
    pub threshold: f32,
    /// Targets to leave out.
    pub ignore_index: Option<i64>,
}

/// Options of [`value_totals`].
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct ValueOptions {
    /// Whether the weights count; without, every value weighs 1.
    pub weighted: bool,
    /// What a value that is NaN, or has a weight that is, becomes, with a weight of 1.
    pub impute: Option<f32>,
    /// Otherwise: the counter for those that are left out.
    pub reason: Reason,
}

/// Options of [`hinge_losses`].
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct MarginOptions {
    /// Whether the margin of a row is by how much the score of its class is above the best of the
    /// others. Otherwise every class has one: its score, negative where it is not the row's.
    pub against_best: bool,
    /// Whether losses are squared.
    pub squared: bool,
}

#[cfg(any(feature = "flex", feature = "ndarray", feature = "cube"))]
pub use backend::MetricsBackend;

/// Whether the device's backend has a [`MetricsBackend`] implementation; a kernel for what it can do.
#[cfg(any(feature = "flex", feature = "ndarray", feature = "cube"))]
fn has_own_version(device: &Device, kernel: bool) -> bool {
    is_host(device) || kernel && has_kernels(device)
}

/// Whether the device's memory is the host's.
pub(crate) fn is_host(device: &Device) -> bool {
    #[allow(unreachable_patterns)]
    match device.as_dispatch() {
        #[cfg(feature = "flex")]
        burn::backend::DispatchDevice::Flex(_) => true,
        #[cfg(feature = "ndarray")]
        burn::backend::DispatchDevice::NdArray(_) => true,
        _ => false,
    }
}

/// Whether the device's backend has kernels.
#[allow(unused_variables)]
pub(crate) fn has_kernels(device: &Device) -> bool {
    #[cfg(feature = "cube")]
    if let burn::backend::DispatchDevice::Cube(_) = device.as_dispatch() {
        return true;
    }
    false
}

/// Calls the backend's version of an operation on a tensor if it has one, else the default body.
/// Kernels are for tensors that are not empty and not too large, and under a condition if there is one.
macro_rules! route {
    ($tensor:ident $(if $condition:expr)?, $own:expr, $default:expr) => {{
        #[cfg(any(feature = "flex", feature = "ndarray", feature = "cube"))]
        {
            let size = $tensor.shape().num_elements();
            let kernel = size > 0 && size <= KERNEL_ELEMENTS $(&& $condition)?;
            if has_own_version(&$tensor.device(), kernel) {
                return $own;
            }
        }
        $default
    }};
}

/// Returns what a pass over slices makes of tensors whose memory is the host's.
macro_rules! on_host {
    ($tensor:expr, $own:expr) => {
        #[cfg(any(feature = "flex", feature = "ndarray"))]
        if $crate::ops::is_host(&$tensor.device()) {
            return $own;
        }
    };
}

/// The most elements of the largest tensor of a kernel, which counts them in 32 bits.
const KERNEL_ELEMENTS: usize = 1 << 31;

/// The most rows where a kernel reads several numbers of each.
const KERNEL_ROWS: usize = KERNEL_ELEMENTS / 4;

/// The most columns that a grid of cubes takes.
const KERNEL_COLUMNS: usize = 1 << 16;

/// The most keys of a sort, for as many cubes as WebGPU has in a dimension.
const KERNEL_KEYS: usize = 65_535 * 2048;

/// The most bins of [`bin_confidence`] that a cube of a kernel has memory for.
const KERNEL_BINS: usize = 512;

/// For every row of `scores [N, C]` the best class and the rank of the target: `[2, N]`, first
/// the index of the largest score (the first one, if several are equal), then how many classes
/// come before the target in the order of falling scores (ties: of rising index), so that the
/// target is among the top k if its rank is below k.
///
/// A rank is negative where there is none: the [code](crate::Reason::code) of
/// [`InvalidTarget`](crate::Reason::InvalidTarget) for a target outside `0..C` (which a target to
/// be ignored may be), of [`Nan`](crate::Reason::Nan) for a row with a NaN score.
pub fn row_ranks(scores: Tensor<2>, target: Tensor<1, Int>) -> Tensor<2, Int> {
    route!(
        scores,
        call::row_ranks(scores, target),
        default::row_ranks(scores, target)
    )
}

/// What [`row_ranks`] yields, and `[4, N]` floats per row from the same pass: the largest score,
/// the logarithm of the sum of exponentials of the scores, the target's score, and the target's
/// negative log-likelihood (these two unspecified where the rank is negative).
///
/// The last is more accurate than the difference of the two before it, which cancels when the
/// scores are large or the target is nearly certain. It is infinite for a target with a score of
/// negative infinity, and NaN where the scores leave it undefined (all of them negative infinity,
/// or two of them infinite).
pub fn row_scan(scores: Tensor<2>, target: Tensor<1, Int>) -> (Tensor<2, Int>, Tensor<2>) {
    route!(
        scores,
        call::row_scan(scores, target),
        default::row_scan(scores, target)
    )
}

/// Ranks of predicted labels: `[2, N]` as [`row_ranks`], with rank 0 for a hit and `classes` for a
/// miss, and the code of [`InvalidPrediction`](crate::Reason::InvalidPrediction) for a predicted
/// label outside `0..classes`.
pub fn label_ranks(pred: Tensor<1, Int>, target: Tensor<1, Int>, classes: usize) -> Tensor<2, Int> {
    route!(
        pred,
        call::label_ranks(pred, target, classes),
        default::label_ranks(pred, target, classes)
    )
}

/// Adds rows to a confusion matrix.
///
/// `state` holds `C * C` counters (`target * C + prediction`) and the rejected ones, `ranks` is
/// `[2, N]` from [`row_ranks`] or [`label_ranks`], `target` is `[N]`. The prediction is the target
/// if its rank is below `top_k`, else the best class.
pub fn confusion(
    state: Tensor<1, Int>,
    ranks: Tensor<2, Int>,
    target: Tensor<1, Int>,
    options: ConfusionOptions,
) -> Tensor<1, Int> {
    route!(
        ranks,
        call::confusion(state, ranks, target, options),
        default::confusion(state, ranks, target, options)
    )
}

/// Adds rows to the margins of a confusion matrix, whose size is linear in the classes.
///
/// As [`confusion`], but `state` holds `C` counters of hits, `C` of predictions and `C` of targets,
/// each by class, and the rejected ones.
pub fn class_margins(
    state: Tensor<1, Int>,
    ranks: Tensor<2, Int>,
    target: Tensor<1, Int>,
    options: ConfusionOptions,
) -> Tensor<1, Int> {
    route!(
        ranks,
        call::class_margins(state, ranks, target, options),
        default::class_margins(state, ranks, target, options)
    )
}

/// Adds pairs of labels `[N]` to a confusion matrix: [`confusion`] of their [`label_ranks`], without
/// the ranks in between.
pub fn label_confusion(
    state: Tensor<1, Int>,
    pred: Tensor<1, Int>,
    target: Tensor<1, Int>,
    options: ConfusionOptions,
) -> Tensor<1, Int> {
    route!(
        pred,
        call::label_confusion(state, pred, target, options),
        default::label_confusion(state, pred, target, options)
    )
}

/// Adds pairs of labels `[N]` to the margins of a confusion matrix: [`class_margins`] of their
/// [`label_ranks`], without the ranks in between.
pub fn label_margins(
    state: Tensor<1, Int>,
    pred: Tensor<1, Int>,
    target: Tensor<1, Int>,
    options: ConfusionOptions,
) -> Tensor<1, Int> {
    route!(
        pred,
        call::label_margins(state, pred, target, options),
        default::label_margins(state, pred, target, options)
    )
}

/// The cell of each row in a confusion matrix, `target * C + prediction`, or the code of a rejected
/// row: what [`confusion`] counts.
pub fn confusion_cells(
    ranks: Tensor<2, Int>,
    target: Tensor<1, Int>,
    options: ConfusionOptions,
) -> Tensor<1, Int> {
    on_host!(ranks, host::confusion_cells(&ranks, &target, options));
    default::confusion_cells(ranks, target, options)
}

/// Two cells of each row, for [`weighted_counts`]: the class of one that is a hit, or else `C` more
/// than its prediction, or the code of a rejected row. And where the rows that miss count as well: `2 *
/// C` more than their target; negative for the others. As [`confusion`] otherwise.
pub fn outcome_cells(
    ranks: Tensor<2, Int>,
    target: Tensor<1, Int>,
    options: ConfusionOptions,
) -> (Tensor<1, Int>, Tensor<1, Int>) {
    on_host!(ranks, host::outcome_cells(&ranks, &target, options));
    default::outcome_cells(ranks, target, options)
}

/// Whether each row is a hit: 1, 0 or the code of a rejected row. As [`confusion`] otherwise.
pub fn hits(
    ranks: Tensor<2, Int>,
    target: Tensor<1, Int>,
    options: ConfusionOptions,
) -> Tensor<1, Int> {
    on_host!(ranks, host::hits(&ranks, &target, options));
    default::hits(ranks, target, options)
}

/// Adds thresholded scores to one 2x2 confusion matrix per label.
///
/// `state` holds `L * 4` counters (`label * 4 + target * 2 + prediction`) and the rejected ones;
/// `scores` are probabilities `[N, L]` (see [`sigmoid_probabilities`]) or predicted labels 0 and 1, and
/// `target [N, L]` is 0 or 1. A score above the threshold predicts 1. Targets other than 0 and 1,
/// scores outside `[0, 1]` and NaN scores are rejected, each element by itself.
pub fn label_counts(
    state: Tensor<1, Int>,
    scores: Tensor<2>,
    target: Tensor<2, Int>,
    options: LabelCountsOptions,
) -> Tensor<1, Int> {
    route!(
        scores,
        call::label_counts(state, scores, target, options),
        default::label_counts(state, scores, target, options)
    )
}

/// The cell of each decision, `label * 4 + target * 2 + prediction`, or the code of a rejected one:
/// what [`label_counts`] counts.
pub fn decision_cells(
    scores: Tensor<2>,
    target: Tensor<2, Int>,
    options: LabelCountsOptions,
) -> Tensor<2, Int> {
    on_host!(scores, host::decision_cells(&scores, &target, options));
    default::decision_cells(scores, target, options)
}

/// Whether each decision is right: 1, 0 or the code of a rejected one. As [`label_counts`] otherwise.
pub fn label_hits(
    scores: Tensor<2>,
    target: Tensor<2, Int>,
    options: LabelCountsOptions,
) -> Tensor<2, Int> {
    on_host!(scores, host::label_hits(&scores, &target, options));
    default::label_hits(scores, target, options)
}

/// Adds units, as many of each sample one after the other, to two counters of their sample: those
/// with an element that is 0, and those without.
///
/// `state` holds the two counters of each sample and the rejected ones, which count elements. Of
/// `hits [U, E]` negative elements are codes; a unit with one that is not ignored is left out, and one
/// of which all are.
pub fn unit_matches(state: Tensor<1, Int>, hits: Tensor<2, Int>, samples: usize) -> Tensor<1, Int> {
    on_host!(state, host::unit_matches(state, &hits, samples));
    default::unit_matches(state, hits, samples)
}

/// The tensor in `f32`.
fn single(tensor: Tensor<2>) -> Tensor<2> {
    match tensor.dtype() {
        DType::F32 => tensor,
        _ => tensor.cast(FloatDType::F32),
    }
}

/// Probabilities of scores `[N, L]`, each by itself: unchanged, or their sigmoid.
///
/// `outside` is what [`outside_unit`] says of them; only [`ScoreKind::Auto`] reads it.
pub fn sigmoid_probabilities(
    scores: Tensor<2>,
    outside: Tensor<1, Int>,
    kind: ScoreKind,
) -> Tensor<2> {
    if kind == ScoreKind::Probabilities {
        return single(scores);
    }
    route!(
        scores,
        call::sigmoid_probabilities(scores, outside, kind),
        default::sigmoid_probabilities(scores, outside, kind)
    )
}

/// Probabilities of scores `[N, C]` over the classes: unchanged, or their softmax. `outside` as in
/// [`sigmoid_probabilities`].
pub fn softmax_probabilities(
    scores: Tensor<2>,
    outside: Tensor<1, Int>,
    kind: ScoreKind,
) -> Tensor<2> {
    if kind == ScoreKind::Probabilities {
        return single(scores);
    }
    route!(
        scores,
        call::softmax_probabilities(scores, outside, kind),
        default::softmax_probabilities(scores, outside, kind)
    )
}

/// The cross-entropy `-ln p(target)` of scores `[N, L]`, each by itself. `outside` as in
/// [`sigmoid_probabilities`]; `target [N, L]` is 0 or 1.
///
/// That of logits does not take the way over probabilities, on which large ones lose their digits.
pub fn cross_entropy(
    scores: Tensor<2>,
    target: Tensor<2, Int>,
    outside: Tensor<1, Int>,
    kind: ScoreKind,
) -> Tensor<2> {
    default::cross_entropy(single(scores), target, outside, kind)
}

/// Adds `x` to `K` compensated sums: `state` is `[2 * K]`, the leading halves and then the
/// trailing halves, whose sum is exact to about 48 bits (Knuth's two-sum). `x` is `[K]` plain
/// numbers, or `[2 * K]` compensated sums such as [`sum_compensated`] yields.
pub fn add_compensated(state: Tensor<1>, x: Tensor<1>) -> Tensor<1> {
    route!(
        state,
        call::add_compensated(state, x),
        default::add_compensated(state, x)
    )
}

/// Sums the columns of `x [N, K]`: `[2 * K]`, the leading halves of the sums and then their
/// trailing halves, exact to about 48 bits whatever the backend's own sum does.
///
/// A sum with an infinite term, or one beyond the range of `f32`, has an infinite leading half
/// and an unspecified trailing half; one of NaN or of both infinities is NaN.
pub fn sum_compensated(x: Tensor<2>) -> Tensor<1> {
    route!(x, call::sum_compensated(x), default::sum_compensated(x))
}

/// Adds confidences to equal-width bins over `[0, 1]`.
///
/// `counts` holds `bins` counts, `bins` counts of hits and the rejected ones; `sums` is `bins`
/// compensated sums of confidence. `confidence [N]`; `hit [N]` is 1 or 0, or a negative code.
/// Bin `i` holds `[i / bins, (i + 1) / bins)`; 1 lies in a bin of its own, so pass one bin more
/// than the width says (`width` bins make up `[0, 1)`).
pub fn bin_confidence(
    counts: Tensor<1, Int>,
    sums: Tensor<1>,
    confidence: Tensor<1>,
    hit: Tensor<1, Int>,
    width: usize,
) -> (Tensor<1, Int>, Tensor<1>) {
    route!(
        confidence if width < KERNEL_BINS,
        call::bin_confidence(counts, sums, confidence, hit, width),
        default::bin_confidence(counts, sums, confidence, hit, width)
    )
}

/// Counts, per label and class of target, how many thresholds each probability reaches.
///
/// `state` holds `L * 2 * (T + 1)` counters (`(label * 2 + target) * (T + 1) + reached`, where
/// `reached` is how many of the rising `thresholds [T]` are at most the probability) and the
/// rejected ones. `target [N, L]` is 0 or 1 or a negative code.
pub fn threshold_counts(
    state: Tensor<1, Int>,
    probabilities: Tensor<2>,
    target: Tensor<2, Int>,
    thresholds: &[f32],
) -> Tensor<1, Int> {
    route!(
        probabilities,
        call::threshold_counts(state, probabilities, target, thresholds.to_vec()),
        default::threshold_counts(state, probabilities, target, thresholds)
    )
}

/// The counter of [`threshold_counts`] for each score, row by row `[N * L]`, or the code of what is left
/// out.
pub fn threshold_cells(
    probabilities: Tensor<2>,
    target: Tensor<2, Int>,
    thresholds: &[f32],
) -> Tensor<1, Int> {
    on_host!(
        probabilities,
        host::threshold_cells(&probabilities, &target, thresholds)
    );
    default::threshold_cells(probabilities, target, thresholds)
}

/// Targets `[N, L]` as 0, 1 or the code of a rejected element: ignored, not 0 or 1, with a NaN
/// probability, or with one outside `[0, 1]`.
pub fn decision_codes(
    probabilities: Tensor<2>,
    target: Tensor<2, Int>,
    ignore_index: Option<i64>,
) -> Tensor<2, Int> {
    route!(
        target,
        call::decision_codes(probabilities, target, ignore_index),
        default::decision_codes(probabilities, target, ignore_index)
    )
}

/// Class indices `[N]` as one-against-rest targets `[N, C]`: 0, 1, or in the whole row the code of
/// a rejected element as in [`decision_codes`].
pub fn class_codes(
    probabilities: Tensor<2>,
    target: Tensor<1, Int>,
    ignore_index: Option<i64>,
) -> Tensor<2, Int> {
    route!(
        probabilities,
        call::class_codes(probabilities, target, ignore_index),
        default::class_codes(probabilities, target, ignore_index)
    )
}

/// Raw targets as `i32`, with [`IGNORED_TARGET`] for those to ignore; what does not fit is the
/// nearest that does.
pub(crate) fn mark_ignored(target: Tensor<1, Int>, ignore_index: Option<i64>) -> Tensor<1, Int> {
    route!(
        target,
        call::mark_ignored(target, ignore_index),
        default::mark_ignored(target, ignore_index)
    )
}

/// Whether the best class is the target (1, 0, or a negative code), and the best class's
/// probability: both `[N]`, from what [`row_scan`] and [`outside_unit`] yield.
///
/// A row of which the probability is undefined is rejected as NaN, one of which it is none (scores that
/// are said to be probabilities may not be) as an invalid prediction.
pub fn top_confidence(
    ranks: Tensor<2, Int>,
    scan: Tensor<2>,
    target: Tensor<1, Int>,
    outside: Tensor<1, Int>,
    kind: ScoreKind,
    ignore_index: Option<i64>,
) -> (Tensor<1, Int>, Tensor<1>) {
    route!(
        target if target.dims()[0] <= KERNEL_ROWS,
        call::top_confidence(ranks, scan, target, outside, kind, ignore_index),
        default::top_confidence(ranks, scan, target, outside, kind, ignore_index)
    )
}

/// Whether any score lies outside `[0, 1]`: `[1]`, 1 or 0. NaN does not.
pub fn outside_unit(scores: Tensor<2>) -> Tensor<1, Int> {
    route!(
        scores,
        call::outside_unit(scores),
        default::outside_unit(scores)
    )
}

/// How many sums [`pair_moments`] keeps per column.
pub const PAIR_MOMENTS: usize = 4;

/// Adds pairs to the moments of regression.
///
/// `counts` holds `1` counter of rows used and the rejected ones; `sums` is `PAIR_MOMENTS * D`
/// compensated sums, moment by moment: squared error, absolute error, target minus pivot, and its
/// square. `pred` and `target` are `[N, D]`, `pivot [D]` is any value near the targets, which keeps
/// the variance of large targets exact. A row with a NaN is rejected whole.
pub fn pair_moments(
    counts: Tensor<1, Int>,
    sums: Tensor<1>,
    pred: Tensor<2>,
    target: Tensor<2>,
    pivot: Tensor<1>,
) -> (Tensor<1, Int>, Tensor<1>) {
    route!(
        pred if pred.dims()[1] <= KERNEL_COLUMNS,
        call::pair_moments(counts, sums, pred, target, pivot),
        default::pair_moments(counts, sums, pred, target, pivot)
    )
}

/// Adds the negative log-likelihood of rows.
///
/// `counts` holds `1` counter of rows used and the rejected ones, `sums` one compensated sum;
/// `ranks` and `scan` are what [`row_scan`] yields. A row whose loss is undefined is rejected as
/// NaN.
pub fn log_likelihood(
    counts: Tensor<1, Int>,
    sums: Tensor<1>,
    ranks: Tensor<2, Int>,
    scan: Tensor<2>,
    target: Tensor<1, Int>,
    ignore_index: Option<i64>,
) -> (Tensor<1, Int>, Tensor<1>) {
    route!(
        target if target.dims()[0] <= KERNEL_ROWS,
        call::log_likelihood(counts, sums, ranks, scan, target, ignore_index),
        default::log_likelihood(counts, sums, ranks, scan, target, ignore_index)
    )
}

/// Two compensated sums of rows with weights: of weight times negative log-likelihood, and of the
/// weights.
///
/// The last of `counts` are the rejected ones, which alone can change; otherwise as [`log_likelihood`].
/// `weights [N]` must be finite and at least 0, or else their row is rejected as well; a row of weight 0
/// adds nothing, be its loss infinite.
pub fn weighted_log_likelihood(
    counts: Tensor<1, Int>,
    ranks: Tensor<2, Int>,
    scan: Tensor<2>,
    target: Tensor<1, Int>,
    weights: Tensor<1>,
    ignore_index: Option<i64>,
) -> (Tensor<1, Int>, Tensor<1>) {
    on_host!(
        scan,
        host::weighted_log_likelihood(counts, &ranks, &scan, &target, &weights, ignore_index)
    );
    default::weighted_log_likelihood(counts, ranks, scan, target, weights, ignore_index)
}

/// Adds the terms of elements, times their weights, and the weights.
///
/// `counts` holds `1` counter of elements used and the rejected ones; `sums` is `M * (K + 1)`
/// compensated sums: the `K` terms of the first of a row's `M` elements, of the second, .., then the
/// weights. `terms` are `[N, M, K]`; `codes [N, M]` is negative, the code, for an element to leave
/// out. One with a term that is NaN is rejected; one of weight 0 adds nothing, whatever its terms. `weights
/// [N]` must be finite and at least 0, or else the elements of their row are rejected; without, they
/// are 1.
pub fn term_sums(
    counts: Tensor<1, Int>,
    sums: Tensor<1>,
    terms: Tensor<3>,
    codes: Tensor<2, Int>,
    weights: Option<Tensor<1>>,
) -> (Tensor<1, Int>, Tensor<1>) {
    on_host!(
        terms,
        host::term_sums(counts, sums, &terms, &codes, &weights)
    );
    default::term_sums(counts, sums, terms, codes, weights)
}

/// Of each row of `codes [N, L]`, which are 0, 1 or the codes of labels to leave out, the code of its
/// invalid label if it has one, that of ignored labels if it has no other, or else 0: `[N, 1]`.
pub fn row_codes(codes: Tensor<2, Int>) -> Tensor<2, Int> {
    on_host!(codes, host::row_codes(&codes));
    default::row_codes(codes)
}

/// How many numbers of each row [`label_ranking`] yields.
pub const RANKING_TERMS: usize = 3;

/// How well the scores `[N, L]` of each row rank its labels: the coverage, the average precision and the
/// loss `[N, RANKING_TERMS]`.
///
/// `codes [N, L]` are 1 for relevant labels, 0 for others, and negative for those to leave out, which
/// all that score NaN are. Without relevant labels the coverage is 0 and the precision 1, without a pair
/// of a relevant label and another the loss is 0.
pub fn label_ranking(scores: Tensor<2>, codes: Tensor<2, Int>) -> Tensor<2> {
    on_host!(scores, host::label_ranking(&scores, &codes));
    default::label_ranking(scores, codes)
}

/// The cross-entropy, the probability and the target of each decision: `[N, L, 3]`.
///
/// `scores [N, L]`, `outside` and `kind` as in [`cross_entropy`], `probabilities [N, L]` and `codes [N,
/// L]` as in [`decision_codes`]. The terms of rejected decisions are unspecified.
pub fn decision_terms(
    scores: Tensor<2>,
    probabilities: Tensor<2>,
    codes: Tensor<2, Int>,
    outside: Tensor<1, Int>,
    kind: ScoreKind,
) -> Tensor<3> {
    on_host!(
        scores,
        host::decision_terms(&scores, &probabilities, &codes, &outside, kind)
    );
    default::decision_terms(scores, probabilities, codes, outside, kind)
}

/// Hinge losses of `scores [N, C]`: one per row, or one per class, and 0 or the code of each row
/// `[N, 1]`.
///
/// `codes [N, C]` are 1 for the class of a row, 0 for others (of a single column those that are
/// negative), and in rows to leave out, whose losses are unspecified, a negative code. A loss is
/// `max(0, 1 - margin)`, and NaN where the margin is undefined.
pub fn hinge_losses(
    scores: Tensor<2>,
    codes: Tensor<2, Int>,
    options: MarginOptions,
) -> (Tensor<2>, Tensor<2, Int>) {
    on_host!(scores, host::hinge_losses(&scores, &codes, options));
    default::hinge_losses(scores, codes, options)
}

/// For every label of `scores [N, L]` how many labels of its row without a negative code in `codes [N,
/// L]` come before it in the order of falling scores (ties: of rising index); none does where one of both
/// scores is NaN.
pub fn labels_before(scores: Tensor<2>, codes: Tensor<2, Int>) -> Tensor<2, Int> {
    on_host!(scores, host::labels_before(&scores, &codes));
    default::labels_before(scores, codes)
}

/// Adds values to their sum, their weighted sum and the sum of their weights.
///
/// `counts` holds the values used, those of them without a weight, and the rejected ones; `sums` three
/// compensated sums, the third of the weights that were given. `values` and `weights` are `[N]`; weights
/// that do not count are not read.
pub fn value_totals(
    counts: Tensor<1, Int>,
    sums: Tensor<1>,
    values: Tensor<1>,
    weights: Tensor<1>,
    options: ValueOptions,
) -> (Tensor<1, Int>, Tensor<1>) {
    route!(
        values,
        call::value_totals(counts, sums, values, weights, options),
        default::value_totals(counts, sums, values, weights, options)
    )
}

/// Pairs of a key and a value `[N]` in the order of rising keys, the values first. Pairs with equal keys
/// keep their order on CubeCL devices, Flex and NdArray; 0 and -0 are equal (and become 0), and NaN is
/// last. Keys are taken as `f32` and values as `i32`.
pub fn sort_pairs(keys: Tensor<1>, values: Tensor<1, Int>) -> (Tensor<1, Int>, Tensor<1>) {
    route!(
        keys if keys.dims()[0] <= KERNEL_KEYS,
        call::sort_pairs(keys, values),
        default::sort_pairs(keys, values)
    )
}

/// How many counters [`curve_areas`] yields for each column.
pub const AREA_COUNTS: usize = 4;

/// What the areas under the curves of scores `[N, L]` come from, each column by itself: `L *
/// AREA_COUNTS` counters and the rejected ones, and `L` compensated sums.
///
/// The counters are, as unsigned numbers: how often a positive scores higher than a negative, twice,
/// where a tie is half of once (its low and its high 32 bits); the positives; the negatives. The sum is
/// that of the precision at the score of every positive. `codes [N, L]` is 1, 0, or the code of what is
/// left out; other scores are in `[0, 1]`.
///
/// `None` on backends without a sort of their own: there the scores are better read.
pub fn curve_areas(
    scores: Tensor<2>,
    codes: Tensor<2, Int>,
) -> Option<(Tensor<1, Int>, Tensor<1>)> {
    route!(
        scores if scores.dims()[0] <= KERNEL_KEYS && scores.dims()[1] < KERNEL_COLUMNS,
        Some(call::curve_areas(scores, codes)),
        None
    )
}

/// What [`curve_areas`] yields, of [keys](decisions::DecisionSink::Keys) `[N, L]`. What was rejected is not counted.
///
/// `None` as there, and of more keys than a kernel takes.
#[allow(unused_variables)]
pub(crate) fn key_areas(keys: Tensor<2, Int>) -> Option<(Tensor<1, Int>, Tensor<1>)> {
    let [rows, columns] = keys.dims();
    let fits = rows > 0 && rows <= KERNEL_KEYS && (1..KERNEL_COLUMNS).contains(&columns);
    #[cfg(feature = "cube")]
    if fits && has_kernels(&keys.device()) && rows * columns <= KERNEL_ELEMENTS {
        let areas = <burn::backend::Dispatch as kernels::Kernels>::key_areas(keys.into_dispatch());
        return Some((
            Tensor::from_dispatch(areas.0),
            Tensor::from_dispatch(areas.1),
        ));
    }
    None
}

/// Adds elements to sums by cell, each as much as its weight.
///
/// `counts` holds any counters and then the rejected ones, which alone can change; `sums` is `K`
/// compensated sums. `cells [N]` are in `0..K`, or negative codes of elements to leave out; `weights
/// [N]` must be finite and at least 0, or else their element is rejected as well. What a batch adds to
/// a sum is exact to 2e-8 of it, whatever the weights of other cells; a sum beyond the range of `f32` is
/// infinite.
pub fn weighted_counts(
    counts: Tensor<1, Int>,
    sums: Tensor<1>,
    cells: Tensor<1, Int>,
    weights: Tensor<1>,
) -> (Tensor<1, Int>, Tensor<1>) {
    on_host!(cells, host::weighted_counts(counts, sums, &cells, &weights));
    default::weighted_counts(counts, sums, cells, weights)
}

/// Elements that count in two cells, for [`weighted_counts`]: `also` with its own weights, and nothing
/// where it is negative. An element that the first cell or the first weight rejects is rejected once.
pub fn in_two_cells(
    cells: Tensor<1, Int>,
    weights: Tensor<1>,
    also: Tensor<1, Int>,
    also_weights: Tensor<1>,
) -> (Tensor<1, Int>, Tensor<1>) {
    on_host!(
        cells,
        host::in_two_cells(&cells, &weights, &also, &also_weights)
    );
    default::in_two_cells(cells, weights, also, also_weights)
}

/// Adds one to the counter at every place; all places are those of counters.
pub fn count(counts: Tensor<1, Int>, places: Tensor<1, Int>) -> Tensor<1, Int> {
    on_host!(counts, host::count(counts, &places));
    default::count(counts, places)
}

/// Adds rows to the co-moments of their columns.
///
/// `counts` holds the rows used without a weight, those used with one, and the rejected ones; a row with a NaN is
/// rejected whole, as is one with an invalid weight. `sums` is `1 + D + D * D` compensated sums: of the weights that
/// were given, of the `values [N, D]` minus their `pivot [D]`, and of the products of two of these,
/// each times the weight.
pub fn co_moments(
    counts: Tensor<1, Int>,
    sums: Tensor<1>,
    values: Tensor<2>,
    weights: Option<Tensor<1>>,
    pivot: Tensor<1>,
) -> (Tensor<1, Int>, Tensor<1>) {
    on_host!(
        values,
        host::co_moments(counts, sums, &values, &weights, &pivot)
    );
    default::co_moments(counts, sums, values, weights, pivot)
}

/// Adds the continuous ranked probability scores of ensembles.
///
/// `counts` as in [`co_moments`]; `sums` is two compensated sums: of the scores times their
/// weights, and of the weights that were given. `pred` is `[N, M]` and `target` `[N]`. On devices of which
/// the memory is not the host's all `M * M` pairs of members are compared, so that no sort is needed.
pub fn ensemble_scores(
    counts: Tensor<1, Int>,
    sums: Tensor<1>,
    pred: Tensor<2>,
    target: Tensor<1>,
    weights: Option<Tensor<1>>,
) -> (Tensor<1, Int>, Tensor<1>) {
    on_host!(
        pred,
        host::ensemble_scores(counts, sums, &pred, &target, &weights)
    );
    default::ensemble_scores(counts, sums, pred, target, weights)
}
