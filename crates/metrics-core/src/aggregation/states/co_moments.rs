//! Co-moments of the variables of observations: the state of covariance.

use crate::{
    Accumulator, Delta, HostDelta, Identity, MetricError, Rejected, Summary,
    batch::Observations,
    framework::limits::{check_matrix, parts},
    ops::observations::{ObservedSink, pairs},
    pass::Part,
    states::{
        fold::{add_rejected, overflows},
        pivot::centred,
    },
};
use serde::{Deserialize, Serialize};

/// Adds up products of variables around a pivot: `(D + 1) * (D + 2) / 2` device sums and `D` pivots.
///
/// On a GPU products are taken in `f32`: deviations below 1e-19 vanish and those above 1e19 become infinite.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct CoMoments {
    pub(crate) variables: usize,
}

impl Accumulator for CoMoments {
    type Batch = Observations;
    type Summary = CoMomentsSummary;

    fn identity(&self) -> Identity {
        Identity::new("co_moments", 1).with(self)
    }

    fn empty(&self) -> CoMomentsSummary {
        let variables = parts(self, self.variables);
        CoMomentsSummary {
            count: 0,
            weight: 0.0,
            mean: vec![0.0; variables],
            products: vec![0.0; variables * variables],
            overflowed: false,
            rejected: Rejected::default(),
        }
    }

    fn validate(&self) -> Result<(), MetricError> {
        match self.variables {
            0 => Err(MetricError::InvalidOption("0 variables".into())),
            variables => check_matrix(variables, "variables", 8),
        }
    }

    fn takes_weights(&self) -> bool {
        true
    }

    fn check(&self, batch: &Observations) -> Result<(), MetricError> {
        let shape = batch.values().dims();
        if shape[1] == self.variables {
            Ok(())
        } else {
            Err(MetricError::WidthMismatch {
                unit: "variables",
                expected: self.variables,
                found: shape[1],
                shape: shape.to_vec(),
            })
        }
    }

    fn update(&self, delta: &mut Delta, batch: &Observations) {
        let sink = ObservedSink::CoMoments(self.variables);
        delta.want((&batch.observed, sink));
    }

    fn fold(&self, delta: &HostDelta, summary: &mut CoMomentsSummary) {
        for block in delta.blocks() {
            summary.count += block.counts[0] as u64;
            add_rejected(&mut summary.rejected, &block.counts[1..]);
            for part in &block.parts {
                summary.add(&self.part(part));
            }
        }
    }
}

impl CoMoments {
    /// The co-moments of what a slot added.
    fn part(&self, part: &Part) -> CoMomentsSummary {
        let mut summary = self.empty();
        summary.weight = part.sums[0];
        if summary.weight == 0.0 {
            return summary;
        }
        let offsets = &part.sums[1..=self.variables];
        let weight = part.sums[0];
        let shift = |i: usize| offsets[i] / weight;
        for (i, (mean, pivot)) in summary.mean.iter_mut().zip(&part.marks).enumerate() {
            *mean = *pivot + shift(i);
        }
        for ((i, j), sum) in pairs(self.variables).zip(&part.sums) {
            // Number 0 is the 1 that makes sums of products.
            let (Some(i), Some(j)) = (i.checked_sub(1), j.checked_sub(1)) else {
                continue;
            };
            summary.overflowed |= overflows(*sum, offsets[i] + offsets[j]);
            let correction = shift(i) * offsets[j];
            let product = if i == j {
                centred(*sum, correction)
            } else {
                *sum - correction
            };
            summary.products[i * self.variables + j] = product;
            summary.products[j * self.variables + i] = product;
        }
        summary
    }
}

/// Means of variables and their sums of products, in `f64`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct CoMomentsSummary {
    /// Observations that were used.
    pub count: u64,
    /// Their weight; one without a weight has 1.
    #[serde(with = "crate::number")]
    pub weight: f64,
    /// The mean of every variable.
    #[serde(with = "crate::number::list")]
    pub mean: Vec<f64>,
    /// The sums of `(x - mean) * (y - mean)` for every two variables, row by row.
    #[serde(with = "crate::number::list")]
    pub products: Vec<f64>,
    /// Whether sums of squares left the range of their numbers, though the data are finite.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub overflowed: bool,
    /// What was left out.
    pub rejected: Rejected,
}

impl CoMomentsSummary {
    /// Chan, Golub and LeVeque, Updating Formulae and a Pairwise Algorithm for Computing Sample
    /// Variances (1979).
    fn add(&mut self, other: &Self) {
        self.rejected.merge(&other.rejected);
        self.count += other.count;
        self.overflowed |= other.overflowed;
        if other.weight == 0.0 {
            return;
        }
        if self.weight == 0.0 {
            self.mean.clone_from(&other.mean);
            self.products.clone_from(&other.products);
        } else {
            let means = self.mean.iter().zip(&other.mean);
            let distance: Vec<f64> = means.map(|(own, other)| other - own).collect();
            let share = other.weight / (self.weight + other.weight);
            let cells = self.products.iter_mut().zip(&other.products).enumerate();
            for (cell, (product, more)) in cells {
                let (i, j) = (cell / distance.len(), cell % distance.len());
                *product += more + distance[i] * distance[j] * self.weight * share;
            }
            for (mean, distance) in self.mean.iter_mut().zip(distance) {
                *mean += distance * share;
            }
        }
        self.weight += other.weight;
    }
}

impl Summary for CoMomentsSummary {
    fn counted(&self) -> u128 {
        u128::from(self.count) + self.rejected.counted()
    }

    fn merge(&mut self, other: &Self) -> Result<(), MetricError> {
        let sizes = |m: &Self| [m.mean.len(), m.products.len()];
        if sizes(self) != sizes(other) {
            return Err(MetricError::MergeMismatch {
                left: format!("co-moments of {} variables", self.mean.len()),
                right: format!("co-moments of {} variables", other.mean.len()),
            });
        }
        self.room_for(other)?;
        self.add(other);
        Ok(())
    }

    fn consistent(&self) -> Result<(), MetricError> {
        if self.products.len() == self.mean.len() * self.mean.len() {
            Ok(())
        } else {
            Err(MetricError::saved(format!(
                "{} co-moments of {} variables",
                self.products.len(),
                self.mean.len()
            )))
        }
    }

    fn rejected(&self) -> Rejected {
        self.rejected
    }
}
