//! The third way: a state of one's own.

use burn::tensor::IntDType;
use metrics_core::{
    Accumulator, Delta, HostDelta, Identity, Metric, MetricError, REJECTED_SLOTS, Reason, Rejected,
    Summary, Value, batch::Regression, ops,
};
use serde::{Deserialize, Serialize};

/// The largest absolute error of each output.
#[derive(Debug, Clone)]
pub struct MaxError {
    outputs: usize,
}

impl MaxError {
    /// For batches `[N, outputs]`.
    pub fn new(outputs: usize) -> Self {
        Self { outputs }
    }
}

impl Metric for MaxError {
    type Accumulator = LargestErrors;

    fn name(&self) -> String {
        "max_error".into()
    }

    fn accumulator(&self) -> LargestErrors {
        LargestErrors {
            outputs: self.outputs,
        }
    }

    fn finalize(&self, summary: &Largest) -> Result<Value, MetricError> {
        if summary.rows == 0 {
            return Err(MetricError::Empty {
                rejected: summary.rejected,
            });
        }
        Ok(Value::PerClass(summary.errors.clone()))
    }

    fn higher_is_better(&self) -> Option<bool> {
        Some(false)
    }

    fn is_scalar(&self) -> bool {
        false
    }
}

/// Keeps the largest absolute error of each output. Its fields are its options, and nothing else:
/// in a collection, metrics with equal accumulators share one state.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct LargestErrors {
    outputs: usize,
}

impl Accumulator for LargestErrors {
    type Batch = Regression;
    type Summary = Largest;

    /// What a saved state is known by: a name of its own, the number of the summary's format, the options.
    fn identity(&self) -> Identity {
        Identity::new("custom_metric_example/largest_errors", 1).with(self)
    }

    fn empty(&self) -> Largest {
        Largest {
            rows: 0,
            errors: vec![0.0; self.outputs],
            rejected: Rejected::default(),
        }
    }

    /// Looks at shapes only. An error here leaves the state as it was.
    fn check(&self, batch: &Regression) -> Result<(), MetricError> {
        let shape = batch.pred().dims();
        if shape[1] == self.outputs {
            return Ok(());
        }
        Err(MetricError::WidthMismatch {
            unit: "outputs",
            expected: self.outputs,
            found: shape[1],
            shape: shape.to_vec(),
        })
    }

    /// Queues work on the device and reads nothing: rows with a NaN are counted there and left out.
    fn update(&self, delta: &mut Delta, batch: &Regression) {
        let device = batch.device();
        let [n, outputs] = batch.pred().dims();
        let error = (batch.pred().clone() - batch.target().clone()).abs();
        let nan = error.clone().is_nan().any_dim(1);

        // A counter of rows used, then one for each reason to leave a row out.
        let is_nan = nan.clone().int().cast(IntDType::I32).reshape([n]);
        let places = is_nan * (1 + Reason::Nan as i32);
        delta.counts("rows", 1 + REJECTED_SLOTS, &device, |counts| {
            ops::count(counts, places)
        });

        let error = error.mask_fill(nan.expand([n, outputs]), 0.0);
        let largest = error.max_dim(0).reshape([outputs]);
        delta.numbers("largest", |before| match before {
            Some(before) => before.max_pair(largest),
            None => largest,
        });
    }

    /// The device state has been read: adds it to the summary.
    fn fold(&self, delta: &HostDelta, summary: &mut Largest) {
        let (Some(counts), Some(errors)) = (delta.counts("rows"), delta.numbers("largest")) else {
            return;
        };
        let counts: Vec<u64> = counts.iter().map(|count| *count as u64).collect();
        summary.add(&Largest {
            rows: counts[0],
            errors: errors.iter().map(|error| *error as f64).collect(),
            rejected: Rejected::from_counts(&counts[1..]),
        });
    }
}

/// What [`LargestErrors`] accumulates to.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Largest {
    rows: u64,
    errors: Vec<f64>,
    rejected: Rejected,
}

impl Largest {
    fn add(&mut self, other: &Self) {
        self.rows += other.rows;
        for (error, other) in self.errors.iter_mut().zip(&other.errors) {
            *error = error.max(*other);
        }
        self.rejected.merge(&other.rejected);
    }
}

impl Summary for Largest {
    fn merge(&mut self, other: &Self) -> Result<(), MetricError> {
        if self.errors.len() != other.errors.len() {
            return Err(MetricError::MergeMismatch {
                left: format!("{} outputs", self.errors.len()),
                right: format!("{} outputs", other.errors.len()),
            });
        }
        self.add(other);
        Ok(())
    }

    fn rejected(&self) -> Rejected {
        self.rejected
    }
}
