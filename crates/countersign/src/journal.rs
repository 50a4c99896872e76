//! The journal of sign-outs: files beside the database, from which a restore learns what must stay ended (DESIGN section 2).
//!
//! Promises: each commit that revokes something, or that disables, enables or deletes an account, is a line that is on disk before the
//! commit, and so before the answer; processes that share the database share the journal, in the order of commits, because a
//! line is written while SQLite's one write lock is held; it holds ids and stable words, no address, name or secret; what is older
//! than any session can be is removed. docs/design/backup.md argues the order of crashes.

mod files;
mod line;
mod read;

use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use countersign_kernel::{Lifetime, Timestamp};
use countersign_store::{Committed, Error, Journal, Store};

pub(crate) use files::{copy_into, give_to_owner};
pub(crate) use line::{Account, Act, Line, Mark};
pub(crate) use read::{Since, since};

/// The directory beside the database.
const DIRECTORY: &str = "sign-outs";

/// Acts on accounts are rare and matter for as long as there are backups: they are kept in a file of their own, which is not pruned.
const ACCOUNTS: &str = "accounts.jsonl";

/// Where the journal of a database is.
#[must_use]
pub(crate) fn beside(database: &Path) -> PathBuf {
    database.with_file_name(DIRECTORY)
}

/// The number of the newest revocation that the journal shows to have been committed: the last line may be of an act that was not.
pub(crate) fn committed(directory: &Path) -> io::Result<u64> {
    Ok(files::last(directory)?.map_or(0, |line| line.committed()))
}

/// The journal in its directory.
#[derive(Debug)]
pub(crate) struct FileJournal {
    directory: PathBuf,
}

impl FileJournal {
    /// Opens the journal, makes its directory for its owner alone, and takes up what was committed while nobody kept one.
    pub(crate) async fn start(directory: PathBuf, store: &dyn Store) -> Result<Arc<Self>, Error> {
        files::prepare(&directory).map_err(unavailable)?;
        let journal = Self { directory };
        journal.catch_up(store).await?;
        Ok(Arc::new(journal))
    }

    /// Removes the files of days that ended more than `keep` ago; how many it were.
    pub(crate) fn prune(&self, now: Timestamp, keep: Lifetime) -> io::Result<usize> {
        files::prune(&self.directory, &files::day(now - keep))
    }

    /// Writes a mark: that the numbers go on elsewhere.
    pub(crate) fn mark(directory: &Path, line: &Line) -> io::Result<()> {
        files::prepare(directory)?;
        files::append(directory, &files::name(line.at), &line.to_text()?)
    }

    /// Appends what the database holds and the journal does not. Under the write lock, so that nobody commits in between.
    async fn catch_up(&self, store: &dyn Store) -> Result<(), Error> {
        let last = files::last(&self.directory).map_err(unavailable)?;
        let mut tx = store.begin().await?;
        let head = tx.revocation_head().await?;
        let known = last.as_ref().map_or(0, Line::last);
        if last.is_some_and(|line| line.committed() > head.seq) {
            tracing::warn!(
                "the database is older than the journal of sign-outs beside it: was it put back by hand? Who has signed out since is \
                 signed in again; stop, and put the backup back with `countersign restore`"
            );
        }
        if known >= head.seq {
            return Ok(());
        }
        let mut after = known;
        loop {
            let page = tx.list_revocations(after, PAGE).await?;
            for revocation in &page {
                // Where some were swept meanwhile, the numbers leave a gap, which whoever reads will find.
                let line = Line::of(tx.now(), revocation.seq.saturating_sub(1), std::slice::from_ref(revocation), &[]);
                self.append(&line).map_err(unavailable)?;
                after = revocation.seq;
            }
            if page.len() < PAGE as usize {
                break;
            }
        }
        if after < head.seq {
            let line = Line::marking(tx.now(), head.seq, Mark::Begins);
            self.append(&line).map_err(unavailable)?;
        }
        Ok(())
    }

    fn append(&self, line: &Line) -> io::Result<()> {
        let text = line.to_text()?;
        if line.concerns_accounts() {
            files::append(&self.directory, ACCOUNTS, &text)?;
        }
        files::append(&self.directory, &files::name(line.at), &text)
    }
}

impl Journal for FileJournal {
    fn concerns(&self, committing: &Committed) -> bool {
        !committing.revocations.is_empty() || committing.records.iter().any(|record| Act::of(record).is_some())
    }

    fn write(&self, at: Timestamp, after: u64, committing: &Committed) -> Result<(), Error> {
        let line = Line::of(at, after, &committing.revocations, &committing.records);
        self.append(&line).map_err(|error| {
            tracing::error!(%error, "could not write the journal of sign-outs: what was asked for is refused");
            unavailable(error)
        })
    }
}

fn unavailable(error: io::Error) -> Error {
    Error::Unavailable(Box::new(error))
}

const PAGE: u32 = 500;

#[cfg(test)]
mod tests;
