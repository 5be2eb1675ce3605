//! The pixels of a mask near its border.

use super::HostMaps;
use rayon::prelude::*;

/// How wide a border is: a share of the diagonal of a sample, rounded, at least 1 pixel.
fn width(spatial: &[usize], share: f64) -> usize {
    let diagonal = spatial
        .iter()
        .map(|size| (*size as f64).powi(2))
        .sum::<f64>();
    (share * diagonal.sqrt()).round_ties_even().max(1.0) as usize
}

/// Of each class of each sample: pixels that are in the border of both masks, in that of the prediction, and in that of the
/// target.
pub(crate) fn count(maps: &HostMaps, share: f64) -> Vec<[i32; 3]> {
    let width = width(&maps.spatial, share);
    let pairs = (0..maps.samples * maps.classes).into_par_iter();
    pairs
        .map(|pair| {
            let (sample, class) = (pair / maps.classes, pair % maps.classes);
            let mut masks = [Vec::new(), Vec::new()];
            let [pred, target] = &mut masks;
            maps.masks(sample, class, [pred, target]);
            for mask in &mut masks {
                border(&maps.spatial, mask, width);
            }
            let [pred, target] = &masks;
            let ones = |mask: &[u8]| mask.iter().map(|own| i32::from(*own)).sum();
            let hits = pred.iter().zip(target).map(|(p, t)| i32::from(p & t)).sum();
            [hits, ones(pred), ones(target)]
        })
        .collect()
}

/// Leaves the pixels of a mask that are within `width` steps, also diagonal ones, of a pixel outside of it; everything
/// outside the sample is.
fn border(spatial: &[usize], mask: &mut [u8], width: usize) {
    if !mask.contains(&1) {
        return;
    }
    let mut inner = mask.to_vec();
    let mut stride = mask.len();
    for size in spatial {
        let block = stride;
        stride /= size;
        for block in inner.chunks_exact_mut(block) {
            erode(block, *size, stride, width);
        }
    }
    mask.iter_mut()
        .zip(&inner)
        .for_each(|(own, inner)| *own &= !inner);
}

/// Leaves the pixels around which `width` pixels on both sides along an axis are in the mask.
fn erode(block: &mut [u8], size: usize, stride: usize, width: usize) {
    // How many pixels up to here, then from here on, are in the mask without a gap.
    let mut runs = vec![0u32; block.len()];
    let step = |runs: &mut [u32], before: usize, own: usize, block: &[u8]| {
        for i in 0..stride {
            let so_far = if before == usize::MAX {
                0
            } else {
                runs[before + i]
            };
            runs[own + i] = (so_far + 1) * u32::from(block[own + i]);
        }
    };
    for place in 0..size {
        let before = if place == 0 {
            usize::MAX
        } else {
            (place - 1) * stride
        };
        step(&mut runs, before, place * stride, block);
    }
    let forward = runs.clone();
    for place in (0..size).rev() {
        let after = if place + 1 == size {
            usize::MAX
        } else {
            (place + 1) * stride
        };
        step(&mut runs, after, place * stride, block);
    }
    for (own, (forward, backward)) in block.iter_mut().zip(forward.iter().zip(&runs)) {
        *own = u8::from(*forward as usize > width && *backward as usize > width);
    }
}
