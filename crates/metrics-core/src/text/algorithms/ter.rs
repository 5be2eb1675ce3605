//! Translation edit rate: edits of words, and shifts of blocks of words.
//!
//! Snover et al., A Study of Translation Edit Rate with Targeted Human Annotation (2006). The search for shifts is greedy; its limits
//! and the order in which it prefers shifts are Tercom's, in the form of sacrebleu.

use super::edits::Aligner;

/// The longest block of words that is shifted.
const LONGEST: usize = 10;
/// How far apart the places of a block in both texts may be.
const FARTHEST: usize = 50;
/// How many cells at each side of the diagonal the table of distances has.
const BEAM: usize = 25;
/// How many shifts are tried for a pair of texts.
const CANDIDATES: usize = 1000;

/// A step of an alignment.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Step {
    /// Both words.
    Both { equal: bool },
    /// A word of the prediction alone.
    Extra,
    /// A word of the reference alone.
    Missing,
}

/// Counts edits. It keeps its memory from one pair to the next.
#[derive(Debug, Default)]
pub struct Shifter {
    aligner: Aligner,
    table: Vec<u32>,
    steps: Vec<Step>,
    words: Vec<u32>,
    shifted: Vec<u32>,
    best: Vec<u32>,
    /// For each word of the reference the place of the last word of the prediction up to it, -1 for none; and whether it
    /// is aligned with an equal word.
    places: Vec<isize>,
    reference_right: Vec<bool>,
    prediction_right: Vec<bool>,
}

impl Shifter {
    /// The number of edits and shifts that make the reference of the prediction.
    pub fn edits(&mut self, prediction: &[u32], reference: &[u32]) -> usize {
        if reference.is_empty() || prediction.is_empty() {
            return prediction.len() + reference.len();
        }
        self.words.clear();
        self.words.extend_from_slice(prediction);
        self.aligner.hold(reference);
        let (mut shifts, mut tried) = (0, 0);
        let distance = loop {
            let before = self.align(reference);
            if before == 0 {
                break 0;
            }
            let gain = self.shift(reference, before, &mut tried);
            if tried >= CANDIDATES || gain <= 0 {
                break before;
            }
            shifts += 1;
            std::mem::swap(&mut self.words, &mut self.best);
        };
        self.aligner.release(reference);
        shifts + distance
    }

    /// Tries all shifts, and leaves the words after the best one in `best`. Returns by how much it shortens the distance.
    fn shift(&mut self, reference: &[u32], before: usize, tried: &mut usize) -> isize {
        let mut best: Option<(isize, usize, usize, usize)> = None;
        for start in 0..self.words.len() {
            for goal in start.saturating_sub(FARTHEST)..reference.len().min(start + FARTHEST + 1) {
                let pairs = self.words[start..].iter().zip(&reference[goal..]);
                let longest = pairs.take(LONGEST).take_while(|(a, b)| a == b).count();
                for length in 1..=longest {
                    // Only words that are wrong go to where words are wrong, and not into themselves.
                    let place = self.places[goal];
                    let within = start as isize..(start + length) as isize;
                    if self.prediction_right[start..start + length]
                        .iter()
                        .all(|right| *right)
                        || self.reference_right[goal..goal + length]
                            .iter()
                            .all(|right| *right)
                        || within.contains(&place)
                    {
                        continue;
                    }
                    let mut last = None;
                    for offset in 0..=length {
                        // Behind the word that is aligned with the one before the block, then with each of the block.
                        let target = match (goal + offset).checked_sub(1) {
                            None => 0,
                            Some(at) if at < reference.len() => (self.places[at] + 1) as usize,
                            Some(_) => break,
                        };
                        if last == Some(target) {
                            continue;
                        }
                        last = Some(target);
                        moved(&self.words, start, length, target, &mut self.shifted);
                        let gain = before as isize - self.distance(reference) as isize;
                        *tried += 1;
                        let better = best.is_none_or(|(other, size, from, to)| {
                            (gain, length)
                                .cmp(&(other, size))
                                .then((from, to).cmp(&(start, target)))
                                .is_gt()
                        });
                        if better {
                            best = Some((gain, length, start, target));
                            std::mem::swap(&mut self.best, &mut self.shifted);
                        }
                    }
                    if *tried >= CANDIDATES {
                        return best.map_or(0, |(gain, ..)| gain);
                    }
                }
            }
        }
        best.map_or(0, |(gain, ..)| gain)
    }

