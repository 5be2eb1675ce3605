//! From what a model's step returns to the batches of metrics.

use burn::{
    tensor::{Int, Tensor},
    train::{
        ClassificationOutput, MultiLabelClassificationOutput, RegressionOutput, SequenceOutput,
        metric::Adaptor,
    },
};
use metrics_core::{
    Batch, MetricError, ScoreKind,
    batch::{Binary, Multiclass, Multilabel, Regression, Values},
};

/// What the plugin takes from a step: a batch, or the reason why the output makes none; and the loss, if the
/// output has one.
///
/// Burn's own outputs adapt as they are: [`ClassificationOutput`] to [`Multiclass`], to [`Binary`]
/// (one output per element) and to [`Values`] (the loss); [`MultiLabelClassificationOutput`] to
/// [`Multilabel`] and [`Values`]; [`RegressionOutput`] to [`Regression`] and [`Values`]; [`SequenceOutput`] to
/// [`Multiclass`], with an element for each token. A loss that is the mean of a batch weighs as much as the batch
/// has rows. For an output of your own, implement `Adaptor<MetricInput<..>>`, and `ItemLazy`, which Burn asks of
/// every output:
///
/// ```
/// use burn::{
///     tensor::{ExecutionError, Int, Tensor},
///     train::{ItemLazy, metric::Adaptor},
/// };
/// use metrics_burn::{Loss, MetricInput};
/// use metrics_core::batch::Multiclass;
///
/// struct MyOutput {
///     loss: Tensor<1>,
///     logits: Tensor<2>,
///     labels: Tensor<1, Int>,
/// }
///
/// impl ItemLazy for MyOutput {
///     fn sync(self) -> Result<Self, ExecutionError> {
///         self.loss.device().flush()?;
///         Ok(Self {
///             loss: self.loss.without_autodiff(),
///             logits: self.logits.without_autodiff(),
///             labels: self.labels.without_autodiff(),
///         })
///     }
/// }
///
/// impl Adaptor<MetricInput<Multiclass>> for MyOutput {
///     fn adapt(&self) -> MetricInput<Multiclass> {
///         let batch = Multiclass::from_scores(self.logits.clone(), self.labels.clone());
///         let [rows, _] = self.logits.dims();
///         MetricInput::from(batch).with_loss(Loss::new(self.loss.clone(), rows))
///     }
/// }
/// ```
#[derive(Debug, Clone)]
pub struct MetricInput<B> {
    pub(crate) batch: Result<B, MetricError>,
    pub(crate) loss: Option<Loss>,
}

impl<B> MetricInput<B> {
    /// Adds the loss, for [`LearnerMetricsBuilder::loss`](crate::LearnerMetricsBuilder::loss).
    pub fn with_loss(mut self, loss: Loss) -> Self {
        self.loss = Some(loss);
        self
    }

    /// The batch, or why there is none.
    pub fn batch(&self) -> Result<&B, &MetricError> {
        self.batch.as_ref()
    }
}

impl<B> From<Result<B, MetricError>> for MetricInput<B> {
    fn from(batch: Result<B, MetricError>) -> Self {
        Self { batch, loss: None }
    }
}

impl<B> From<B> for MetricInput<B> {
    fn from(batch: B) -> Self {
        Self::from(Ok(batch))
    }
}

/// A batch whose predictions can be scores, of which [`LearnerMetricsBuilder::scores`](crate::LearnerMetricsBuilder::scores)
/// says what they are.
pub trait ScoredBatch: Batch {
    /// The batch with scores of a kind.
    ///
    /// # Errors
    /// [`MetricError::InvalidOption`] if its predictions are labels, which have no kind.
    fn with_score_kind(self, kind: ScoreKind) -> Result<Self, MetricError>;
}

macro_rules! scored_batch {
    ($($batch:ident)*) => {$(
        impl ScoredBatch for $batch {
            fn with_score_kind(self, kind: ScoreKind) -> Result<Self, MetricError> {
                if self.scores().is_some() {
                    return Ok(self.score_kind(kind));
                }
                Err(MetricError::InvalidOption(format!(
                    concat!(
                        "`scores(ScoreKind::{:?})`: a `", stringify!($batch), "` batch has predicted labels; leave the \
                         option out, or make the batch `from_scores`"
                    ),
                    kind
                )))
            }
        }
    )*};
}

scored_batch!(Binary Multiclass Multilabel);

/// The loss of a step, with the rows that it is a loss of.
#[derive(Debug, Clone)]
pub struct Loss {
    values: Tensor<1>,
    rows: usize,
    /// The targets of a sequence model, some of which are padding.
    tokens: Option<Tensor<1, Int>>,
}

impl Loss {
    /// A loss of `rows` rows: their mean, as losses are by default, or one number for each row.
    pub fn new(loss: Tensor<1>, rows: usize) -> Self {
        Self {
            values: loss,
            rows,
            tokens: None,
        }
    }

