//! What operators do with accounts: on the command line and by the administrators' API.
//!
//! Promises: disabling and deleting end every session, and a change of rights supersedes every access token, in the
//! transaction of the act. The last active administrator cannot be disabled, deleted or stripped of the role.

use countersign_audit::{Actor, Event};
use countersign_kernel::{Origin, Secret, UserId};
use countersign_password::{Busy, HashError};
use countersign_session::{Named, RevokeVerdict};
use countersign_store::{EndReason, NewUser, Page, PageRequest, PasswordHash, User, UserStatus};

use crate::accounts::{Accounts, retrying};
use crate::email::EmailAddress;
use crate::erase::is_last_admin;
use crate::error::Error;
use crate::field::FieldError;
use crate::name::Name;
use crate::role::ADMIN;
use crate::sign_up::Applicant;

/// An account to be made by an operator.
#[derive(Debug, Clone)]
pub struct CreateUser {
    /// The address.
    pub email: String,
    /// Whether the operator vouches for it.
    pub email_verified: bool,
    /// What the person is called.
    pub name: String,
    /// A first password; without one the account waits until its owner can set one.
    pub password: Option<Secret<String>>,
    /// Names of roles.
    pub roles: Vec<String>,
}

/// What became of a creation.
#[derive(Debug)]
pub enum CreateVerdict {
    /// The account.
    Created(Box<User>),
    /// There is an account with this address.
    EmailTaken,
    /// Something is unacceptable.
    Invalid(Vec<FieldError>),
    /// There is no role of this name.
    UnknownRole(String),
    /// An address that nobody has confirmed gets no roles here.
    Unverified,
    /// Too many passwords wait to be hashed.
    Busy(Busy),
}

/// What became of an operator's act on an account.
#[derive(Debug)]
pub enum Managed {
    /// Done: the account as it is now, or was before it was deleted.
    Done(Box<User>),
    /// It was so already.
    Unchanged(Box<User>),
    /// There is no such account.
    NotFound,
    /// Nobody could administer any more.
    LastAdmin,
    /// There is no role of this name.
    UnknownRole(String),
    /// The account's address is not confirmed, and roles are given to confirmed ones alone here.
    Unverified,
}

impl Accounts {
    /// Makes an account.
    ///
    /// # Errors
    /// [`Error`] if the store or the hasher fails; nothing has changed then.
    pub async fn create_user(
        &self,
        request: CreateUser,
        actor: Actor,
        origin: &Origin,
    ) -> Result<CreateVerdict, Error> {
        let (email, name, hash) = match &request.password {
            None => match (EmailAddress::parse(&request.email), Name::parse(&request.name)) {
                (Ok(email), Ok(name)) => (email, name, None),
                (email, name) => {
                    let errors = email.err().into_iter().chain(name.err()).collect();
                    return Ok(CreateVerdict::Invalid(errors));
                }
            },
            Some(password) => {
                let applicant = match Applicant::parse(self, &request.email, &request.name, password) {
                    Ok(applicant) => applicant,
                    Err(errors) => return Ok(CreateVerdict::Invalid(errors)),
                };
                let hash = match self.hasher().hash(&applicant.password).await {
                    Ok(hash) => PasswordHash(hash),
                    Err(HashError::Busy(busy)) => return Ok(CreateVerdict::Busy(busy)),
                    Err(HashError::Fault(error)) => return Err(error.into()),
                };
                (applicant.email, applicant.name, Some(hash))
            }
        };
        let roles = without_doubles(&request.roles);
        if self.wants_verified_email() && !request.email_verified && !roles.is_empty() {
            return Ok(CreateVerdict::Unverified);
        }
        retrying(|| async {
            let mut tx = self.store().begin().await?;
            let now = tx.now();
            for role in &roles {
                if tx.find_role(role).await?.is_none() {
                    return Ok(CreateVerdict::UnknownRole(role.clone()));
                }
            }
            let new = NewUser {
                id: UserId::new(self.env()),
                email: email.as_str().to_owned(),
                email_key: email.key().to_owned(),
                email_verified: request.email_verified,
                name: name.as_str().to_owned(),
                created_at: now,
            };
            if !tx.insert_user(&new).await? {
                return Ok(CreateVerdict::EmailTaken);
            }
            if let Some(hash) = &hash {
                tx.insert_password(new.id, hash, now).await?;
            }
            if !roles.is_empty() {
                tx.set_user_roles(new.id, &roles).await?;
            }
            let user = tx.find_user(new.id).await?.ok_or(Error::KeptChanging)?;
            let record = self.record(tx.as_ref(), Event::AccountCreated, actor, origin).of(user.id);
            tx.audit(record.with("roles", roles.join(" ")));
            tx.commit().await?;
            Ok(CreateVerdict::Created(Box::new(user)))
        })
        .await
    }

    /// The account with this id or this address.
    ///
    /// # Errors
    /// [`Error::Store`].
    pub async fn find_user(&self, id_or_email: &str) -> Result<Option<User>, Error> {
        if let Ok(id) = id_or_email.parse::<UserId>() {
            return self.profile(id).await;
        }
        let Ok(email) = EmailAddress::parse(id_or_email) else { return Ok(None) };
        Ok(self.store().snapshot().await?.find_user_by_email_key(email.key()).await?)
    }

    /// Accounts whose address begins with `prefix`, oldest first.
    ///
    /// # Errors
    /// [`Error::Store`].
    pub async fn list_users(&self, prefix: &str, page: &PageRequest) -> Result<Page<User>, Error> {
        let prefix = prefix.to_ascii_lowercase();
        Ok(self.store().snapshot().await?.list_users(&prefix, page).await?)
    }

