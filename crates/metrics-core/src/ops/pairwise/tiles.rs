//! Entries in tiles of a few rows by a few columns, whose sums stay in registers.

use crate::ops::{distances::distance, host::HostElement};
use multiversion::{multiversion, target::target_cfg_f};

/// Rows of `x` in a tile.
const ROWS: usize = 4;
/// Terms that are added in the precision of the data, before their sum is added to others in `f64`.
const DEPTH: usize = 128;
/// Rows of `x` that a thread takes at a time.
pub(crate) const BLOCK: usize = 64;
/// A squared distance below this share of the squares that it is the difference of has lost too many digits.
const NEAR: f64 = 1.0 / 16.0;

/// A number of the data.
pub(in crate::ops) trait Number: HostElement {
    /// Rows of `y` in a tile.
    const COLUMNS: usize;
    /// Sums of powers from here on are sums of numbers that did not vanish.
    const LOW: f64;

    fn nearest(number: f64) -> Self;
    fn negated(self) -> Self;
    fn step<const TERM: u32, const FUSED: bool>(sum: Self, x: Self, y: Self) -> Self;
    /// Computes the entries of a block of rows.
    fn block(job: &Job<Self>, block: usize, out: &mut Out<Self>);
}

/// What tiles add up.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(in crate::ops) enum Term {
    /// `x y`.
    Product,
    /// `|x - y|^p`, of 1 to 4.
    Power(u32),
}

/// What becomes of a sum.
#[derive(Debug, Clone, Copy)]
pub(in crate::ops) enum Finish<'a> {
    /// It is the entry.
    Keep,
    /// It is the entry, a product of rows.
    Product,
    /// The root of a sum of powers.
    Root,
    /// The distance of rows whose products they are, by the squares of the lengths of the rows of `x` and `y`.
    Lengths(&'a [f64], &'a [f64]),
}

/// The entries of `x [N, D]` and `y [M, D]`.
#[derive(Debug)]
pub(in crate::ops) struct Job<'a, T> {
    pub x: &'a [T],
    pub y: &'a [T],
    pub width: usize,
    /// What products are of, row by row, in place of `x`.
    pub factors: &'a [T],
    /// What stands for `y`, as [`packed`].
    pub panels: &'a [T],
    pub term: Term,
    pub finish: Finish<'a>,
    /// Of distances.
    pub exponent: f64,
    pub zero_diagonal: bool,
}

/// Where the entries of a block of rows go.
pub(in crate::ops) enum Out<'a, T> {
    /// Row by row.
    Matrix(&'a mut [T]),
    /// Added up by row.
    Sums(&'a mut [f64]),
}

impl<T: Number> Out<'_, T> {
    #[inline(always)]
    fn put(&mut self, row: usize, column: usize, columns: usize, entries: &[f64]) {
        match self {
            Self::Matrix(matrix) => {
                let place = &mut matrix[row * columns + column..][..entries.len()];
                let pairs = place.iter_mut().zip(entries);
                pairs.for_each(|(place, entry)| *place = T::nearest(*entry));
            }
            Self::Sums(sums) => sums[row] += entries.iter().sum::<f64>(),
        }
    }
}

/// Rows in groups of `size`, a column of a group after the other; with zeros in place of rows beyond the last.
pub(in crate::ops) fn packed<T: Number>(rows: &[T], width: usize, size: usize) -> Vec<T> {
    let groups = rows.len() / width.max(1);
    let mut all = vec![T::ZERO; groups.div_ceil(size) * size * width];
    for (group, rows) in all
        .chunks_exact_mut((size * width).max(1))
        .zip(rows.chunks((size * width).max(1)))
    {
        for (i, row) in rows.chunks_exact(width).enumerate() {
            for (k, value) in row.iter().enumerate() {
                group[k * size + i] = *value;
            }
        }
    }
    all
}

/// Adds the terms of a number of `x` and a column of a panel. A loop for each row of the tile becomes vectors, one over all does not.
#[inline(always)]
fn add<T: Number, const COLUMNS: usize, const TERM: u32, const FUSED: bool>(
    sums: &mut [T; COLUMNS],
    x: T,
    y: &[T; COLUMNS],
) {
    for j in 0..COLUMNS {
        sums[j] = T::step::<TERM, FUSED>(sums[j], x, y[j]);
    }
}

