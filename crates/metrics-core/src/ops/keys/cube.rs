//! Keys in kernels.

use super::{LEAST, MIDDLE, MOST, ONE};
use cubecl::prelude::*;

/// See [`key`](super::key).
#[cube]
pub(in crate::ops) fn key_of_probability(probability: f32, code: i32) -> u32 {
    let bits = probability.to_bits() & 0x7fff_ffffu32;
    ((comptime!(ONE).runtime() - bits) << 1u32) | u32::cast_from(code)
}

/// See [`logit_key`](super::logit_key).
#[cube]
pub(in crate::ops) fn key_of_logit(logit: f32, code: i32) -> u32 {
    let bits = logit.to_bits();
    let size = bits & 0x7fff_ffffu32;
    let least = comptime!(LEAST).runtime();
    let magnitude = min(max(size, least) - least, comptime!(MOST).runtime());
    let middle = comptime!(MIDDLE).runtime();
    let place = select(bits == size, middle - magnitude, middle + magnitude);
    (place << 1u32) | u32::cast_from(code)
}
