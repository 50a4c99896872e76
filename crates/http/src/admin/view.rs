//! What administrators are shown of many things alike. Each noun's own view stands in its file: a list of what may be seen, so that
//! nothing else ever is.

use serde::Serialize;
use utoipa::ToSchema;

/// A page of a list.
macro_rules! page {
    ($(#[$doc:meta])* $page:ident as $name:ident of $item:ty) => {
        $(#[$doc])*
        #[derive(serde::Serialize, utoipa::ToSchema)]
        #[serde(rename_all = "camelCase")]
        #[schema(as = $name)]
        pub(crate) struct $page<'a> {
            /// The items.
            data: Vec<$item>,
            /// What to send as `cursor` for the next page; null on the last one.
            next_cursor: Option<String>,
        }
    };
}
pub(super) use page;

/// How many sessions have ended.
#[derive(Serialize, ToSchema)]
#[schema(as = Ended)]
pub(crate) struct EndedView {
    /// How many sessions have ended by it.
    pub(crate) revoked: u64,
}
