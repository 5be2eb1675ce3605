//! Scores drawn again, row by row, or threshold by threshold.

use super::{
    Elements, Random, Resample, Resampled, multinomial::Multinomial, resample::whole_elements,
};
use crate::{
    MetricError,
    classification::states::{CurveScores, CurveScoresSummary, ScoredBatch},
};
use rand::{SeedableRng, seq::SliceRandom};

impl<B: ScoredBatch> Resampled for CurveScores<B> {
    /// Keeps the scores whole: condensed areas do not say which scores they come from.
    fn resampled(mut self) -> Self {
        self.options.whole = true;
        self
    }
}

/// Up to this number of rows, rows are left out one by one. More rows are left out in this number of groups: the
/// skewness of their influence is then off by less than 0.1, which moves an interval less than replicates do.
const GROUPS: usize = 1000;

/// The elements of [`CurveScoresSummary`].
#[derive(Debug)]
pub struct CurveElements {
    multinomial: Multinomial,
    from: From,
    empty: CurveScoresSummary,
}

#[derive(Debug)]
enum From {
    /// Keys of scores, and how many a row has.
    Rows(Vec<u32>, usize),
    /// Counts by threshold.
    Counts(Vec<u64>),
}

impl Resample for CurveScoresSummary {
    type Elements = CurveElements;

    fn elements(&self, empty: Self) -> Result<CurveElements, MetricError> {
        whole_elements(self.is_weighted())?;
        let (from, width) = match self.rows() {
            Some((keys, width)) => (From::Rows(keys, width), 1),
            None => (From::Counts(self.counts().to_vec()), self.width()),
        };
        if width > 1 {
            return Err(MetricError::InvalidOption(
                "counts by threshold of several classes or labels cannot be resampled, since those of a row depend on each other; use exact thresholds or a Poisson bootstrap"
                    .into(),
            ));
        }
        let ones = |rows: usize| (0..rows).map(|_| 1);
        let multinomial = match &from {
            From::Rows(keys, width) if keys.len() / width > u32::MAX as usize => {
                return Err(MetricError::InvalidOption(format!(
                    "{} rows are too many to resample; use thresholds",
                    keys.len() / width
                )));
            }
            From::Rows(keys, width) => Multinomial::new(ones(keys.len() / width)),
            From::Counts(counts) => Multinomial::new(counts.iter().copied()),
        };
        Ok(CurveElements {
            multinomial,
            from,
            empty: empty.of_code(self),
        })
    }
}

impl CurveElements {
    fn summary(&self, times: &[u64]) -> CurveScoresSummary {
        match &self.from {
            From::Counts(_) => self.empty.with_counts(times.to_vec()),
            From::Rows(keys, width) => {
                let mut drawn = Vec::with_capacity(keys.len());
                for (row, times) in keys.chunks_exact(*width).zip(times) {
                    (0..*times).for_each(|_| drawn.extend_from_slice(row));
                }
                self.empty.with_rows(drawn)
            }
        }
    }

    fn len(&self) -> usize {
        match &self.from {
            From::Rows(keys, width) => keys.len() / width,
            From::Counts(counts) => counts.len(),
        }
    }

    /// How often each occurs in the data.
    fn all(&self) -> Vec<u64> {
        match &self.from {
            From::Rows(..) => vec![1; self.len()],
            From::Counts(counts) => counts.clone(),
        }
    }
}

impl Elements for CurveElements {
    type Summary = CurveScoresSummary;
    /// Rows, or the place of a count.
    type Kind = Vec<u32>;

    fn resample(&self, random: &mut Random) -> CurveScoresSummary {
        let drawn = self.multinomial.draw(random);
        let mut times: Vec<u64> = drawn.small.into_iter().map(u64::from).collect();
        let large = drawn.large.into_iter();
        large.for_each(|(place, count)| times[place] = count);
        self.summary(&times)
    }

    fn kinds(&self) -> Vec<(u64, Vec<u32>)> {
        match &self.from {
            From::Counts(counts) => (0..)
                .zip(counts)
                .filter(|(_, count)| **count > 0)
                .map(|(place, count)| (*count, vec![place]))
                .collect(),
            From::Rows(..) => {
                // Neighbours may be alike, so groups are drawn.
                let mut rows: Vec<u32> = (0..self.len() as u32).collect();
                rows.shuffle(&mut Random::seed_from_u64(0));
                let groups = rows.len().min(GROUPS);
                let start = |group: usize| group * rows.len() / groups;
                (0..groups)
                    .map(|group| (1, rows[start(group)..start(group + 1)].to_vec()))
                    .collect()
            }
        }
    }

    fn without(&self, kind: &Vec<u32>) -> CurveScoresSummary {
        let mut times = self.all();
        kind.iter().for_each(|place| times[*place as usize] -= 1);
        self.summary(&times)
    }
}
