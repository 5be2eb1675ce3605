//! The pass in host memory: blocks of numbers that every sink takes while they are in the cache.

use super::{NanRule, Numbers, ValueSink};
#[cfg(any(feature = "flex", feature = "ndarray"))]
use crate::pass::{grow, put};
use crate::{
    ops::scalar::Element,
    pass::{HostList, Placed, Plan},
};
use rayon::prelude::*;
use std::ops::Range;

/// Numbers of a block: they and their weights take half of the first-level cache.
const BLOCK: usize = 1 << 11;

/// Numbers that a thread takes at a time. Parts have this size whatever the number of threads, so that sums do
/// not depend on it.
const PART: usize = 1 << 15;

#[cfg(any(feature = "flex", feature = "ndarray"))]
pub(super) fn pass(
    input: &Numbers,
    plan: &Plan<ValueSink>,
    counts: &mut [i32],
    numbers: &mut [f64],
) {
    if input.is_wide() {
        blocks::<f64>(input, plan, counts, numbers);
    } else {
        blocks::<f32>(input, plan, counts, numbers);
    }
}

#[cfg(any(feature = "flex", feature = "ndarray"))]
fn blocks<E: crate::ops::host::HostElement>(
    input: &Numbers,
    plan: &Plan<ValueSink>,
    counts: &mut [i32],
    numbers: &mut [f64],
) {
    use crate::ops::host::with_weights;

    E::slice(&input.values, |values| {
        with_weights(&input.weights, |weights| {
            Block { values, weights }.pass(plan, counts, numbers);
        });
    });
}

#[cfg(not(any(feature = "flex", feature = "ndarray")))]
pub(super) fn pass(_: &Numbers, _: &Plan<ValueSink>, _: &mut [i32], _: &mut [f64]) {}

/// Appends to the lists of the sinks that have one.
#[cfg(any(feature = "flex", feature = "ndarray"))]
pub(super) fn append(input: &Numbers, plan: &Plan<ValueSink>, lists: &mut [HostList]) {
    for placed in &plan.sinks {
        if let ValueSink::List(rule) = placed.sink {
            if input.is_wide() {
                crate::ops::host::doubles(&input.values, |values| {
                    let list = grow(&mut placed.lists_of(lists)[0], 2 * values.len());
                    let imputed = f64::from(rule.number(f32::NAN));
                    let number = |value: &f64| if value.is_nan() { imputed } else { *value };
                    put(list, values.iter().map(number));
                });
                continue;
            }
            crate::ops::host::floats(&input.values, |values| {
                let list = grow(&mut placed.lists_of(lists)[0], values.len());
                for (list, value) in list.iter_mut().zip(values) {
                    let value = if value.is_nan() {
                        rule.number(f32::NAN)
                    } else {
                        *value
                    };
                    *list = value.to_bits();
                }
            });
        }
    }
}

#[cfg(not(any(feature = "flex", feature = "ndarray")))]
pub(super) fn append(_: &Numbers, _: &Plan<ValueSink>, _: &mut [HostList]) {}

/// Some numbers.
#[derive(Clone, Copy)]
struct Block<'a, E> {
    values: &'a [E],
    weights: Option<&'a [E]>,
}

impl<E: Element> Block<'_, E> {
    fn range(&self, range: Range<usize>) -> Self {
        Self {
            values: &self.values[range.clone()],
            weights: self.weights.map(|weights| &weights[range]),
        }
    }

    /// As a whole batch.
    fn pass(&self, plan: &Plan<ValueSink>, counts: &mut [i32], numbers: &mut [f64]) {
        let n = self.values.len();
        if n <= PART {
            return self.part(plan, counts, numbers);
        }
        let parts = (0..n.div_ceil(PART)).into_par_iter().map(|i| {
            let (mut counts, mut numbers) = (vec![0; counts.len()], vec![0.0; numbers.len()]);
            let part = self.range(i * PART..n.min((i + 1) * PART));
            part.part(plan, &mut counts, &mut numbers);
            (counts, numbers)
        });
        // Collected in order, so that the sums do not depend on which thread was first.
        let parts: Vec<_> = parts.collect();
        for (more, mut part) in parts {
            (counts.iter_mut().zip(more)).for_each(|(count, more)| *count += more);
            for placed in &plan.sinks {
                let (own, more) = (placed.numbers_of(numbers), placed.numbers_of(&mut part));
                match placed.sink {
                    ValueSink::Totals(_) => {
                        (own.iter_mut().zip(more)).for_each(|(sum, more)| *sum += *more);
                    }
                    ValueSink::Extremes(_) => join(own, more[1], more[2]),
                    ValueSink::List(_) => {}
                }
            }
        }
    }

    /// Block by block.
    fn part(&self, plan: &Plan<ValueSink>, counts: &mut [i32], numbers: &mut [f64]) {
        let n = self.values.len();
        for start in (0..n).step_by(BLOCK) {
            let block = self.range(start..n.min(start + BLOCK));
            for placed in &plan.sinks {
                block.sink(placed, placed.counts_of(counts), placed.numbers_of(numbers));
            }
        }
    }

    /// Whether a number or a weight is infinite, or becomes so.
    fn has_infinity(&self, rule: NanRule) -> bool {
        let infinite = |x: &E| x.wide().is_infinite();
        self.values.iter().any(infinite)
            || self
                .weights
                .is_some_and(|weights| weights.iter().any(infinite))
            || rule.number(0.0).is_infinite()
    }

    fn sink(&self, placed: &Placed<ValueSink>, counts: &mut [i32], numbers: &mut [f64]) {
        match placed.sink {
            ValueSink::Totals(rule) => {
                let (sums, marks) = numbers.split_at_mut(placed.size.sums);
                totals(self, rule, counts, sums);
                if sums.iter().any(|sum| !sum.is_finite()) && self.has_infinity(rule) {
                    marks[0] = 1.0;
                }
            }
            ValueSink::Extremes(rule) => extremes(self.values, rule, counts, numbers),
            ValueSink::List(_) => {}
        }
    }
}

