use super::edit_rate::edit_rate;

edit_rate! {
    /// Character error rate: the edits that make the predictions of the references, for each character of the references.
    ///
    /// `(s + d + i) / n`, with the least number of substitutions, deletions and insertions of characters of each pair, and `n`
    /// characters in all references. From 0, may exceed 1. Characters are Unicode code points: an emoji of several joined
    /// ones counts as several. White space counts, at the ends as well.
    ///
    /// Takes [`Texts`](crate::batch::Texts) with one reference each; more are
    /// [`MetricError::ShapeMismatch`](crate::MetricError::ShapeMismatch). No pairs is
    /// [`MetricError::Empty`](crate::MetricError::Empty). Empty references give 0 if the predictions are empty, else the
    /// number of their characters. The state is 5 integers.
    ///
    /// Reference: jiwer 4.0.0 over all characters (its `cer` first strips white space at the ends); TorchMetrics 1.9.0 `CharErrorRate`,
    /// which is NaN or infinite if the references are empty.
    ///
    /// ```
    /// use metrics_core::{Metric, batch::Texts, text::CharErrorRate};
    ///
    /// let batch = Texts::new(["kitten", "naïve"], ["sitting", "naive"])?;
    /// assert_eq!(CharErrorRate::new().evaluate(&batch)?.scalar(), Some(4.0 / 12.0));
    /// # Ok::<(), metrics_core::MetricError>(())
    /// ```
    CharErrorRate, "char_error_rate", Characters, false, |edits| edits.error_rate()
}
