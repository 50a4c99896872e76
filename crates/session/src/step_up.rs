//! Step-up: a session proves its person again.

use countersign_kernel::{SessionId, Timestamp};
use countersign_store::{Session, Tx};

use crate::error::Error;
use crate::identity::Identity;
use crate::sessions::Sessions;

impl Sessions {
    /// Records a newer proof in the caller's transaction: `auth_time` moves on, and the methods are added to `amr`. The
    /// session as it is then, or none where it does not live. The audit record is the caller's.
    ///
    /// # Errors
    /// [`Error::Store`].
    pub async fn step_up_in(
        &self,
        tx: &mut dyn Tx,
        session: SessionId,
        methods: &[&str],
        auth_time: Timestamp,
    ) -> Result<Option<Session>, Error> {
        let Some(mut session) = tx.find_session(session).await? else { return Ok(None) };
        session.amr.extend(methods.iter().map(|method| (*method).to_owned()));
        session.amr.sort_unstable();
        session.amr.dedup();
        session.auth_time = session.auth_time.max(auth_time);
        let lives = tx.set_authentication(session.id, &session.amr, session.auth_time).await?;
        Ok(lives.then_some(session))
    }

    /// Whether the sign-in behind this token is recent enough for what is dangerous.
    #[must_use]
    pub fn is_recent(&self, identity: &Identity) -> bool {
        self.now().since(identity.auth_time) <= self.0.policy.step_up_max_age
    }
}
