//! How often two values were given to one unit: the state of Krippendorff's alpha.

use crate::{
    Accumulator, Delta, HostDelta, Identity, MetricError, Reason, Rejected, Summary,
    batch::Ratings, ops::ratings,
};
use burn::tensor::{DType, FloatDType, Int, Tensor};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// Counts pairs of values that units got, whatever the values. The summary has a count for each pair of values that occurs,
/// by how many ratings the unit has. A device keeps the ratings until they are read, 4 bytes each.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Coincidences;

/// The names of the lists.
const LISTS: [&str; 2] = ["ratings", "rating_sizes"];

impl Accumulator for Coincidences {
    type Batch = Ratings;
    type Summary = CoincidencesSummary;

    fn identity(&self) -> Identity {
        Identity::new("coincidences", 1)
    }

    fn empty(&self) -> CoincidencesSummary {
        CoincidencesSummary::default()
    }

    fn check(&self, _batch: &Ratings) -> Result<(), MetricError> {
        Ok(())
    }

    fn update(&self, delta: &mut Delta, batch: &Ratings) {
        let ([units, raters], device) = (batch.values.dims(), batch.device());
        // Not every backend joins what is empty.
        if crate::ops::is_host(&device) || units * raters == 0 {
            return;
        }
        delta.append_floats(LISTS[0], batch.flat().cast(FloatDType::F32));
        let size = [units as i32, raters as i32];
        let size = Tensor::<1, Int>::from_data(size, (&device, DType::I32));
        delta.append_ints(LISTS[1], size);
    }

    fn add(&self, batch: &Ratings, summary: &mut CoincidencesSummary) {
        let raters = batch.values.dims()[1];
        ratings::read_values(&batch.values, |values| summary.add(values, raters));
    }

    fn fold(&self, delta: &HostDelta, summary: &mut CoincidencesSummary) {
        let values = delta.floats(LISTS[0]).concat();
        let values: Vec<f64> = values.into_iter().map(f64::from).collect();
        let mut start = 0;
        for [units, raters] in delta.ints(LISTS[1]).concat().as_chunks::<2>().0 {
            let own = start..start + *units as usize * *raters as usize;
            start = own.end;
            summary.add(&values[own], *raters as usize);
        }
    }
}

/// How often pairs of values occur in one unit.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct CoincidencesSummary {
    /// In the order of their keys: how many ratings the unit has, the smaller and the larger value, and how many such
    /// pairs of ratings there are.
    pairs: Vec<(u32, f64, f64, u64)>,
    /// Units with one rating, which has nothing to agree with.
    single: u64,
    rejected: Rejected,
}

/// A number in the order of all numbers.
fn key(value: f64) -> i64 {
    let bits = value.to_bits() as i64;
    bits ^ (((bits >> 63) as u64) >> 1) as i64
}

/// The number of a [`key`].
fn of_key(key: i64) -> f64 {
    f64::from_bits((key ^ (((key >> 63) as u64) >> 1) as i64) as u64)
}

/// Ratings of a unit, and the keys of two values.
type Pair = (u32, i64, i64);

impl CoincidencesSummary {
    fn add(&mut self, values: &[f64], raters: usize) {
        let mut found: BTreeMap<Pair, u64> = BTreeMap::new();
        for unit in values.chunks_exact(raters.max(1)) {
            let mut own: Vec<i64> = Vec::with_capacity(raters);
            for value in unit {
                if value.is_nan() {
                    self.rejected.add(Reason::Ignored);
                } else if value.is_infinite() {
                    self.rejected.add(Reason::Nan);
                } else {
                    // 0 and -0 are one value.
                    own.push(key(value + 0.0));
                }
            }
            own.sort_unstable();
            self.single += u64::from(own.len() == 1);
            let runs: Vec<&[i64]> = own.chunk_by(|a, b| a == b).collect();
            for (i, run) in runs.iter().enumerate() {
                let ratings = own.len() as u32;
                let n = run.len() as u64;
                if n > 1 {
                    *found.entry((ratings, run[0], run[0])).or_default() += n * (n - 1) / 2;
                }
                for other in &runs[i + 1..] {
                    let pairs = n * other.len() as u64;
                    *found.entry((ratings, run[0], other[0])).or_default() += pairs;
                }
            }
        }
        self.put(found);
    }

    fn put(&mut self, mut all: BTreeMap<Pair, u64>) {
        for (ratings, low, high, count) in &self.pairs {
            let own = all.entry((*ratings, key(*low), key(*high))).or_default();
            *own = own.saturating_add(*count);
        }
        let pair = |((ratings, low, high), count)| (ratings, of_key(low), of_key(high), count);
        self.pairs = all.into_iter().map(pair).collect();
    }

    /// The values with how many ratings that have others beside them are of each, and the pairs of different values,
    /// by their places, with how often they coincide: `n_u(c) n_u(k) / (m_u - 1)` over units `u` of `m_u` ratings.
    ///
    /// # Errors
    /// [`MetricError::Empty`].
    #[allow(clippy::type_complexity)]
    pub fn coincidences(&self) -> Result<(Vec<(f64, f64)>, Vec<(usize, usize, f64)>), MetricError> {
        if self.pairs.is_empty() && self.single == 0 {
            return Err(MetricError::Empty {
                rejected: self.rejected,
            });
        }
        let mut ratings: BTreeMap<i64, f64> = BTreeMap::new();
        for (size, low, high, count) in &self.pairs {
            // A pair of ratings is two, each of which is in as many pairs as there are others.
            let share = *count as f64 / f64::from(size - 1);
            *ratings.entry(key(*low)).or_default() += share;
            *ratings.entry(key(*high)).or_default() += share;
        }
        let places: BTreeMap<i64, usize> = ratings.keys().copied().zip(0..).collect();
        let apart = self.pairs.iter().filter(|(_, low, high, _)| low != high);
        let apart = apart.map(|(size, low, high, count)| {
            let share = *count as f64 / f64::from(size - 1);
            (places[&key(*low)], places[&key(*high)], share)
        });
        let apart = apart.collect();
        let values = ratings
            .into_iter()
            .map(|(value, count)| (of_key(value), count));
        Ok((values.collect(), apart))
    }
}

impl Summary for CoincidencesSummary {
    fn merge(&mut self, other: &Self) -> Result<(), MetricError> {
        self.room_for(other)?;
        let pairs = other.pairs.iter();
        let pairs = pairs.map(|(size, low, high, count)| ((*size, key(*low), key(*high)), *count));
        self.put(pairs.collect());
        self.single += other.single;
        self.rejected.merge(&other.rejected);
        Ok(())
    }

    fn counted(&self) -> u128 {
        let pairs = self.pairs.iter().map(|pair| u128::from(pair.3));
        pairs.sum::<u128>() + u128::from(self.single) + self.rejected.counted()
    }

    fn consistent(&self) -> Result<(), MetricError> {
        let keys = self.pairs.iter();
        let keys: Vec<Pair> = keys
            .map(|(size, low, high, _)| (*size, key(*low), key(*high)))
            .collect();
        let fits = |(size, low, high, count): &(u32, f64, f64, u64)| {
            *size > 1 && low <= high && low.is_finite() && high.is_finite() && *count > 0
        };
        if keys.windows(2).all(|pair| pair[0] < pair[1]) && self.pairs.iter().all(fits) {
            Ok(())
        } else {
            Err(MetricError::saved("coincidences out of order"))
        }
    }

    fn rejected(&self) -> Rejected {
        self.rejected
    }
}
