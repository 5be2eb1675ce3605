//! Sums of a term per pair of numbers, or per row of them: the state of most metrics of regression.

use crate::{
    Accumulator, Delta, HostDelta, Identity, MetricError, REJECTED_SLOTS, Reason, Rejected,
    Summary,
    batch::Regression,
    ops::{
        Rows, any_in_row,
        pairs::{
            AnyTerms, PairSink, Pairs, Terms,
            host::{Block, NumberTerms, Totals},
        },
    },
    states::{
        ValueListSummary,
        fold::{add_rejected, add_sums},
    },
};
use burn::tensor::{Bool, DType, Int, Tensor};
use serde::{Deserialize, Serialize};
use std::{any::Any, fmt::Debug, sync::Arc};

pub use crate::ops::pairs::Unit;

/// The terms of which a metric is a function of the sums, such as `|prediction - target|`.
///
/// This is all it takes for a metric of your own whose value comes from sums over elements, columns
/// or rows; [`PairSums`] does the rest: NaN, weights, counts, sums that lose no digits, merging.
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
    /// options to be told apart; see [`Accumulator::identity`].
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
    fn of_row(&self, _pred: &[f32], _target: &[f32]) -> Result<[f64; MAX_SUMS], Reason> {
        Ok([f64::NAN; MAX_SUMS])
    }
}

/// The most terms that can be had [by number](PairTerms::BY_NUMBER).
pub const MAX_SUMS: usize = 2;

/// How many pairs [`PairTerms::of_pairs`] takes.
pub const LANES: usize = 8;

