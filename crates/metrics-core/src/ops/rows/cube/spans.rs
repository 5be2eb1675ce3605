//! The rows that a cube takes together: of a step, of whole units, or of a part of a unit.

use super::{
    keep::Keep,
    plan::{KernelPlan, Unit},
    scores::{end_part, end_units},
};
use cubecl::prelude::*;

/// Rows that a cube takes together.
#[derive(CubeType, Clone, Copy)]
pub(super) struct Span {
    pub first: usize,
    pub end: usize,
    /// The unit that they are a part of, if they are a part of one.
    pub unit: usize,
}

/// How many spans there are of `n` rows.
#[cube]
#[allow(clippy::manual_div_ceil)]
pub(super) fn spans(n: usize, size: &Sizes, #[comptime] unit: Unit) -> usize {
    let mut spans = (n + size.group - 1) / size.group;
    if comptime!(unit == Unit::Parts) {
        spans = n / size.elements * size.parts;
    }
    spans
}

#[cube]
pub(super) fn span(index: usize, n: usize, size: &Sizes, #[comptime] unit: Unit) -> Span {
    let mut span = Span {
        first: index * size.group,
        end: n,
        unit: 0usize,
    };
    if comptime!(unit == Unit::Parts) {
        span.unit = index / size.parts;
        span.first = span.unit * size.elements + index % size.parts * size.group;
        span.end = (span.unit + 1) * size.elements;
    }
    span.end = min(span.end, span.first + size.group);
    span
}

/// See [`Shape`](super::plan::Shape).
#[derive(CubeType, Clone, Copy)]
pub(super) struct Sizes {
    pub group: usize,
    pub elements: usize,
    pub parts: usize,
}

/// Ends the units with several rows of which a cube has seen a span.
#[cube]
pub(super) fn end_span(
    counts: &mut Tensor<Atomic<i32>>,
    keep: &mut Keep,
    span: &Span,
    size: &Sizes,
    #[comptime] plan: KernelPlan,
) {
    #[unroll]
    for k in 0..comptime!(plan.sinks.len()) {
        let sink = comptime!(plan.sinks[k]);
        if comptime!(sink.has_flags() && plan.unit == Unit::Parts) {
            let parts = size.parts as u32;
            end_part(counts, keep, span.unit, parts, sink, comptime!(plan.how()));
        } else if comptime!(sink.has_flags()) {
            let units = (span.end - span.first) / size.elements;
            end_units(counts, keep, units, sink, comptime!(plan.how()));
        }
    }
}
