//! The distance from some pixels to the nearest of others: an exact transform in time linear in the pixels, axis by axis
//! (Felzenszwalb and Huttenlocher, Distance Transforms of Sampled Functions, 2012, in the form of Meijster, Roerdink and
//! Hesselink, A General Algorithm for Computing Distance Transforms in Linear Time, 2000).

use rayon::prelude::*;

/// How far two pixels are apart, along whose axes the distances are `d`.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, serde::Serialize)]
pub enum PixelDistance {
    /// `sqrt(Σ d²)`.
    #[default]
    Euclidean,
    /// `max |d|`.
    Chessboard,
    /// `Σ |d|`.
    Taxicab,
}

/// A volume `[D, H, W]`; an image has a `D` of 1.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct Grid {
    pub dims: [usize; 3],
    /// How far neighbours along each axis are apart.
    pub spacing: [f64; 3],
}

impl Grid {
    pub fn len(&self) -> usize {
        self.dims.iter().product()
    }
}

/// A count of steps that no line has.
const FAR: u32 = u32::MAX / 2;

/// The distance of each pixel of `queries` to the nearest pixel of `goals`, of which there is one, in the order of pixels.
pub(crate) fn distances(
    grid: &Grid,
    goals: &[u8],
    queries: &[u8],
    distance: PixelDistance,
) -> Vec<f64> {
    let [depth, height, width] = grid.dims;
    let first = grid.dims.iter().position(|size| *size > 1).unwrap_or(2);
    let steps = steps(grid, goals, first);
    let unit = grid.spacing[first];
    let cost = |steps: u32| match (steps, distance) {
        (FAR.., _) => f64::INFINITY,
        (steps, PixelDistance::Euclidean) => (f64::from(steps) * unit).powi(2),
        (steps, _) => f64::from(steps) * unit,
    };
    let mut costs = Vec::new();
    if first == 0 && height > 1 {
        costs.resize(steps.len(), 0.0);
        let planes = costs.par_chunks_mut(height * width);
        planes
            .zip(steps.par_chunks(height * width))
            .for_each(|(costs, steps)| {
                let mut line = Line::new(height, grid.spacing[1], distance);
                for x in 0..width {
                    line.fill((0..height).map(|y| cost(steps[y * width + x])));
                    line.each(|y, cost| costs[y * width + x] = cost);
                }
            });
    }
    let row = |row: usize| {
        let places = row * width..(row + 1) * width;
        let own = &queries[places.clone()];
        let mut found = Vec::new();
        if own.iter().all(|query| *query == 0) {
            return found;
        }
        let mut line = Line::new(width, grid.spacing[2], distance);
        if first == 2 {
            line.costs
                .extend(steps[places].iter().map(|steps| cost(*steps)));
        } else if costs.is_empty() {
            line.fill(steps[places].iter().map(|steps| cost(*steps)));
        } else {
            line.fill(costs[places].iter().copied());
        }
        let root = |cost: f64| match distance {
            PixelDistance::Euclidean => cost.sqrt(),
            _ => cost,
        };
        let mut take = |x: usize, cost: f64| {
            if own[x] != 0 {
                found.push(root(cost));
            }
        };
        if first == 2 {
            (line.costs.iter().enumerate()).for_each(|(x, cost)| take(x, *cost));
        } else {
            line.each(take);
        }
        found
    };
    let rows = (0..depth * height).into_par_iter().with_min_len(16);
    let rows: Vec<Vec<f64>> = rows.map(row).collect();
    rows.concat()
}

/// How many steps along an axis each pixel is from the nearest goal on its line.
fn steps(grid: &Grid, goals: &[u8], axis: usize) -> Vec<u32> {
    let mut steps: Vec<u32> = goals
        .iter()
        .map(|goal| if *goal == 0 { FAR } else { 0 })
        .collect();
    let stride: usize = grid.dims[axis + 1..].iter().product();
    let line = stride * grid.dims[axis];
    let nearer = |own: &mut [u32], next: &[u32]| {
        let pairs = own.iter_mut().zip(next);
        pairs.for_each(|(own, next)| *own = (*own).min(next + 1));
    };
    for block in steps.chunks_exact_mut(line) {
        for start in (stride..line).step_by(stride) {
            let (before, own) = block.split_at_mut(start);
            nearer(&mut own[..stride], &before[start - stride..]);
        }
        for start in (stride..line).step_by(stride).rev() {
            let (own, after) = block.split_at_mut(start);
            nearer(&mut own[start - stride..], &after[..stride]);
        }
    }
    steps
}

/// A line of pixels, each with the cost of the way to the nearest goal along the other axes: squared if the distance is
/// Euclidean, infinite without a goal.
struct Line {
    costs: Vec<f64>,
    unit: f64,
    distance: PixelDistance,
    /// Which pixels are the best for some stretch of the line, and where the stretch begins.
    best: Vec<(usize, usize)>,
}

impl Line {
    fn new(len: usize, unit: f64, distance: PixelDistance) -> Self {
        Self {
            costs: Vec::with_capacity(len),
            unit,
            distance,
            best: Vec::new(),
        }
    }

    fn fill(&mut self, costs: impl Iterator<Item = f64>) {
        self.costs.clear();
        self.costs.extend(costs);
    }

