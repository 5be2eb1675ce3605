//! Distances between two lists of symbols, 64 symbols at a time.
//!
//! Myers, "A fast bit-vector algorithm for approximate string matching based on dynamic programming" (1999), in the form of
//! Hyyrö, "A bit-vector algorithm for computing Levenshtein and Damerau edit distances" (2003): a column of the table of
//! distances is kept as the signs of its differences.

/// How much memory an alignment may take at once, in words of the recorded columns. A longer one is traced in segments.
const RECORDED: usize = 1 << 20;

/// The differences of a column: which are +1, and which are -1.
#[derive(Debug, Clone, Copy)]
struct Column {
    plus: u64,
    minus: u64,
}

const FIRST: Column = Column { plus: !0, minus: 0 };

/// Compares lists of symbols. It keeps its memory from one pair to the next.
#[derive(Debug, Default)]
pub struct Aligner {
    /// Where the masks of a symbol are; 0 for a symbol that the pattern does not have.
    places: Vec<u32>,
    /// Where each symbol is in the pattern, `blocks` words each.
    masks: Vec<u64>,
    blocks: usize,
    columns: Vec<Column>,
    record: Vec<Column>,
    sums: Vec<u64>,
}

impl Aligner {
    /// The least number of insertions, deletions and substitutions that make one list of the other.
    pub fn distance(&mut self, left: &[u32], right: &[u32]) -> usize {
        let (_, left, right) = trimmed(left, right);
        // The shorter one, so that the columns are few words.
        let (pattern, text) = if left.len() <= right.len() {
            (left, right)
        } else {
            (right, left)
        };
        if pattern.is_empty() {
            return text.len();
        }
        self.set(pattern);
        let distance = self.set_distance(pattern.len(), text);
        self.unset(pattern);
        distance as usize
    }

    /// Sets the list that [`distance_to`](Self::distance_to) compares with, until [`release`](Self::release).
    pub fn hold(&mut self, pattern: &[u32]) {
        self.set(pattern);
    }

    /// The distance of a list from the one that is held, which is not empty.
    pub fn distance_to(&mut self, pattern: &[u32], text: &[u32]) -> usize {
        self.set_distance(pattern.len(), text) as usize
    }

    /// Lets go of the list.
    pub fn release(&mut self, pattern: &[u32]) {
        self.unset(pattern);
    }

    fn set_distance(&mut self, length: usize, text: &[u32]) -> isize {
        if self.blocks == 1 {
            return self.short_distance(length, text);
        }
        self.columns.clear();
        self.columns.resize(self.blocks, FIRST);
        let steps = text.iter().map(|symbol| {
            let masks = masks_of(&self.places, &self.masks, self.blocks, *symbol);
            step(masks, &mut self.columns, length)
        });
        length as isize + steps.sum::<isize>()
    }

    fn short_distance(&self, length: usize, text: &[u32]) -> isize {
        let Column {
            mut plus,
            mut minus,
        } = FIRST;
        let mut distance = length as isize;
        let last = length - 1;
        for symbol in text {
            let mask = self.masks[self.place(*symbol)];
            let diagonal = (((mask & plus).wrapping_add(plus)) ^ plus) | mask | minus;
            let up = minus | !(diagonal | plus);
            let down = diagonal & plus;
            distance += (up >> last & 1) as isize - (down >> last & 1) as isize;
            let up = up << 1 | 1;
            plus = down << 1 | !(diagonal | up);
            minus = up & diagonal;
        }
        distance
    }

