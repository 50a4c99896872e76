//! What is still to be proven: the rule of the ceremony, as a pure function.
//!
//! Promises: who has set up a second factor is asked for it after each first one that is not two proofs by itself; recovery codes
//! stand in for a second factor and are none; who has none is let in, and what his roles grant waits until he has one
//! ([`FactorPolicy::required_roles`]).

use countersign_kernel::Lifetime;
use countersign_session::amr::is_multi_factor;
use countersign_store::User;

use crate::admin::ADMIN;
use crate::method::Method;

/// A kind of second factor, as requests and answers name it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Factor {
    /// A code of an authenticator app.
    Totp,
    /// A passkey.
    Passkey,
    /// A recovery code.
    Recovery,
}

impl Factor {
    /// The stable text form.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Totp => "totp",
            Self::Passkey => "passkey",
            Self::Recovery => "recovery",
        }
    }
}

/// What is asked of whom.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FactorPolicy {
    /// What these roles grant needs a second factor. [`ADMIN`] always does, and need not be named.
    pub required_roles: Vec<String>,
    /// For how long a device may be remembered on which a second factor was proven; zero: no device is.
    pub remember_device: Lifetime,
}

impl Default for FactorPolicy {
    /// Administrators alone; 30 days, for those who ask for it.
    fn default() -> Self {
        Self { required_roles: Vec::new(), remember_device: Lifetime::from_days(30) }
    }
}

impl FactorPolicy {
    /// Whether what this role grants needs a second factor.
    #[must_use]
    pub fn requires(&self, role: &str) -> bool {
        role == ADMIN || self.required_roles.iter().any(|required| required == role)
    }

    /// Whether any of the person's roles needs a second factor.
    #[must_use]
    pub fn is_required_of(&self, user: &User) -> bool {
        user.roles.iter().any(|role| self.requires(role))
    }
}

/// What a person has set up.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Enrolled {
    /// An authenticator app, confirmed.
    pub totp: bool,
    /// How many passkeys.
    pub passkeys: u64,
    /// How many recovery codes are left.
    pub recovery_codes: u64,
}

impl Enrolled {
    /// Whether there is a second factor. Recovery codes alone are none.
    #[must_use]
    pub const fn has_second_factor(&self) -> bool {
        self.totp || self.passkeys > 0
    }

    /// What can be proven.
    #[must_use]
    pub fn factors(&self) -> Vec<Factor> {
        let all = [
            (Factor::Totp, self.totp),
            (Factor::Passkey, self.passkeys > 0),
            (Factor::Recovery, self.has_second_factor() && self.recovery_codes > 0),
        ];
        all.into_iter().filter(|(_, has)| *has).map(|(factor, _)| factor).collect()
    }
}

/// What comes next in a ceremony.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Next {
    /// Nothing: it is enough.
    Enough,
    /// One of these.
    SecondFactor(Vec<Factor>),
}

/// Judges what has been proven against what the person has set up.
pub(crate) fn next(proven: &[Method], enrolled: &Enrolled) -> Next {
    if !enrolled.has_second_factor() || is_multi_factor(&amr_of(proven)) {
        return Next::Enough;
    }
    Next::SecondFactor(enrolled.factors())
}

/// The names for `amr`.
pub(crate) fn amr_of(proven: &[Method]) -> Vec<String> {
    proven.iter().flat_map(|method| method.amr()).map(|name| (*name).to_owned()).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    const NOTHING: Enrolled = Enrolled { totp: false, passkeys: 0, recovery_codes: 0 };
    const APP: Enrolled = Enrolled { totp: true, passkeys: 0, recovery_codes: 10 };
    const KEYS: Enrolled = Enrolled { totp: false, passkeys: 2, recovery_codes: 0 };
    const BOTH: Enrolled = Enrolled { totp: true, passkeys: 1, recovery_codes: 1 };

    #[test]
    fn who_has_a_second_factor_is_asked_for_it_until_two_kinds_are_proven() {
        use Factor::{Passkey, Recovery, Totp};
        let verified = Method::Passkey { user_verified: true, is_synced: true };
        let touched = Method::Passkey { user_verified: false, is_synced: false };
        let asked = |factors: &[Factor]| Next::SecondFactor(factors.to_vec());
        for (proven, enrolled, expected, why) in [
            (vec![Method::Password], NOTHING, Next::Enough, "there is nothing to ask for"),
            (vec![Method::Link], NOTHING, Next::Enough, "nor here"),
            (vec![Method::Password], APP, asked(&[Totp, Recovery]), "an app, and its codes for when it is lost"),
            (vec![Method::Link], APP, asked(&[Totp, Recovery]), "a mailbox is no second factor"),
            (vec![Method::Password], KEYS, asked(&[Passkey]), "no codes are left"),
            (vec![Method::Password], BOTH, asked(&[Totp, Passkey, Recovery]), "any of them"),
            (vec![Method::Password, Method::Totp], APP, Next::Enough, "known and had"),
            (vec![Method::Password, Method::Recovery], BOTH, Next::Enough, "known and had"),
            (vec![Method::Link, Method::Totp], BOTH, Next::Enough, "a mailbox and an app"),
            (vec![Method::Password, touched], KEYS, Next::Enough, "known and had"),
            (vec![verified], BOTH, Next::Enough, "two by itself"),
            (vec![touched], KEYS, asked(&[Passkey]), "had, and nothing else"),
            (vec![Method::Password, Method::Link], APP, asked(&[Totp, Recovery]), "two of one kind"),
            (vec![], APP, asked(&[Totp, Recovery]), "nothing proves nothing"),
        ] {
            assert_eq!(next(&proven, &enrolled), expected, "{proven:?} {enrolled:?}: {why}");
        }
    }

    #[test]
    fn recovery_codes_alone_are_no_second_factor() {
        let left_over = Enrolled { recovery_codes: 3, ..NOTHING };
        assert_eq!(next(&[Method::Password], &left_over), Next::Enough);
        assert_eq!(left_over.factors(), []);
    }
}
