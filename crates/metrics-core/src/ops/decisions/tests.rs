//! The pass in host memory against the one of tensor operations, on tensors in host memory.

use super::*;
use crate::ops::tests::{assert_same, both, floats, ints, random, weights};

const LABELS: usize = 3;
const GROUPS: usize = 4;

/// Decisions in which some numbers are not what they should be.
fn decisions(dims: [usize; 2], salt: usize, kind: ScoreKind, weighted: bool) -> Decisions {
    let odd = [f32::NAN, f32::INFINITY, f32::NEG_INFINITY, -0.5, 1.5];
    let scores = floats(dims, |i| match random(i, salt) {
        place if place < odd.len() => odd[place],
        place => {
            let unit = place as f32 / 1009.0;
            let logits = kind != ScoreKind::Probabilities;
            if logits { 8.0 * unit - 3.0 } else { unit }
        }
    });
    let target = ints(dims, |i| match random(i, salt + 3) {
        place @ 0..40 => [-1, 2][place % 2],
        place => (place % 2) as i64,
    });
    let groups = ints([dims[0]], |i| match random(i, salt + 5) {
        place @ 0..20 => [-1, GROUPS as i64][place % 2],
        place => (place % GROUPS) as i64,
    });
    Decisions {
        weights: weighted.then(|| weights(dims[0], salt + 7)),
        groups: Some(groups),
        samples: Some(dims[0] / 4),
        ..Decisions::from_scores(scores, target).of_kind(kind)
    }
}

fn agree(labels: usize, sink: impl Fn(Option<i64>) -> DecisionSink) {
    let kinds = [ScoreKind::Auto, ScoreKind::Probabilities, ScoreKind::Logits];
    for (kind, weighted) in kinds.map(|kind| [(kind, false), (kind, true)]).concat() {
        for (n, ignore_index) in [(4, None), (40, Some(0)), (3000, Some(-1)), (3000, None)] {
            let sink = sink(ignore_index);
            let batches = [1, 2].map(|salt| decisions([n, labels], salt, kind, weighted));
            let states = both(&batches, sink.clone(), |batch, plan, state| {
                default::pass(batch, plan, state, &[])
            });
            let what = format!("{sink:?} of {n} rows, {kind:?}, weighted: {weighted}");
            assert_same(&states, &what);
        }
    }
}

#[test]
fn cells_and_groups() {
    for threshold in [0.25, 0.5].map(Real::new) {
        agree(LABELS, |ignore_index| DecisionSink::Cells {
            threshold,
            ignore_index,
        });
        agree(LABELS, |ignore_index| DecisionSink::Groups {
            groups: GROUPS,
            threshold,
            ignore_index,
        });
        agree(LABELS, |ignore_index| DecisionSink::Units {
            threshold,
            ignore_index,
        });
        for labels in [1, LABELS] {
            agree(labels, |ignore_index| DecisionSink::Samples {
                threshold,
                ignore_index,
            });
            agree(labels, |ignore_index| DecisionSink::SampleUnits {
                threshold,
                ignore_index,
            });
        }
    }
}

#[test]
fn thresholds_and_bins() {
    for thresholds in [&[0.0, 0.25, 0.5, 0.75, 1.0][..], &[0.1, 0.2, 0.9]] {
        agree(LABELS, |ignore_index| DecisionSink::Thresholds {
            thresholds: thresholds.iter().copied().map(Real::new).collect(),
            ignore_index,
        });
    }
    for bins in [1, 10, 15] {
        agree(1, |ignore_index| DecisionSink::Calibration {
            bins,
            ignore_index,
        });
        agree(LABELS, |ignore_index| DecisionSink::LabelBins {
            bins,
            ignore_index,
        });
    }
}

#[test]
fn terms_and_ranking() {
    agree(LABELS, |ignore_index| DecisionSink::Terms { ignore_index });
    agree(LABELS, |ignore_index| DecisionSink::Brier { ignore_index });
    agree(LABELS, |ignore_index| DecisionSink::Ranking {
        ignore_index,
    });
    for criterion in [
        MultilabelCriterion::ExactMatch,
        MultilabelCriterion::Hamming,
        MultilabelCriterion::Overlap,
        MultilabelCriterion::Contain,
        MultilabelCriterion::Belong,
    ] {
        for k in 1..=LABELS {
            agree(LABELS, |ignore_index| DecisionSink::Best {
                k,
                criterion,
                ignore_index,
            });
        }
    }
    for (squared, raw) in [(false, false), (true, false), (false, true), (true, true)] {
        agree(1, |ignore_index| DecisionSink::Hinge {
            squared,
            raw,
            ignore_index,
        });
    }
}

#[test]
fn keys() {
    for labels in [1, LABELS] {
        agree(labels, |ignore_index| DecisionSink::Keys { ignore_index });
    }
}
