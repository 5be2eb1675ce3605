use super::Memo;
use crate::{Batch, MetricError};
use std::{io::BufRead, ops::Range, sync::Arc};

mod lines;

pub use lines::TextLines;

/// A batch of texts that a model wrote, each with one reference or several: what metrics of [`text`](crate::text) read.
///
/// A batch holds its texts one after the other in one buffer: making it copies each text once, and states keep none. Large corpora
/// come in batches: [`stream`](Self::stream) makes them of an iterator, [`read_lines`](Self::read_lines) of files, and neither
/// holds more than one batch. Batches may be of any size; metrics use all threads within a batch.
///
/// ```
/// use metrics_core::{Metric, batch::Texts, text::WordErrorRate};
///
/// let batch = Texts::new(["this is the prediction"], ["this is the reference"])?;
/// assert_eq!(WordErrorRate::new().evaluate(&batch)?.scalar(), Some(0.25));
///
/// // A corpus of any length, 1000 pairs at a time.
/// let pairs = (0..2500).map(|n| (format!("sentence {n}"), format!("sentence {}", n / 2 * 2)));
/// let mut state = WordErrorRate::new().state();
/// for batch in Texts::stream(pairs, 1000) {
///     state.update(&batch)?;
/// }
/// assert_eq!(state.compute()?.scalar(), Some(0.25));
/// # Ok::<(), metrics_core::MetricError>(())
/// ```
#[derive(Debug, Clone)]
pub struct Texts {
    data: Arc<Data>,
    memo: Memo,
}

/// The texts of all rows: of each its prediction, then its references.
#[derive(Debug, Default)]
struct Data {
    buffer: String,
    /// Where each text ends in the buffer.
    ends: Vec<usize>,
    /// How many texts there are up to the end of each row.
    rows: Vec<usize>,
}

impl Data {
    fn push(&mut self, text: &str) {
        self.buffer.push_str(text);
        self.ends.push(self.buffer.len());
    }

    fn end_row(&mut self) {
        self.rows.push(self.ends.len());
    }

    fn text(&self, index: usize) -> &str {
        let start = if index == 0 { 0 } else { self.ends[index - 1] };
        &self.buffer[start..self.ends[index]]
    }

    fn finish(self) -> Texts {
        Texts {
            data: Arc::new(self),
            memo: Memo::default(),
        }
    }
}

impl Texts {
    /// Predictions with one reference each.
    ///
    /// # Errors
    /// [`MetricError::ShapeMismatch`] unless there is one reference for each prediction.
    pub fn new<P: AsRef<str>, R: AsRef<str>>(
        predictions: impl IntoIterator<Item = P>,
        references: impl IntoIterator<Item = R>,
    ) -> Result<Self, MetricError> {
        Self::with_references(predictions, references.into_iter().map(|text| [text]))
    }

    /// Predictions with one reference or several each.
    ///
    /// # Errors
    /// [`MetricError::ShapeMismatch`] unless there is a list of references for each prediction, with at least one in it.
    pub fn with_references<P: AsRef<str>, R: AsRef<str>, L: IntoIterator<Item = R>>(
        predictions: impl IntoIterator<Item = P>,
        references: impl IntoIterator<Item = L>,
    ) -> Result<Self, MetricError> {
        let mut data = Data::default();
        let (mut predictions, mut references) = (predictions.into_iter(), references.into_iter());
        loop {
            let (prediction, list) = match (predictions.next(), references.next()) {
                (Some(prediction), Some(list)) => (prediction, list),
                (None, None) => break,
                (left, right) => {
                    let rows = data.rows.len();
                    return Err(MetricError::ShapeMismatch {
                        left_name: "the list of predictions",
                        left: vec![rows + usize::from(left.is_some()) + predictions.count()],
                        right_name: "the list of references",
                        right: vec![rows + usize::from(right.is_some()) + references.count()],
                        hint: ": each prediction has one",
                    });
                }
            };
            data.push(prediction.as_ref());
            let before = data.ends.len();
            list.into_iter().for_each(|text| data.push(text.as_ref()));
            if data.ends.len() == before {
                return Err(MetricError::ShapeMismatch {
                    left_name: "the references of a prediction",
                    left: vec![0],
                    right_name: "the list of predictions",
                    right: vec![data.rows.len() + 1],
                    hint: ": each prediction has at least one reference",
                });
            }
            data.end_row();
        }
        Ok(data.finish())
    }

