//! A person's own profile.

use countersign_audit::{Actor, Event};
use countersign_kernel::{Origin, UserId};
use countersign_session::Identity;
use countersign_store::User;

use crate::accounts::{Accounts, retrying};
use crate::error::Error;
use crate::field::FieldError;
use crate::name::Name;

/// What became of a change of name.
#[derive(Debug)]
pub enum RenameVerdict {
    /// The person as he is now called.
    Renamed(Box<User>),
    /// The name is unacceptable.
    Invalid(Vec<FieldError>),
    /// The account is gone.
    Gone,
}

impl Accounts {
    /// The person; none where there is no such account.
    ///
    /// # Errors
    /// [`Error::Store`].
    pub async fn profile(&self, user: UserId) -> Result<Option<User>, Error> {
        Ok(self.store().find_user_now(user).await?)
    }

    /// Changes the name.
    ///
    /// # Errors
    /// [`Error::Store`]; nothing has changed then.
    pub async fn rename(&self, identity: &Identity, name: &str, origin: &Origin) -> Result<RenameVerdict, Error> {
        let name = match Name::parse(name) {
            Ok(name) => name,
            Err(error) => return Ok(RenameVerdict::Invalid(vec![error])),
        };
        retrying(|| self.write_name(identity, &name, origin)).await
    }

    async fn write_name(&self, identity: &Identity, name: &Name, origin: &Origin) -> Result<RenameVerdict, Error> {
        let mut tx = self.store().begin().await?;
        if !tx.set_user_name(identity.user, name.as_str()).await? {
            return Ok(RenameVerdict::Gone);
        }
        let Some(user) = tx.find_user(identity.user).await? else { return Ok(RenameVerdict::Gone) };
        let record = self.record(tx.as_ref(), Event::ProfileChanged, Actor::User(user.id), origin);
        tx.audit(record.of(user.id).in_session(identity.session).with("field", "name"));
        tx.commit().await?;
        Ok(RenameVerdict::Renamed(Box::new(user)))
    }
}
