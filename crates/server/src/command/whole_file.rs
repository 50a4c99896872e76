//! Writes a file that is there as a whole or not at all.

use std::fs::{self, File, OpenOptions};
use std::io::{self, Write};
use std::path::{Path, PathBuf};

/// Puts `bytes` at `path`, readable by everybody: written beside it, flushed to the disk, and moved there. What was there before
/// stays until then.
///
/// # Errors
/// It cannot be written; nothing new is left behind.
pub fn write(path: &Path, bytes: &[u8]) -> io::Result<()> {
    let beside = beside(path).ok_or(io::ErrorKind::InvalidInput)?;
    let written = write_beside(&beside, bytes).and_then(|()| fs::rename(&beside, path));
    if written.is_err() {
        // What cannot be taken away either was most likely never made.
        let _ = fs::remove_file(&beside);
    }
    written
}

fn write_beside(beside: &Path, bytes: &[u8]) -> io::Result<()> {
    // One that was killed may have left its own.
    match fs::remove_file(beside) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error),
        _ => {}
    }
    let mut file = OpenOptions::new().write(true).create_new(true).open(beside)?;
    file.write_all(bytes)?;
    open_to_all(&file)?;
    file.sync_all()
}

/// `breached.filter` is written as `.breached.filter.part`.
fn beside(path: &Path) -> Option<PathBuf> {
    let mut name = std::ffi::OsString::from(".");
    name.push(path.file_name()?);
    name.push(".part");
    Some(path.with_file_name(name))
}

/// Mode 0644, whatever the mask says: the server may be another user than the operator.
#[cfg(unix)]
fn open_to_all(file: &File) -> io::Result<()> {
    use std::os::unix::fs::PermissionsExt;
    file.set_permissions(fs::Permissions::from_mode(0o644))
}

#[cfg(not(unix))]
fn open_to_all(_: &File) -> io::Result<()> {
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn names(directory: &Path) -> Vec<String> {
        let entries = fs::read_dir(directory).unwrap();
        let mut names: Vec<_> =
            entries.map(|entry| entry.unwrap().file_name().to_string_lossy().into_owned()).collect();
        names.sort();
        names
    }

    #[test]
    fn a_file_is_replaced_as_a_whole_and_nothing_lies_beside_it() {
        let place = tempfile::tempdir().unwrap();
        let path = place.path().join("breached.filter");
        fs::write(place.path().join(".breached.filter.part"), "left by one that was killed").unwrap();

        write(&path, b"old").unwrap();
        write(&path, b"new").unwrap();

        assert_eq!(fs::read(&path).unwrap(), b"new");
        assert_eq!(names(place.path()), ["breached.filter"]);
        #[cfg(unix)]
        {
            use std::os::unix::fs::PermissionsExt;
            assert_eq!(fs::metadata(&path).unwrap().permissions().mode() & 0o777, 0o644);
        }
    }

    #[test]
    fn what_cannot_be_put_in_its_place_is_not_left_beside_it() {
        let place = tempfile::tempdir().unwrap();
        let taken = place.path().join("taken");
        fs::create_dir_all(taken.join("by a directory")).unwrap();

        assert!(write(&taken, b"new").is_err());
        assert!(write(&place.path().join("nowhere/file"), b"new").is_err());
        assert!(write(Path::new("/"), b"new").is_err());
        assert_eq!(names(place.path()), ["taken"]);
    }
}
