use super::{
    algorithms::bleu::score,
    states::{CommonGrams, SentenceSums, Tokenize},
};
use crate::{MetricError, Value};

/// The options that BLEU has beside those of its state.
#[derive(Debug, Clone, Default, PartialEq)]
pub(super) struct BleuOptions {
    pub smooth: bool,
    pub weights: Option<Vec<f64>>,
}

impl BleuOptions {
    pub fn validate(&self, n_gram: usize) -> Result<(), MetricError> {
        let Some(weights) = &self.weights else {
            return Ok(());
        };
        let invalid = |what: String| Err(MetricError::InvalidOption(what));
        if weights.len() != n_gram {
            let found = weights.len();
            return invalid(format!(
                "there are {found} weights, and n_gram is {n_gram}: give one weight for each order"
            ));
        }
        match weights
            .iter()
            .find(|weight| !(weight.is_finite() && **weight >= 0.0))
        {
            Some(weight) => invalid(format!("the weight {weight} must be finite and at least 0")),
            None => Ok(()),
        }
    }

    pub fn value(&self, sums: &SentenceSums) -> Result<Value, MetricError> {
        sums.not_empty()?;
        let orders = (sums.counts.len() - 2) / 2;
        let equal = vec![1.0 / orders as f64; orders];
        let weights = self.weights.as_deref().unwrap_or(&equal);
        Ok(score(&sums.counts, weights, self.smooth).into())
    }
}

/// The options of both BLEU metrics.
macro_rules! bleu_options {
    ($metric:ident) => {
        impl $metric {
            /// Orders 1 to 4, equally weighted, without smoothing.
            pub fn new() -> Self {
                Self::default()
            }

            /// The highest order of n-grams.
            pub fn n_gram(mut self, order: usize) -> Self {
                self.grams.n_gram = order;
                self
            }

            /// Adds 1 to the n-grams in common and to all n-grams of the orders above 1 (Lin and Och, 2004).
            pub fn smooth(mut self) -> Self {
                self.options.smooth = true;
                self
            }

            /// The weight of each order. An order of weight 0 has no part in the value.
            pub fn weights(mut self, weights: impl Into<Vec<f64>>) -> Self {
                self.options.weights = Some(weights.into());
                self
            }
        }

        impl crate::Metric for $metric {
            type Accumulator =
                crate::OnHost<crate::text::states::OfSentences<crate::text::states::CommonGrams>>;

            fn name(&self) -> String {
                Self::NAME.into()
            }

            fn accumulator(&self) -> Self::Accumulator {
                self.grams.accumulator()
            }

            fn validate(&self) -> Result<(), crate::MetricError> {
                self.options.validate(self.grams.n_gram)
            }

            fn finalize(
                &self,
                sums: &crate::text::states::SentenceSums,
            ) -> Result<crate::Value, crate::MetricError> {
                self.options.value(sums)
            }

            fn options(&self) -> String {
                format!("{:?}", self.options)
            }

            fn higher_is_better(&self) -> Option<bool> {
                Some(true)
            }
        }
    };
}
pub(super) use bleu_options;

/// BLEU of a corpus: how many n-grams of the predictions the references have, times a penalty for short predictions.
///
/// `exp(min(0, 1 - r / c)) * exp(sum(w_n * ln(p_n)))`, with `c` words of all predictions, `r` words of their closest references, and
/// `p_n` the share of the predictions' n-grams of order `n` that a reference has, each as often as the reference that has it most
/// (Papineni et al., BLEU: a Method for Automatic Evaluation of Machine Translation, ACL 2002). In `[0, 1]`. Words are what
/// white space separates; [`SacreBleuScore`](crate::text::SacreBleuScore) has tokenizers.
///
/// - [`n_gram`](Self::n_gram): the highest order, 1 to 64; default 4.
/// - [`weights`](Self::weights): `w_n`, finite and at least 0; default `1 / n_gram` each.
/// - [`smooth`](Self::smooth): `(common + 1) / (all + 1)` of the orders above 1; default off.
///
/// Takes [`Texts`](crate::batch::Texts) with one reference or several each. No sentence is [`MetricError::Empty`]. The
/// value is 0 if no word is in common, and without smoothing if any order has no n-gram in common. The state is
/// `2 * n_gram + 2` integers.
///
/// Reference: sacrebleu 2.6.0 (`tokenize="none"`, `smooth_method` `none` or `add-k`) divided by 100; nltk 3.10.4 `corpus_bleu`. TorchMetrics
/// 1.9.0 `BLEUScore` takes the first of two references that are as close, not the shorter one, and does not smooth if an order has no
/// n-gram in common: its value is then 0.
///
/// ```
/// use metrics_core::{Metric, batch::Texts, text::BleuScore};
///
/// let references = [["there is a cat on the mat", "a cat is on the mat"]];
/// let batch = Texts::with_references(["the cat is on the mat"], references)?;
/// let bleu = BleuScore::new().evaluate(&batch)?.scalar().unwrap_or_default();
/// assert!((bleu - 0.7598).abs() < 1e-4);
/// # Ok::<(), metrics_core::MetricError>(())
/// ```
#[derive(Debug, Clone, PartialEq)]
pub struct BleuScore {
    grams: CommonGrams,
    options: BleuOptions,
}

impl Default for BleuScore {
    fn default() -> Self {
        Self {
            grams: CommonGrams {
                n_gram: 4,
                tokenize: Tokenize::None,
                lowercase: false,
            },
            options: BleuOptions::default(),
        }
    }
}

impl BleuScore {
    const NAME: &'static str = "bleu_score";
}

bleu_options!(BleuScore);
