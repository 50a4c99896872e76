//! The journal's files: one a day, and the one of accounts.

use std::fs::{self, File, OpenOptions};
use std::io::{self, Read, Seek, SeekFrom, Write};
use std::path::{Path, PathBuf};

use countersign_kernel::Timestamp;

use super::line::Line;

const ENDING: &str = ".jsonl";

/// Makes the directory for its owner alone, where it is not there.
pub(super) fn prepare(directory: &Path) -> io::Result<()> {
    #[cfg_attr(not(unix), expect(unused_mut, reason = "modes are of Unix"))]
    let mut builder = fs::DirBuilder::new();
    #[cfg(unix)]
    std::os::unix::fs::DirBuilderExt::mode(&mut builder, 0o700);
    match builder.create(directory) {
        Err(error) if error.kind() == io::ErrorKind::AlreadyExists => Ok(()),
        Err(error) => Err(error),
        Ok(()) => {
            let parent = directory.parent().filter(|p| !p.as_os_str().is_empty()).unwrap_or(Path::new("."));
            give_to_owner(directory, parent);
            sync_directory(parent)
        }
    }
}

/// What root makes by a command belongs to whoever owns the place, or the server could not write there any more.
#[cfg(unix)]
pub(crate) fn give_to_owner(made: &Path, place: &Path) {
    use std::os::unix::fs::{MetadataExt, chown};
    if let (Ok(is), Ok(should)) = (fs::metadata(made), fs::metadata(place))
        && (is.uid(), is.gid()) != (should.uid(), should.gid())
    {
        // Only root can, and only root has to.
        let _ = chown(made, Some(should.uid()), Some(should.gid()));
    }
}

#[cfg(not(unix))]
pub(crate) fn give_to_owner(_: &Path, _: &Path) {}

/// The UTC day of a moment: `2026-11-22`.
pub(super) fn day(at: Timestamp) -> String {
    at.to_rfc3339().chars().take(10).collect()
}

/// The file of a moment's day.
pub(super) fn name(at: Timestamp) -> String {
    day(at) + ENDING
}

/// Appends `text`, which ends its line, and does not return before it is on disk. An append that fails leaves the file as it was;
/// one that was cut off by a power failure is half a line, behind which the next one begins anew.
pub(super) fn append(directory: &Path, name: &str, text: &str) -> io::Result<()> {
    let mut options = OpenOptions::new();
    options.read(true).append(true).create(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    let mut file = options.open(directory.join(name))?;
    let length = file.metadata()?.len();
    let written = write(&mut file, length, text).and_then(|()| file.sync_data());
    if let Err(error) = written {
        let _ = file.set_len(length);
        return Err(error);
    }
    if length > 0 {
        return Ok(());
    }
    give_to_owner(&directory.join(name), directory);
    // The name of a new file must be on disk, too.
    sync_directory(directory)
}

fn write(file: &mut File, length: u64, text: &str) -> io::Result<()> {
    let mut last = [b'\n'];
    if length > 0 {
        file.seek(SeekFrom::End(-1))?;
        file.read_exact(&mut last)?;
    }
    // One write: a line that is read meanwhile is whole or half, never two in one another.
    if last == [b'\n'] { file.write_all(text.as_bytes()) } else { file.write_all(format!("\n{text}").as_bytes()) }
}

/// Every file of the journal, in the order of days, the one of accounts last.
pub(super) fn list(directory: &Path) -> io::Result<Vec<PathBuf>> {
    let mut found = Vec::new();
    for entry in fs::read_dir(directory)? {
        let path = entry?.path();
        if path.to_string_lossy().ends_with(ENDING) {
            found.push(path);
        }
    }
    found.sort();
    Ok(found)
}

/// The last whole line of the newest day.
pub(super) fn last(directory: &Path) -> io::Result<Option<Line>> {
    for path in list(directory)?.iter().rev().filter(|path| is_of_a_day(path)) {
        let mut file = File::open(path)?;
        let length = file.metadata()?.len();
        let mut reach = TAIL;
        loop {
            let from = length.saturating_sub(reach);
            file.seek(SeekFrom::Start(from))?;
            let mut tail = Vec::new();
            Read::by_ref(&mut file).take(reach).read_to_end(&mut tail)?;
            // The first piece may be the rest of a line that begins further up: it does not parse then.
            if let Some(line) = tail.rsplit(|byte| *byte == b'\n').find_map(Line::parse) {
                return Ok(Some(line));
            }
            if from == 0 {
                break;
            }
            reach = reach.saturating_mul(4);
        }
    }
    Ok(None)
}

/// Removes the files of days before `first`; how many it were.
pub(super) fn prune(directory: &Path, first: &str) -> io::Result<usize> {
    let mut removed = 0;
    for path in list(directory)? {
        let is_old = path.file_name().is_some_and(|name| name.to_string_lossy().as_ref() < first);
        if is_of_a_day(&path) && is_old {
            fs::remove_file(&path)?;
            removed += 1;
        }
    }
    Ok(removed)
}

/// Brings the files of another journal in under names of their own, so that this one holds what that one held.
pub(crate) fn copy_into(from: &Path, directory: &Path, tag: &str) -> io::Result<()> {
    if fs::canonicalize(from).ok() == fs::canonicalize(directory).ok() {
        return Ok(());
    }
    prepare(directory)?;
    for path in list(from)? {
        let Some(stem) = path.file_stem() else { continue };
        let text = fs::read_to_string(&path)?;
        append(directory, &format!("{}.{tag}{ENDING}", stem.to_string_lossy()), &text)?;
    }
    Ok(())
}

/// `2026-11-22.jsonl`, and what was brought in: `2026-11-22.1763788000.jsonl`.
fn is_of_a_day(path: &Path) -> bool {
    path.file_name().is_some_and(|name| name.to_string_lossy().starts_with(|c: char| c.is_ascii_digit()))
}

fn sync_directory(directory: &Path) -> io::Result<()> {
    File::open(directory)?.sync_all()
}

/// How much of a file's end is read at first.
const TAIL: u64 = 64 * 1024;
