use crate::{
    Matrix, Metric, MetricError, Value,
    aggregation::states::{CoMoments, CoMomentsSummary},
    states::fold::check_range,
};

/// Unbiased covariance matrix of observations of `D` variables: `sum((x - mean(x)) (y - mean(y))) / (n
/// - 1)` for every two of them.
///
/// Takes [`Observations`](crate::batch::Observations). An observation of weight `w` counts as `w`
/// observations. The mean of every variable is in the summary, [`CoMomentsSummary::mean`].
///
/// Less than two observations, or a weight of no more than 1, is [`MetricError::TooFew`]; no data is
/// [`MetricError::Empty`], a NaN [`MetricError::InvalidData`], which leaves the whole observation out,
/// and an infinite value makes its variable's covariances NaN. Reference: torcheval 0.0.7
/// `Covariance`, numpy `cov` for weights.
///
/// ```
/// use metrics_core::{Metric, aggregation::Covariance, batch::Observations};
/// use burn::tensor::{Device, Tensor};
///
/// let device = Device::default();
/// let values = Tensor::<2>::from_floats([[1.0, 2.0], [2.0, 0.0], [3.0, 1.0]], &device);
/// let mut covariance = Covariance::new(2).state();
/// covariance.update(&Observations::new(values))?;
/// let value = covariance.compute()?;
/// assert_eq!(value.matrix().map(|m| &*m.data), Some(&[1.0, -0.5, -0.5, 1.0][..]));
/// assert_eq!(covariance.summary()?.mean, [2.0, 1.0]);
/// # Ok::<(), metrics_core::MetricError>(())
/// ```
#[derive(Debug, Clone, PartialEq)]
pub struct Covariance {
    variables: usize,
}

impl Covariance {
    /// Of observations `[N, variables]`.
    pub fn new(variables: usize) -> Self {
        Self { variables }
    }
}

impl Metric for Covariance {
    type Accumulator = CoMoments;

    fn name(&self) -> String {
        "covariance".into()
    }

    fn accumulator(&self) -> CoMoments {
        CoMoments {
            variables: self.variables,
        }
    }

    fn finalize(&self, moments: &CoMomentsSummary) -> Result<Value, MetricError> {
        let rejected = moments.rejected;
        check_range(moments.overflowed, &moments.products, "squares or products")?;
        match moments.weight {
            0.0 => Err(MetricError::Empty { rejected }),
            weight if weight > 1.0 => Ok(Value::Table(Matrix {
                rows: self.variables,
                cols: self.variables,
                data: covariances(moments),
                normalized: false,
            })),
            _ => Err(MetricError::TooFew {
                needed: 2,
                found: moments.count,
            }),
        }
    }

    fn is_scalar(&self) -> bool {
        false
    }
}

/// NaN for what varies infinitely, and with it.
fn covariances(moments: &CoMomentsSummary) -> Vec<f64> {
    let (size, products) = (moments.mean.len(), &moments.products);
    let unknown = |i: usize| products[i * size + i].is_nan();
    let cells = products.iter().enumerate();
    cells
        .map(|(cell, product)| {
            if unknown(cell / size) || unknown(cell % size) {
                f64::NAN
            } else {
                product / (moments.weight - 1.0)
            }
        })
        .collect()
}
