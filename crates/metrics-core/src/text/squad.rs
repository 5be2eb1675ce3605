use super::states::{Answers, OfSentences, SentenceSums};
use crate::{Metric, MetricError, OnHost, Value};

/// SQuAD: how many answers to questions are right, and how many of their words.
///
/// The value is a record of two percentages. `exact_match`: answers that are equal to one of their references. `f1`: the mean of
/// `2 * c / (p + r)`, with `c` words in common of `p` in the answer and `r` in the reference that makes it largest (Rajpurkar et al., SQuAD:
/// 100,000+ Questions for Machine Comprehension of Text, EMNLP 2016). Both in `[0, 100]`. Texts are compared in lowercase, without ASCII punctuation,
/// without the articles `a`, `an` and `the`, and by words.
///
/// Takes [`Texts`](crate::batch::Texts): the answer of each question with its right answers. TorchMetrics' dictionaries pair them by `id`; here
/// the order does. No question is [`MetricError::Empty`]. Two answers without words have an F-score of 1, and one
/// without words has 0. The state is an integer and a sum.
///
/// Reference: TorchMetrics 1.9.0 `SQuAD`; of two answers without words the script of SQuAD 1.1 has an F-score of 0, that of SQuAD 2.0 has 1.
///
/// ```
/// use metrics_core::{Metric, Value, batch::Texts, text::Squad};
///
/// let references = [vec!["1976"], vec!["Santa Clara", "in Santa Clara, California"]];
/// let batch = Texts::with_references(["the 1976.", "Santa Clara, CA"], references)?;
/// let value = Squad::new().evaluate(&batch)?;
/// assert_eq!(value.field("exact_match").and_then(Value::scalar), Some(50.0));
/// assert_eq!(value.field("f1").and_then(Value::scalar), Some(90.0));
/// # Ok::<(), metrics_core::MetricError>(())
/// ```
#[derive(Debug, Clone, Copy, Default, PartialEq)]
pub struct Squad {}

impl Squad {
    /// It has no options.
    pub fn new() -> Self {
        Self::default()
    }
}

impl Metric for Squad {
    type Accumulator = OnHost<OfSentences<Answers>>;

    fn name(&self) -> String {
        "squad".into()
    }

    fn accumulator(&self) -> Self::Accumulator {
        OnHost(OfSentences(Answers {}))
    }

    fn finalize(&self, sums: &SentenceSums) -> Result<Value, MetricError> {
        sums.not_empty()?;
        let percent = |sum: f64| 100.0 * sum / sums.sentences as f64;
        let (exact, f1) = (percent(sums.counts[0] as f64), percent(sums.sums[0]));
        Ok(Value::of_fields([("exact_match", exact), ("f1", f1)]))
    }

    fn higher_is_better(&self) -> Option<bool> {
        Some(true)
    }

    fn is_scalar(&self) -> bool {
        false
    }
}
