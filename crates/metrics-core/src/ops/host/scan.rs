//! One pass over the rows of a score matrix.

use super::tensor::{Ints, with_ints};
use crate::Reason;

/// Lanes of the vector loops: two AVX2 registers of `f32`.
const LANES: usize = 16;

/// Scores below this many are scanned on the calling thread; a thread costs more than they do.
const PARALLEL: usize = 1 << 16;

/// See [`ops::row_ranks`](crate::ops::row_ranks). `ranks` is `[2, N]`.
pub(in crate::ops) fn row_ranks(scores: &[f32], classes: usize, target: Ints, ranks: &mut [i32]) {
    with_ints!(target, target => rows(scores, classes, target, ranks, None));
}

/// See [`ops::row_scan`](crate::ops::row_scan). `ranks` is `[2, N]`, `floats` `[4, N]`.
pub(in crate::ops) fn row_scan(
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
    let (log_sum, rest) = rest.split_at_mut(rest.len() / 3);
    let (own, loss) = rest.split_at_mut(rest.len() / 2);
    let part = |from: usize, best: &mut [i32], rank: &mut [i32], floats: [&mut [f32]; 4]| {
        let rows = &scores[from * classes..][..best.len() * classes];
        scan_rows(rows, classes, &target[from..], best, rank, floats);
    };
    if threads == 1 {
        return part(0, best, rank, [max, log_sum, own, loss]);
    }
    rayon::scope(|scope| {
        let mut floats = [max, log_sum, own, loss].map(|slice| slice.chunks_mut(chunk));
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

/// Up to this many classes, rows are scanned side by side: a row of few scores fills no vector.
const SHORT: usize = 64;

/// Scans rows, compiled once more for processors with AVX2. `floats` are the rows of
/// [`ops::row_scan`](crate::ops::row_scan), or empty.
#[multiversion::multiversion(targets("x86_64+avx2+fma"))]
fn scan_rows<T: Copy + Into<i64>>(
    scores: &[f32],
    classes: usize,
    target: &[T],
    best: &mut [i32],
    rank: &mut [i32],
    floats: [&mut [f32]; 4],
) {
    let [max, log_sum, own, loss] = floats;
    let blocks = if classes <= SHORT {
        best.len() / LANES
    } else {
        0
    };
    let mut columns = [[0.0f32; LANES]; SHORT];
    let mut excess = [0.0; LANES];
    let likelihood = !max.is_empty();
    let mut finish = |i: usize, row: &[f32], target: i64, top: usize, code: i32, excess: f32| {
        max[i] = row[top];
        // The excess over an infinite score is undefined, the sum is not.
        log_sum[i] = if row[top].is_infinite() {
            row[top]
        } else {
            row[top] + excess
        };
        own[i] = if code >= 0 { row[target as usize] } else { 0.0 };
        // For the best class not `max - max`, which is NaN if it is infinite.
        loss[i] = excess + if code == 0 { 0.0 } else { row[top] - own[i] };
    };
    for block in 0..blocks {
        let from = block * LANES;
        let rows = &scores[from * classes..][..LANES * classes];
        let mut targets = [0; LANES];
        (0..LANES).for_each(|i| targets[i] = target[from + i].into());
        let (top, code) = scan_block(
            rows,
            &mut columns[..classes],
            &targets,
            likelihood.then_some(&mut excess),
        );
        best[from..][..LANES].copy_from_slice(&top);
        rank[from..][..LANES].copy_from_slice(&code);
        if likelihood {
            for (i, row) in rows.chunks_exact(classes).enumerate() {
                finish(
                    from + i,
                    row,
                    targets[i],
                    top[i] as usize,
                    code[i],
                    excess[i],
                );
            }
        }
    }
    for i in blocks * LANES..best.len() {
        let row = &scores[i * classes..][..classes];
        let target: i64 = target[i].into();
        let (top, code) = scan_row(row, target);
        best[i] = top as i32;
        rank[i] = code;
        if likelihood {
            finish(i, row, target, top, code, log_sum_excess(row, top));
        }
    }
}

/// The first largest score's index, and the target's rank or a negative code, of `LANES` rows.
/// `columns` is scratch, a column per class.
#[inline(always)]
fn scan_block(
    scores: &[f32],
    columns: &mut [[f32; LANES]],
    target: &[i64; LANES],
    excess: Option<&mut [f32; LANES]>,
) -> ([i32; LANES], [i32; LANES]) {
    let classes = columns.len();
    for (i, row) in scores.chunks_exact(classes).enumerate() {
        for (column, score) in columns.iter_mut().zip(row) {
            column[i] = *score;
        }
    }
    let columns = &*columns;
    let mut own = [0.0f32; LANES];
    let mut own_index = [0i32; LANES];
    let mut valid = [false; LANES];
    for i in 0..LANES {
        valid[i] = (0..classes as i64).contains(&target[i]);
        let index = if valid[i] { target[i] } else { 0 };
        own_index[i] = index as i32;
        own[i] = scores[i * classes + index as usize];
    }
    let mut max = columns[0];
    let mut top = [0i32; LANES];
    let mut nan = [0i32; LANES];
    let mut before = [0i32; LANES];
    for (index, column) in columns.iter().enumerate() {
        let index = index as i32;
        for i in 0..LANES {
            let score = column[i];
            let larger = score > max[i];
            top[i] = if larger { index } else { top[i] };
            max[i] = if larger { score } else { max[i] };
            nan[i] |= score.is_nan() as i32;
            let tied = (score == own[i]) & (index < own_index[i]);
            before[i] += ((score > own[i]) | tied) as i32;
        }
    }
    if let Some(excess) = excess {
        let mut sum = [0.0f32; LANES];
        for (index, column) in columns.iter().enumerate() {
            for i in 0..LANES {
                let term = exp(column[i] - max[i]);
                sum[i] += if top[i] == index as i32 { 0.0 } else { term };
            }
        }
        *excess = sum.map(f32::ln_1p);
    }
    for i in 0..LANES {
        if nan[i] != 0 {
            (top[i], before[i]) = (0, Reason::Nan.code());
        } else if !valid[i] {
            before[i] = Reason::InvalidTarget.code();
        }
    }
    (top, before)
}

/// As [`scan_block`], of one row.
#[inline(always)]
fn scan_row(row: &[f32], target: i64) -> (usize, i32) {
    let max = maximum(row);
    if max.is_nan() {
        return (0, Reason::Nan.code());
    }
    let top = position(row, max);
    if target < 0 || target >= row.len() as i64 {
        return (top, Reason::InvalidTarget.code());
    }
    let target = target as usize;
    let own = row[target];
    let before: i32 = row[..target].iter().map(|s| (*s >= own) as i32).sum();
    let after: i32 = row[target + 1..].iter().map(|s| (*s > own) as i32).sum();
    (top, before + after)
}

/// The index of the first score equal to `max`. Without a branch inside a chunk the loop vectorizes.
#[inline(always)]
fn position(row: &[f32], max: f32) -> usize {
    const CHUNK: usize = 64;
    let holds = |chunk: &[f32]| chunk.iter().fold(false, |any, score| any | (*score == max));
    let chunk = row.chunks(CHUNK).position(holds).unwrap_or(0);
    let rest = row[chunk * CHUNK..].iter();
    chunk * CHUNK + rest.clone().position(|score| *score == max).unwrap_or(0)
}

/// The largest score, or NaN if any is.
#[inline(always)]
fn maximum(row: &[f32]) -> f32 {
    let larger = |a: f32, b: f32| if b > a { b } else { a };
    let mut lanes = [f32::NEG_INFINITY; LANES];
    let mut nan = [0i32; LANES];
    let chunks = row.chunks_exact(LANES);
    let rest = chunks.remainder();
    for chunk in chunks {
        for lane in 0..LANES {
            nan[lane] |= chunk[lane].is_nan() as i32;
            lanes[lane] = larger(lanes[lane], chunk[lane]);
        }
    }
    if nan != [0; LANES] || rest.iter().any(|score| score.is_nan()) {
        return f32::NAN;
    }
    lanes
        .iter()
        .chain(rest)
        .copied()
        .fold(f32::NEG_INFINITY, larger)
}

/// `ln(sum(exp(row)))` less the maximum at `top`: the logarithm of 1, which the maximum adds, and
/// of what the others add, so that it keeps all digits when the others are small.
#[inline(always)]
fn log_sum_excess(row: &[f32], top: usize) -> f32 {
    let max = row[top];
    (sum_exp(&row[..top], max) + sum_exp(&row[top + 1..], max)).ln_1p()
}

/// The sum of `exp(score - max)`.
#[inline(always)]
fn sum_exp(scores: &[f32], max: f32) -> f32 {
    let chunks = scores.chunks_exact(LANES);
    let mut sum: f32 = chunks
        .remainder()
        .iter()
        .map(|score| exp(score - max))
        .sum();
    let mut lanes = [0.0f32; LANES];
    for chunk in chunks {
        for lane in 0..LANES {
            lanes[lane] += exp(chunk[lane] - max);
        }
    }
    sum += lanes.iter().sum::<f32>();
    sum
}

/// `exp(x)` for `x <= 0` to about one unit in the last place, without a branch or a call, so that
/// loops over it vectorize: `2^n * exp(r)` with `|r| <= ln(2) / 2` and a polynomial of degree 6 with
/// the least relative error, 3e-9. Below -87 it is 0, which is within 1.7e-38.
#[inline(always)]
pub(in crate::ops) fn exp(x: f32) -> f32 {
    // Not `max`, which would make a number of NaN.
    let clamped = if x < -87.0 { -87.0 } else { x };
    // Adding 1.5 * 2^23 rounds to a whole number and leaves it in the low bits.
    let shifted = clamped * std::f32::consts::LOG2_E + 12_582_912.0;
    let n = shifted - 12_582_912.0;
    // ln(2) in two parts, so that the product with n is exact.
    let r = (clamped - n * 0.693_359_4) - n * -2.121_944_4e-4;
    let mut p = 1.381_459_9e-3;
    p = p * r + 8.368_717e-3;
    p = p * r + 4.166_839e-2;
    p = p * r + 0.166_665_21;
    p = p * r + 0.499_999_94;
    p = p * r + 1.0;
    p = p * r + 1.0;
    let scale = f32::from_bits(shifted.to_bits().wrapping_add(127) << 23);
    if x < -87.0 { 0.0 } else { p * scale }
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
        assert!(super::exp(f32::NAN).is_nan());
        assert_eq!(super::exp(0.0), 1.0);
    }
}