    /// Pairs of a prediction and its reference.
    pub fn from_pairs<P: AsRef<str>, R: AsRef<str>>(
        pairs: impl IntoIterator<Item = (P, R)>,
    ) -> Self {
        let mut data = Data::default();
        for (prediction, reference) in pairs {
            data.push(prediction.as_ref());
            data.push(reference.as_ref());
            data.end_row();
        }
        data.finish()
    }

    /// Batches of at most `rows` pairs of a prediction and its reference, made as they are asked for.
    pub fn stream<P: AsRef<str>, R: AsRef<str>>(
        pairs: impl IntoIterator<Item = (P, R)>,
        rows: usize,
    ) -> impl Iterator<Item = Self> {
        let mut pairs = pairs.into_iter();
        std::iter::from_fn(move || {
            let batch = Self::from_pairs(pairs.by_ref().take(rows.max(1)));
            (!batch.is_empty()).then_some(batch)
        })
    }

    /// Batches of at most `rows` lines of a file of predictions and of one file of references or several, made as they
    /// are asked for. Lines end with `\n` or `\r\n`, which are not part of them.
    ///
    /// ```
    /// use metrics_core::{Metric, batch::Texts, text::WordErrorRate};
    ///
    /// // Anything that is `BufRead`, such as `BufReader::new(File::open("predictions.txt")?)`.
    /// let predictions = "a cat sat\non a mat\n".as_bytes();
    /// let references = "a cat sat\non the mat\n".as_bytes();
    /// let mut state = WordErrorRate::new().state();
    /// for batch in Texts::read_lines(predictions, vec![references], 1000) {
    ///     state.update(&batch?)?;
    /// }
    /// assert_eq!(state.compute()?.scalar(), Some(1.0 / 6.0));
    /// # Ok::<(), metrics_core::MetricError>(())
    /// ```
    ///
    /// # Errors
    /// An item is [`MetricError::Lines`] if a file cannot be read, is not UTF-8, or has fewer lines than another. It is the last item.
    pub fn read_lines<P: BufRead, R: BufRead>(
        predictions: P,
        references: Vec<R>,
        rows: usize,
    ) -> TextLines<P, R> {
        TextLines::new(predictions, references, rows)
    }

    /// How many predictions there are.
    pub fn len(&self) -> usize {
        self.data.rows.len()
    }

    /// Whether there is no prediction.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Its rows: each prediction with its references.
    pub fn rows(&self) -> impl ExactSizeIterator<Item = TextRow<'_>> + Clone {
        self.rows_of(0..self.len())
    }

    /// Some of its rows.
    pub(crate) fn rows_of(
        &self,
        range: Range<usize>,
    ) -> impl ExactSizeIterator<Item = TextRow<'_>> + Clone {
        range.map(|row| {
            let start = if row == 0 { 0 } else { self.data.rows[row - 1] };
            let texts = start..self.data.rows[row];
            TextRow {
                data: &self.data,
                texts,
            }
        })
    }
}

impl Batch for Texts {
    fn count_bound(&self) -> usize {
        self.len()
    }

    fn memo(&self) -> Option<&Memo> {
        Some(&self.memo)
    }
}

/// A prediction and its references, in a batch of [`Texts`].
#[derive(Debug, Clone)]
pub struct TextRow<'a> {
    data: &'a Data,
    texts: Range<usize>,
}

impl<'a> TextRow<'a> {
    /// The prediction.
    pub fn prediction(&self) -> &'a str {
        self.data.text(self.texts.start)
    }

    /// The references: one or several.
    pub fn references(&self) -> impl ExactSizeIterator<Item = &'a str> + Clone + use<'a> {
        let data = self.data;
        (self.texts.start + 1..self.texts.end).map(move |index| data.text(index))
    }

    /// The first reference.
    pub fn reference(&self) -> &'a str {
        self.data.text(self.texts.start + 1)
    }
}
