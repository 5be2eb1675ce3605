//! Intervals against what they claim: how often they contain the true value, and how replicates that are
//! drawn from a summary compare with drawing the rows themselves.

use burn::tensor::{Device, Int, Tensor};
use metrics_core::{
    Accumulator, Metric, MetricCollection, MetricError, SummaryOf, Validation, Value,
    aggregation::{Max, Mean},
    batch::{Binary, Multiclass, Multilabel, Regression, Values},
    classification::{Accuracy, Auroc, Average, ConfusionMatrix, F1Score, Thresholds},
    intervals::{Bootstrap, BootstrapMethod, PoissonBootstrap, ProportionMethod, Resampled},
    regression::MeanSquaredError,
    states::ConfusionSummary,
};
use metrics_tests::samples::Random;

fn uniform(random: &mut Random) -> f64 {
    (random.draw() >> 11) as f64 / (1u64 << 53) as f64
}

fn close(found: f64, expected: f64, tolerance: f64, what: &str) {
    assert!(
        (found - expected).abs() <= tolerance * expected.abs(),
        "{what}: {found}, not {expected}"
    );
}

/// Data sets of a population, as confusion matrices.
fn samples(population: [f64; 9], elements: usize, sets: usize) -> Vec<ConfusionSummary> {
    let mut random = Random(7);
    let empty = F1Score::multiclass(3).accumulator().resampled().empty();
    let mut sets = vec![empty; sets];
    for set in &mut sets {
        for _ in 0..elements {
            let mut at = uniform(&mut random);
            let cell = population.iter().position(|share| {
                at -= share;
                at < 0.0
            });
            set.tally.counts[cell.unwrap_or(8)] += 1;
        }
    }
    sets
}

/// Three classes, of which one is rare.
const POPULATION: [f64; 9] = [0.42, 0.05, 0.01, 0.06, 0.31, 0.03, 0.01, 0.02, 0.09];

fn share(hits: impl IntoIterator<Item = bool>) -> f64 {
    let hits: Vec<bool> = hits.into_iter().collect();
    hits.iter().filter(|hit| **hit).count() as f64 / hits.len() as f64
}

/// Of 1000 data sets 950 should; the standard deviation of that is 7. Every set has replicates of its own,
/// or all intervals would be off by the same quantiles.
fn covers<M: Metric>(metric: impl Fn(u64) -> M, sets: &[SummaryOf<M>], truth: f64, what: &str) {
    let covered = share((0..).zip(sets).map(|(seed, set)| {
        let value = metric(seed).finalize(set).expect("there is data");
        let estimate = value.estimate().expect("a number");
        estimate.lower <= truth && truth <= estimate.upper
    }));
    println!("{what}: {covered}");
    assert!((0.93..=0.97).contains(&covered), "{what} covers {covered}");
}

#[test]
fn nominal_intervals_contain_the_true_value_as_often_as_they_say() {
    let sets = samples(POPULATION, 400, 1000);
    let mut population = sets[0].clone();
    let counts = POPULATION.map(|share| (share * 100.0).round() as u64);
    population.tally.counts.copy_from_slice(&counts);
    let f1 = F1Score::multiclass(3);
    let truth = f1.finalize(&population).unwrap().scalar().unwrap();
    let bootstrap = |method| {
        let f1 = f1.bootstrap(800).method(method);
        move |seed| f1.clone().seed(seed)
    };
    covers(
        bootstrap(BootstrapMethod::Percentile),
        &sets,
        truth,
        "percentile",
    );
    covers(bootstrap(BootstrapMethod::Bca), &sets, truth, "BCa");
    let share = |method| {
        let accuracy = Accuracy::multiclass(3).average(Average::Micro);
        move |_| accuracy.clone().interval(0.95).method(method)
    };
    let truth = POPULATION.iter().step_by(4).sum();
    covers(share(ProportionMethod::Wilson), &sets, truth, "Wilson");
    covers(
        share(ProportionMethod::ClopperPearson),
        &sets,
        truth,
        "Clopper-Pearson",
    );
}

fn std(value: &Value) -> f64 {
    value.scalar().expect("a number")
}

