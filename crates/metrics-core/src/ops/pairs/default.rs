//! The pass as tensor operations, sink by sink.

use super::{AnyTerms, JOINT, MOMENTS, PairSink, Pairs, Unit};
use crate::{
    ops::{self, labels::any_in_row, sums::two_sum, weighed::Rows},
    pass::{DeviceState, Placed},
    states::{
        pivot::{first_rows, pivot},
        rows::counted,
    },
};
use burn::tensor::{DType, Tensor};

pub(super) fn pass(
    pairs: &Pairs,
    sinks: Vec<&Placed<PairSink>>,
    mut state: DeviceState,
) -> DeviceState {
    for placed in sinks {
        match &placed.sink {
            PairSink::Moments { unit, extremes } => {
                moments(&mut state, placed, pairs.of(*unit), *extremes);
            }
            PairSink::Joint { unit } => joint(&mut state, placed, pairs.of(*unit)),
            PairSink::Terms(terms) => add_terms(&mut state, placed, pairs, terms),
            // Only what kernels take is listed.
            PairSink::Ranks { .. } | PairSink::List(_) => {}
        }
    }
    state
}

/// Rows without a NaN.
fn rows(pairs: &Pairs) -> Rows {
    let nan = (pairs.pred.clone().is_nan()).bool_or(pairs.target.clone().is_nan());
    Rows::without_nan(any_in_row(nan), pairs.weights.clone())
}

/// The weight of each row `[N, 1]`: 1 without weights, 0 if it adds nothing.
fn weight(rows: &Rows, pairs: &Pairs) -> Tensor<2> {
    if pairs.weights.is_some() {
        return rows.given();
    }
    let [n, _] = pairs.pred.dims();
    rows.used(Tensor::ones([n, 1], (&pairs.pred.device(), DType::F32)))
}

/// Splits words into `2 * K` sums, of which the last is that of weights, and the marks that there are, or if nothing
/// has been added to the sums, others.
fn known(words: Tensor<1>, others: Tensor<1>) -> (Tensor<1>, Tensor<1>) {
    let ([size], [marks]) = (words.dims(), others.dims());
    let sums = size - marks;
    let weight = words.clone().slice(sums / 2 - 1..sums / 2);
    let known = words.clone().slice(sums..size);
    let marks = others.mask_where(weight.greater_elem(0.0).expand([marks]), known);
    (words.slice(0..sums), marks)
}

fn moments(state: &mut DeviceState, placed: &Placed<PairSink>, pairs: Pairs, extremes: bool) {
    let [n, columns] = pairs.pred.dims();
    let rows = rows(&pairs);
    let Pairs {
        pred,
        target,
        weights,
    } = pairs.clone();
    state.change(placed, |counts, words| {
        let pivots = pivot(pred.clone(), target.clone(), weights.as_ref());
        let others = if extremes {
            let least = pivots.zeros_like().add_scalar(f32::INFINITY);
            Tensor::cat(vec![pivots, least.clone(), least.neg()], 0)
        } else {
            pivots
        };
        let (sums, marks) = known(words, others);
        let pivots = marks.clone().slice(0..columns).reshape([1, columns]);
        let error = pred.clone() - target.clone();
        let offset = target.clone() - pivots;
        let moments = [
            error.clone() * error.clone(),
            error.abs(),
            offset.clone(),
            offset.clone() * offset,
        ];
        let terms = Tensor::stack::<3>(moments.to_vec(), 2).reshape([n, MOMENTS * columns]);
        let terms = vec![rows.used(rows.weigh(terms)), weight(&rows, &pairs)];
        let batch = ops::sum_compensated(Tensor::cat(terms, 1));
        let marks = if extremes {
            with_extremes(marks, &pairs)
        } else {
            marks
        };
        let sums = ops::add_compensated(sums, batch);
        (rows.count(counts), Tensor::cat(vec![sums, marks], 0))
    });
}

