//! How often each class is predicted, is the target, and both, in each sample: the state of metrics of overlap.

use crate::{
    Accumulator, Delta, HostDelta, Identity, MetricError, REJECTED_SLOTS, Rejected, Summary,
    batch::Masks,
    framework::limits::{check_size, parts},
    ops::masks::{self, MaskOptions},
    segmentation::overlap::{
        Averages, DiceWeight, Overlap, average_dice, dice, generalized_dice, iou,
    },
    states::{PerSampleSummary, fold::add_rejected},
};
use burn::tensor::{DType, Tensor};
use serde::{Deserialize, Serialize};

/// Counts the pixels of each class in each sample. In host memory it adds up values of samples at once; a device keeps
/// `12 * C` bytes for each sample until they are read.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Overlaps {
    pub(crate) classes: usize,
    pub(crate) ignore_index: Option<i64>,
}

impl Overlaps {
    pub(crate) fn new(classes: usize) -> Self {
        Self {
            classes,
            ignore_index: None,
        }
    }

    pub(crate) fn options(&self) -> MaskOptions {
        MaskOptions {
            classes: self.classes,
            ignore_index: self.ignore_index,
        }
    }

    pub(crate) fn check_options(&self) -> Result<(), MetricError> {
        if self.classes == 0 {
            let what = "a metric of 0 classes; the least is 1".into();
            return Err(MetricError::InvalidOption(what));
        }
        check_size(self.classes, "classes", &[256])
    }

    fn check_batch(&self, batch: &Masks) -> Result<(), MetricError> {
        batch.check_classes(self.classes)?;
        let counters = batch.maps.samples.saturating_mul(3 * self.classes);
        let limit = i32::MAX as usize - REJECTED_SLOTS - 1;
        if counters > limit {
            return Err(MetricError::BatchTooLarge {
                rows: counters,
                limit,
            });
        }
        Ok(())
    }

    /// Lists the counters of each sample on the device.
    fn list(&self, delta: &mut Delta, batch: &Masks) {
        let device = batch.device();
        if crate::ops::is_host(&device) {
            return;
        }
        let samples = [batch.maps.samples as i32];
        delta.append_ints("samples", Tensor::from_data(samples, (&device, DType::I32)));
        delta.append_ints("counts", masks::count(&batch.maps, self.options()));
    }

    /// Hands the counters of samples, and what was left out, of each batch that was read to `f`.
    fn read(&self, delta: &HostDelta, mut f: impl FnMut(&[i32])) {
        let counts = delta.ints("counts").concat();
        let mut rest = counts.as_slice();
        for samples in delta.ints("samples").iter().flatten() {
            let size = *samples as usize * 3 * self.classes + REJECTED_SLOTS;
            let (own, tail) = rest.split_at(size);
            f(own);
            rest = tail;
        }
    }
}

/// The overlaps of each class of a sample, whose counters are hits, predictions and targets by class.
pub(crate) fn overlaps_of<T: Copy + Into<f64>>(counts: &[T], classes: usize) -> Vec<Overlap> {
    let of = |class: usize| [0, 1, 2].map(|kind| counts[kind * classes + class].into());
    (0..classes).map(of).collect()
}

impl Accumulator for Overlaps {
    type Batch = Masks;
    type Summary = OverlapsSummary;

    fn identity(&self) -> Identity {
        Identity::new("mask_overlaps", 1).with(self)
    }

    fn empty(&self) -> OverlapsSummary {
        OverlapsSummary::new(parts(self, self.classes))
    }

    fn validate(&self) -> Result<(), MetricError> {
        self.check_options()
    }

    fn check(&self, batch: &Masks) -> Result<(), MetricError> {
        self.check_batch(batch)
    }

    fn update(&self, delta: &mut Delta, batch: &Masks) {
        self.list(delta, batch);
    }

    fn add(&self, batch: &Masks, summary: &mut OverlapsSummary) {
        if let Some(counts) = masks::counted(&batch.maps, self.options()) {
            summary.add(&counts, self.options());
        }
    }

    fn fold(&self, delta: &HostDelta, summary: &mut OverlapsSummary) {
        self.read(delta, |counts| summary.add(counts, self.options()));
    }
}

