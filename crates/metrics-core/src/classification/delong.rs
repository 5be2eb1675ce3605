//! The confidence interval of the area under an exact ROC curve after DeLong, DeLong and
//! Clarke-Pearson 1988.

use crate::{Estimate, accumulators::Column};

/// The area with its interval at a level, from the two variances of placements: of the share of
/// negatives that a positive beats, and of the share of positives that beat a negative. One walk over
/// the sorted scores has them all, as in Sun and Xu 2014.
pub(super) fn interval(column: &Column, area: f64, level: f64) -> Estimate {
    let (positives, negatives) = (column.positives, column.negatives);
    let (mut of_positives, mut of_negatives) = (0.0, 0.0);
    let mut last = (0.0, 0.0);
    column.for_each(|_, tp, fp| {
        let (tied_positives, tied_negatives) = (tp - last.0, fp - last.1);
        let beaten = (negatives - fp + tied_negatives / 2.0) / negatives;
        let beaten_by = (last.0 + tied_positives / 2.0) / positives;
        of_positives += tied_positives * (beaten - area).powi(2);
        of_negatives += tied_negatives * (beaten_by - area).powi(2);
        last = (tp, fp);
    });
    // One element has no variance.
    let variance = match positives < 2.0 || negatives < 2.0 {
        true => f64::NAN,
        false => {
            of_positives / (positives * (positives - 1.0))
                + of_negatives / (negatives * (negatives - 1.0))
        }
    };
    let width = normal_quantile((1.0 + level) / 2.0) * variance.sqrt();
    Estimate {
        value: area,
        lower: (area - width).clamp(0.0, 1.0),
        upper: (area + width).clamp(0.0, 1.0),
    }
}

/// The `x` below which a standard normal variable lies with a probability of `p`, which is at least
/// 1/2. Newton's method: the distribution is concave there, so that steps from 0 do not pass `x`.
fn normal_quantile(p: f64) -> f64 {
    let mut x = 0.0f64;
    for _ in 0..100 {
        let density = (-x * x / 2.0).exp() / (2.0 * std::f64::consts::PI).sqrt();
        // Φ(x) = 1/2 + φ(x) (x + x³/3 + x⁵/(3·5) + ..)
        let (mut term, mut sum, mut k) = (x, x, 3.0);
        while term > sum * f64::EPSILON {
            term *= x * x / k;
            sum += term;
            k += 2.0;
        }
        let step = (p - 0.5) / density - sum;
        if step <= x * f64::EPSILON {
            break;
        }
        x += step;
    }
    x
}

#[cfg(test)]
mod tests {
    use super::*;

    /// From scipy.stats.norm.ppf.
    #[test]
    fn quantiles_of_the_normal_distribution() {
        for (p, x) in [
            (0.5, 0.0),
            (0.525, 0.06270677794321385),
            (0.95, 1.6448536269514722),
            (0.975, 1.959963984540054),
            (0.995, 2.5758293035489004),
            (0.99999, 4.264890793922825),
            (0.9999999999, 6.361340889697422),
        ] {
            let ours = normal_quantile(p);
            assert!((ours - x).abs() < 1e-6 * x.max(1e-6), "{p}: {ours}");
        }
    }
}