    /// Switches an account off and ends its sessions.
    ///
    /// # Errors
    /// [`Error`] if the store fails; nothing has changed then.
    pub async fn disable_user(&self, id: UserId, actor: Actor, origin: &Origin) -> Result<Managed, Error> {
        retrying(|| async {
            let mut tx = self.store().begin().await?;
            let Some(user) = tx.find_user(id).await? else { return Ok(Managed::NotFound) };
            if is_last_admin(tx.as_mut(), &user).await? {
                return Ok(Managed::LastAdmin);
            }
            if tx.set_user_status(id, UserStatus::Disabled).await?.is_none() {
                return Ok(Managed::Unchanged(Box::new(user)));
            }
            self.credentials_changed(tx.as_mut(), id).await?;
            let ended = self.sessions().end_all_in(tx.as_mut(), id, None, EndReason::Disabled).await?;
            let Some(user) = tx.find_user(id).await? else { return Ok(Managed::NotFound) };
            let record = self.record(tx.as_ref(), Event::AccountDisabled, actor, origin).of(id);
            let record = record.with("before", "active").with("status", "disabled");
            tx.audit(record.with("sessions_ended", ended.to_string()));
            tx.commit().await?;
            Ok(Managed::Done(Box::new(user)))
        })
        .await
    }

    /// Switches an account on again. Its old sessions stay ended.
    ///
    /// # Errors
    /// [`Error`] if the store fails; nothing has changed then.
    pub async fn enable_user(&self, id: UserId, actor: Actor, origin: &Origin) -> Result<Managed, Error> {
        retrying(|| async {
            let mut tx = self.store().begin().await?;
            let Some(before) = tx.find_user(id).await? else { return Ok(Managed::NotFound) };
            if tx.set_user_status(id, UserStatus::Active).await?.is_none() {
                return Ok(Managed::Unchanged(Box::new(before)));
            }
            self.credentials_changed(tx.as_mut(), id).await?;
            let Some(user) = tx.find_user(id).await? else { return Ok(Managed::NotFound) };
            let record = self.record(tx.as_ref(), Event::AccountEnabled, actor, origin).of(id);
            tx.audit(record.with("before", "disabled").with("status", "active"));
            tx.commit().await?;
            Ok(Managed::Done(Box::new(user)))
        })
        .await
    }

    /// Deletes an account and all that is its own.
    ///
    /// # Errors
    /// [`Error`] if the store fails; nothing has changed then.
    pub async fn delete_user(&self, id: UserId, actor: Actor, origin: &Origin) -> Result<Managed, Error> {
        retrying(|| async {
            let mut tx = self.store().begin().await?;
            let Some(user) = tx.find_user(id).await? else { return Ok(Managed::NotFound) };
            if is_last_admin(tx.as_mut(), &user).await? {
                return Ok(Managed::LastAdmin);
            }
            self.erase_in(tx.as_mut(), &user, actor, EndReason::Operator, origin).await?;
            tx.commit().await?;
            Ok(Managed::Done(Box::new(user)))
        })
        .await
    }

    /// Replaces an account's roles.
    ///
    /// # Errors
    /// [`Error`] if the store fails; nothing has changed then.
    pub async fn set_user_roles(
        &self,
        id: UserId,
        roles: &[String],
        actor: Actor,
        origin: &Origin,
    ) -> Result<Managed, Error> {
        let roles = without_doubles(roles);
        retrying(|| async {
            let mut tx = self.store().begin().await?;
            let Some(before) = tx.find_user(id).await? else { return Ok(Managed::NotFound) };
            if before.roles == roles {
                return Ok(Managed::Unchanged(Box::new(before)));
            }
            for role in &roles {
                if tx.find_role(role).await?.is_none() {
                    return Ok(Managed::UnknownRole(role.clone()));
                }
            }
            let adds = roles.iter().any(|role| !before.roles.contains(role));
            if self.wants_verified_email() && !before.email_verified && adds {
                return Ok(Managed::Unverified);
            }
            if !roles.iter().any(|r| r == ADMIN) && is_last_admin(tx.as_mut(), &before).await? {
                return Ok(Managed::LastAdmin);
            }
            let Some(ver) = tx.set_user_roles(id, &roles).await? else { return Ok(Managed::NotFound) };
            self.sessions().supersede_in(tx.as_mut(), &[(id, ver)], "roles_assigned").await?;
            let Some(user) = tx.find_user(id).await? else { return Ok(Managed::NotFound) };
            let record = self.record(tx.as_ref(), Event::RolesAssigned, actor, origin).of(id);
            tx.audit(record.with("roles", roles.join(" ")).with("before", before.roles.join(" ")));
            tx.commit().await?;
            Ok(Managed::Done(Box::new(user)))
        })
        .await
    }

    /// Ends every session of a person; how many, or none where there is no such account.
    ///
    /// # Errors
    /// [`Error`] if the store fails; nothing has changed then.
    pub async fn revoke_sessions(&self, id: UserId, actor: Actor, origin: &Origin) -> Result<Option<u64>, Error> {
        let person = Named::Person(id);
        Ok(match self.sessions().revoke(&person, None, actor, origin).await? {
            RevokeVerdict::Revoked(ended) => Some(ended),
            RevokeVerdict::Unchanged | RevokeVerdict::NotFound | RevokeVerdict::Beaten => None,
        })
    }
}

/// The names in their order, each once.
fn without_doubles(names: &[String]) -> Vec<String> {
    let mut once: Vec<String> = Vec::with_capacity(names.len());
    for name in names {
        if !once.contains(name) {
            once.push(name.clone());
        }
    }
    once
}
