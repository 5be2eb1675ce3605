//! Every test that takes a device or a file, in one executable.

mod accuracy;
mod algebra;
mod capture;
mod catalogue;
mod curves;
mod decisions;
mod devices;
mod faults;
mod faults_binned;
mod faults_counts;
mod faults_learner;
mod faults_numbers;
mod faults_ranks;
mod faults_sums;
mod fuzz;
mod gallery;
mod goldens;
mod host_only;
mod host_sums;
mod hostile;
mod intervals;
mod joint;
mod kernels;
#[cfg(any(feature = "wgpu", feature = "vulkan", feature = "cuda"))]
mod launches;
mod learner;
mod learner_scores;
mod loggers;
mod long_runs;
mod ops;
mod options;
mod overflow;
#[cfg(any(feature = "wgpu", feature = "vulkan", feature = "cuda"))]
mod own_terms;
#[cfg(any(feature = "wgpu", feature = "vulkan", feature = "cuda"))]
mod pair_launches;
mod pairwise;
mod plugin_edges;
mod points;
mod policy;
mod process;
mod reads;
mod reports;
mod resident;
mod row_sinks;
mod rows;
mod samplewise;
mod segmentation;
mod sort;
mod states;
mod strategies;
mod tensorboard;
mod texts;
mod weights;
mod wrappers;
