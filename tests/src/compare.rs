//! Comparison of a metric's outcome with a golden expectation.

use crate::golden::number;
use metrics_core::{Estimate, Matrix, MetricError, ReliabilityBin, Value};
use serde_json::Value as Json;

/// How close numbers must be.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Tolerance {
    /// The same number.
    Exact,
    /// Within a relative distance, or within a tenth of it absolutely.
    Relative(f64),
}

impl Tolerance {
    /// Whether two numbers are as close as that; NaN equals NaN.
    pub fn accepts(self, ours: f64, expected: f64) -> bool {
        if ours == expected || (ours.is_nan() && expected.is_nan()) {
            return true;
        }
        match self {
            Tolerance::Exact => false,
            // Everything is within a part of infinity.
            Tolerance::Relative(_) if expected.is_infinite() => false,
            Tolerance::Relative(limit) => {
                (ours - expected).abs() <= limit * expected.abs().max(0.1)
            }
        }
    }
}

/// Whether two values are of one kind and shape and their numbers close.
pub fn same(left: &Value, right: &Value, tolerance: Tolerance) -> bool {
    let close = |a: &[f64], b: &[f64]| {
        a.len() == b.len() && a.iter().zip(b).all(|(a, b)| tolerance.accepts(*a, *b))
    };
    let matrices = |a: &Matrix, b: &Matrix| {
        (a.cols, a.normalized) == (b.cols, b.normalized) && close(&a.data, &b.data)
    };
    match (left, right) {
        (Value::Scalar(a), Value::Scalar(b)) => tolerance.accepts(*a, *b),
        (Value::Estimate(a), Value::Estimate(b)) => close(&interval(a), &interval(b)),
        (Value::PerClass(a), Value::PerClass(b)) | (Value::List(a), Value::List(b)) => close(a, b),
        (Value::StatScores(a), Value::StatScores(b)) => {
            a.len() == b.len() && (a.iter().zip(b)).all(|(a, b)| close(&a.columns(), &b.columns()))
        }
        (Value::Matrix(a), Value::Matrix(b)) | (Value::Table(a), Value::Table(b)) => matrices(a, b),
        (Value::Matrices(a), Value::Matrices(b)) | (Value::Tables(a), Value::Tables(b)) => {
            a.len() == b.len() && a.iter().zip(b).all(|(a, b)| matrices(a, b))
        }
        (Value::Curves(a), Value::Curves(b)) => {
            a.len() == b.len()
                && a.iter().zip(b).all(|(a, b)| {
                    close(&a.x, &b.x) && close(&a.y, &b.y) && close(&a.thresholds, &b.thresholds)
                })
        }
        (Value::OperatingPoints(a), Value::OperatingPoints(b)) => {
            close(&a.values, &b.values) && close(&a.thresholds, &b.thresholds)
        }
        (Value::Disparities(a), Value::Disparities(b)) => {
            a.len() == b.len()
                && (a.iter().zip(b)).all(|(a, b)| {
                    (a.criterion, a.groups) == (b.criterion, b.groups)
                        && tolerance.accepts(a.ratio, b.ratio)
                })
        }
        (Value::Record(a), Value::Record(b)) => {
            a.len() == b.len()
                && (a.iter().zip(b))
                    .all(|(a, b)| a.name == b.name && same(&a.value, &b.value, tolerance))
        }
        (Value::Reliability(a), Value::Reliability(b)) => {
            a.len() == b.len()
                && (a.iter().zip(b)).all(|(a, b)| close(&bin_numbers(a), &bin_numbers(b)))
        }
        _ => false,
    }
}

/// A bin as the golden files write it.
fn bin_numbers(bin: &ReliabilityBin) -> [f64; 5] {
    [
        bin.lower,
        bin.upper,
        bin.count,
        bin.confidence,
        bin.accuracy,
    ]
}

/// Why the outcome is not what was expected, if it is not.
pub fn difference(
    outcome: &Result<Value, MetricError>,
    expect: &Json,
    tolerance: Tolerance,
) -> Option<String> {
    if let Some(kind) = expect.get("error") {
        let kind = kind.as_str().unwrap_or_default();
        let count = expect.get("count").and_then(Json::as_u64);
        return match outcome {
            Err(error) if is_error(error, kind, count) => None,
            other => Some(format!("{} is not {expect}", shown(other))),
        };
    }
    let Ok(value) = outcome else {
        return Some(format!("{} is not {}", shown(outcome), cut(expect)));
    };
    let agrees = match (value, expect.get("curves")) {
        (Value::Curves(curves), Some(expected)) => {
            let expected = expected.as_array().map(Vec::as_slice).unwrap_or_default();
            curves.len() == expected.len()
                && curves.iter().zip(expected).all(|(curve, expected)| {
                    let part = |ours: &[f64], name| close(&list(ours), &expected[name], tolerance);
                    let (x, y) = match expected.get("fpr") {
                        Some(_) => ("fpr", "tpr"),
                        None => ("recall", "precision"),
                    };
                    part(&curve.x, x) && part(&curve.y, y) && part(&curve.thresholds, "thresholds")
                })
        }
        (_, Some(_)) => false,
        (value, None) => close(&nested(value), expect, tolerance),
    };
    (!agrees).then(|| format!("{} is not {}", shown(outcome), cut(expect)))
}