/// The sums of a tile.
#[inline(always)]
fn tile<T: Number, const COLUMNS: usize, const TERM: u32, const FUSED: bool>(
    x: &[[T; ROWS]],
    y: &[[T; COLUMNS]],
) -> [[f64; COLUMNS]; ROWS] {
    let mut total = [[0.0; COLUMNS]; ROWS];
    for (x, y) in x.chunks(DEPTH).zip(y.chunks(DEPTH)) {
        let [mut a, mut b, mut c, mut d] = [[T::ZERO; COLUMNS]; ROWS];
        for (x, y) in x.iter().zip(y) {
            add::<T, COLUMNS, TERM, FUSED>(&mut a, x[0], y);
            add::<T, COLUMNS, TERM, FUSED>(&mut b, x[1], y);
            add::<T, COLUMNS, TERM, FUSED>(&mut c, x[2], y);
            add::<T, COLUMNS, TERM, FUSED>(&mut d, x[3], y);
        }
        for (total, sums) in total.iter_mut().zip([a, b, c, d]) {
            for j in 0..COLUMNS {
                total[j] += sums[j].wide();
            }
        }
    }
    total
}

#[inline(always)]
fn walk<T: Number, const COLUMNS: usize, const TERM: u32, const FUSED: bool>(
    job: &Job<T>,
    block: usize,
    out: &mut Out<T>,
) {
    let (n, m) = (job.x.len() / job.width, job.y.len() / job.width);
    let first = block * BLOCK;
    let rows = BLOCK.min(n - first);
    let own = &job.factors[first * job.width..(first + rows) * job.width];
    let own = packed(own, job.width, ROWS);
    let tiles = own.as_chunks::<ROWS>().0.chunks_exact(job.width);
    let panels = job.panels.as_chunks::<COLUMNS>().0.chunks_exact(job.width);
    for (panel, y) in panels.enumerate() {
        let column = panel * COLUMNS;
        let columns = COLUMNS.min(m - column);
        for (group, x) in tiles.clone().enumerate() {
            let mut sums = tile::<T, COLUMNS, TERM, FUSED>(x, y);
            let rows = group * ROWS..rows.min((group + 1) * ROWS);
            for (row, own) in rows.zip(&mut sums) {
                finish::<T, COLUMNS>(job, (first + row, column, columns), own);
                if job.zero_diagonal && (column..column + columns).contains(&(first + row)) {
                    own[first + row - column] = 0.0;
                }
                out.put(row, column, m, &own[..columns]);
            }
        }
    }
}

/// Makes entries of sums.
#[inline(always)]
fn finish<T: Number, const COLUMNS: usize>(
    job: &Job<T>,
    (row, column, columns): (usize, usize, usize),
    sums: &mut [f64; COLUMNS],
) {
    let mut lost = [false; COLUMNS];
    match job.finish {
        Finish::Keep => return,
        Finish::Product => {
            for j in 0..COLUMNS {
                lost[j] = !sums[j].is_finite();
            }
        }
        Finish::Root => {
            for j in 0..COLUMNS {
                lost[j] = !(sums[j] > T::LOW && sums[j].is_finite());
            }
            match job.term {
                Term::Power(2) => (0..COLUMNS).for_each(|j| sums[j] = sums[j].sqrt()),
                Term::Power(4) => (0..COLUMNS).for_each(|j| sums[j] = sums[j].sqrt().sqrt()),
                _ => (0..COLUMNS).for_each(|j| sums[j] = sums[j].powf(1.0 / job.exponent)),
            }
        }
        Finish::Lengths(x, y) => {
            let y = &y[column..column + COLUMNS];
            for j in 0..COLUMNS {
                let squares = x[row] + y[j];
                let squared = squares - 2.0 * sums[j];
                // A product beyond the range of the data is infinite.
                let known = squared > squares * NEAR && squares > T::LOW && squared < f64::INFINITY;
                lost[j] = !known;
                sums[j] = squared.sqrt();
            }
        }
    }
    if lost.iter().fold(false, |any, lost| any | lost) {
        again(job, (row, column), &lost[..columns], sums);
    }
}

