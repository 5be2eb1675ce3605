//! Scores with their labels as integers of 32 bits: the label in the last bit, and before it 31 bits that fall with the
//! score. Of a probability these are its distance from 1 in steps of `f32`; of a logit they are a code of the logit itself,
//! so that ranks do not depend on how a sigmoid rounds.

#[cfg(feature = "cube")]
pub(super) mod cube;
pub(crate) mod default;

/// The key of what is left out: the last of all.
pub(crate) const LEFT_OUT: u32 = u32::MAX;

/// The bits of the score 1.
pub(crate) const ONE: u32 = 1.0f32.to_bits();

/// A key of a probability, which must be in `[0, 1]`. The bits of such numbers rise with their value and are 30.
#[inline(always)]
pub(crate) fn key(score: f32, positive: bool) -> u32 {
    // Adding zero makes 0.0 of -0.0.
    (ONE - (score + 0.0).to_bits()) << 1 | positive as u32
}

/// The magnitudes that logits are told apart by: of 2^-63 and more by the bits of an `f32`, counted from here, and so with 7
/// bits of exponent and all of the mantissa. Smaller ones are 0.
pub(super) const LEAST: u32 = (64 << 23) - 1;

/// The code of magnitudes of 2^64 and more, infinite ones included.
pub(super) const MOST: u32 = (191 << 23) - LEAST;

/// The code of a logit of 0.
pub(super) const MIDDLE: u32 = 1 << 30;

/// A key of a logit, which must not be NaN.
#[inline(always)]
pub(crate) fn logit_key(logit: f32, positive: bool) -> u32 {
    let bits = logit.to_bits();
    let magnitude = ((bits & 0x7fff_ffff).max(LEAST) - LEAST).min(MOST);
    let code = if bits >> 31 == 1 {
        MIDDLE + magnitude
    } else {
        MIDDLE - magnitude
    };
    code << 1 | positive as u32
}

/// The probability of a [`key`].
pub(crate) fn probability_of(key: u32) -> f32 {
    f32::from_bits(ONE - (key >> 1))
}

/// The logit of a [`logit_key`]: that of magnitudes beyond the range is infinite.
pub(crate) fn logit_of(key: u32) -> f32 {
    let code = key >> 1;
    let magnitude = code.abs_diff(MIDDLE);
    let size = match magnitude {
        0 => 0.0,
        MOST => f32::INFINITY,
        magnitude => f32::from_bits(magnitude + LEAST),
    };
    if code > MIDDLE { -size } else { size }
}

/// Whether it is a [`key`], or [`LEFT_OUT`].
pub(crate) fn is_key(key: u32) -> bool {
    key >> 1 <= ONE || key == LEFT_OUT
}

/// Whether it is a [`logit_key`], or [`LEFT_OUT`].
pub(crate) fn is_logit_key(key: u32) -> bool {
    (key >> 1).abs_diff(MIDDLE) <= MOST || key == LEFT_OUT
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keys_fall_with_the_score_and_keep_it() {
        let scores = [1.0f32, 0.75, 0.5, 1e-3, 1e-40, f32::from_bits(1), 0.0];
        for pair in scores.windows(2) {
            assert!(key(pair[0], true) < key(pair[1], false), "{pair:?}");
        }
        for value in scores {
            let keys = [false, true].map(|label| key(value, label));
            assert_eq!(keys.map(probability_of), [value; 2]);
            assert_eq!(keys.map(|key| key & 1), [0, 1]);
            assert!(keys.into_iter().all(|key| is_key(key) && key < LEFT_OUT));
        }
        assert_eq!(key(-0.0, true), key(0.0, true));
        assert!(is_key(LEFT_OUT) && !is_key(LEFT_OUT - 1));
    }

    #[test]
    fn keys_of_logits_fall_with_the_logit_and_keep_it() {
        let (least, most) = (f32::from_bits(LEAST + 1), f32::from_bits(MOST + LEAST - 1));
        assert_eq!(
            (least, most.to_bits() + 1),
            (2f32.powi(-63), 2f32.powi(64).to_bits())
        );
        let sizes = [f32::INFINITY, most, 3e7, 88.0, 1.0000001, 1.0, 1e-5, least];
        let logits = sizes
            .into_iter()
            .chain([0.0])
            .chain(sizes.into_iter().rev().map(|x| -x));
        let logits: Vec<f32> = logits.collect();
        for pair in logits.windows(2) {
            assert!(
                logit_key(pair[0], true) < logit_key(pair[1], false),
                "{pair:?}"
            );
        }
        for logit in logits {
            let keys = [false, true].map(|label| logit_key(logit, label));
            assert_eq!(keys.map(logit_of), [logit; 2]);
            assert_eq!(keys.map(|key| key & 1), [0, 1]);
            assert!(
                keys.into_iter()
                    .all(|key| is_logit_key(key) && key < LEFT_OUT)
            );
        }
        // Beyond the range, one rank on each side.
        for (a, b) in [
            (0.0, -0.0),
            (0.0, 1e-20),
            (0.0, -1e-40),
            (f32::INFINITY, 2e19),
            (-3e38, f32::NEG_INFINITY),
        ] {
            assert_eq!(logit_key(a, true), logit_key(b, true), "{a} and {b}");
        }
        assert!(is_logit_key(LEFT_OUT) && !is_logit_key(LEFT_OUT - 1) && !is_logit_key(0));
    }
}