#[test]
fn a_share_varies_as_a_binomial() {
    let counts = &samples(POPULATION, 2000, 1)[0];
    let accuracy = Accuracy::multiclass(3).average(Average::Micro);
    let replicates = accuracy.bootstrap(4000).replicates(counts).unwrap();
    let p = accuracy.finalize(counts).unwrap().scalar().unwrap();
    close(std(&replicates.mean()), p, 1e-3, "mean");
    close(
        std(&replicates.std()),
        (p * (1.0 - p) / 2000.0).sqrt(),
        0.05,
        "std",
    );
}

/// Rows of scores and labels that depend on each other.
fn rows(count: usize, width: usize) -> Vec<(Vec<f32>, Vec<i32>)> {
    let mut random = Random(3);
    let row = |_| {
        let common = uniform(&mut random);
        let mut scores = Vec::new();
        let labels = (0..width).map(|_| {
            let score = (common + uniform(&mut random)) / 2.0;
            // On a grid, for ties.
            scores.push((score * 32.0).round() as f32 / 32.0);
            i32::from(score + 0.4 * uniform(&mut random) > 0.7)
        });
        let labels = labels.collect();
        (scores, labels)
    };
    (0..count).map(row).collect()
}

fn labels(rows: &[&(Vec<f32>, Vec<i32>)], device: &Device) -> Multilabel {
    let shape = [rows.len(), rows[0].0.len()];
    let scores: Vec<f32> = rows.iter().flat_map(|row| row.0.clone()).collect();
    let target: Vec<i32> = rows.iter().flat_map(|row| row.1.clone()).collect();
    let scores = Tensor::<1>::from_floats(&scores[..], device).reshape(shape);
    let target = Tensor::<1, Int>::from_ints(&target[..], device).reshape(shape);
    Multilabel::from_scores(scores, target).expect("the shapes fit")
}

/// Drawing from the summary is drawing the rows.
#[test]
fn replicates_of_curves_are_those_of_rows() {
    let device = Device::flex();
    let rows = rows(150, 3);
    let all: Vec<_> = rows.iter().collect();
    let metric = Auroc::multilabel(3).average(Average::Micro);
    let mut state = metric.bootstrap(1000).state();
    state.update(&labels(&all, &device)).unwrap();
    let ours = metric
        .bootstrap(1000)
        .replicates(state.summary().unwrap())
        .unwrap();

    let mut random = Random(5);
    let naive: Vec<f64> = (0..1000)
        .map(|_| {
            let drawn: Vec<_> = rows
                .iter()
                .map(|_| &rows[random.below(rows.len())])
                .collect();
            std(&metric.evaluate(&labels(&drawn, &device)).unwrap())
        })
        .collect();
    let mean = naive.iter().sum::<f64>() / 1000.0;
    let variance = naive.iter().map(|v| (v - mean).powi(2)).sum::<f64>() / 999.0;
    close(std(&ours.mean()), mean, 3e-3, "mean");
    close(std(&ours.std()), variance.sqrt(), 0.1, "std");
}

fn binary(rows: &[(Vec<f32>, Vec<i32>)]) -> Binary {
    let device = Device::flex();
    let scores: Vec<f32> = rows.iter().map(|row| row.0[0]).collect();
    let target: Vec<i32> = rows.iter().map(|row| row.1[0]).collect();
    Binary::from_scores(
        Tensor::<1>::from_floats(&scores[..], &device),
        Tensor::<1, Int>::from_ints(&target[..], &device),
    )
    .expect("the shapes fit")
}

#[test]
fn binned_curves_vary_as_exact_ones() {
    let batch = binary(&rows(400, 1));
    let spread = |metric: &Bootstrap<Auroc<Binary>>| {
        let mut state = metric.state();
        state.update(&batch).unwrap();
        std(&metric.replicates(state.summary().unwrap()).unwrap().std())
    };
    let exact = spread(&Auroc::binary().bootstrap(2000));
    // Every score is a multiple of 1/32.
    let binned = spread(
        &Auroc::binary()
            .thresholds(Thresholds::Count(33))
            .bootstrap(2000),
    );
    close(binned, exact, 0.06, "std");
}

