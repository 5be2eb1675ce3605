use crate::{
    Accumulator, Batch, BatchOf, Delta, HostDelta, Identity, Metric, MetricError, ScoreKind,
    SummaryOf, Value,
    batch::{Binary, Multiclass, Regression},
    framework::state::fits,
};
use burn::tensor::{DType, Device, Tensor};
use serde_json::json;
use std::{fmt, sync::Arc};

type Make<B, C> = dyn Fn(&B) -> Result<C, MetricError> + Send + Sync;

/// How to make a batch of type `C` from a batch of type `B`: one task of a multi-task model, or a change of
/// what a metric gets. [`Metric::on`] makes a metric over `B` from a metric over `C`.
///
/// Clones of a task are equal; two tasks are not, because closures cannot be compared. Metrics on one task
/// share one state if their accumulators are equal. If the batch has a [memo](crate::batch::Memo), as the
/// batches of this crate have, the task makes one batch, however many metrics use it. If the
/// closure fails, `update` returns its error and changes no state. `update` fails, too, if the batch has weights and
/// the batch that the closure makes has none.
///
/// A metric's name is the task's name, `_` and its own name. If the task's name is empty, it is the metric's own
/// name. A saved state knows the task by its name.
///
/// Reference: TorchMetrics 1.9.0 `MultitaskWrapper`, `LambdaInputTransformer` and
/// `BinaryTargetTransformer` (see [`binary_target`](Self::binary_target)).
///
/// Two tasks of one model, the example of `MultitaskWrapper`:
///
/// ```
/// use metrics_core::{
///     Batch, Metric, MetricCollection,
///     batch::{Binary, Memo, Regression},
///     classification::Accuracy, regression::MeanSquaredError, wrappers::Task,
/// };
/// use burn::tensor::{Device, Int, Tensor};
///
/// #[derive(Clone)]
/// struct Output {
///     classification: Binary,
///     regression: Regression,
///     memo: Memo,
/// }
///
/// impl Batch for Output {
///     fn device(&self) -> Option<Device> {
///         Some(self.regression.device())
///     }
///     fn count_bound(&self) -> usize {
///         self.regression.count_bound()
///     }
///     fn memo(&self) -> Option<&Memo> {
///         Some(&self.memo)
///     }
/// }
///
/// let classification = Task::new("classification", |b: &Output| Ok(b.classification.clone()));
/// let regression = Task::new("regression", |b: &Output| Ok(b.regression.clone()));
/// let mut metrics = MetricCollection::new()
///     .with(Accuracy::binary().on(&classification))
///     .with(MeanSquaredError::new().on(&regression));
///
/// let device = Device::default();
/// let ints = |values: [i32; 3]| Tensor::<1, Int>::from_ints(values, &device);
/// let floats = |values: [f32; 3]| Tensor::<1>::from_floats(values, &device);
/// metrics.update(&Output {
///     classification: Binary::from_labels(ints([0, 0, 1]), ints([0, 1, 0]))?,
///     regression: Regression::new(floats([3.0, 5.0, 2.5]), floats([2.5, 5.0, 4.0]))?,
///     memo: Memo::default(),
/// })?;
/// let report = metrics.compute()?;
/// assert_eq!(report.scalar("classification_accuracy"), Some(1.0 / 3.0));
/// assert_eq!(report.scalar("regression_mean_squared_error"), Some(2.5 / 3.0));
/// # Ok::<(), metrics_core::MetricError>(())
/// ```
pub struct Task<B, C>(Arc<Inner<B, C>>);

struct Inner<B, C> {
    name: String,
    /// The name by which a saved state knows the task.
    identity: String,
    make: Box<Make<B, C>>,
}

impl<B: Batch, C: Batch> Task<B, C> {
    /// A task from a closure that makes the batch, on the device of its input and without reading.
    pub fn new(
        name: impl Into<String>,
        make: impl Fn(&B) -> Result<C, MetricError> + Send + Sync + 'static,
    ) -> Self {
        let name = name.into();
        Self::identified(name.clone(), name, make)
    }

    fn identified(
        name: String,
        identity: String,
        make: impl Fn(&B) -> Result<C, MetricError> + Send + Sync + 'static,
    ) -> Self {
        Self(Arc::new(Inner {
            name,
            identity,
            make: Box::new(make),
        }))
    }

    /// The name.
    pub fn name(&self) -> &str {
        &self.0.name
    }

