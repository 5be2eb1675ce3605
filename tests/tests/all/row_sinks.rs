//! Every sink of the pass over rows: what a device accumulates against what the host does, on the same rows.

use burn::tensor::{DType, Device, FloatDType, Int, IntDType, Tensor, TensorData};
use metrics_core::{Accumulator, Metric, ScoreKind, State, Summary, batch::Multiclass, prelude::*};
use metrics_tests::{devices, reference, samples::Random};
use std::fmt::Debug;

/// Rows to be made on a device.
#[derive(Debug, Clone, Copy)]
struct Case {
    rows: usize,
    classes: usize,
    kind: ScoreKind,
    /// Whether some numbers are not what they should be.
    hostile: bool,
    weighted: bool,
    /// Rows of a sample, if samples have several.
    positions: Option<usize>,
    /// Whether there are predicted labels in place of scores.
    labels: bool,
    half: bool,
    wide: bool,
}

const CASE: Case = Case {
    rows: 300,
    classes: 5,
    kind: ScoreKind::Auto,
    hostile: true,
    weighted: false,
    positions: None,
    labels: false,
    half: false,
    wide: false,
};

impl Case {
    fn score(&self, random: &mut Random) -> f32 {
        let logits = self.kind != ScoreKind::Probabilities;
        if self.hostile && random.below(40 * self.classes) == 0 {
            let odd = [
                f32::NAN,
                f32::INFINITY,
                f32::NEG_INFINITY,
                -1e-39,
                1e-39,
                1.5,
                -0.0,
            ];
            return odd[random.below(odd.len())];
        }
        let unit = random.below(4097) as f32 / 4096.0;
        if logits { 9.0 * unit - 4.0 } else { unit }
    }

    fn label(&self, random: &mut Random) -> i64 {
        if self.hostile && random.below(20) == 0 {
            let classes = self.classes as i64;
            let odd = [-1, classes, i64::from(i32::MIN), i64::from(i32::MAX)];
            return odd[random.below(odd.len())];
        }
        random.below(self.classes) as i64
    }

    fn weight(&self, random: &mut Random) -> f32 {
        if self.hostile && random.below(15) == 0 {
            let odd = [f32::NAN, f32::INFINITY, -1.0, -1e-39, 0.0, -0.0];
            return odd[random.below(odd.len())];
        }
        [0.0, 0.25, 1.0, 3.7, 1e-3][random.below(5)]
    }

    fn batch(&self, seed: u64, device: &Device) -> Multiclass {
        let mut random = Random(seed);
        let n = self.rows;
        let scores: Vec<f32> = (0..n * self.classes)
            .map(|_| self.score(&mut random))
            .collect();
        let target: Vec<i64> = (0..n).map(|_| self.label(&mut random)).collect();
        let pred: Vec<i64> = (target.iter())
            .map(|target| match random.below(3) {
                0 => self.label(&mut random),
                _ => *target,
            })
            .collect();
        let wide = self.wide && device.supports_dtype(IntDType::I64);
        let dtype = if wide { DType::I64 } else { DType::I32 };
        let positions = self.positions.unwrap_or(1);
        let ints = |values: &[i64]| {
            let data = TensorData::new(values.to_vec(), [n / positions, positions]);
            Tensor::<2, Int>::from_data(data, (device, dtype))
        };
        let flat = |values: &[i64]| ints(values).reshape([n]);
        let batch = if self.labels {
            match self.positions {
                Some(_) => Multiclass::from_labels(ints(&pred), ints(&target)),
                None => Multiclass::from_labels(flat(&pred), flat(&target)),
            }
        } else {
            let data = TensorData::new(scores, [n, self.classes]);
            let scores = Tensor::<2>::from_data(data, (device, DType::F32));
            let scores = if self.half {
                scores.cast(FloatDType::F16)
            } else {
                scores
            };
            match self.positions {
                Some(positions) => {
                    let scores = scores.reshape([n / positions, positions, self.classes]);
                    Multiclass::from_dense::<3, 2>(scores.swap_dims(1, 2), ints(&target))
                }
                None => Multiclass::from_scores(scores, flat(&target)),
            }
        };
        let batch = batch.unwrap().score_kind(self.kind);
        if !self.weighted {
            return batch;
        }
        let weights: Vec<f32> = (0..n).map(|_| self.weight(&mut random)).collect();
        let weights = TensorData::new(weights, [n]);
        batch
            .with_weights(Tensor::<1>::from_data(weights, (device, DType::F32)))
            .unwrap()
    }
}

