//! Joint moments of predictions, targets and errors.

use super::{Block, PairElement, Totals, has_nan, pivots};
use crate::ops::{pairs::JOINT, scalar::Element};

/// Few enough that the sums of all moments stay in registers.
const LANES: usize = 4;

/// Marks of a state to which nothing has been added.
pub(super) fn take_marks<E: PairElement>(block: &Block<E>, marks: &mut [f64]) {
    let mut marks = marks.chunks_exact_mut(block.columns);
    let mut next = |of: fn(f64, f64) -> f64| {
        if let Some(own) = marks.next() {
            pivots(block, own, of);
        }
    };
    next(|pred, _| pred);
    next(|_, target| target);
    next(|pred, target| target - pred);
    next(|_, _| 0.0);
}

/// What is subtracted from the predictions, targets and errors of a column.
#[derive(Clone, Copy)]
struct Pivot {
    pred: f64,
    target: f64,
    error: f64,
}

impl Pivot {
    #[inline(always)]
    fn of(marks: &[f64], columns: usize, column: usize) -> Self {
        let mark = |k: usize| marks[k * columns + column];
        Self {
            pred: mark(0),
            target: mark(1),
            error: mark(2) + mark(3),
        }
    }

    /// What a pair of some weight adds to each moment.
    #[inline(always)]
    fn terms<E: Element>(self, pred: E, target: E, weight: f64) -> [f64; JOINT] {
        let (pred, target) = (pred.wide(), target.wide());
        let error = (target - pred) - self.error;
        let (pred, target) = (pred - self.pred, target - self.target);
        let [p, t, e] = [pred, target, error].map(|x| x * weight);
        [p * pred, t * target, e * error, p * target, p, t, e]
    }
}

/// Adds a block. Single columns go through vectors, and again row by row if they turn out to have a row to leave
/// out.
#[multiversion::multiversion(targets("x86_64+avx2+fma"))]
pub(super) fn add<E: PairElement>(block: &Block<E>, totals: &mut Totals) {
    if block.columns > 1 {
        return block.each_row(|pred, target, weight| row(pred, target, weight, totals));
    }
    let whole = block.pred.len() / LANES * LANES;
    let pairs = (&block.pred[..whole], &block.target[..whole]);
    let pivot = Pivot::of(totals.marks, 1, 0);
    let ones = [E::ONE; LANES];
    let (sums, given) = match block.weights {
        None => {
            let (sums, _) = lanes(pairs, std::iter::repeat(&ones), pivot);
            (sums, whole as f64)
        }
        Some(_) if !block.is_clean() => ([f64::NAN; JOINT], 0.0),
        Some(weights) => lanes(pairs, weights[..whole].as_chunks::<LANES>().0.iter(), pivot),
    };
    // A NaN is in a square, as is an infinity that weighs nothing; infinities may cancel elsewhere.
    let added = if (sums[0] + sums[1]).is_nan() {
        0
    } else {
        whole
    };
    if added > 0 {
        totals.count_used(added, given);
        (totals.sums.iter_mut().zip(sums)).for_each(|(sum, more)| *sum += more);
    }
    for i in added..block.pred.len() {
        let weight = block.weights.map(|weights| weights[i]);
        row(&block.pred[i..=i], &block.target[i..=i], weight, totals);
    }
}

#[inline(always)]
fn row<E: Element>(pred: &[E], target: &[E], weight: Option<E>, totals: &mut Totals) {
    let nan = has_nan(pred) | has_nan(target);
    let Some(weight) = totals.count(nan, weight) else {
        return;
    };
    let columns = pred.len();
    let sums = totals.sums.as_chunks_mut::<JOINT>().0;
    let pairs = pred.iter().zip(target).zip(sums);
    for (column, ((pred, target), sums)) in pairs.enumerate() {
        let pivot = Pivot::of(totals.marks, columns, column);
        let terms = pivot.terms(*pred, *target, weight);
        (sums.iter_mut().zip(terms)).for_each(|(sum, term)| *sum += term);
    }
}

/// The moments of pairs, whose number is a multiple of the lanes, and the sum of their weights.
#[inline(always)]
fn lanes<'a, E: Element>(
    (pred, target): (&[E], &[E]),
    weights: impl Iterator<Item = &'a [E; LANES]>,
    pivot: Pivot,
) -> ([f64; JOINT], f64) {
    let mut moments = [[0.0f64; LANES]; JOINT];
    let mut given = [0.0f64; LANES];
    let (pred, target) = (pred.as_chunks::<LANES>().0, target.as_chunks::<LANES>().0);
    for ((pred, target), weights) in pred.iter().zip(target).zip(weights) {
        for lane in 0..LANES {
            let weight = weights[lane].wide();
            let terms = pivot.terms(pred[lane], target[lane], weight);
            for k in 0..JOINT {
                moments[k][lane] += terms[k];
            }
            given[lane] += weight;
        }
    }
    (moments.map(|lanes| lanes.iter().sum()), given.iter().sum())
}
