//! In host memory: blocks of rows side by side, each tile by tile.

use super::{
    Measure, Plan,
    tiles::{BLOCK, Finish, Job, Number, Out, Term, by_rows, packed},
};
use burn::tensor::{DType, Device, Int, Tensor, TensorData};
use rayon::prelude::*;
use std::borrow::Cow;

/// From this width on distances are cheaper by products than by differences.
const WIDE: usize = 33;

pub(super) fn matrix(x: &Tensor<2>, y: Option<&Tensor<2>>, plan: Plan) -> Tensor<2> {
    if x.dtype() == DType::F64 {
        matrix_of::<f64>(x, y, plan, DType::F64)
    } else {
        matrix_of::<f32>(x, y, plan, DType::F32)
    }
}

fn matrix_of<T: Number + burn::tensor::Element>(
    x: &Tensor<2>,
    y: Option<&Tensor<2>>,
    plan: Plan,
    dtype: DType,
) -> Tensor<2> {
    let (n, m) = (x.dims()[0], y.unwrap_or(x).dims()[0]);
    let mut entries = vec![T::ZERO; n * m];
    slices::<T>(x, y, |x, y, width| {
        each_block((x, y, width), plan, |run| {
            let blocks = entries.par_chunks_mut(BLOCK * m).enumerate();
            blocks.for_each(|(block, own)| run(block, &mut Out::Matrix(own)));
        });
    });
    let device: Device = x.device();
    Tensor::from_data(TensorData::new(entries, [n, m]), (&device, dtype))
}

pub(super) fn sums(x: &Tensor<2>, y: Option<&Tensor<2>>, plan: Plan, divisor: f64) -> Tensor<1> {
    let mut sums = vec![0.0; x.dims()[0]];
    if x.dtype() == DType::F64 {
        sums_of::<f64>(x, y, plan, &mut sums);
    } else {
        sums_of::<f32>(x, y, plan, &mut sums);
    }
    sums.iter_mut().for_each(|sum| *sum /= divisor);
    let (n, device) = (sums.len(), x.device());
    if x.dtype() == DType::F64 {
        return Tensor::from_data(TensorData::new(sums, [n]), (&device, DType::F64));
    }
    let sums: Vec<f32> = sums.iter().map(|sum| *sum as f32).collect();
    Tensor::from_data(TensorData::new(sums, [n]), (&device, DType::F32))
}

fn sums_of<T: Number>(x: &Tensor<2>, y: Option<&Tensor<2>>, plan: Plan, sums: &mut [f64]) {
    slices::<T>(x, y, |x, y, width| {
        each_block((x, y, width), plan, |run| {
            let blocks = sums.par_chunks_mut(BLOCK).enumerate();
            blocks.for_each(|(block, own)| run(block, &mut Out::Sums(own)));
        });
    });
}

/// Rows of `y` that are looked at before the next ones.
const CHUNK: usize = 1 << 12;

pub(super) fn nearest(
    x: &Tensor<2>,
    y: Option<&Tensor<2>>,
    plan: Plan,
    k: usize,
) -> (Tensor<2>, Tensor<2, Int>) {
    if x.dtype() == DType::F64 {
        nearest_of::<f64>(x, y, plan, k, DType::F64)
    } else {
        nearest_of::<f32>(x, y, plan, k, DType::F32)
    }
}

