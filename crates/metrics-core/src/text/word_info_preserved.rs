use super::edit_rate::edit_rate;

edit_rate! {
    /// Word information preserved: the share of hits among the words of the references, times that among the words of the
    /// predictions.
    ///
    /// `(h / n) * (h / p)`, with the hits `h` of the alignments, `n` words in the references and `p` in the predictions (Morris,
    /// Maier and Green, From WER and RIL to MER and WIL, Interspeech 2004). In `[0, 1]`. Which alignment:
    /// see [`MatchErrorRate`](crate::text::MatchErrorRate).
    ///
    /// Takes [`Texts`](crate::batch::Texts) with one reference each; more are
    /// [`MetricError::ShapeMismatch`](crate::MetricError::ShapeMismatch). No pairs is
    /// [`MetricError::Empty`](crate::MetricError::Empty); 1 if neither side has words, 0 if one side has none.
    /// The state is 5 integers.
    ///
    /// Reference: jiwer 4.0.0 `wip`. TorchMetrics 1.9.0 `WordInfoPreserved` takes the longer length less the distance for the
    /// hits.
    ///
    /// ```
    /// use metrics_core::{Metric, batch::Texts, text::WordInfoPreserved};
    ///
    /// let batch = Texts::new(["a cat sat"], ["a cat sat down"])?;
    /// assert_eq!(WordInfoPreserved::new().evaluate(&batch)?.scalar(), Some(0.75));
    /// # Ok::<(), metrics_core::MetricError>(())
    /// ```
    WordInfoPreserved, "word_info_preserved", Words, true, |edits| edits.preserved()
}
