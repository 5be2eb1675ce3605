use super::edit_rate::edit_rate;

edit_rate! {
    /// Match error rate: the share of edits among all steps of the alignments of words.
    ///
    /// `(s + d + i) / (h + s + d + i)`, with the substitutions, deletions, insertions and hits of an alignment with the fewest
    /// edits, added up over the pairs. In `[0, 1]`. Words are what white space separates.
    ///
    /// **Which alignment.** Several may have the fewest edits and yet not as many hits. This is the one that RapidFuzz, and so
    /// jiwer, takes: equal words at both ends are aligned; from the end on, a word of the reference is left out if that is
    /// among the best, else one is inserted if that is, else two words are aligned. (RapidFuzz halves tables above 1 MB, of
    /// sentences of some 2000 words, and may then take another one.)
    ///
    /// Takes [`Texts`](crate::batch::Texts) with one reference each; more are
    /// [`MetricError::ShapeMismatch`](crate::MetricError::ShapeMismatch). No pairs is
    /// [`MetricError::Empty`](crate::MetricError::Empty); pairs without words give 0. The state is 5 integers.
    ///
    /// Reference: jiwer 4.0.0 `mer`. TorchMetrics 1.9.0 `MatchErrorRate` takes the longer length for the steps of
    /// an alignment, which may have more.
    ///
    /// ```
    /// use metrics_core::{Metric, batch::Texts, text::MatchErrorRate};
    ///
    /// let batch = Texts::new(["b c d"], ["a b c"])?;
    /// // One deletion, two hits, one insertion; TorchMetrics takes these for 3 steps.
    /// assert_eq!(MatchErrorRate::new().evaluate(&batch)?.scalar(), Some(0.5));
    /// # Ok::<(), metrics_core::MetricError>(())
    /// ```
    MatchErrorRate, "match_error_rate", Words, false, |edits| edits.match_error_rate()
}
