//! Terms per pair of numbers, or per row of them: what most metrics of regression add up.

use super::outputs::Outputs;
use crate::{
    Identity, MetricError, Reason,
    batch::Regression,
    ops::{
        labels::any_in_row,
        pairs::{
            Pairs, Terms, TermsKernel, Unit,
            host::{Block, NumberTerms, PairElement, Totals},
        },
        scalar::Element,
        weighed::Rows,
    },
};
use burn::tensor::{Bool, DType, Int, Tensor};
use std::{any::Any, fmt::Debug};

/// The terms of which a metric is a function of the sums, such as `|prediction - target|`.
///
/// This is all it takes for a metric of your own whose value comes from sums over elements, columns
/// or rows; [`PairSums`](super::PairSums) does the rest: NaN, weights, counts, sums that lose no digits, merging.
/// Metrics with equal terms share one state in a collection, so options that change no term are
/// better kept elsewhere.
///
/// The Huber loss:
///
/// ```
/// use metrics_core::{
///     Identity, Metric, MetricError, Value, batch::Regression,
///     regression::states::{PairSums, PairTerms, PairSumsSummary},
/// };
/// use burn::tensor::{Device, Tensor};
///
/// #[derive(Debug, Clone, PartialEq, serde::Serialize)]
/// struct HuberLoss {
///     delta: f32,
/// }
///
/// impl PairTerms for HuberLoss {
///     fn identity(&self) -> Identity {
///         Identity::new("my_project/huber_loss", 1).with(self)
///     }
///
///     fn terms(&self, pred: Tensor<2>, target: Tensor<2>) -> Vec<Tensor<2>> {
///         let error = (pred - target).abs();
///         let inner = error.clone().clamp_max(self.delta);
///         vec![inner.clone() * (error - inner * 0.5)]
///     }
/// }
///
/// impl Metric for HuberLoss {
///     type Accumulator = PairSums<Self>;
///
///     fn name(&self) -> String {
///         "huber_loss".into()
///     }
///
///     fn accumulator(&self) -> PairSums<Self> {
///         PairSums::new(self.clone())
///     }
///
///     fn finalize(&self, totals: &PairSumsSummary) -> Result<Value, MetricError> {
///         Ok(totals.mean()?.into())
///     }
/// }
///
/// let device = Device::default();
/// let pred = Tensor::<1>::from_floats([1.0, 5.0], &device);
/// let target = Tensor::<1>::from_floats([0.0, 2.0], &device);
/// let batch = Regression::new(pred, target)?;
/// let loss = HuberLoss { delta: 2.0 };
/// assert_eq!(loss.evaluate(&batch)?.scalar(), Some((0.5 + 4.0) / 2.0));
/// let weighted = batch.with_weights(Tensor::<1>::from_floats([3.0, 1.0], &device))?;
/// assert_eq!(loss.evaluate(&weighted)?.scalar(), Some((3.0 * 0.5 + 4.0) / 4.0));
/// # Ok::<(), MetricError>(())
/// ```
pub trait PairTerms: Clone + Debug + PartialEq + Send + Sync + 'static {
    /// How many sums there are for each output.
    const SUMS: usize = 1;

    /// What a saved state of these terms is known by, for a file from another version, process or set of
    /// options to be told apart; see [`Accumulator::identity`](crate::Accumulator::identity).
    fn identity(&self) -> Identity;

    /// What the terms measure; by default every element.
    fn unit(&self) -> Unit {
        Unit::Elements
    }

    /// Whether the options make sense.
    ///
    /// # Errors
    /// [`MetricError::InvalidOption`].
    fn validate(&self) -> Result<(), MetricError> {
        Ok(())
    }

    /// Where predictions `[N, D]` are outside of what the metric is defined for, as `[N, D]` or
    /// `[N, 1]`: rows with such are rejected as
    /// [`InvalidPrediction`](crate::Reason::InvalidPrediction). By default they are nowhere.
    fn invalid_prediction(&self, _pred: Tensor<2>) -> Option<Tensor<2, Bool>> {
        None
    }

    /// The same for targets, as [`InvalidTarget`](crate::Reason::InvalidTarget).
    fn invalid_target(&self, _target: Tensor<2>) -> Option<Tensor<2, Bool>> {
        None
    }

    /// The terms of predictions and targets `[N, D]`, which are of the shape that the
    /// [unit](Self::unit) has: [`SUMS`](Self::SUMS) `f32` tensors `[N, outputs]`, computed on the
    /// device and without reading. What they are where a row is rejected does not matter. A row with
    /// a term that is NaN, though nothing in it was, is rejected as [`Nan`](crate::Reason::Nan) too:
    /// its terms are undefined.
    ///
    /// Terms of another shape panic, as tensors do in Burn's operations.
    fn terms(&self, pred: Tensor<2>, target: Tensor<2>) -> Vec<Tensor<2>>;

    /// The same as a function of a kernel, if there is one: that of a metric of your own is `TermsKernel::own` of its
    /// `PairFunction`, which are there with a backend on CubeCL. By default there is none, and GPUs take the
    /// [terms](Self::terms) of tensors.
    fn kernel(&self) -> Option<TermsKernel> {
        None
    }

    /// Whether the terms are known number by number as well: [`of_pair`](Self::of_pair), or
    /// [`of_row`](Self::of_row) if the [unit](Self::unit) is rows. On CPU backends one pass over the
    /// numbers is then all there is to do, which is many times faster than one for every operation on
    /// tensors. By default they are not.
    const BY_NUMBER: bool = false;

    /// Why a pair of numbers is rejected, if it is: what [`invalid_prediction`](Self::invalid_prediction)
    /// and [`invalid_target`](Self::invalid_target) say, the latter first.
    fn rejects_pair(&self, _pred: f64, _target: f64) -> Option<Reason> {
        None
    }

    /// The first [`SUMS`](Self::SUMS) of these are the [terms](Self::terms) of one pair of numbers, which
    /// are not NaN. Without branches and calls, this becomes vector instructions.
    fn of_pair(&self, _pred: f64, _target: f64) -> [f64; MAX_SUMS] {
        [f64::NAN; MAX_SUMS]
    }

    /// The same of several pairs. Terms of several kinds choose here which they are, rather than for each pair.
    #[inline(always)]
    fn of_pairs(&self, pred: &[f64; LANES], target: &[f64; LANES]) -> [[f64; LANES]; MAX_SUMS] {
        let mut terms = [[0.0; LANES]; MAX_SUMS];
        for lane in 0..LANES {
            let of_pair = self.of_pair(pred[lane], target[lane]);
            for k in 0..MAX_SUMS {
                terms[k][lane] = of_pair[k];
            }
        }
        terms
    }

    /// The same of one row of predictions and targets.
    ///
    /// # Errors
    /// The reason to reject it.
    fn of_row<E: Element>(&self, _pred: &[E], _target: &[E]) -> Result<[f64; MAX_SUMS], Reason> {
        Ok([f64::NAN; MAX_SUMS])
    }
}

