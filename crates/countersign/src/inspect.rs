//! What `doctor` asks a system.

use std::path::Path;

use countersign_audit::Event;
use countersign_kernel::Timestamp;
use countersign_store::{AuditFilter, PageRequest, Store as _};
use countersign_store_sql::file::{self, Depth};

use crate::error::Error;
use crate::forwarding::{self, ForwardingSeen};
use crate::journal;
use crate::system::System;

impl System {
    /// The database's file; none where the database is a server's.
    #[must_use]
    pub fn database_file(&self) -> Option<&Path> {
        self.engine().store.file()
    }

    /// What is wrong with the pages of the database; nothing where they hang together. Reads all of them, and holds up nobody.
    ///
    /// # Errors
    /// The file cannot be opened.
    pub async fn faults(&self) -> Result<Vec<String>, Error> {
        match self.database_file() {
            Some(path) => Ok(file::faults(path, Depth::Quick).await?),
            None => Ok(Vec::new()),
        }
    }

    /// When the last backup was made that the audit trail knows of.
    ///
    /// # Errors
    /// The database failed.
    pub async fn last_backup(&self) -> Result<Option<Timestamp>, Error> {
        let filter = AuditFilter { events: vec![Event::BackupMade], ..AuditFilter::default() };
        let page = self.engine().store.snapshot().await?.list_audit_records(&filter, &PageRequest::first(1)).await?;
        Ok(page.items.first().map(|sealed| sealed.record.at))
    }

    /// How many revocations the journal of sign-outs knows of that the database does not: more than none where the database was
    /// put back by hand. None where no journal is kept.
    ///
    /// # Errors
    /// The journal or the database cannot be read.
    pub async fn journal_is_ahead(&self) -> Result<Option<u64>, Error> {
        let Some(database) = self.database_file().filter(|_| self.engine().custody.journal.is_some()) else {
            return Ok(None);
        };
        let directory = journal::beside(database);
        let last = journal::committed(&directory).map_err(|source| Error::File { path: directory, source })?;
        let head = self.engine().store.heads().await?.0.seq;
        Ok(Some(last.saturating_sub(head)))
    }

    /// Forwarding headers that came from near peers which are not trusted; none where none were seen.
    #[must_use]
    pub fn forwarding_seen(&self) -> Option<ForwardingSeen> {
        forwarding::read(self.database_file()?)
    }
}
