//! Pictures of values, as SVG and PNG.
//!
//! [`value()`] draws any value; the other functions draw one kind of picture each.
//!
//! A PNG is made with a font of its own, for Latin, Greek and Cyrillic script, and is the same on
//! every machine. If that font cannot write the name of a class, the PNG shows the number of the class. An SVG leaves
//! the font to its viewer.
//!
//! ```
//! use metrics_burn::plot;
//! use metrics_core::{Matrix, Value};
//!
//! let matrix = Matrix { rows: 2, cols: 2, data: vec![50.0, 2.0, 3.0, 45.0], normalized: false };
//! let names = ["cat".to_string(), "dog".to_string()];
//! let plot = plot::value("confusion_matrix", &Value::Matrix(matrix), &names).unwrap();
//! assert!(plot.svg().starts_with("<svg"));
//! assert!(plot.png(2.0)?.starts_with(b"\x89PNG"));
//! assert!(plot::value("accuracy", &Value::Scalar(0.9), &[]).is_some());
//! # Ok::<(), metrics_burn::plot::PlotError>(())
//! ```

mod axes;
mod canvas;
mod confusion_matrix;
mod curves;
mod learning_curve;
pub(crate) mod palette;
mod per_class;
mod png;
mod reliability;

pub(crate) use canvas::escape;
pub use confusion_matrix::confusion_matrix;
pub use curves::curves;
pub use learning_curve::{Series, learning_curve};
pub use per_class::per_class;
pub use reliability::reliability;

use canvas::Canvas;
use metrics_core::Value;
use std::{
    fs, io,
    path::{Path, PathBuf},
};

/// Why a plot was not made into a file.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum PlotError {
    /// The file's name ends neither in `.svg` nor in `.png`.
    #[error("`{0}` ends neither in .svg nor in .png")]
    UnknownFormat(PathBuf),
    /// The picture would have no pixels, or more than 16,384 in a row or column.
    #[error("a picture of {width} x {height} pixels cannot be made")]
    Size {
        /// Width in pixels.
        width: f32,
        /// Height in pixels.
        height: f32,
    },
    /// The SVG could not be made into pixels.
    #[error("the picture could not be made into pixels: {0}")]
    Render(String),
    /// The file could not be written.
    #[error("cannot write {path}: {source}")]
    Write {
        /// The file.
        path: PathBuf,
        /// Why.
        source: io::Error,
    },
}

/// A picture.
#[derive(Debug, Clone, PartialEq)]
pub struct Plot {
    svg: String,
    size: (f64, f64),
    /// The names of the classes, to be replaced if a font cannot write them.
    class_names: Vec<String>,
}

impl Plot {
    fn draw(label: &str, size: (f64, f64), drawing: impl FnOnce(&mut Canvas)) -> Self {
        Self {
            svg: Canvas::draw(label, size.0, size.1, drawing),
            size,
            class_names: vec![],
        }
    }

    fn with_class_names(self, class_names: &[String]) -> Self {
        Self {
            class_names: class_names.to_vec(),
            ..self
        }
    }

    /// The picture as an SVG document, without scripts, links or fonts.
    pub fn svg(&self) -> &str {
        &self.svg
    }

    /// Width and height in pixels, before scaling.
    pub fn size(&self) -> (f64, f64) {
        self.size
    }

    /// The picture as a PNG on white, of [`size`](Self::size) times `scale` pixels; 2 is sharp on
    /// most screens and in print.
    ///
    /// # Errors
    /// [`PlotError::Size`], for a scale that is not positive or too large; [`PlotError::Render`].
    pub fn png(&self, scale: f32) -> Result<Vec<u8>, PlotError> {
        png::render(self, scale)
    }

    /// Writes the picture to a file, in the format that its name ends in: `.svg`, or `.png` at twice
    /// the size.
    ///
    /// # Errors
    /// [`PlotError::UnknownFormat`], [`PlotError::Write`], [`PlotError::Render`].
    pub fn write(&self, path: impl AsRef<Path>) -> Result<(), PlotError> {
        let path = path.as_ref();
        let extension = path.extension().and_then(|e| e.to_str());
        let data = match extension.map(str::to_ascii_lowercase).as_deref() {
            Some("svg") => self.svg.as_bytes().to_vec(),
            Some("png") => self.png(2.0)?,
            _ => return Err(PlotError::UnknownFormat(path.to_path_buf())),
        };
        fs::write(path, data).map_err(|source| PlotError::Write {
            path: path.to_path_buf(),
            source,
        })
    }
}

/// Draws a value in the form that suits it; `None` for a value with nothing to draw, such as NaN.
///
/// A number is a bar, an interval a line across its end. Classes without a name are numbered from 0.
pub fn value(name: &str, value: &Value, class_names: &[String]) -> Option<Plot> {
    match value {
        Value::PerClass(values) => per_class(name, values, class_names),
        Value::OperatingPoints(points) if points.values.len() != 1 => {
            per_class(name, &points.values, class_names)
        }
        Value::Matrix(matrix) => confusion_matrix(name, matrix, class_names),
        Value::Matrices(list) => confusion_matrix::per_label(name, list, class_names),
        Value::Curves(list) => curves(name, list, class_names),
        Value::Reliability(bins) => reliability(name, bins),
        Value::List(values) => per_class::list(name, values),
        Value::Record(_) => per_class::fields(name, value, class_names),
        _ => per_class::alone(name, value),
    }
}

/// A number as the reports show it.
pub(crate) fn number(value: f64) -> String {
    Value::Scalar(value).to_string()
}

/// A value that is a number, as the reports show it, with its interval if it has one.
pub(crate) fn scalar(value: Option<&Value>) -> String {
    let shown = value.filter(|value| value.scalar().is_some_and(|number| !number.is_nan()));
    match shown.map(|value| (value.estimate(), value.scalar())) {
        Some((Some(estimate), _)) => estimate.to_string(),
        Some((None, Some(value))) => number(value),
        _ => "N/A".to_string(),
    }
}

/// A count, or a mean of counts, as the reports show it.
pub(crate) fn count(value: f64) -> String {
    if value == value.trunc() && value.abs() < 1e15 {
        format!("{value:.0}")
    } else {
        number(value)
    }
}

/// The name of a class.
pub(crate) fn class_name(names: &[String], class: usize) -> String {
    names
        .get(class)
        .cloned()
        .unwrap_or_else(|| class.to_string())
}

#[cfg(test)]
mod tests {
    use super::*;
    use metrics_core::Estimate;

    #[test]
    fn an_estimate_is_shown_with_its_interval() {
        let estimate = |value| {
            Value::Estimate(Estimate {
                value,
                lower: 0.5,
                upper: 0.75,
            })
        };
        assert_eq!(scalar(Some(&estimate(0.625))), "0.6250 [0.5000, 0.7500]");
        assert_eq!(scalar(Some(&estimate(f64::NAN))), "N/A");
        assert_eq!(scalar(Some(&Value::Scalar(0.625))), "0.6250");
        assert_eq!(scalar(Some(&Value::PerClass(vec![0.5]))), "N/A");
        assert_eq!(scalar(None), "N/A");
        let plot = super::value("accuracy", &estimate(0.625), &[]).unwrap();
        assert!(plot.svg().contains("0.6250 [0.5000, 0.7500]"));
        assert!(super::value("accuracy", &estimate(f64::NAN), &[]).is_none());
    }
}
