//! Two axes: from values to pixels, with a grid.

use super::{
    canvas::{Align, Canvas, Point, TEXT, text_width},
    palette::{AXIS, GRID, MUTED, Shade},
};

/// The largest width of a number beside an axis, in pixels.
const LABEL: f64 = 56.0;

/// A rectangle in pixels.
#[derive(Debug, Clone, Copy)]
pub struct Area {
    pub left: f64,
    pub top: f64,
    pub width: f64,
    pub height: f64,
}

/// What the two axes of an area show.
#[derive(Debug, Clone, Copy)]
pub struct Axes {
    pub area: Area,
    pub x: (f64, f64),
    pub y: (f64, f64),
}

impl Axes {
    /// The pixel of a pair of values.
    pub fn at(&self, x: f64, y: f64) -> Point {
        let part = |value: f64, (low, high): (f64, f64)| (value - low) / (high - low);
        (
            self.area.left + self.area.width * part(x, self.x),
            self.area.top + self.area.height * (1.0 - part(y, self.y)),
        )
    }

    /// The grid with its numbers and the names of the axes.
    pub fn draw(&self, canvas: &mut Canvas, x_name: &str, y_name: &str, x_ticks: &[f64]) {
        let area = self.area;
        let (right, bottom) = (area.left + area.width, area.top + area.height);
        let y_ticks = ticks(self.y, ((area.height / 34.0) as usize).min(6), false);
        for (tick, label) in y_ticks.iter().zip(labels(&y_ticks)) {
            let (_, y) = self.at(self.x.0, *tick);
            canvas.line(&[(area.left, y), (right, y)], GRID, 1.0, 1.0);
            let size = (LABEL / text_width(&label, 1.0)).min(TEXT);
            canvas.text((area.left - 7.0, y), Align::Right, size, MUTED, &label);
        }
        canvas.line(&[(area.left, bottom), (right, bottom)], AXIS, 1.0, 1.0);
        for (tick, label) in x_ticks.iter().zip(labels(x_ticks)) {
            let (x, _) = self.at(*tick, self.y.0);
            canvas.line(&[(x, bottom), (x, bottom + 4.0)], AXIS, 1.0, 1.0);
            canvas.text((x, bottom + 14.0), Align::Center, TEXT, MUTED, &label);
        }
        let middle = (area.left + right) / 2.0;
        canvas.text((middle, bottom + 34.0), Align::Center, TEXT, MUTED, x_name);
        let middle = (area.top + bottom) / 2.0;
        canvas.upward((14.0, middle), Align::Center, TEXT, MUTED, y_name);
    }

    /// A line through points, with a gap at each point that is not finite. A single point is a dot.
    pub fn line(
        &self,
        canvas: &mut Canvas,
        points: impl Iterator<Item = Point>,
        shade: Shade,
        width: f64,
        detail: f64,
    ) {
        for part in pieces(points.map(|(x, y)| self.at(x, y))) {
            match part.as_slice() {
                [point] => canvas.dot(*point, width + 1.0, shade),
                points => canvas.line(&thinned(points, detail), shade, width, 1.0),
            }
        }
    }
}

/// Runs of finite points.
fn pieces(points: impl Iterator<Item = Point>) -> Vec<Vec<Point>> {
    let mut pieces = vec![vec![]];
    for point in points {
        match (
            point.0.is_finite() && point.1.is_finite(),
            pieces.last_mut(),
        ) {
            (true, Some(piece)) => piece.push(point),
            _ => pieces.push(vec![]),
        }
    }
    pieces.retain(|piece| !piece.is_empty());
    pieces
}

/// The visible points: of the points in one pixel column the first, the lowest, the highest and the
/// last. A column is `detail` pixels wide.
fn thinned(points: &[Point], detail: f64) -> Vec<Point> {
    let column = |point: &Point| (point.0 / detail).floor();
    let mut kept = Vec::new();
    for run in points.chunk_by(|a, b| column(a) == column(b)) {
        let by_height = |a: &&usize, b: &&usize| run[**a].1.total_cmp(&run[**b].1);
        let all: Vec<usize> = (0..run.len()).collect();
        let mut some = [
            Some(0),
            all.iter().min_by(by_height).copied(),
            all.iter().max_by(by_height).copied(),
            run.len().checked_sub(1),
        ];
        some.sort_unstable();
        kept.extend(some.into_iter().flatten().map(|i| run[i]));
    }
    kept.dedup();
    // A line that goes to and fro could still have any number of points.
    let stride = kept.len().div_ceil(8000).max(1);
    kept.into_iter().step_by(stride).collect()
}

/// About `count` round numbers within a range.
pub fn ticks((low, high): (f64, f64), count: usize, whole: bool) -> Vec<f64> {
    let rough = (high - low) / count.max(1) as f64;
    if !(rough.is_finite() && rough > 0.0) {
        return vec![];
    }
    let power = 10f64.powf(rough.log10().floor());
    let step = [1.0, 2.0, 5.0, 10.0]
        .into_iter()
        .map(|factor| factor * power)
        .find(|step| *step >= rough * 0.999)
        .unwrap_or(10.0 * power);
    let step = if whole { step.max(1.0) } else { step };
    let first = (low / step - 1e-9).ceil();
    let mut ticks: Vec<_> = (0..2 * count + 2)
        .map(|i| (first + i as f64) * step)
        .take_while(|tick| *tick <= high + step * 1e-9)
        .collect();
    // A step may be smaller than what tells two large numbers apart.
    ticks.dedup();
    ticks
}

/// The numbers at ticks, with enough digits to tell them apart; large and small ones in scientific
/// notation where that is shorter.
pub fn labels(ticks: &[f64]) -> Vec<String> {
    let step = match ticks {
        [first, second, ..] => second - first,
        _ => 1.0,
    };
    let largest = ticks.iter().fold(0f64, |a, b| a.max(b.abs()));
    let places = (-step.log10() - 0.001).ceil();
    let decimals = places.clamp(0.0, 324.0) as usize;
    // Adding zero makes 0 of -0.
    let plain = ticks
        .iter()
        .map(|tick| format!("{:.decimals$}", tick + 0.0));
    let plain: Vec<_> = plain.collect();
    if largest < 1e6 && step >= 1e-5 {
        return plain;
    }
    let digits = (largest.log10().floor() + places).clamp(0.0, 17.0) as usize;
    let scientific = |tick: &f64| match tick {
        0.0 => "0".to_string(),
        tick => format!("{tick:.digits$e}"),
    };
    let scientific: Vec<_> = ticks.iter().map(scientific).collect();
    let width = |labels: &[String]| labels.iter().map(String::len).max();
    if width(&scientific) < width(&plain) {
        scientific
    } else {
        plain
    }
}

/// A range that holds all finite values, with room around them; `None` if there are none.
pub fn range_of(values: impl Iterator<Item = f64>) -> Option<(f64, f64)> {
    let finite = values.filter(|value| value.is_finite());
    let (low, high) = finite.fold((f64::INFINITY, f64::NEG_INFINITY), |(low, high), value| {
        (low.min(value), high.max(value))
    });
    let room = match high - low {
        0.0 => (low.abs() * 0.05).max(0.01),
        width => width * 0.06,
    };
    let range = (low - room, high + room);
    (range.1 - range.0 > 0.0 && (range.1 - range.0).is_finite()).then_some(range)
}
