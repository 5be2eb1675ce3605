//! In host memory: blocks of rows side by side, each tile by tile.

use super::{
    Measure, Plan,
    tiles::{BLOCK, Finish, Job, Number, Out, Term, by_rows, packed},
};
use burn::tensor::{DType, Device, Tensor, TensorData};
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
