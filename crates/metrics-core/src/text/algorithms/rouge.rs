//! Overlaps of words as ROUGE counts them.

use super::{edits::Aligner, grams::Grams, porter, words::Interner};

/// Precision, recall and F-score.
pub type Score = [f64; 3];

/// The scores of an overlap of a prediction and a reference of so many n-grams or words.
pub fn score(overlap: u64, prediction: usize, reference: usize) -> Score {
    let share = |all: usize| overlap as f64 / all.max(1) as f64;
    let (precision, recall) = (share(prediction), share(reference));
    let f = if precision + recall > 0.0 {
        2.0 * precision * recall / (precision + recall)
    } else {
        0.0
    };
    [precision, recall, f]
}

/// The words of a text, and where its lines end among them.
#[derive(Debug, Default)]
pub struct Lines {
    pub words: Vec<u32>,
    pub ends: Vec<usize>,
}

impl Lines {
    pub fn clear(&mut self) {
        self.words.clear();
        self.ends.clear();
    }

    fn lines(&self) -> impl Iterator<Item = &[u32]> {
        let starts = [0].into_iter().chain(self.ends.iter().copied());
        starts
            .zip(&self.ends)
            .map(|(start, end)| &self.words[start..*end])
    }
}

/// Numbers of words, or of their stems.
#[derive(Debug, Default)]
pub struct Vocabulary {
    words: Interner,
    stems: Interner,
    /// The number of the stem of each word.
    stem_of: Vec<u32>,
    stem: bool,
}

impl Vocabulary {
    pub fn new(stem: bool) -> Self {
        Self {
            stem,
            ..Self::default()
        }
    }

    /// The number of a word. Words of more than 3 characters are stemmed, if words are.
    pub fn id(&mut self, word: &str) -> u32 {
        let id = self.words.id(word);
        if !self.stem {
            return id;
        }
        if id as usize == self.stem_of.len() {
            let mut stem = word.to_string();
            if word.len() > 3 && word.is_ascii() {
                porter::stem(&mut stem);
            }
            self.stem_of.push(self.stems.id(&stem));
        }
        self.stem_of[id as usize]
    }

    /// Adds the words of a line: runs of the letters a to z and digits, of the text in lowercase.
    pub fn add_line(&mut self, line: &str, buffer: &mut String, out: &mut Lines) {
        buffer.clear();
        if line.is_ascii() {
            buffer.push_str(line);
            buffer.make_ascii_lowercase();
        } else {
            buffer.push_str(&line.to_lowercase());
        }
        for word in buffer.split(|c: char| !c.is_ascii_lowercase() && !c.is_ascii_digit()) {
            if !word.is_empty() {
                out.words.push(self.id(word));
            }
        }
        out.ends.push(out.words.len());
    }
}

/// Scores pairs. It keeps its memory from one pair to the next.
#[derive(Debug, Default)]
pub struct Scorer {
    grams: Grams,
    aligner: Aligner,
    found: Vec<u64>,
    union: Vec<bool>,
    /// How often the prediction and the reference still have each word.
    left: Vec<[u32; 2]>,
}

impl Scorer {
    /// ROUGE-1 to -n.
    pub fn of_grams(&mut self, prediction: &Lines, reference: &Lines, out: &mut [Score]) {
        let (left, right) = (&prediction.words, &reference.words);
        self.found.resize(out.len(), 0);
        self.grams.common(left, &[right], &mut self.found);
        for (order, (found, out)) in self.found.iter().zip(out).enumerate() {
            let size = |words: &[u32]| words.len().saturating_sub(order);
            *out = score(*found, size(left), size(right));
        }
    }

    /// ROUGE-L.
    pub fn of_sequence(&mut self, prediction: &Lines, reference: &Lines) -> Score {
        let (left, right) = (&prediction.words, &reference.words);
        let common = self.aligner.common(left, right);
        score(common as u64, left.len(), right.len())
    }

    /// ROUGE-Lsum: for each line of the reference the words that are in a longest common subsequence with any line of the
    /// prediction; a word counts at most as often as either text has it.
    pub fn of_lines(&mut self, prediction: &Lines, reference: &Lines) -> Score {
        let most = prediction.words.iter().chain(&reference.words).max();
        let size = most.map_or(0, |most| *most as usize + 1);
        if self.left.len() < size {
            self.left.resize(size, [0; 2]);
        }
        for (side, text) in [prediction, reference].into_iter().enumerate() {
            (text.words.iter()).for_each(|word| self.left[*word as usize][side] += 1);
        }
        let mut hits = 0;
        for line in reference.lines() {
            self.union.clear();
            self.union.resize(line.len(), false);
            self.aligner
                .mark_common(line, prediction.lines(), &mut self.union);
            for (word, _) in line.iter().zip(&self.union).filter(|(_, marked)| **marked) {
                let [in_prediction, in_reference] = &mut self.left[*word as usize];
                if *in_prediction > 0 && *in_reference > 0 {
                    hits += 1;
                    *in_prediction -= 1;
                    *in_reference -= 1;
                }
            }
        }
        for word in prediction.words.iter().chain(&reference.words) {
            self.left[*word as usize] = [0; 2];
        }
        score(hits, prediction.words.len(), reference.words.len())
    }
}
