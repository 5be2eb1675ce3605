//! Maps of classes in host memory.

use super::{HostMaps, Maps, MaskOptions, Side, Sides};
use crate::{
    REJECTED_SLOTS, Reason,
    ops::{
        ConfusionOptions,
        host::{Ints, floats, ints, label_margins, with_ints},
    },
};
use rayon::prelude::*;

/// Pixels below which samples are not shared among threads.
const FEW: usize = 1 << 15;

/// See [`count`](super::count).
pub(super) fn count(maps: &Maps, options: MaskOptions) -> Vec<i32> {
    if maps.is_one_hot() {
        return count_planes(&planes(maps, options));
    }
    labels(&maps.pred, |pred| {
        labels(&maps.target, |target| {
            let mut counts = count_labels(maps, pred, target, options);
            name_rejected(maps, &mut counts);
            counts
        })
    })
}

fn count_labels(maps: &Maps, pred: Ints, target: Ints, options: MaskOptions) -> Vec<i32> {
    let (samples, pixels) = (maps.samples, maps.pixels());
    let size = 3 * options.classes;
    let of_classes = ConfusionOptions {
        classes: options.classes,
        top_k: 1,
        ignore_index: options.ignore_index,
    };
    let of_sample = |sample: usize| {
        let range = sample * pixels..(sample + 1) * pixels;
        let mut counts = vec![0; size + REJECTED_SLOTS];
        label_margins(
            &mut counts,
            pred.range(range.clone()),
            target.range(range),
            of_classes,
        );
        counts
    };
    let counted: Vec<Vec<i32>> = if samples * pixels < FEW {
        (0..samples).map(of_sample).collect()
    } else {
        (0..samples).into_par_iter().map(of_sample).collect()
    };
    let mut counts = Vec::with_capacity(samples * size + REJECTED_SLOTS);
    let mut rejected = [0; REJECTED_SLOTS];
    for sample in counted {
        counts.extend_from_slice(&sample[..size]);
        add(&mut rejected, &sample[size..]);
    }
    counts.extend(rejected);
    counts
}

/// Of scores a prediction that is no class is NaN.
fn name_rejected(maps: &Maps, counts: &mut [i32]) {
    if let Side::Scores(_) = maps.pred {
        let first = counts.len() - REJECTED_SLOTS;
        let rejected = &mut counts[first..];
        rejected[Reason::Nan as usize] +=
            std::mem::take(&mut rejected[Reason::InvalidPrediction as usize]);
    }
}

fn add(sums: &mut [i32], more: &[i32]) {
    sums.iter_mut()
        .zip(more)
        .for_each(|(sum, more)| *sum += more);
}

fn count_planes(maps: &HostMaps) -> Vec<i32> {
    let pixels: usize = maps.spatial.iter().product();
    let Sides::Planes([pred, target]) = &maps.sides else {
        return Vec::new();
    };
    let count = |mask: &[u8]| mask.iter().map(|one| i32::from(*one)).sum::<i32>();
    let planes = pred.par_chunks(pixels).zip(target.par_chunks(pixels));
    let counted: Vec<[i32; 3]> = planes
        .map(|(pred, target)| {
            let hits = pred.iter().zip(target).map(|(p, t)| i32::from(p & t)).sum();
            [hits, count(pred), count(target)]
        })
        .collect();
    let mut counts = Vec::with_capacity(3 * counted.len() + REJECTED_SLOTS);
    for sample in counted.chunks_exact(maps.classes) {
        for kind in 0..3 {
            counts.extend(sample.iter().map(|class| class[kind]));
        }
    }
    counts.extend(maps.rejected);
    counts
}

/// Runs `f` on the labels `[N, P]` of a side that has them; of scores, -1 where one is NaN.
fn labels<R>(side: &Side, f: impl FnOnce(Ints) -> R) -> R {
    match side {
        Side::Labels(labels) => ints(labels, f),
        Side::Scores(scores) => {
            let [samples, classes, pixels] = scores.dims();
            let best = floats(scores, |scores| best(scores, samples, classes, pixels));
            f(Ints::I32(&best))
        }
        Side::OneHot(_) => f(Ints::I32(&[])),
    }
}

/// The class with the largest score of each pixel.
fn best(scores: &[f32], samples: usize, classes: usize, pixels: usize) -> Vec<i32> {
    let mut labels = vec![0; samples * pixels];
    if labels.is_empty() || classes == 0 {
        return labels;
    }
    let parts = labels.par_chunks_mut(pixels);
    let parts = parts.zip(scores.par_chunks(classes * pixels));
    parts.for_each(|(labels, scores)| {
        let tiles = labels.par_chunks_mut(FEW).enumerate();
        tiles.for_each(|(tile, labels)| best_of(labels, scores, tile * FEW, pixels));
    });
    labels
}

/// Pixels whose best scores are kept at a time.
const TILE: usize = 512;