    /// The distance, and how many symbols are equal in one of the alignments that have it.
    ///
    /// There may be several. This is the one that RapidFuzz takes: from the end of both lists, a symbol of the
    /// reference is left out if that is among the best, else one is inserted if that is, else two are aligned.
    pub fn alignment(&mut self, reference: &[u32], prediction: &[u32]) -> (usize, usize) {
        let (equal, reference, prediction) = trimmed(reference, prediction);
        if reference.is_empty() || prediction.is_empty() {
            return (reference.len() + prediction.len(), equal);
        }
        self.set(reference);
        let blocks = self.blocks;
        let segment = (RECORDED / blocks).clamp(64, prediction.len().max(64));
        self.columns.clear();
        self.columns.resize(blocks, FIRST);
        // The columns at which segments begin; the last segment is recorded at once.
        let mut starts = Vec::new();
        let mut distance = reference.len() as isize;
        for part in prediction.chunks(segment) {
            starts.push(self.columns.clone());
            self.record.clear();
            self.record.extend_from_slice(&self.columns);
            distance += self.record(part, reference.len());
        }
        let (mut column, mut hits) = (reference.len(), equal);
        for (index, part) in prediction.chunks(segment).enumerate().rev() {
            if index + 1 < starts.len() {
                self.columns.clone_from(&starts[index]);
                self.record.clear();
                self.record.extend_from_slice(&self.columns);
                self.record(part, reference.len());
            }
            let mut row = part.len();
            while row > 0 && column > 0 {
                let (word, bit) = ((column - 1) / 64, (column - 1) % 64);
                if self.record[row * blocks + word].plus >> bit & 1 == 1 {
                    column -= 1;
                    continue;
                }
                row -= 1;
                if self.record[row * blocks + word].minus >> bit & 1 == 0 {
                    column -= 1;
                    hits += usize::from(reference[column] == part[row]);
                }
            }
        }
        self.unset(reference);
        (distance as usize, hits)
    }

    /// Steps over a part of the text and records its columns. Returns by how much the distance changes.
    fn record(&mut self, part: &[u32], length: usize) -> isize {
        let mut change = 0;
        for symbol in part {
            let masks = masks_of(&self.places, &self.masks, self.blocks, *symbol);
            change += step(masks, &mut self.columns, length);
            self.record.extend_from_slice(&self.columns);
        }
        change
    }

    /// The length of the longest common subsequence.
    pub fn common(&mut self, left: &[u32], right: &[u32]) -> usize {
        let (equal, left, right) = trimmed(left, right);
        let (pattern, text) = if left.len() <= right.len() {
            (left, right)
        } else {
            (right, left)
        };
        if pattern.is_empty() {
            return equal;
        }
        self.set(pattern);
        // A bit that is 0 is one more than its neighbour.
        self.sums.clear();
        self.sums.resize(self.blocks, !0);
        for symbol in text {
            let masks = masks_of(&self.places, &self.masks, self.blocks, *symbol);
            common_step(masks, &mut self.sums);
        }
        let zeros: u32 = self.sums.iter().map(|sum| sum.count_zeros()).sum();
        self.unset(pattern);
        equal + zeros as usize
    }