fn numbers(summary: &impl Debug) -> Vec<f64> {
    let text = format!("{summary:?}");
    let words = text.split(|c: char| ", :[](){}".contains(c));
    words.filter_map(|word| word.parse().ok()).collect()
}

/// Compares the numbers of a device's summary with those of the host's.
fn agree<M>(metric: &M, case: Case)
where
    M: Metric,
    M::Accumulator: Accumulator<Batch = Multiclass>,
{
    let accumulator = metric.accumulator();
    if case.weighted && !accumulator.takes_weights() {
        return;
    }
    let read = |device: &Device| {
        let mut state = State::new(accumulator.clone());
        for seed in 0..2 {
            let batch = case.batch(seed, device);
            state.update(&batch).unwrap();
        }
        state.summary().unwrap().clone()
    };
    let takes = |device: &Device| !case.half || device.supports_dtype(FloatDType::F16);
    if !takes(&reference()) {
        return;
    }
    let ours = read(&reference());
    for (name, device) in devices().into_iter().filter(|(_, device)| takes(device)) {
        let theirs = read(&device);
        let what = format!("{name}, {accumulator:?} of {case:?}:\n{ours:?}\n{theirs:?}");
        assert_eq!(ours.rejected(), theirs.rejected(), "{what}");
        let (ours, theirs) = (numbers(&ours), numbers(&theirs));
        assert_eq!(ours.len(), theirs.len(), "{what}");
        for (a, b) in ours.iter().zip(&theirs) {
            let close = (a - b).abs() <= 2e-6 * a.abs().max(1.0);
            let neither = !a.is_finite() && !b.is_finite();
            assert!(close || neither, "{a}, {b}: {what}");
        }
    }
}

/// Metrics that count or weigh cells.
fn cells(case: Case) {
    let classes = case.classes;
    let k = 2.min(classes);
    agree(&ConfusionMatrix::multiclass(classes), case);
    agree(&Accuracy::multiclass(classes), case);
    if !case.labels {
        agree(&Accuracy::multiclass(classes).top_k(k), case);
    }
    agree(&Accuracy::multiclass(classes).ignore_index(1), case);
    agree(&Accuracy::multiclass(classes).ignore_index(-1), case);
    agree(&ExactMatch::multiclass(classes), case);
    agree(&ExactMatch::multiclass(classes).ignore_index(0), case);
    if case.positions.is_some() {
        samples(case);
    }
}

/// Metrics of each sample by itself.
fn samples(case: Case) {
    let classes = case.classes;
    let accuracy = || Accuracy::multiclass(classes);
    agree(&accuracy().samplewise(), case);
    agree(&accuracy().ignore_index(1).samplewise(), case);
    if !case.labels {
        let k = 2.min(classes);
        agree(&accuracy().top_k(k).ignore_index(-1).samplewise(), case);
    }
    agree(&ExactMatch::multiclass(classes).samplewise(), case);
    let ignoring = ExactMatch::multiclass(classes).ignore_index(0);
    agree(&ignoring.samplewise(), case);
}

/// Metrics that need scores.
fn scores(case: Case) {
    let classes = case.classes;
    agree(&NegativeLogLikelihood::new(), case);
    agree(&CalibrationError::multiclass(classes).ignore_index(1), case);
    agree(&CalibrationError::multiclass(classes).bins(600), case);
    agree(&BrierScore::multiclass(classes), case);
    agree(&BrierScore::multiclass(classes).ignore_index(-1), case);
    agree(&BrierScore::multiclass(classes).decomposition(10), case);
    let ignoring = BrierScore::multiclass(classes).ignore_index(1);
    agree(&ignoring.decomposition(3), case);
    if classes > 1 {
        let hinge = || HingeLoss::multiclass(classes);
        agree(&hinge(), case);
        agree(&hinge().squared().ignore_index(1), case);
        agree(&hinge().raw_scores(), case);
        agree(&hinge().one_vs_all(), case);
        agree(&hinge().one_vs_all().raw_scores().squared(), case);
    }
    let curve = Auroc::multiclass(classes).thresholds(Thresholds::Count(9));
    agree(&curve, case);
    agree(&Auroc::multiclass(classes), case);
    agree(&Auroc::multiclass(classes).ignore_index(1), case);
}

const KINDS: [ScoreKind; 3] = [ScoreKind::Auto, ScoreKind::Probabilities, ScoreKind::Logits];

#[test]
fn cells_of_scores() {
    for weighted in [false, true] {
        for (rows, classes) in [(1, 1), (7, 3), (256, 5), (1300, 5), (300, 17), (90, 300)] {
            cells(Case {
                rows,
                classes,
                weighted,
                ..CASE
            });
        }
    }
}

