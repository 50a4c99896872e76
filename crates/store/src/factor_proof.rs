//! When a second factor was last proven in a session: `auth_time` says as much of any proof.

use async_trait::async_trait;
use countersign_kernel::{SessionId, Timestamp};

use crate::error::Error;

/// Keeps when second factors were proven.
#[async_trait]
pub trait FactorProofs {
    /// Notes a proof at this moment; an earlier moment than the one noted changes nothing. [`Error::Conflict`] where the session
    /// has just been deleted.
    async fn note_factor_proof(&mut self, session: SessionId, at: Timestamp) -> Result<(), Error>;

    /// When a second factor was last proven in this session; none where none ever was.
    async fn find_factor_proof(&mut self, session: SessionId) -> Result<Option<Timestamp>, Error>;
}
