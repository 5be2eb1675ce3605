//! Batches of lines of files.

use super::{Data, Texts};
use crate::{MetricError, framework::Cause};
use std::io::BufRead;

/// The batches that [`Texts::read_lines`] makes.
#[derive(Debug)]
pub struct TextLines<P, R> {
    predictions: P,
    references: Vec<R>,
    rows: usize,
    /// How many lines were read of each file.
    line: u64,
    done: bool,
    buffer: Vec<u8>,
}

impl<P: BufRead, R: BufRead> TextLines<P, R> {
    pub(super) fn new(predictions: P, references: Vec<R>, rows: usize) -> Self {
        Self {
            predictions,
            references,
            rows: rows.max(1),
            line: 0,
            done: false,
            buffer: Vec::new(),
        }
    }

    fn batch(&mut self) -> Result<Texts, MetricError> {
        let mut data = Data::default();
        while data.rows.len() < self.rows && !self.done {
            self.row(&mut data).map_err(|cause| MetricError::Lines {
                line: self.line,
                cause,
            })?;
        }
        Ok(data.finish())
    }

    fn row(&mut self, data: &mut Data) -> Result<(), Cause> {
        self.line += 1;
        if self.references.is_empty() {
            return Err("there is no file of references".into());
        }
        let first = push_line(&mut self.predictions, &mut self.buffer, data)?;
        for (index, references) in self.references.iter_mut().enumerate() {
            if push_line(references, &mut self.buffer, data)? != first {
                let (fewer, more) = if first {
                    (format!("file {index} of references"), "predictions".into())
                } else {
                    ("predictions".into(), format!("file {index} of references"))
                };
                return Err(
                    format!("the lines of {fewer} end here, those of {more} do not").into(),
                );
            }
        }
        if first {
            data.end_row();
        } else {
            self.done = true;
        }
        Ok(())
    }
}

/// Adds the next line, without its end. False if there is none.
fn push_line(
    file: &mut impl BufRead,
    buffer: &mut Vec<u8>,
    data: &mut Data,
) -> Result<bool, Cause> {
    buffer.clear();
    if file.read_until(b'\n', buffer).map_err(Cause::new)? == 0 {
        return Ok(false);
    }
    let line = buffer.strip_suffix(b"\n").unwrap_or(buffer);
    let line = line.strip_suffix(b"\r").unwrap_or(line);
    data.push(std::str::from_utf8(line).map_err(Cause::new)?);
    Ok(true)
}

impl<P: BufRead, R: BufRead> Iterator for TextLines<P, R> {
    type Item = Result<Texts, MetricError>;

    fn next(&mut self) -> Option<Self::Item> {
        if self.done {
            return None;
        }
        let batch = self.batch();
        self.done |= batch.is_err();
        match batch {
            Ok(batch) if batch.is_empty() => None,
            other => Some(other),
        }
    }
}
