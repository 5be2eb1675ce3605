//! The documents of a query, by groups of equal scores.

use super::Query;
use libm::lgamma;

/// Documents of equal scores, of which some are relevant.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Group {
    /// How many documents have a higher score.
    pub before: usize,
    /// How many documents have this score.
    pub size: usize,
    /// How many of these are relevant: at least one.
    pub relevant: usize,
    /// What they gain together.
    pub gain: f64,
}

impl Group {
    /// How many of its documents are among the first `k`.
    pub fn reached(&self, k: usize) -> usize {
        k.saturating_sub(self.before).min(self.size)
    }

    /// How likely each number of relevant documents is among `drawn` documents of the group, if any order is as likely as
    /// any other: the hypergeometric distribution.
    pub fn draws(&self, drawn: usize) -> impl Iterator<Item = (usize, f64)> + use<> {
        let Self { size, relevant, .. } = *self;
        let least = drawn.saturating_sub(size - relevant);
        let most = relevant.min(drawn);
        let all = choose(size, drawn);
        (least..=most).map(move |found| {
            let log = choose(relevant, found) + choose(size - relevant, drawn - found) - all;
            // Of one possibility without rounding.
            let certain = least == most;
            (found, if certain { 1.0 } else { log.exp() })
        })
    }
}

/// The logarithm of the number of ways to choose `k` of `n`.
fn choose(n: usize, k: usize) -> f64 {
    let factorial = |n: usize| lgamma(n as f64 + 1.0);
    factorial(n) - factorial(k) - factorial(n - k)
}

/// A query as groups of equal scores.
#[derive(Debug, Clone, PartialEq)]
pub struct Groups {
    /// The groups with relevant documents, in the order of falling scores.
    pub groups: Vec<Group>,
    /// How many documents there are.
    pub documents: usize,
    /// How many of them have a score above 0.
    pub positive: usize,
    /// How many are relevant, with those that are not among the documents.
    pub relevant: usize,
    /// How many of the documents are relevant.
    pub found: usize,
    /// The gains of the relevant documents, falling.
    pub gains: Vec<f64>,
    /// What each relevant document gains that is not among the documents: as much as one of relevance 1.
    pub unfound_gain: f64,
}

impl Groups {
    /// Of a query.
    pub fn new(query: &Query, gain: impl Fn(f64) -> f64) -> Self {
        let mut gains: Vec<f64> = (query.gains.iter())
            .map(|relevance| gain(f64::from(*relevance)))
            .collect();
        let mut start = 0;
        let groups = query.places.chunk_by(|a, b| a == b).map(|tied| {
            let own = &gains[start..start + tied.len()];
            start += tied.len();
            Group {
                before: tied[0][0] as usize,
                size: tied[0][1] as usize,
                relevant: tied.len(),
                gain: own.iter().sum(),
            }
        });
        let groups = groups.collect();
        gains.sort_unstable_by(|a, b| b.total_cmp(a));
        Self {
            groups,
            documents: query.documents,
            positive: query.positive,
            relevant: query.places.len() + query.unfound,
            found: query.places.len(),
            gains,
            unfound_gain: gain(1.0),
        }
    }

    /// How many of the first `k` documents are relevant; with ties, how many are expected to be.
    pub fn hits(&self, k: usize) -> f64 {
        let hits = |group: &Group| match group.reached(k) {
            reached if reached == group.size => group.relevant as f64,
            reached => group.relevant as f64 * reached as f64 / group.size as f64,
        };
        self.groups.iter().map(hits).sum()
    }

    /// The number of documents that count as retrieved, of which a cutoff and a limit to scores above 0 leave the first.
    pub fn retrieved(&self, top_k: Option<usize>, positive_only: bool) -> usize {
        let limit = if positive_only {
            self.positive
        } else {
            self.documents
        };
        top_k.unwrap_or(limit).min(limit)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn draws_are_as_likely_as_by_counting_all_orders() {
        let group = Group {
            before: 3,
            size: 7,
            relevant: 3,
            gain: 3.0,
        };
        for drawn in 0..=7 {
            let mut counts = [0u32; 8];
            for order in 0u32..1 << 7 {
                if order.count_ones() == 3 {
                    counts[(order & ((1 << drawn) - 1)).count_ones() as usize] += 1;
                }
            }
            let mut total = 0.0;
            for (found, likely) in group.draws(drawn) {
                let expected = f64::from(counts[found]) / 35.0;
                assert!(
                    (likely - expected).abs() < 1e-12,
                    "{found} of {drawn}: {likely}"
                );
                total += likely;
            }
            assert!((total - 1.0).abs() < 1e-12);
        }
    }
}
