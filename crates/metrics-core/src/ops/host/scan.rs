//! One pass over the rows of a score matrix.

use super::tensor::{Ints, with_ints};
use crate::Reason;

/// Lanes of the vector loops: two AVX2 registers of `f32`.
const LANES: usize = 16;

/// Scores below this many are scanned on the calling thread; a thread costs more than they do.
const PARALLEL: usize = 1 << 16;

/// See [`ops::row_ranks`](crate::ops::row_ranks). `ranks` is `[2, N]`.
pub(super) fn row_ranks(scores: &[f32], classes: usize, target: Ints, ranks: &mut [i32]) {
    with_ints!(target, target => rows(scores, classes, target, ranks, None));
}

/// See [`ops::row_scan`](crate::ops::row_scan). `ranks` is `[2, N]`, `floats` `[3, N]`.
pub(super) fn row_scan(
    scores: &[f32],
    classes: usize,
    target: Ints,
    ranks: &mut [i32],
    floats: &mut [f32],
) {
    with_ints!(target, target => rows(scores, classes, target, ranks, Some(floats)));
}

fn rows<T: Copy + Into<i64> + Sync>(
    scores: &[f32],
    classes: usize,
    target: &[T],
    ranks: &mut [i32],
    floats: Option<&mut [f32]>,
) {
    let n = target.len();
    if n == 0 {
        return;
    }
    let threads = match scores.len() {
        0..PARALLEL => 1,
        large => (large / PARALLEL + 1).min(rayon::current_num_threads()),
    };
    let chunk = n.div_ceil(threads);
    let (best, rank) = ranks.split_at_mut(n);
    // Without floats the three slices are empty, and so are their chunks.
    let (max, rest) = match floats {
        Some(floats) => floats.split_at_mut(n),
        None => (&mut [][..], &mut [][..]),
    };
    let (log_sum, own) = rest.split_at_mut(rest.len() / 2);
    let part = |from: usize, best: &mut [i32], rank: &mut [i32], floats: [&mut [f32]; 3]| {
        let [max, log_sum, own] = floats;
        for i in 0..best.len() {
            let row = &scores[(from + i) * classes..][..classes];
            let (top, code) = scan(row, target[from + i].into());
            best[i] = top as i32;
            rank[i] = code;
            if !max.is_empty() {
                max[i] = row[top];
                log_sum[i] = log_sum_exp(row, row[top]);
                own[i] = if code >= 0 {
                    row[target[from + i].into() as usize]
                } else {
                    0.0
                };
            }
        }
    };
    if threads == 1 {
        return part(0, best, rank, [max, log_sum, own]);
    }
    rayon::scope(|scope| {
        let mut floats = [max, log_sum, own].map(|slice| slice.chunks_mut(chunk));
        for (index, (best, rank)) in best
            .chunks_mut(chunk)
            .zip(rank.chunks_mut(chunk))
            .enumerate()
        {
            let floats = floats
                .each_mut()
                .map(|chunks| chunks.next().unwrap_or_default());
            let part = &part;
            scope.spawn(move |_| part(index * chunk, best, rank, floats));
        }
    });
}

/// The first largest score's index, and the target's rank or a negative code.
fn scan(row: &[f32], target: i64) -> (usize, i32) {
    let max = maximum(row);
    if max.is_nan() {
        return (0, Reason::Nan.code());
    }
    let top = row.iter().position(|score| *score == max).unwrap_or(0);
    if target < 0 || target >= row.len() as i64 {
        return (top, Reason::InvalidTarget.code());
    }
    let target = target as usize;
    let own = row[target];
    if top == target {
        return (top, 0);
    }
    let before = row[..target]
        .iter()
        .map(|s| (*s >= own) as i32)
        .sum::<i32>();
    let after = row[target + 1..]
        .iter()
        .map(|s| (*s > own) as i32)
        .sum::<i32>();
    (top, before + after)
}

/// The largest score, or NaN if any is.
fn maximum(row: &[f32]) -> f32 {
    let mut lanes = [f32::NEG_INFINITY; LANES];
    let mut nan = [false; LANES];
    let chunks = row.chunks_exact(LANES);
    let mut max = f32::NEG_INFINITY;
    let mut any_nan = false;
    for score in chunks.remainder() {
        any_nan |= score.is_nan();
        max = if *score > max { *score } else { max };
    }
    for chunk in chunks {
        for lane in 0..LANES {
            nan[lane] |= chunk[lane].is_nan();
            lanes[lane] = if chunk[lane] > lanes[lane] {
                chunk[lane]
            } else {
                lanes[lane]
            };
        }
    }
    if any_nan || nan.contains(&true) {
        return f32::NAN;
    }
    lanes.iter().fold(max, |a, b| a.max(*b))
}

/// `ln(sum(exp(row)))`, shifted by the row's maximum.
fn log_sum_exp(row: &[f32], max: f32) -> f32 {
    // Subtracting an infinite maximum from itself would make NaN of a certain class.
    let shift = max.clamp(f32::MIN, f32::MAX);
    let mut lanes = [0.0f32; LANES];
    let chunks = row.chunks_exact(LANES);
    let mut sum: f32 = chunks.remainder().iter().map(|s| exp(*s - shift)).sum();
    for chunk in chunks {
        for lane in 0..LANES {
            lanes[lane] += exp(chunk[lane] - shift);
        }
    }
    sum += lanes.iter().sum::<f32>();
    sum.ln() + shift
}

/// `exp(x)` for `x <= 0` (or `+inf`) to about one unit in the last place, without a branch or a
/// call, so that loops over it vectorize: `2^n * exp(r)` with `|r| <= ln(2) / 2` and the Taylor
/// polynomial of degree 7.
#[inline(always)]
pub(super) fn exp(x: f32) -> f32 {
    // Below -87.3 the result is not a normal number any more; 0 is within 1.2e-38 of it.
    let clamped = x.clamp(-87.0, 88.0);
    let n = (clamped * std::f32::consts::LOG2_E).round_ties_even();
    // ln(2) in two parts, so that the product with n is exact.
    let r = (clamped - n * 0.693_359_4) - n * -2.121_944_4e-4;
    let mut p = 1.0 / 5040.0;
    p = p * r + 1.0 / 720.0;
    p = p * r + 1.0 / 120.0;
    p = p * r + 1.0 / 24.0;
    p = p * r + 1.0 / 6.0;
    p = p * r + 0.5;
    p = p * r + 1.0;
    p = p * r + 1.0;
    let scale = f32::from_bits((((n as i32) + 127) << 23) as u32);
    let value = p * scale;
    let value = if x < -87.0 { 0.0 } else { value };
    if x > 88.0 { f32::INFINITY } else { value }
}

#[cfg(test)]
mod tests {
    #[test]
    fn exp_is_accurate_over_its_range() {
        let mut worst = 0.0f64;
        for i in 0..=870_000 {
            let x = -(i as f32) * 1e-4;
            let exact = (x as f64).exp();
            worst = worst.max((super::exp(x) as f64 - exact).abs() / exact);
        }
        assert!(worst < 1.5e-7, "relative error {worst:e}");
        assert_eq!(super::exp(f32::NEG_INFINITY), 0.0);
        assert_eq!(super::exp(f32::INFINITY), f32::INFINITY);
        assert_eq!(super::exp(0.0), 1.0);
    }
}
