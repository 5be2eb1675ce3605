//! How often raters chose each category: the state of Fleiss' kappa.

use crate::{
    Accumulator, Delta, HostDelta, Identity, MetricError, Reason, Rejected, Summary,
    batch::RatingCounts,
    ops::ratings::{self, DIGIT, MOST, NAME},
    states::fold::add_rejected,
};
use serde::{Deserialize, Serialize};

/// Adds up the ratings of each category and their squares, exactly: `2 * C + 4` counters and 2 numbers.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct RatingSums {
    pub(crate) categories: usize,
}

impl Accumulator for RatingSums {
    type Batch = RatingCounts;
    type Summary = RatingSumsSummary;

    fn identity(&self) -> Identity {
        Identity::new("rating_sums", 1).with(self)
    }

    fn empty(&self) -> RatingSumsSummary {
        RatingSumsSummary {
            ratings: vec![0; crate::framework::limits::parts(self, self.categories)],
            squares: 0,
            subjects: 0,
            raters: None,
            rejected: Rejected::default(),
        }
    }

    fn validate(&self) -> Result<(), MetricError> {
        if (1..=1 << 15).contains(&self.categories) {
            return Ok(());
        }
        let what = format!(
            "{} categories; there must be 1 to 32,768 of them",
            self.categories
        );
        Err(MetricError::InvalidOption(what))
    }

    fn count_bound(&self, batch: &RatingCounts) -> usize {
        // A subject adds at most a digit to each counter.
        batch.counts.dims()[0].saturating_mul(DIGIT)
    }

    fn check(&self, batch: &RatingCounts) -> Result<(), MetricError> {
        let shape = batch.counts.dims();
        if shape[1] == self.categories {
            return Ok(());
        }
        Err(MetricError::WidthMismatch {
            unit: "categories",
            expected: self.categories,
            found: shape[1],
            shape: shape.to_vec(),
        })
    }

    fn update(&self, delta: &mut Delta, batch: &RatingCounts) {
        ratings::count(&batch.counts, delta);
    }

    fn add(&self, batch: &RatingCounts, summary: &mut RatingSumsSummary) {
        ratings::read_counts(&batch.counts, |counts| {
            for subject in counts.chunks_exact(self.categories) {
                summary.add(subject);
            }
        });
    }

    fn fold(&self, delta: &HostDelta, summary: &mut RatingSumsSummary) {
        let Some(counts) = delta.counts(NAME) else {
            return;
        };
        let (low, rest) = counts.split_at(self.categories);
        let (high, rest) = rest.split_at(self.categories);
        let digits = |digits: &[i32]| {
            let digits = digits.iter().rev();
            digits.fold(0, |number, digit| number * DIGIT as u64 + *digit as u64)
        };
        for (sum, (low, high)) in summary.ratings.iter_mut().zip(low.iter().zip(high)) {
            *sum += digits(&[*low, *high]);
        }
        summary.squares = summary.squares.saturating_add(digits(&rest[..3]));
        summary.subjects += rest[3] as u64;
        add_rejected(&mut summary.rejected, &rest[4..]);
        if let Some([least, most]) = delta.numbers(NAME)
            && least.is_finite()
        {
            summary.see([*least as u32, *most as u32]);
        }
    }
}

/// The ratings of all subjects, added up.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct RatingSumsSummary {
    /// How many there are of each category.
    pub ratings: Vec<u64>,
    /// The sum of the squares of the counts of all subjects.
    pub squares: u64,
    /// How many subjects there are.
    pub subjects: u64,
    /// The fewest and the most ratings of a subject.
    pub raters: Option<[u32; 2]>,
    /// What was left out.
    pub rejected: Rejected,
}

impl RatingSumsSummary {
    fn add(&mut self, subject: &[i32]) {
        let least = subject.iter().copied().min().unwrap_or(0);
        let raters: i64 = subject.iter().map(|count| i64::from(*count)).sum();
        if least < 0 {
            let nan = least == Reason::Nan.code();
            let reason = if nan {
                Reason::Nan
            } else {
                Reason::InvalidTarget
            };
            return self.rejected.add(reason);
        }
        if raters > i64::from(MOST) {
            return self.rejected.add(Reason::InvalidTarget);
        }
        for (sum, count) in self.ratings.iter_mut().zip(subject) {
            *sum += *count as u64;
            let square = *count as u64 * *count as u64;
            // As a damaged file may have any.
            self.squares = self.squares.saturating_add(square);
        }
        self.subjects += 1;
        self.see([raters as u32; 2]);
    }

    fn see(&mut self, [least, most]: [u32; 2]) {
        self.raters = Some(match self.raters {
            Some([own_least, own_most]) => [own_least.min(least), own_most.max(most)],
            None => [least, most],
        });
    }
}

impl Summary for RatingSumsSummary {
    fn merge(&mut self, other: &Self) -> Result<(), MetricError> {
        if self.ratings.len() != other.ratings.len() {
            return Err(MetricError::MergeMismatch {
                left: format!("ratings of {} categories", self.ratings.len()),
                right: format!("ratings of {} categories", other.ratings.len()),
            });
        }
        self.room_for(other)?;
        let pairs = self.ratings.iter_mut().zip(&other.ratings);
        pairs.for_each(|(sum, more)| *sum += more);
        self.squares = self.squares.saturating_add(other.squares);
        self.subjects += other.subjects;
        if let Some(raters) = other.raters {
            self.see(raters);
        }
        self.rejected.merge(&other.rejected);
        Ok(())
    }

    fn counted(&self) -> u128 {
        let ratings = self.ratings.iter().map(|sum| u128::from(*sum));
        ratings.sum::<u128>() + u128::from(self.subjects) + self.rejected.counted()
    }

    fn consistent(&self) -> Result<(), MetricError> {
        if (self.subjects > 0) == self.raters.is_some()
            && self.raters.is_none_or(|[least, most]| least <= most)
        {
            Ok(())
        } else {
            Err(MetricError::saved("subjects without raters"))
        }
    }

    fn rejected(&self) -> Rejected {
        self.rejected
    }
}
