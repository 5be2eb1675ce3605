//! Lists that grow with the batches, on devices with memory of their own.

use burn::tensor::{DType, Device, Int, Tensor};
use std::mem;

/// Numbers of the first piece.
const FIRST: usize = 1 << 14;

/// The most numbers of a piece, unless a batch has more.
const LARGEST: usize = 1 << 26;

/// The lists of a pass, in pieces. A piece is as large as all before it, so that there are few, and nothing is
/// copied when a list grows.
#[derive(Debug, Clone)]
pub struct DeviceLists {
    /// The numbers that a row adds to each list.
    widths: Vec<usize>,
    full: Vec<Piece>,
    current: Piece,
}

/// A part of all lists: one list after the other, each with room for `capacity` rows.
#[derive(Debug, Clone)]
struct Piece {
    numbers: Tensor<1, Int>,
    capacity: usize,
    rows: usize,
}

impl Piece {
    fn new(capacity: usize, width: usize, device: &Device) -> Self {
        // Not every backend has tensors without elements.
        let numbers = (capacity * width).max(1);
        Self {
            numbers: Tensor::empty([numbers], (device, DType::I32)),
            capacity,
            rows: 0,
        }
    }
}

impl DeviceLists {
    /// Lists to which each row adds that many numbers.
    pub(crate) fn new(widths: Vec<usize>, device: &Device) -> Self {
        Self {
            current: Piece::new(0, 0, device),
            widths,
            full: Vec::new(),
        }
    }

    /// Makes room for more rows. Returns where the next row goes, and for how many rows each list has room: list `i`
    /// begins at that number times the widths of the lists before it.
    pub fn reserve(&mut self, rows: usize) -> [usize; 2] {
        let width: usize = self.widths.iter().sum();
        if width > 0 && self.current.capacity - self.current.rows < rows {
            let all: usize = self.full.iter().map(|piece| piece.capacity).sum();
            let most = (LARGEST / width).max(rows);
            let capacity = (all + self.current.capacity).max(FIRST.div_ceil(width));
            let next = Piece::new(
                capacity.clamp(rows, most),
                width,
                &self.current.numbers.device(),
            );
            let last = mem::replace(&mut self.current, next);
            if last.rows > 0 {
                self.full.push(last);
            }
        }
        [self.current.rows, self.current.capacity]
    }

    /// Replaces the piece that has been [reserved](Self::reserve), `i32`, by what `update` makes of it, with `rows` more
    /// rows of each list, and returns what `update` yields beside. Without lists the piece is a number that
    /// nothing reads.
    pub fn append<T>(
        mut self,
        rows: usize,
        update: impl FnOnce(Tensor<1, Int>) -> (Tensor<1, Int>, T),
    ) -> (Self, T) {
        // Moved, so that the backend may write to its memory.
        let (numbers, more) = update(self.current.numbers);
        self.current.numbers = numbers;
        if !self.widths.is_empty() {
            self.current.rows += rows;
        }
        (self, more)
    }

    /// The pieces of a list, of which there are some.
    pub(crate) fn pieces(&self, list: usize) -> Vec<Tensor<1, Int>> {
        let before: usize = self.widths[..list].iter().sum();
        let width = self.widths[list];
        let used = self.used().map(|piece| {
            let start = piece.capacity * before;
            let numbers = start..start + piece.rows * width;
            piece.numbers.clone().slice([numbers])
        });
        used.collect()
    }

    /// How many [`pieces`](Self::pieces) a list has.
    pub(crate) fn count(&self) -> usize {
        self.used().count()
    }

    fn used(&self) -> impl Iterator<Item = &Piece> {
        let all = self.full.iter().chain([&self.current]);
        all.filter(|piece| piece.rows > 0)
    }
}
