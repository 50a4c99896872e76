//! What a caller must have, besides a good token.
//!
//! Promises: what a role grants that needs a second factor (`admin` always; others by
//! [`Builder::second_factor_roles`](crate::Builder::second_factor_roles)) is withheld from a session in which none was proven, with
//! 401 `STEP_UP_REQUIRED`; whoever lacks the right is refused with 403 all the same, and learns nothing of second factors. A token does
//! not say which role a permission comes from: whoever has one such role uses no permission without a second factor.

use std::time::Duration;

use countersign_kernel::Lifetime;

use crate::identity::Identity;
use crate::refusal::{Code, Refusal};

/// What a caller must have. Of several names one is enough.
///
/// # Examples
/// ```
/// use countersign_guard::{Demand, Identity, Refusal};
///
/// fn may_close_the_books(identity: &Identity) -> Result<(), Refusal> {
///     identity.demand(&Demand::role("bookkeeper"))
/// }
/// ```
#[derive(Debug, Clone)]
pub struct Demand(Wanted);

#[derive(Debug, Clone)]
enum Wanted {
    Role(Vec<String>),
    Permission(Vec<String>),
    Scope(Vec<String>),
    SecondFactor,
    Recent(Lifetime),
}

impl Demand {
    /// This role.
    #[must_use]
    pub fn role(name: impl Into<String>) -> Self {
        Self::any_role([name])
    }

    /// One of these roles.
    #[must_use]
    pub fn any_role(names: impl IntoIterator<Item = impl Into<String>>) -> Self {
        Self(Wanted::Role(names.into_iter().map(Into::into).collect()))
    }

    /// This permission, by whatever role.
    #[must_use]
    pub fn permission(name: impl Into<String>) -> Self {
        Self::any_permission([name])
    }

    /// One of these permissions.
    #[must_use]
    pub fn any_permission(names: impl IntoIterator<Item = impl Into<String>>) -> Self {
        Self(Wanted::Permission(names.into_iter().map(Into::into).collect()))
    }

    /// This scope. A token with a `scope` claim, which a program holds in a person's name, must have it there, whatever the person may do.
    /// A token without one is of the person's own session: then it is the permission of this name.
    #[must_use]
    pub fn scope(name: impl Into<String>) -> Self {
        Self::any_scope([name])
    }

    /// One of these scopes.
    #[must_use]
    pub fn any_scope(names: impl IntoIterator<Item = impl Into<String>>) -> Self {
        Self(Wanted::Scope(names.into_iter().map(Into::into).collect()))
    }

    /// A second factor, whatever the roles.
    #[must_use]
    pub fn second_factor() -> Self {
        Self(Wanted::SecondFactor)
    }

    /// A proof of who it is that is younger than `max_age`.
    #[must_use]
    pub fn recent(max_age: Duration) -> Self {
        Self(Wanted::Recent(max_age.into()))
    }
}

impl Identity {
    /// Holds the caller against a demand.
    ///
    /// # Errors
    /// `FORBIDDEN` where the right is missing; `STEP_UP_REQUIRED` where another proof would help.
    pub fn demand(&self, demand: &Demand) -> Result<(), Refusal> {
        match &demand.0 {
            Wanted::Role(names) => {
                let mut held = names.iter().filter(|name| self.roles().contains(*name)).peekable();
                if held.peek().is_none() {
                    return Err(self.forbidden("role", names));
                }
                if held.any(|role| !self.withholds(role)) { Ok(()) } else { Err(self.unproven()) }
            }
            Wanted::Permission(names) => self.demand_permission("permission", names),
            Wanted::Scope(names) => match self.scopes() {
                Some(scopes) if names.iter().any(|name| scopes.contains(name)) => Ok(()),
                Some(_) => Err(self.forbidden("scope", names).scopes(names)),
                None => self.demand_permission("scope", names).map_err(|refusal| match refusal.code() {
                    Code::Forbidden => refusal.scopes(names),
                    _ => refusal,
                }),
            },
            Wanted::SecondFactor => {
                if self.has_second_factor() {
                    Ok(())
                } else {
                    Err(self.unproven())
                }
            }
            Wanted::Recent(max_age) => {
                let now = self.known.policy.env.now();
                if self.authenticated_at().is_some_and(|at| now < at + *max_age) {
                    return Ok(());
                }
                Err(self.step_up("proven too long ago").methods(ANY_PROOF, Some(*max_age)))
            }
        }
    }

    fn demand_permission(&self, what: &str, names: &[String]) -> Result<(), Refusal> {
        if !names.iter().any(|name| self.permissions().contains(name)) {
            return Err(self.forbidden(what, names));
        }
        if self.roles().iter().any(|role| self.withholds(role)) { Err(self.unproven()) } else { Ok(()) }
    }

    /// Whether what this role grants waits for a second factor.
    fn withholds(&self, role: &str) -> bool {
        let strict = &self.known.policy.second_factor_roles;
        !self.has_second_factor() && strict.iter().any(|name| name == role)
    }

    fn forbidden(&self, what: &str, names: &[String]) -> Refusal {
        let reason = format!("lacks the {what} {}", names.join("|"));
        Refusal::new(Code::Forbidden, reason, &self.known.policy.issuer)
    }

    fn unproven(&self) -> Refusal {
        let refusal = self.step_up("no second factor").methods(BY_SECOND_FACTOR, None);
        refusal.detail("Please confirm with your second factor to go on. If you have none, set one up first.")
    }

    fn step_up(&self, reason: &'static str) -> Refusal {
        Refusal::new(Code::StepUpRequired, reason, &self.known.policy.issuer)
    }
}

const BY_SECOND_FACTOR: &[&str] = &["totp", "passkey", "recovery"];
const ANY_PROOF: &[&str] = &["password", "totp", "passkey", "recovery"];
