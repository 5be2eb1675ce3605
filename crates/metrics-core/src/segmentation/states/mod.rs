//! What metrics of segmentation accumulate.

mod borders;
mod overlaps;
mod surfaces;

pub use borders::BorderOverlaps;
pub(crate) use overlaps::overlaps_of;
pub use overlaps::{ClassMeans, MeanOf, OverlapList, Overlaps, OverlapsSummary, SampleMeans};
pub use surfaces::{ClassSurfaces, SurfaceDistances, SurfaceDistancesSummary};
