use crate::{
    Accumulator, Metric, MetricError, Value,
    batch::{Binary, Multiclass, Multilabel},
    classification::{
        Average,
        states::{
            BinSums, BrierTerms, CalibrationBins, CalibrationBinsSummary, ClassBins,
            ClassBinsOptions, ProbabilityBatch,
        },
    },
    states::{RowSums, RowSumsSummary, TaskKind},
};

/// Brier score: the mean squared error of predicted probabilities, `mean((p - target)²)`.
///
/// Binary: of the probability of the positive class, in `[0, 1]`. Multilabel: of each label, averaged as
/// [`average`](Self::average) says, in `[0, 1]`. Multiclass: the mean over the elements of the squared
/// errors summed over the classes, in `[0, 2]`; [`scale_by_half`](Self::scale_by_half) makes it `[0, 1]`.
/// 0 is best.
///
/// Takes probabilities or logits, see [`ScoreKind`](crate::ScoreKind), and weights, with which it is a
/// weighted mean. No data, or none with a weight above 0, is [`MetricError::Empty`]; a label without data
/// has NaN, and is left out of averages. Predicted labels are [`MetricError::ScoresRequired`].
///
/// `decomposition` tells how much of a score is miscalibration. Not in
/// TorchMetrics. Reference: scikit-learn 1.7.2 `brier_score_loss`, which scales two classes by half unless
/// told otherwise. Brier: Verification of Forecasts Expressed in Terms of Probability (1950).
///
/// ```
/// use metrics_core::{Metric, batch::{Binary, Multiclass}, classification::BrierScore};
/// use burn::tensor::{Device, Int, Tensor};
///
/// let device = Device::default();
/// let scores = Tensor::<1>::from_floats([0.25, 0.75, 0.5], &device);
/// let target = Tensor::<1, Int>::from_ints([0, 1, 1], &device);
/// let batch = Binary::from_scores(scores, target)?;
/// assert_eq!(BrierScore::binary().evaluate(&batch)?.scalar(), Some(0.375 / 3.0));
///
/// let scores = Tensor::<2>::from_floats([[0.5, 0.25, 0.25]], &device);
/// let target = Tensor::<1, Int>::from_ints([0], &device);
/// let batch = Multiclass::from_scores(scores, target)?;
/// assert_eq!(BrierScore::multiclass(3).evaluate(&batch)?.scalar(), Some(0.375));
/// # Ok::<(), metrics_core::MetricError>(())
/// ```
#[derive(Debug)]
pub struct BrierScore<B> {
    terms: BrierTerms<B>,
    average: Average,
    half: bool,
}

impl<B> Clone for BrierScore<B> {
    fn clone(&self) -> Self {
        Self {
            terms: self.terms.clone(),
            ..*self
        }
    }
}

impl BrierScore<Binary> {
    /// For yes-or-no decisions with a score each.
    pub fn binary() -> Self {
        Self::new(1)
    }

    /// Where the score comes from, by equal-width bins of probability: how far probabilities are from
    /// what happens, how much they tell events apart, and how hard that is.
    pub fn decomposition(self, bins: usize) -> BrierDecomposition<CalibrationBins<Binary>> {
        let mut accumulator = CalibrationBins::new(2);
        accumulator.options.bins = bins;
        accumulator.options.ignore_index = self.terms.options.ignore_index;
        self.decomposed(accumulator, bins)
    }
}

impl BrierScore<Multiclass> {
    /// For elements that have one of `classes` classes.
    pub fn multiclass(classes: usize) -> Self {
        Self::new(classes)
    }

    /// Where the score comes from, by equal-width bins of the probability of each class against the rest: the
    /// sums over the classes, halved as the score.
    pub fn decomposition(self, bins: usize) -> BrierDecomposition<ClassBins<Multiclass>> {
        let accumulator = ClassBins::new(self.class_bins(bins));
        self.decomposed(accumulator, bins)
    }

    /// Whether to halve the sum over classes, which of two classes gives the binary score; default false.
    pub fn scale_by_half(mut self, half: bool) -> Self {
        self.half = half;
        self
    }
}

impl BrierScore<Multilabel> {
    /// For elements with `labels` yes-or-no labels each.
    pub fn multilabel(labels: usize) -> Self {
        Self::new(labels)
    }

