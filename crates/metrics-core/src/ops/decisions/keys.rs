//! Scores in `[0, 1]` with their labels as integers of 32 bits.

/// The key of what is left out: the last of all.
pub(crate) const LEFT_OUT: u32 = u32::MAX;

/// The bits of the score 1.
pub(crate) const ONE: u32 = 1.0f32.to_bits();

/// A key that falls with the score, which must be in `[0, 1]`, and carries the label in its last
/// bit. The bits of such scores rise with their value and are 30.
#[inline(always)]
pub(crate) fn key(score: f32, positive: bool) -> u32 {
    // Adding zero makes 0.0 of -0.0.
    (ONE - (score + 0.0).to_bits()) << 1 | positive as u32
}
