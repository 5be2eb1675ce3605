use super::{PerRow, Reduction};
use crate::{
    Identity, Metric, MetricError, Reason, Value,
    ops::{
        pairs::TermsKernel,
        scalar::{Element, OfPair, sum_pairs},
    },
    regression::states::{MAX_SUMS, PairSums, PairSumsSummary, PairTerms, Unit},
};
use burn::tensor::Tensor;

/// Cosine similarity of the rows of predictions and targets, `sum(p t) / (|p| |t|)`, and the sum or
/// mean of that over the rows.
///
/// Takes [`Regression`](crate::batch::Regression) batches `[N, D]` (`multi_output`), a row being a
/// vector. A similarity ranges over `[-1, 1]`. It is 0 if one of the vectors is 0, as scikit-learn has
/// it; TorchMetrics then makes NaN of the whole value. The length of a vector does not overflow.
///
/// Weights of the batch multiply the similarities, and make the mean a weighted one. No data, or none
/// of any weight, is [`MetricError::Empty`], a vector with NaN or infinity
/// [`MetricError::InvalidData`]. Reference: TorchMetrics 1.9.0 `CosineSimilarity`; its reduction
/// `"none"` is [`per_row`](Self::per_row).
///
/// ```
/// use metrics_core::{Metric, batch::Regression, regression::{CosineSimilarity, Reduction}};
/// use burn::tensor::{Device, Tensor};
///
/// let device = Device::default();
/// let pred = Tensor::<2>::from_floats([[0.0, 2.0], [3.0, 0.0]], &device);
/// let target = Tensor::<2>::from_floats([[0.0, 1.0], [0.0, 1.0]], &device);
/// let batch = Regression::multi_output(pred, target)?;
/// let similarity = CosineSimilarity::new();
/// assert_eq!(similarity.evaluate(&batch)?.scalar(), Some(1.0));
/// let mean = similarity.reduction(Reduction::Mean);
/// assert_eq!(mean.evaluate(&batch)?.scalar(), Some(0.5));
/// # Ok::<(), metrics_core::MetricError>(())
/// ```
#[derive(Debug, Clone, PartialEq)]
pub struct CosineSimilarity {
    reduction: Reduction,
}

/// The terms of [`CosineSimilarity`].
#[derive(Debug, Clone, PartialEq)]
pub struct CosineTerms;

impl Default for CosineSimilarity {
    fn default() -> Self {
        Self::new()
    }
}

impl CosineSimilarity {
    /// The sum over all rows.
    pub fn new() -> Self {
        Self {
            reduction: Reduction::Sum,
        }
    }

    /// How the similarities become one; default [`Reduction::Sum`].
    pub fn reduction(mut self, reduction: Reduction) -> Self {
        self.reduction = reduction;
        self
    }

    /// The similarity of every row.
    pub fn per_row(self) -> PerRow<Self> {
        PerRow::new(self, NAME)
    }
}

const NAME: &str = "cosine_similarity";

impl PairTerms for CosineTerms {
    fn identity(&self) -> Identity {
        Identity::new("cosine_similarity", 1)
    }

    fn unit(&self) -> Unit {
        Unit::Rows
    }

    fn terms(&self, pred: Tensor<2>, target: Tensor<2>) -> Vec<Tensor<2>> {
        let (pred, target) = (scaled(pred), scaled(target));
        let dot = (pred.clone() * target.clone()).sum_dim(1);
        vec![dot / norm(pred) / norm(target)]
    }

    fn kernel(&self) -> Option<TermsKernel> {
        Some(TermsKernel::Cosine)
    }

    const BY_NUMBER: bool = true;

    #[inline(always)]
    fn of_row<E: Element>(&self, pred: &[E], target: &[E]) -> Result<[f64; MAX_SUMS], Reason> {
        let [dot, pred_square, target_square] = sum_pairs([pred, target], Products);
        let norms = pred_square.sqrt() * target_square.sqrt();
        Ok([if norms == 0.0 { 0.0 } else { dot / norms }, 0.0])
    }
}

/// Rows divided by their largest entry, whose squares neither overflow nor vanish.
fn scaled(rows: Tensor<2>) -> Tensor<2> {
    let size = rows.clone().abs().max_dim(1);
    rows / nonzero(size)
}

fn norm(rows: Tensor<2>) -> Tensor<2> {
    nonzero(rows.square().sum_dim(1).sqrt())
}

/// Ones in place of zeros.
fn nonzero(sizes: Tensor<2>) -> Tensor<2> {
    let zero = sizes.clone().equal_elem(0.0);
    sizes.mask_fill(zero, 1.0)
}

/// The product of two numbers, and their squares.
struct Products;

impl OfPair<3> for Products {
    #[inline(always)]
    fn of(&self, p: f64, t: f64) -> [f64; 3] {
        [p * t, p * p, t * t]
    }
}

impl Metric for CosineSimilarity {
    type Accumulator = PairSums<CosineTerms>;

    fn name(&self) -> String {
        match self.reduction {
            Reduction::Sum => NAME.into(),
            Reduction::Mean => format!("{NAME}_mean"),
        }
    }

    fn accumulator(&self) -> PairSums<CosineTerms> {
        PairSums::new(CosineTerms)
    }

    fn finalize(&self, totals: &PairSumsSummary) -> Result<Value, MetricError> {
        self.reduction.apply(totals)
    }

    fn higher_is_better(&self) -> Option<bool> {
        Some(true)
    }
}
