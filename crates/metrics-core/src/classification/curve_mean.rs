//! The mean of the curves of classes or labels, as one curve.

use super::{Average, precision_recall_curve::precision_recall, roc::roc};
use crate::{
    Curve, MetricError,
    classification::states::{CurveScoresSummary, ThresholdCurve},
};

/// The mean true positive rate at each false positive rate that occurs in a class, with lines between the points
/// of a class. Where classes rise at one rate there are two points, so that the area is the mean of the areas.
///
/// # Errors
/// [`MetricError::Undefined`] if no class has positives and negatives.
pub(super) fn mean_roc(
    scores: &CurveScoresSummary,
    average: Average,
) -> Result<Curve, MetricError> {
    let curves = defined(scores, average, |counts| {
        (counts.positives > 0.0 && counts.negatives > 0.0).then(|| roc(counts))
    });
    let grid = rates(curves.iter().flat_map(|(curve, _)| &curve.x));
    let mut sums = vec![(0.0, 0.0); grid.len()];
    for (Curve { x, y, .. }, weight) in &curves {
        // Both ends of the curve are ends of the grid.
        let (mut first, mut after) = (0, 0);
        for (rate, sum) in grid.iter().zip(&mut sums) {
            first += x[first..].partition_point(|x| x < rate);
            after += x[after..].partition_point(|x| x <= rate);
            let (low, high) = if first < after {
                (y[first], y[after - 1])
            } else {
                let share = (rate - x[first - 1]) / (x[first] - x[first - 1]);
                let between = y[first - 1] + (y[first] - y[first - 1]) * share;
                (between, between)
            };
            *sum = (sum.0 + weight * low, sum.1 + weight * high);
        }
    }
    let total = total(&curves, "positives and negatives", "roc")?;
    let points = grid.iter().zip(sums).flat_map(|(rate, (low, high))| {
        let rises = (high > low).then_some((*rate, high / total));
        [(*rate, low / total)].into_iter().chain(rises)
    });
    Ok(averaged(&curves, points))
}

/// The mean precision at each recall that occurs in a class, where a class has the precision of the highest
/// threshold that reaches the recall. The area of its steps is the mean of the average precisions.
///
/// # Errors
/// [`MetricError::Undefined`] if no class has positives.
pub(super) fn mean_precision_recall(
    scores: &CurveScoresSummary,
    average: Average,
) -> Result<Curve, MetricError> {
    let curves = defined(scores, average, |counts| {
        (counts.positives > 0.0).then(|| precision_recall(counts))
    });
    let recalls = curves.iter().flat_map(|(curve, _)| &curve.x);
    let grid = rates(recalls.filter(|recall| **recall > 0.0));
    let mut sums = vec![0.0; grid.len()];
    for (Curve { x, y, .. }, weight) in &curves {
        // Recall falls along the curve, and rises along the grid.
        let mut end = x.len();
        for (recall, sum) in grid.iter().zip(&mut sums) {
            while x[end - 1] < *recall {
                end -= 1;
            }
            *sum += weight * y[end - 1];
        }
    }
    let total = total(&curves, "positives", "precision_recall_curve")?;
    let points = grid.into_iter().zip(sums).rev();
    let points = points.map(|(recall, sum)| (recall, sum / total));
    Ok(averaged(&curves, points.chain([(0.0, 1.0)])))
}

/// The curves of the classes that have one, with what they weigh.
fn defined(
    scores: &CurveScoresSummary,
    average: Average,
    curve: impl Fn(&ThresholdCurve) -> Option<Curve> + Sync,
) -> Vec<(Curve, f64)> {
    let curves = scores.each_column(|column| {
        let weight = match average {
            Average::Weighted => column.positives,
            _ => 1.0,
        };
        curve(&column.curve()).map(|curve| (curve, weight))
    });
    curves.into_iter().flatten().collect()
}

/// The rates in rising order, each once.
fn rates<'a>(rates: impl Iterator<Item = &'a f64>) -> Vec<f64> {
    let mut rates: Vec<f64> = rates.copied().collect();
    rates.sort_unstable_by(f64::total_cmp);
    rates.dedup();
    rates
}

fn total(curves: &[(Curve, f64)], needed: &str, metric: &str) -> Result<f64, MetricError> {
    if curves.is_empty() {
        return Err(MetricError::undefined(
            metric.into(),
            format!("no class has {needed} among its targets"),
        ));
    }
    Ok(curves.iter().map(|(_, weight)| weight).sum())
}

/// A curve with the names of those that it is the mean of.
fn averaged(curves: &[(Curve, f64)], points: impl Iterator<Item = (f64, f64)>) -> Curve {
    let (x, y) = points.unzip();
    let name = |name: fn(&Curve) -> &String| {
        let first = curves.first();
        first.map_or_else(String::new, |(curve, _)| name(curve).clone())
    };
    Curve {
        x_name: name(|curve| &curve.x_name),
        y_name: name(|curve| &curve.y_name),
        x,
        y,
        thresholds: Vec::new(),
        support: None,
    }
}
