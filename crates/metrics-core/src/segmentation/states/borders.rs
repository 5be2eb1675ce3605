//! How the borders of masks overlap: the state of boundary IoU.

use super::{Overlaps, OverlapsSummary};
use crate::{
    Accumulator, Delta, HostDelta, Identity, MetricError,
    batch::Masks,
    framework::limits::parts,
    ops::masks::{self, HostMaps, regions},
    states::fold::add_rejected,
};
use serde::Serialize;

/// Counts the pixels of each class that are near the border of its masks, in each sample. The host counts; maps on a device
/// are kept there until they are read, in 2, 4, 8 or 16 bits a pixel for each side: the fewest that tell the classes and
/// what is ignored apart.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct BorderOverlaps {
    pub(crate) masks: Overlaps,
    /// The width of a border, as a share of the diagonal of a sample.
    pub(crate) share: f64,
}

impl BorderOverlaps {
    fn count(&self, maps: &HostMaps, summary: &mut OverlapsSummary) {
        let counts = regions::count(maps, self.share);
        for sample in counts.chunks_exact(maps.classes) {
            let overlaps: Vec<_> = sample.iter().map(|own| own.map(f64::from)).collect();
            summary.add_sample(&overlaps, self.masks.options());
        }
        add_rejected(&mut summary.rejected, &maps.rejected);
    }
}

impl Accumulator for BorderOverlaps {
    type Batch = Masks;
    type Summary = OverlapsSummary;

    fn identity(&self) -> Identity {
        Identity::new("mask_border_overlaps", 1).with(self)
    }

    fn empty(&self) -> OverlapsSummary {
        OverlapsSummary::new(parts(self, self.masks.classes))
    }

    fn validate(&self) -> Result<(), MetricError> {
        self.masks.check_options()?;
        if self.share > 0.0 && self.share <= 1.0 {
            return Ok(());
        }
        Err(MetricError::InvalidOption(format!(
            "a border of {} of the diagonal; it lies above 0 and is at most 1",
            self.share
        )))
    }

    fn check(&self, batch: &Masks) -> Result<(), MetricError> {
        batch.check_classes(self.masks.classes)?;
        batch.check_images()
    }

    fn update(&self, delta: &mut Delta, batch: &Masks) {
        masks::list(&batch.maps, self.masks.options(), delta);
    }

    fn add(&self, batch: &Masks, summary: &mut OverlapsSummary) {
        if let Some(maps) = masks::on_host(&batch.maps, self.masks.options()) {
            self.count(&maps, summary);
        }
    }

    fn fold(&self, delta: &HostDelta, summary: &mut OverlapsSummary) {
        masks::fold(delta, self.masks.classes, |maps| self.count(&maps, summary));
    }
}
