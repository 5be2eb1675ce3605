//! The smallest and the largest target of every output: two device floats each.

use crate::{Delta, HostDelta, batch::Regression, ops, states::rows::counted};

/// Adds a batch to the float blocks `slot` and `slot + 1`. Rows that hold a NaN, or do not count for
/// their weight, are left out.
pub(super) fn update(delta: &mut Delta, slot: usize, batch: &Regression, outputs: Option<usize>) {
    let (pred, target, weights) = batch.columns(outputs);
    let [n, columns] = target.dims();
    let nan = counted(pred, &weights)
        .is_nan()
        .bool_or(target.clone().is_nan());
    let unused = ops::any_in_row(nan).expand([n, columns]);
    let fill = |value: f32| target.clone().mask_fill(unused.clone(), value);
    let low = fill(f32::INFINITY).min_dim(0).reshape([columns]);
    let high = fill(f32::NEG_INFINITY).max_dim(0).reshape([columns]);
    let kept = delta.floats_mut();
    match kept.len() > slot {
        false => kept.extend([low, high]),
        true => {
            kept[slot] = kept[slot].clone().min_pair(low);
            kept[slot + 1] = kept[slot + 1].clone().max_pair(high);
        }
    }
}

/// The extremes that [`update`] kept; of no targets, infinity and negative infinity.
pub(super) fn fold(delta: &HostDelta, slot: usize) -> Vec<(f64, f64)> {
    let [low, high] = [slot, slot + 1].map(|slot| delta.float_lists().get(slot));
    let pairs = low.into_iter().flatten().zip(high.into_iter().flatten());
    pairs.map(|(a, b)| (*a as f64, *b as f64)).collect()
}