    /// A loss of tokens: the mean over those that are not padding, or one number for each token. The mean weighs as
    /// much as there are targets other than [`pad_token`](crate::LearnerMetricsBuilder::pad_token).
    pub fn of_tokens<const D: usize>(loss: Tensor<1>, targets: Tensor<D, Int>) -> Self {
        let rows = targets.shape().num_elements();
        Self {
            values: loss,
            rows,
            tokens: Some(targets.reshape([rows])),
        }
    }

    /// The loss with its weights. Reads nothing.
    pub(crate) fn weighted(&self, pad: Option<i64>) -> Result<Values, MetricError> {
        let (values, rows) = (self.values.clone(), self.rows);
        let [n] = values.dims();
        let device = values.device().without_autodiff();
        if rows == 0 || n == 0 {
            // A mean of no rows is NaN, and counts for nothing.
            let none = Tensor::<1>::zeros([1], &device);
            return Values::weighted(none.clone(), none);
        }
        let counted = self.tokens.clone().zip(pad).map(|(tokens, pad)| {
            let tokens = tokens.without_autodiff();
            tokens.not_equal_elem(pad).float()
        });
        let weights = match counted {
            Some(counted) if n == rows => counted,
            Some(counted) => (counted.sum() / n as f64).expand([n]),
            None if n == rows => return Ok(Values::new(values)),
            None => Tensor::full([n], rows as f64 / n as f64, &device),
        };
        Values::weighted(values.without_autodiff(), weights)
    }
}

/// Of a mean, its weight is the number of rows.
fn loss_of(loss: Loss) -> MetricInput<Values> {
    MetricInput::from(loss.weighted(None)).with_loss(loss)
}

fn classification_loss(output: &ClassificationOutput) -> Loss {
    Loss::new(output.loss.clone(), output.targets.dims()[0])
}

impl Adaptor<MetricInput<Multiclass>> for ClassificationOutput {
    fn adapt(&self) -> MetricInput<Multiclass> {
        let batch = Multiclass::from_scores(self.output.clone(), self.targets.clone());
        MetricInput::from(batch).with_loss(classification_loss(self))
    }
}

impl Adaptor<MetricInput<Binary>> for ClassificationOutput {
    fn adapt(&self) -> MetricInput<Binary> {
        let [rows, outputs] = self.output.dims();
        let batch = if outputs == 1 {
            let targets = self.targets.clone();
            let n = targets.dims()[0];
            Binary::from_scores(self.output.clone(), targets.reshape([n, 1]))
        } else {
            Err(MetricError::ShapeMismatch {
                left_name: "the output of the model",
                left: vec![rows, outputs],
                right_name: "a `Binary` batch",
                right: vec![rows, 1],
                hint: ": it has one score for each element. For a model with two logits take a collection over \
                       `Multiclass`, with binary metrics `.on(&Task::two_logits())`",
            })
        };
        MetricInput::from(batch).with_loss(classification_loss(self))
    }
}

impl Adaptor<MetricInput<Values>> for ClassificationOutput {
    fn adapt(&self) -> MetricInput<Values> {
        loss_of(classification_loss(self))
    }
}

impl Adaptor<MetricInput<Multiclass>> for SequenceOutput {
    fn adapt(&self) -> MetricInput<Multiclass> {
        let targets = self.targets.clone();
        let batch = Multiclass::from_tokens(self.logits.clone(), targets.clone());
        MetricInput::from(batch).with_loss(Loss::of_tokens(self.loss.clone(), targets))
    }
}

fn multilabel_loss(output: &MultiLabelClassificationOutput) -> Loss {
    Loss::new(output.loss.clone(), output.targets.dims()[0])
}

impl Adaptor<MetricInput<Multilabel>> for MultiLabelClassificationOutput {
    fn adapt(&self) -> MetricInput<Multilabel> {
        let batch = Multilabel::from_scores(self.output.clone(), self.targets.clone());
        MetricInput::from(batch).with_loss(multilabel_loss(self))
    }
}

impl Adaptor<MetricInput<Values>> for MultiLabelClassificationOutput {
    fn adapt(&self) -> MetricInput<Values> {
        loss_of(multilabel_loss(self))
    }
}

fn regression_loss(output: &RegressionOutput) -> Loss {
    Loss::new(output.loss.clone(), output.targets.dims()[0])
}

impl Adaptor<MetricInput<Regression>> for RegressionOutput {
    fn adapt(&self) -> MetricInput<Regression> {
        let batch = Regression::multi_output(self.output.clone(), self.targets.clone());
        MetricInput::from(batch).with_loss(regression_loss(self))
    }
}

impl Adaptor<MetricInput<Values>> for RegressionOutput {
    fn adapt(&self) -> MetricInput<Values> {
        loss_of(regression_loss(self))
    }
}
