//! A file that grows by whole pieces: lines, or framed events.

use std::{
    fs::{self, File, TryLockError},
    io::{self, BufRead, BufReader, ErrorKind, Write},
    path::{Path, PathBuf},
};

/// A file to append to, locked against other writers. Every piece goes to the system at once and in
/// one write, so that a crash of the process loses none.
pub(super) struct Appender {
    path: PathBuf,
    file: File,
    /// What a new file begins with.
    head: Vec<u8>,
    /// The length of the pieces that were written whole.
    len: u64,
    /// Whether the file may hold more than these pieces.
    torn: bool,
    /// Whether it is a file, rather than a pipe or a device.
    regular: bool,
}

impl Appender {
    /// A new file, with the directories above it. A pipe or a device is opened as it is.
    pub fn create(path: &Path, head: Vec<u8>) -> io::Result<Self> {
        Self::try_create(path, head).map_err(at(path))
    }

    fn try_create(path: &Path, head: Vec<u8>) -> io::Result<Self> {
        if let Some(parent) = path.parent() {
            create_directory(parent)?;
        }
        let special = fs::metadata(path).is_ok_and(|found| !found.is_file() && !found.is_dir());
        let opened = File::options().append(true).create_new(!special).open(path);
        let file = opened.map_err(|error| match error.kind() {
            ErrorKind::AlreadyExists => io::Error::new(
                ErrorKind::AlreadyExists,
                "the file is there already; `append` goes on with the log of a run",
            ),
            _ => error,
        })?;
        if !special {
            lock(&file)?;
        }
        let mut new = Self {
            path: path.to_path_buf(),
            file,
            head: Vec::new(),
            len: 0,
            torn: false,
            regular: !special,
        };
        if let Err(error) = new.try_write(&head) {
            if new.regular {
                // Or the next attempt would find it there.
                fs::remove_file(path)?;
            }
            return Err(error);
        }
        new.head = head;
        Ok(new)
    }

    /// Goes on with a file. `keep` reads the file and says how many of its bytes stay; the rest
    /// is cut off.
    pub fn append(
        path: &Path,
        head: Vec<u8>,
        keep: impl FnOnce(&File) -> io::Result<u64>,
    ) -> io::Result<Self> {
        let open = || {
            check_regular(path)?;
            let file = File::options().read(true).append(true).open(path)?;
            // Before it is read, or another writer could add to it meanwhile.
            lock(&file)?;
            // From here on the lock is released, whatever goes wrong.
            let mut old = Self {
                path: path.to_path_buf(),
                file,
                head: Vec::new(),
                len: 0,
                torn: false,
                regular: true,
            };
            old.len = keep(&old.file)?;
            old.file.set_len(old.len)?;
            Ok(old)
        };
        let mut old = open().map_err(at(path))?;
        if old.len == 0 {
            old.write(&head)?;
        }
        old.head = head;
        Ok(old)
    }

    /// Appends a piece, whole or not at all.
    pub fn write(&mut self, piece: &[u8]) -> io::Result<()> {
        self.try_write(piece).map_err(at(&self.path))
    }

    fn try_write(&mut self, piece: &[u8]) -> io::Result<()> {
        self.cut()?;
        self.torn = true;
        if let Err(error) = self.file.write_all(piece) {
            // If that fails, the next write tries again.
            let _ = self.cut();
            return Err(error);
        }
        self.torn = false;
        self.len += piece.len() as u64;
        Ok(())
    }

    /// Cuts off what a failed write left.
    fn cut(&mut self) -> io::Result<()> {
        if self.torn && self.regular {
            self.file.set_len(self.len)?;
        }
        self.torn = false;
        Ok(())
    }

    /// Waits until everything that was written is on the disk.
    pub fn sync(&mut self) -> io::Result<()> {
        if !self.regular {
            return Ok(());
        }
        self.file.sync_data().map_err(at(&self.path))
    }

    /// Checks that the file is whole and still in its place. If not, starts another file and warns.
    pub fn flush(&mut self) -> io::Result<()> {
        if !self.regular {
            return Ok(());
        }
        self.cut().map_err(at(&self.path))?;
        if self.path.try_exists().map_err(at(&self.path))? {
            return Ok(());
        }
        *self = Self::create(&self.path, self.head.clone())?;
        Err(at(&self.path)(io::Error::new(
            ErrorKind::NotFound,
            "the file was removed, with what had been logged; started another",
        )))
    }
}

impl Drop for Appender {
    fn drop(&mut self) {
        // A process that is being started shares the file for a moment, and with it the lock, which
        // would outlive this one.
        let _ = self.file.unlock();
    }
}

/// Keeps other writers off, as far as the file system can. Without it, each writer would cut off what the
/// others wrote.
fn lock(file: &File) -> io::Result<()> {
    if cfg!(windows) {
        // There a lock keeps readers off as well.
        return Ok(());
    }
    match file.try_lock() {
        Err(TryLockError::WouldBlock) => Err(io::Error::new(
            ErrorKind::ResourceBusy,
            "another logger is writing this file",
        )),
        Err(TryLockError::Error(_)) | Ok(()) => Ok(()),
    }
}

/// Creates a directory and the directories above it.
pub(super) fn create_directory(dir: &Path) -> io::Result<()> {
    if fs::metadata(dir).is_ok_and(|found| !found.is_dir()) {
        // The system would say that it exists.
        let text = format!("`{}` is not a directory", dir.display());
        return Err(io::Error::new(ErrorKind::NotADirectory, text));
    }
    fs::create_dir_all(dir)
}

/// Names the file of an error.
pub(super) fn at(path: &Path) -> impl Fn(io::Error) -> io::Error {
    move |error| io::Error::new(error.kind(), format!("{}: {error}", path.display()))
}

/// A file that is not what was expected.
pub(super) fn invalid(what: String) -> io::Error {
    io::Error::new(ErrorKind::InvalidData, what)
}

/// What [`read_lines`] found besides the lines.
pub(super) struct Tail {
    /// The length of the whole lines.
    pub len: u64,
    /// What comes after them.
    pub torn: Vec<u8>,
}

/// Refuses anything but a file. A pipe, for example, would wait for its other end.
pub(super) fn check_regular(path: &Path) -> io::Result<()> {
    if fs::metadata(path)?.is_file() {
        Ok(())
    } else {
        Err(invalid("is not a file".into()))
    }
}

/// Gives every whole line of a file, with its number from 1 and its newline, to `each`.
pub(super) fn read_lines(
    file: &File,
    mut each: impl FnMut(usize, &[u8]) -> io::Result<()>,
) -> io::Result<Tail> {
    let mut file = BufReader::new(file);
    let (mut len, mut number, mut line) = (0, 0, Vec::new());
    while file.read_until(b'\n', &mut line)? > 0 && line.ends_with(b"\n") {
        number += 1;
        each(number, &line)?;
        len += line.len() as u64;
        line.clear();
    }
    Ok(Tail { len, torn: line })
}
