//! Reports after training: a page, pictures, Markdown.
//!
//! ```no_run
//! # fn example(metrics: metrics_burn::LearnerMetrics<metrics_core::batch::Multiclass>)
//! # -> Result<(), metrics_burn::report::ReportError> {
//! metrics.results().report().write_html("report.html")?;
//! # Ok(()) }
//! ```
//!
//! The page is one file that loads nothing and needs no scripts.

mod class_table;
mod html;
mod incidents;
mod markdown;
mod picture;
mod tables;

pub use class_table::ClassTable;
pub use picture::Picture;

use crate::{
    MetricResults, SplitKind, SplitReport,
    plot::{self, Plot, PlotError, Series},
};
use metrics_core::{MetricInfo, ReportEntry, Value};
use serde::{Deserialize, Serialize};
use std::{
    collections::BTreeSet,
    fs, io,
    path::{Path, PathBuf},
};

/// Above this number of classes a confusion matrix is not shown as a table.
const TABLE_CLASSES: usize = 20;

/// Why a report was not written.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ReportError {
    /// A plot could not be made into a file.
    #[error(transparent)]
    Plot(#[from] PlotError),
    /// A file or folder could not be written.
    #[error("cannot write {path}: {source}")]
    Write {
        /// The file or folder.
        path: PathBuf,
        /// Why.
        source: io::Error,
    },
}

/// The format of [`RunReport::write_plots`].
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum PlotFormat {
    /// Lines and text, sharp at any size.
    Svg,
    /// Pixels, at twice the plot's size.
    Png,
}

/// The best epoch of a metric on a split.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Best {
    /// The epoch, from 1.
    pub epoch: usize,
    /// Its value.
    pub value: f64,
}

/// Everything that a run computed, ready to be shown. Serde saves it.
///
/// ```
/// use metrics_burn::{SplitKind, SplitReport, report::RunReport};
/// use metrics_core::{MetricCollection, batch::Binary, classification::Accuracy};
/// use burn::tensor::{Device, Int, Tensor};
///
/// let device = Device::default();
/// let scores = Tensor::<1>::from_floats([0.9, 0.2], &device);
/// let target = Tensor::<1, Int>::from_ints([1, 1], &device);
/// let mut metrics = MetricCollection::new().with(Accuracy::binary());
/// metrics.update(&Binary::from_scores(scores, target)?)?;
/// let epoch = SplitReport {
///     batches: 1,
///     samples: 2,
///     ..SplitReport::new(SplitKind::Valid, 1, metrics.compute()?)
/// };
/// let report = RunReport::from_parts(metrics.metrics(), vec![epoch])
///     .title("Cats and dogs")
///     .note("learning rate", 1e-3);
/// assert!(report.to_html().contains("<h1>Cats and dogs</h1>"));
/// assert_eq!(report.best("accuracy", SplitKind::Valid).unwrap().value, 0.5);
/// # Ok::<(), metrics_core::MetricError>(())
/// ```
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct RunReport {
    title: String,
    class_names: Vec<String>,
    notes: Vec<(String, String)>,
    metrics: Vec<MetricInfo>,
    epochs: Vec<SplitReport>,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pictures: Vec<Picture>,
}

impl MetricResults {
    /// A report of all results so far.
    pub fn report(&self) -> RunReport {
        RunReport::new(self)
    }
}

impl RunReport {
    /// A report of results.
    pub fn new(results: &MetricResults) -> Self {
        Self::from_parts(results.metrics().to_vec(), results.all())
    }

    /// A report of epochs from anywhere, such as a file. If two have the same split and epoch, the last
    /// one counts.
    pub fn from_parts(metrics: Vec<MetricInfo>, epochs: Vec<SplitReport>) -> Self {
        let mut seen = BTreeSet::new();
        let mut epochs: Vec<_> = (epochs.into_iter().rev())
            .filter(|epoch| seen.insert((order(epoch.split), epoch.epoch)))
            .collect();
        epochs.sort_by_key(|epoch| (order(epoch.split), epoch.epoch));
        Self {
            title: "Training report".to_string(),
            class_names: vec![],
            notes: vec![],
            metrics,
            epochs,
            pictures: vec![],
        }
    }

    /// The heading; default: "Training report".
    pub fn title(mut self, title: impl Into<String>) -> Self {
        self.title = title.into();
        self
    }

