//! The operations in host memory.

use super::RANKING_TERMS;
use crate::{
    Reason,
    ops::{
        host::{counters, floats},
        sort::host::code,
    },
};
use burn::tensor::{DType, Int, Tensor, TensorData};
use rayon::prelude::*;
use std::cmp::Reverse;

/// Labels that one thread takes at a time where there are many.
const LABELS_PER_PART: usize = 1 << 16;

/// The most labels that are compared with all others, which takes less time than to sort them.
const COMPARED: usize = 256;

/// See [`ops::row_codes`](crate::ops::row_codes).
pub(crate) fn row_codes(codes: &Tensor<2, Int>) -> Tensor<2, Int> {
    let [n, labels] = codes.dims();
    let rows = counters(codes, |codes| {
        let row = |i: usize| row_code(&codes[i * labels..(i + 1) * labels]);
        (0..n).map(row).collect()
    });
    Tensor::from_data(
        TensorData::new::<i32, _>(rows, [n, 1]),
        (&codes.device(), DType::I32),
    )
}

pub(in crate::ops) fn row_code(codes: &[i32]) -> i32 {
    let extremes = |(low, high): (i32, i32), code: &i32| (low.min(*code), high.max(*code));
    match codes.iter().fold((0, i32::MIN), extremes) {
        (worst, 0..) if worst == Reason::Ignored.code() => 0,
        (worst, _) => worst,
    }
}

#[multiversion::multiversion(targets("x86_64+avx2+fma"))]
pub(in crate::ops) fn rank_rows(
    terms: &mut [[f32; RANKING_TERMS]],
    scores: &[f32],
    codes: &[i32],
    labels: usize,
) {
    let (mut relevant, mut others) = (Scores::new(labels), Scores::new(labels));
    for (i, terms) in terms.iter_mut().enumerate() {
        let row = i * labels..(i + 1) * labels;
        (relevant.len, others.len) = (0, 0);
        for (score, code) in scores[row.clone()].iter().zip(&codes[row]) {
            relevant.push_if(*code == 1, *score);
            others.push_if(*code == 0, *score);
        }
        *terms = rank(&mut relevant, &mut others);
    }
}

/// The terms of a row with these scores.
#[inline(always)]
fn rank(relevant: &mut Scores, others: &mut Scores) -> [f32; RANKING_TERMS] {
    if relevant.len == 0 {
        return [0.0, 1.0, 0.0];
    }
    let (coverage, precision, wrong) = if relevant.len <= COMPARED {
        compare(relevant.lanes(), others.list())
    } else {
        sort(relevant.sorted(), others.sorted())
    };
    let pairs = (relevant.len * others.len).max(1);
    [
        coverage as f32,
        (precision / relevant.len as f64) as f32,
        (wrong as f64 / pairs as f64) as f32,
    ]
}

/// The coverage, the sum of precisions at the relevant labels, and the pairs in the wrong order.
#[inline(always)]
fn compare((own, relevant): (&[[f32; LANES]], &[f32]), others: &[f32]) -> (u32, f64, u64) {
    let mut coverage = [0; LANES];
    let mut precision = [0.0; LANES];
    let mut wrong = [0; LANES];
    for own in own {
        let (hits, misses) = (not_below(own, relevant), not_below(own, others));
        for lane in 0..LANES {
            let all = hits[lane] + misses[lane];
            coverage[lane] = all.max(coverage[lane]);
            precision[lane] += hits[lane] as f64 / all.max(1) as f64;
            wrong[lane] += misses[lane] as u64;
        }
    }
    (
        coverage.into_iter().fold(0, u32::max),
        precision.iter().sum(),
        wrong.iter().sum(),
    )
}

/// The same of sorted scores.
fn sort(relevant: &[f32], others: &[f32]) -> (u32, f64, u64) {
    let (mut precision, mut wrong) = (0.0, 0);
    let [mut hits, mut misses] = [0, 0];
    for own in relevant {
        let ahead = |scores: &[f32], count: usize| scores.get(count).is_some_and(|s| s >= own);
        while ahead(relevant, hits) {
            hits += 1;
        }
        while ahead(others, misses) {
            misses += 1;
        }
        precision += hits as f64 / (hits + misses) as f64;
        wrong += misses as u64;
    }
    ((hits + misses) as u32, precision, wrong)
}

const LANES: usize = 8;

/// A list of scores, with room for whole vectors.
struct Scores {
    room: Vec<f32>,
    len: usize,
}

