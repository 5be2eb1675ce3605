//! What rows weigh, if some of them have weights.

use crate::{
    Delta, HostDelta,
    ops::{self, Rows, invalid_weights},
};
use burn::tensor::Tensor;

/// What rows count, if some of them have weights.
pub(crate) struct Weighed {
    /// How many there are.
    pub count: u64,
    /// Their weight; a row without a weight weighs 1.
    pub weight: f64,
}

impl Weighed {
    /// From counters that begin with the number of rows without a weight and the number of rows with one, and
    /// from the sum of the given weights.
    pub fn new(counts: &[i32], given: f64) -> Self {
        let [plain, weighted] = [counts[0], counts[1]].map(|count| count as u64);
        Self {
            count: plain + weighted,
            weight: plain as f64 + given,
        }
    }

    /// From the counter of all rows, and what [`add_weights`] kept of the weighted rows.
    pub fn beside(delta: &HostDelta, used: i32, slot: usize) -> Self {
        let weighted = delta.counts(1).map_or(0, |counts| counts[0]);
        let given = delta.sums(slot).map_or(0.0, |sums| sums[0]);
        Self::new(&[used - weighted, weighted], given)
    }
}

/// Adds the weights of rows, if they have any, to a second block of counters (of the weighted rows
/// used) and the block `slot` of sums.
pub(crate) fn add_weights(delta: &mut Delta, rows: &Rows, slot: usize) {
    let Some(used) = rows.weighted() else {
        return;
    };
    let device = used.device();
    let batch = ops::sum_compensated(rows.given());
    delta.counts(1, 1, &device, |counts| counts + used);
    delta.sums(slot, 1, &device, |sums| ops::add_compensated(sums, batch));
}

/// Numbers `[N, D]` with NaN in rows that do not count because of their weight.
pub(crate) fn counted(x: Tensor<2>, weights: &Option<Tensor<1>>) -> Tensor<2> {
    let Some(weights) = weights else { return x };
    let dims = x.dims();
    let unused = invalid_weights(weights.clone()).bool_or(weights.clone().equal_elem(0.0));
    x.mask_fill(unused.reshape([dims[0], 1]).expand(dims), f32::NAN)
}