/// Marks whose last two thirds are the smallest and the largest targets.
fn with_extremes(marks: Tensor<1>, pairs: &Pairs) -> Tensor<1> {
    let target = &pairs.target;
    let [n, columns] = target.dims();
    let nan =
        (counted(pairs.pred.clone(), &pairs.weights).is_nan()).bool_or(target.clone().is_nan());
    let unused = any_in_row(nan).expand([n, columns]);
    let fill = |value: f32| target.clone().mask_fill(unused.clone(), value);
    let low = fill(f32::INFINITY).min_dim(0).reshape([columns]);
    let high = fill(f32::NEG_INFINITY).max_dim(0).reshape([columns]);
    let part = |k: usize| marks.clone().slice(k * columns..(k + 1) * columns);
    let (low, high) = (part(1).min_pair(low), part(2).max_pair(high));
    Tensor::cat(vec![part(0), low, high], 0)
}

fn joint(state: &mut DeviceState, placed: &Placed<PairSink>, pairs: Pairs) {
    let [n, columns] = pairs.pred.dims();
    let rows = rows(&pairs);
    state.change(placed, |counts, words| {
        let (sums, marks) = known(words, joint_pivots(&pairs));
        let around = |x: Tensor<2>, k: usize| {
            let pivots = marks.clone().slice(k * columns..(k + 1) * columns);
            x - pivots.reshape([1, columns])
        };
        // Both halves of the error, as its variance may be small beside it.
        let (high, low) = two_sum(pairs.target.clone(), pairs.pred.clone().neg());
        let p = rows.used(around(pairs.pred.clone(), 0));
        let t = rows.used(around(pairs.target.clone(), 1));
        let e = rows.used(around(high, 2) + around(low, 3));
        let [wp, wt, we] = [&p, &t, &e].map(|x| rows.weigh(x.clone()));
        let moments = [
            wp.clone() * p,
            wt.clone() * t.clone(),
            we.clone() * e,
            wp.clone() * t,
            wp,
            wt,
            we,
        ];
        let terms = Tensor::stack::<3>(moments.to_vec(), 2).reshape([n, JOINT * columns]);
        let batch = ops::sum_compensated(Tensor::cat(vec![terms, weight(&rows, &pairs)], 1));
        let sums = ops::add_compensated(sums, batch);
        (rows.count(counts), Tensor::cat(vec![sums, marks], 0))
    });
}

/// Near the predictions, the targets, and both halves of the errors `[4 * D]`.
fn joint_pivots(pairs: &Pairs) -> Tensor<1> {
    let weights = pairs.weights.clone().map(first_rows);
    let [pred, target] =
        [&pairs.pred, &pairs.target].map(|x| counted(first_rows(x.clone()), &weights));
    let (high, low) = two_sum(target.clone(), pred.clone().neg());
    let pivots = vec![
        pivot(target.clone(), pred.clone(), None),
        pivot(pred, target, None),
        pivot(high.clone(), high, None),
        pivot(low.clone(), low, None),
    ];
    Tensor::cat(pivots, 0)
}

fn add_terms(
    state: &mut DeviceState,
    placed: &Placed<PairSink>,
    pairs: &Pairs,
    AnyTerms(terms): &AnyTerms,
) {
    let (rows, measured) = terms.measure(pairs.of(terms.unit()));
    let mut infinite = pairs.pred.clone().is_inf().any();
    infinite = infinite.bool_or(pairs.target.clone().is_inf().any());
    if !terms.by_number() || terms.unit() == Unit::Rows {
        // Terms of a user and divergences of rows may be infinite by their formula.
        infinite = infinite.bool_or(measured.clone().is_inf().any());
    }
    state.change(placed, |counts, words| {
        let size = 2 * placed.size.sums;
        let (sums, mark) = (words.clone().slice(0..size), words.slice(size..size + 1));
        let mut terms = vec![rows.used(rows.weigh(measured))];
        if pairs.weights.is_some() {
            terms.push(rows.given());
        }
        let batch = ops::sum_compensated(Tensor::cat(terms, 1));
        let words = vec![
            ops::add_compensated(sums, batch),
            mark.max_pair(infinite.float()),
        ];
        (rows.count(counts), Tensor::cat(words, 0))
    });
}