fn check<T: PairTerms>(terms: &T, batch: &Regression) -> Result<(), MetricError> {
    match PairTerms::unit(terms) {
        Unit::Outputs(outputs) => batch.check_outputs(Some(outputs)),
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
    fn row(&self, pred: &[f32], target: &[f32]) -> Result<[f64; MAX_SUMS], Reason> {
        self.of_row(pred, target)
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

    fn add(&self, block: &Block, totals: &mut Totals) {
        match PairTerms::unit(self) {
            Unit::Rows => block.add_rows(totals, self),
            Unit::Elements | Unit::Outputs(_) => block.add_pairs(totals, self),
        }
    }

    fn measure(&self, pairs: Pairs) -> (Rows, Tensor<2>) {
        measure(self, pairs)
    }

    fn equals(&self, other: &dyn Terms) -> bool {
        let other: &dyn Any = other;
        other.downcast_ref() == Some(self)
    }
}

/// The rows of pairs in the shape of the unit, and their terms side by side.
fn measure<T: PairTerms>(terms: &T, pairs: Pairs) -> (Rows, Tensor<2>) {
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

/// Adds up the terms of a metric: a few device sums per output.
///
/// Terms and their products with weights are `f32`, so one beyond 3e38 is infinite; terms
/// [by number](PairTerms::BY_NUMBER) are `f64` on CPU backends.
#[derive(Debug, Clone, PartialEq)]
pub struct PairSums<T> {
    terms: Arc<T>,
}

impl<T: PairTerms> PairSums<T> {
    /// Of these terms.
    pub fn new(terms: T) -> Self {
        Self {
            terms: Arc::new(terms),
        }
    }
}

impl<T: PairTerms> Accumulator for PairSums<T> {
    type Batch = Regression;
    type Summary = PairSumsSummary;

    fn identity(&self) -> Identity {
        Identity::new("pair_sums", 1).of(self.terms.identity())
    }

    fn empty(&self) -> PairSumsSummary {
        let outputs = PairTerms::unit(&*self.terms).outputs();
        PairSumsSummary {
            outputs,
            count: 0,
            weight: 0.0,
            sums: vec![0.0; T::SUMS * outputs],
            rejected: Rejected::default(),
        }
    }

    fn validate(&self) -> Result<(), MetricError> {
        self.terms.validate()
    }

    fn takes_weights(&self) -> bool {
        true
    }

    fn check(&self, batch: &Regression) -> Result<(), MetricError> {
        check(&*self.terms, batch)
    }

    fn update(&self, delta: &mut Delta, batch: &Regression) {
        let terms = AnyTerms(self.terms.clone());
        delta.want((&batch.pairs, PairSink::Terms(terms)));
    }

    fn fold(&self, delta: &HostDelta, summary: &mut PairSumsSummary) {
        for block in delta.blocks() {
            let (used, rejected) = (block.counts[0], &block.counts[1..]);
            let mut sums = block.sums();
            let weight = if block.weighted { sums.pop() } else { None };
            let mut part = PairSumsSummary {
                count: used as u64,
                weight: weight.unwrap_or(f64::from(used)),
                sums,
                ..self.empty()
            };
            add_rejected(&mut part.rejected, rejected);
            summary.add(&part);
        }
    }
}

/// Sums of the terms of a metric, in `f64`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct PairSumsSummary {
    /// How many outputs there are.
    pub outputs: usize,
    /// Elements or rows that were used.
    pub count: u64,
    /// What they weigh; 1 each where there are no weights.
    #[serde(with = "crate::number")]
    pub weight: f64,
    /// The sums of weighted terms: those of the first term by output, those of the second, and so on.
    #[serde(with = "crate::number::list")]
    pub sums: Vec<f64>,
    /// What was left out.
    pub rejected: Rejected,
}

impl PairSumsSummary {
    /// Fails if nothing was used, or nothing of any weight.
    ///
    /// # Errors
    /// [`MetricError::Empty`].
    pub fn not_empty(&self) -> Result<(), MetricError> {
        match self.weight > 0.0 {
            true => Ok(()),
            false => Err(MetricError::Empty {
                rejected: self.rejected,
            }),
        }
    }

    /// The sums of a term, by output; none if there is no such term.
    pub fn sums_of(&self, term: usize) -> &[f64] {
        let sums = self.sums.chunks(self.outputs.max(1)).nth(term);
        sums.unwrap_or_default()
    }

    /// The weighted mean of the first term, by output.
    ///
    /// # Errors
    /// [`MetricError::Empty`].
    pub fn means(&self) -> Result<Vec<f64>, MetricError> {
        self.not_empty()?;
        let sums = self.sums_of(0).iter();
        Ok(sums.map(|sum| sum / self.weight).collect())
    }

    /// The weighted sum of the first term, of the first output.
    ///
    /// # Errors
    /// [`MetricError::Empty`].
    pub fn sum(&self) -> Result<f64, MetricError> {
        self.not_empty()?;
        Ok(self.sums_of(0).first().copied().unwrap_or(0.0))
    }

    /// The weighted mean of the first term, of the first output.
    ///
    /// # Errors
    /// [`MetricError::Empty`].
    pub fn mean(&self) -> Result<f64, MetricError> {
        Ok(self.sum()? / self.weight)
    }

    fn add(&mut self, other: &Self) {
        self.count += other.count;
        self.weight += other.weight;
        self.rejected.merge(&other.rejected);
        add_sums(&mut self.sums, &other.sums);
    }
}

impl Summary for PairSumsSummary {
    fn merge(&mut self, other: &Self) -> Result<(), MetricError> {
        let shape = |t: &Self| (t.outputs, t.sums.len());
        if shape(self) != shape(other) {
            let text = |t: &Self| format!("{} sums of {} outputs", t.sums.len(), t.outputs);
            return Err(MetricError::MergeMismatch {
                left: text(self),
                right: text(other),
            });
        }
        self.add(other);
        Ok(())
    }

    fn rejected(&self) -> Rejected {
        self.rejected
    }
}

/// Lists the term of every row or element, the first if there are several: the device state grows
/// with the data, 4 bytes each.
///
/// It takes no weights: an element that counts twice, or half, has no place in a list.
#[derive(Debug, Clone, PartialEq)]
pub struct PairList<T> {
    terms: Arc<T>,
}

impl<T: PairTerms> PairList<T> {
    /// Of these terms.
    pub fn new(terms: T) -> Self {
        Self {
            terms: Arc::new(terms),
        }
    }
}

impl<T: PairTerms> From<PairSums<T>> for PairList<T> {
    fn from(sums: PairSums<T>) -> Self {
        Self { terms: sums.terms }
    }
}

impl<T: PairTerms> Accumulator for PairList<T> {
    type Batch = Regression;
    type Summary = ValueListSummary;

    fn identity(&self) -> Identity {
        Identity::new("pair_list", 1).of(self.terms.identity())
    }

    fn empty(&self) -> ValueListSummary {
        ValueListSummary::default()
    }

    fn validate(&self) -> Result<(), MetricError> {
        self.terms.validate()
    }

    fn check(&self, batch: &Regression) -> Result<(), MetricError> {
        check(&*self.terms, batch)
    }

    fn update(&self, delta: &mut Delta, batch: &Regression) {
        let (rows, terms) = measure(&*self.terms, batch.pairs.of(PairTerms::unit(&*self.terms)));
        let ([n, _], device) = (terms.dims(), terms.device());
        let terms = terms.slice([0..n, 0..1]).reshape([n]);
        // Those to leave out are left out when they are read.
        delta.append_floats(terms.mask_fill(rows.rejected(), f32::NAN));
        delta.counts(0, 1 + REJECTED_SLOTS, &device, |counts| rows.count(counts));
    }

    fn fold(&self, delta: &HostDelta, summary: &mut ValueListSummary) {
        let Some(counts) = delta.counts(0) else {
            return;
        };
        add_rejected(&mut summary.rejected, &counts[1..]);
        let terms = delta.float_lists().iter().flatten();
        let used = terms.filter(|term| !term.is_nan());
        summary.values.extend(used.map(|term| *term as f64));
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        Metric, MetricCollection, State,
        regression::{
            CosineSimilarity, CriticalSuccessIndex, JensenShannonDivergence, KlDivergence,
            LogCoshError, MeanAbsolutePercentageError, MeanSquaredError, MeanSquaredLogError,
            MinkowskiDistance, Reduction, SymmetricMeanAbsolutePercentageError,
            TweedieDevianceScore, WeightedMeanAbsolutePercentageError,
        },
    };
    use burn::tensor::{Device, TensorData};

    fn batch(outputs: usize) -> Regression {
        let values = Tensor::<2>::ones([3, outputs], &Device::default());
        Regression::multi_output(values.clone(), values * 2.0).unwrap()
    }

    #[test]
    fn options_that_make_no_sense_are_refused() {
        fn refuses(metric: impl Metric<Accumulator: crate::Accumulator<Batch = Regression>>) {
            let error = metric.state().update(&batch(2)).unwrap_err();
            let name = metric.name();
            assert!(
                matches!(error, MetricError::InvalidOption(_)),
                "{name}: {error}"
            );
        }
        for p in [0.5, f64::NAN, f64::INFINITY] {
            refuses(MinkowskiDistance::new(p));
        }
        for power in [0.5, f64::NAN, f64::NEG_INFINITY] {
            refuses(TweedieDevianceScore::new().power(power));
        }
        refuses(CriticalSuccessIndex::new(f32::NAN));
        refuses(LogCoshError::new().outputs(0));
    }

    #[test]
    fn another_number_of_outputs_is_refused_and_changes_nothing() {
        let mut state = LogCoshError::new().outputs(2).state();
        state.update(&batch(2)).unwrap();
        let before = state.summary().unwrap().clone();
        let error = state.update(&batch(3)).unwrap_err();
        let found = matches!(
            error,
            MetricError::WidthMismatch {
                expected: 2,
                found: 3,
                ..
            }
        );
        assert!(found, "{error}");
        let mut other = LogCoshError::new().outputs(3).state();
        other.update(&batch(3)).unwrap();
        let error = state.merge(other.summary().unwrap()).unwrap_err();
        assert!(
            matches!(error, MetricError::MergeMismatch { .. }),
            "{error}"
        );
        assert_eq!(state.summary().unwrap(), &before);
    }

    #[test]
    fn equal_terms_share_a_state_and_a_list_has_its_own() {
        let mean = CosineSimilarity::new().reduction(Reduction::Mean);
        let collection = MetricCollection::new()
            .with(CosineSimilarity::new())
            .with(mean);
        assert_eq!(collection.state_count(), 1);
        let mut collection = collection
            .with(CosineSimilarity::new().per_row())
            .with(LogCoshError::new())
            .with(LogCoshError::new().outputs(2));
        assert_eq!(collection.state_count(), 4);
        collection.update(&batch(2)).unwrap();
        let report = collection.compute().unwrap();
        assert_eq!(report.scalar("cosine_similarity_mean"), Some(1.0));
    }

    #[test]
    fn a_list_takes_no_weights() {
        let weights = Tensor::<1>::ones([3], &Device::default());
        let batch = batch(2).with_weights(weights).unwrap();
        let error = CosineSimilarity::new().per_row().evaluate(&batch);
        let accumulator = "PairList";
        assert_eq!(error, Err(MetricError::WeightsUnsupported { accumulator }));
    }

    /// Terms that are known as tensors only.
    #[derive(Debug, Clone, PartialEq)]
    struct ByTensor<T>(T);

    impl<T: PairTerms> PairTerms for ByTensor<T> {
        const SUMS: usize = T::SUMS;

        fn identity(&self) -> Identity {
            Identity::new("by_tensor", 1).of(self.0.identity())
        }

        fn unit(&self) -> Unit {
            PairTerms::unit(&self.0)
        }

        fn invalid_prediction(&self, pred: Tensor<2>) -> Option<Tensor<2, Bool>> {
            self.0.invalid_prediction(pred)
        }

        fn invalid_target(&self, target: Tensor<2>) -> Option<Tensor<2, Bool>> {
            self.0.invalid_target(target)
        }

        fn terms(&self, pred: Tensor<2>, target: Tensor<2>) -> Vec<Tensor<2>> {
            self.0.terms(pred, target)
        }
    }

    /// Pairs of all kinds of numbers, few of which are hostile.
    fn pairs(columns: usize, hostile: &[f32], weights: Option<&[f32]>) -> Regression {
        let device = Device::default();
        let rows = 150;
        let numbers = |seed: usize| {
            let number = move |i: usize| match (i * 7919 + seed) % 1009 {
                k if k < 2 * hostile.len() => hostile[k / 2],
                k => k as f32 / 400.0,
            };
            let numbers: Vec<f32> = (0..rows * columns).map(number).collect();
            Tensor::<2>::from_data(TensorData::new(numbers, [rows, columns]), &device)
        };
        let batch = Regression::multi_output(numbers(3), numbers(57)).unwrap();
        match weights {
            Some(weights) => {
                let weights: Vec<f32> = weights.iter().copied().cycle().take(rows).collect();
                let weights = Tensor::<1>::from_floats(&weights[..], &device);
                batch.with_weights(weights).unwrap()
            }
            None => batch,
        }
    }

    #[test]
    fn terms_by_number_are_those_of_tensors() {
        fn agree<T: PairTerms>(metric: impl Metric<Accumulator = PairSums<T>>) {
            let by_number = metric.accumulator();
            assert!(T::BY_NUMBER);
            let by_tensor = PairSums::new(ByTensor((*by_number.terms).clone()));
            let kinds: [&[f32]; 3] = [
                &[],
                &[0.0, -0.5, -1.0, f32::NAN],
                &[f32::INFINITY, f32::NEG_INFINITY, 0.0, 3e38],
            ];
            let weights: [Option<&[f32]>; 2] =
                [None, Some(&[1.0, 0.25, 0.0, f32::NAN, 3.0, -1.0, 2.0])];
            for hostile in kinds {
                for weights in weights {
                    let batch = pairs(3, hostile, weights);
                    let ours = totals(&by_number, &batch);
                    let theirs = totals(&by_tensor, &batch);
                    let what = format!("{} with {hostile:?}, {weights:?}", metric.name());
                    assert_eq!(ours.rejected, theirs.rejected, "{what}");
                    assert_eq!(ours.count, theirs.count, "{what}");
                    assert_eq!(ours.weight, theirs.weight, "{what}");
                    for (ours, theirs) in ours.sums.iter().zip(&theirs.sums) {
                        let close = (ours - theirs).abs() <= 1e-5 * theirs.abs();
                        assert!(close || ours == theirs, "{what}: {ours} is not {theirs}");
                    }
                }
            }
        }
        fn totals<T: PairTerms>(sums: &PairSums<T>, batch: &Regression) -> PairSumsSummary {
            let mut state = State::new(sums.clone());
            state.update(batch).unwrap();
            state.summary().unwrap().clone()
        }
        agree(MeanAbsolutePercentageError::new());
        agree(SymmetricMeanAbsolutePercentageError::new());
        agree(WeightedMeanAbsolutePercentageError::new());
        agree(MeanSquaredLogError::new());
        agree(LogCoshError::new());
        agree(LogCoshError::new().outputs(3));
        agree(CriticalSuccessIndex::new(0.5));
        agree(CriticalSuccessIndex::new(0.5).outputs(3));
        agree(CosineSimilarity::new());
        for p in [1.0, 1.5, 2.0, 3.0] {
            agree(MinkowskiDistance::new(p));
        }
        for power in [-1.0, 0.0, 1.0, 1.5, 2.0, 3.0] {
            agree(TweedieDevianceScore::new().power(power));
        }
        for log_prob in [false, true] {
            agree(KlDivergence::new().log_prob(log_prob));
            agree(JensenShannonDivergence::new().log_prob(log_prob));
        }
    }

    /// Nothing tells weights of 1 from no weights, to the last bit.
    #[test]
    fn unweighted_rows_are_counted_and_not_summed() {
        let device = Device::default();
        let weights = Tensor::<1>::ones([3], &device);
        let weighted = batch(2).with_weights(weights).unwrap();
        let mut mixed = MeanSquaredError::new().state();
        for batch in [&batch(2), &weighted, &batch(2)] {
            mixed.update(batch).unwrap();
        }
        let summary = mixed.summary().unwrap();
        assert_eq!((summary.count, summary.weight), (18, 18.0));
        let mut plain = MeanSquaredError::new().state();
        for _ in 0..3 {
            plain.update(&batch(2)).unwrap();
        }
        assert_eq!(summary, plain.summary().unwrap());
    }
}
