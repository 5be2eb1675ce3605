use crate::{
    Metric, MetricError, OnHost, Value,
    regression::Reduction,
    text::states::{Distances, DistancesSummary, not_empty},
};

/// Edit distance (Levenshtein): the least number of characters to insert, delete and substitute that make the prediction of the
/// reference; the mean of all pairs.
///
/// Characters are Unicode code points. From 0 to the number of characters of the longer text (of both texts, if a substitution costs 2 or
/// more).
///
/// - [`substitution_cost`](Self::substitution_cost): what a substitution costs, where an insertion or a deletion costs 1; default 1.
/// - [`reduction`](Self::reduction): mean or sum of the pairs; default mean.
/// - [`per_row`](Self::per_row): the distance of each pair, as a list: TorchMetrics' reduction `"none"`.
///
/// Takes [`Texts`](crate::batch::Texts) with one reference each; more are [`MetricError::ShapeMismatch`]. No pairs is
/// [`MetricError::Empty`]. The state is 2 integers, and one for each pair with `per_row`.
///
/// Reference: nltk 3.10.4 `edit_distance`. TorchMetrics 1.9.0 `EditDistance` searches in a beam around the diagonal and can
/// return too large a distance (187 for 173).
///
/// ```
/// use metrics_core::{Metric, batch::Texts, text::EditDistance};
///
/// let batch = Texts::new(["rain", "lnaguaeg"], ["shine", "language"])?;
/// assert_eq!(EditDistance::new().evaluate(&batch)?.scalar(), Some(3.5));
/// let each = EditDistance::new().substitution_cost(2).per_row().evaluate(&batch)?;
/// assert_eq!(each.list(), Some(&[5.0, 4.0][..]));
/// # Ok::<(), metrics_core::MetricError>(())
/// ```
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct EditDistance {
    substitution_cost: u32,
    reduction: Reduction,
    per_row: bool,
}

impl Default for EditDistance {
    fn default() -> Self {
        Self {
            substitution_cost: 1,
            reduction: Reduction::Mean,
            per_row: false,
        }
    }
}

impl EditDistance {
    /// Every edit costs 1; the mean over pairs.
    pub fn new() -> Self {
        Self::default()
    }

    /// What a substitution costs.
    pub fn substitution_cost(mut self, cost: u32) -> Self {
        self.substitution_cost = cost;
        self
    }

    /// How the distances become one number.
    pub fn reduction(mut self, reduction: Reduction) -> Self {
        self.reduction = reduction;
        self
    }

    /// Each distance, in the order of the pairs.
    pub fn per_row(mut self) -> Self {
        self.per_row = true;
        self
    }
}

impl Metric for EditDistance {
    type Accumulator = OnHost<Distances>;

    fn name(&self) -> String {
        let suffix = match self.reduction {
            _ if self.per_row => "_per_row",
            Reduction::Mean => "",
            Reduction::Sum => "_sum",
        };
        format!("edit_distance{suffix}")
    }

    fn accumulator(&self) -> OnHost<Distances> {
        OnHost(Distances {
            // All of 2 or more are the same.
            substitution_cost: self.substitution_cost.min(2),
            per_row: self.per_row,
        })
    }

    fn finalize(&self, distances: &DistancesSummary) -> Result<Value, MetricError> {
        not_empty(distances.pairs)?;
        if self.per_row {
            let each = distances.each.iter().map(|distance| *distance as f64);
            return Ok(Value::List(each.collect()));
        }
        let sum = distances.sum as f64;
        Ok(match self.reduction {
            Reduction::Sum => sum.into(),
            Reduction::Mean => (sum / distances.pairs as f64).into(),
        })
    }

    fn options(&self) -> String {
        format!("{:?}", self.reduction)
    }

    fn higher_is_better(&self) -> Option<bool> {
        Some(false)
    }

    fn is_scalar(&self) -> bool {
        !self.per_row
    }
}
