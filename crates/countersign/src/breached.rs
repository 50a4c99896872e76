//! Reads the filter of breached passwords that a server is given.

use std::fs::File;
use std::path::Path;
use std::sync::Arc;

use countersign_password::Filter;

use crate::error::Error;

/// Reads the filter at `path` to its end, and keeps it in memory.
///
/// # Errors
/// [`Error::BreachedFilter`]: the file cannot be read, or is no whole filter.
pub fn read_breached_filter(path: &Path) -> Result<Arc<Filter>, Error> {
    let refused = |source| Error::BreachedFilter { path: path.to_owned(), source };
    let file = File::open(path).map_err(|error| refused(error.into()))?;
    Filter::read(file).map(Arc::new).map_err(refused)
}