/// Computes entries from the rows themselves.
#[inline(never)]
fn again<T: Number>(
    job: &Job<T>,
    (row, column): (usize, usize),
    lost: &[bool],
    entries: &mut [f64],
) {
    let x = &job.x[row * job.width..][..job.width];
    for (j, _) in lost.iter().enumerate().filter(|(_, lost)| **lost) {
        let y = &job.y[(column + j) * job.width..][..job.width];
        entries[j] = if matches!(job.finish, Finish::Product) {
            x.iter().zip(y).map(|(x, y)| x.wide() * y.wide()).sum()
        } else {
            distance(x, y, job.exponent)
        };
    }
}

/// The entries of a block of rows, one by one.
pub(in crate::ops) fn by_rows<T: Number>(job: &Job<T>, block: usize, out: &mut Out<T>) {
    let (own, m) = (job.x.chunks(BLOCK * job.width), job.y.len() / job.width);
    let own = own.skip(block).take(1).flatten();
    let own: Vec<T> = own.copied().collect();
    let mut entries = vec![0.0; m];
    for (row, x) in own.chunks_exact(job.width).enumerate() {
        for (entry, y) in entries.iter_mut().zip(job.y.chunks_exact(job.width)) {
            *entry = distance(x, y, job.exponent);
        }
        let number = block * BLOCK + row;
        if job.zero_diagonal && number < m {
            entries[number] = 0.0;
        }
        out.put(row, 0, m, &entries);
    }
}

macro_rules! number {
    ($number:ident, $columns:literal, $low:literal, $block:ident) => {
        impl Number for $number {
            const COLUMNS: usize = $columns;
            const LOW: f64 = $low;

            #[inline(always)]
            fn nearest(number: f64) -> Self {
                number as $number
            }

            #[inline(always)]
            fn negated(self) -> Self {
                -self
            }

            #[inline(always)]
            fn step<const TERM: u32, const FUSED: bool>(sum: Self, x: Self, y: Self) -> Self {
                let fused = |a: Self, b: Self| {
                    if FUSED {
                        a.mul_add(b, sum)
                    } else {
                        sum + a * b
                    }
                };
                let difference = x - y;
                match TERM {
                    0 => fused(x, y),
                    1 => sum + difference.abs(),
                    2 => fused(difference, difference),
                    3 => fused(difference * difference, difference.abs()),
                    _ => {
                        let square = difference * difference;
                        fused(square, square)
                    }
                }
            }

            fn block(job: &Job<Self>, block: usize, out: &mut Out<Self>) {
                $block(job, block, out);
            }
        }

        #[multiversion(targets("x86_64+avx2+fma"))]
        fn $block(job: &Job<$number>, block: usize, out: &mut Out<$number>) {
            // Without the instruction, a fused product is a call.
            if target_cfg_f!(target_feature = "fma") {
                match job.term {
                    Term::Product => walk::<$number, $columns, 0, true>(job, block, out),
                    Term::Power(1) => walk::<$number, $columns, 1, true>(job, block, out),
                    Term::Power(2) => walk::<$number, $columns, 2, true>(job, block, out),
                    Term::Power(3) => walk::<$number, $columns, 3, true>(job, block, out),
                    Term::Power(_) => walk::<$number, $columns, 4, true>(job, block, out),
                }
            } else {
                match job.term {
                    Term::Product => walk::<$number, $columns, 0, false>(job, block, out),
                    Term::Power(1) => walk::<$number, $columns, 1, false>(job, block, out),
                    Term::Power(2) => walk::<$number, $columns, 2, false>(job, block, out),
                    Term::Power(3) => walk::<$number, $columns, 3, false>(job, block, out),
                    Term::Power(_) => walk::<$number, $columns, 4, false>(job, block, out),
                }
            }
        }
    };
}
number!(f32, 16, 1e-25, block_of_singles);
number!(f64, 8, 1e-290, block_of_doubles);
