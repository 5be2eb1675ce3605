//! Multinomial draws, the heart of a bootstrap over counts.

use super::Random;
use rand::{Rng, RngExt};
use rand_distr::{Binomial, Distribution, Poisson};
use std::collections::BTreeMap;

/// Up to this count, cells are drawn from tables, in parts. Above it, conditional binomials are faster.
const SMALL: u64 = 2500;

/// The largest rate that is drawn from a table at once: the table has room for 15 standard deviations more.
const PART: u64 = 100;

/// The first guess of the total stays below it by this number of its standard deviations.
const SLACK: f64 = 3.0;

/// The distribution of the counts of cells when `n` elements are drawn with replacement from `n` elements.
///
/// Draws are exact and take a few nanoseconds per cell of few elements. The counts of these cells are drawn from
/// independent Poisson distributions, so that cells of one count share a table. Given
/// their sum, such counts are multinomial. The rates are a little lower than the counts, so that the sum
/// hardly ever exceeds the total (if it does, everything is drawn anew), and elements drawn one by one make up the
/// rest. What is left for cells of many elements is split among them (conditional binomials).
#[derive(Debug)]
pub struct Multinomial {
    cells: usize,
    total: u64,
    /// The cells of more than [`SMALL`] elements with their counts, and the sum of these.
    large: Vec<(usize, u64)>,
    large_total: u64,
    /// The other cells by count.
    small: Vec<Cells>,
    /// Draws the cell of `small` that an element is in.
    chosen: Table,
    /// The rates as a share of the counts.
    share: f64,
}

/// Cells of the same count.
#[derive(Debug)]
struct Cells {
    places: Vec<u32>,
    /// How many draws from the table add up to a count.
    parts: u64,
    poisson: Table,
}

/// How often each cell occurs in a sample: `small` holds the cells of few elements in their places, `large`
/// the other cells.
#[derive(Debug, Default)]
pub struct Sample {
    /// A count per cell; 0 for those in `large`.
    pub small: Vec<u32>,
    /// Places and counts.
    pub large: Vec<(usize, u64)>,
}

impl Multinomial {
    /// From the counts of cells.
    pub fn new(counts: impl ExactSizeIterator<Item = u64>) -> Self {
        let cells = counts.len();
        let (mut large, mut by_count) = (vec![], BTreeMap::<u64, Vec<u32>>::new());
        for (place, count) in counts.enumerate() {
            match count {
                0 => {}
                1..=SMALL => by_count.entry(count).or_default().push(place as u32),
                _ => large.push((place, count)),
            }
        }
        while by_count.len() > Table::SIZE {
            let (count, places) = by_count.pop_last().unwrap_or_default();
            large.extend(places.into_iter().map(|place| (place as usize, count)));
        }
        let large_total: u64 = large.iter().map(|(_, count)| count).sum();
        let elements = |(count, places): (&u64, &Vec<u32>)| count * places.len() as u64;
        let total = large_total + by_count.iter().map(elements).sum::<u64>();
        let share = (1.0 - SLACK / (total as f64).sqrt()).max(0.0);
        Self {
            cells,
            total,
            large,
            large_total,
            chosen: Table::new(by_count.iter().map(|cells| elements(cells) as f64)),
            small: (by_count.into_iter())
                .map(|(count, places)| {
                    let parts = count.div_ceil(PART);
                    let poisson = Table::poisson(count as f64 * share / parts as f64);
                    Cells {
                        places,
                        parts,
                        poisson,
                    }
                })
                .collect(),
            share,
        }
    }

    /// Draws once.
    pub fn draw(&self, random: &mut Random) -> Sample {
        let mut small = vec![0; self.cells];
        let mut left = self.total;
        if !self.small.is_empty() {
            left = loop {
                if let Some(left) = self.draw_small(random, &mut small) {
                    break left;
                }
            };
        }
        let mut weight = self.large_total;
        let large = self.large.iter().map(|(place, count)| {
            let drawn = binomial(left, *count as f64 / weight as f64, random);
            left -= drawn;
            weight -= count;
            (*place, drawn)
        });
        Sample {
            large: large.collect(),
            small,
        }
    }

