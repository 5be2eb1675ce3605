//! How far the surfaces of masks are apart.

use super::{MeanOf, Overlaps};
use crate::{
    Accumulator, Delta, HostDelta, Identity, MetricError, Rejected, Summary,
    batch::Masks,
    framework::limits::parts,
    ops::masks::{
        self, HostMaps,
        distances::PixelDistance,
        surfaces::{Found, Measures, measure},
    },
    states::fold::add_rejected,
};
use serde::{Deserialize, Serialize};

/// Measures how far the surfaces of each class in each sample are apart. The host measures; maps on a device are kept there
/// until they are read, in 2, 4, 8 or 16 bits a pixel for each side: the fewest that tell the classes and what is ignored
/// apart.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct SurfaceDistances {
    pub(crate) masks: Overlaps,
    pub(crate) distance: PixelDistance,
    /// How far pixels are apart along each axis of a sample; empty if they are 1 apart.
    pub(crate) spacing: Vec<f64>,
    pub(crate) percentile: f64,
    /// One for all classes, or one for each.
    pub(crate) tolerances: Vec<f64>,
}

impl SurfaceDistances {
    pub(crate) fn new(classes: usize) -> Self {
        Self {
            masks: Overlaps::new(classes),
            distance: PixelDistance::Euclidean,
            spacing: Vec::new(),
            percentile: 95.0,
            tolerances: vec![1.0],
        }
    }

    fn measure(&self, maps: &HostMaps, summary: &mut SurfaceDistancesSummary) {
        let measures = Measures {
            distance: self.distance,
            spacing: &self.spacing,
            percentile: self.percentile,
            tolerances: &self.tolerances,
        };
        let options = self.masks.options();
        let found = measure(maps, |class| options.is_ignored(class), &measures);
        for sample in found.chunks_exact(maps.classes) {
            let pairs = summary.classes.iter_mut().zip(sample);
            pairs.for_each(|(class, found)| class.add(found));
        }
        add_rejected(&mut summary.rejected, &maps.rejected);
    }
}

impl Accumulator for SurfaceDistances {
    type Batch = Masks;
    type Summary = SurfaceDistancesSummary;

    fn identity(&self) -> Identity {
        Identity::new("surface_distances", 1).with(self)
    }

    fn empty(&self) -> SurfaceDistancesSummary {
        SurfaceDistancesSummary {
            classes: vec![ClassSurfaces::default(); parts(self, self.masks.classes)],
            rejected: Rejected::default(),
        }
    }

    fn validate(&self) -> Result<(), MetricError> {
        self.masks.check_options()?;
        let positive = |spacing: &f64| *spacing > 0.0 && spacing.is_finite();
        let classes = self.masks.classes;
        let what = if !self.spacing.iter().all(positive) || self.spacing.len() > 3 {
            format!(
                "spacing {:?}; it has a positive number for each axis of an image or volume",
                self.spacing
            )
        } else if !(0.0..=100.0).contains(&self.percentile) {
            format!("percentile {}; it lies in 0..=100", self.percentile)
        } else if ![1, classes].contains(&self.tolerances.len()) {
            let tolerances = self.tolerances.len();
            format!("{tolerances} tolerances; give one, or one for each of {classes} classes")
        } else if let Some(tolerance) = self
            .tolerances
            .iter()
            .find(|own| !(0.0..f64::INFINITY).contains(*own))
        {
            format!("tolerance {tolerance}; it is a finite number of at least 0")
        } else {
            return Ok(());
        };
        Err(MetricError::InvalidOption(what))
    }

    fn check(&self, batch: &Masks) -> Result<(), MetricError> {
        batch.check_classes(self.masks.classes)?;
        batch.check_images()?;
        let axes = batch.maps.spatial.len();
        if [0, axes].contains(&self.spacing.len()) {
            return Ok(());
        }
        Err(MetricError::WidthMismatch {
            unit: "axes",
            expected: self.spacing.len(),
            found: axes,
            shape: batch.maps.spatial.clone(),
        })
    }

    fn update(&self, delta: &mut Delta, batch: &Masks) {
        masks::list(&batch.maps, self.masks.options(), delta);
    }

    fn add(&self, batch: &Masks, summary: &mut SurfaceDistancesSummary) {
        if let Some(maps) = masks::on_host(&batch.maps, self.masks.options()) {
            self.measure(&maps, summary);
        }
    }

