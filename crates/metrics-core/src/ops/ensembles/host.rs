//! The scores of ensembles.

use crate::ops::{
    host::{HostElement, RowSums, sum_parts, with_weights},
    scalar::Element,
};
use burn::tensor::{DType, Tensor};

/// Members that one thread takes at a time where there are many.
const MEMBERS_PER_PART: usize = 1 << 16;

/// The most members that are sorted by exchanges, in several rows at once.
const FEW: usize = 64;

/// Rows that are sorted at once.
const LANES: usize = 8;

/// The sums of the scores of a batch and of the weights that were given.
pub(super) fn scores(pred: &Tensor<2>, target: &Tensor<1>, weights: &Option<Tensor<1>>) -> RowSums {
    if pred.dtype() == DType::F64 {
        of::<f64>(pred, target, weights)
    } else {
        of::<f32>(pred, target, weights)
    }
}

fn of<E: HostElement>(
    pred: &Tensor<2>,
    target: &Tensor<1>,
    weights: &Option<Tensor<1>>,
) -> RowSums {
    let [n, members] = pred.dims();
    let rows_per_part = (MEMBERS_PER_PART / members.max(1)).max(16);
    E::slice(pred, |pred| {
        E::slice(target, |target| {
            with_weights(weights, |weights: Option<&[E]>| {
                sum_parts(n, rows_per_part, |rows| {
                    let weights = weights.map(|weights| &weights[rows.clone()]);
                    let pred = &pred[rows.start * members..rows.end * members];
                    let mut sums = RowSums::new(2);
                    add_rows(&mut sums, pred, &target[rows], weights);
                    sums
                })
            })
        })
    })
}

#[multiversion::multiversion(targets("x86_64+avx2+fma"))]
fn add_rows<E: Element>(sums: &mut RowSums, pred: &[E], target: &[E], weights: Option<&[E]>) {
    let members = pred.len() / target.len().max(1);
    let mut nan = [false; LANES];
    let mut sorted = vec![[E::ZERO; LANES]; members];
    let mut row = vec![E::ZERO; members];
    for (block, target) in target.chunks(LANES).enumerate() {
        let first = block * LANES;
        for (lane, target) in target.iter().enumerate() {
            let start = (first + lane) * members;
            row.copy_from_slice(&pred[start..start + members]);
            if members > FEW {
                row.sort_unstable_by(E::total_cmp);
            }
            nan[lane] = row.iter().fold(target.is_nan(), |any, x| any | x.is_nan());
            for (sorted, member) in sorted.iter_mut().zip(&row) {
                sorted[lane] = *member;
            }
        }
        if members <= FEW {
            sort(&mut sorted);
        }
        let scores = of_sorted(&sorted, target);
        for lane in 0..target.len() {
            let weight = weights.map(|weights| weights[first + lane]);
            if let Some(used) = sums.count(nan[lane], weight) {
                sums.totals[0] += scores[lane] * used;
                sums.totals[1] += weight.map_or(0.0, |_| used);
            }
        }
    }
}

/// Sorts every lane by exchanges, for which a vector needs no branch.
#[inline(always)]
fn sort<E: Element>(members: &mut [[E; LANES]]) {
    for end in (1..members.len()).rev() {
        let mut largest = members[0];
        for i in 0..end {
            for lane in 0..LANES {
                let (own, next) = (largest[lane], members[i + 1][lane]);
                members[i][lane] = if next < own { next } else { own };
                largest[lane] = if next < own { own } else { next };
            }
        }
        members[end] = largest;
    }
}

/// The score of each lane, `2 / M² * sum((x_i - y) (M [x_i > y] - i + 1/2))` of its sorted members,
/// counted from 1: every factor has the sign of its distance, so that nothing cancels.
#[inline(always)]
fn of_sorted<E: Element>(sorted: &[[E; LANES]], target: &[E]) -> [f64; LANES] {
    let mut targets = [E::ZERO; LANES];
    targets[..target.len()].copy_from_slice(target);
    let members = sorted.len() as f64;
    let mut scores = [0.0; LANES];
    let mut below = 0.5;
    for x in sorted {
        for lane in 0..LANES {
            let distance = x[lane].wide() - targets[lane].wide();
            let above = if distance > 0.0 { members } else { 0.0 };
            scores[lane] += distance * (above - below);
        }
        below += 1.0;
    }
    scores.map(|score| score * 2.0 / (members * members))
}
