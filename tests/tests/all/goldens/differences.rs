//! Where TorchMetrics' value is not ours: a case for each row of the page about TorchMetrics.

use super::{clustering, doc_examples, retrieval, runner::Run};
use metrics_tests::golden;
use std::collections::BTreeSet;

/// Hands the case to the file whose metrics it is of.
pub fn check(run: &mut Run) {
    let metric = run.case.metric.as_str();
    // Some inputs are large, and some change their meaning row by row.
    run.by_rows = false;
    match metric {
        _ if metric.starts_with("Retrieval") => retrieval::check(run),
        "AdjustedRandScore"
        | "AdjustedMutualInfoScore"
        | "NormalizedMutualInfoScore"
        | "VMeasureScore"
        | "CramersV" => clustering::check(run),
        _ => doc_examples::check(run),
    }
}

#[test]
fn the_page_has_a_row_for_each_case() {
    let file = golden::load("differences");
    let page = metrics_tests::folder().join("../docs/src/from-torchmetrics.md");
    let page = std::fs::read_to_string(page).unwrap();
    let row = |row: &golden::Row| {
        let golden::Row {
            what,
            example,
            torchmetrics,
            here,
            source,
            ..
        } = row;
        format!("| {what} | {example} | {torchmetrics} | {here} | {source} |")
    };
    let rows: Vec<String> = file.rows.iter().map(row).collect();
    let table = format!("| --- | --- | --- | --- | --- |\n{}\n\n", rows.join("\n"));
    assert!(
        page.contains(&table),
        "the page lacks this table; generate.py writes it:\n{table}"
    );
    let shown: BTreeSet<_> = file.rows.iter().map(|row| &row.case).collect();
    let cases: BTreeSet<_> = file.cases.iter().map(|case| &case.id).collect();
    assert_eq!(shown, cases);
}
