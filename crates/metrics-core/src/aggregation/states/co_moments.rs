//! Co-moments of the variables of observations: the state of covariance.

use crate::{
    Accumulator, Delta, HostDelta, Identity, MetricError, REJECTED_SLOTS, Rejected, Summary,
    batch::Observations,
    ops,
    states::{
        fold::add_rejected,
        pivot::{centred, first_rows, pivot},
        rows::{Weighed, counted},
    },
};
use serde::{Deserialize, Serialize};

/// Adds up products of variables around a pivot: `D * D + D + 1` device sums and `D` pivots.
///
/// Products are taken in `f32`: deviations below 1e-19 vanish and those above 1e19 become infinite.
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
        CoMomentsSummary {
            count: 0,
            weight: 0.0,
            mean: vec![0.0; self.variables],
            products: vec![0.0; self.variables * self.variables],
            rejected: Rejected::default(),
        }
    }

    fn validate(&self) -> Result<(), MetricError> {
        match self.variables {
            0 => Err(MetricError::InvalidOption("0 variables".into())),
            _ => Ok(()),
        }
    }

    fn takes_weights(&self) -> bool {
        true
    }

    fn check(&self, batch: &Observations) -> Result<(), MetricError> {
        let shape = batch.values.dims();
        match shape[1] == self.variables {
            true => Ok(()),
            false => Err(MetricError::WidthMismatch {
                unit: "variables",
                expected: self.variables,
                found: shape[1],
                shape: shape.to_vec(),
            }),
        }
    }

    fn update(&self, delta: &mut Delta, batch: &Observations) {
        let values = batch.values.clone();
        let weights = batch.weights().cloned();
        let first = delta.floats_mut().is_empty();
        let known = delta.floats_mut().get(1).cloned();
        let pivot = known.unwrap_or_else(|| {
            let weights = weights.clone().map(first_rows);
            let counted = counted(first_rows(values.clone()), &weights);
            pivot(counted.clone(), counted, None)
        });
        let kept = pivot.clone();
        delta.both(
            2 + REJECTED_SLOTS,
            1 + self.variables + self.variables * self.variables,
            &batch.device(),
            |counts, sums| ops::co_moments(counts, sums, values, weights, pivot),
        );
        if first {
            delta.push_floats(kept);
        }
    }

    fn fold(&self, delta: &HostDelta, summary: &mut CoMomentsSummary) {
        let (Some(counts), Some(sums), Some(pivot)) =
            (delta.counts(0), delta.sums(0), delta.float_lists().get(1))
        else {
            return;
        };
        let Weighed { count, weight } = Weighed::new(counts, sums[0]);
        let (offsets, squares) = sums[1..].split_at(self.variables);
        // Without rows there is no mean, and whatever it is does not count.
        let shift = |i: usize| {
            if weight == 0.0 {
                0.0
            } else {
                offsets[i] / weight
            }
        };
        let mut part = CoMomentsSummary {
            count,
            weight,
            ..self.empty()
        };
        add_rejected(&mut part.rejected, &counts[2..]);
        for (i, (mean, pivot)) in part.mean.iter_mut().zip(pivot).enumerate() {
            *mean = *pivot as f64 + shift(i);
        }
        for (cell, product) in part.products.iter_mut().enumerate() {
            let (i, j) = (cell / self.variables, cell % self.variables);
            let correction = shift(i) * offsets[j];
            *product = match i == j {
                true => centred(squares[cell], correction),
                false => squares[cell] - correction,
            };
        }
        summary.add(&part);
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
    /// What was left out.
    pub rejected: Rejected,
}

impl CoMomentsSummary {
    /// Chan, Golub and LeVeque, Updating Formulae and a Pairwise Algorithm for Computing Sample
    /// Variances (1979).
    fn add(&mut self, other: &Self) {
        self.rejected.merge(&other.rejected);
        self.count += other.count;
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
    fn merge(&mut self, other: &Self) -> Result<(), MetricError> {
        let sizes = |m: &Self| [m.mean.len(), m.products.len()];
        if sizes(self) != sizes(other) {
            return Err(MetricError::MergeMismatch {
                left: format!("co-moments of {} variables", self.mean.len()),
                right: format!("co-moments of {} variables", other.mean.len()),
            });
        }
        self.add(other);
        Ok(())
    }

    fn consistent(&self) -> Result<(), MetricError> {
        match self.products.len() == self.mean.len() * self.mean.len() {
            true => Ok(()),
            false => Err(MetricError::saved(format!(
                "{} co-moments of {} variables",
                self.products.len(),
                self.mean.len()
            ))),
        }
    }

    fn rejected(&self) -> Rejected {
        self.rejected
    }
}