#[test]
fn more_rows_than_groups_have_the_same_acceleration() {
    // BCa intervals of AUROC, left out in groups, against 2500 single rows counted by threshold.
    let batch = binary(&rows(2500, 1));
    let interval = |metric: Auroc<Binary>| {
        let metric = metric.bootstrap(500).method(BootstrapMethod::Bca).seed(1);
        *metric.evaluate(&batch).unwrap().estimate().unwrap()
    };
    let exact = interval(Auroc::binary());
    let binned = interval(Auroc::binary().thresholds(Thresholds::Count(33)));
    let width = exact.upper - exact.lower;
    close(exact.value, binned.value, 1e-9, "value");
    assert!(
        (exact.lower - binned.lower).abs() < 0.15 * width,
        "{exact} {binned}"
    );
    assert!(
        (exact.upper - binned.upper).abs() < 0.15 * width,
        "{exact} {binned}"
    );
}

#[test]
fn a_bootstrap_is_a_metric_of_a_collection() {
    let device = Device::flex();
    let target: Vec<i32> = (0..60).map(|i| i % 3).collect();
    let pred: Vec<i32> = (0..60)
        .map(|i| if i % 7 == 0 { 0 } else { i % 3 })
        .collect();
    let labels = |list: &[i32]| Tensor::<1, Int>::from_ints(list, &device);
    let batch = Multiclass::from_labels(labels(&pred), labels(&target)).unwrap();
    let accuracy = Accuracy::multiclass(3).average(Average::Micro);
    let mut metrics = MetricCollection::new()
        .with(F1Score::multiclass(3))
        .with(F1Score::multiclass(3).bootstrap(200))
        .with(accuracy.clone().interval(0.95))
        .with(accuracy.bootstrap(200).seed(4))
        .with(F1Score::multiclass(3).average(Average::None).bootstrap(10));
    assert_eq!(metrics.state_count(), 1);
    assert!(metrics.metrics()[..4].iter().all(|info| info.is_scalar));
    metrics.update(&batch).unwrap();
    let report = metrics.compute().unwrap();
    assert_eq!(metrics.reads(), 1);
    let value = report.get("f1_score_bootstrap").unwrap();
    assert_eq!(value.scalar(), report.scalar("f1_score"));
    let [a, b] = ["accuracy_micro_interval", "accuracy_micro_bootstrap"]
        .map(|name| *report.get(name).unwrap().estimate().unwrap());
    assert_eq!(a.value, b.value);
    close(a.lower, b.lower, 0.1, "lower");
    close(a.upper, b.upper, 0.1, "upper");
    let (name, why) = report.errors().next().unwrap();
    assert_eq!(name, "f1_score_per_class_bootstrap");
    assert!(why.contains("`estimates`"), "{why}");

    // As text, and there and back.
    let text = value.to_string();
    assert!(report.to_string().contains(&text), "{report}");
    let escaped = text.replace('[', "\\[").replace(']', "\\]");
    assert!(
        report.to_markdown().contains(&escaped),
        "{}",
        report.to_markdown()
    );
    let json = serde_json::to_string(&report).unwrap();
    assert_eq!(report, serde_json::from_str(&json).unwrap());
}

#[test]
fn values_per_class_have_an_interval_each() {
    let counts = &samples(POPULATION, 500, 1)[0];
    let metric = F1Score::multiclass(3).average(Average::None);
    let values = metric.finalize(counts).unwrap();
    for method in [BootstrapMethod::Percentile, BootstrapMethod::Bca] {
        let estimates = metric
            .bootstrap(300)
            .method(method)
            .estimates(counts)
            .unwrap();
        assert_eq!(estimates.len(), 3);
        for (estimate, value) in estimates.iter().zip(values.per_class().unwrap()) {
            assert_eq!(estimate.value, *value);
            assert!(
                estimate.lower < *value && *value < estimate.upper,
                "{estimate}"
            );
        }
    }
    let replicates = metric.bootstrap(300).replicates(counts).unwrap();
    assert_eq!(replicates.std().per_class().unwrap().len(), 3);
    assert!(replicates.raw().iter().all(|list| list.len() == 300));
    let shares = Accuracy::multiclass(3).average(Average::None).interval(0.9);
    assert_eq!(shares.estimates(counts).unwrap().len(), 3);
}

fn is_invalid<T: std::fmt::Debug>(outcome: Result<T, MetricError>, what: &str) {
    match outcome {
        Err(MetricError::InvalidOption(why)) => assert!(why.contains(what), "{why}"),
        other => panic!("{what}: {other:?}"),
    }
}