    /// The distance of the shifted words from the reference, by cells near the diagonal.
    fn distance(&mut self, reference: &[u32]) -> usize {
        let distance = self.aligner.distance_to(reference, &self.shifted);
        // An alignment with the fewest edits is that far from the diagonal at most.
        let lengths = reference.len().abs_diff(self.shifted.len());
        if (distance + lengths) / 2 + 2 < BEAM {
            distance
        } else {
            fill(&self.shifted, reference, &mut self.table)
        }
    }

    /// Aligns the words with the reference, and returns their distance.
    fn align(&mut self, reference: &[u32]) -> usize {
        let distance = fill(&self.words, reference, &mut self.table);
        let width = reference.len() + 1;
        let cell = |i: usize, j: usize| self.table[i * width + j] & FLAGS;
        self.steps.clear();
        let (mut i, mut j) = (self.words.len(), reference.len());
        while i > 0 || j > 0 {
            let step = match cell(i, j) {
                SAME => Step::Both { equal: true },
                OTHER => Step::Both { equal: false },
                EXTRA => Step::Extra,
                _ => Step::Missing,
            };
            i -= usize::from(step != Step::Missing);
            j -= usize::from(step != Step::Extra);
            self.steps.push(step);
        }
        self.places.clear();
        self.reference_right.clear();
        self.prediction_right.clear();
        let mut place = -1;
        for step in self.steps.iter().rev() {
            if *step != Step::Missing {
                place += 1;
                self.prediction_right
                    .push(*step == Step::Both { equal: true });
            }
            if *step != Step::Extra {
                self.places.push(place);
                self.reference_right
                    .push(*step == Step::Both { equal: true });
            }
        }
        distance
    }
}

// A cell: the distance times 4, and how it was reached.
const FLAGS: u32 = 3;
const SAME: u32 = 0;
const OTHER: u32 = 1;
const EXTRA: u32 = 2;
const MISSING: u32 = 3;
/// A cell that is too far from the diagonal.
const FAR: u32 = u32::MAX - 4 * FLAGS;

/// Fills the table of distances near the diagonal. Of ways that are as short, the first of: both words, a word of the
/// prediction alone, one of the reference alone.
fn fill(words: &[u32], reference: &[u32], table: &mut Vec<u32>) -> usize {
    let width = reference.len() + 1;
    table.clear();
    table.extend((0..width as u32).map(|j| j << 2 | MISSING));
    table.resize(width * (words.len() + 1), FAR);
    let ratio = reference.len() as f64 / words.len() as f64;
    let beam = if (BEAM as f64) < ratio / 2.0 {
        (ratio / 2.0 + BEAM as f64).ceil() as usize
    } else {
        BEAM
    };
    for i in 1..=words.len() {
        let diagonal = (i as f64 * ratio).floor() as usize;
        let first = diagonal.saturating_sub(beam);
        let end = if i == words.len() {
            width
        } else {
            width.min(diagonal + beam)
        };
        let (above, row) = table.split_at_mut(i * width);
        let above = &above[(i - 1) * width..];
        for j in first..end {
            let extra = (above[j] & !FLAGS).saturating_add(4);
            if j == 0 {
                row[j] = extra | EXTRA;
                continue;
            }
            let both = above[j - 1] & !FLAGS;
            let (mut least, mut how) = if words[i - 1] == reference[j - 1] {
                (both, SAME)
            } else {
                (both.saturating_add(4), OTHER)
            };
            if extra < least {
                (least, how) = (extra, EXTRA);
            }
            let missing = (row[j - 1] & !FLAGS).saturating_add(4);
            if missing < least {
                (least, how) = (missing, MISSING);
            }
            row[j] = least | how;
        }
    }
    table.last().map_or(0, |cell| *cell >> 2) as usize
}

/// The words with a block of them moved to before the word at `target`, or as far behind the block as `target` is within it.
fn moved(words: &[u32], start: usize, length: usize, target: usize, out: &mut Vec<u32>) {
    let end = start + length;
    let block = &words[start..end];
    out.clear();
    if target < start {
        out.extend_from_slice(&words[..target]);
        out.extend_from_slice(block);
        out.extend_from_slice(&words[target..start]);
        out.extend_from_slice(&words[end..]);
    } else {
        let target = if target > end {
            target
        } else {
            (target + length).min(words.len())
        };
        out.extend_from_slice(&words[..start]);
        out.extend_from_slice(&words[end..target]);
        out.extend_from_slice(block);
        out.extend_from_slice(&words[target..]);
    }
}
