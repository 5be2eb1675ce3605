//! What becomes of whole rows of decisions, in host memory.

use super::sums::Terms;
use crate::ops::{
    RANKING_TERMS,
    decisions::MultilabelCriterion,
    host::{matches, places_of_labels, rank_rows, row_code},
};

/// Counts rows with a wrong decision and rows without; `hits` is a buffer.
pub(super) fn units(
    hits: &mut [i32],
    p: &[f32],
    codes: &[i32],
    (threshold, labels): (f32, usize),
    counts: &mut [i32],
) {
    right(hits, p, codes, threshold);
    let (matched, rejected) = counts.split_at_mut(2);
    matches(matched, rejected, hits, labels);
}

/// Whether each decision is right: 1, 0 or the code of one to leave out.
#[multiversion::multiversion(targets("x86_64+avx2+fma"))]
pub(super) fn right(hits: &mut [i32], p: &[f32], codes: &[i32], threshold: f32) {
    for (hit, (p, code)) in hits.iter_mut().zip(p.iter().zip(codes)) {
        let right = (*code == (*p > threshold) as i32) as i32;
        *hit = if *code < 0 { *code } else { right };
    }
}

/// Sums the terms of rankings.
pub(super) fn ranking(
    (scores, codes, weights): (&[f32], &[i32], Option<&[f32]>),
    labels: usize,
    counts: &mut [i32],
    sums: &mut [f64],
) {
    let mut terms = vec![[0.0; RANKING_TERMS]; codes.len() / labels];
    rank_rows(&mut terms, scores, codes, labels);
    let rows: Vec<i32> = codes.chunks_exact(labels).map(row_code).collect();
    let rows = Terms {
        codes: &rows,
        weights,
        labels: 1,
    };
    rows.sum(counts, sums, |row| terms[row].map(f64::from));
}

/// Sums how many decisions are right if the `k` best labels of each row are predicted, and how many there are;
/// `places` is a buffer.
pub(super) fn best(
    places: &mut [i32],
    (scores, codes, weights): (&[f32], &[i32], Option<&[f32]>),
    labels: usize,
    (k, criterion): (usize, MultilabelCriterion),
    counts: &mut [i32],
    sums: &mut [f64],
) {
    places_of_labels(places, scores, codes, labels);
    let rows = places.chunks_exact(labels).zip(codes.chunks_exact(labels));
    let terms = rows.map(|(places, codes)| {
        let mut found = [0; 4];
        for (place, code) in places.iter().zip(codes) {
            let used = *code >= 0;
            let (predicted, relevant) = (used & ((*place as usize) < k), *code == 1);
            let own = [predicted & relevant, predicted, relevant, used];
            let pairs = found.iter_mut().zip(own);
            pairs.for_each(|(count, own)| *count += own as i32);
        }
        criterion.right(found)
    });
    let terms: Vec<_> = terms.collect();
    let rows: Vec<i32> = codes.chunks_exact(labels).map(row_code).collect();
    let rows = Terms {
        codes: &rows,
        weights,
        labels: 1,
    };
    rows.sum(counts, sums, |row| terms[row].map(f64::from));
}
