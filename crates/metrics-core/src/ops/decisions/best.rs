//! The best labels of a row beside its true ones.

/// When the predicted labels of a row are right.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Hash, serde::Serialize)]
#[serde(rename_all = "snake_case")]
pub enum MultilabelCriterion {
    /// They are the true labels.
    #[default]
    ExactMatch,
    /// Each label by itself: whether it is predicted as it should be.
    Hamming,
    /// One of them is a true label.
    Overlap,
    /// All true labels are among them.
    Contain,
    /// All of them are true labels.
    Belong,
}

impl MultilabelCriterion {
    /// How many decisions are right and how many there are, of a row with so many labels that are both predicted and
    /// true, predicted, true, and used at all.
    #[cfg(any(feature = "flex", feature = "ndarray"))]
    pub(super) fn right(self, [both, predicted, relevant, used]: [i32; 4]) -> [i32; 2] {
        let (all_true, all_predicted) = (both == predicted, both == relevant);
        let right = match self {
            Self::Hamming => return [used - (predicted + relevant - 2 * both), used],
            Self::ExactMatch => all_true && all_predicted,
            Self::Overlap => both > 0,
            Self::Contain => all_predicted,
            Self::Belong => all_true,
        };
        [right as i32, 1]
    }
}