    /// The task's batch, from the memo if it is there.
    fn batch(&self, batch: &B) -> Result<Arc<C>, MetricError> {
        let make = || {
            let made = (self.0.make)(batch)?;
            let device = |device: Option<Device>| device.map(Device::without_autodiff);
            match (device(made.device()), device(batch.device())) {
                // What has no device is added on the host.
                (None, _) => Ok(Arc::new(made)),
                (own, other) if own == other => Ok(Arc::new(made)),
                (own, other) => Err(MetricError::DeviceMismatch {
                    left_name: "the batch of a task",
                    left: format!("{own:?}"),
                    right_name: "the batch it is made of",
                    right: format!("{other:?}"),
                }),
            }
        };
        match batch.memo() {
            Some(memo) => memo.get_or_make(self.0.clone(), make),
            None => make(),
        }
    }
}

impl Task<Regression, Binary> {
    /// Makes targets above the threshold 1 and the others 0; predictions are scores. For metrics of
    /// yes-or-no decisions over graded targets. TorchMetrics' threshold is 0 by default. Weights stay.
    ///
    /// A NaN target is left out as an [invalid target](crate::Rejected::invalid_targets); TorchMetrics makes
    /// 0 of it. The task has no name.
    ///
    /// ```
    /// use metrics_core::{Metric, batch::Regression, classification::Accuracy, wrappers::Task};
    /// use burn::tensor::{Device, Tensor};
    ///
    /// let device = Device::default();
    /// let pred = Tensor::<1>::from_floats([0.9, 0.2, 0.7], &device);
    /// let grade = Tensor::<1>::from_floats([3.0, 1.0, 0.0], &device);
    /// let accuracy = Accuracy::binary().on(&Task::binary_target(1.0));
    /// let value = accuracy.evaluate(&Regression::new(pred, grade)?)?;
    /// assert_eq!(value.scalar(), Some(2.0 / 3.0));
    /// # Ok::<(), metrics_core::MetricError>(())
    /// ```
    pub fn binary_target(threshold: f32) -> Self {
        let identity = format!("binary_target({threshold})");
        Self::identified(String::new(), identity, move |batch: &Regression| {
            let grade = batch.target().clone();
            let label = grade.clone().greater_elem(threshold).int();
            // CubeCL's masks subtract 1 from each dimension, which panics at 0 in a debug build.
            let label = if grade.dims().contains(&0) {
                label
            } else {
                label.mask_fill(grade.is_nan(), i32::MIN)
            };
            let made = Binary::from_scores(batch.pred().clone(), label)?;
            match batch.weights() {
                Some(weights) => match batch.target().dims() {
                    // Nothing spreads over a dimension of 0.
                    [0, _] | [_, 0] => {
                        let options = (&weights.device(), DType::F32);
                        made.with_weights(Tensor::<1>::zeros([0], options))
                    }
                    [rows, outputs] => {
                        let each = weights.clone().reshape([rows, 1]).expand([rows, outputs]);
                        made.with_weights(each)
                    }
                },
                None => Ok(made),
            }
        })
    }
}

impl Task<Multiclass, Binary> {
    /// Makes one logit of two, for binary metrics of a model that has a logit for each of two classes:
    /// `x_1 - x_0`, whose sigmoid is the softmax of class 1. Scores that were declared
    /// [`Probabilities`](ScoreKind::Probabilities) count as they are: that of class 1. Weights stay.
    ///
    /// A batch without scores is refused with [`MetricError::ScoresRequired`], and one of another width with
    /// [`MetricError::WidthMismatch`]. The task has no name.
    ///
    /// ```
    /// use metrics_core::{Metric, batch::Multiclass, classification::F1Score, wrappers::Task};
    /// use burn::tensor::{Device, Int, Tensor};
    ///
    /// let device = Device::default();
    /// let logits = Tensor::<2>::from_floats([[2.0, 1.0], [-3.0, 0.5], [0.1, 0.2]], &device);
    /// let target = Tensor::<1, Int>::from_ints([0, 1, 0], &device);
    /// let f1 = F1Score::binary().on(&Task::two_logits());
    /// let value = f1.evaluate(&Multiclass::from_scores(logits, target)?)?;
    /// assert_eq!(value.scalar(), Some(2.0 / 3.0));
    /// # Ok::<(), metrics_core::MetricError>(())
    /// ```
    pub fn two_logits() -> Self {
        Self::identified(String::new(), "two_logits".into(), |batch: &Multiclass| {
            let metric = "a binary metric";
            let scores = batch.scores();
            let scores = scores.ok_or(MetricError::ScoresRequired { metric })?;
            let [n, found] = scores.dims();
            if found != 2 {
                return Err(MetricError::WidthMismatch {
                    unit: "logits",
                    expected: 2,
                    found,
                    shape: vec![n, found],
                });
            }
            let class = |i: usize| scores.clone().slice([0..n, i..i + 1]).reshape([n]);
            let (score, kind) = match batch.rows.kind {
                ScoreKind::Probabilities => (class(1), ScoreKind::Probabilities),
                _ => (class(1) - class(0), ScoreKind::Logits),
            };
            let made = Binary::from_scores(score, batch.target().clone())?.score_kind(kind);
            match batch.weights() {
                Some(weights) => made.with_weights(weights.clone()),
                None => Ok(made),
            }
        })
    }
}

