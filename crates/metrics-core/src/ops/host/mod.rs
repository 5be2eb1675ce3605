//! Fused passes over the slices of Flex and NdArray tensors.

#![cfg_attr(feature = "ndarray", allow(deprecated))]

pub(in crate::ops) mod bins;
mod cells;
mod comoments;
mod ensembles;
pub(in crate::ops) mod labels;
pub(in crate::ops) mod passes;
mod ranking;
mod rows;
pub(in crate::ops) mod scan;
mod sort;
mod tensor;
mod terms;
mod weighted;

use super::{ConfusionOptions, LabelCountsOptions, MetricsBackend, ScoreKind, ValueOptions};
use burn::backend::{
    TensorMetadata,
    tensor::{FloatTensor, IntTensor},
};
use burn::tensor::DType;
use tensor::HostTensor;

pub(in crate::ops) use bins::Reached;
pub(in crate::ops) use cells::matches;
pub(crate) use cells::{
    confusion_cells, decision_cells, hits, in_two_cells, label_hits, outcome_cells,
    threshold_cells, unit_matches,
};
pub(crate) use comoments::{co_moments, products};
pub(crate) use ensembles::{ensemble_scores, scores};
pub(in crate::ops) use labels::{
    codes_of as decision_codes, confusion as label_confusion, margins as label_margins,
};
pub(in crate::ops) use passes::{outside_unit, slot};
pub(crate) use ranking::{label_ranking, labels_before, row_codes};
pub(in crate::ops) use ranking::{rank_rows, row_code};
pub(crate) use rows::with_weights;
pub(in crate::ops) use tensor::{Ints, ints};
pub(crate) use tensor::{add_counts, add_totals, count, counters, floats};
pub(in crate::ops) use terms::hinge;
pub(crate) use terms::{decision_terms, hinge_losses, term_sums};
pub(crate) use weighted::{weighted_counts, weighted_log_likelihood};

/// Whether scores are logits, by what [`ops::outside_unit`](crate::ops::outside_unit) says of them.
fn are_logits(outside: &[i32], kind: ScoreKind) -> bool {
    match kind {
        ScoreKind::Auto => outside.first().is_some_and(|outside| *outside != 0),
        ScoreKind::Probabilities => false,
        ScoreKind::Logits => true,
    }
}

