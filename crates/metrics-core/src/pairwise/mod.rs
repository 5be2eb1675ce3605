//! Similarities and distances between all rows of one tensor, or between the rows of two.
//!
//! Functions, not metrics: they take tensors, and return tensors of the same dtype on the same device. Numbers of `f16` and `bf16`
//! are computed with as `f32`.
//!
//! [`Pairwise::matrix`] has an entry for each row of `x` and each row of `y`. [`Pairwise::mean`] and [`Pairwise::sum`] are those of the
//! rows of this matrix, which is never made: no more than a tile of it exists at a time. Nothing of the size of `N * M * D` exists in
//! either case.
//!
//! ```
//! use burn::tensor::{Device, Tensor};
//! use metrics_core::pairwise;
//!
//! let device = Device::default();
//! let x = Tensor::<2>::from_floats([[0.0, 0.0], [3.0, 4.0]], &device);
//! let y = Tensor::<2>::from_floats([[0.0, 4.0]], &device);
//! let distances = pairwise::euclidean(x.clone(), Some(y)).matrix()?;
//! assert_eq!(distances.to_data().to_vec::<f32>().unwrap(), [4.0, 3.0]);
//! let means = pairwise::manhattan(x, None).mean()?;
//! assert_eq!(means.to_data().to_vec::<f32>().unwrap(), [3.5, 3.5]);
//! # Ok::<(), metrics_core::MetricError>(())
//! ```

use crate::{
    MetricError,
    ops::pairwise::{self, Measure, Plan},
};
use burn::tensor::{DType, FloatDType, Tensor};

/// Rows to compare, and how: made by the functions of this module.
#[derive(Debug, Clone)]
#[must_use = "`matrix`, `mean` or `sum` computes"]
pub struct Pairwise {
    x: Tensor<2>,
    y: Option<Tensor<2>>,
    measure: Measure,
    zero_diagonal: Option<bool>,
}

/// The cosine of the angle between rows: `x · y / (|x| |y|)`, in `[-1, 1]`.
///
/// A row of zeros has the cosine 0 with every row, as in scikit-learn; TorchMetrics has NaN.
/// Reference: scikit-learn 1.7 `cosine_similarity`, TorchMetrics 1.9.0 `pairwise_cosine_similarity`.
pub fn cosine(x: Tensor<2>, y: Option<Tensor<2>>) -> Pairwise {
    Pairwise::new(x, y, Measure::Cosine)
}

/// The Euclidean distance `sqrt(Σ (x - y)²)`.
///
/// In host memory from 33 columns on by a product of matrices about the common mean; entries that lose digits this way, because
/// the rows are near each other, are computed again from their differences.
/// Reference: SciPy `cdist`, TorchMetrics 1.9.0 `pairwise_euclidean_distance`, whose near rows lose their digits.
pub fn euclidean(x: Tensor<2>, y: Option<Tensor<2>>) -> Pairwise {
    Pairwise::new(x, y, Measure::Minkowski(2.0))
}

/// The product `Σ x y`.
///
/// Reference: scikit-learn 1.7 `linear_kernel`, TorchMetrics 1.9.0 `pairwise_linear_similarity`.
pub fn linear(x: Tensor<2>, y: Option<Tensor<2>>) -> Pairwise {
    Pairwise::new(x, y, Measure::Linear)
}

/// The Manhattan distance `Σ |x - y|`.
///
/// Reference: SciPy `cdist`, TorchMetrics 1.9.0 `pairwise_manhattan_distance`, which repeats its inputs in memory.
pub fn manhattan(x: Tensor<2>, y: Option<Tensor<2>>) -> Pairwise {
    Pairwise::new(x, y, Measure::Minkowski(1.0))
}

/// The Minkowski distance `(Σ |x - y|^p)^(1/p)` of an exponent of at least 1; of an infinite one the largest difference.
///
/// Any other exponent is [`MetricError::InvalidOption`] when it is computed.
/// Reference: SciPy `cdist`, TorchMetrics 1.9.0 `pairwise_minkowski_distance`, whose powers leave the range of `f32`.
pub fn minkowski(x: Tensor<2>, y: Option<Tensor<2>>, exponent: f64) -> Pairwise {
    Pairwise::new(x, y, Measure::Minkowski(exponent))
}

