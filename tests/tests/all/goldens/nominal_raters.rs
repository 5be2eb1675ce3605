//! Agreement of raters, and association of the columns of tables.

use super::runner::Run;
use metrics_core::{nominal, prelude::*};
use metrics_tests::{devices, golden, golden::number, metrics::Visitor, samples::CLASSES};

/// The metrics of this file, most with several options, for the tests of all metrics.
pub fn all(visitor: &mut impl Visitor) {
    visitor.visit(FleissKappa::new(CLASSES));
    visitor.visit(KrippendorffAlpha::nominal());
    visitor.visit(KrippendorffAlpha::ordinal());
    visitor.visit(KrippendorffAlpha::interval());
}

/// Builds the metric of a case and runs it.
pub fn check(run: &mut Run) {
    let args = &run.case.args;
    match run.case.metric.as_str() {
        "FleissKappa" => run.check(FleissKappa::new(args.size("num_categories"))),
        "KrippendorffAlpha" => run.check(match args.text("level") {
            Some("ordinal") => KrippendorffAlpha::ordinal(),
            Some("interval") => KrippendorffAlpha::interval(),
            _ => KrippendorffAlpha::nominal(),
        }),
        // Functions: see below.
        name if name.ends_with("Matrix") => {}
        other => run.fail(&format!("{other} is not in nominal_raters.rs")),
    }
}

#[test]
fn matrices_over_the_columns_of_a_table() {
    let file = golden::load("nominal_raters");
    let cases = file
        .cases
        .iter()
        .filter(|case| case.metric.ends_with("Matrix"));
    let mut seen = 0;
    for case in cases {
        for (name, device) in devices() {
            let table = || file.inputs[&case.input].batches[0]["table"].ints::<2>(&device);
            let bias = case.args.flag("bias_correction").unwrap_or(true);
            let matrix = match case.metric.as_str() {
                "CramersVMatrix" => nominal::cramers_v_matrix(table(), bias),
                "TschuprowsTMatrix" => nominal::tschuprows_t_matrix(table(), bias),
                "TheilsUMatrix" => nominal::theils_u_matrix(table()),
                _ => nominal::pearsons_contingency_coefficient_matrix(table()),
            };
            let rows = case.expect.as_array().unwrap().iter();
            let expected: Vec<f64> = rows
                .flat_map(|row| row.as_array().unwrap().iter().map(number))
                .collect();
            let ours = matrix.unwrap().data;
            assert_eq!(ours.len(), expected.len());
            for (ours, expected) in ours.iter().zip(&expected) {
                let same = ours.is_nan() && expected.is_nan() || (ours - expected).abs() < 1e-9;
                assert!(same, "{name} {}: {ours} for {expected}", case.id);
            }
            seen += 1;
        }
    }
    assert_eq!(seen, 6 * devices().len());
}

#[test]
fn categories_in_floats_may_be_missing() {
    for (name, device) in devices() {
        let floats = |values: &[f32]| burn::tensor::Tensor::<1>::from_floats(values, &device);
        let ints = |values: &[i32]| {
            burn::tensor::Tensor::<1, burn::tensor::Int>::from_ints(values, &device)
        };
        let pred = || floats(&[0.0, 1.0, f32::NAN, 2.0, 1.0, -0.0, 7.0]);
        let target = || floats(&[1.0, 0.0, 1.0, f32::NAN, 0.0, 1.0, 7.0]);
        let metric = CramersV::new().bias_correction(false);
        let value = |batch: &Labelings| metric.evaluate(batch).unwrap().scalar().unwrap();
        let dropped = Labelings::from_floats(pred(), target(), MissingCategory::Drop).unwrap();
        let expected = Labelings::new(ints(&[0, 1, 1, 0, 7]), ints(&[1, 0, 0, 1, 7])).unwrap();
        assert_eq!(value(&dropped), value(&expected), "{name}");
        let mut state = metric.state();
        state.update(&dropped).unwrap();
        assert_eq!(state.summary().unwrap().rejected().ignored, 2, "{name}");
        let replaced =
            Labelings::from_floats(pred(), target(), MissingCategory::Replace(2)).unwrap();
        let expected = Labelings::new(ints(&[0, 1, 2, 2, 1, 0, 7]), ints(&[1, 0, 1, 2, 0, 1, 7]));
        assert_eq!(value(&replaced), value(&expected.unwrap()), "{name}");
        for broken in [0.5, f32::INFINITY, 4e9, -1e30] {
            let pred = floats(&[0.0, 1.0, broken]);
            let batch =
                Labelings::from_floats(pred, floats(&[0.0, 1.0, 1.0]), MissingCategory::default());
            let error = metric.evaluate(&batch.unwrap()).unwrap_err();
            let invalid = match &error {
                MetricError::InvalidData(rejected) => rejected.invalid_predictions,
                _ => 0,
            };
            assert_eq!(invalid, 1, "{name} {broken}: {error}");
        }
    }
}