impl<B, C> Clone for Task<B, C> {
    fn clone(&self) -> Self {
        Self(self.0.clone())
    }
}

impl<B, C> PartialEq for Task<B, C> {
    fn eq(&self, other: &Self) -> bool {
        Arc::ptr_eq(&self.0, &other.0)
    }
}

impl<B, C> fmt::Debug for Task<B, C> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Task").field(&self.0.identity).finish()
    }
}

/// A metric on a [`Task`], made by [`Metric::on`].
#[derive(Clone)]
pub struct Mapped<M: Metric, B: Batch> {
    metric: M,
    task: Task<B, BatchOf<M>>,
}

impl<M: Metric, B: Batch> Mapped<M, B> {
    pub(crate) fn new(metric: M, task: Task<B, BatchOf<M>>) -> Self {
        Self { metric, task }
    }
}

impl<M: Metric + fmt::Debug, B: Batch> fmt::Debug for Mapped<M, B> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Mapped")
            .field("task", &self.task)
            .field("metric", &self.metric)
            .finish()
    }
}

impl<M: Metric, B: Batch> Metric for Mapped<M, B> {
    type Accumulator = MappedAccumulator<M::Accumulator, B>;

    fn name(&self) -> String {
        match self.task.name() {
            "" => self.metric.name(),
            task => format!("{task}_{}", self.metric.name()),
        }
    }

    fn accumulator(&self) -> Self::Accumulator {
        MappedAccumulator {
            task: self.task.clone(),
            inner: self.metric.accumulator(),
        }
    }

    fn validate(&self) -> Result<(), MetricError> {
        self.metric.validate()
    }

    fn finalize(&self, summary: &SummaryOf<M>) -> Result<Value, MetricError> {
        self.metric.finalize(summary)
    }

    fn undefined(&self, summary: &SummaryOf<M>) -> usize {
        self.metric.undefined(summary)
    }

    fn options(&self) -> String {
        self.metric.options()
    }

    fn higher_is_better(&self) -> Option<bool> {
        self.metric.higher_is_better()
    }

    fn is_scalar(&self) -> bool {
        self.metric.is_scalar()
    }
}

/// An accumulator of the batches that a [`Task`] makes.
#[derive(Clone)]
pub struct MappedAccumulator<A: Accumulator, B: Batch> {
    task: Task<B, A::Batch>,
    inner: A,
}

impl<A: Accumulator, B: Batch> fmt::Debug for MappedAccumulator<A, B> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("MappedAccumulator")
            .field("task", &self.task)
            .field("inner", &self.inner)
            .finish()
    }
}

impl<A: Accumulator, B: Batch> PartialEq for MappedAccumulator<A, B> {
    fn eq(&self, other: &Self) -> bool {
        self.task == other.task && self.inner == other.inner
    }
}

impl<A: Accumulator, B: Batch> Accumulator for MappedAccumulator<A, B> {
    type Batch = B;
    type Summary = A::Summary;

    fn identity(&self) -> Identity {
        Identity::new("task", 1)
            .with(&json!({ "task": self.task.0.identity }))
            .of(self.inner.identity())
    }

    fn empty(&self) -> A::Summary {
        self.inner.empty()
    }

    fn covers(&self, other: &Self) -> bool {
        self.task == other.task && self.inner.covers(&other.inner)
    }

    fn validate(&self) -> Result<(), MetricError> {
        self.inner.validate()
    }

    fn count_bound(&self, batch: &B) -> usize {
        // Without a batch there is nothing to count, and `check` has the error.
        let made = self.task.batch(batch);
        made.map_or(0, |made| self.inner.count_bound(&made))
    }

    fn takes_weights(&self) -> bool {
        self.inner.takes_weights()
    }

    fn check(&self, batch: &B) -> Result<(), MetricError> {
        let made = self.task.batch(batch)?;
        if batch.is_weighted() && !made.is_weighted() {
            let name = self.task.name();
            return Err(MetricError::TaskWeights { task: name.into() });
        }
        fits(&self.inner, &*made)
    }

    fn update(&self, delta: &mut Delta, batch: &B) {
        if let Ok(made) = self.task.batch(batch) {
            self.inner.update(delta, &made);
        }
    }

    fn add(&self, batch: &B, summary: &mut A::Summary) {
        if let Ok(made) = self.task.batch(batch) {
            self.inner.add(&made, summary);
        }
    }

    fn condense(&self, delta: &Delta) -> Option<Delta> {
        self.inner.condense(delta)
    }

    fn fold(&self, delta: &HostDelta, summary: &mut A::Summary) {
        self.inner.fold(delta, summary);
    }
}