    /// Where the score comes from, by equal-width bins of the probability of each label: averaged as the score.
    pub fn decomposition(self, bins: usize) -> BrierDecomposition<ClassBins<Multilabel>> {
        let accumulator = ClassBins::new(self.class_bins(bins));
        self.decomposed(accumulator, bins)
    }

    /// How the scores of labels become one; default [`Average::Macro`], their mean. Micro is the mean over
    /// all decisions, weighted counts each label as often as it is true, and is NaN if none ever is.
    pub fn average(mut self, average: Average) -> Self {
        self.average = average;
        self
    }
}

impl<B> BrierScore<B> {
    fn new(classes: usize) -> Self {
        Self {
            terms: BrierTerms::new(classes),
            average: Average::default(),
            half: false,
        }
    }

    fn class_bins(&self, bins: usize) -> ClassBinsOptions {
        ClassBinsOptions {
            classes: self.terms.options.classes,
            bins,
            ignore_index: self.terms.options.ignore_index,
        }
    }

    fn decomposed<A>(&self, accumulator: A, bins: usize) -> BrierDecomposition<A>
    where
        B: ProbabilityBatch,
    {
        BrierDecomposition {
            accumulator,
            bins,
            task: B::TASK,
            average: self.average,
            half: self.half,
        }
    }

    /// Elements with this target are left out.
    pub fn ignore_index(mut self, label: i64) -> Self {
        self.terms.options.ignore_index = Some(label);
        self
    }
}

impl<B: ProbabilityBatch> Metric for BrierScore<B> {
    type Accumulator = RowSums<BrierTerms<B>>;

    fn name(&self) -> String {
        format!("brier_score{}", suffix(self.average, self.half))
    }

    fn accumulator(&self) -> RowSums<BrierTerms<B>> {
        RowSums::new(self.terms.clone())
    }

    fn finalize(&self, totals: &RowSumsSummary) -> Result<Value, MetricError> {
        totals.not_empty()?;
        let means: Vec<_> = totals.means().collect();
        if self.average == Average::None {
            return Ok(Value::PerClass(means.iter().map(|mean| mean[0]).collect()));
        }
        let labels = means.iter().zip(&totals.weights);
        let labels = labels.map(|(mean, weight)| ([mean[0]], *weight, mean[1]));
        let [score] = averaged(labels, self.average);
        Ok(if self.half { score / 2.0 } else { score }.into())
    }

    fn higher_is_better(&self) -> Option<bool> {
        Some(false)
    }

    fn is_scalar(&self) -> bool {
        self.average != Average::None
    }
}

/// What averages and halving add to a name.
fn suffix(average: Average, half: bool) -> String {
    let average = match average {
        Average::Macro => "",
        Average::Micro => "_micro",
        Average::Weighted => "_weighted",
        Average::None => "_per_class",
    };
    format!("{average}{}", if half { "_half" } else { "" })
}

/// The averages of the numbers of labels, each with its weight and its share of positives. A label without weight does
/// not count.
fn averaged<const N: usize>(
    labels: impl Iterator<Item = ([f64; N], f64, f64)>,
    average: Average,
) -> [f64; N] {
    let (mut sums, mut all) = ([0.0; N], 0.0);
    for (numbers, weight, positives) in labels.filter(|(_, weight, _)| *weight > 0.0) {
        let share = match average {
            Average::Micro => weight,
            Average::Weighted => weight * positives,
            Average::Macro | Average::None => 1.0,
        };
        let pairs = sums.iter_mut().zip(numbers);
        pairs.for_each(|(sum, number)| *sum += share * number);
        all += share;
    }
    sums.map(|sum| sum / all)
}