    /// Marks the symbols of the pattern that are in a longest common subsequence with any of the texts. Of several that are
    /// as long it is the one that is found from the end on: equal symbols are taken together, else a symbol of the text is
    /// left out if the rest is then longer, else one of the pattern.
    pub fn mark_common<'a>(
        &mut self,
        pattern: &[u32],
        texts: impl Iterator<Item = &'a [u32]>,
        marks: &mut [bool],
    ) {
        if pattern.is_empty() {
            return;
        }
        self.set(pattern);
        let blocks = self.blocks;
        for text in texts {
            // The sums after each symbol of the text.
            self.sums.clear();
            for (index, symbol) in text.iter().enumerate() {
                if index == 0 {
                    self.sums.resize(blocks, !0);
                } else {
                    self.sums.extend_from_within((index - 1) * blocks..);
                }
                let masks = masks_of(&self.places, &self.masks, blocks, *symbol);
                common_step(masks, &mut self.sums[index * blocks..]);
            }
            let (mut row, mut column) = (text.len(), pattern.len());
            while row > 0 && column > 0 {
                let (word, bit) = ((column - 1) / 64, (column - 1) % 64);
                if pattern[column - 1] == text[row - 1] {
                    marks[column - 1] = true;
                    row -= 1;
                    column -= 1;
                } else if self.sums[(row - 1) * blocks + word] >> bit & 1 == 0 {
                    row -= 1;
                } else {
                    column -= 1;
                }
            }
        }
        self.unset(pattern);
    }

    fn place(&self, symbol: u32) -> usize {
        self.places
            .get(symbol as usize)
            .map_or(0, |place| *place as usize)
    }

    fn set(&mut self, pattern: &[u32]) {
        self.blocks = pattern.len().div_ceil(64);
        self.masks.clear();
        self.masks.resize(self.blocks, 0);
        for (index, symbol) in pattern.iter().enumerate() {
            let symbol = *symbol as usize;
            if symbol >= self.places.len() {
                // Zeroed memory that is not touched costs nothing, as long as it is new.
                let known = std::mem::take(&mut self.places);
                self.places = vec![0; (symbol + 1).next_power_of_two().max(1 << 12)];
                self.places[..known.len()].copy_from_slice(&known);
            }
            if self.places[symbol] == 0 {
                self.places[symbol] = (self.masks.len() / self.blocks) as u32;
                self.masks.resize(self.masks.len() + self.blocks, 0);
            }
            let start = self.places[symbol] as usize * self.blocks;
            self.masks[start + index / 64] |= 1 << (index % 64);
        }
    }

    fn unset(&mut self, pattern: &[u32]) {
        for symbol in pattern {
            self.places[*symbol as usize] = 0;
        }
    }
}

fn masks_of<'a>(places: &[u32], masks: &'a [u64], blocks: usize, symbol: u32) -> &'a [u64] {
    let place = places
        .get(symbol as usize)
        .map_or(0, |place| *place as usize);
    &masks[place * blocks..][..blocks]
}

/// The next column. Returns by how much its last entry differs from that of the column before.
fn step(masks: &[u64], columns: &mut [Column], length: usize) -> isize {
    let (mut carried_up, mut carried_down) = (1, 0);
    let (mut last_up, mut last_down) = (0, 0);
    for (mask, column) in masks.iter().zip(columns) {
        let Column { plus, minus } = *column;
        let mask = mask | carried_down;
        let diagonal = (((mask & plus).wrapping_add(plus)) ^ plus) | mask | minus;
        let up = minus | !(diagonal | plus);
        let down = diagonal & plus;
        (last_up, last_down) = (up, down);
        let shifted = up << 1 | carried_up;
        column.plus = down << 1 | carried_down | !(diagonal | shifted);
        column.minus = shifted & diagonal;
        (carried_up, carried_down) = (up >> 63, down >> 63);
    }
    let last = (length - 1) % 64;
    (last_up >> last & 1) as isize - (last_down >> last & 1) as isize
}

/// The next column of the table of common subsequences: a bit that is 0 is one more than the one below it.
fn common_step(masks: &[u64], sums: &mut [u64]) {
    let mut carry = false;
    for (sum, mask) in sums.iter_mut().zip(masks) {
        let matched = *sum & mask;
        let (added, over) = sum.overflowing_add(matched);
        let (added, over_again) = added.overflowing_add(u64::from(carry));
        carry = over | over_again;
        *sum = added | (*sum - matched);
    }
}

/// How many symbols both lists begin and end with, and what is between.
fn trimmed<'a>(left: &'a [u32], right: &'a [u32]) -> (usize, &'a [u32], &'a [u32]) {
    let head = left.iter().zip(right).take_while(|(a, b)| a == b).count();
    let (left, right) = (&left[head..], &right[head..]);
    let ends = left.iter().rev().zip(right.iter().rev());
    let tail = ends.take_while(|(a, b)| a == b).count();
    let (left, right) = (&left[..left.len() - tail], &right[..right.len() - tail]);
    (head + tail, left, right)
}
