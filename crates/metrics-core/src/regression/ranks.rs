//! Ranks of numbers, and how often pairs are in order.

use rayon::prelude::*;

/// Numbers by their order alone.
pub(super) struct Ranking {
    /// How many smaller numbers there are that differ from each other, for every number.
    place: Vec<usize>,
    /// How often the number at each place occurs.
    count: Vec<u64>,
}

impl Ranking {
    /// Of numbers without NaN; 0 and -0 are equal.
    pub fn new(values: &[f64]) -> Self {
        // Beside each other, so that a comparison looks up neither.
        let keys = values.iter().map(|value| code(*value));
        let mut order: Vec<(u64, usize)> = keys.zip(0..).collect();
        order.par_sort_unstable();
        let mut place = vec![0; values.len()];
        let mut count: Vec<u64> = Vec::new();
        for tied in order.chunk_by(|a, b| a.0 == b.0) {
            tied.iter()
                .for_each(|(_, index)| place[*index] = count.len());
            count.push(tied.len() as u64);
        }
        Self { place, count }
    }

    /// Twice what the mean rank of every number has more than the mean of all ranks, an integer.
    pub fn deviations(&self) -> impl Iterator<Item = i128> {
        let mut below = 0;
        let at: Vec<i128> = (self.count.iter())
            .map(|count| {
                let twice = 2 * below + count;
                below += count;
                twice as i128 - self.place.len() as i128
            })
            .collect();
        self.place.iter().map(move |place| at[*place])
    }

    /// How many of the numbers differ from each other.
    pub fn distinct(&self) -> usize {
        self.count.len()
    }

    /// The sum of a function over how often each number occurs.
    pub fn ties(&self, term: impl Fn(f64) -> f64) -> f64 {
        self.count.iter().map(|count| term(*count as f64)).sum()
    }

    /// Pairs of equal numbers.
    pub fn equal_pairs(&self) -> u64 {
        self.count.iter().copied().map(pairs).sum()
    }
}

/// A number in the order of floats, where 0 and -0 are equal.
fn code(value: f64) -> u64 {
    let bits = (value + 0.0).to_bits();
    if value < 0.0 { !bits } else { bits | 1 << 63 }
}

/// How many pairs `n` elements make.
pub(super) fn pairs(n: u64) -> u64 {
    n * n.saturating_sub(1) / 2
}

/// How many pairs of elements are in the same order by both rankings, and how many in opposite
/// order.
///
/// William R. Knight, A Computer Method for Calculating Kendall's Tau with Ungrouped Data, Journal
/// of the American Statistical Association 61 (1966): sorts by one, and counts the exchanges that
/// sorting by the other takes.
pub(super) fn concordance(x: &Ranking, y: &Ranking) -> (u64, u64) {
    let mut both: Vec<_> = x.place.iter().zip(&y.place).collect();
    both.par_sort_unstable();
    let runs = both.chunk_by(|a, b| a == b);
    let equal: u64 = runs.map(|run| pairs(run.len() as u64)).sum();
    let mut order: Vec<usize> = both.iter().map(|(_, y)| **y).collect();
    let discordant = exchanges(&mut order);
    let tied = x.equal_pairs() + y.equal_pairs() - equal;
    let all = pairs(both.len() as u64);
    (all - tied - discordant, discordant)
}

/// How many pairs are in falling order; a merge sort.
fn exchanges(list: &mut [usize]) -> u64 {
    let mut scratch = list.to_vec();
    let mut count = 0;
    let mut half = 1;
    while half < list.len() {
        for (run, merged) in list.chunks(2 * half).zip(scratch.chunks_mut(2 * half)) {
            let (left, right) = run.split_at(half.min(run.len()));
            let (mut i, mut j) = (0, 0);
            for slot in merged {
                if j == right.len() || i < left.len() && left[i] <= right[j] {
                    *slot = left[i];
                    i += 1;
                } else {
                    *slot = right[j];
                    j += 1;
                    count += (left.len() - i) as u64;
                }
            }
        }
        list.copy_from_slice(&scratch);
        half *= 2;
    }
    count
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Pseudo-random numbers below a limit, so that many are equal (splitmix64).
    fn numbers(count: usize, limit: u64, seed: u64) -> Vec<f64> {
        (1..=count as u64)
            .map(|i| {
                let z = (i + seed).wrapping_mul(0x9e37_79b9_7f4a_7c15);
                let z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
                let z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
                ((z ^ (z >> 31)) % limit) as f64 - 3.0
            })
            .collect()
    }

    #[test]
    fn pairs_are_counted_as_by_comparing_all() {
        for count in [0, 1, 2, 3, 7, 64, 65, 200] {
            for limit in [1, 2, 5, 40, u64::MAX] {
                let (x, y) = (numbers(count, limit, 7), numbers(count, limit, 1 << 20));
                let (mut same, mut opposite) = (0, 0);
                for i in 0..count {
                    for j in 0..i {
                        let product = (x[i] - x[j]).signum() * (y[i] - y[j]).signum();
                        let differ = x[i] != x[j] && y[i] != y[j];
                        same += (differ && product > 0.0) as u64;
                        opposite += (differ && product < 0.0) as u64;
                    }
                }
                let found = concordance(&Ranking::new(&x), &Ranking::new(&y));
                assert_eq!(found, (same, opposite), "{count} below {limit}");
            }
        }
    }

    #[test]
    fn equal_numbers_have_their_mean_rank() {
        let values = [2.0, f64::NEG_INFINITY, 2.0, 0.0, -0.0, f64::INFINITY, 2.0];
        let ranking = Ranking::new(&values);
        let ranks = ranking.deviations().map(|twice| twice as f64 / 2.0 + 4.0);
        assert_eq!(
            ranks.collect::<Vec<_>>(),
            [5.0, 1.0, 5.0, 2.5, 2.5, 7.0, 5.0]
        );
        assert_eq!(ranking.distinct(), 4);
        assert_eq!(ranking.equal_pairs(), 3 + 1);
    }
}
