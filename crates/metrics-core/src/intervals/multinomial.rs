//! Multinomial draws, the heart of a bootstrap over counts.

use super::Random;
use rand::{Rng, RngExt};
use rand_distr::{Binomial, Distribution, Poisson};
use std::collections::BTreeMap;

/// Up to this count a cell is drawn from a table; 15 standard deviations more fit one.
const SMALL: u64 = 100;

/// By how many of its standard deviations the first guess of the total stays below it.
const SLACK: f64 = 3.0;

/// The distribution of how often each cell occurs among as many elements, drawn with replacement, as
/// there are.
///
/// Draws are exact and take about a nanosecond per cell of few elements: those are drawn from Poisson
/// distributions, which do not depend on each other, so that cells of one count share a table. Given
/// their sum, they are multinomial; the rates are a little lower than the counts, so that the sum
/// hardly ever exceeds the total (then all is drawn anew), and elements one by one make up for the
/// rest. Cells of many elements are split off one after the other (conditional binomials).
#[derive(Debug)]
pub struct Multinomial {
    total: u64,
    /// The cells of more than [`SMALL`] elements with their counts, and the sum of these.
    large: Vec<(u32, u64)>,
    large_total: u64,
    /// The other cells by count.
    small: Vec<Cells>,
    /// Which of `small` an element is in.
    chosen: Table,
    /// The rates as a share of the counts.
    share: f64,
}

/// Cells of the same count.
#[derive(Debug)]
struct Cells {
    ids: Vec<u32>,
    poisson: Table,
}

impl Multinomial {
    /// From cells and their counts.
    pub fn new(cells: impl IntoIterator<Item = (u32, u64)>) -> Self {
        let (mut large, mut by_count) = (vec![], BTreeMap::<u64, Vec<u32>>::new());
        for (id, count) in cells {
            match count {
                0 => {}
                1..=SMALL => by_count.entry(count).or_default().push(id),
                _ => large.push((id, count)),
            }
        }
        let large_total: u64 = large.iter().map(|(_, count)| count).sum();
        let elements = |(count, ids): (&u64, &Vec<u32>)| count * ids.len() as u64;
        let total = large_total + by_count.iter().map(elements).sum::<u64>();
        let share = (1.0 - SLACK / (total as f64).sqrt()).max(0.0);
        Self {
            total,
            large,
            large_total,
            chosen: Table::new(by_count.iter().map(|cells| elements(cells) as f64)),
            small: (by_count.into_iter())
                .map(|(count, ids)| Cells {
                    ids,
                    poisson: Table::poisson(count as f64 * share),
                })
                .collect(),
            share,
        }
    }

    /// Draws once: `add` is called with cells and how often they occur, which add up.
    pub fn draw<T>(
        &self,
        random: &mut Random,
        empty: impl Fn() -> T,
        add: impl Fn(&mut T, u32, u64),
    ) -> T {
        loop {
            let mut sample = empty();
            if self.try_draw(random, |id, count| add(&mut sample, id, count)) {
                return sample;
            }
        }
    }

    /// Whether the total was not exceeded.
    fn try_draw(&self, random: &mut Random, mut add: impl FnMut(u32, u64)) -> bool {
        let mut large = self.total;
        if !self.small.is_empty() {
            large = poisson(self.large_total as f64 * self.share, random);
            let drawn = large + self.draw_small(random, &mut add);
            let Some(missing) = self.total.checked_sub(drawn) else {
                return false;
            };
            let more = binomial(missing, self.large_total, self.total, random);
            for _ in more..missing {
                let word = random.next_u64();
                let ids = &self.small[self.chosen.pick(word as u32)].ids;
                add(ids[random.random_range(..ids.len())], 1);
            }
            large += more;
        }
        let mut weight = self.large_total;
        for (id, count) in &self.large {
            let drawn = binomial(large, *count, weight, random);
            add(*id, drawn);
            large -= drawn;
            weight -= count;
        }
        true
    }

    fn draw_small(&self, random: &mut Random, add: &mut impl FnMut(u32, u64)) -> u64 {
        let mut sum = 0;
        for Cells { ids, poisson } in &self.small {
            for pair in ids.chunks(2) {
                let mut word = random.next_u64();
                for id in pair {
                    let count = poisson.pick(word as u32) as u64;
                    add(*id, count);
                    sum += count;
                    word >>= 32;
                }
            }
        }
        sum
    }
}

/// How many of `n` elements are of a kind that is `count` of `of`.
fn binomial(n: u64, count: u64, of: u64, random: &mut Random) -> u64 {
    // The share is never outside [0, 1].
    Binomial::new(n, count as f64 / of as f64).map_or(0, |binomial| binomial.sample(random))
}

fn poisson(rate: f64, random: &mut Random) -> u64 {
    // A rate of 0 is none to the library.
    Poisson::new(rate).map_or(0, |poisson| poisson.sample(random) as u64)
}

/// Up to 256 outcomes, drawn in constant time (Walker's alias method, tables by Vose): per slot, in the
/// upper 24 bits how much of it is its own outcome, in the lower 8 what the rest is. Probabilities are
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
    pub fn pick(&self, word: u32) -> usize {
        let slot = word as usize % Self::SIZE;
        let entry = self.0[slot];
        match word >> 8 < entry >> 8 {
            true => slot,
            false => entry as usize % Self::SIZE,
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

    /// Mean, variance and covariances of multinomial counts, to what so many draws can tell.
    fn has_the_moments(counts: &[u64]) {
        const DRAWS: usize = 40_000;
        let cells = || {
            counts
                .iter()
                .enumerate()
                .map(|(id, count)| (id as u32, *count))
        };
        let multinomial = Multinomial::new(cells());
        let n: u64 = counts.iter().sum();
        let mut random = Random::seed_from_u64(1);
        let mut sums = vec![0.0; counts.len()];
        let mut products = vec![vec![0.0; counts.len()]; counts.len()];
        for _ in 0..DRAWS {
            let sample = multinomial.draw(
                &mut random,
                || vec![0u64; counts.len()],
                |sample, id, count| sample[id as usize] += count,
            );
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
            for j in 0..counts.len() {
                let expected = if i == j {
                    variance(i)
                } else {
                    -(n as f64) * p(i) * p(j)
                };
                // The standard error of a product of two normal deviates, and room for its tails.
                let error =
                    6.0 * (2.0 * variance(i).max(1.0) * variance(j).max(1.0) / draws).sqrt();
                let found = products[i][j] / draws;
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
        has_the_moments(&[100_000, 5_000, 200]);
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