    /// Names the classes, labels or outputs of all metrics, in their order. Default: the
    /// names that the collection gave each metric, or else numbers.
    pub fn class_names<N: Into<String>>(mut self, names: impl IntoIterator<Item = N>) -> Self {
        self.class_names = names.into_iter().map(Into::into).collect();
        self
    }

    /// Adds a fact about the run, such as a hyper-parameter.
    pub fn note(mut self, key: impl Into<String>, value: impl ToString) -> Self {
        self.notes.push((key.into(), value.to_string()));
        self
    }

    /// Adds a picture to the page, such as predicted masks beside their targets.
    pub fn picture(mut self, picture: Picture) -> Self {
        self.pictures.push(picture);
        self
    }

    /// The metrics, in the order of the collection.
    pub fn metrics(&self) -> &[MetricInfo] {
        &self.metrics
    }

    /// The splits that have values: training, validation, test sets.
    pub fn splits(&self) -> Vec<SplitKind> {
        let mut splits: Vec<_> = self.epochs.iter().map(|epoch| epoch.split).collect();
        splits.dedup();
        splits
    }

    /// The epochs of a split, in their order.
    pub fn epochs(&self, split: SplitKind) -> impl DoubleEndedIterator<Item = &SplitReport> {
        self.epochs.iter().filter(move |epoch| epoch.split == split)
    }

    /// The best epoch of a metric on a split, by the metric's direction; of equal epochs the first. `None` for a
    /// metric without direction, and if no epoch has a number other than NaN. Incomplete epochs
    /// count.
    pub fn best(&self, metric: &str, split: SplitKind) -> Option<Best> {
        let info = self.metrics.iter().find(|info| info.name == metric)?;
        let values = (self.epochs(split))
            .filter_map(|epoch| Some((epoch.epoch, epoch.report.scalar(metric)?)));
        let best = info.best(values)?;
        Some(Best {
            epoch: best.step,
            value: best.value,
        })
    }

    /// Precision, recall, F1 score and support of each class on the last epoch of a split, from its
    /// confusion matrix of counts, and every other metric with a value per class. A metric with the name of a
    /// column replaces the column. `None` if there are no such values.
    pub fn class_table(&self, split: SplitKind) -> Option<ClassTable> {
        let last = self.epochs(split).next_back()?;
        ClassTable::new(&last.report, &self.class_names)
    }

    /// The page. A report without epochs says so.
    pub fn to_html(&self) -> String {
        html::page(self)
    }

    /// Writes the page to a file.
    ///
    /// # Errors
    /// [`ReportError::Write`].
    pub fn write_html(&self, path: impl AsRef<Path>) -> Result<(), ReportError> {
        let path = path.as_ref();
        fs::write(path, self.to_html()).map_err(write_error(path))
    }

    /// The report as Markdown, as a model card has it: best and last values, classes, the confusion
    /// matrix of counts (up to 20 classes), stat scores, the data, and what failed.
    ///
    /// The classes are from the test sets, or else from the validation set, or else from the training set.
    pub fn to_markdown(&self) -> String {
        markdown::document(self)
    }

    /// Writes every plot to a file of a folder, and creates the folder if it is missing: the learning curve
    /// of each number, and the plots of the last epoch of each split. Returns the files.
    ///
    /// # Errors
    /// [`ReportError::Write`], [`ReportError::Plot`]; earlier files have then been written.
    pub fn write_plots(
        &self,
        folder: impl AsRef<Path>,
        format: PlotFormat,
    ) -> Result<Vec<PathBuf>, ReportError> {
        let folder = folder.as_ref();
        fs::create_dir_all(folder).map_err(write_error(folder))?;
        let extension = match format {
            PlotFormat::Svg => "svg",
            PlotFormat::Png => "png",
        };
        let curves = self.scalars().filter_map(|info| {
            Some((
                format!("learning_curve_{}", info.name),
                self.learning_curve(info)?,
            ))
        });
        let values = self.splits().into_iter().flat_map(|split| {
            let plots = self.last_plots(split).into_iter();
            plots.map(move |(name, plot)| (format!("{}_{name}", self.label(split)), plot))
        });
        let mut used = BTreeSet::new();
        let mut files = Vec::new();
        for (name, plot) in curves.chain(values) {
            let stem = file_stem(&name, &mut used);
            let path = folder.join(format!("{stem}.{extension}"));
            plot.write(&path)?;
            files.push(path);
        }
        Ok(files)
    }

