//! Hinge losses of rows.

use super::{RowTerms, WeightedRows};
use crate::{
    MetricError,
    batch::{Binary, Multiclass},
    ops,
};
use burn::tensor::{FloatDType, Int, Tensor};
use std::marker::PhantomData;

/// Batches whose scores have margins.
pub trait MarginBatch: WeightedRows {
    /// Whether the batch has scores of that many classes.
    ///
    /// # Errors
    /// [`MetricError::ScoresRequired`], [`MetricError::WidthMismatch`].
    fn check_margins(&self, classes: usize) -> Result<(), MetricError>;

    /// The margins `[N, 1]`, or against each class by itself `[N, C]`, and 0 or the code of a row to
    /// leave out `[N, 1]`. `raw` says that the scores are to be taken as they are.
    fn margins(
        &self,
        raw: bool,
        one_vs_all: bool,
        ignore_index: Option<i64>,
    ) -> (Tensor<2>, Tensor<2, Int>);
}

const METRIC: &str = "the hinge loss";

impl MarginBatch for Binary {
    fn check_margins(&self, _classes: usize) -> Result<(), MetricError> {
        match self.decisions.labels {
            true => Err(MetricError::ScoresRequired { metric: METRIC }),
            false => Ok(()),
        }
    }

    fn margins(
        &self,
        raw: bool,
        _one_vs_all: bool,
        ignore_index: Option<i64>,
    ) -> (Tensor<2>, Tensor<2, Int>) {
        let (scores, checked) = match raw {
            true => unchecked(self.decisions.scores.clone()),
            false => (
                self.decisions.probabilities(),
                self.decisions.probabilities(),
            ),
        };
        let target = self.decisions.target.clone();
        let codes = ops::decision_codes(checked, target, ignore_index);
        let positive = codes.clone().equal_elem(1);
        let margins = scores.clone().neg().mask_where(positive, scores);
        (margins, codes.clamp_max(0))
    }
}

impl MarginBatch for Multiclass {
    fn check_margins(&self, classes: usize) -> Result<(), MetricError> {
        self.check_scores(METRIC, classes)
    }

    fn margins(
        &self,
        raw: bool,
        one_vs_all: bool,
        ignore_index: Option<i64>,
    ) -> (Tensor<2>, Tensor<2, Int>) {
        let scores = match raw {
            true => self.scores().cloned(),
            false => self.probabilities(),
        };
        // `check` keeps a batch without scores from getting here.
        let scores = scores.unwrap_or_else(|| Tensor::zeros([0, 0], &self.target.device()));
        let (scores, checked) = match raw {
            true => unchecked(scores),
            false => (scores.clone(), scores),
        };
        let [n, _] = scores.dims();
        let codes = ops::class_codes(checked, self.target.clone(), ignore_index);
        let own = codes.clone().equal_elem(1);
        let margins = match one_vs_all {
            true => scores.clone().neg().mask_where(own, scores),
            false => {
                let best = scores.clone().mask_fill(own.clone(), f32::NEG_INFINITY);
                let target = scores.mask_fill(own.bool_not(), f32::NEG_INFINITY);
                target.max_dim(1) - best.max_dim(1)
            }
        };
        (margins, codes.slice([0..n, 0..1]).clamp_max(0))
    }
}

/// Scores of any size in `f32`, and what there is to check of them: NaN, and else 0.
fn unchecked(scores: Tensor<2>) -> (Tensor<2>, Tensor<2>) {
    let scores = scores.cast(FloatDType::F32);
    let number = scores.clone().is_nan().bool_not();
    (scores.clone(), scores.mask_fill(number, 0.0))
}

/// The hinge loss of each row, or its losses of every class against the rest.
pub struct HingeTerms<B> {
    pub(crate) options: HingeOptions,
    batch: PhantomData<fn(B)>,
}

/// The options of [`HingeTerms`].
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct HingeOptions {
    pub classes: usize,
    pub squared: bool,
    pub one_vs_all: bool,
    pub raw: bool,
    pub ignore_index: Option<i64>,
}

by_options!(HingeTerms);

impl<B> HingeTerms<B> {
    pub(crate) fn new(classes: usize) -> Self {
        Self {
            options: HingeOptions {
                classes,
                squared: false,
                one_vs_all: false,
                raw: false,
                ignore_index: None,
            },
            batch: PhantomData,
        }
    }
}

impl<B: MarginBatch> RowTerms for HingeTerms<B> {
    type Batch = B;

    fn shape(&self) -> [usize; 2] {
        match self.options.one_vs_all {
            true => [1, self.options.classes],
            false => [1, 1],
        }
    }

    fn validate(&self) -> Result<(), MetricError> {
        match self.options.classes {
            0 | 1 => Err(MetricError::InvalidOption(format!(
                "a margin needs at least two classes, not {}",
                self.options.classes
            ))),
            _ => Ok(()),
        }
    }

    fn check(&self, batch: &B) -> Result<(), MetricError> {
        batch.check_margins(self.options.classes)
    }

    fn terms(&self, batch: &B) -> (Tensor<3>, Tensor<2, Int>) {
        let HingeOptions {
            squared,
            one_vs_all,
            raw,
            ignore_index,
            ..
        } = self.options;
        let (margins, codes) = batch.margins(raw, one_vs_all, ignore_index);
        let undefined = margins.clone().is_nan();
        let losses = (margins.neg() + 1.0).clamp_min(0.0);
        let losses = match squared {
            true => losses.clone() * losses,
            false => losses,
        };
        // Not every device's maximum keeps NaN.
        let losses = losses.mask_fill(undefined, f32::NAN);
        let [n, terms] = losses.dims();
        (losses.reshape([n, 1, terms]), codes)
    }
}
