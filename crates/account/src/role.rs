//! Roles: made, changed and deleted by operators.
//!
//! Promises: a change of what a role permits takes effect on the next request of everyone who has it. `admin` is always there.

use countersign_audit::{Actor, Event};
use countersign_kernel::Origin;
use countersign_store::{Cursor, Page, PageRequest, Role};

use crate::accounts::{Accounts, retrying};
pub use crate::admin::ADMIN;
use crate::error::Error;
use crate::field::FieldError;

/// The longest name of a role, in bytes.
const MAX_ROLE: usize = 64;
/// The longest permission, in bytes.
const MAX_PERMISSION: usize = 128;
/// The most permissions of one role: they travel in every access token.
const MAX_PERMISSIONS: usize = 64;

/// What became of a change of a role.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum RoleVerdict {
    /// Done; so many people had the role.
    Done(u64),
    /// There is no such role.
    NotFound,
    /// `admin` cannot be deleted.
    Protected,
    /// The name or a permission is unacceptable.
    Invalid(FieldError),
}

impl Accounts {
    /// Makes a role or replaces what it permits.
    ///
    /// # Errors
    /// [`Error`] if the store fails; nothing has changed then.
    pub async fn set_role(
        &self,
        name: &str,
        permissions: &[String],
        actor: Actor,
        origin: &Origin,
    ) -> Result<RoleVerdict, Error> {
        if !is_word(name, MAX_ROLE) {
            return Ok(invalid("name", "a role's name is 1 to 64 of a-z 0-9 _ - : .".to_owned()));
        }
        if let Some(wrong) = permissions.iter().find(|p| !is_word(p, MAX_PERMISSION)) {
            let shown: String = wrong.chars().take(MAX_PERMISSION).collect();
            return Ok(invalid("permissions", format!("{shown:?} is no permission: 1 to 128 of a-z 0-9 _ - : .")));
        }
        let mut role = Role { name: name.to_owned(), permissions: permissions.to_vec() };
        role.permissions.sort_unstable();
        role.permissions.dedup();
        if role.permissions.len() > MAX_PERMISSIONS {
            return Ok(invalid("permissions", format!("a role permits at most {MAX_PERMISSIONS} things")));
        }
        retrying(|| async {
            let mut tx = self.store().begin().await?;
            let before = tx.find_role(&role.name).await?;
            let raised = tx.set_role(&role).await?;
            self.sessions().supersede_in(tx.as_mut(), &raised, "role_set").await?;
            let record = self.record(tx.as_ref(), Event::RoleSet, actor, origin).with("role", &*role.name);
            let record = match before {
                Some(before) => record.with("before", before.permissions.join(" ")),
                None => record,
            };
            let people = raised.len().to_string();
            tx.audit(record.with("permissions", role.permissions.join(" ")).with("people", people));
            tx.commit().await?;
            Ok(RoleVerdict::Done(raised.len() as u64))
        })
        .await
    }

    /// Deletes a role and takes it from everyone.
    ///
    /// # Errors
    /// [`Error`] if the store fails; nothing has changed then.
    pub async fn delete_role(&self, name: &str, actor: Actor, origin: &Origin) -> Result<RoleVerdict, Error> {
        if name == ADMIN {
            return Ok(RoleVerdict::Protected);
        }
        retrying(|| async {
            let mut tx = self.store().begin().await?;
            let before = tx.find_role(name).await?;
            let (Some(before), Some(raised)) = (before, tx.delete_role(name).await?) else {
                return Ok(RoleVerdict::NotFound);
            };
            self.sessions().supersede_in(tx.as_mut(), &raised, "role_deleted").await?;
            let record = self.record(tx.as_ref(), Event::RoleDeleted, actor, origin).with("role", name);
            let people = raised.len().to_string();
            tx.audit(record.with("before", before.permissions.join(" ")).with("people", people));
            tx.commit().await?;
            Ok(RoleVerdict::Done(raised.len() as u64))
        })
        .await
    }

    /// All roles by name.
    ///
    /// # Errors
    /// [`Error::Store`].
    pub async fn list_roles(&self) -> Result<Vec<Role>, Error> {
        Ok(self.store().snapshot().await?.list_roles().await?)
    }

    /// Roles by name, in pages.
    ///
    /// # Errors
    /// [`Error::Store`].
    pub async fn page_roles(&self, request: &PageRequest) -> Result<Page<Role>, Error> {
        // They are few, and all fit into one reading.
        let mut items = self.list_roles().await?;
        if let Some(Cursor(last)) = &request.after {
            items.retain(|role| role.name > *last);
        }
        let limit = usize::try_from(request.limit()).unwrap_or(usize::MAX);
        let is_more = items.len() > limit;
        items.truncate(limit);
        let next = items.last().filter(|_| is_more).map(|role| Cursor(role.name.clone()));
        Ok(Page { items, next })
    }
}

fn invalid(field: &'static str, message: String) -> RoleVerdict {
    RoleVerdict::Invalid(FieldError::new(field, "MALFORMED", message))
}

fn is_word(text: &str, max: usize) -> bool {
    let allowed = |b: u8| b.is_ascii_lowercase() || b.is_ascii_digit() || b"_-:.".contains(&b);
    (1..=max).contains(&text.len()) && text.bytes().all(allowed)
}