#[multiversion::multiversion(targets("x86_64+avx2+fma"))]
fn best_of(labels: &mut [i32], scores: &[f32], first: usize, pixels: usize) {
    let mut top = [0f32; TILE];
    let mut nan = [0i32; TILE];
    for (tile, labels) in labels.chunks_mut(TILE).enumerate() {
        let start = first + tile * TILE;
        let (top, nan) = (&mut top[..labels.len()], &mut nan[..labels.len()]);
        top.fill(f32::NEG_INFINITY);
        nan.fill(0);
        labels.fill(0);
        for (class, plane) in scores.chunks_exact(pixels).enumerate() {
            let plane = &plane[start..start + labels.len()];
            let places = labels.iter_mut().zip(top.iter_mut()).zip(nan.iter_mut());
            for (((label, top), nan), score) in places.zip(plane) {
                let more = *score > *top;
                *label = if more { class as i32 } else { *label };
                *top = if more { *score } else { *top };
                *nan |= -i32::from(score.is_nan());
            }
        }
        labels
            .iter_mut()
            .zip(nan.iter())
            .for_each(|(label, nan)| *label |= *nan);
    }
}

/// See [`on_host`](super::on_host).
#[allow(clippy::useless_conversion)] // One of the slice types is `i64` already.
pub(super) fn maps(maps: &Maps, options: MaskOptions) -> HostMaps {
    if maps.is_one_hot() {
        return planes(maps, options);
    }
    let classes = options.classes as i64;
    let mut rejected = [0; REJECTED_SLOTS];
    let sides = labels(&maps.pred, |pred| {
        labels(&maps.target, |target| {
            let mut sides = [vec![-1; pred.len()], vec![-1; target.len()]];
            let [own_pred, own_target] = &mut sides;
            with_ints!(pred, pred => with_ints!(target, target => {
                for (i, (p, t)) in pred.iter().zip(target).enumerate() {
                    let (p, t) = (i64::from(*p), i64::from(*t));
                    let reason = if options.ignore_index == Some(t) {
                        Reason::Ignored
                    } else if !(0..classes).contains(&t) {
                        Reason::InvalidTarget
                    } else if !(0..classes).contains(&p) {
                        Reason::InvalidPrediction
                    } else {
                        (own_pred[i], own_target[i]) = (p as i32, t as i32);
                        continue;
                    };
                    rejected[reason as usize] += 1;
                }
            }));
            sides
        })
    });
    name_rejected(maps, &mut rejected);
    HostMaps {
        samples: maps.samples,
        spatial: maps.spatial.clone(),
        classes: options.classes,
        sides: Sides::Labels(sides),
        rejected,
    }
}

/// An element that is neither 0 nor 1, and one that is to be ignored.
const INVALID: u8 = 2;
const IGNORED: u8 = 3;

fn planes(maps: &Maps, options: MaskOptions) -> HostMaps {
    let pixels = maps.pixels();
    let mut pred = elements(&maps.pred, pixels, options, None);
    let mut target = elements(&maps.target, pixels, options, options.ignore_index);
    if let Some(class) = options.ignored_class()
        && maps.target.is_one_hot()
    {
        for sample in target.chunks_exact_mut(options.classes * pixels) {
            let own = sample[class * pixels..(class + 1) * pixels].to_vec();
            for plane in sample.chunks_exact_mut(pixels) {
                let ignored = plane.iter_mut().zip(&own).filter(|(_, own)| **own == 1);
                ignored.for_each(|(element, _)| *element = IGNORED);
            }
        }
    }
    let mut rejected = [0; REJECTED_SLOTS];
    for (p, t) in pred.iter_mut().zip(&mut target) {
        if (*p | *t) > 1 {
            let reason = match (*t, *p) {
                (IGNORED, _) => Reason::Ignored,
                (INVALID, _) => Reason::InvalidTarget,
                _ => Reason::InvalidPrediction,
            };
            rejected[reason as usize] += 1;
            (*p, *t) = (0, 0);
        }
    }
    name_rejected(maps, &mut rejected);
    HostMaps {
        samples: maps.samples,
        spatial: maps.spatial.clone(),
        classes: options.classes,
        sides: Sides::Planes([pred, target]),
        rejected,
    }
}

/// A side as `[N, C, P]` of 0, 1, [`INVALID`] and [`IGNORED`].
#[allow(clippy::useless_conversion)] // One of the slice types is `i64` already.
fn elements(side: &Side, pixels: usize, options: MaskOptions, ignore: Option<i64>) -> Vec<u8> {
    if let Side::OneHot(masks) = side {
        // A class is ignored by its own mask.
        let ignore = ignore.filter(|_| options.ignored_class().is_none());
        let element = |element: i64| match element {
            _ if ignore == Some(element) => IGNORED,
            0 | 1 => element as u8,
            _ => INVALID,
        };
        return ints(
            masks,
            |masks| with_ints!(masks, masks => masks.iter().map(|own| element(i64::from(*own))).collect()),
        );
    }
    labels(side, |labels| {
        let mut elements = Vec::with_capacity(labels.len() * options.classes);
        for first in (0..labels.len()).step_by(pixels.max(1)) {
            for class in 0..options.classes as i64 {
                labels.range(first..first + pixels).each(|_, label| {
                    elements.push(match label {
                        _ if ignore == Some(label) => IGNORED,
                        _ if !(0..options.classes as i64).contains(&label) => INVALID,
                        _ => u8::from(label == class),
                    });
                });
            }
        }
        elements
    })
}