    /// What a split is called; see [`SplitReport::label`]. Test sets of one name have their numbers behind it.
    fn label(&self, split: SplitKind) -> String {
        let of = |split| self.epochs(split).next_back().map(SplitReport::label);
        let Some(label) = of(split) else {
            return split.label();
        };
        let shared = |other: &SplitKind| *other != split && of(*other).as_ref() == Some(&label);
        match split {
            SplitKind::Test(index) if self.splits().iter().any(shared) => {
                format!("{label} ({})", index + 1)
            }
            _ => label,
        }
    }

    /// The names of the classes of a value.
    fn names<'a>(&'a self, entry: &'a ReportEntry) -> &'a [String] {
        if self.class_names.is_empty() {
            &entry.class_names
        } else {
            &self.class_names
        }
    }

    fn scalars(&self) -> impl Iterator<Item = &MetricInfo> {
        self.metrics.iter().filter(|info| info.is_scalar)
    }

    /// The split by whose best epoch a metric is judged.
    fn judge(&self) -> Option<SplitKind> {
        let splits = self.splits();
        [SplitKind::Valid, SplitKind::Train]
            .into_iter()
            .find(|split| splits.contains(split))
    }

    fn learning_curve(&self, info: &MetricInfo) -> Option<Plot> {
        let series = self.splits().into_iter().map(|split| {
            let values = || {
                let epochs = self.epochs(split);
                epochs.filter_map(|epoch| Some((epoch.epoch, epoch.report.get(&info.name)?)))
            };
            let ends = |(epoch, value): (usize, &Value)| {
                let estimate = value.estimate()?;
                Some((epoch, [estimate.lower, estimate.upper]))
            };
            let point = |(epoch, value): (usize, &Value)| Some((epoch, value.scalar()?));
            Series {
                label: self.label(split),
                intervals: values().filter_map(ends).collect(),
                ..Series::new(split, values().filter_map(point).collect())
            }
        });
        let series: Vec<_> = series.filter(|series| !series.points.is_empty()).collect();
        let best = self
            .judge()
            .and_then(|split| Some((split, self.best(&info.name, split)?.epoch)));
        plot::learning_curve(&info.name, &series, best)
    }

    /// The plots of a split's last epoch, with the metrics' names.
    fn last_plots(&self, split: SplitKind) -> Vec<(String, Plot)> {
        let Some(last) = self.epochs(split).next_back() else {
            return vec![];
        };
        let entries = last.report.entries.iter();
        entries
            .filter_map(|entry| {
                // Numbers are in the learning curves.
                let value = entry
                    .value
                    .as_ref()
                    .filter(|value| value.scalar().is_none())?;
                let plot = plot::value(&entry.name, value, self.names(entry))?;
                Some((entry.name.clone(), plot))
            })
            .collect()
    }
}

/// The numbers of a record by their flat names, and the other fields as text.
fn field_rows(value: &Value, names: &[String]) -> Vec<(String, String)> {
    let fields = value.record().unwrap_or_default().iter();
    let rows = fields.flat_map(|field| {
        let alone = Value::Record(vec![field.clone()]);
        let numbers = alone.flat_numbers(names);
        if numbers.is_empty() || field.value.estimate().is_some() {
            return vec![(field.name.clone(), field.value.to_string())];
        }
        let shown = |number: f64| plot::scalar(Some(&Value::Scalar(number)));
        let numbers = numbers.into_iter();
        numbers
            .map(|(name, number)| (name, shown(number)))
            .collect()
    });
    rows.collect()
}

fn order(split: SplitKind) -> (u8, usize) {
    match split {
        SplitKind::Train => (0, 0),
        SplitKind::Valid => (1, 0),
        SplitKind::Test(index) => (2, index),
    }
}

fn write_error(path: &Path) -> impl FnOnce(io::Error) -> ReportError {
    let path = path.to_path_buf();
    |source| ReportError::Write { path, source }
}

/// A file name that every system accepts and that is not yet used.
fn file_stem(name: &str, used: &mut BTreeSet<String>) -> String {
    let plain = |c: char| {
        if c.is_ascii_alphanumeric() || "-.".contains(c) {
            c
        } else {
            '_'
        }
    };
    let stem: String = name.chars().take(80).map(plain).collect();
    // Some file systems do not tell small letters from capitals.
    let free = (1..)
        .map(|n| {
            if n == 1 {
                stem.clone()
            } else {
                format!("{stem}_{n}")
            }
        })
        .find(|stem| used.insert(stem.to_lowercase()));
    free.unwrap_or(stem)
}
