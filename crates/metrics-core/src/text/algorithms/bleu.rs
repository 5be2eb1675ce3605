//! Counts of n-grams as BLEU takes them.

use super::{grams::Grams, words::Interner};

/// Sentences as words in one list.
#[derive(Debug, Default)]
pub struct Counter {
    grams: Grams,
    pub interner: Interner,
    prediction: Vec<u32>,
    references: Vec<Vec<u32>>,
    found: Vec<u64>,
}

impl Counter {
    /// Adds the words of a sentence to `counts`: the length of the prediction, that of the closest reference (the shorter
    /// of two that are as close), then of each order the common n-grams, then of each order those of the prediction.
    /// `tokens` gives the words of a text, as numbers of the interner.
    pub fn add<'a>(
        &mut self,
        prediction: &'a str,
        references: impl Iterator<Item = &'a str>,
        mut tokens: impl FnMut(&mut Interner, &str, &mut Vec<u32>),
        counts: &mut [u64],
    ) {
        self.prediction.clear();
        tokens(&mut self.interner, prediction, &mut self.prediction);
        let length = self.prediction.len();
        let mut used = 0;
        for text in references {
            if used == self.references.len() {
                self.references.push(Vec::new());
            }
            self.references[used].clear();
            tokens(&mut self.interner, text, &mut self.references[used]);
            used += 1;
        }
        let references = &self.references[..used];
        let lengths = references.iter().map(Vec::len);
        let closest = lengths.min_by_key(|other| (other.abs_diff(length), *other));
        let orders = (counts.len() - 2) / 2;
        self.found.resize(orders, 0);
        self.grams
            .common(&self.prediction, references, &mut self.found);
        counts[0] += length as u64;
        counts[1] += closest.unwrap_or(0) as u64;
        for (order, found) in self.found.iter().enumerate() {
            counts[2 + order] += found;
            counts[2 + orders + order] += length.saturating_sub(order) as u64;
        }
    }
}

/// The value of counts; `weights` has one for each order.
pub fn score(counts: &[u64], weights: &[f64], smooth: bool) -> f64 {
    let orders = weights.len();
    let (common, all) = counts[2..].split_at(orders);
    if common.iter().all(|count| *count == 0) {
        return 0.0;
    }
    let mut log = 0.0;
    for (order, weight) in weights.iter().enumerate() {
        let more = u64::from(smooth && order > 0);
        let (common, all) = (common[order] + more, all[order] + more);
        if *weight == 0.0 {
            continue;
        }
        if common == 0 {
            return 0.0;
        }
        log += weight * (common as f64 / all as f64).ln();
    }
    let (predicted, reference) = (counts[0] as f64, counts[1] as f64);
    // A prediction that is too short.
    let penalty = (1.0 - reference / predicted).min(0.0);
    (penalty + log).exp()
}