impl Scores {
    fn new(most: usize) -> Self {
        Self {
            room: vec![0.0; most.next_multiple_of(LANES)],
            len: 0,
        }
    }

    /// Writes a score whether it is to stay or not, which leaves no branch to predict.
    #[inline(always)]
    fn push_if(&mut self, stays: bool, score: f32) {
        self.room[self.len] = score;
        self.len += stays as usize;
    }

    #[inline(always)]
    fn list(&self) -> &[f32] {
        &self.room[..self.len]
    }

    /// As vectors, of which the last is filled up with NaN, and as a list.
    #[inline(always)]
    fn lanes(&mut self) -> (&[[f32; LANES]], &[f32]) {
        let end = self.len.next_multiple_of(LANES);
        self.room[self.len..end].fill(f32::NAN);
        (self.room[..end].as_chunks().0, self.list())
    }

    /// From the largest to the smallest.
    fn sorted(&mut self) -> &[f32] {
        let scores = &mut self.room[..self.len];
        scores.sort_unstable_by(|a, b| b.total_cmp(a));
        scores
    }
}

/// How many scores are not below each of these.
#[inline(always)]
fn not_below(own: &[f32; LANES], scores: &[f32]) -> [u32; LANES] {
    let mut counts = [0; LANES];
    for score in scores {
        for lane in 0..LANES {
            counts[lane] += (*score >= own[lane]) as u32;
        }
    }
    counts
}

/// See [`ops::labels_before`](crate::ops::labels_before).
pub(crate) fn labels_before(scores: &Tensor<2>, codes: &Tensor<2, Int>) -> Tensor<2, Int> {
    let [n, labels] = scores.dims();
    let mut places = vec![0; n * labels];
    let size = (LABELS_PER_PART / labels.max(1)).max(1) * labels.max(1);
    floats(scores, |scores| {
        counters(codes, |codes| {
            let parts = places.par_chunks_mut(size).zip(scores.par_chunks(size));
            parts
                .zip(codes.par_chunks(size))
                .for_each(|((places, scores), codes)| {
                    places_of_labels(places, scores, codes, labels);
                });
        });
    });
    let places = TensorData::new(places, [n, labels]);
    Tensor::from_data(places, (&scores.device(), DType::I32))
}

/// For every label how many labels of its row come before it.
pub(in crate::ops) fn places_of_labels(
    places: &mut [i32],
    scores: &[f32],
    codes: &[i32],
    labels: usize,
) {
    if labels <= COMPARED {
        compare_rows(places, scores, codes, labels);
    } else {
        sort_rows(places, scores, codes, labels);
    }
}

#[multiversion::multiversion(targets("x86_64+avx2+fma"))]
fn compare_rows(places: &mut [i32], scores: &[f32], codes: &[i32], labels: usize) {
    let mut used = Scores::new(labels);
    let rows = places.chunks_mut(labels).zip(scores.chunks(labels));
    for ((places, scores), codes) in rows.zip(codes.chunks(labels)) {
        used.len = 0;
        for (score, code) in scores.iter().zip(codes) {
            // NaN comes before nothing.
            used.push_if(true, if *code >= 0 { *score } else { f32::NAN });
        }
        let (used, _) = used.lanes();
        for (label, (place, own)) in places.iter_mut().zip(scores).enumerate() {
            *place = before(used, *own, label as u32);
        }
    }
}

/// How many scores come before that of a label: the larger ones, and the equal ones of labels before it.
#[inline(always)]
fn before(scores: &[[f32; LANES]], own: f32, label: u32) -> i32 {
    let mut counts = [0i32; LANES];
    for (scores, first) in scores.iter().zip((0..).step_by(LANES)) {
        for lane in 0..LANES {
            let tied = (scores[lane] == own) & (first + (lane as u32) < label);
            counts[lane] += ((scores[lane] > own) | tied) as i32;
        }
    }
    counts.iter().sum()
}

fn sort_rows(places: &mut [i32], scores: &[f32], codes: &[i32], labels: usize) {
    let mut order = Vec::with_capacity(labels);
    let rows = places.chunks_mut(labels).zip(scores.chunks(labels));
    for ((places, scores), codes) in rows.zip(codes.chunks(labels)) {
        let numbers = (0..labels).filter(|label| !scores[*label].is_nan());
        order.clear();
        order.extend(numbers.map(|label| (Reverse(code(scores[label])), label)));
        order.sort_unstable();
        let mut before = 0;
        for (_, label) in &order {
            places[*label] = before;
            before += (codes[*label] >= 0) as i32;
        }
    }
}
