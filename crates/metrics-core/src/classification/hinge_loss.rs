use crate::{
    Metric, MetricError, Value,
    batch::{Binary, Multiclass},
    classification::states::{HingeTerms, MarginBatch},
    states::{RowSums, RowSumsSummary},
};

/// Hinge loss: the mean of `max(0, 1 - margin)`, or of its square.
///
/// The margin of a binary score `s` is `s` where the target is 1 and `-s` where it is 0. Multiclass,
/// it is the score of the target less the best score of another class (Crammer and Singer 2001), or
/// with [`one_vs_all`](Self::one_vs_all) there is a binary loss for each class, and the value is a
/// [`Value::PerClass`].
///
/// As in the reference, the scores are probabilities: logits become such, see
/// [`ScoreKind`](crate::ScoreKind), and the loss of Crammer and Singer ranges over `[0, 2]`. The
/// hinge loss of a support-vector machine is that of its scores as they are:
/// [`raw_scores`](Self::raw_scores), with a range of `[0, inf]`. 0 is best. A row with an undefined
/// margin, as between two infinite scores, is a NaN value.
///
/// Takes scores, and weights: the mean is then `sum(weight * loss) / sum(weight)`. No data, or none
/// with a weight above 0, is [`MetricError::Empty`]; predicted labels are
/// [`MetricError::ScoresRequired`]. References: TorchMetrics 1.9.0 `HingeLoss`, which with
/// `ignore_index` does not look at ignored scores to see whether they are logits; for raw scores and
/// weights scikit-learn 1.7.2 `hinge_loss`.
///
/// ```
/// use metrics_core::{Metric, batch::Binary, classification::HingeLoss};
/// use burn::tensor::{Device, Int, Tensor};
///
/// let device = Device::default();
/// let scores = Tensor::<1>::from_floats([-2.0, 3.0, 0.5], &device);
/// let target = Tensor::<1, Int>::from_ints([0, 1, 0], &device);
/// let batch = Binary::from_scores(scores, target)?;
/// let loss = HingeLoss::binary().raw_scores();
/// assert_eq!(loss.evaluate(&batch)?.scalar(), Some(0.5));
/// assert_eq!(loss.squared().evaluate(&batch)?.scalar(), Some(0.75));
/// # Ok::<(), metrics_core::MetricError>(())
/// ```
#[derive(Debug)]
pub struct HingeLoss<B> {
    terms: HingeTerms<B>,
}

impl<B> Clone for HingeLoss<B> {
    fn clone(&self) -> Self {
        Self {
            terms: self.terms.clone(),
        }
    }
}

impl HingeLoss<Binary> {
    /// For yes-or-no decisions with a score each.
    pub fn binary() -> Self {
        Self {
            terms: HingeTerms::new(2),
        }
    }
}

impl HingeLoss<Multiclass> {
    /// For elements that have one of `classes` classes, at least two.
    pub fn multiclass(classes: usize) -> Self {
        Self {
            terms: HingeTerms::new(classes),
        }
    }

    /// A loss for each class against the rest, in place of one against the best other class.
    pub fn one_vs_all(mut self) -> Self {
        self.terms.options.one_vs_all = true;
        self
    }
}

impl<B> HingeLoss<B> {
    /// The mean of squares.
    pub fn squared(mut self) -> Self {
        self.terms.options.squared = true;
        self
    }

    /// Takes scores as they are, whatever numbers, as those of a support-vector machine.
    pub fn raw_scores(mut self) -> Self {
        self.terms.options.raw = true;
        self
    }

    /// Elements with this target are left out.
    pub fn ignore_index(mut self, label: i64) -> Self {
        self.terms.options.ignore_index = Some(label);
        self
    }
}

impl<B: MarginBatch> Metric for HingeLoss<B> {
    type Accumulator = RowSums<HingeTerms<B>>;

    fn name(&self) -> String {
        let options = &self.terms.options;
        let squared = if options.squared { "squared_" } else { "" };
        let per_class = if options.one_vs_all { "_per_class" } else { "" };
        format!("{squared}hinge_loss{per_class}")
    }

    fn accumulator(&self) -> RowSums<HingeTerms<B>> {
        RowSums::new(self.terms.clone())
    }

    fn finalize(&self, totals: &RowSumsSummary) -> Result<Value, MetricError> {
        totals.not_empty()?;
        let losses = totals.means().next().unwrap_or_default();
        Ok(if self.terms.options.one_vs_all {
            Value::PerClass(losses)
        } else {
            losses[0].into()
        })
    }

    fn higher_is_better(&self) -> Option<bool> {
        Some(false)
    }

    fn is_scalar(&self) -> bool {
        !self.terms.options.one_vs_all
    }
}
