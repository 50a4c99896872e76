//! A status index: the place that an access token has in the status list (docs/design/status-list.md).

use async_trait::async_trait;
use countersign_kernel::{KeyId, SessionId, Timestamp, TokenId, UserId};

use crate::error::Error;

/// An index and whose it is: what is needed to tell whether a revocation means the token.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct StatusIndex {
    /// The index.
    pub index: u64,
    /// `jti`.
    pub token: TokenId,
    /// `sid`.
    pub session: SessionId,
    /// `sub`.
    pub user: UserId,
    /// `ver`.
    pub ver: u64,
    /// The key behind `kid`.
    pub key: KeyId,
    /// Until when the index is the token's: until it has expired everywhere.
    pub until: Timestamp,
}

/// How many indexes are given out.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct StatusListSize {
    /// Indexes are below this power of two.
    pub size: u64,
    /// How many of them are somebody's.
    pub taken: u64,
}

/// Keeps status indexes.
#[async_trait]
pub trait StatusIndexes {
    /// Gives a token its index; `false` where that is another token's. Of racing calls for one index exactly one has it.
    async fn take_status_index(&mut self, index: &StatusIndex) -> Result<bool, Error>;

    /// At most `limit` indexes above `after`, in order.
    async fn list_status_indexes(&mut self, after: Option<u64>, limit: u32) -> Result<Vec<StatusIndex>, Error>;

    /// How many indexes there are, and how many are taken.
    async fn status_list_size(&mut self) -> Result<StatusListSize, Error>;

    /// Doubles the number of indexes from `size`, where it is that and was not doubled after `since`. Of racing calls one doubles.
    async fn grow_status_list(&mut self, size: u64, now: Timestamp, since: Timestamp) -> Result<bool, Error>;

    /// Deletes at most `limit` indexes whose time is over at `now`; how many.
    async fn sweep_status_indexes(&mut self, now: Timestamp, limit: u32) -> Result<u64, Error>;
}
