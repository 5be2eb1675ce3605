//! The people who are screened: who is ill, and the probability that the model gives each.

/// One person in so many is ill.
const ONE_ILL_IN: usize = 800;

/// The share of the ill that the model is sure about.
const SURE: f64 = 0.28;

/// Who is ill (1) and how probable the model thinks it, in random order.
pub struct People {
    pub probabilities: Vec<f32>,
    pub ill: Vec<i32>,
}

impl People {
    /// Draws people. How many are ill, and how many of those the model gives more than 0.5, does not
    /// depend on the seed; everything else does.
    pub fn draw(count: usize, seed: u64) -> Self {
        let mut random = Random::new(seed);
        let ill = (count / ONE_ILL_IN).max(1);
        let sure = (ill as f64 * SURE).round() as usize;
        let mut people: Vec<(f32, i32)> = (0..count)
            .map(|person| match person {
                person if person < sure => (random.between(0.55, 0.95), 1),
                person if person < ill => (random.between(0.03, 0.49), 1),
                // The healthy: most near 0, few with a suspicious result, none above 0.5.
                _ => (0.49 * random.between(0.0, 1.0).powi(100), 0),
            })
            .collect();
        for last in (1..people.len()).rev() {
            people.swap(last, random.below(last + 1));
        }
        let (probabilities, ill) = people.into_iter().unzip();
        Self { probabilities, ill }
    }
}

/// Pseudo-random numbers: xorshift64* (Vigna 2016, "An experimental exploration of Marsaglia's
/// xorshift generators, scrambled").
struct Random(u64);

impl Random {
    fn new(seed: u64) -> Self {
        // A state of 0 would stay 0.
        Self(seed.wrapping_mul(0x9E37_79B9_7F4A_7C15) | 1)
    }

    fn next(&mut self) -> u64 {
        self.0 ^= self.0 >> 12;
        self.0 ^= self.0 << 25;
        self.0 ^= self.0 >> 27;
        self.0.wrapping_mul(0x2545_F491_4F6C_DD1D)
    }

    fn between(&mut self, low: f32, high: f32) -> f32 {
        let unit = (self.next() >> 40) as f32 / (1u64 << 24) as f32;
        low + (high - low) * unit
    }

    fn below(&mut self, limit: usize) -> usize {
        (self.next() % limit as u64) as usize
    }
}
