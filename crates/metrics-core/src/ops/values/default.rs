//! The pass as tensor operations, sink by sink.

use super::{NanRule, Numbers, ValueSink};
use crate::{
    ops,
    pass::{DeviceState, Plan},
};
use burn::tensor::{Bool, Int, Tensor};

pub(super) fn pass(input: &Numbers, plan: &Plan<ValueSink>, mut state: DeviceState) -> DeviceState {
    let nan = input.values.clone().is_nan();
    for placed in &plan.sinks {
        match placed.sink {
            ValueSink::Totals(rule) => state.change(placed, |counts, words| {
                let size = 2 * placed.size.sums;
                let (sums, mark) = (words.clone().slice(0..size), words.slice(size..size + 1));
                let nan = match &input.weights {
                    Some(weights) => nan.clone().bool_or(weights.clone().is_nan()),
                    None => nan.clone(),
                };
                let terms = terms(input, &nan, rule);
                let mark = mark.max_pair(has_infinity(&terms));
                let sums = ops::add_compensated(sums, ops::sum_compensated(terms));
                (count(counts, nan, rule), Tensor::cat(vec![sums, mark], 0))
            }),
            ValueSink::Extremes(rule) => state.change(placed, |counts, marks| {
                let fill = |neutral: f32| {
                    let values = input.values.clone();
                    values.mask_fill(nan.clone(), rule.number(neutral))
                };
                let (low, high) = (fill(f32::INFINITY).min(), fill(f32::NEG_INFINITY).max());
                let mark = |k: usize| marks.clone().slice(k..k + 1);
                let fresh = mark(0).equal_elem(0.0);
                let least = mark(1)
                    .mask_fill(fresh.clone(), f32::INFINITY)
                    .min_pair(low);
                let most = mark(2).mask_fill(fresh, f32::NEG_INFINITY).max_pair(high);
                let marks = Tensor::cat(vec![mark(0).ones_like(), least, most], 0);
                (count(counts, nan.clone(), rule), marks)
            }),
            // Only what kernels take is listed.
            ValueSink::List(_) => {}
        }
    }
    state
}

/// What each number adds to the sums.
fn terms(input: &Numbers, nan: &Tensor<1, Bool>, rule: NanRule) -> Tensor<2> {
    let values = (input.values.clone()).mask_fill(nan.clone(), rule.number(0.0));
    let [n] = values.dims();
    let Some(weights) = &input.weights else {
        return values.reshape([n, 1]);
    };
    let weight = match rule {
        NanRule::Impute(_) => 1.0,
        NanRule::LeaveOut(_) => 0.0,
    };
    let weights = weights.clone().mask_fill(nan.clone(), weight);
    Tensor::stack(vec![values.clone(), values * weights.clone(), weights], 1)
}

/// Whether a number or a weight is infinite, which its product with another is, too: 1 or 0.
fn has_infinity(terms: &Tensor<2>) -> Tensor<1> {
    let column = |k: usize| terms.clone().slice_dim(1, k..k + 1).is_inf().any();
    match terms.dims()[1] {
        3 => column(0).bool_or(column(2)).float(),
        _ => column(0).float(),
    }
}

fn count(counts: Tensor<1, Int>, nan: Tensor<1, Bool>, rule: NanRule) -> Tensor<1, Int> {
    ops::count(counts, ops::as_i32(nan.int()) * rule.counter() as i32)
}