/// The most terms that can be had [by number](PairTerms::BY_NUMBER).
pub const MAX_SUMS: usize = 2;

/// How many pairs [`PairTerms::of_pairs`] takes.
pub const LANES: usize = 8;

/// Whether the options make sense.
pub(super) fn validate<T: PairTerms>(terms: &T) -> Result<(), MetricError> {
    if let Unit::Outputs(outputs) = PairTerms::unit(terms) {
        Outputs::Columns(outputs).validate()?;
    }
    terms.validate()
}

pub(super) fn check<T: PairTerms>(terms: &T, batch: &Regression) -> Result<(), MetricError> {
    match PairTerms::unit(terms) {
        Unit::Outputs(outputs) => batch.check_outputs(outputs),
        Unit::Elements | Unit::Rows => Ok(()),
    }
}

impl<T: PairTerms> NumberTerms for T {
    const TERMS: usize = T::SUMS;

    #[inline(always)]
    fn rejects(&self, pred: f64, target: f64) -> Option<Reason> {
        self.rejects_pair(pred, target)
    }

    #[inline(always)]
    fn pair(&self, pred: f64, target: f64) -> [f64; MAX_SUMS] {
        self.of_pair(pred, target)
    }

    #[inline(always)]
    fn pairs(&self, pred: &[f64; LANES], target: &[f64; LANES]) -> [[f64; LANES]; MAX_SUMS] {
        self.of_pairs(pred, target)
    }

    #[inline(always)]
    fn row<E: Element>(&self, pred: &[E], target: &[E]) -> Result<[f64; MAX_SUMS], Reason> {
        self.of_row(pred, target)
    }
}

fn add<T: PairTerms, E: PairElement>(terms: &T, block: &Block<E>, totals: &mut Totals) {
    match PairTerms::unit(terms) {
        Unit::Rows => block.add_rows(totals, terms),
        Unit::Elements | Unit::Outputs(_) => block.add_pairs(totals, terms),
    }
}

impl<T: PairTerms> Terms for T {
    fn unit(&self) -> Unit {
        PairTerms::unit(self)
    }

    fn sums(&self) -> usize {
        T::SUMS
    }

    fn by_number(&self) -> bool {
        T::BY_NUMBER && T::SUMS <= MAX_SUMS
    }

    fn add(&self, block: &Block<f32>, totals: &mut Totals) {
        add(self, block, totals);
    }

    fn add_wide(&self, block: &Block<f64>, totals: &mut Totals) {
        add(self, block, totals);
    }

    fn measure(&self, pairs: Pairs) -> (Rows, Tensor<2>) {
        measure(self, pairs)
    }

    fn kernel(&self) -> Option<TermsKernel> {
        PairTerms::kernel(self)
    }

    fn equals(&self, other: &dyn Terms) -> bool {
        let other: &dyn Any = other;
        other.downcast_ref() == Some(self)
    }
}

/// The rows of pairs in the shape of the unit, and their terms side by side.
pub(super) fn measure<T: PairTerms>(terms: &T, pairs: Pairs) -> (Rows, Tensor<2>) {
    let Pairs {
        pred,
        target,
        weights,
    } = pairs;
    let [n, _] = pred.dims();
    let any = |flags: Tensor<2, Bool>| any_in_row(flags).reshape([n]);
    let nan = any((pred.clone().is_nan()).bool_or(target.clone().is_nan()));
    let mut codes = Tensor::<1, Int>::zeros([n], (&pred.device(), DType::I32));
    if let Some(invalid) = terms.invalid_prediction(pred.clone()) {
        codes = codes.mask_fill(any(invalid), Reason::InvalidPrediction.code());
    }
    if let Some(invalid) = terms.invalid_target(target.clone()) {
        codes = codes.mask_fill(any(invalid), Reason::InvalidTarget.code());
    }
    let columns = Tensor::cat(terms.terms(pred, target), 1);
    let undefined = any(columns.clone().is_nan()).bool_and(codes.clone().equal_elem(0));
    let codes = codes.mask_fill(nan.bool_or(undefined), Reason::Nan.code());
    (Rows::new(codes, weights), columns)
}
