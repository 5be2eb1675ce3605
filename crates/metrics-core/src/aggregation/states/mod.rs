//! What metrics of plain numbers accumulate, beside sums, extremes and lists of them.

mod co_moments;
mod sample_list;

pub use co_moments::{CoMoments, CoMomentsSummary};
pub use sample_list::{SampleList, SampleListSummary};