fn nearest_of<T: Number + burn::tensor::Element>(
    x: &Tensor<2>,
    y: Option<&Tensor<2>>,
    plan: Plan,
    k: usize,
    dtype: DType,
) -> (Tensor<2>, Tensor<2, Int>) {
    let ([n, _], device) = (x.dims(), x.device());
    let mut best: Vec<Best<T>> = vec![Best(Vec::new()); n];
    let without = plan.zero_diagonal;
    let all = Plan {
        zero_diagonal: false,
        ..plan
    };
    let is_distance = matches!(plan.measure, Measure::Minkowski(_));
    slices::<T>(x, y, |x, y, width| {
        for (chunk, y) in y.chunks(CHUNK * width).enumerate() {
            let (first, m) = (chunk * CHUNK, y.len() / width);
            each_block((x, y, width), all, |run| {
                let blocks = best.par_chunks_mut(BLOCK).enumerate();
                blocks.for_each_init(Vec::new, |entries, (block, best)| {
                    entries.clear();
                    entries.resize(best.len() * m, T::ZERO);
                    run(block, &mut Out::Matrix(entries));
                    for (i, (best, entries)) in
                        best.iter_mut().zip(entries.chunks_exact(m)).enumerate()
                    {
                        let own = block * BLOCK + i;
                        for (column, entry) in (first..).zip(entries) {
                            let entry = if is_distance { entry.negated() } else { *entry };
                            if !(without && column == own) {
                                best.offer(entry, column, k);
                            }
                        }
                    }
                });
            });
        }
    });
    let pairs = || best.iter().flat_map(|best| &best.0);
    let entries: Vec<T> = pairs().map(|(entry, _)| *entry).collect();
    let columns: Vec<i32> = pairs().map(|(_, column)| *column as i32).collect();
    (
        Tensor::from_data(TensorData::new(entries, [n, k]), (&device, dtype)),
        Tensor::from_data(TensorData::new(columns, [n, k]), (&device, DType::I32)),
    )
}

/// The largest entries that were offered, and their columns.
#[derive(Clone)]
struct Best<T>(Vec<(T, u32)>);

impl<T: Number> Best<T> {
    #[inline(always)]
    fn offer(&mut self, entry: T, column: usize, k: usize) {
        // Columns come in their order, so that the first of equal entries stays before the others.
        let before = |other: &T| *other >= entry || other.is_nan();
        if self.0.len() == k && self.0.last().is_some_and(|(last, _)| before(last)) {
            return;
        }
        let at = if entry.is_nan() {
            self.0.partition_point(|(other, _)| other.is_nan())
        } else {
            self.0.partition_point(|(other, _)| before(other))
        };
        self.0.insert(at, (entry, column as u32));
        self.0.truncate(k);
    }
}

/// Calls `f` with the numbers of `x` and of `y`, which may be the same, and the width of rows.
fn slices<T: Number>(x: &Tensor<2>, y: Option<&Tensor<2>>, f: impl FnOnce(&[T], &[T], usize)) {
    let width = x.dims()[1];
    T::slice(x, |x| match y {
        Some(y) => T::slice(y, |y| f(x, y, width)),
        None => f(x, x, width),
    });
}

/// Calls `all` with what computes a block of rows.
pub(in crate::ops) fn each_block<T: Number>(
    (x, y, width): (&[T], &[T], usize),
    plan: Plan,
    all: impl FnOnce(&(dyn Fn(usize, &mut Out<T>) + Sync)),
) {
    let prepared = Prepared::new((x, y, width), plan.measure);
    let exponent = match plan.measure {
        Measure::Minkowski(exponent) => exponent,
        _ => 2.0,
    };
    let panels = match prepared.term {
        Some(_) => packed(&prepared.y, width, T::COLUMNS),
        None => Vec::new(),
    };
    let job = Job {
        x,
        y,
        width,
        factors: &prepared.x,
        panels: &panels,
        term: prepared.term.unwrap_or(Term::Product),
        finish: match (&prepared.lengths, prepared.term) {
            (Some([x, y]), _) => Finish::Lengths(x, y),
            (None, Some(Term::Power(2..))) => Finish::Root,
            (None, _) if plan.measure == Measure::Linear => Finish::Product,
            _ => Finish::Keep,
        },
        exponent,
        zero_diagonal: plan.zero_diagonal,
    };
    if prepared.term.is_some() {
        all(&|block, out| T::block(&job, block, out));
    } else {
        all(&|block, out| by_rows(&job, block, out));
    }
}