fn is_error(error: &MetricError, kind: &str, count: Option<u64>) -> bool {
    match (kind, error) {
        ("empty", MetricError::Empty { .. })
        | ("mixed_scores", MetricError::MixedScores(_))
        | ("undefined", MetricError::Undefined { .. })
        | ("too_few", MetricError::TooFew { .. })
        | ("empty_queries", MetricError::EmptyQueries { .. })
        | ("invalid_option", MetricError::InvalidOption(_))
        | ("weights_unsupported", MetricError::WeightsUnsupported { .. }) => true,
        ("invalid_label", MetricError::InvalidData(rejected)) => {
            rejected.nan == 0
                && Some(rejected.invalid_targets + rejected.invalid_predictions) == count
        }
        ("invalid", MetricError::InvalidData(rejected)) => Some(rejected.invalid()) == count,
        ("nan", MetricError::InvalidData(rejected)) => {
            rejected.invalid() == rejected.nan && Some(rejected.nan) == count
        }
        ("invalid_weight", MetricError::InvalidData(rejected)) => {
            rejected.invalid() == rejected.invalid_weights
                && Some(rejected.invalid_weights) == count
        }
        _ => false,
    }
}

/// Numbers in lists of lists, as JSON nests them.
#[derive(Debug)]
enum Nested {
    Number(f64),
    List(Vec<Nested>),
}

fn list(values: &[f64]) -> Nested {
    Nested::List(values.iter().copied().map(Nested::Number).collect())
}

fn interval(estimate: &Estimate) -> [f64; 3] {
    [estimate.value, estimate.lower, estimate.upper]
}

fn nested(value: &Value) -> Nested {
    let rows = |m: &Matrix| Nested::List(m.data.chunks(m.cols.max(1)).map(list).collect());
    match value {
        Value::Scalar(value) => Nested::Number(*value),
        Value::Estimate(estimate) => list(&interval(estimate)),
        Value::PerClass(values) | Value::List(values) => list(values),
        Value::StatScores(rows) => match rows.as_slice() {
            [row] => list(&row.columns()),
            rows => Nested::List(rows.iter().map(|row| list(&row.columns())).collect()),
        },
        Value::Matrix(matrix) | Value::Table(matrix) => rows(matrix),
        Value::Matrices(matrices) | Value::Tables(matrices) => {
            Nested::List(matrices.iter().map(rows).collect())
        }
        Value::OperatingPoints(points) => match (&*points.values, &*points.thresholds) {
            ([value], [threshold]) => list(&[*value, *threshold]),
            (values, thresholds) => Nested::List(vec![list(values), list(thresholds)]),
        },
        Value::Disparities(disparities) => {
            let rows = disparities.iter().map(|disparity| {
                let groups = disparity
                    .groups
                    .map(|groups| groups.map(|group| group as f64));
                let [low, high] = groups.unwrap_or([f64::NAN; 2]);
                list(&[low, high, disparity.ratio])
            });
            Nested::List(rows.collect())
        }
        Value::Reliability(bins) => {
            Nested::List(bins.iter().map(|bin| list(&bin_numbers(bin))).collect())
        }
        Value::Record(fields) => {
            Nested::List(fields.iter().map(|field| nested(&field.value)).collect())
        }
        other => panic!("no golden file has {other}"),
    }
}

fn close(ours: &Nested, expected: &Json, tolerance: Tolerance) -> bool {
    match (ours, expected) {
        (Nested::List(ours), Json::Array(expected)) => {
            ours.len() == expected.len()
                && ours
                    .iter()
                    .zip(expected)
                    .all(|(a, b)| close(a, b, tolerance))
        }
        (Nested::Number(ours), Json::Number(_) | Json::String(_)) => {
            tolerance.accepts(*ours, number(expected))
        }
        _ => false,
    }
}

fn shown(outcome: &Result<Value, MetricError>) -> String {
    match outcome {
        Ok(value) => cut(&serde_json::to_value(value).unwrap_or_default()),
        Err(error) => format!("{error:?}"),
    }
}

fn cut(json: &Json) -> String {
    let text = json.to_string();
    match text.char_indices().nth(400) {
        Some((end, _)) => format!("{}..", &text[..end]),
        None => text,
    }
}
