//! A writer that may fail, and what waits for it.

use super::{Record, RecordWriter};
use std::{collections::VecDeque, io};

/// How many records wait while the writer fails; what comes then is lost.
const MAX_WAITING: usize = 10_000;

pub(super) struct Outbox<W: RecordWriter> {
    pub writer: W,
    waiting: VecDeque<Record>,
    /// Whether the last attempt failed, which has then been said.
    failing: bool,
    pub errors: u64,
    pub last_error: Option<String>,
    pub lost: u64,
}

impl<W: RecordWriter> Outbox<W> {
    pub fn new(writer: W) -> Self {
        Self {
            writer,
            waiting: VecDeque::new(),
            failing: false,
            errors: 0,
            last_error: None,
            lost: 0,
        }
    }

    /// Writes a record, or keeps it while the writer fails.
    pub fn put(&mut self, record: Record) {
        if self.waiting.is_empty() {
            match self.writer.write(&record) {
                Ok(()) => return,
                Err(error) => self.failed(&error),
            }
        }
        if self.waiting.len() < MAX_WAITING {
            self.waiting.push_back(record);
        } else {
            self.lost += 1;
        }
    }

    /// Writes what waits, in order, and flushes.
    pub fn flush(&mut self) -> io::Result<()> {
        let written = self.write_waiting().and_then(|()| self.writer.flush());
        match &written {
            Err(error) => self.failed(error),
            Ok(()) if self.failing => {
                self.failing = false;
                let lost = self.lost;
                log::warn!("the metric log is written again; {lost} records were lost");
            }
            Ok(()) => {}
        }
        written
    }

    fn write_waiting(&mut self) -> io::Result<()> {
        while let Some(record) = self.waiting.front() {
            self.writer.write(record)?;
            self.waiting.pop_front();
        }
        Ok(())
    }

    fn failed(&mut self, error: &io::Error) {
        self.errors += 1;
        self.last_error = Some(error.to_string());
        if !self.failing {
            log::warn!(
                "the metric log cannot be written: {error}; the training goes on, and what is \
                 logged is kept for the end of the epoch"
            );
        }
        self.failing = true;
    }
}