/// What tiles take in place of the rows.
struct Prepared<'a, T: Number> {
    x: Cow<'a, [T]>,
    y: Cow<'a, [T]>,
    /// `None` for an exponent that tiles have no term for.
    term: Option<Term>,
    /// The squares of the lengths of rows.
    lengths: Option<[Vec<f64>; 2]>,
}

impl<'a, T: Number> Prepared<'a, T> {
    fn new((x, y, width): (&'a [T], &'a [T], usize), measure: Measure) -> Self {
        let plain = |term| Self {
            x: Cow::Borrowed(x),
            y: Cow::Borrowed(y),
            term,
            lengths: None,
        };
        match measure {
            Measure::Linear => plain(Some(Term::Product)),
            Measure::Cosine => Self {
                x: Cow::Owned(unit(x, width)),
                y: Cow::Owned(unit(y, width)),
                term: Some(Term::Product),
                lengths: None,
            },
            Measure::Minkowski(2.0) if width >= WIDE => {
                let centre = centre([x, y], width);
                let (x, y) = (centred(x, &centre), centred(y, &centre));
                let (own, mut other) = (lengths(&x, width), lengths(&y, width));
                // Columns beyond the last, which nobody reads, are far from everything.
                other.resize(other.len().next_multiple_of(T::COLUMNS), 1.0);
                Self {
                    x: Cow::Owned(x),
                    y: Cow::Owned(y),
                    term: Some(Term::Product),
                    lengths: Some([own, other]),
                }
            }
            Measure::Minkowski(p) if [1.0, 2.0, 3.0, 4.0].contains(&p) => {
                plain(Some(Term::Power(p as u32)))
            }
            Measure::Minkowski(_) => plain(None),
        }
    }
}

/// Rows of length 1, or of zeros.
fn unit<T: Number>(rows: &[T], width: usize) -> Vec<T> {
    let mut unit = Vec::with_capacity(rows.len());
    for row in rows.chunks_exact(width) {
        let larger = |most: f64, value: &T| f64::max(most, value.wide().abs());
        let scale = row.iter().fold(0.0, larger);
        let scale = if scale > 0.0 { scale } else { 1.0 };
        let scaled = row.iter().map(|value| value.wide() / scale);
        let length = scaled
            .clone()
            .map(|value| value * value)
            .sum::<f64>()
            .sqrt();
        let length = if length == 0.0 { 1.0 } else { length };
        unit.extend(scaled.map(|value| T::nearest(value / length)));
    }
    unit
}

/// The mean of all rows; 0 where it leaves the range of numbers.
fn centre<T: Number>(both: [&[T]; 2], width: usize) -> Vec<T> {
    let mut sums = vec![0.0; width];
    for row in both.iter().flat_map(|rows| rows.chunks_exact(width)) {
        sums.iter_mut()
            .zip(row)
            .for_each(|(sum, value)| *sum += value.wide());
    }
    let n = both.iter().map(|rows| rows.len() / width).sum::<usize>() as f64;
    let mean = |sum: &f64| {
        let mean = T::nearest(sum / n);
        if mean.wide().is_finite() {
            mean
        } else {
            T::ZERO
        }
    };
    sums.iter().map(mean).collect()
}

fn centred<T: Number>(rows: &[T], centre: &[T]) -> Vec<T> {
    let mut all = Vec::with_capacity(rows.len());
    for row in rows.chunks_exact(centre.len()) {
        let pairs = row.iter().zip(centre);
        all.extend(pairs.map(|(value, centre)| T::nearest(value.wide() - centre.wide())));
    }
    all
}

fn lengths<T: Number>(rows: &[T], width: usize) -> Vec<f64> {
    let length = |row: &[T]| row.iter().map(|value| value.wide() * value.wide()).sum();
    rows.chunks_exact(width).map(length).collect()
}
