//! The operations in host memory.

use super::ScoreKind;
use crate::ops::host::{counters, floats, from_floats, from_ints, passes};
use burn::tensor::{Int, Tensor};

pub(super) fn outside_unit(scores: &Tensor<2>, slack: f32) -> Tensor<1, Int> {
    let outside = floats(scores, |scores| passes::outside_unit(scores, slack));
    from_ints(vec![i32::from(outside)], [1], &scores.device())
}

pub(super) fn within_unit(probabilities: Tensor<2>, slack: f32) -> Tensor<2> {
    let inside = floats(&probabilities, |p| {
        passes::outside_unit(p, 0.0).then(|| {
            let mut inside = p.to_vec();
            passes::snap(&mut inside, slack);
            inside
        })
    });
    match inside {
        Some(inside) => from_floats(inside, probabilities.dims(), &probabilities.device()),
        None => probabilities,
    }
}

/// Whether scores are logits, by what [`outside_unit`] says of them.
fn are_logits(outside: &Tensor<1, Int>, kind: ScoreKind) -> bool {
    match kind {
        ScoreKind::Auto => counters(outside, |outside| {
            outside.first().is_some_and(|outside| *outside != 0)
        }),
        ScoreKind::Probabilities => false,
        ScoreKind::Logits => true,
    }
}

pub(super) fn sigmoid(scores: Tensor<2>, outside: &Tensor<1, Int>, kind: ScoreKind) -> Tensor<2> {
    if !are_logits(outside, kind) {
        return scores;
    }
    let share = |score: &f32| 1.0 / (1.0 + (-score).exp());
    let probabilities = floats(&scores, |scores| scores.iter().map(share).collect());
    from_floats(probabilities, scores.dims(), &scores.device())
}

pub(super) fn softmax(scores: Tensor<2>, outside: &Tensor<1, Int>, kind: ScoreKind) -> Tensor<2> {
    if !are_logits(outside, kind) {
        return scores;
    }
    let [_, classes] = scores.dims();
    let probabilities = floats(&scores, |scores| shares(scores, classes));
    from_floats(probabilities, scores.dims(), &scores.device())
}

fn shares(scores: &[f32], classes: usize) -> Vec<f32> {
    let mut out = scores.to_vec();
    for row in out.chunks_exact_mut(classes.max(1)) {
        let max = row.iter().copied().fold(f32::NEG_INFINITY, f32::max);
        let mut sum = 0.0;
        for score in row.iter_mut() {
            *score = (*score - max).exp();
            sum += *score;
        }
        row.iter_mut().for_each(|score| *score /= sum);
    }
    out
}
