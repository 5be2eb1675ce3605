//! How a plugin gets into Burn's builders.

use crate::{
    LearnerMetrics, MetricInput, SplitKind,
    plan::Shows,
    view::{Follows, Leads, View},
    watch::Watch,
};
use burn::train::{
    EvalMetricRegistration, EvaluatorBuilder, EvaluatorComponentTypes, InferenceStep, LearnerModel,
    MetricRegistration, SupervisedTraining, TrainStep, metric::Adaptor,
};
use metrics_core::Batch;
use std::sync::Arc;

/// Registers the views of one split. Text metrics come first, since Burn calls them first, and
/// the first view leads.
fn register<B: Batch, T>(
    metrics: &LearnerMetrics<B>,
    kind: SplitKind,
    watch: Watch,
    mut builder: T,
    add: &impl AddView<B, T>,
) -> T {
    let state = metrics.begin(kind, watch);
    let all: Vec<_> = (metrics.plan(kind).metrics.iter().cloned().map(Arc::new)).collect();
    let (numbers, texts): (Vec<_>, Vec<_>) = all.iter().partition(|m| m.info.is_scalar);
    // Numbers first, so that Burn's display opens with a plot; of the two lists Burn calls the
    // texts first.
    let mut text_leads = texts.iter().any(|planned| !planned.names.is_empty());
    let mut leads = !text_leads;
    for planned in numbers.into_iter().chain(texts) {
        for (name, shows) in planned.names.clone() {
            let leading = || View::new(&state, planned, name.clone(), shows);
            let following = || View::new(&state, planned, name.clone(), shows);
            builder = match planned.info.is_scalar {
                true if std::mem::take(&mut leads) => add.leading_number(builder, leading()),
                true => add.number(builder, following()),
                false if std::mem::take(&mut text_leads) => add.leading_text(builder, leading()),
                false => add.text(builder, following()),
            };
        }
    }
    let shown = all.iter().any(|planned| !planned.names.is_empty());
    if !shown && let Some(planned) = all.first() {
        // Nothing is shown, but the results are to fill all the same.
        let silent = View::new(&state, planned, "metrics".into(), Shows::Nothing);
        builder = add.leading_text(builder, silent);
    }
    builder
}

/// The four ways a builder of Burn takes a view.
trait AddView<B: Batch, T> {
    fn leading_number(&self, builder: T, view: View<B, Leads>) -> T;
    fn leading_text(&self, builder: T, view: View<B, Leads>) -> T;
    fn number(&self, builder: T, view: View<B, Follows>) -> T;
    fn text(&self, builder: T, view: View<B, Follows>) -> T;
}

struct ToTrain;
struct ToValid;
struct ToTest;

/// The ways of one builder: which of its methods take numbers and texts. The outputs adapt to `()`
/// for every type; the bound only says so where the other bound would hide it.
macro_rules! add_view {
    ($to:ty, $builder:ty, <$g:ident: $bound:path>, $output:ty, $number:ident, $text:ident) => {
        impl<B: Batch, $g: $bound> AddView<B, $builder> for $to
        where
            $output: Adaptor<MetricInput<B>> + Adaptor<()>,
        {
            fn leading_number(&self, builder: $builder, view: View<B, Leads>) -> $builder {
                builder.$number(view)
            }
            fn leading_text(&self, builder: $builder, view: View<B, Leads>) -> $builder {
                builder.$text(view)
            }
            fn number(&self, builder: $builder, view: View<B, Follows>) -> $builder {
                builder.$number(view)
            }
            fn text(&self, builder: $builder, view: View<B, Follows>) -> $builder {
                builder.$text(view)
            }
        }
    };
}

add_view!(
    ToTrain, SupervisedTraining<M>, <M: LearnerModel>, <M as TrainStep>::Output,
    metric_train_numeric, metric_train
);
add_view!(
    ToValid, SupervisedTraining<M>, <M: LearnerModel>, <M as InferenceStep>::Output,
    metric_valid_numeric, metric_valid
);
add_view!(
    ToTest, EvaluatorBuilder<EC>, <EC: EvaluatorComponentTypes>, <EC::Model as InferenceStep>::Output,
    metric_numeric, metric
);

impl<B: Batch, M: LearnerModel> MetricRegistration<M> for LearnerMetrics<B>
where
    <M as TrainStep>::Output: Adaptor<MetricInput<B>>,
    <M as InferenceStep>::Output: Adaptor<MetricInput<B>>,
{
    fn register(self, builder: SupervisedTraining<M>) -> SupervisedTraining<M> {
        let interrupter = builder.interrupter();
        let watch = self
            .watch()
            .of_training(move |reason| interrupter.stop(Some(reason)));
        let builder = register(&self, SplitKind::Train, watch.clone(), builder, &ToTrain);
        register(&self, SplitKind::Valid, watch, builder, &ToValid)
    }
}

impl<B: Batch, EC: EvaluatorComponentTypes> EvalMetricRegistration<EC> for LearnerMetrics<B>
where
    <EC::Model as InferenceStep>::Output: Adaptor<MetricInput<B>>,
{
    fn register(self, builder: EvaluatorBuilder<EC>) -> EvaluatorBuilder<EC> {
        let watch = self.watch().of_evaluation();
        register(&self, SplitKind::Test(0), watch, builder, &ToTest)
    }
}
