use super::{flat, numbers, single};
use crate::{Batch, MetricError, Reason, ops};
use burn::tensor::{DType, Device, Int, Tensor};

/// A batch of subjects with how many raters put each in each category.
#[derive(Debug, Clone)]
pub struct RatingCounts {
    /// `[N, C]`, `i32`. A row that cannot be used has the code of the reason.
    pub(crate) counts: Tensor<2, Int>,
}

impl RatingCounts {
    /// From counts `[N, C]` of `N` subjects and `C` categories.
    ///
    /// A subject with a negative count, or with more than 32,767 ratings, is left out and counted among the
    /// [`invalid_targets`](crate::Rejected::invalid_targets).
    pub fn new(counts: Tensor<2, Int>) -> Self {
        let counts = counts.without_autodiff();
        let negative = counts.clone().lower_elem(0);
        let counts = ops::as_i32(counts).mask_fill(negative, Reason::InvalidTarget.code());
        Self { counts }
    }

    /// From probabilities or other scores `[N, C, R]` that `R` raters give to `C` categories: each rater chooses the category with the
    /// highest one, the first of equal ones.
    ///
    /// A subject with a NaN is left out and counted among the [`nan`](crate::Rejected::nan).
    ///
    /// # Errors
    /// [`MetricError::ShapeMismatch`] if there is no category but are raters.
    pub fn from_probabilities(probabilities: Tensor<3>) -> Result<Self, MetricError> {
        let probabilities = probabilities.without_autodiff();
        let ([n, categories, raters], device) = (probabilities.dims(), probabilities.device());
        if n == 0 || raters == 0 {
            let counts = Tensor::zeros([n, categories], (&device, DType::I32));
            return Ok(Self { counts });
        }
        if categories == 0 {
            return Err(MetricError::ShapeMismatch {
                left_name: "probabilities",
                left: probabilities.dims().to_vec(),
                right_name: "subjects, categories and raters",
                right: vec![],
                hint: ": there must be categories to choose from",
            });
        }
        let nan = probabilities.clone().is_nan();
        let nan = ops::labels::any_in_row(nan.reshape([n, categories * raters]));
        let chosen = ops::as_i32(probabilities.argmax(1)).expand([n, categories, raters]);
        let number = Tensor::<1, Int>::arange(0..categories as i64, (&device, DType::I32));
        let number = number
            .reshape([1, categories, 1])
            .expand([n, categories, raters]);
        let counts = ops::as_i32(chosen.equal(number).int())
            .sum_dim(2)
            .reshape([n, categories]);
        let nan = nan.expand([n, categories]);
        let counts = ops::as_i32(counts).mask_fill(nan, Reason::Nan.code());
        Ok(Self { counts })
    }

    /// The device of the tensor.
    pub fn device(&self) -> Device {
        self.counts.device()
    }
}

impl Batch for RatingCounts {
    fn device(&self) -> Option<Device> {
        Some(self.device())
    }

    fn count_bound(&self) -> usize {
        self.counts.dims()[0]
    }
}

/// A batch of units, each with the values that raters gave it.
#[derive(Debug, Clone)]
pub struct Ratings {
    /// `[N, R]`.
    pub(crate) values: Tensor<2>,
}

impl Ratings {
    /// From values `[N, R]` that `R` raters gave `N` units. NaN is a rating that is missing; categories are numbers, whole ones
    /// up to 2^24.
    ///
    /// An infinite value is left out and counted among the [`nan`](crate::Rejected::nan), a missing one among the
    /// [`ignored`](crate::Rejected::ignored).
    pub fn new(values: Tensor<2>) -> Self {
        Self {
            values: numbers(values),
        }
    }

    /// The device of the tensor.
    pub fn device(&self) -> Device {
        self.values.device()
    }

    /// All values in one dimension.
    pub(crate) fn flat(&self) -> Tensor<1> {
        flat(self.values.clone())
    }
}

impl Batch for Ratings {
    fn device(&self) -> Option<Device> {
        Some(self.device())
    }

    fn count_bound(&self) -> usize {
        self.values.dims()[0]
    }

    fn check(&self) -> Result<(), MetricError> {
        single(&self.values)
    }
}
