//! In tensor operations, a tile at a time.

use super::{Measure, Plan};
use burn::tensor::{DType, Int, Tensor};

/// The most rows of `y` in a tile.
const COLUMNS: usize = 2048;
/// The most numbers of a tile: entries, or differences of coordinates.
const TILE: usize = 1 << 22;

pub(super) fn matrix(x: Tensor<2>, y: Tensor<2>, plan: Plan) -> Tensor<2> {
    let strips = strips(x, y, plan, |tiles| Tensor::cat(tiles, 1));
    Tensor::cat(strips, 0)
}

pub(super) fn sums(x: Tensor<2>, y: Tensor<2>, plan: Plan) -> Tensor<1> {
    let strips = strips(x, y, plan, |tiles| {
        let sums = tiles.into_iter().map(|tile| tile.sum_dim(1));
        // Of few numbers each: they are added in pairs.
        Tensor::cat(sums.collect(), 1).sum_dim(1)
    });
    Tensor::cat(strips, 0).flatten(0, 1)
}

/// What `join` makes of the tiles of some rows, for all rows.
fn strips(
    x: Tensor<2>,
    y: Tensor<2>,
    plan: Plan,
    join: impl Fn(Vec<Tensor<2>>) -> Tensor<2>,
) -> Vec<Tensor<2>> {
    let (x, y) = match plan.measure {
        Measure::Cosine => (unit(x), unit(y)),
        _ => (x, y),
    };
    let ([n, width], [m, _]) = (x.dims(), y.dims());
    let columns = COLUMNS.min(m);
    let depth = match plan.measure {
        Measure::Minkowski(_) => width,
        _ => 1,
    };
    let columns = columns.min((TILE / depth).max(1));
    let rows = (TILE / (columns * depth)).clamp(1, n);
    let pieces = |all: usize, size: usize| {
        (0..all)
            .step_by(size)
            .map(move |from| from..(from + size).min(all))
    };
    let strip = |own: std::ops::Range<usize>| {
        let part = x.clone().narrow(0, own.start, own.len());
        let tiles = pieces(m, columns).map(|other| {
            let beside = y.clone().narrow(0, other.start, other.len());
            let tile = entries(part.clone(), beside, plan.measure);
            if plan.zero_diagonal && other.start < own.end && own.start < other.end {
                zeroed(tile, own.start, other.start)
            } else {
                tile
            }
        });
        join(tiles.collect())
    };
    pieces(n, rows).map(strip).collect()
}

fn entries(x: Tensor<2>, y: Tensor<2>, measure: Measure) -> Tensor<2> {
    let ([n, width], [m, _]) = (x.dims(), y.dims());
    let Measure::Minkowski(p) = measure else {
        return x.matmul(y.transpose());
    };
    let differences = (x.reshape([n, 1, width]) - y.reshape([1, m, width])).abs();
    let entries = if p == 1.0 {
        differences.sum_dim(2)
    } else {
        // Powers of numbers up to 1 stay in range.
        let largest = differences.clone().max_dim(2);
        let zero = largest.clone().equal_elem(0.0);
        let scale = largest.clone().mask_fill(zero, 1.0);
        if p.is_infinite() {
            largest
        } else {
            let shares = differences / scale;
            let norm = if p == 2.0 {
                shares.square().sum_dim(2).sqrt()
            } else {
                shares.powf_scalar(p).sum_dim(2).powf_scalar(1.0 / p)
            };
            largest * norm
        }
    };
    entries.reshape([n, m])
}

/// Rows of length 1, or of zeros.
fn unit(x: Tensor<2>) -> Tensor<2> {
    let some = |norm: Tensor<2>| {
        let zero = norm.clone().equal_elem(0.0);
        norm.mask_fill(zero, 1.0)
    };
    let scaled = x.clone() / some(x.abs().max_dim(1));
    let norm = scaled.clone().square().sum_dim(1).sqrt();
    scaled / some(norm)
}

/// The tile with zeros where the numbers of the row and the column are equal, which begin with these.
fn zeroed(tile: Tensor<2>, row: usize, column: usize) -> Tensor<2> {
    let ([n, m], device) = (tile.dims(), tile.device());
    let numbers = |first: usize, n: usize| {
        Tensor::<1, Int>::arange(first as i64..(first + n) as i64, (&device, DType::I32))
    };
    let rows = numbers(row, n).reshape([n, 1]).expand([n, m]);
    let columns = numbers(column, m).reshape([1, m]).expand([n, m]);
    tile.mask_fill(rows.equal(columns), 0.0)
}

pub(super) fn nearest(
    x: Tensor<2>,
    y: Tensor<2>,
    plan: Plan,
    k: usize,
) -> (Tensor<2>, Tensor<2, Int>) {
    let (x, y) = match plan.measure {
        Measure::Cosine => (unit(x), unit(y)),
        _ => (x, y),
    };
    let ([n, width], [m, _], device) = (x.dims(), y.dims(), x.device());
    let is_distance = matches!(plan.measure, Measure::Minkowski(_));
    let depth = if is_distance { width } else { 1 };
    let columns = COLUMNS.max(k).min(m);
    let rows = (TILE / (columns * depth)).clamp(1, n);
    let (mut entries_of, mut columns_of) = (Vec::new(), Vec::new());
    for first in (0..n).step_by(rows) {
        let part = x.clone().narrow(0, first, rows.min(n - first));
        let own = part.dims()[0];
        let mut best: Option<(Tensor<2>, Tensor<2, Int>)> = None;
        for start in (0..m).step_by(columns) {
            let beside = y.clone().narrow(0, start, columns.min(m - start));
            let wide = beside.dims()[0];
            let tile = entries(part.clone(), beside, plan.measure);
            let tile = if is_distance { tile.neg() } else { tile };
            // Sorting knows no NaN.
            let nan = tile.clone().is_nan();
            let tile = tile.mask_fill(nan, f32::INFINITY);
            let numbers = Tensor::<1, Int>::arange(
                start as i64..(start + wide) as i64,
                (&device, DType::I32),
            );
            let numbers = numbers.reshape([1, wide]).expand([own, wide]);
            let tile = if plan.zero_diagonal {
                let rows = Tensor::<1, Int>::arange(
                    first as i64..(first + own) as i64,
                    (&device, DType::I32),
                );
                let rows = rows.reshape([own, 1]).expand([own, wide]);
                tile.mask_fill(rows.equal(numbers.clone()), f32::NEG_INFINITY)
            } else {
                tile
            };
            let (tile, numbers) = match best.take() {
                Some((entries, numbers_of)) => (
                    Tensor::cat(vec![entries, tile], 1),
                    Tensor::cat(vec![numbers_of, numbers], 1),
                ),
                None => (tile, numbers),
            };
            let (entries, places) = tile.clone().topk_with_indices(k.min(tile.dims()[1]), 1);
            best = Some((entries, numbers.gather(1, places)));
        }
        if let Some((entries, numbers)) = best {
            let unknown = entries.clone().equal_elem(f32::INFINITY);
            entries_of.push(entries.mask_fill(unknown, f32::NAN));
            columns_of.push(numbers);
        }
    }
    (Tensor::cat(entries_of, 0), Tensor::cat(columns_of, 0))
}
