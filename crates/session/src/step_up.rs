//! Step-up: a session proves its person again.

use countersign_kernel::{Lifetime, Origin, SessionId, Timestamp};
use countersign_store::{Session, Tx};

use crate::amr;
use crate::bind::prove;
use crate::error::Error;
use crate::identity::Identity;
use crate::sessions::Sessions;

impl Sessions {
    /// Records a newer proof in the caller's transaction: `auth_time` moves on, and the methods are added to `amr`. From now on
    /// the session is at home where the proof came from. Where the policy wanted a proof there and there was none, `amr` begins
    /// anew: what was proven elsewhere says nothing of whoever is here. The session as it is then, or none where it does not
    /// live. The audit record is the caller's.
    ///
    /// # Errors
    /// [`Error::Store`].
    pub async fn step_up_in(
        &self,
        tx: &mut dyn Tx,
        session: SessionId,
        methods: &[&str],
        auth_time: Timestamp,
        origin: &Origin,
    ) -> Result<Option<Session>, Error> {
        let Some(mut session) = tx.find_session(session).await? else { return Ok(None) };
        if self.bound(&session, origin).wants_proof() {
            session.amr.clear();
        }
        if let Some(noticed) = prove(&session, origin, &self.0.policy.bind, self.table().map(|table| &**table)) {
            if !tx.write_noticed(session.id, session.row.version, &noticed).await? {
                // It has ended, or a refresh was first: the whole is tried again.
                let lives = tx.find_session(session.id).await?.is_some_and(|session| session.row.ended.is_none());
                return if lives { Err(Error::Store(lost_race())) } else { Ok(None) };
            }
            session.noticed = noticed;
        }
        session.amr.extend(methods.iter().map(|method| (*method).to_owned()));
        amr::complete(&mut session.amr);
        session.auth_time = session.auth_time.max(auth_time);
        let lives = tx.set_authentication(session.id, &session.amr, session.auth_time).await?;
        Ok(lives.then_some(session))
    }

    /// Whether the sign-in behind this token is recent enough for what is dangerous.
    #[must_use]
    pub fn is_recent(&self, identity: &Identity) -> bool {
        self.is_within(identity, self.0.policy.step_up_max_age)
    }

    /// Whether the sign-in behind this token is at most `max_age` old, and was where the session is used.
    #[must_use]
    pub fn is_within(&self, identity: &Identity, max_age: Lifetime) -> bool {
        identity.is_proven() && self.now().since(identity.auth_time) <= max_age
    }
}

fn lost_race() -> countersign_store::Error {
    countersign_store::Error::Conflict("the session was refreshed meanwhile".into())
}
