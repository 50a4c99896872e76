//! Counts the calls of administrators.

use countersign_audit::Actor;
use countersign_kernel::Origin;
use countersign_limit::{Reading, Refused};
use countersign_session::Identity;

use crate::accounts::Accounts;
use crate::error::Error;
use crate::limits::Charge;

impl Accounts {
    /// Counts one call of an administrator, the good ones too. The first refusal of a window is audited.
    ///
    /// # Errors
    /// [`Error::Store`] if the refusal could not be written down.
    pub async fn count_admin(
        &self,
        identity: &Identity,
        origin: &Origin,
    ) -> Result<Result<Vec<Reading>, Refused>, Error> {
        match Charge::take(self, self.buckets().admin(&identity.user.to_bytes())).await {
            Ok(charge) => Ok(Ok(charge.keep())),
            Err(refused) => {
                let actor = Actor::User(identity.user);
                self.audit_limit(&refused, actor, Some(identity.user), origin, "administration").await?;
                Ok(Err(refused))
            }
        }
    }
}
