//! How large a state may be that the options of a metric ask for.

use crate::{Accumulator, MetricError};

/// The most bytes of a state's counters and sums. Lists grow with the data and are not limited.
const STATE_BYTES: u128 = 4 << 30;

/// Fails if `count` of some unit, such as classes, make a state that is too large: each takes the product of
/// `bytes`. Nothing has been allocated by then.
pub(crate) fn check_size(count: usize, unit: &str, bytes: &[usize]) -> Result<(), MetricError> {
    let each = bytes.iter().fold(1, |product: u128, bytes| {
        product.saturating_mul(*bytes as u128)
    });
    let asked = each.saturating_mul(count as u128);
    if asked <= STATE_BYTES {
        return Ok(());
    }
    Err(MetricError::InvalidOption(format!(
        "{count} {unit} ask for a state of {asked} bytes, and the limit is {STATE_BYTES} bytes (4 GiB); ask for \
         at most {} {unit}",
        STATE_BYTES / each.max(1)
    )))
}

/// The same for a matrix over classes or variables.
pub(crate) fn check_matrix(count: usize, unit: &str, bytes: usize) -> Result<(), MetricError> {
    let asked = (count as u128 * count as u128).saturating_mul(bytes as u128);
    if asked <= STATE_BYTES {
        return Ok(());
    }
    let most = (STATE_BYTES / bytes as u128).isqrt();
    Err(MetricError::InvalidOption(format!(
        "a matrix over {count} {unit} asks for a state of {asked} bytes, and the limit is {STATE_BYTES} bytes (4 GiB); \
         ask for at most {most} {unit}"
    )))
}

/// The number of parts that an empty state has room for: none if the options are invalid, as every update and every
/// value says. They may ask for more memory than there is.
pub(crate) fn parts(accumulator: &impl Accumulator, count: usize) -> usize {
    if accumulator.validate().is_ok() {
        count
    } else {
        0
    }
}