impl Pairwise {
    fn new(x: Tensor<2>, y: Option<Tensor<2>>, measure: Measure) -> Self {
        Self {
            x: x.without_autodiff(),
            y: y.map(Tensor::without_autodiff),
            measure,
            zero_diagonal: None,
        }
    }

    /// Whether entries of a row with the row of the same number are 0: true by default without `y`, and false with `y`. They
    /// count in means.
    pub fn zero_diagonal(mut self, zero: bool) -> Self {
        self.zero_diagonal = Some(zero);
        self
    }

    /// The matrix `[N, M]`, of `x [N, D]` and `y [M, D]`, or `[N, N]` without `y`.
    ///
    /// NaN in a row makes its entries NaN.
    ///
    /// # Errors
    /// [`MetricError::ShapeMismatch`] for rows of different widths, and for a dimension of 0;
    /// [`MetricError::DTypeMismatch`]; [`MetricError::DeviceMismatch`]; [`MetricError::InvalidOption`] for an exponent below 1 or NaN.
    pub fn matrix(self) -> Result<Tensor<2>, MetricError> {
        let (x, y, dtype, plan) = self.prepared()?;
        Ok(pairwise::matrix(x, y, plan).cast(dtype))
    }

    /// The mean of each row of the matrix, `[N]`.
    ///
    /// # Errors
    /// As [`matrix`](Self::matrix).
    pub fn mean(self) -> Result<Tensor<1>, MetricError> {
        let (x, y, dtype, plan) = self.prepared()?;
        let columns = y.as_ref().unwrap_or(&x).dims()[0];
        Ok((pairwise::sums(x, y, plan, columns as f64)).cast(dtype))
    }

    /// The sum of each row of the matrix, `[N]`.
    ///
    /// # Errors
    /// As [`matrix`](Self::matrix).
    pub fn sum(self) -> Result<Tensor<1>, MetricError> {
        let (x, y, dtype, plan) = self.prepared()?;
        Ok(pairwise::sums(x, y, plan, 1.0).cast(dtype))
    }

    /// The rows in single or double precision, the dtype of the result, and what to compute.
    #[allow(clippy::type_complexity)]
    fn prepared(self) -> Result<(Tensor<2>, Option<Tensor<2>>, FloatDType, Plan), MetricError> {
        let (x, y) = (self.x, self.y);
        if let Measure::Minkowski(exponent) = self.measure
            && (exponent.is_nan() || exponent < 1.0)
        {
            let what = format!(
                "`pairwise::minkowski`: the exponent is {exponent}, and must be at least 1"
            );
            return Err(MetricError::InvalidOption(what));
        }
        check(&x, y.as_ref())?;
        let dtype = FloatDType::from(x.dtype());
        let plan = Plan {
            measure: self.measure,
            zero_diagonal: self.zero_diagonal.unwrap_or(y.is_none()),
        };
        Ok((wide(x), y.map(wide), dtype, plan))
    }
}

/// Rows in single or double precision.
pub(crate) fn wide(rows: Tensor<2>) -> Tensor<2> {
    if matches!(rows.dtype(), DType::F32 | DType::F64) {
        rows
    } else {
        rows.cast(FloatDType::F32)
    }
}

/// Whether rows can be compared.
pub(crate) fn check(x: &Tensor<2>, y: Option<&Tensor<2>>) -> Result<(), MetricError> {
    let other = y.unwrap_or(x);
    let unfit = |hint| MetricError::ShapeMismatch {
        left_name: "x",
        left: x.dims().to_vec(),
        right_name: if y.is_some() { "y" } else { "itself" },
        right: other.dims().to_vec(),
        hint,
    };
    if x.dims()[1] != other.dims()[1] {
        return Err(unfit(": rows must have as many columns"));
    }
    if x.dims().contains(&0) || other.dims().contains(&0) {
        return Err(unfit(": there must be rows, with at least one column"));
    }
    if x.dtype() != other.dtype() {
        return Err(MetricError::DTypeMismatch {
            left_name: "x",
            left: format!("{:?}", x.dtype()),
            right_name: "y",
            right: format!("{:?}", other.dtype()),
        });
    }
    crate::batch::same_device("x", x.device(), "y", other.device())
}