#[test]
fn what_has_no_interval_says_so() {
    let counts = &samples(POPULATION, 50, 1)[0];
    let f1 = F1Score::multiclass(3);
    is_invalid(f1.bootstrap(0).finalize(counts), "needs replicates");
    for level in [0.0, 1.0, -0.5, f64::NAN] {
        is_invalid(f1.bootstrap(10).level(level).finalize(counts), "level");
        let accuracy = Accuracy::multiclass(3).average(Average::Micro);
        is_invalid(accuracy.interval(level).finalize(counts), "level");
        is_invalid(ProportionMethod::Wilson.interval(1, 2, level), "level");
    }
    is_invalid(ProportionMethod::Wilson.interval(3, 2, 0.9), "3 of 2");
    let matrix = ConfusionMatrix::multiclass(3).bootstrap(10);
    is_invalid(matrix.finalize(counts), "only numbers");
    is_invalid(
        Accuracy::multiclass(3).interval(0.9).finalize(counts),
        "every element",
    );
    let micro = metrics_core::classification::Specificity::multiclass(3).average(Average::Micro);
    is_invalid(micro.interval(0.9).finalize(counts), "every element");
    let empty = f1.bootstrap(10).accumulator().empty();
    assert!(matches!(
        f1.bootstrap(10).finalize(&empty),
        Err(MetricError::Empty { .. })
    ));

    // Margins do not say which elements they are of.
    let mut margins = f1.state();
    let device = Device::flex();
    let classes = || Tensor::<1, Int>::from_ints([0, 1, 2], &device);
    margins
        .update(&Multiclass::from_labels(classes(), classes()).unwrap())
        .unwrap();
    is_invalid(
        f1.bootstrap(10).finalize(margins.summary().unwrap()),
        "margins",
    );

    // Labels of a row depend on each other.
    let rows = rows(20, 3);
    let batch = labels(&rows.iter().collect::<Vec<_>>(), &device);
    let micro = Accuracy::multilabel(3)
        .average(Average::Micro)
        .interval(0.9);
    is_invalid(micro.evaluate(&batch), "every element");
    let binned = Auroc::multilabel(3)
        .thresholds(Thresholds::Count(5))
        .bootstrap(10);
    is_invalid(binned.evaluate(&batch), "depend on each other");
}

fn values(seed: u64, count: usize) -> Vec<f32> {
    let mut random = Random(seed);
    (0..count).map(|_| uniform(&mut random) as f32).collect()
}

fn batch(values: &[f32]) -> Values {
    Values::new(Tensor::<1>::from_floats(values, &Device::flex()))
}

#[test]
fn a_poisson_bootstrap_knows_the_standard_error_of_a_mean() {
    let values = values(11, 400);
    let mean = values.iter().map(|v| *v as f64).sum::<f64>() / 400.0;
    let squares: f64 = values.iter().map(|v| (*v as f64 - mean).powi(2)).sum();
    let mut bootstrap = PoissonBootstrap::new(Mean::new(), 1500).unwrap();
    for part in values.chunks(150) {
        bootstrap.update(&batch(part)).unwrap();
    }
    let replicates = bootstrap.replicates().unwrap();
    close(std(&replicates.mean()), mean, 5e-3, "mean");
    close(
        std(&replicates.std()),
        (squares / 400.0).sqrt() / 20.0,
        0.08,
        "std",
    );
    let value = bootstrap.compute().unwrap();
    close(value.scalar().unwrap(), mean, 1e-6, "value");
    let estimate = value.estimate().unwrap();
    close(
        estimate.upper - estimate.lower,
        2.0 * 1.96 * std(&replicates.std()),
        0.1,
        "width",
    );

    // The same again, and others for another seed.
    bootstrap.reset();
    assert!(matches!(
        bootstrap.compute(),
        Err(MetricError::Empty { .. })
    ));
    values
        .chunks(150)
        .for_each(|part| bootstrap.update(&batch(part)).unwrap());
    assert_eq!(bootstrap.compute().unwrap(), value);
    let mut other = PoissonBootstrap::new(Mean::new(), 1500).unwrap().seed(1);
    other.update(&batch(&values)).unwrap();
    assert_ne!(other.compute().unwrap(), value);
}

