//! A writer that may fail, and the records that wait for it.

use super::{Record, RecordWriter};
use std::{collections::VecDeque, io};

/// How many records wait while the writer fails. If there are more, the oldest is lost.
const MAX_WAITING: usize = 10_000;

/// After how many records, at least, the writer tries again what waits.
const RETRY: usize = 100;

pub(super) struct Outbox<W: RecordWriter> {
    pub writer: W,
    waiting: VecDeque<Record>,
    /// How many records came since the last attempt to write what waits.
    since: usize,
    /// Whether the last attempt failed. A warning has then said so.
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
            since: 0,
            failing: false,
            errors: 0,
            last_error: None,
            lost: 0,
        }
    }

    /// Writes a record, or keeps it while the writer fails. If `n` records wait, the writer tries them again after
    /// `n` more records, so that a writer that stays broken costs little.
    pub fn put(&mut self, record: Record) {
        let others = self.waiting.len();
        self.waiting.push_back(record);
        self.since += 1;
        let tries = others == 0 || self.since >= others.max(RETRY);
        if tries && let Err(error) = self.write_waiting() {
            self.failed(&error);
        }
        if self.waiting.len() > MAX_WAITING {
            self.waiting.pop_front();
            self.lost += 1;
        }
    }

    /// Writes what waits, in order, and flushes.
    pub fn flush(&mut self) -> io::Result<()> {
        let written = self.write_waiting();
        let flushed = self.writer.flush();
        let done = written.and(flushed);
        match &done {
            Err(error) => self.failed(error),
            Ok(()) if self.failing => {
                self.failing = false;
                let lost = self.lost;
                log::warn!("the metric log is written again; {lost} records were lost");
            }
            Ok(()) => {}
        }
        done
    }

    /// Tries every record once: one that cannot be written must not hold up the others.
    fn write_waiting(&mut self) -> io::Result<()> {
        self.since = 0;
        let mut done = Ok(());
        for _ in 0..self.waiting.len() {
            let Some(record) = self.waiting.pop_front() else {
                break;
            };
            if let Err(error) = self.writer.write(&record) {
                self.waiting.push_back(record);
                done = done.and(Err(error));
            }
        }
        done
    }

    /// Takes note of a failure of the writer that concerns no record.
    pub fn note(&mut self, done: io::Result<()>) -> io::Result<()> {
        if let Err(error) = &done {
            self.errors += 1;
            self.last_error = Some(error.to_string());
            log::warn!("the metric log: {error}");
            eprintln!("the metric log: {error}");
        }
        done
    }

    fn failed(&mut self, error: &io::Error) {
        self.errors += 1;
        self.last_error = Some(error.to_string());
        if !self.failing {
            let text = format!(
                "the metric log cannot be written: {error}; the training goes on, and what could \
                 not be written is kept and tried again"
            );
            log::warn!("{text}");
            // Burn's logger writes to a file.
            eprintln!("{text}");
        }
        self.failing = true;
    }
}
