//! A plugin is told what the scores of Burn's outputs are (row 12 of the faults).

use burn::{
    module::{Module, Param},
    optim::{GradientsParams, SgdConfig},
    tensor::{Device, Int, Tensor},
    train::{
        ClassificationOutput, InferenceStep, Learner, LearnerModel, MultiLabelClassificationOutput,
        SupervisedTraining, TrainOutput, TrainStep, metric::Adaptor, renderer::CliMetricsRenderer,
    },
};
use metrics_burn::{LearnerMetrics, MetricInput, ScoredBatch, SplitKind};
use metrics_core::{
    Batch, MetricCollection, ReportEntry, ScoreKind,
    batch::{Binary, Multiclass, Multilabel},
    classification::Auroc,
};
use metrics_tests::{devices, training::GivenSteps};

/// Scores `[N, C]` and targets `[N, 1]` or `[N, C]`.
type Step = (Tensor<2>, Tensor<2, Int>);

/// A model whose scores are given.
macro_rules! given {
    ($model:ident, $output:ty, $make:expr) => {
        #[derive(Module, Debug)]
        struct $model {
            weight: Param<Tensor<1>>,
        }

        impl $model {
            fn new(device: &Device) -> Self {
                let weight = Tensor::zeros([1], &device.clone().autodiff());
                Self {
                    weight: Param::from_tensor(weight),
                }
            }
        }

        impl TrainStep for $model {
            type Input = Step;
            type Output = $output;
            fn step(&self, step: Step) -> TrainOutput<$output> {
                TrainOutput {
                    grads: GradientsParams::new(),
                    item: InferenceStep::step(self, step),
                }
            }
        }

        impl InferenceStep for $model {
            type Input = Step;
            type Output = $output;
            fn step(&self, (scores, targets): Step) -> $output {
                let loss = Tensor::<1>::zeros([1], &scores.device());
                $make(loss, scores, targets)
            }
        }
    };
}

given!(Classes, ClassificationOutput, |loss, scores, targets| {
    ClassificationOutput::new(loss, scores, Tensor::flatten(targets, 0, 1))
});
given!(
    Labels,
    MultiLabelClassificationOutput,
    MultiLabelClassificationOutput::new
);

/// What a training says of the first metric.
fn trained<M, B: Batch>(model: M, steps: &[Step], metrics: LearnerMetrics<B>) -> ReportEntry
where
    M: LearnerModel + TrainStep<Input = Step> + InferenceStep<Input = Step>,
    <M as TrainStep>::Output: Adaptor<MetricInput<B>>,
    <M as InferenceStep>::Output: Adaptor<MetricInput<B>>,
{
    let dir = tempfile::tempdir().unwrap();
    let loader = || GivenSteps::loader(steps);
    let result = SupervisedTraining::new(dir.path(), loader(), loader())
        .metrics(metrics.clone())
        .renderer(Box::new(CliMetricsRenderer::new()))
        .with_application_logger(None)
        .num_epochs(1)
        .launch(Learner::new(model, SgdConfig::new().init(), 0.5));
    assert!(result.error.is_none() && result.interrupted.is_none());
    let report = |kind| metrics.results().epoch(kind, 1).unwrap().report.entries[0].clone();
    let (train, valid) = (report(SplitKind::Train), report(SplitKind::Valid));
    assert_eq!(train.text(), valid.text());
    valid
}

/// A batch that looks like logits, and one of logits that looks like probabilities.
fn steps<const C: usize>(device: &Device, row: impl Fn(f32) -> [f32; C]) -> Vec<Step> {
    let batches = [([2.0, -1.0], [1, 0]), ([0.9, 0.95], [0, 0])];
    let step = |(scores, targets): ([f32; 2], [i32; 2])| {
        let targets = Tensor::<1, Int>::from_ints(targets, device).reshape([2, 1]);
        (Tensor::from_floats(scores.map(&row), device), targets)
    };
    batches.map(step).to_vec()
}

/// The area with each kind: 1 of logits; the others say what is wrong.
fn check<M, B: ScoredBatch>(
    what: &str,
    model: impl Fn() -> M,
    steps: &[Step],
    collection: MetricCollection<B>,
) where
    M: LearnerModel + TrainStep<Input = Step> + InferenceStep<Input = Step>,
    <M as TrainStep>::Output: Adaptor<MetricInput<B>>,
    <M as InferenceStep>::Output: Adaptor<MetricInput<B>>,
{
    let builder = || LearnerMetrics::builder(collection.fresh());
    let told = |kind| trained(model(), steps, builder().scores(kind).build().unwrap());
    let untold = trained(model(), steps, builder().build().unwrap());
    let error = untold.error.unwrap();
    assert!(
        error.contains("LearnerMetricsBuilder::scores"),
        "{what}: {error}"
    );
    assert_eq!(told(ScoreKind::Auto).error, Some(error), "{what}");
    let logits = told(ScoreKind::Logits);
    assert_eq!(logits.value.unwrap().scalar(), Some(1.0), "{what}");
    let error = told(ScoreKind::Probabilities).error.unwrap();
    assert!(error.contains("invalid"), "{what}: {error}");
}

#[test]
fn burns_outputs_can_be_told_what_their_scores_are() {
    for (name, device) in devices() {
        let model = || Classes::new(&device);
        let binary = MetricCollection::<Binary>::new().with(Auroc::binary());
        let one = steps(&device, |x| [x]);
        check(&format!("{name}, binary"), model, &one, binary);
        let multiclass = MetricCollection::<Multiclass>::new().with(Auroc::multiclass(2));
        let two = steps(&device, |x| [0.0, x]);
        check(&format!("{name}, multiclass"), model, &two, multiclass);
        let multilabel = MetricCollection::<Multilabel>::new().with(Auroc::multilabel(2));
        let both = steps(&device, |x| [x, x]);
        let both: Vec<_> = (both.into_iter())
            .map(|(scores, targets)| (scores, targets.repeat_dim(1, 2)))
            .collect();
        let model = || Labels::new(&device);
        check(&format!("{name}, multilabel"), model, &both, multilabel);
    }
}

#[test]
fn labels_have_no_kind() {
    let device = devices().remove(0).1;
    let ints = || Tensor::<1, Int>::from_ints([0, 1], &device);
    let labels = || ints().reshape([1, 2]);
    let refused = [
        Binary::from_labels(ints(), ints())
            .unwrap()
            .with_score_kind(ScoreKind::Logits)
            .map(drop),
        Multiclass::from_labels(ints(), ints())
            .unwrap()
            .with_score_kind(ScoreKind::Logits)
            .map(drop),
        Multilabel::from_labels(labels(), labels())
            .unwrap()
            .with_score_kind(ScoreKind::Logits)
            .map(drop),
    ];
    for (result, batch) in refused
        .into_iter()
        .zip(["Binary", "Multiclass", "Multilabel"])
    {
        let error = result.unwrap_err().to_string();
        for part in [batch, "scores(ScoreKind::Logits)", "predicted labels"] {
            assert!(error.contains(part), "{error}");
        }
    }
}