    /// Draws the cells of few elements. Returns how many elements are left for the other cells, or `None` if the
    /// total was exceeded.
    fn draw_small(&self, random: &mut Random, counts: &mut [u32]) -> Option<u64> {
        let large = poisson(self.large_total as f64 * self.share, random);
        let mut drawn = large;
        for cells in &self.small {
            drawn += cells.draw(random, counts);
        }
        let missing = self.total.checked_sub(drawn)?;
        let more = binomial(missing, self.large_total as f64 / self.total as f64, random);
        for _ in more..missing {
            let places = &self.small[self.chosen.pick(random.next_u32()) as usize].places;
            counts[places[random.random_range(..places.len())] as usize] += 1;
        }
        Some(large + more)
    }
}

impl Cells {
    /// Draws each cell; returns the sum.
    fn draw(&self, random: &mut Random, counts: &mut [u32]) -> u64 {
        let mut sum = 0;
        let mut set = |place: u32, count: u32| {
            counts[place as usize] = count;
            sum += count as u64;
        };
        if self.parts > 1 {
            for place in &self.places {
                let parts = (0..self.parts).map(|_| self.poisson.pick(random.next_u32()));
                set(*place, parts.sum());
            }
            return sum;
        }
        let mut pairs = self.places.chunks_exact(2);
        for pair in &mut pairs {
            let word = random.next_u64();
            set(pair[0], self.poisson.pick(word as u32));
            set(pair[1], self.poisson.pick((word >> 32) as u32));
        }
        for place in pairs.remainder() {
            set(*place, self.poisson.pick(random.next_u32()));
        }
        sum
    }
}

/// How many of `n` elements are of a kind that has the share `p`.
fn binomial(n: u64, p: f64, random: &mut Random) -> u64 {
    // A share is never outside [0, 1].
    Binomial::new(n, p).map_or(0, |binomial| binomial.sample(random))
}

fn poisson(rate: f64, random: &mut Random) -> u64 {
    // A rate of 0 is none to the library.
    Poisson::new(rate).map_or(0, |poisson| poisson.sample(random) as u64)
}

/// Up to 256 outcomes, drawn in constant time (Walker's alias method, tables by Vose): per slot, in the
/// upper 24 bits how much of the slot is its own outcome, in the lower 8 the outcome of the rest. Probabilities are
/// right to 2^-32.
pub struct Table(Box<[u32; Table::SIZE]>);

impl Table {
    const SIZE: usize = 256;

    /// From weights that are not all 0.
    fn new(weights: impl IntoIterator<Item = f64>) -> Self {
        let mut share = [0.0; Self::SIZE];
        share
            .iter_mut()
            .zip(weights)
            .for_each(|(share, weight)| *share = weight);
        let sum: f64 = share.iter().sum();
        share
            .iter_mut()
            .for_each(|share| *share *= Self::SIZE as f64 / sum);
        let (mut over, mut under): (Vec<usize>, Vec<usize>) =
            (0..Self::SIZE).partition(|outcome| share[*outcome] >= 1.0);
        // A slot that is left over is its own, whatever rounding says.
        let mut slots: Box<[u32; Self::SIZE]> = Box::new(std::array::from_fn(|slot| slot as u32));
        while let (Some(slot), Some(other)) = (under.pop(), over.last().copied()) {
            slots[slot] = ((share[slot] * (1 << 24) as f64) as u32) << 8 | other as u32;
            share[other] -= 1.0 - share[slot];
            if share[other] < 1.0 {
                over.pop();
                under.push(other);
            }
        }
        Self(slots)
    }

    /// The Poisson distribution of a rate of at most [`SMALL`]. Without transcendental functions, so that
    /// it is the same on every platform.
    pub fn poisson(rate: f64) -> Self {
        let mut weights = [0.0; Self::SIZE];
        let mode = rate as usize;
        weights[mode] = 1.0;
        for k in mode + 1..Self::SIZE {
            weights[k] = weights[k - 1] * rate / k as f64;
        }
        for k in (0..mode).rev() {
            weights[k] = weights[k + 1] * (k + 1) as f64 / rate;
        }
        Self::new(weights)
    }