#[test]
fn own_weights_are_multiplied() {
    // Rows of weight 0 do not matter, whatever is drawn for them.
    let tensor = |list: &[f32]| Tensor::<1>::from_floats(list, &Device::flex());
    let weighted = Values::weighted(
        tensor(&[1.0, 1.0, 1.0, 99.0]),
        tensor(&[0.5, 2.0, 1.0, 0.0]),
    );
    let mut bootstrap = PoissonBootstrap::new(Mean::new(), 50).unwrap();
    bootstrap.update(&weighted.unwrap()).unwrap();
    let replicates = bootstrap.replicates().unwrap();
    assert!(
        replicates.raw()[0]
            .iter()
            .all(|mean| mean.is_nan() || *mean == 1.0)
    );
}

#[test]
fn a_poisson_bootstrap_refuses_what_it_cannot_weigh() {
    let refused = PoissonBootstrap::new(Max::new(), 10).unwrap_err();
    assert!(
        matches!(refused, MetricError::WeightsUnsupported { .. }),
        "{refused}"
    );
    is_invalid(PoissonBootstrap::new(Mean::new(), 0), "needs replicates");
    let mut bootstrap = PoissonBootstrap::new(Mean::new(), 10).unwrap();
    bootstrap.update(&batch(&[])).unwrap();
    assert!(matches!(
        bootstrap.compute(),
        Err(MetricError::Empty { .. })
    ));
    bootstrap.update(&batch(&[1.0, f32::NAN])).unwrap();
    assert!(matches!(
        bootstrap.compute(),
        Err(MetricError::InvalidData(_))
    ));
    let mut bootstrap = bootstrap.validation(Validation::Ignore);
    assert_eq!(bootstrap.compute().unwrap().scalar(), Some(1.0));
    is_invalid(bootstrap.level(2.0).compute(), "level");
}

#[test]
fn every_batch_can_be_reweighted() {
    use metrics_core::intervals::Reweighted;
    fn check<B: Reweighted>(batch: B, rows: usize, weights: impl Fn(&B) -> Option<Tensor<1>>) {
        let device = batch.device().unwrap();
        assert_eq!(batch.rows(), rows);
        let draws: Vec<f32> = (0..rows).map(|i| i as f32).collect();
        let draws = || Tensor::<1>::from_floats(&draws[..], &device);
        let once = batch.reweighted(draws()).unwrap();
        let twice = once.reweighted(draws()).unwrap();
        let found = weights(&twice).expect("it has weights").into_data();
        let squares: Vec<f32> = (0..rows).map(|i| (i * i) as f32).collect();
        assert_eq!(found.try_to_vec::<f32>().unwrap(), squares);
        let wrong = batch.reweighted(Tensor::zeros([rows + 1], &device));
        assert!(matches!(wrong, Err(MetricError::ShapeMismatch { .. })));
    }
    let device = Device::flex();
    let rows = rows(4, 3);
    check(binary(&rows), 4, |batch| batch.weights().cloned());
    check(
        labels(&rows.iter().collect::<Vec<_>>(), &device),
        4,
        |batch| batch.weights().cloned(),
    );
    let classes = || Tensor::<1, Int>::from_ints([0, 1, 2], &device);
    let multiclass = Multiclass::from_labels(classes(), classes()).unwrap();
    check(multiclass, 3, |batch| batch.weights().cloned());
    let numbers = || Tensor::<2>::from_floats([[1.0, 2.0], [3.0, 4.0]], &device);
    let regression = Regression::multi_output(numbers(), numbers()).unwrap();
    check(regression, 2, |batch| batch.weights().cloned());
    check(batch(&[1.0, 2.0, 3.0]), 3, |batch| batch.weights().cloned());
    // Until regression takes weights.
    let refused = PoissonBootstrap::new(MeanSquaredError::new(), 10);
    let outcome = refused.and_then(|mut bootstrap| {
        bootstrap.update(&Regression::new(numbers(), numbers())?)?;
        bootstrap.compute()
    });
    match outcome {
        Err(MetricError::WeightsUnsupported { .. }) => {}
        Ok(value) => assert_eq!(value.scalar(), Some(0.0)),
        Err(error) => panic!("{error}"),
    }
}
