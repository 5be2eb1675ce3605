//! Everything a user of metrics names: `use metrics_core::prelude::*;`.

#[doc(no_inline)]
pub use crate::{
    ScoreKind,
    aggregation::metrics::*,
    batch::*,
    classification::metrics::*,
    clustering::metrics::*,
    framework::*,
    intervals::{
        Bootstrap, BootstrapMethod, PoissonBootstrap, ProportionInterval, ProportionMethod,
        Replicates,
    },
    nominal::metrics::*,
    regression::metrics::*,
    retrieval::metrics::*,
    segmentation::metrics::*,
    text::metrics::*,
    wrappers::{Best, Expr, MinMax, Multioutput, Pair, Running, Task, Tracker},
};