/// How many numbers are added side by side.
const LANES: usize = 8;

/// Numbers go through vectors, and again one by one if one may be NaN.
#[multiversion::multiversion(targets("x86_64+avx2+fma"))]
fn totals<E: Element>(block: &Block<E>, rule: NanRule, counts: &mut [i32], sums: &mut [f64]) {
    let (values, rest) = block.values.as_chunks::<LANES>();
    let whole = block.values.len() - rest.len();
    let mut lanes = [[0.0f64; LANES]; 3];
    match block.weights {
        None => {
            for values in values {
                for lane in 0..LANES {
                    lanes[0][lane] += values[lane].wide();
                }
            }
        }
        Some(weights) => {
            for (values, weights) in values.iter().zip(weights.as_chunks::<LANES>().0) {
                for lane in 0..LANES {
                    let (value, weight) = (values[lane].wide(), weights[lane].wide());
                    lanes[0][lane] += value;
                    lanes[1][lane] += value * weight;
                    lanes[2][lane] += weight;
                }
            }
        }
    }
    let batch = lanes.map(|lanes| lanes.iter().sum::<f64>());
    // Infinities may make a NaN, too, and then there is none after all.
    let added = if batch.iter().any(|sum| sum.is_nan()) {
        0
    } else {
        whole
    };
    if added > 0 {
        counts[0] += added as i32;
        (sums.iter_mut().zip(batch)).for_each(|(sum, more)| *sum += more);
    }
    for i in added..block.values.len() {
        let (value, weight) = (block.values[i], block.weights.map_or(E::ONE, |w| w[i]));
        let (value, weight) = match rule {
            _ if !value.is_nan() && !weight.is_nan() => (value, weight),
            NanRule::Impute(imputed) => (E::of(imputed), E::ONE),
            NanRule::LeaveOut(_) => {
                counts[rule.counter()] += 1;
                continue;
            }
        };
        let (value, weight) = (value.wide(), weight.wide());
        counts[0] += 1;
        let terms = [value, value * weight, weight];
        (sums.iter_mut().zip(terms)).for_each(|(sum, term)| *sum += term);
    }
}

#[multiversion::multiversion(targets("x86_64+avx2+fma"))]
fn extremes<E: Element>(values: &[E], rule: NanRule, counts: &mut [i32], marks: &mut [f64]) {
    let (mut low, mut high) = ([E::INFINITY; LANES], [E::NEG_INFINITY; LANES]);
    let mut nans = [0i32; LANES];
    let (chunks, rest) = values.as_chunks::<LANES>();
    let mut add = |lane: usize, value: E| {
        nans[lane] += i32::from(value.is_nan());
        low[lane] = if value < low[lane] { value } else { low[lane] };
        high[lane] = if value > high[lane] {
            value
        } else {
            high[lane]
        };
    };
    for chunk in chunks {
        for (lane, value) in chunk.iter().enumerate() {
            add(lane, *value);
        }
    }
    rest.iter().for_each(|value| add(0, *value));
    let (low, high) = (low.map(E::wide).into_iter(), high.map(E::wide).into_iter());
    let mut low = low.fold(f64::INFINITY, f64::min);
    let mut high = high.fold(f64::NEG_INFINITY, f64::max);
    let nans: i32 = nans.iter().sum();
    counts[0] += values.len() as i32 - nans;
    counts[rule.counter()] += nans;
    if let NanRule::Impute(value) = rule
        && nans > 0
    {
        let value = f64::from(value);
        (low, high) = (low.min(value), high.max(value));
    }
    join(marks, low, high);
}

/// Joins extremes with others.
fn join(marks: &mut [f64], low: f64, high: f64) {
    if let [seen, least, most] = marks {
        let fresh = *seen == 0.0;
        (*least, *most) = if fresh {
            (low, high)
        } else {
            (least.min(low), most.max(high))
        };
        *seen = 1.0;
    }
}
