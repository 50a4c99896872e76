//! Cursors, and pages out of rows.

use countersign_store::{Cursor, Page, PageRequest};

/// Where a page begins, read from its cursor.
pub(crate) enum Start<K> {
    /// At the first row.
    First,
    /// After this key.
    After(K),
    /// The cursor is not one of ours: the page is empty.
    Nowhere,
}

impl<K> Start<K> {
    pub(crate) fn of(request: &PageRequest, parse: impl FnOnce(&str) -> Option<K>) -> Self {
        match &request.after {
            None => Self::First,
            Some(Cursor(text)) => parse(text).map_or(Self::Nowhere, Self::After),
        }
    }
}

/// How many rows to ask for: one more than wanted tells whether there is a next page.
pub(crate) fn rows_to_ask(request: &PageRequest) -> i64 {
    i64::from(request.limit()) + 1
}

/// Makes a page of rows asked for by [`rows_to_ask`].
pub(crate) fn page<T>(mut items: Vec<T>, request: &PageRequest, cursor: impl FnOnce(&T) -> String) -> Page<T> {
    let limit = usize::try_from(request.limit()).unwrap_or(usize::MAX);
    let more = items.len() > limit;
    items.truncate(limit);
    let next = items.last().filter(|_| more).map(cursor).map(Cursor);
    Page { items, next }
}

/// No rows.
pub(crate) const fn nothing<T>() -> Page<T> {
    Page { items: Vec::new(), next: None }
}
