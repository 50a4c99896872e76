//! What did not fit when somebody was brought in.

use countersign_password::Unusable;

/// What did not fit. Its code is stable; its text says nothing of a hash but its kind and its parameters.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum ImportNote {
    /// The address is none; no account was made.
    AddressInvalid(String),
    /// There is an account with this address, which was left as it is.
    AddressTaken,
    /// The same address came before, at this place; no second account was made.
    AddressTwice {
        /// The place.
        first: u64,
    },
    /// The name is unacceptable; the local part of the address stands for it.
    NameReplaced(String),
    /// The hash cannot be kept; the account has no password.
    HashUnusable(Unusable),
    /// The hash needs a secret that was not given; the account has no password.
    SecretMissing(&'static str),
    /// There is no such role here.
    RoleUnknown(String),
    /// The role was not given, because it is `admin` or the address is not verified.
    RoleWithheld(String),
}

impl ImportNote {
    /// The stable code.
    #[must_use]
    pub const fn code(&self) -> &'static str {
        match self {
            Self::AddressInvalid(_) => "ADDRESS_INVALID",
            Self::AddressTaken => "ADDRESS_TAKEN",
            Self::AddressTwice { .. } => "ADDRESS_TWICE",
            Self::NameReplaced(_) => "NAME_REPLACED",
            Self::HashUnusable(Unusable::Unknown) => "HASH_UNKNOWN",
            Self::HashUnusable(Unusable::Damaged(_)) => "HASH_DAMAGED",
            Self::HashUnusable(Unusable::OutOfBounds { .. }) => "HASH_OUT_OF_BOUNDS",
            Self::SecretMissing(_) => "SECRET_MISSING",
            Self::RoleUnknown(_) => "ROLE_UNKNOWN",
            Self::RoleWithheld(_) => "ROLE_WITHHELD",
        }
    }

    /// What happened, for a person.
    #[must_use]
    pub fn message(&self) -> String {
        match self {
            Self::AddressInvalid(why) => format!("{why} No account was made."),
            Self::AddressTaken => "There is an account with this address, which was left as it is.".to_owned(),
            Self::AddressTwice { first } => format!("The same address stands at {first}. No second account was made."),
            Self::NameReplaced(why) => format!("{why} The account is named after its address."),
            Self::HashUnusable(why) => format!("This is {}. The account has no password.", lead(*why)),
            Self::SecretMissing(kind) => {
                format!("A {kind} hash says nothing without the key of its project. The account has no password.")
            }
            Self::RoleUnknown(role) => format!("There is no role {role:?} here."),
            Self::RoleWithheld(role) => format!("The role {role:?} was not given: give it by hand."),
        }
    }
}

/// The reason as it goes on after "This is".
fn lead(why: Unusable) -> String {
    match why {
        Unusable::OutOfBounds { kind, parameter, found, least, most } => {
            format!("a {kind} hash whose {parameter} is {found}; {least} to {most} are accepted")
        }
        other => other.to_string(),
    }
}
