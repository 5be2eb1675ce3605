//! Curves with the vertices that can be seen.

use metrics_core::{Curve, Field, Value};
use std::borrow::Cow;

/// A curve of at most this number of vertices is kept as it is.
const FEW: usize = 500;

/// How far a curve may be off, as a share of its extent in either direction: half a pixel of a plot of 500.
const TOLERANCE: f64 = 1e-3;

/// The value for a log or a picture: curves of more than 500 vertices keep the vertices that can be seen, which leaves
/// each curve within a thousandth of its extent. Any other value is as it is.
pub(crate) fn thinned(value: &Value) -> Cow<'_, Value> {
    match value {
        Value::Curves(curves) if curves.iter().any(|curve| curve.x.len() > FEW) => {
            Cow::Owned(Value::Curves(curves.iter().map(thin).collect()))
        }
        Value::Record(fields) => {
            let fields = fields.iter().map(|field| Field {
                name: field.name.clone(),
                value: thinned(&field.value).into_owned(),
            });
            Cow::Owned(Value::Record(fields.collect()))
        }
        other => Cow::Borrowed(other),
    }
}

fn thin(curve: &Curve) -> Curve {
    let n = curve.x.len().min(curve.y.len());
    if n <= FEW {
        return curve.clone();
    }
    let extent = |values: &[f64]| {
        let finite = || values.iter().copied().filter(|value| value.is_finite());
        let (low, high) = (
            finite().fold(f64::MAX, f64::min),
            finite().fold(f64::MIN, f64::max),
        );
        if high > low { high - low } else { 1.0 }
    };
    let (width, height) = (extent(&curve.x), extent(&curve.y));
    let points: Vec<(f64, f64)> = (curve.x.iter().zip(&curve.y))
        .map(|(x, y)| (x / width, y / height))
        .collect();
    let kept = kept(&points);
    let choose = |values: &[f64]| -> Vec<f64> {
        let chosen = kept.iter().filter_map(|i| values.get(*i));
        chosen.copied().collect()
    };
    Curve {
        x: choose(&curve.x),
        y: choose(&curve.y),
        // A precision-recall curve has no threshold for its last vertex, which is kept.
        thresholds: choose(&curve.thresholds),
        ..curve.clone()
    }
}

/// The vertices to keep, by the algorithm of Ramer, Douglas and Peucker.
fn kept(points: &[(f64, f64)]) -> Vec<usize> {
    let last = points.len() - 1;
    // Vertices in one place are one; this bounds the number of those to compare.
    let mut candidates = vec![0];
    for (i, point) in points.iter().enumerate().skip(1) {
        let from = points[candidates[candidates.len() - 1]];
        let near = |a: f64, b: f64| (a - b).abs() < TOLERANCE / 4.0;
        if !(near(point.0, from.0) && near(point.1, from.1)) || i == last {
            candidates.push(i);
        }
    }
    let mut keep = vec![false; candidates.len()];
    let end = candidates.len() - 1;
    (keep[0], keep[end]) = (true, true);
    let mut open = vec![(0, end)];
    while let Some((from, to)) = open.pop() {
        let (a, b) = (points[candidates[from]], points[candidates[to]]);
        let inner = from + 1..to;
        let farthest = inner
            .map(|i| (i, distance(points[candidates[i]], a, b)))
            .max_by(|a, b| a.1.total_cmp(&b.1));
        if let Some((i, far)) = farthest
            && (far > TOLERANCE * 0.75 || far.is_nan())
        {
            keep[i] = true;
            open.extend([(from, i), (i, to)]);
        }
    }
    let chosen = candidates.into_iter().zip(keep);
    chosen.filter_map(|(i, keep)| keep.then_some(i)).collect()
}

/// From a point to the line from `a` to `b`.
fn distance(p: (f64, f64), a: (f64, f64), b: (f64, f64)) -> f64 {
    let (dx, dy) = (b.0 - a.0, b.1 - a.1);
    let length = dx * dx + dy * dy;
    let along = ((p.0 - a.0) * dx + (p.1 - a.1) * dy) / length;
    let t = if length > 0.0 {
        along.clamp(0.0, 1.0)
    } else {
        0.0
    };
    (p.0 - a.0 - t * dx).hypot(p.1 - a.1 - t * dy)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn curve(n: usize, y: impl Fn(f64) -> f64) -> Curve {
        let x: Vec<f64> = (0..n).map(|i| i as f64 / (n - 1) as f64).collect();
        Curve {
            x_name: "recall".into(),
            y_name: "precision".into(),
            y: x.iter().map(|x| y(*x)).collect(),
            thresholds: x[..n - 1].to_vec(),
            x,
            support: None,
        }
    }

    fn height_at(curve: &Curve, x: f64) -> f64 {
        let after = curve
            .x
            .partition_point(|own| *own <= x)
            .min(curve.x.len() - 1);
        let (a, b) = (after - 1, after);
        let share = (x - curve.x[a]) / (curve.x[b] - curve.x[a]);
        curve.y[a] + share * (curve.y[b] - curve.y[a])
    }

    #[test]
    fn a_thinned_curve_looks_the_same() {
        let stairs = |x: f64| (x * 40.0).floor() / 40.0;
        type Shape = (&'static str, fn(f64) -> f64);
        let shapes: [Shape; 3] = [
            ("sqrt", f64::sqrt),
            ("wave", |x| (9.0 * x).sin()),
            ("line", |x| x),
        ];
        for (name, shape) in shapes {
            let whole = curve(20_000, shape);
            let thin = thin(&whole);
            assert!(thin.x.len() < 400, "{name}: {}", thin.x.len());
            assert_eq!(thin.thresholds.len(), thin.x.len() - 1);
            assert_eq!((thin.x[0], thin.x.last()), (0.0, Some(&1.0)), "{name}");
            for (x, y) in whole.x.iter().zip(&whole.y) {
                let off = (height_at(&thin, *x) - y).abs();
                // Where the curve is steep, it is off to the side.
                let left = (height_at(&whole, (x - 1e-3).max(0.0)) - y).abs();
                let right = (height_at(&whole, (x + 1e-3).min(1.0)) - y).abs();
                assert!(off <= 2e-3 + left.max(right), "{name} at {x}: {off}");
            }
        }
        let thin = thin(&curve(5_500, stairs));
        assert!(thin.x.len() < 200, "{}", thin.x.len());
    }

    #[test]
    fn few_vertices_stay() {
        let few = curve(FEW, |x| x);
        assert_eq!(super::thin(&few), few);
        let value = Value::Curves(vec![few]);
        assert!(matches!(thinned(&value), Cow::Borrowed(_)));
    }
}