/// Keeps the counters of every sample: `12 * C` bytes.
#[derive(Debug, Clone, PartialEq)]
pub struct OverlapList(pub(crate) Overlaps);

impl Accumulator for OverlapList {
    type Batch = Masks;
    type Summary = PerSampleSummary;

    fn identity(&self) -> Identity {
        Identity::new("mask_overlap_list", 1).of(self.0.identity())
    }

    fn empty(&self) -> PerSampleSummary {
        PerSampleSummary {
            counters: 3 * parts(self, self.0.classes),
            counts: Vec::new(),
            rejected: Rejected::default(),
        }
    }

    fn validate(&self) -> Result<(), MetricError> {
        self.0.check_options()
    }

    fn check(&self, batch: &Masks) -> Result<(), MetricError> {
        self.0.check_batch(batch)
    }

    fn update(&self, delta: &mut Delta, batch: &Masks) {
        self.0.list(delta, batch);
    }

    fn add(&self, batch: &Masks, summary: &mut PerSampleSummary) {
        if let Some(counts) = masks::counted(&batch.maps, self.0.options()) {
            append(&counts, summary);
        }
    }

    fn fold(&self, delta: &HostDelta, summary: &mut PerSampleSummary) {
        self.0.read(delta, |counts| append(counts, summary));
    }
}

fn append(counts: &[i32], summary: &mut PerSampleSummary) {
    let (samples, rejected) = counts.split_at(counts.len() - REJECTED_SLOTS);
    (summary.counts).extend(samples.iter().map(|count| *count as u32));
    add_rejected(&mut summary.rejected, rejected);
}

/// A sum of values, and of how many.
#[derive(Debug, Clone, Copy, Default, PartialEq, Serialize, Deserialize)]
pub struct MeanOf {
    /// The sum.
    #[serde(with = "crate::number")]
    pub sum: f64,
    /// How many there are.
    pub count: u64,
}

impl MeanOf {
    /// Adds a value, unless it is NaN.
    pub(crate) fn add(&mut self, value: f64) {
        if !value.is_nan() {
            self.sum += value;
            self.count += 1;
        }
    }

    pub(crate) fn merge(&mut self, other: &Self) {
        self.sum += other.sum;
        self.count += other.count;
    }

    /// The mean; NaN of nothing.
    pub fn mean(&self) -> f64 {
        self.sum / self.count as f64
    }

    pub(crate) fn is_valid(&self) -> bool {
        self.sum >= 0.0
    }
}

/// Values of a class over the samples that have it.
#[derive(Debug, Clone, Copy, Default, PartialEq, Serialize, Deserialize)]
pub struct ClassMeans {
    /// `2 I / (P + T)`.
    pub dice: MeanOf,
    /// `I / (P + T - I)`.
    pub iou: MeanOf,
}

/// Values of samples.
#[derive(Debug, Clone, Copy, Default, PartialEq, Serialize, Deserialize)]
pub struct SampleMeans {
    /// Dice of all classes together, and its mean over classes without and with weights.
    pub dice: [MeanOf; 3],
    /// Generalized Dice with the weights `1 / T²`, `1 / T` and 1.
    pub generalized: [MeanOf; 3],
}

/// The pixels of each class in all samples, and sums over samples of what metrics have of a sample.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct OverlapsSummary {
    /// Of each class the pixels that are predicted and the target, predicted, and the target, in all samples.
    pub totals: Vec<[u64; 3]>,
    /// Of each class.
    pub classes: Vec<ClassMeans>,
    /// Of samples, over all classes, and over all but the first.
    pub samples: [SampleMeans; 2],
    /// What was left out.
    pub rejected: Rejected,
}

impl OverlapsSummary {
    pub(crate) fn new(classes: usize) -> Self {
        Self {
            totals: vec![[0; 3]; classes],
            classes: vec![ClassMeans::default(); classes],
            samples: [SampleMeans::default(); 2],
            rejected: Rejected::default(),
        }
    }

