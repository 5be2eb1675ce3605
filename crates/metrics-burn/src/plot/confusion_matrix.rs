use super::{
    Plot,
    axes::Area,
    canvas::{Align, Canvas, TEXT, fit, text_width},
    class_name, number,
    palette::{HEAT_TURNS, INK, MUTED, ON_HEAT, heat},
};
use metrics_core::Matrix;

/// Up to this number of rows, each cell is drawn. With more rows, a drawn cell stands for a block of cells.
const CELLS: usize = 100;

/// A confusion matrix (rows: target, columns: prediction) as a heat map: the counts or shares,
/// coloured by their share of the row.
///
/// Names and numbers disappear where cells are too small for them; above 100 classes a cell stands
/// for a block of classes. `None` for a matrix without cells.
///
/// ```
/// use metrics_burn::plot::confusion_matrix;
/// use metrics_core::Matrix;
///
/// let matrix = Matrix { rows: 2, cols: 2, data: vec![8.0, 2.0, 1.0, 9.0], normalized: false };
/// let plot = confusion_matrix("confusion", &matrix, &[]).unwrap();
/// assert!(plot.svg().contains("85.0 % on the diagonal"));
/// ```
pub fn confusion_matrix(name: &str, matrix: &Matrix, class_names: &[String]) -> Option<Plot> {
    let heat = Heat::new(matrix)?;
    let square = matrix.rows == matrix.cols;
    let blocks = match heat.block {
        1 => String::new(),
        block => format!("; a cell is {block} × {block} classes"),
    };
    let total: f64 = heat.finite_sum();
    // Shares of rows or columns do not add up to a share of all.
    let subtitle = if square && !matrix.normalized && total > 0.0 {
        let right = (0..matrix.rows)
            .map(|i| matrix.get(i, i))
            .filter(|v| v.is_finite());
        let share = 100.0 * right.sum::<f64>() / total;
        format!("{share:.1} % on the diagonal{blocks}")
    } else {
        format!("{} × {}{blocks}", matrix.rows, matrix.cols)
    };
    let names = |count: usize| -> Vec<String> {
        let named = square && heat.block == 1;
        (0..count)
            .map(|i| {
                if named {
                    class_name(class_names, i)
                } else {
                    (i * heat.block).to_string()
                }
            })
            .collect()
    };
    let (rows, cols) = (names(heat.rows), names(heat.cols));
    let widest = |names: &[String]| {
        names
            .iter()
            .map(|n| text_width(n, TEXT))
            .fold(0.0, f64::max)
    };
    let left = 40.0 + widest(&rows).clamp(10.0, 96.0);
    let area = Area {
        left,
        top: 62.0,
        width: 444.0 - left,
        height: (444.0 - left) * (heat.rows as f64 / heat.cols as f64).clamp(0.2, 1.0),
    };
    let turned = widest(&cols) > area.width / heat.cols as f64 - 4.0;
    let below = if turned {
        widest(&cols).clamp(10.0, 96.0)
    } else {
        TEXT
    } + 12.0;
    let bottom = area.top + area.height;
    let label = format!("{name}: {subtitle}");
    Some(
        Plot::draw(&label, (460.0, bottom + below + 56.0), |canvas| {
            canvas.heading(name, &subtitle);
            heat.draw(canvas, area);
            let (width, height) = heat.cell(area);
            for i in stepped(heat.rows, height) {
                let at = (area.left - 7.0, area.top + (i as f64 + 0.5) * height);
                canvas.text(at, Align::Right, TEXT, INK, &fit(&rows[i], 100.0, TEXT));
            }
            for i in stepped(heat.cols, if turned { width } else { f64::INFINITY }) {
                let x = area.left + (i as f64 + 0.5) * width;
                if turned {
                    let text = fit(&cols[i], 100.0, TEXT);
                    canvas.upward((x, bottom + 7.0), Align::Right, TEXT, INK, &text);
                } else {
                    canvas.text((x, bottom + 12.0), Align::Center, TEXT, INK, &cols[i])
                }
            }
            let (row, column) = if square {
                ("target", "prediction")
            } else {
                ("row", "column")
            };
            let middle = (area.left + area.width / 2.0, bottom + below + 8.0);
            canvas.text(middle, Align::Center, TEXT, MUTED, column);
            let middle = (16.0, area.top + area.height / 2.0);
            canvas.upward(middle, Align::Center, TEXT, MUTED, row);
            scale(canvas, (area.left, bottom + below + 32.0), area.width);
        })
        .with_class_names(class_names),
    )
}

/// One small matrix per label, of the first 12 labels.
pub(super) fn per_label(name: &str, list: &[Matrix], label_names: &[String]) -> Option<Plot> {
    let shown: Vec<_> = list.iter().take(12).map(Heat::new).collect::<Option<_>>()?;
    if shown.is_empty() {
        return None;
    }
    let columns = shown.len().min(3);
    let lines = shown.len().div_ceil(columns);
    let subtitle = if list.len() > shown.len() {
        format!("the first {} of {} labels", shown.len(), list.len())
    } else {
        format!("{} labels", list.len())
    } + "; rows: target, columns: prediction";
    let label = format!("{name}: {subtitle}");
    let height = 64.0 + lines as f64 * 158.0;
    Some(
        Plot::draw(&label, (460.0, height + 34.0), |canvas| {
            canvas.heading(name, &subtitle);
            for (i, heat) in shown.iter().enumerate() {
                let left = 16.0 + (i % columns) as f64 * 148.0;
                let top = 64.0 + (i / columns) as f64 * 158.0;
                let text = fit(&class_name(label_names, i), 130.0, TEXT);
                canvas.text((left, top + 4.0), Align::Left, TEXT, INK, &text);
                let area = Area {
                    left,
                    top: top + 16.0,
                    width: 130.0,
                    height: 130.0,
                };
                heat.draw(canvas, area);
            }
            scale(canvas, (16.0, height + 14.0), 426.0);
        })
        .with_class_names(label_names),
    )
}