    /// The cost at `x` of the way by the pixel `by`.
    fn cost(&self, x: usize, by: usize) -> f64 {
        let way = x.abs_diff(by) as f64 * self.unit;
        match self.distance {
            PixelDistance::Euclidean => way * way + self.costs[by],
            PixelDistance::Chessboard => way.max(self.costs[by]),
            PixelDistance::Taxicab => way + self.costs[by],
        }
    }

    /// The place after which `later` is better than `earlier`; it is better somewhere.
    fn border(&self, earlier: usize, later: usize) -> f64 {
        let (a, b) = (earlier as f64, later as f64);
        let [before, after] = [self.costs[earlier], self.costs[later]];
        match self.distance {
            PixelDistance::Euclidean => {
                (a + b + (after - before) / (self.unit * self.unit * (b - a))) / 2.0
            }
            PixelDistance::Chessboard if before <= after => {
                (a + after / self.unit).max((a + b) / 2.0)
            }
            PixelDistance::Chessboard => (b - before / self.unit).min((a + b) / 2.0),
            PixelDistance::Taxicab => {
                let ahead = (after - before) / self.unit;
                if ahead >= b - a {
                    f64::INFINITY
                } else {
                    (a + b + ahead) / 2.0
                }
            }
        }
    }

    /// Hands the cost of each pixel to `f`.
    fn each(&mut self, mut f: impl FnMut(usize, f64)) {
        let len = self.costs.len();
        self.best.clear();
        for x in (0..len).filter(|x| self.costs[*x] < f64::INFINITY) {
            while let Some((by, from)) = self.best.last()
                && self.cost(*from, *by) > self.cost(*from, x)
            {
                self.best.pop();
            }
            let from = match self.best.last() {
                None => 0.0,
                Some((by, _)) => self.border(*by, x).floor() + 1.0,
            };
            if from < len as f64 {
                self.best.push((x, from as usize));
            }
        }
        let ends = self.best.iter().skip(1).map(|(_, from)| *from);
        for ((by, from), end) in self.best.iter().zip(ends.chain([len])) {
            (*from..end).for_each(|x| f(x, self.cost(x, *by)));
        }
        if self.best.is_empty() {
            (0..len).for_each(|x| f(x, f64::INFINITY));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn by_definition(
        grid: &Grid,
        goals: &[u8],
        queries: &[u8],
        distance: PixelDistance,
    ) -> Vec<f64> {
        let [_, height, width] = grid.dims;
        let place = |i: usize| [i / width / height, i / width % height, i % width];
        let of = |mask: &[u8]| -> Vec<[usize; 3]> {
            let some = mask.iter().enumerate().filter(|(_, own)| **own != 0);
            some.map(|(i, _)| place(i)).collect()
        };
        let way = |a: &[usize; 3], b: &[usize; 3]| {
            let along = |axis: usize| a[axis].abs_diff(b[axis]) as f64 * grid.spacing[axis];
            let d = [0, 1, 2].map(along);
            match distance {
                PixelDistance::Euclidean => d.iter().map(|d| d * d).sum::<f64>().sqrt(),
                PixelDistance::Chessboard => d.into_iter().fold(0.0, f64::max),
                PixelDistance::Taxicab => d.iter().sum(),
            }
        };
        let goals = of(goals);
        let nearest = |q: &[usize; 3]| {
            goals
                .iter()
                .map(|g| way(q, g))
                .fold(f64::INFINITY, f64::min)
        };
        of(queries).iter().map(nearest).collect()
    }

    #[test]
    fn distances_are_those_of_the_nearest_pixel() {
        let mut seed = 7u64;
        let mut draw = |below: u64| {
            seed = seed.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1);
            (seed >> 33) % below
        };
        let kinds = [
            PixelDistance::Euclidean,
            PixelDistance::Chessboard,
            PixelDistance::Taxicab,
        ];
        for round in 0..400 {
            let dims = match round % 4 {
                0 => [1, 1, 1 + draw(20) as usize],
                1 => [
                    1 + draw(5) as usize,
                    1 + draw(7) as usize,
                    1 + draw(9) as usize,
                ],
                _ => [1, 1 + draw(14) as usize, 1 + draw(20) as usize],
            };
            let spacing = [0, 1, 2].map(|_| [1.0, 1.0, 0.7, 2.5, 0.1][draw(5) as usize]);
            let grid = Grid { dims, spacing };
            let rare = 1 + draw(12);
            let mut mask = |_| (0..grid.len()).map(|_| u8::from(draw(rare) == 0)).collect();
            let [mut goals, queries]: [Vec<u8>; 2] = [0, 1].map(&mut mask);
            let some = draw(goals.len() as u64) as usize;
            goals[some] = 1;
            for distance in kinds {
                let ours = distances(&grid, &goals, &queries, distance);
                let right = by_definition(&grid, &goals, &queries, distance);
                assert_eq!(ours.len(), right.len());
                for (ours, right) in ours.iter().zip(&right) {
                    let close = (ours - right).abs() <= 1e-12 * right.max(1.0);
                    assert!(close, "{ours} for {right}, {grid:?} {distance:?}");
                }
            }
        }
    }
}
