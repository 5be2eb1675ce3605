use super::edit_rate::edit_rate;

edit_rate! {
    /// Word error rate: the edits that make the predictions of the references, for each word of the references.
    ///
    /// `(s + d + i) / n`, with the least number of substitutions, deletions and insertions of words of each pair, and `n` words in
    /// all references. From 0, may exceed 1; a value of the corpus, not a mean of values of sentences. Words are what white space
    /// separates, as for Python's `str.split`; case and punctuation count.
    ///
    /// Takes [`Texts`](crate::batch::Texts) with one reference each; more are
    /// [`MetricError::ShapeMismatch`](crate::MetricError::ShapeMismatch). No pairs is
    /// [`MetricError::Empty`](crate::MetricError::Empty). References without any words give 0 if the predictions have none, else
    /// the number of their words. The state is 5 integers, which the other rates of words share.
    ///
    /// Reference: jiwer 4.0.0 `wer`, over words of `str.split`; TorchMetrics 1.9.0 `WordErrorRate`, which is NaN or infinite
    /// without words in the references.
    ///
    /// ```
    /// use metrics_core::{Metric, batch::Texts, text::WordErrorRate};
    ///
    /// let predictions = ["this is the prediction", "there is an other sample"];
    /// let references = ["this is the reference", "there is another one"];
    /// let batch = Texts::new(predictions, references)?;
    /// assert_eq!(WordErrorRate::new().evaluate(&batch)?.scalar(), Some(0.5));
    /// # Ok::<(), metrics_core::MetricError>(())
    /// ```
    WordErrorRate, "word_error_rate", Words, false, |edits| edits.error_rate()
}