#[test]
fn cells_of_labels() {
    for weighted in [false, true] {
        for (rows, classes) in [(1, 1), (255, 3), (3000, 5), (3000, 70)] {
            cells(Case {
                rows,
                classes,
                weighted,
                labels: true,
                wide: rows == 255,
                ..CASE
            });
        }
    }
}

#[test]
fn terms_and_bins() {
    for weighted in [false, true] {
        for kind in KINDS {
            for (rows, classes) in [(1, 2), (7, 3), (1300, 5), (90, 300)] {
                scores(Case {
                    rows,
                    classes,
                    kind,
                    weighted,
                    ..CASE
                });
            }
        }
    }
}

#[test]
fn rows_that_are_wide_or_few() {
    for weighted in [false, true] {
        // All units of a cube share a row of so many classes.
        let case = Case {
            rows: 12,
            classes: 2100,
            weighted,
            ..CASE
        };
        scores(case);
        cells(Case {
            classes: 900,
            ..case
        });
        let clean = Case {
            hostile: false,
            rows: 40,
            ..CASE
        };
        scores(Case { weighted, ..clean });
        // More classes than units have sums for.
        let beyond = Case {
            rows: 3,
            classes: 20_000,
            weighted,
            ..CASE
        };
        agree(&HingeLoss::multiclass(20_000).one_vs_all(), beyond);
    }
}

#[test]
fn halves_and_wide_labels() {
    for weighted in [false, true] {
        let case = Case {
            half: true,
            wide: true,
            weighted,
            ..CASE
        };
        scores(case);
        cells(case);
    }
}

#[test]
fn units_of_several_rows() {
    for labels in [false, true] {
        // Some units a step, one unit a step, several steps a unit; and more than a kernel takes.
        for (rows, classes, positions) in [
            (300, 5, 3),
            (1200, 5, 200),
            (2400, 5, 600),
            (600, 17, 300),
            (40_000, 3, 20_000),
        ] {
            let case = Case {
                rows,
                classes,
                positions: Some(positions),
                hostile: positions < 100,
                labels,
                ..CASE
            };
            agree(&ExactMatch::multiclass(classes), case);
            agree(&ExactMatch::multiclass(classes).ignore_index(0), case);
            samples(case);
        }
    }
}

#[test]
fn a_label_to_ignore_that_no_target_can_be() {
    // As an `i32` it would be a class.
    let far = (1i64 << 32) + 2;
    for labels in [false, true] {
        for wide in [false, true] {
            let case = Case {
                labels,
                wide,
                ..CASE
            };
            agree(&ConfusionMatrix::multiclass(5).ignore_index(far), case);
            agree(&ExactMatch::multiclass(5).ignore_index(far), case);
            if !labels {
                agree(&BrierScore::multiclass(5).ignore_index(far), case);
                agree(&CalibrationError::multiclass(5).ignore_index(far), case);
                agree(&NegativeLogLikelihood::new().ignore_index(far), case);
                agree(&HingeLoss::multiclass(5).ignore_index(far), case);
            }
        }
    }
}

#[test]
fn weights_of_any_size_keep_their_digits() {
    // Small weights beside large ones, in one cell and in others.
    let (n, classes) = (4000, 3);
    let weight = |i: usize| [1.0, 1e8, 1e-8, 3.3e-3, 1e30, 1e-30][i % 6] as f32;
    let label = |i: usize| (i % 6) as i64 / 2;
    let read = |device: &Device| {
        let weights: Vec<f32> = (0..n).map(weight).collect();
        let target: Vec<i64> = (0..n).map(label).collect();
        let pred: Vec<i64> = (0..n).map(|i| (label(i) + (i % 2) as i64) % 3).collect();
        let ints = |values: Vec<i64>| {
            Tensor::<1, Int>::from_data(TensorData::new(values, [n]), (device, DType::I32))
        };
        let weights = TensorData::new(weights, [n]);
        let batch = Multiclass::from_labels(ints(pred), ints(target))
            .and_then(|batch| {
                batch.with_weights(Tensor::<1>::from_data(weights, (device, DType::F32)))
            })
            .unwrap();
        let mut state = State::new(ConfusionMatrix::multiclass(classes).accumulator());
        state.update(&batch).unwrap();
        state.summary().unwrap().clone()
    };
    let ours = read(&reference());
    for (name, device) in devices() {
        let theirs = read(&device);
        for (a, b) in ours.tally.weighted.iter().zip(&theirs.tally.weighted) {
            assert!((a - b).abs() <= 1e-9 * a, "{name}: {a}, {b}");
        }
    }
}
