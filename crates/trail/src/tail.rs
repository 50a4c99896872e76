//! The newest records: a page of them, and what has come since.

use std::collections::BTreeSet;

use countersign_audit::RecordLine;
use countersign_kernel::{AuditId, Lifetime, Timestamp};
use countersign_store::{AuditFilter, Page, PageRequest, Store};

use crate::error::Error;

/// Records that fit `filter`, newest first, sealed or not.
///
/// # Errors
/// [`Error::Store`] if the store fails.
pub async fn list(store: &dyn Store, filter: &AuditFilter, page: &PageRequest) -> Result<Page<RecordLine>, Error> {
    let found = store.snapshot().await?.list_audit_records(filter, page).await?;
    let line = |sealed: countersign_store::SealedRecord| RecordLine { place: sealed.place, record: sealed.record };
    Ok(Page { items: found.items.into_iter().map(line).collect(), next: found.next })
}

/// How late a record may come after a younger one: its transaction was slow to commit.
const LATEST: Lifetime = Lifetime::from_minutes(1);

/// Follows the trail.
#[derive(Debug)]
pub struct Tail {
    filter: AuditFilter,
    from: Timestamp,
    seen: BTreeSet<(Timestamp, AuditId)>,
}

impl Tail {
    /// Follows what fits `filter` from the moment `from` on.
    #[must_use]
    pub const fn new(filter: AuditFilter, from: Timestamp) -> Self {
        Self { filter, from, seen: BTreeSet::new() }
    }

    /// What has come since the last call, oldest first. Each record is given once, also one that was written in a slow
    /// transaction and appears up to a minute behind younger ones.
    ///
    /// # Errors
    /// [`Error::Store`] if the store fails; the next call gives what this one would have.
    pub async fn next(&mut self, store: &dyn Store) -> Result<Vec<RecordLine>, Error> {
        let filter = AuditFilter { since: Some(self.from), ..self.filter.clone() };
        let mut request = PageRequest::first(countersign_store::page::MAX_LIMIT);
        let mut new = Vec::new();
        loop {
            let page = list(store, &filter, &request).await?;
            new.extend(page.items.into_iter().filter(|line| !self.seen.contains(&(line.record.at, line.record.id))));
            match page.next {
                Some(cursor) => request = PageRequest::after(cursor, countersign_store::page::MAX_LIMIT),
                None => break,
            }
        }
        new.reverse();
        self.seen.extend(new.iter().map(|line| (line.record.at, line.record.id)));
        if let Some(&(newest, _)) = self.seen.last() {
            self.from = self.from.max(newest - LATEST);
            self.seen.retain(|(at, _)| *at >= self.from);
        }
        Ok(new)
    }
}