/// The passes for one backend whose tensors are [`HostTensor`]s.
macro_rules! host_backend {
    ($backend:ty) => {
        impl MetricsBackend for $backend {
            fn row_ranks(scores: FloatTensor<Self>, target: IntTensor<Self>) -> IntTensor<Self> {
                let [n, classes] = scores.shape().dims();
                let mut ranks = vec![0; 2 * n];
                scores.floats(|scores| {
                    target.ints(|target| scan::row_ranks(scores, classes, target, &mut ranks))
                });
                HostTensor::from_ints(ranks, [2, n])
            }

            fn row_scan(
                scores: FloatTensor<Self>,
                target: IntTensor<Self>,
            ) -> (IntTensor<Self>, FloatTensor<Self>) {
                let [n, classes] = scores.shape().dims();
                let (mut ranks, mut floats) = (vec![0; 2 * n], vec![0.0; 4 * n]);
                scores.floats(|scores| {
                    target.ints(|target| {
                        scan::row_scan(scores, classes, target, &mut ranks, &mut floats)
                    })
                });
                (
                    HostTensor::from_ints(ranks, [2, n]),
                    HostTensor::from_floats(floats, [4, n]),
                )
            }

            fn label_ranks(
                pred: IntTensor<Self>,
                target: IntTensor<Self>,
                classes: usize,
            ) -> IntTensor<Self> {
                let [n] = pred.shape().dims();
                let mut ranks = vec![0; 2 * n];
                pred.ints(|pred| {
                    target.ints(|target| passes::label_ranks(pred, target, classes, &mut ranks))
                });
                HostTensor::from_ints(ranks, [2, n])
            }

            fn confusion(
                mut state: IntTensor<Self>,
                ranks: IntTensor<Self>,
                target: IntTensor<Self>,
                options: ConfusionOptions,
            ) -> IntTensor<Self> {
                state.ints_mut(|state| {
                    ranks.counters(|ranks| {
                        target.ints(|target| passes::confusion(state, ranks, target, options))
                    })
                });
                state
            }

            fn class_margins(
                mut state: IntTensor<Self>,
                ranks: IntTensor<Self>,
                target: IntTensor<Self>,
                options: ConfusionOptions,
            ) -> IntTensor<Self> {
                state.ints_mut(|state| {
                    ranks.counters(|ranks| {
                        target.ints(|target| passes::class_margins(state, ranks, target, options))
                    })
                });
                state
            }

            fn label_confusion(
                mut state: IntTensor<Self>,
                pred: IntTensor<Self>,
                target: IntTensor<Self>,
                options: ConfusionOptions,
            ) -> IntTensor<Self> {
                state.ints_mut(|state| {
                    pred.ints(|pred| {
                        target.ints(|target| labels::confusion(state, pred, target, options))
                    })
                });
                state
            }

            fn label_margins(
                mut state: IntTensor<Self>,
                pred: IntTensor<Self>,
                target: IntTensor<Self>,
                options: ConfusionOptions,
            ) -> IntTensor<Self> {
                state.ints_mut(|state| {
                    pred.ints(|pred| {
                        target.ints(|target| labels::margins(state, pred, target, options))
                    })
                });
                state
            }

            fn label_counts(
                mut state: IntTensor<Self>,
                scores: FloatTensor<Self>,
                target: IntTensor<Self>,
                options: LabelCountsOptions,
            ) -> IntTensor<Self> {
                let [_, labels] = scores.shape().dims();
                state.ints_mut(|state| {
                    scores.floats(|scores| {
                        target.ints(|target| {
                            passes::label_counts(state, scores, target, labels, options)
                        })
                    })
                });
                state
            }

            fn sigmoid_probabilities(
                scores: FloatTensor<Self>,
                outside: IntTensor<Self>,
                kind: ScoreKind,
            ) -> FloatTensor<Self> {
                if !outside.counters(|outside| are_logits(outside, kind)) {
                    return scores;
                }
                let shape: [usize; 2] = scores.shape().dims();
                HostTensor::from_floats(scores.floats(passes::sigmoid), shape)
            }

            fn softmax_probabilities(
                scores: FloatTensor<Self>,
                outside: IntTensor<Self>,
                kind: ScoreKind,
            ) -> FloatTensor<Self> {
                if !outside.counters(|outside| are_logits(outside, kind)) {
                    return scores;
                }
                let shape: [usize; 2] = scores.shape().dims();
                let probabilities = scores.floats(|scores| passes::softmax(scores, shape[1]));
                HostTensor::from_floats(probabilities, shape)
            }

            fn outside_unit(scores: FloatTensor<Self>) -> IntTensor<Self> {
                let outside = scores.floats(passes::outside_unit);
                HostTensor::from_ints(vec![outside as i32], [1])
            }

            fn top_confidence(
                ranks: IntTensor<Self>,
                scan: FloatTensor<Self>,
                target: IntTensor<Self>,
                outside: IntTensor<Self>,
                kind: ScoreKind,
                ignore_index: Option<i64>,
            ) -> (IntTensor<Self>, FloatTensor<Self>) {
                let [_, n] = ranks.shape().dims();
                let softmax = outside.counters(|outside| are_logits(outside, kind));
                let (mut hits, mut confidence) = (vec![0; n], vec![0.0; n]);
                ranks.counters(|ranks| {
                    scan.floats(|scan| {
                        target.ints(|target| {
                            let rows = (ranks, scan, target);
                            let out = (&mut hits[..], &mut confidence[..]);
                            passes::top_confidence(rows, softmax, ignore_index, out)
                        })
                    })
                });
                (
                    HostTensor::from_ints(hits, [n]),
                    HostTensor::from_floats(confidence, [n]),
                )
            }

            fn bin_confidence(
                mut counts: IntTensor<Self>,
                mut sums: FloatTensor<Self>,
                confidence: FloatTensor<Self>,
                hit: IntTensor<Self>,
                width: usize,
            ) -> (IntTensor<Self>, FloatTensor<Self>) {
                counts.ints_mut(|counts| {
                    sums.floats_mut(|sums| {
                        confidence.floats(|confidence| {
                            hit.counters(|hit| {
                                bins::bin_confidence(counts, sums, confidence, hit, width)
                            })
                        })
                    })
                });
                (counts, sums)
            }

            fn threshold_counts(
                mut state: IntTensor<Self>,
                probabilities: FloatTensor<Self>,
                target: IntTensor<Self>,
                thresholds: Vec<f32>,
            ) -> IntTensor<Self> {
                let [_, labels] = probabilities.shape().dims();
                state.ints_mut(|state| {
                    probabilities.floats(|p| {
                        target.counters(|target| {
                            bins::threshold_counts(state, p, target, labels, &thresholds)
                        })
                    })
                });
                state
            }

            fn decision_codes(
                probabilities: FloatTensor<Self>,
                target: IntTensor<Self>,
                ignore_index: Option<i64>,
            ) -> IntTensor<Self> {
                let shape: [usize; 2] = probabilities.shape().dims();
                let codes = probabilities.floats(|p| {
                    target.ints(|target| labels::decision_codes(p, target, ignore_index))
                });
                HostTensor::from_ints(codes, shape)
            }

            fn class_codes(
                probabilities: FloatTensor<Self>,
                target: IntTensor<Self>,
                ignore_index: Option<i64>,
            ) -> IntTensor<Self> {
                let shape: [usize; 2] = probabilities.shape().dims();
                let codes = probabilities.floats(|p| {
                    target.ints(|target| labels::class_codes(p, target, shape[1], ignore_index))
                });
                HostTensor::from_ints(codes, shape)
            }

            fn log_likelihood(
                mut counts: IntTensor<Self>,
                mut sums: FloatTensor<Self>,
                ranks: IntTensor<Self>,
                scan: FloatTensor<Self>,
                target: IntTensor<Self>,
                ignore_index: Option<i64>,
            ) -> (IntTensor<Self>, FloatTensor<Self>) {
                counts.ints_mut(|counts| {
                    sums.floats_mut(|sums| {
                        ranks.counters(|ranks| {
                            scan.floats(|scan| {
                                target.ints(|target| {
                                    let rows = (ranks, scan, target);
                                    passes::log_likelihood(counts, sums, rows, ignore_index)
                                })
                            })
                        })
                    })
                });
                (counts, sums)
            }

            fn value_totals(
                mut counts: IntTensor<Self>,
                mut sums: FloatTensor<Self>,
                values: FloatTensor<Self>,
                weights: FloatTensor<Self>,
                options: ValueOptions,
            ) -> (IntTensor<Self>, FloatTensor<Self>) {
                counts.ints_mut(|counts| {
                    sums.floats_mut(|sums| {
                        values.floats(|values| {
                            weights.floats(|weights| {
                                passes::value_totals(counts, sums, values, weights, options)
                            })
                        })
                    })
                });
                (counts, sums)
            }

            fn add_compensated(
                mut state: FloatTensor<Self>,
                x: FloatTensor<Self>,
            ) -> FloatTensor<Self> {
                state.floats_mut(|state| x.floats(|x| passes::add_compensated(state, x)));
                state
            }

            fn mark_ignored(target: IntTensor<Self>, ignore_index: Option<i64>) -> IntTensor<Self> {
                if ignore_index.is_none() && target.dtype() == DType::I32 {
                    return target;
                }
                let [n] = target.shape().dims();
                let marked = target.ints(|target| labels::mark_ignored(target, ignore_index));
                HostTensor::from_ints(marked, [n])
            }

            fn sort_pairs(
                keys: FloatTensor<Self>,
                values: IntTensor<Self>,
            ) -> (IntTensor<Self>, FloatTensor<Self>) {
                let [n] = keys.shape().dims();
                let (sorted, values) = keys.floats(|keys| {
                    values.ints(|values| sort::sort_pairs(keys, labels::mark_ignored(values, None)))
                });
                (
                    HostTensor::from_ints(values, [n]),
                    HostTensor::from_floats(sorted, [n]),
                )
            }

            fn curve_areas(
                scores: FloatTensor<Self>,
                codes: IntTensor<Self>,
            ) -> (IntTensor<Self>, FloatTensor<Self>) {
                let [_, columns] = scores.shape().dims();
                let (counts, precisions) = scores.floats(|scores| {
                    codes.counters(|codes| sort::curve_areas(scores, codes, columns))
                });
                let size = counts.len();
                (
                    HostTensor::from_ints(counts, [size]),
                    HostTensor::from_floats(precisions, [2 * columns]),
                )
            }

            fn pair_moments(
                mut counts: IntTensor<Self>,
                mut sums: FloatTensor<Self>,
                pred: FloatTensor<Self>,
                target: FloatTensor<Self>,
                pivot: FloatTensor<Self>,
            ) -> (IntTensor<Self>, FloatTensor<Self>) {
                counts.ints_mut(|counts| {
                    sums.floats_mut(|sums| {
                        pivot.floats(|pivot| {
                            pred.floats(|pred| {
                                target.floats(|target| {
                                    passes::pair_moments(counts, sums, pred, target, pivot)
                                })
                            })
                        })
                    })
                });
                (counts, sums)
            }

            fn sum_compensated(x: FloatTensor<Self>) -> FloatTensor<Self> {
                let [_, columns] = x.shape().dims();
                let sums = x.floats(|x| passes::sum_compensated(x, columns));
                HostTensor::from_floats(sums, [2 * columns])
            }
        }
    };
}

#[cfg(feature = "flex")]
host_backend!(burn::backend::Flex);
#[cfg(feature = "ndarray")]
mod ndarray_backend {
    use super::*;
    host_backend!(burn::backend::NdArray);
}