    fn fold(&self, delta: &HostDelta, summary: &mut SurfaceDistancesSummary) {
        masks::fold(delta, self.masks.classes, |maps| {
            self.measure(&maps, summary)
        });
    }
}

/// Sums over the samples in which a class is on both sides, and how many others there are. Of two numbers the first is from
/// the prediction to the target, the second the one of both ways that metrics take.
#[derive(Debug, Clone, Copy, Default, PartialEq, Serialize, Deserialize)]
pub struct ClassSurfaces {
    /// Samples without the class on either side.
    pub neither: u64,
    /// Samples in which only the prediction has the class.
    pub pred_only: u64,
    /// Samples in which only the target has the class.
    pub target_only: u64,
    /// The largest distance.
    pub largest: [MeanOf; 2],
    /// The percentile of distances; of both ways the larger.
    pub percentile: [MeanOf; 2],
    /// The mean distance; of both ways that of all pixels of both surfaces.
    pub mean: [MeanOf; 2],
    /// The share of both surfaces within the tolerance; 0 of samples in which one side has the class.
    pub within: MeanOf,
}

impl ClassSurfaces {
    fn add(&mut self, found: &Found) {
        match found {
            Found::Neither => self.neither += 1,
            Found::PredOnly => self.pred_only += 1,
            Found::TargetOnly => self.target_only += 1,
            Found::Both([there, back]) => {
                self.largest[0].add(there.largest);
                self.largest[1].add(there.largest.max(back.largest));
                self.percentile[0].add(there.percentile);
                self.percentile[1].add(there.percentile.max(back.percentile));
                let pixels = (there.pixels + back.pixels) as f64;
                self.mean[0].add(there.sum / there.pixels as f64);
                self.mean[1].add((there.sum + back.sum) / pixels);
                self.within
                    .add((there.within + back.within) as f64 / pixels);
            }
        }
        if matches!(found, Found::PredOnly | Found::TargetOnly) {
            self.within.add(0.0);
        }
    }

    fn means(&self) -> impl Iterator<Item = &MeanOf> {
        let pairs = [&self.largest, &self.percentile, &self.mean];
        pairs.into_iter().flatten().chain([&self.within])
    }

    fn merge(&mut self, other: &Self) {
        self.neither += other.neither;
        self.pred_only += other.pred_only;
        self.target_only += other.target_only;
        for side in 0..2 {
            self.largest[side].merge(&other.largest[side]);
            self.percentile[side].merge(&other.percentile[side]);
            self.mean[side].merge(&other.mean[side]);
        }
        self.within.merge(&other.within);
    }
}

/// How far the surfaces of masks are apart, of each class.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct SurfaceDistancesSummary {
    /// Each class.
    pub classes: Vec<ClassSurfaces>,
    /// What was left out.
    pub rejected: Rejected,
}

impl SurfaceDistancesSummary {
    /// The pairs of a sample and a class that were looked at.
    pub(crate) fn counted_pairs(&self) -> u64 {
        let single = |class: &ClassSurfaces| {
            class.neither + class.pred_only + class.target_only + class.largest[0].count
        };
        self.classes.iter().map(single).sum()
    }
}

impl Summary for SurfaceDistancesSummary {
    fn merge(&mut self, other: &Self) -> Result<(), MetricError> {
        if self.classes.len() != other.classes.len() {
            let what = |own: &Self| format!("surfaces of {} classes", own.classes.len());
            return Err(MetricError::MergeMismatch {
                left: what(self),
                right: what(other),
            });
        }
        self.room_for(other)?;
        let pairs = self.classes.iter_mut().zip(&other.classes);
        pairs.for_each(|(own, more)| own.merge(more));
        self.rejected.merge(&other.rejected);
        Ok(())
    }

    fn counted(&self) -> u128 {
        let of_class = |class: &ClassSurfaces| -> u128 {
            let single = [class.neither, class.pred_only, class.target_only];
            let single: u128 = single.map(u128::from).iter().sum();
            single
                + class
                    .means()
                    .map(|mean| u128::from(mean.count))
                    .sum::<u128>()
        };
        self.classes.iter().map(of_class).sum::<u128>() + self.rejected.counted()
    }

    fn consistent(&self) -> Result<(), MetricError> {
        let mut means = self.classes.iter().flat_map(ClassSurfaces::means);
        if means.all(MeanOf::is_valid) {
            Ok(())
        } else {
            Err(MetricError::saved("distances of surfaces that cannot be"))
        }
    }

    fn rejected(&self) -> Rejected {
        self.rejected
    }
}