/// What the colours mean.
fn scale(canvas: &mut Canvas, (left, y): (f64, f64), width: f64) {
    let steps = 48;
    let bar = (width * 0.4).min(150.0);
    for i in 0..steps {
        let share = i as f64 / (steps - 1) as f64;
        let from = (left + bar * i as f64 / steps as f64, y - 5.0);
        // To the very end, so that there is no seam between two of them.
        canvas.rect(from, (left + bar, y + 5.0), heat(share), 1.0);
    }
    let text = "0 to 100 % of the row";
    canvas.text((left + bar + 10.0, y), Align::Left, TEXT, MUTED, text);
}

/// The places of the names, of `count` names, that fit beside cells of a size.
fn stepped(count: usize, cell: f64) -> impl Iterator<Item = usize> {
    let least = (14.0 / cell).max(1.0);
    // Every 2nd, 5th, 10th, ..: a step that reads as one.
    let steps = [1, 2, 5, 10, 20, 25, 50, 100];
    let step = steps.into_iter().find(|step| *step as f64 >= least);
    (0..count).step_by(step.unwrap_or(count.max(1)))
}

/// The cells of a matrix, or of blocks of a large one.
struct Heat {
    rows: usize,
    cols: usize,
    /// How many rows and columns a cell stands for.
    block: usize,
    values: Vec<f64>,
    /// The shares of the rows.
    shares: Vec<f64>,
}

impl Heat {
    fn new(matrix: &Matrix) -> Option<Self> {
        let size = matrix.rows.checked_mul(matrix.cols)?;
        if size == 0 || size != matrix.data.len() {
            return None;
        }
        let block = matrix.rows.max(matrix.cols).div_ceil(CELLS);
        let (rows, cols) = (matrix.rows.div_ceil(block), matrix.cols.div_ceil(block));
        let mut values = vec![0.0; rows * cols];
        for (i, value) in matrix.data.iter().enumerate() {
            let (row, col) = (i / matrix.cols / block, i % matrix.cols / block);
            values[row * cols + col] += value;
        }
        let weight = |value: &f64| {
            if value.is_finite() {
                value.max(0.0)
            } else {
                0.0
            }
        };
        let shares = values.chunks(cols).flat_map(|row| {
            let whole: f64 = row.iter().map(weight).sum();
            row.iter()
                .map(move |v| if whole > 0.0 { weight(v) / whole } else { 0.0 })
        });
        let shares = shares.collect();
        Some(Self {
            rows,
            cols,
            block,
            values,
            shares,
        })
    }

    fn finite_sum(&self) -> f64 {
        self.values.iter().filter(|v| v.is_finite()).sum()
    }

    fn cell(&self, area: Area) -> (f64, f64) {
        (
            area.width / self.cols as f64,
            area.height / self.rows as f64,
        )
    }

    fn draw(&self, canvas: &mut Canvas, area: Area) {
        let (width, height) = self.cell(area);
        let gap = if width.min(height) >= 12.0 { 0.75 } else { 0.0 };
        if gap == 0.0 {
            let end = (area.left + area.width, area.top + area.height);
            canvas.rect((area.left, area.top), end, heat(0.0), 1.0);
        }
        for (i, (value, share)) in self.values.iter().zip(&self.shares).enumerate() {
            if gap == 0.0 && *share == 0.0 {
                continue;
            }
            let x = area.left + (i % self.cols) as f64 * width;
            let y = area.top + (i / self.cols) as f64 * height;
            let end = (x + width - gap, y + height - gap);
            canvas.rect((x + gap, y + gap), end, heat(*share), 1.0);
            if width < 24.0 || self.block > 1 {
                continue;
            }
            let ink = if *share > HEAT_TURNS { ON_HEAT } else { INK };
            let ink = if *value == 0.0 { MUTED } else { ink };
            let text = compact(*value);
            let size = (width / text_width(&text, 1.15)).clamp(7.0, 14.0);
            let middle = (x + width / 2.0, y + height / 2.0);
            if width < 64.0 || height < 44.0 {
                canvas.text(middle, Align::Center, size, ink, &text);
                continue;
            }
            canvas.text((middle.0, middle.1 - 8.0), Align::Center, size, ink, &text);
            let percent = format!("{:.1} %", 100.0 * share);
            canvas.text(
                (middle.0, middle.1 + 9.0),
                Align::Center,
                11.0,
                ink,
                &percent,
            );
        }
    }
}

/// A count or a share in few characters.
fn compact(value: f64) -> String {
    let whole = value == value.trunc();
    match value.abs() {
        size if whole && size < 1e4 => format!("{value:.0}"),
        size if (1e4..1e6).contains(&size) => format!("{:.0}k", value / 1e3),
        size if (1e6..1e9).contains(&size) => format!("{:.1}M", value / 1e6),
        size if size < 10.0 => format!("{value:.2}"),
        size if size < 1e4 => format!("{value:.0}"),
        _ => number(value),
    }
}
