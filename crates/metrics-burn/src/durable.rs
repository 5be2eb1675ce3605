//! Files that are whole whatever happens.

use std::{
    fs::{self, File},
    io::{self, Write},
    path::{Path, PathBuf},
};

/// Writes a file whole or not at all.
pub(crate) fn write(path: &Path, bytes: &[u8]) -> io::Result<()> {
    replace(path, |temporary| File::create(temporary)?.write_all(bytes))
}

/// Lets `make` write another file beside `path`, and gives it the name once it is on the disk.
pub(crate) fn replace(path: &Path, make: impl FnOnce(&Path) -> io::Result<()>) -> io::Result<()> {
    let directory = match path.parent() {
        Some(parent) if parent != Path::new("") => parent,
        _ => Path::new("."),
    };
    let temporary = temporary(path);
    let made = fs::create_dir_all(directory)
        .and_then(|()| make(&temporary))
        .and_then(|()| File::options().write(true).open(&temporary)?.sync_all())
        .and_then(|()| fs::rename(&temporary, path));
    if made.is_err() {
        // What is left of it is of no use; the error says more than that of removing.
        let _ = fs::remove_file(&temporary);
    }
    made.map_err(|error| {
        io::Error::new(
            error.kind(),
            format!("{} was not written: {error}", path.display()),
        )
    })?;
    // The name itself; not every system can do that.
    if let Ok(directory) = File::open(directory) {
        let _ = directory.sync_all();
    }
    Ok(())
}

/// The name under which a file is written, with the same extension.
fn temporary(path: &Path) -> PathBuf {
    let name = path.file_name().unwrap_or_default().to_string_lossy();
    path.with_file_name(format!(".writing-{}-{name}", std::process::id()))
}