    /// The outcome of 32 random bits.
    #[inline(always)]
    pub fn pick(&self, word: u32) -> u32 {
        let slot = word % Self::SIZE as u32;
        let entry = self.0[slot as usize];
        if word >> 8 < entry >> 8 {
            slot
        } else {
            entry % Self::SIZE as u32
        }
    }
}

impl std::fmt::Debug for Table {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Table")
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use rand::SeedableRng;

    /// Mean, variance and covariances of multinomial counts, as precisely as the number of draws can tell.
    fn has_the_moments(counts: &[u64]) {
        const DRAWS: usize = 40_000;
        let multinomial = Multinomial::new(counts.iter().copied());
        let n: u64 = counts.iter().sum();
        let mut random = Random::seed_from_u64(1);
        let mut sums = vec![0.0; counts.len()];
        let mut products = vec![vec![0.0; counts.len()]; counts.len()];
        for _ in 0..DRAWS {
            let Sample { small, large } = multinomial.draw(&mut random);
            let mut sample: Vec<u64> = small.into_iter().map(u64::from).collect();
            large
                .into_iter()
                .for_each(|(place, count)| sample[place] += count);
            assert_eq!(sample.iter().sum::<u64>(), n);
            let off = |i: usize| sample[i] as f64 - counts[i] as f64;
            for i in 0..counts.len() {
                assert!(counts[i] > 0 || sample[i] == 0);
                sums[i] += off(i);
                (0..counts.len()).for_each(|j| products[i][j] += off(i) * off(j));
            }
        }
        let p = |i: usize| counts[i] as f64 / n as f64;
        let variance = |i: usize| n as f64 * p(i) * (1.0 - p(i));
        let draws = DRAWS as f64;
        for i in 0..counts.len() {
            let error = 5.0 * (variance(i) / draws).sqrt() + 1e-9;
            assert!((sums[i] / draws).abs() < error, "mean of {i} in {counts:?}");
            for (j, product) in products[i].iter().enumerate() {
                let expected = if i == j {
                    variance(i)
                } else {
                    -(n as f64) * p(i) * p(j)
                };
                // The standard error of a product of two normal deviates, and room for its tails.
                let error =
                    6.0 * (2.0 * variance(i).max(1.0) * variance(j).max(1.0) / draws).sqrt();
                let found = product / draws;
                assert!(
                    (found - expected).abs() < error,
                    "{i}, {j} of {counts:?}: {found} {expected}"
                );
            }
        }
    }

    #[test]
    fn draws_are_multinomial() {
        has_the_moments(&[1]);
        has_the_moments(&[2, 1]);
        has_the_moments(&[3, 0, 3, 5, 100]);
        has_the_moments(&[101, 5]);
        has_the_moments(&[900, 40, 101, 3, 3, 1]);
        has_the_moments(&[100_000, 5_000, 2_500, 200]);
        has_the_moments(&[9_000, 3_000]);
    }

    #[test]
    fn there_may_be_more_counts_than_a_table_holds() {
        let counts: Vec<u64> = (0..1000).collect();
        let multinomial = Multinomial::new(counts.iter().copied());
        let Sample { small, large } = multinomial.draw(&mut Random::seed_from_u64(1));
        let sum: u64 = small.iter().map(|count| *count as u64).sum();
        assert_eq!(
            sum + large.iter().map(|(_, count)| count).sum::<u64>(),
            499_500
        );
        assert_eq!(large.len(), 1000 - 257);
    }

    #[test]
    fn a_table_has_its_weights() {
        // Every slot read at its threshold gives the probabilities to 2^-32.
        for rate in [0.0, 1e-3, 1.0, 9.7, 100.0] {
            let table = Table::poisson(rate);
            let mut found = [0.0; Table::SIZE];
            for (slot, entry) in table.0.iter().enumerate() {
                let own = (entry >> 8) as f64 / (1 << 24) as f64;
                found[slot] += own;
                found[*entry as usize % Table::SIZE] += 1.0 - own;
            }
            let mut probability = (-rate).exp();
            for (k, found) in found.iter().enumerate() {
                let found = found / Table::SIZE as f64;
                assert!(
                    (found - probability).abs() < 1e-8,
                    "{rate} {k}: {found} {probability}"
                );
                probability *= rate / (k + 1) as f64;
            }
        }
    }
}
