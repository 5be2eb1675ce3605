//! Words as integers.

/// Whether a character separates words: Unicode's white space and the separators U+001C to U+001F, as for Python's
/// `str.split`.
pub fn is_space(c: char) -> bool {
    c.is_whitespace() || ('\u{1c}'..='\u{1f}').contains(&c)
}

/// The words of a text.
pub fn words(text: &str) -> impl Iterator<Item = &str> {
    text.split(is_space).filter(|word| !word.is_empty())
}

/// Gives equal words equal numbers, from 0 on in the order in which they come. Keeps each word once.
#[derive(Debug, Default)]
pub struct Interner {
    /// The number of a word plus 1, at a place that its hash says; 0 if there is none. A power of two of places.
    slots: Vec<u32>,
    /// The hash of each word, and where it ends in the buffer.
    words: Vec<(u64, usize)>,
    buffer: String,
}

impl Interner {
    /// The number of a word.
    pub fn id(&mut self, word: &str) -> u32 {
        if self.words.len() * 2 >= self.slots.len() {
            self.grow();
        }
        let hash = hash(word.as_bytes());
        let mask = self.slots.len() - 1;
        let mut slot = hash as usize & mask;
        while self.slots[slot] != 0 {
            let id = self.slots[slot] - 1;
            if self.words[id as usize].0 == hash && self.word(id) == word {
                return id;
            }
            slot = (slot + 1) & mask;
        }
        self.buffer.push_str(word);
        self.words.push((hash, self.buffer.len()));
        self.slots[slot] = self.words.len() as u32;
        self.words.len() as u32 - 1
    }

    /// The word of a number.
    pub fn word(&self, id: u32) -> &str {
        let index = id as usize;
        let start = if index == 0 {
            0
        } else {
            self.words[index - 1].1
        };
        &self.buffer[start..self.words[index].1]
    }

    fn grow(&mut self) {
        let size = (self.slots.len() * 2).max(64);
        self.slots = vec![0; size];
        for (index, (hash, _)) in self.words.iter().enumerate() {
            let mut slot = *hash as usize & (size - 1);
            while self.slots[slot] != 0 {
                slot = (slot + 1) & (size - 1);
            }
            self.slots[slot] = index as u32 + 1;
        }
    }
}

/// A hash of bytes, 8 at a time.
fn hash(bytes: &[u8]) -> u64 {
    let mut chunks = bytes.chunks_exact(8);
    let mut hash = bytes.len() as u64;
    for chunk in &mut chunks {
        let mut part = [0; 8];
        part.copy_from_slice(chunk);
        hash = mix(hash, u64::from_le_bytes(part));
    }
    let rest = chunks.remainder();
    let rest = (rest.iter().rev()).fold(0, |rest, byte| rest << 8 | u64::from(*byte));
    mix(hash, rest)
}

/// A hash of a hash and a number. The high half of the product, in which all bits have a part, is folded into the low.
pub fn mix(hash: u64, number: u64) -> u64 {
    let product = u128::from(hash ^ number ^ 0x9e37_79b9_7f4a_7c15) * 0xd6e8_feb8_6659_fd93;
    (product >> 64) as u64 ^ product as u64
}
