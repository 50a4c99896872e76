//! Keyset pages.

/// The longest page that is given out.
pub const MAX_LIMIT: u32 = 200;

/// Where the next page begins: opaque text made by the engine from the last row's key.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Cursor(pub String);

/// Which rows are wanted.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PageRequest {
    /// Rows after this one; from the start where none is given. A cursor that does not parse gives an empty page.
    pub after: Option<Cursor>,
    limit: u32,
}

impl PageRequest {
    /// The first rows, at most `limit`, which is brought into 1 to [`MAX_LIMIT`].
    #[must_use]
    pub fn first(limit: u32) -> Self {
        Self { after: None, limit: limit.clamp(1, MAX_LIMIT) }
    }

    /// The rows after `cursor`, at most `limit`.
    #[must_use]
    pub fn after(cursor: Cursor, limit: u32) -> Self {
        Self { after: Some(cursor), ..Self::first(limit) }
    }

    /// At most this many rows.
    #[must_use]
    pub const fn limit(&self) -> u32 {
        self.limit
    }
}

/// Some rows, and where the next ones begin.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Page<T> {
    /// The rows, in the order that the port promises.
    pub items: Vec<T>,
    /// Where to go on; none after the last row.
    pub next: Option<Cursor>,
}
