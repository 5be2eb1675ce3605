//! Hinge losses of rows.

use crate::{
    Delta, Identity, MetricError,
    batch::{Binary, Multiclass},
    ops::{
        self, MarginOptions,
        decisions::DecisionSink,
        rows::{HingeSink, RowSink, unchecked},
    },
    states::{RowTerms, WeightedRows},
};
use burn::tensor::{Int, Tensor};
use std::marker::PhantomData;

/// Batches whose scores have margins.
pub trait MarginBatch: WeightedRows {
    /// What saved states call such batches.
    const KIND: &'static str;

    /// Whether the batch has scores of that many classes.
    ///
    /// # Errors
    /// [`MetricError::ScoresRequired`], [`MetricError::WidthMismatch`].
    fn check_margins(&self, classes: usize) -> Result<(), MetricError>;

    /// The scores that margins are of `[N, C]`, and for each 1, 0 or the code of a row to leave out.
    /// `raw` says that the scores are to be taken as they are.
    fn scored(&self, raw: bool, ignore_index: Option<i64>) -> (Tensor<2>, Tensor<2, Int>);

    /// Asks for a pass over the batch, if there is one for its kind.
    fn want(&self, _delta: &mut Delta, _options: &HingeOptions) -> bool {
        false
    }
}

const METRIC: &str = "the hinge loss";

impl MarginBatch for Binary {
    const KIND: &'static str = "binary";

    fn check_margins(&self, _classes: usize) -> Result<(), MetricError> {
        if self.decisions.labels {
            Err(MetricError::ScoresRequired { metric: METRIC })
        } else {
            Ok(())
        }
    }

    fn scored(&self, raw: bool, ignore_index: Option<i64>) -> (Tensor<2>, Tensor<2, Int>) {
        let (scores, checked) = if raw {
            unchecked(self.decisions.scores.clone())
        } else {
            (
                self.decisions.probabilities(),
                self.decisions.probabilities(),
            )
        };
        let target = self.decisions.target.clone();
        (scores, ops::decision_codes(checked, target, ignore_index))
    }

    fn want(&self, delta: &mut Delta, options: &HingeOptions) -> bool {
        let sink = DecisionSink::Hinge {
            squared: options.squared,
            raw: options.raw,
            ignore_index: options.ignore_index,
        };
        delta.want((&self.decisions, sink));
        true
    }
}

impl MarginBatch for Multiclass {
    const KIND: &'static str = "multiclass";

    fn check_margins(&self, classes: usize) -> Result<(), MetricError> {
        self.check_scores(METRIC, classes)
    }

    fn scored(&self, raw: bool, ignore_index: Option<i64>) -> (Tensor<2>, Tensor<2, Int>) {
        self.rows.scored(raw, ignore_index)
    }

    fn want(&self, delta: &mut Delta, options: &HingeOptions) -> bool {
        let sink = RowSink::Hinge(HingeSink {
            classes: options.classes,
            one_vs_rest: options.one_vs_all,
            squared: options.squared,
            raw: options.raw,
            ignore_index: options.ignore_index,
        });
        delta.want((&self.rows, sink));
        true
    }
}

/// The hinge loss of each row, or its losses of every class against the rest.
pub struct HingeTerms<B> {
    pub(crate) options: HingeOptions,
    batch: PhantomData<fn(B)>,
}

/// The options of [`HingeTerms`].
#[derive(Debug, Clone, PartialEq, serde::Serialize)]
pub struct HingeOptions {
    pub(crate) classes: usize,
    pub(crate) squared: bool,
    pub(crate) one_vs_all: bool,
    pub(crate) raw: bool,
    pub(crate) ignore_index: Option<i64>,
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

    fn identity(&self) -> Identity {
        Identity::new(format!("hinge_terms/{}", B::KIND), 1).with(&self.options)
    }

    fn shape(&self) -> [usize; 2] {
        if self.options.one_vs_all {
            [1, self.options.classes]
        } else {
            [1, 1]
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
        let (raw, ignore_index) = (self.options.raw, self.options.ignore_index);
        let (scores, codes) = batch.scored(raw, ignore_index);
        let [n, classes] = scores.dims();
        let options = MarginOptions {
            against_best: classes > 1 && !self.options.one_vs_all,
            squared: self.options.squared,
        };
        let (losses, codes) = ops::hinge_losses(scores, codes, options);
        let [_, terms] = losses.dims();
        (losses.reshape([n, 1, terms]), codes)
    }

    fn want(&self, delta: &mut Delta, batch: &B) -> bool {
        batch.want(delta, &self.options)
    }
}
