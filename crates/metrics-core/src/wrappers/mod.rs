//! Metrics made of metrics: windows, extremes, tasks, outputs, arithmetic, and values over epochs.

mod expr;
mod min_max;
mod multioutput;
mod operators;
mod pair;
mod running;
mod task;
mod tracker;

pub use expr::{Applied, Combined, Expr};
pub use min_max::{MinMax, MinMaxValue, SavedMinMax};
pub use multioutput::{Multioutput, PerOutput, PerOutputSummary};
pub use pair::{Pair, PairSummary};
pub use running::{Running, SavedRunning, Windowed};
pub use task::{Mapped, MappedAccumulator, Task};
pub use tracker::{Best, Tracker};
