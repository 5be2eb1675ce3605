//! Decisions counted by cell, and weighed.

use crate::{
    REJECTED_SLOTS, Reason,
    ops::{
        host::slot,
        keys::{LEFT_OUT, key, logit_key},
        scalar::is_weight,
    },
};

/// Counts the decisions of one label by target and prediction: sums, which vectorize.
#[multiversion::multiversion(targets("x86_64+avx2+fma"))]
pub(super) fn count_decisions(counts: &mut [i32], p: &[f32], codes: &[i32], threshold: f32) {
    let [mut used, mut positives, mut predicted, mut both] = [0i32; 4];
    for (p, code) in p.iter().zip(codes) {
        let valid = (*code >= 0) as i32;
        let positive = (*code > 0) as i32;
        let above = (*p > threshold) as i32 & valid;
        used += valid;
        positives += positive;
        predicted += above;
        both += above & positive;
    }
    counts[0] += used - positives - predicted + both;
    counts[1] += predicted - both;
    counts[2] += positives - both;
    counts[3] += both;
    if (used as usize) < codes.len() {
        count_rejected(&mut counts[4..], codes);
    }
}

/// Counts what is rejected, by reason.
#[multiversion::multiversion(targets("x86_64+avx2+fma"))]
pub(super) fn count_rejected(rejected: &mut [i32], codes: &[i32]) {
    if codes.iter().fold(0, |any, code| any | *code) < 0 {
        for code in codes.iter().filter(|code| **code < 0) {
            rejected[slot(*code)] += 1;
        }
    }
}

/// The cell of each decision, from the first one of its label or group, or the code of one to leave out.
#[multiversion::multiversion(targets("x86_64+avx2+fma"))]
pub(super) fn outcomes(cells: &mut [i32], p: &[f32], codes: &[i32], first: &[i32], threshold: f32) {
    let decisions = p.iter().zip(codes).zip(first);
    for (cell, ((p, code), first)) in cells.iter_mut().zip(decisions) {
        let inside = first + 2 * code + (*p > threshold) as i32;
        let inside = if *first < 0 { *first } else { inside };
        *cell = if *code < 0 { *code } else { inside };
    }
}

#[multiversion::multiversion(targets("x86_64+avx2+fma"))]
pub(super) fn write_keys(keys: &mut [u32], p: &[f32], codes: &[i32]) {
    for (own, (p, code)) in keys.iter_mut().zip(p.iter().zip(codes)) {
        *own = if *code < 0 {
            LEFT_OUT
        } else {
            key(*p, *code == 1)
        };
    }
}

/// The same of logits.
#[multiversion::multiversion(targets("x86_64+avx2+fma"))]
pub(super) fn write_logit_keys(keys: &mut [u32], logits: &[f32], codes: &[i32]) {
    for (own, (logit, code)) in keys.iter_mut().zip(logits.iter().zip(codes)) {
        *own = if *code < 0 {
            LEFT_OUT
        } else {
            logit_key(*logit, *code == 1)
        };
    }
}

/// State that is kept several times, so that equal cells in a row do not wait for each other.
const COPIES: usize = 4;
const COPIED: usize = 64;
/// As many counters are still faster to copy for a block than to check one by one.
const MANY: usize = 1 << 9;

/// Adds decisions to counters by cell, which the rejected ones follow, or the weights of decisions to
/// sums by cell.
pub(super) fn tally(
    cells: &mut [i32],
    weights: Option<&[f32]>,
    counts: &mut [i32],
    sums: &mut [f64],
) {
    match weights {
        None => count(cells, counts),
        Some(weights) => weigh(cells, weights, counts, sums),
    }
}

#[multiversion::multiversion(targets("x86_64+avx2+fma"))]
fn count(cells: &mut [i32], counts: &mut [i32]) {
    let rejected = (counts.len() - REJECTED_SLOTS) as i32;
    for cell in cells.iter_mut() {
        *cell = if *cell < 0 {
            rejected - 1 - *cell
        } else {
            *cell
        };
    }
    if counts.len() <= COPIED {
        count_copies::<COPIED, COPIES>(cells, counts);
    } else if counts.len() <= MANY.min(cells.len()) {
        count_copies::<MANY, 2>(cells, counts);
    } else {
        cells.iter().for_each(|cell| counts[*cell as usize] += 1);
    }
}

/// Counts into copies of `SIZE` counters, which is enough for all of them.
#[inline(always)]
fn count_copies<const SIZE: usize, const COPIES: usize>(cells: &[i32], counts: &mut [i32]) {
    let mut copies = [[0; SIZE]; COPIES];
    let (chunks, rest) = cells.as_chunks::<COPIES>();
    for chunk in chunks {
        for (copy, cell) in copies.iter_mut().zip(chunk) {
            // The remainder is the cell. It spares a check.
            copy[*cell as usize % SIZE] += 1;
        }
    }
    rest.iter().for_each(|cell| counts[*cell as usize] += 1);
    for copy in &copies {
        let pairs = counts.iter_mut().zip(copy);
        pairs.for_each(|(count, more)| *count += more);
    }
}

#[multiversion::multiversion(targets("x86_64+avx2+fma"))]
fn weigh(cells: &mut [i32], weights: &[f32], rejected: &mut [i32], sums: &mut [f64]) {
    let cells_before = sums.len();
    let mut terms = [0.0f32; 1024];
    for (cells, weights) in cells
        .chunks_mut(terms.len())
        .zip(weights.chunks(terms.len()))
    {
        let mut any = 0;
        for ((term, cell), weight) in terms.iter_mut().zip(cells.iter_mut()).zip(weights) {
            let valid = is_weight(*weight);
            let invalid = (*cell >= 0) & !valid;
            *cell = if invalid {
                Reason::InvalidWeight.code()
            } else {
                *cell
            };
            *term = if valid { *weight } else { 0.0 };
            any |= *cell;
        }
        if any < 0 {
            for (cell, term) in cells.iter_mut().zip(&mut terms).filter(|(c, _)| **c < 0) {
                rejected[slot(*cell)] += 1;
                (*cell, *term) = (0, 0.0);
            }
        }
        if cells_before > COPIED {
            for (cell, term) in cells.iter().zip(&terms) {
                sums[*cell as usize] += f64::from(*term);
            }
            continue;
        }
        let mut copies = [[0.0f64; COPIED]; COPIES];
        for (i, (cell, term)) in cells.iter().zip(&terms).enumerate() {
            copies[i % COPIES][*cell as usize % COPIED] += f64::from(*term);
        }
        for copy in copies {
            let pairs = sums.iter_mut().zip(copy);
            pairs.for_each(|(sum, more)| *sum += more);
        }
    }
}
