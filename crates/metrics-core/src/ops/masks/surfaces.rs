//! Surfaces of masks, and how far two are apart.

use super::{
    HostMaps,
    distances::{Grid, PixelDistance, distances},
};
use rayon::prelude::*;

/// What is measured of surfaces.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Measures<'a> {
    pub distance: PixelDistance,
    /// Of each axis; empty for 1.
    pub spacing: &'a [f64],
    pub percentile: f64,
    /// One for all classes, or one for each.
    pub tolerances: &'a [f64],
}

/// What was found of a class in a sample.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) enum Found {
    /// Neither side has the class.
    Neither,
    /// Only the prediction has it, with a surface of so many pixels.
    PredOnly,
    /// Only the target has it.
    TargetOnly,
    /// How far the surface of the prediction is from that of the target, and the other way round.
    Both([Way; 2]),
}

/// Distances from the pixels of a surface to the nearest of the other.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct Way {
    pub pixels: usize,
    pub largest: f64,
    pub percentile: f64,
    pub sum: f64,
    /// Pixels that are no farther than the tolerance.
    pub within: usize,
}

/// What is found of each class of each sample, class by class.
pub(crate) fn measure(
    maps: &HostMaps,
    skip: impl Fn(usize) -> bool + Sync,
    measures: &Measures,
) -> Vec<Found> {
    let pairs = (0..maps.samples * maps.classes).into_par_iter();
    pairs
        .map(|pair| {
            let (sample, class) = (pair / maps.classes, pair % maps.classes);
            if skip(class) {
                return Found::Neither;
            }
            let mut masks = [Vec::new(), Vec::new()];
            let [pred, target] = &mut masks;
            maps.masks(sample, class, [pred, target]);
            of_masks(&maps.spatial, &masks, measures, class)
        })
        .collect()
}

fn of_masks(spatial: &[usize], masks: &[Vec<u8>; 2], measures: &Measures, class: usize) -> Found {
    let some = [0, 1].map(|side: usize| masks[side].contains(&1));
    match some {
        [false, false] => return Found::Neither,
        [true, false] => return Found::PredOnly,
        [false, true] => return Found::TargetOnly,
        [true, true] => {}
    }
    let (grid, inside) = cropped(spatial, masks, measures.spacing);
    let edges = inside.map(|mask| edges(&grid, &mask));
    let tolerance = match measures.tolerances {
        [all] => *all,
        each => each.get(class).copied().unwrap_or(0.0),
    };
    let way = |from: usize| {
        let distances = distances(&grid, &edges[1 - from], &edges[from], measures.distance);
        Way::of(distances, measures.percentile, tolerance)
    };
    let (there, back) = rayon::join(|| way(0), || way(1));
    Found::Both([there, back])
}

impl Way {
    fn of(mut distances: Vec<f64>, percentile: f64, tolerance: f64) -> Self {
        Self {
            pixels: distances.len(),
            largest: distances.iter().copied().fold(0.0, f64::max),
            sum: distances.iter().sum(),
            within: distances.iter().filter(|d| **d <= tolerance).count(),
            percentile: quantile(&mut distances, percentile / 100.0),
        }
    }
}

/// A quantile of at least one number, between two numbers by how near they are.
fn quantile(numbers: &mut [f64], share: f64) -> f64 {
    let place = share * (numbers.len() - 1) as f64;
    let lower = place.floor() as usize;
    let (_, own, above) = numbers.select_nth_unstable_by(lower, f64::total_cmp);
    let next = above.iter().copied().fold(f64::INFINITY, f64::min);
    if next.is_infinite() {
        return *own;
    }
    *own + (next - *own) * (place - lower as f64)
}

/// The masks in the smallest box around both, with a margin of one pixel along each axis of a sample.
fn cropped(spatial: &[usize], masks: &[Vec<u8>; 2], spacing: &[f64]) -> (Grid, [Vec<u8>; 2]) {
    let missing = 3 - spatial.len();
    let mut dims = [1; 3];
    dims[missing..].copy_from_slice(spatial);
    let mut grid = Grid {
        dims: [1; 3],
        spacing: [1.0; 3],
    };
    if !spacing.is_empty() {
        grid.spacing[missing..].copy_from_slice(spacing);
    }
    let [_, height, width] = dims;
    let (mut least, mut most) = (dims, [0; 3]);
    let rows = masks[0]
        .chunks_exact(width)
        .zip(masks[1].chunks_exact(width));
    for (row, (pred, target)) in rows.enumerate() {
        let is_one = |(p, t): (&u8, &u8)| (*p | *t) != 0;
        let Some(left) = pred.iter().zip(target).position(is_one) else {
            continue;
        };
        let right = pred.iter().zip(target).rposition(is_one).unwrap_or(left);
        for (axis, (low, high)) in [
            (row / height, row / height),
            (row % height, row % height),
            (left, right),
        ]
        .into_iter()
        .enumerate()
        {
            least[axis] = least[axis].min(low);
            most[axis] = most[axis].max(high + 1);
        }
    }
    let margin = [0, 1, 2].map(|axis| usize::from(axis >= missing));
    let size = [0, 1, 2].map(|axis| most[axis] - least[axis]);
    grid.dims = [0, 1, 2].map(|axis| size[axis] + 2 * margin[axis]);
    let crop = |mask: &Vec<u8>| {
        let mut inside = vec![0; grid.len()];
        for z in 0..size[0] {
            for y in 0..size[1] {
                let from = ((z + least[0]) * height + y + least[1]) * width + least[2];
                let into =
                    ((z + margin[0]) * grid.dims[1] + y + margin[1]) * grid.dims[2] + margin[2];
                inside[into..into + size[2]].copy_from_slice(&mask[from..from + size[2]]);
            }
        }
        inside
    };
    let inside = [crop(&masks[0]), crop(&masks[1])];
    (grid, inside)
}

/// The pixels of a mask with a neighbour along an axis that is not in it: what an erosion with a cross removes, if
/// everything outside is background. The mask has a margin along every axis of more than one pixel.
fn edges(grid: &Grid, mask: &[u8]) -> Vec<u8> {
    let [depth, height, width] = grid.dims;
    let mut inner = mask.to_vec();
    for (size, stride) in [(width, 1), (height, width), (depth, height * width)] {
        if size == 1 {
            continue;
        }
        let len = mask.len();
        // The margin is background, so pixels without two neighbours need none.
        let both = mask[..len - 2 * stride].iter().zip(&mask[2 * stride..]);
        let middle = inner[stride..len - stride].iter_mut();
        middle.zip(both).for_each(|(inner, (a, b))| *inner &= a & b);
    }
    mask.iter()
        .zip(&inner)
        .map(|(own, inner)| own & !inner)
        .collect()
}
