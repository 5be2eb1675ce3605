//! The pass as one launch: every cube walks over rows, scans each, and hands it to every sink.

// Kernels are no plain Rust: casts, conditions and operators stand as CubeCL expands them.
#![allow(
    clippy::approx_constant,
    clippy::collapsible_if,
    clippy::manual_div_ceil,
    clippy::manual_is_multiple_of,
    clippy::manual_range_contains,
    clippy::panicking_overflow_checks,
    clippy::unnecessary_cast
)]

mod keep;
mod keys;
mod plan;
mod scores;
mod sink;
mod sinks;
mod spans;
mod walk;
mod weigh;

use super::{Predictions, RowSink, Rows};
use crate::{
    framework::pass::{DeviceState, Plan},
    ops::{
        self,
        cube::{CUBE, elem, floats, ints, kinds::Meaning, same_length, writable},
        kernels::Kernels,
    },
};
use burn::backend::{
    Dispatch,
    tensor::{FloatTensor, IntTensor},
};
use burn::tensor::Tensor as DeviceTensor;
use burn_cubecl::CubeBackend;
use cubecl::CubeCount;
pub use plan::KernelPlan;
use plan::Shape;

/// The pass of the sinks that there is a kernel for, and which these are.
pub(super) fn pass(
    rows: &Rows,
    plan: &Plan<RowSink>,
    mut state: DeviceState,
) -> (DeviceState, Vec<bool>) {
    let none = vec![false; plan.sinks.len()];
    let elements = match &rows.predictions {
        Predictions::Scores(scores) => scores.dims().iter().product(),
        Predictions::Labels(pred) => pred.dims()[0],
    };
    let some = elements > 0 && elements <= ops::KERNEL_ELEMENTS;
    if !some || !ops::has_kernels(&rows.target.device()) {
        return (state, none);
    }
    let (kernel, taken) = KernelPlan::new(rows, plan, state.samples.begin);
    if !taken.contains(&true) {
        return (state, none);
    }
    state.epoch += 1;
    if kernel.has_words() {
        state.grow(kernel.cubes());
    }
    let weights = match &rows.weights {
        Some(weights) => weights.clone(),
        // Nothing reads it.
        None => state.constants.clone(),
    };
    match &rows.predictions {
        Predictions::Labels(pred) => {
            let (counts, words) = <Dispatch as Kernels>::rows_of_labels(
                state.counts.into_dispatch(),
                state.words.into_dispatch(),
                pred.clone().into_dispatch(),
                rows.target.clone().into_dispatch(),
                weights.into_dispatch(),
                kernel,
            );
            state.counts = DeviceTensor::from_dispatch(counts);
            state.words = DeviceTensor::from_dispatch(words);
        }
        Predictions::Scores(scores) => {
            if kernel.asks() {
                state.counts = DeviceTensor::from_dispatch(<Dispatch as Kernels>::tell_logits(
                    state.counts.into_dispatch(),
                    scores.clone().into_dispatch(),
                    state.epoch,
                    kernel.counts,
                ));
            }
            // Keys that no kernel takes are listed elsewhere.
            let appended = if kernel.has_lists() {
                rows.target.dims()[0]
            } else {
                0
            };
            let spot = state.lists.reserve(appended);
            let (lists, (counts, words)) = state.lists.append(appended, |lists| {
                let (counts, words, lists) = <Dispatch as Kernels>::rows_of_scores(
                    state.counts.into_dispatch(),
                    state.words.into_dispatch(),
                    lists.into_dispatch(),
                    state.constants.clone().into_dispatch(),
                    scores.clone().into_dispatch(),
                    rows.target.clone().into_dispatch(),
                    weights.into_dispatch(),
                    kernel,
                    state.epoch,
                    spot,
                );
                (DeviceTensor::from_dispatch(lists), (counts, words))
            });
            state.counts = DeviceTensor::from_dispatch(counts);
            state.words = DeviceTensor::from_dispatch(words);
            state.lists = lists;
        }
    }
    (state, taken)
}

