//! Whether somebody may use a right of his.
//!
//! Promises: what a role grants that needs a second factor (`admin` always; others by the policy) is withheld from a session in which
//! none was proven, with 401 `STEP_UP_REQUIRED` and the methods that help; whoever lacks the right is refused with 403 all the same,
//! and learns nothing of second factors. A token does not say which role a permission comes from: whoever has one such role uses no
//! permission without a second factor.

use countersign_session::Identity;
use countersign_session::amr::is_multi_factor;
use http::request::Parts;

use crate::app::Auth;
use crate::error::{Problem, Rejection};
use crate::extract::user::{denied, reject};

/// What a demand for rights finds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Right {
    /// He may.
    Held,
    /// He might, with a second factor.
    Unproven,
    /// He may not.
    Missing,
}

impl Right {
    /// Of one of these roles.
    pub(crate) fn of_roles<'a>(auth: &Auth, user: &Identity, mut names: impl Iterator<Item = &'a str> + Clone) -> Self {
        let policy = auth.accounts().factor_policy();
        let is_proven = has_second_factor(user);
        if names.clone().any(|name| user.has_role(name) && (is_proven || !policy.requires(name))) {
            Self::Held
        } else if names.any(|name| user.has_role(name)) {
            Self::Unproven
        } else {
            Self::Missing
        }
    }

    /// Of one of these permissions.
    pub(crate) fn of_permissions<'a>(auth: &Auth, user: &Identity, mut names: impl Iterator<Item = &'a str>) -> Self {
        if !names.any(|name| user.has_permission(name)) {
            return Self::Missing;
        }
        let policy = auth.accounts().factor_policy();
        let is_free = has_second_factor(user) || !user.roles.iter().any(|role| policy.requires(role));
        if is_free { Self::Held } else { Self::Unproven }
    }

    /// Lets pass who may; `missing` names what the others lack.
    pub(crate) fn demand(
        self,
        auth: &Auth,
        parts: &Parts,
        user: &Identity,
        missing: impl FnOnce() -> String,
    ) -> Result<(), Rejection> {
        match self {
            Self::Held => Ok(()),
            Self::Unproven => Err(reject(auth, parts, second_factor_required(auth))),
            Self::Missing => Err(denied(auth, parts, user, &missing())),
        }
    }
}

/// Whether a second factor was proven in this session, and where it is used.
pub(crate) fn has_second_factor(user: &Identity) -> bool {
    user.is_proven() && is_multi_factor(&user.amr)
}

/// A second factor must be proven in this session; whoever has none sets one up.
pub(crate) fn second_factor_required(auth: &Auth) -> Problem {
    Problem::step_up(auth.sessions().policy().step_up_max_age, BY_SECOND_FACTOR)
        .detail("Please confirm with your second factor to go on. If you have none, set one up first.")
}

/// What proves a second factor.
pub(crate) const BY_SECOND_FACTOR: &[&str] = &["totp", "passkey", "recovery"];