    /// Adds the counters of samples and of what was left out.
    pub(crate) fn add(&mut self, counts: &[i32], options: MaskOptions) {
        let (samples, rejected) = counts.split_at(counts.len() - REJECTED_SLOTS);
        for counts in samples.chunks_exact(3 * options.classes) {
            self.add_sample(&overlaps_of(counts, options.classes), options);
        }
        add_rejected(&mut self.rejected, rejected);
    }

    pub(crate) fn add_sample(&mut self, overlaps: &[Overlap], options: MaskOptions) {
        let own = self.totals.iter_mut().zip(&mut self.classes);
        for ((total, means), overlap) in own.zip(overlaps) {
            let pairs = total.iter_mut().zip(overlap);
            pairs.for_each(|(total, count)| *total += *count as u64);
            means.dice.add(dice(overlap));
            means.iou.add(iou(overlap));
        }
        for (background, means) in [true, false].into_iter().zip(&mut self.samples) {
            let classes = Averages::new(options, background);
            for (own, average) in means.dice.iter_mut().zip(AVERAGES) {
                own.add(average_dice(overlaps, classes, average));
            }
            for (own, weight) in means.generalized.iter_mut().zip(DiceWeight::ALL) {
                own.add(generalized_dice(overlaps, classes, weight));
            }
        }
    }

    /// Whether a pixel of some class was counted.
    pub(crate) fn has_pixels(&self) -> bool {
        self.totals.iter().flatten().any(|count| *count > 0)
    }

    /// The overlaps of all samples together.
    pub fn overlaps(&self) -> Vec<[f64; 3]> {
        let float = |total: &[u64; 3]| total.map(|count| count as f64);
        self.totals.iter().map(float).collect()
    }
}

/// The averages of [`SampleMeans::dice`].
pub(crate) const AVERAGES: [crate::classification::Average; 3] = [
    crate::classification::Average::Micro,
    crate::classification::Average::Macro,
    crate::classification::Average::Weighted,
];

impl Summary for OverlapsSummary {
    fn merge(&mut self, other: &Self) -> Result<(), MetricError> {
        if self.totals.len() != other.totals.len() {
            let what = |own: &Self| format!("masks of {} classes", own.totals.len());
            return Err(MetricError::MergeMismatch {
                left: what(self),
                right: what(other),
            });
        }
        self.room_for(other)?;
        for (own, more) in self.totals.iter_mut().zip(&other.totals) {
            own.iter_mut()
                .zip(more)
                .for_each(|(own, more)| *own += more);
        }
        for (own, more) in self.classes.iter_mut().zip(&other.classes) {
            own.dice.merge(&more.dice);
            own.iou.merge(&more.iou);
        }
        for (own, more) in self.samples.iter_mut().zip(&other.samples) {
            let pairs = own.dice.iter_mut().zip(&more.dice);
            pairs.for_each(|(own, more)| own.merge(more));
            let pairs = own.generalized.iter_mut().zip(&more.generalized);
            pairs.for_each(|(own, more)| own.merge(more));
        }
        self.rejected.merge(&other.rejected);
        Ok(())
    }

    fn counted(&self) -> u128 {
        let totals = self.totals.iter().flatten().map(|count| u128::from(*count));
        let samples = self.means().map(|mean| u128::from(mean.count));
        totals.chain(samples).sum::<u128>() + self.rejected.counted()
    }

    fn consistent(&self) -> Result<(), MetricError> {
        let possible = |[hits, pred, target]: &[u64; 3]| hits <= pred && hits <= target;
        if self.totals.len() == self.classes.len()
            && self.totals.iter().all(possible)
            && self.means().all(MeanOf::is_valid)
        {
            Ok(())
        } else {
            Err(MetricError::saved("overlaps of masks that cannot be"))
        }
    }

    fn rejected(&self) -> Rejected {
        self.rejected
    }
}

impl OverlapsSummary {
    fn means(&self) -> impl Iterator<Item = &MeanOf> {
        let classes = self.classes.iter().flat_map(|own| [&own.dice, &own.iou]);
        let samples = self.samples.iter();
        classes.chain(samples.flat_map(|own| own.dice.iter().chain(&own.generalized)))
    }
}
