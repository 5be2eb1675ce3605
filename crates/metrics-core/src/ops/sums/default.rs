//! The operations as tensor operations.

use burn::tensor::{DType, Tensor};

/// See [`add_compensated`](super::add_compensated).
pub fn add_compensated(state: Tensor<1>, x: Tensor<1>) -> Tensor<1> {
    let k = state.dims()[0] / 2;
    let high = state.clone().slice(0..k);
    let mut low = state.slice(k..2 * k);
    let x_high = x.clone().slice(0..k);
    if x.dims()[0] > k {
        low = low + x.slice(k..2 * k);
    }
    let (sum, error) = two_sum(high, x_high);
    Tensor::cat(vec![sum, low + error], 0)
}

/// The sum, rounded, and what rounding took from it.
///
/// Donald Knuth, The Art of Computer Programming, volume 2, section 4.2.2, theorem B.
pub(crate) fn two_sum<const D: usize>(a: Tensor<D>, b: Tensor<D>) -> (Tensor<D>, Tensor<D>) {
    let sum = a.clone() + b.clone();
    let of_b = sum.clone() - a.clone();
    let error = (a - (sum.clone() - of_b.clone())) + (b - of_b);
    (sum, error)
}

/// How many rows are summed at once: few enough for [`exact_sums`] to leave little.
const BLOCK: usize = 128;

/// See [`sum_compensated`](super::sum_compensated).
pub fn sum_compensated(x: Tensor<2>) -> Tensor<1> {
    let [mut n, columns] = x.dims();
    let device = x.device();
    if n == 0 {
        return Tensor::zeros([2 * columns], (&device, DType::F32));
    }
    let mut high = x;
    let mut low: Option<Tensor<2>> = None;
    while n > 1 {
        let block = n.min(BLOCK);
        let rows = n.div_ceil(block);
        let blocks = |x: Tensor<2>| {
            let x = match rows * block - n {
                0 => x,
                more => {
                    let zeros = Tensor::zeros([more, columns], (&device, DType::F32));
                    Tensor::cat(vec![x, zeros], 0)
                }
            };
            x.reshape([rows, block, columns])
        };
        let (sum, rest) = exact_sums(blocks(high));
        let rest = rest.reshape([rows, columns]);
        low = Some(match low {
            Some(low) => blocks(low).sum_dim(1).reshape([rows, columns]) + rest,
            None => rest,
        });
        high = sum.reshape([rows, columns]);
        n = rows;
    }
    let low = low.unwrap_or_else(|| high.zeros_like());
    Tensor::cat(vec![high, low], 0).reshape([2 * columns])
}

/// The sums over the middle dimension of all but the last digits of each number, exact in whatever
/// order they are added, and the sums of those last digits.
///
/// A number plus and minus one that is `4 * BLOCK` times the largest is rounded to a grid on which
/// all partial sums lie. Siegfried M. Rump, Takeshi Ogita, Shin'ichi Oishi: Accurate Floating-Point
/// Summation Part I, SIAM Journal on Scientific Computing 31 (2008), section 3.
fn exact_sums(x: Tensor<3>) -> (Tensor<3>, Tensor<3>) {
    let dims = x.dims();
    let scale = (4 * BLOCK) as f32;
    let size = x.clone().abs();
    let largest = size.clone().max_dim(1);
    // Where the grid would overflow, the numbers are added as they are.
    let too_large = largest.clone().greater_elem(f32::MAX / (4.0 * scale));
    let grid = (largest.clone() * scale)
        .mask_fill(too_large, 0.0)
        .expand(dims);
    let top = (x.clone() + grid.clone()) - grid;
    // Beside an infinity finite numbers are nothing, and must not overflow to the other one.
    let beside = (largest.is_inf().expand(dims)).bool_and(size.lower_equal_elem(f32::MAX));
    let top = top.mask_fill(beside, 0.0);
    let rest = x - top.clone();
    (top.sum_dim(1), rest.sum_dim(1))
}
