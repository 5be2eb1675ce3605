//! Precision-recall curves as TensorBoard's plugin takes them.

use metrics_core::Curve;

/// How many thresholds a curve is resampled to.
pub const THRESHOLDS: usize = 201;

/// Rows of the plugin's tensor: true positives, false positives, true negatives, false negatives,
/// precision, recall, each over [`THRESHOLDS`] evenly spaced thresholds.
///
/// They rise from 0 to 1 as the plugin shows them; for scores beyond that, they rise from the
/// lowest to the highest. A point counts the scores of at least its threshold. `None` if the curve
/// is not one of precision (y) over recall (x), has no points, or there are no positives.
pub fn rows(curve: &Curve, positives: u64, negatives: u64) -> Option<Vec<f32>> {
    let counts = counts(curve, positives, negatives)?;
    let thresholds = &curve.thresholds;
    let (low, high) = thresholds.iter().fold((0.0f64, 1.0f64), |(low, high), t| {
        (low.min(*t), high.max(*t))
    });
    // Scores have 32 bits: of those, 0.01 is to reach 0.01.
    let rounding = (high - low) * f64::from(f32::EPSILON);
    let mut rows = vec![0.0; 6 * THRESHOLDS];
    for i in 0..THRESHOLDS {
        let at = low + (high - low) * i as f64 / (THRESHOLDS - 1) as f64;
        // The first threshold that is as high decides; above the last, nothing is a positive.
        let next = thresholds.partition_point(|t| *t < at - rounding);
        let (tp, fp) = counts.get(next).copied().unwrap_or((0.0, 0.0));
        let column = [
            tp,
            fp,
            negatives as f64 - fp,
            positives as f64 - tp,
            if tp + fp > 0.0 { tp / (tp + fp) } else { 1.0 },
            tp / positives as f64,
        ];
        for (row, value) in column.into_iter().enumerate() {
            rows[row * THRESHOLDS + i] = value as f32;
        }
    }
    Some(rows)
}

/// True and false positives per threshold.
fn counts(curve: &Curve, positives: u64, negatives: u64) -> Option<Vec<(f64, f64)>> {
    let n = curve.thresholds.len();
    let is_pr = curve.x_name == "recall" && curve.y_name == "precision";
    if !is_pr || n == 0 || positives == 0 || curve.x.len() < n || curve.y.len() < n {
        return None;
    }
    let mut false_only = 0.0;
    // From the highest threshold down, since the counts grow that way.
    let mut counts: Vec<(f64, f64)> = (0..n)
        .rev()
        .map(|i| {
            let tp = (curve.x[i] * positives as f64).round();
            if tp > 0.0 {
                (tp, (tp / curve.y[i] - tp).round())
            } else if curve.y[i] == 0.0 {
                // Then the precision does not say how many are false: at least one more per
                // threshold, and no more than where it does say.
                false_only += 1.0;
                (0.0, false_only)
            } else {
                (0.0, 0.0)
            }
        })
        .collect();
    let mut at_most = negatives as f64;
    for (_, fp) in counts.iter_mut().rev() {
        *fp = fp.min(at_most);
        at_most = *fp;
    }
    counts.reverse();
    Some(counts)
}
