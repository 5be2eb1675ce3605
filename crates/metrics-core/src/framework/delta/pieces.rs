//! Lists that grow with the batches, outside of passes.

use burn::tensor::{Tensor, kind::Basic};

/// How many pieces of a size are joined into one.
const JOINED: usize = 256;

/// A list in pieces, in the order in which they came. As many pieces of a size as there may be are joined into one of
/// the next size, so that there are few, and what is there is copied once for each size: how long an update takes does
/// not depend on how many there were.
#[derive(Debug, Clone)]
pub(super) struct Pieces<K: Basic> {
    /// By size, the smallest and latest first.
    sizes: Vec<Vec<Tensor<1, K>>>,
}

impl<K: Basic> Default for Pieces<K> {
    fn default() -> Self {
        Self { sizes: Vec::new() }
    }
}

impl<K: Basic> Pieces<K> {
    pub fn push(&mut self, piece: Tensor<1, K>) {
        let mut next = piece;
        for size in 0.. {
            if self.sizes.len() == size {
                self.sizes.push(Vec::new());
            }
            let own = &mut self.sizes[size];
            own.push(next);
            if own.len() < JOINED {
                return;
            }
            next = Tensor::cat(std::mem::take(own), 0);
        }
    }

    pub fn iter(&self) -> impl Iterator<Item = &Tensor<1, K>> {
        self.sizes.iter().rev().flatten()
    }
}

#[cfg(all(test, any(feature = "flex", feature = "ndarray")))]
mod tests {
    use super::*;
    use burn::tensor::{Device, Int};

    #[test]
    fn pieces_keep_their_order_and_are_few() {
        let mut pieces = Pieces::<Int>::default();
        let n = 2 * JOINED * JOINED + 3 * JOINED + 5;
        for i in 0..n {
            pieces.push(Tensor::from_ints([i as i32], &Device::default()));
        }
        assert_eq!(pieces.iter().count(), 2 + 3 + 5);
        let numbers: Vec<i32> = Tensor::cat(pieces.iter().cloned().collect(), 0)
            .into_data()
            .iter()
            .collect();
        assert!(numbers.iter().zip(0..n as i32).all(|(a, b)| *a == b));
        assert_eq!(numbers.len(), n);
    }
}