impl KernelPlan {
    fn cubes(&self) -> usize {
        self.shape.cubes
    }

    /// Whether a launch before this one says what the scores are.
    fn asks(&self) -> bool {
        self.scores == Meaning::Told
    }

    /// What the kernel is expanded from, and what it is told when it runs.
    fn split(self) -> (Self, Shape) {
        let shape = self.shape;
        let plan = Self {
            shape: Shape::default(),
            ..self
        };
        (plan, shape)
    }
}

/// See [`Kernels::rows_of_scores`].
#[allow(clippy::too_many_arguments)]
pub(in crate::ops) fn of_scores(
    counts: IntTensor<CubeBackend>,
    words: FloatTensor<CubeBackend>,
    lists: IntTensor<CubeBackend>,
    constants: FloatTensor<CubeBackend>,
    scores: FloatTensor<CubeBackend>,
    target: IntTensor<CubeBackend>,
    weights: FloatTensor<CubeBackend>,
    plan: KernelPlan,
    epoch: i32,
    [listed, room]: [usize; 2],
) -> (
    IntTensor<CubeBackend>,
    FloatTensor<CubeBackend>,
    IntTensor<CubeBackend>,
) {
    let (counts, words, lists) = (writable(counts), writable(words), writable(lists));
    let (scores, target, weights) = (ops::cube::rows::rows(scores), ints(target), floats(weights));
    let [n, _] = scores.meta.shape().dims();
    same_length(n, &[&target]);
    if plan.weighted {
        same_length(n, &[&weights]);
    }
    let dtypes = [elem(&scores), elem(&target)];
    let (plan, shape) = plan.split();
    // SAFETY: the kernel reads rows and weights below `n` and columns below the number of classes. Places in
    // `counts` are checked against its length, and cells against their number. `words` has a slot for each cube, and
    // `lists` has room for `n` more rows.
    unsafe {
        walk::scores_pass::launch_unchecked(
            &counts.client,
            CubeCount::new_1d(shape.cubes as u32),
            CUBE,
            counts.clone().into_tensor_arg(),
            words.clone().into_tensor_arg(),
            lists.clone().into_tensor_arg(),
            floats(constants).into_tensor_arg(),
            scores.into_tensor_arg(),
            target.into_tensor_arg(),
            weights.into_tensor_arg(),
            epoch,
            listed as u32,
            room as u32,
            f32::INFINITY,
            shape.group as u32,
            shape.elements as u32,
            shape.parts as u32,
            shape.begin as u32,
            shape.positions as u32,
            plan,
            dtypes,
        );
    }
    (counts, words, lists)
}

/// See [`Kernels::rows_of_labels`].
pub(in crate::ops) fn of_labels(
    counts: IntTensor<CubeBackend>,
    words: FloatTensor<CubeBackend>,
    pred: IntTensor<CubeBackend>,
    target: IntTensor<CubeBackend>,
    weights: FloatTensor<CubeBackend>,
    plan: KernelPlan,
) -> (IntTensor<CubeBackend>, FloatTensor<CubeBackend>) {
    let (counts, words) = (writable(counts), writable(words));
    let (pred, target, weights) = (ints(pred), ints(target), floats(weights));
    let n = target.meta.num_elements();
    same_length(n, &[&pred]);
    if plan.weighted {
        same_length(n, &[&weights]);
    }
    let dtypes = [elem(&pred), elem(&target)];
    let (plan, shape) = plan.split();
    // SAFETY: the kernel reads elements below `n`; otherwise as for scores.
    unsafe {
        walk::labels_pass::launch_unchecked(
            &counts.client,
            CubeCount::new_1d(shape.cubes as u32),
            CUBE,
            counts.clone().into_tensor_arg(),
            words.clone().into_tensor_arg(),
            pred.into_tensor_arg(),
            target.into_tensor_arg(),
            weights.into_tensor_arg(),
            shape.group as u32,
            shape.elements as u32,
            shape.parts as u32,
            shape.begin as u32,
            shape.positions as u32,
            plan,
            dtypes,
        );
    }
    (counts, words)
}