/// The [`BrierScore`] of bins of probability as `reliability - resolution + uncertainty`, a
/// [`Value::Record`] of the three.
///
/// Binary: with the mean probability `p_k`, the share of positives `o_k` and the share `w_k` of the elements of a
/// bin, and the share `o` of positives of all: `reliability` is `Σ w_k (p_k - o_k)²` (0 is best),
/// `resolution` `Σ w_k (o_k - o)²` (more is better), `uncertainty` `o (1 - o)`, all in `[0, 1]`. Together
/// they are the score of predicting `p_k` throughout a bin: the Brier score if the probabilities of a
/// bin are equal, and else near it where bins are narrow.
///
/// Multiclass: the sums over the classes of these three of each class against the rest, as the score is the sum of
/// the classes' squared errors, halved with [`scale_by_half`](BrierScore::scale_by_half). Multilabel: those of the
/// labels, averaged as [`average`](BrierScore::average) says; with [`Average::None`] each is a
/// [`Value::PerClass`], NaN for a label without data.
///
/// Made by `decomposition` of [`BrierScore`]. The binary bins, and with equal options the state, are those of
/// [`CalibrationError`](crate::classification::CalibrationError); else the state is `3 * L * bins` sums. In weighted
/// batches every element counts as much as its weight. No data, or none with any weight, is
/// [`MetricError::Empty`]; no bins are [`MetricError::InvalidOption`]. Reference: Murphy: A New Vector Partition of
/// the Probability Score (1973), whose partition of two categories this is, class by class; his own for more
/// categories groups equal vectors of probabilities, which binned vectors hardly ever are.
///
/// ```
/// use metrics_core::{Metric, batch::Binary, classification::BrierScore};
/// use burn::tensor::{Device, Int, Tensor};
///
/// let device = Device::default();
/// let scores = Tensor::<1>::from_floats([0.25, 0.25, 0.75, 0.75], &device);
/// let target = Tensor::<1, Int>::from_ints([0, 0, 0, 1], &device);
/// let batch = Binary::from_scores(scores, target)?;
/// let parts = BrierScore::binary().decomposition(2).evaluate(&batch)?;
/// let part = |name: &str| parts.field(name).and_then(|value| value.scalar());
/// assert_eq!(part("reliability"), Some(0.0625));
/// assert_eq!(part("resolution"), Some(0.0625));
/// assert_eq!(part("uncertainty"), Some(0.1875));
/// let score = BrierScore::binary().evaluate(&batch)?;
/// assert_eq!(score.scalar(), Some(0.0625 - 0.0625 + 0.1875));
/// # Ok::<(), metrics_core::MetricError>(())
/// ```
#[derive(Debug, Clone)]
pub struct BrierDecomposition<A> {
    accumulator: A,
    bins: usize,
    task: TaskKind,
    average: Average,
    half: bool,
}

/// Reliability, resolution and uncertainty of the bins of a class, with its weight and its share of positives.
fn partition(bins: &[BinSums]) -> ([f64; 3], f64, f64) {
    let total: f64 = bins.iter().map(|bin| bin.total).sum();
    let positives = bins.iter().map(|bin| bin.hits).sum::<f64>() / total;
    let (mut reliability, mut resolution) = (0.0, 0.0);
    for bin in bins.iter().filter(|bin| bin.total > 0.0) {
        let (share, rate) = (bin.total / total, bin.hits / bin.total);
        reliability += share * (bin.confidence / bin.total - rate).powi(2);
        resolution += share * (rate - positives).powi(2);
    }
    let uncertainty = positives * (1.0 - positives);
    ([reliability, resolution, uncertainty], total, positives)
}

const PARTS: [&str; 3] = ["reliability", "resolution", "uncertainty"];

impl<A: Accumulator<Summary = CalibrationBinsSummary>> Metric for BrierDecomposition<A> {
    type Accumulator = A;

    fn name(&self) -> String {
        format!("brier_decomposition{}", suffix(self.average, self.half))
    }

    fn accumulator(&self) -> A {
        self.accumulator.clone()
    }

    fn finalize(&self, bins: &CalibrationBinsSummary) -> Result<Value, MetricError> {
        let bins = bins.bins()?;
        let classes = bins.chunks(self.bins).map(partition);
        if self.task == TaskKind::Multilabel && self.average == Average::None {
            let parts: Vec<_> = classes
                .map(
                    |(parts, total, _)| {
                        if total > 0.0 { parts } else { [f64::NAN; 3] }
                    },
                )
                .collect();
            let part =
                |part: usize| Value::PerClass(parts.iter().map(|parts| parts[part]).collect());
            return Ok(Value::of_fields(PARTS.into_iter().zip([0, 1, 2].map(part))));
        }
        let scale = match self.task {
            TaskKind::Multiclass if self.half => bins.len() as f64 / self.bins as f64 / 2.0,
            TaskKind::Multiclass => bins.len() as f64 / self.bins as f64,
            TaskKind::Binary | TaskKind::Multilabel => 1.0,
        };
        let parts = averaged(classes, self.average).map(|part| scale * part);
        Ok(Value::of_fields(PARTS.into_iter().zip(parts)))
    }

    fn is_scalar(&self) -> bool {
        false
    }
}
