use super::edit_rate::edit_rate;

edit_rate! {
    /// Word information lost: 1 less [`WordInfoPreserved`](crate::text::WordInfoPreserved).
    ///
    /// `1 - (h / n) * (h / p)`, with the hits `h` of the alignments, `n` words in the references and `p` in the predictions (Morris,
    /// Maier and Green, From WER and RIL to MER and WIL, Interspeech 2004). In `[0, 1]`. Which alignment:
    /// see [`MatchErrorRate`](crate::text::MatchErrorRate).
    ///
    /// Takes [`Texts`](crate::batch::Texts) with one reference each; more are
    /// [`MetricError::ShapeMismatch`](crate::MetricError::ShapeMismatch). No pairs is
    /// [`MetricError::Empty`](crate::MetricError::Empty); 0 if neither side has words, 1 if one side has none.
    /// The state is 5 integers.
    ///
    /// Reference: jiwer 4.0.0 `wil`. TorchMetrics 1.9.0 `WordInfoLost` takes the longer length less the distance for the hits.
    ///
    /// ```
    /// use metrics_core::{Metric, batch::Texts, text::WordInfoLost};
    ///
    /// let batch = Texts::new(["a cat sat"], ["a cat sat down"])?;
    /// assert_eq!(WordInfoLost::new().evaluate(&batch)?.scalar(), Some(0.25));
    /// # Ok::<(), metrics_core::MetricError>(())
    /// ```
    WordInfoLost, "word_info_lost", Words, false, |edits| 1.0 - edits.preserved()
}
