//! From what a model's step returns to the batches of metrics.

use burn::train::{
    ClassificationOutput, MultiLabelClassificationOutput, RegressionOutput, metric::Adaptor,
};
use metrics_core::{
    MetricError,
    batch::{Binary, Multiclass, Multilabel, Regression, Values},
};

/// What the plugin takes from a step: a batch, or the reason why the output makes none.
///
/// Burn's own outputs adapt as they are: [`ClassificationOutput`] to [`Multiclass`], to [`Binary`]
/// (one output per element) and to [`Values`] (the loss); [`MultiLabelClassificationOutput`] to
/// [`Multilabel`] and [`Values`]; [`RegressionOutput`] to [`Regression`] and [`Values`]. For an
/// output of your own, implement `Adaptor<MetricInput<..>>`:
///
/// ```
/// use burn::{tensor::{Int, Tensor}, train::metric::Adaptor};
/// use metrics_burn::MetricInput;
/// use metrics_core::batch::Multiclass;
///
/// struct MyOutput {
///     logits: Tensor<2>,
///     labels: Tensor<1, Int>,
/// }
///
/// impl Adaptor<MetricInput<Multiclass>> for MyOutput {
///     fn adapt(&self) -> MetricInput<Multiclass> {
///         Multiclass::from_scores(self.logits.clone(), self.labels.clone()).into()
///     }
/// }
/// ```
#[derive(Debug, Clone)]
pub struct MetricInput<B>(pub Result<B, MetricError>);

impl<B> From<Result<B, MetricError>> for MetricInput<B> {
    fn from(batch: Result<B, MetricError>) -> Self {
        Self(batch)
    }
}

impl<B> From<B> for MetricInput<B> {
    fn from(batch: B) -> Self {
        Self(Ok(batch))
    }
}

impl Adaptor<MetricInput<Multiclass>> for ClassificationOutput {
    fn adapt(&self) -> MetricInput<Multiclass> {
        Multiclass::from_scores(self.output.clone(), self.targets.clone()).into()
    }
}

impl Adaptor<MetricInput<Binary>> for ClassificationOutput {
    fn adapt(&self) -> MetricInput<Binary> {
        let targets = self.targets.clone();
        let n = targets.dims()[0];
        // Of another width, the shapes differ and say so.
        Binary::from_scores(self.output.clone(), targets.reshape([n, 1])).into()
    }
}

impl Adaptor<MetricInput<Values>> for ClassificationOutput {
    fn adapt(&self) -> MetricInput<Values> {
        Values::new(self.loss.clone()).into()
    }
}

impl Adaptor<MetricInput<Multilabel>> for MultiLabelClassificationOutput {
    fn adapt(&self) -> MetricInput<Multilabel> {
        Multilabel::from_scores(self.output.clone(), self.targets.clone()).into()
    }
}

impl Adaptor<MetricInput<Values>> for MultiLabelClassificationOutput {
    fn adapt(&self) -> MetricInput<Values> {
        Values::new(self.loss.clone()).into()
    }
}

impl Adaptor<MetricInput<Regression>> for RegressionOutput {
    fn adapt(&self) -> MetricInput<Regression> {
        Regression::multi_output(self.output.clone(), self.targets.clone()).into()
    }
}

impl Adaptor<MetricInput<Values>> for RegressionOutput {
    fn adapt(&self) -> MetricInput<Values> {
        Values::new(self.loss.clone()).into()
    }
}
