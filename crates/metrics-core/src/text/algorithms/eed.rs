//! Extended edit distance: edits of characters, and jumps at spaces.

use super::{unicode::is_decimal, words::is_space};

/// What edits cost.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Costs {
    pub alpha: f64,
    pub rho: f64,
    pub deletion: f64,
    pub insertion: f64,
}

/// Compares texts. It keeps its memory from one pair to the next.
#[derive(Debug, Default)]
pub struct Walker {
    row: Vec<f64>,
    next: Vec<f64>,
    visits: Vec<i64>,
}

impl Walker {
    /// The distance of two texts, from 0 to 1.
    pub fn distance(&mut self, prediction: &[char], reference: &[char], costs: Costs) -> f64 {
        let size = prediction.len() + 1;
        self.visits.clear();
        self.visits.resize(size, -1);
        self.row.clear();
        self.row.resize(size, 1.0);
        self.row[0] = 0.0;
        self.next.resize(size, 0.0);
        for c in reference {
            let (row, next) = (&self.row[..size], &mut self.next[..size]);
            let mut last = row[0] + 1.0;
            next[0] = last;
            let (mut least, mut place) = (last, 0);
            for (index, own) in prediction.iter().enumerate() {
                let both = row[index] + f64::from(u8::from(own != c));
                last = (last + costs.deletion)
                    .min(both)
                    .min(row[index + 1] + costs.insertion);
                next[index + 1] = last;
                if last < least {
                    (least, place) = (last, index + 1);
                }
            }
            self.visits[place] += 1;
            if *c == ' ' {
                let jump = costs.alpha + least;
                next.iter_mut().for_each(|cost| *cost = cost.min(jump));
            }
            std::mem::swap(&mut self.row, &mut self.next);
        }
        // A character that is never visited counts as one that is visited twice.
        let visits = self
            .visits
            .iter()
            .map(|count| if *count >= 0 { *count } else { 1 });
        let coverage = costs.rho * visits.sum::<i64>() as f64;
        let (cost, length) = (
            self.row[size - 1] + coverage,
            reference.len() as f64 + coverage,
        );
        if cost < length {
            cost / length
        } else {
            f64::from(u8::from(cost > 0.0))
        }
    }
}

/// What stands before a full stop that belongs to it.
const TITLES: [&str; 9] = ["Dr", "Jr", "Prof", "Rev", "Gen", "Mr", "Mt", "Mrs", "Ms"];

/// A text in English as the metric compares it: punctuation apart from words, one space between words and at both ends.
pub fn of_english(text: &str) -> Vec<char> {
    let mut spaced = Vec::with_capacity(text.len() + 8);
    for c in text.trim_end_matches(is_space).chars() {
        let mark = matches!(c, '.' | '!' | '?' | ',');
        if (mark || is_space(c)) && spaced.last() != Some(&' ') {
            spaced.push(' ');
        }
        if !is_space(c) {
            spaced.push(c);
        }
    }
    let mut numbers = Vec::with_capacity(spaced.len());
    let mut at = 0;
    while at < spaced.len() {
        match spaced[at..] {
            [a, ' ', mark @ ('.' | ','), ' ', b, ..] if is_decimal(a) && is_decimal(b) => {
                numbers.extend([a, mark, b]);
                at += 5;
            }
            _ => {
                numbers.push(spaced[at]);
                at += 1;
            }
        }
    }
    let mut text = String::with_capacity(numbers.len() + 2);
    let mut rest = numbers.as_slice();
    while let Some(first) = rest.first() {
        let title = TITLES.iter().find(|title| {
            let length = title.len();
            rest.len() > length + 1
                && rest[length] == ' '
                && title.chars().eq(rest[..length].iter().copied())
        });
        match title {
            // Whatever stands behind the space: the rule of the metric's authors is written with a "." for any character.
            Some(title) => {
                text.push_str(title);
                text.push('.');
                rest = &rest[title.len() + 2..];
            }
            None => {
                text.push(*first);
                rest = &rest[1..];
            }
        }
    }
    for (apart, joined) in [
        ("e . g .", "e.g."),
        ("i . e .", "i.e."),
        ("U . S .", "U.S."),
    ] {
        if text.contains(apart) {
            text = text.replace(apart, joined);
        }
    }
    [' '].into_iter().chain(text.chars()).chain([' ']).collect()
}
