//! The confidence interval of the area under an exact ROC curve after DeLong, DeLong and
//! Clarke-Pearson 1988.

use crate::{Estimate, classification::states::Column, intervals::normal};

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
    let variance = if positives < 2.0 || negatives < 2.0 {
        f64::NAN
    } else {
        of_positives / (positives * (positives - 1.0))
            + of_negatives / (negatives * (negatives - 1.0))
    };
    let width = -normal::quantile((1.0 - level) / 2.0) * variance.sqrt();
    Estimate {
        value: area,
        lower: (area - width).clamp(0.0, 1.0),
        upper: (area + width).clamp(0.0, 1.0),
    }
}
