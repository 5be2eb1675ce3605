//! Where a logger writes.

use super::Record;
use std::io;

/// Where records go.
///
/// ```
/// use metrics_burn::loggers::{Record, RecordLogger, RecordWriter};
/// use std::io;
///
/// struct Printed;
///
/// impl RecordWriter for Printed {
///     fn write(&mut self, record: &Record) -> io::Result<()> {
///         println!("{record:?}");
///         Ok(())
///     }
/// }
///
/// let logger = RecordLogger::new(Printed, "baseline");
/// logger.step("train", 1, 1, "loss", 0.7);
/// ```
pub trait RecordWriter: Send {
    /// Writes one record, whole or not at all.
    ///
    /// # Errors
    /// The error of writing. The record is passed again later, maybe after others.
    fn write(&mut self, record: &Record) -> io::Result<()>;

    /// Called at the end of each epoch of each split: makes what was written durable.
    ///
    /// # Errors
    /// The error of flushing. It is called again later.
    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }

    /// Called after [`flush`](Self::flush) before a [checkpoint](crate::Checkpoints) is written: waits until what was
    /// written is on the disk.
    ///
    /// # Errors
    /// The error of waiting.
    fn sync(&mut self) -> io::Result<()> {
        Ok(())
    }

    /// Called before the first record that Burn logs, with the names of all metrics that it may log.
    ///
    /// # Errors
    /// What is wrong with them; it is said, and the training goes on.
    fn names(&mut self, _known: &[String]) -> io::Result<()> {
        Ok(())
    }
}

/// A log that a checkpoint waits for.
pub(crate) trait Synced: Send + Sync {
    /// Writes what waits, and waits until it is on the disk.
    fn sync(&self) -> io::Result<()>;
    /// Counts steps on from a number.
    fn continue_after(&self, split: &str, steps: u64);
}
