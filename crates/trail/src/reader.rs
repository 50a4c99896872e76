//! The trail of one store, for whoever may read it and nothing else.

use std::sync::Arc;

use countersign_audit::RecordLine;
use countersign_store::{AuditFilter, Page, PageRequest, Store};

use crate::error::Error;
use crate::tail::list;

/// Reads the trail. Cheap to clone.
#[derive(Clone)]
pub struct Reader(Arc<dyn Store>);

impl Reader {
    /// A reader of the trail that `store` keeps.
    #[must_use]
    pub const fn new(store: Arc<dyn Store>) -> Self {
        Self(store)
    }

    /// Records that fit `filter`, newest first, sealed or not.
    ///
    /// # Errors
    /// [`Error::Store`] if the store fails.
    pub async fn list(&self, filter: &AuditFilter, page: &PageRequest) -> Result<Page<RecordLine>, Error> {
        list(self.0.as_ref(), filter, page).await
    }
}

impl std::fmt::Debug for Reader {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Reader").finish_non_exhaustive()
    }
}
