//! How somebody has proven who he is.
//!
//! A ceremony begins with a [`First`] and may go on with a [`Second`]; both are a [`Method`]. That a one-time code alone opens nothing
//! cannot be written otherwise.

/// What a sign-in may begin with.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum First {
    /// The account's password.
    Password,
    /// A link or code that was sent to the account's mailbox.
    Link,
    /// A passkey that has verified its user: by itself something had, and something known or shown to it.
    Passkey {
        /// Whether the key may leave its device (WebAuthn's backup eligibility).
        is_synced: bool,
    },
}

/// What a sign-in may go on with.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Second {
    /// A code of an authenticator app (RFC 6238).
    Totp,
    /// A recovery code.
    Recovery,
    /// A passkey.
    Passkey {
        /// Whether it has verified its user; that he was there it has always seen.
        user_verified: bool,
        /// Whether the key may leave its device.
        is_synced: bool,
    },
}

/// How something was proven.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Method {
    /// The account's password.
    Password,
    /// A code of an authenticator app.
    Totp,
    /// A recovery code.
    Recovery,
    /// A passkey.
    Passkey {
        /// Whether it has verified its user.
        user_verified: bool,
        /// Whether the key may leave its device.
        is_synced: bool,
    },
    /// A mailed link or code.
    Link,
}

impl Method {
    /// Every method.
    pub const ALL: &'static [Self] = &[
        Self::Password,
        Self::Totp,
        Self::Recovery,
        Self::Passkey { user_verified: false, is_synced: false },
        Self::Passkey { user_verified: false, is_synced: true },
        Self::Passkey { user_verified: true, is_synced: false },
        Self::Passkey { user_verified: true, is_synced: true },
        Self::Link,
    ];

    /// The stable text form, as sign-ins that wait are kept and audited.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Password => "password",
            Self::Totp => "totp",
            Self::Recovery => "recovery",
            Self::Passkey { user_verified: false, is_synced: false } => "passkey",
            Self::Passkey { user_verified: false, is_synced: true } => "passkey+synced",
            Self::Passkey { user_verified: true, is_synced: false } => "passkey+verified",
            Self::Passkey { user_verified: true, is_synced: true } => "passkey+verified+synced",
            Self::Link => "link",
        }
    }

    /// The method with this text form.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        Self::ALL.iter().copied().find(|method| method.as_str() == text)
    }

    /// What it adds to `amr` (RFC 8176 section 2). `mfa` is the ceremony's to add, save where one method is two kinds of proof.
    ///
    /// A recovery code is a one-time password, which is what `otp` says; the registry has no word of its own for it. A mailed link
    /// goes over another channel than the browser (`mca`), which is all that is known of it. A passkey that may be synced is a key
    /// in software (`swk`), one that may not a key in hardware (`hwk`); `user`: somebody was there and touched it.
    #[must_use]
    pub const fn amr(self) -> &'static [&'static str] {
        match self {
            Self::Password => &["pwd"],
            Self::Totp | Self::Recovery => &["otp"],
            Self::Passkey { user_verified: false, is_synced: false } => &["hwk", "user"],
            Self::Passkey { user_verified: false, is_synced: true } => &["swk", "user"],
            Self::Passkey { user_verified: true, is_synced: false } => &["hwk", "user", "mfa"],
            Self::Passkey { user_verified: true, is_synced: true } => &["swk", "user", "mfa"],
            Self::Link => &["mca"],
        }
    }

    /// Whether it can be somebody's second factor.
    #[must_use]
    pub const fn is_second(self) -> bool {
        matches!(self, Self::Totp | Self::Recovery | Self::Passkey { .. })
    }
}

impl From<First> for Method {
    fn from(first: First) -> Self {
        match first {
            First::Password => Self::Password,
            First::Link => Self::Link,
            First::Passkey { is_synced } => Self::Passkey { user_verified: true, is_synced },
        }
    }
}

impl From<Second> for Method {
    fn from(second: Second) -> Self {
        match second {
            Second::Totp => Self::Totp,
            Second::Recovery => Self::Recovery,
            Second::Passkey { user_verified, is_synced } => Self::Passkey { user_verified, is_synced },
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_method_reads_back_from_its_text() {
        for &method in Method::ALL {
            assert_eq!(Method::parse(method.as_str()), Some(method));
            assert!(!method.as_str().contains(' '), "they are kept in one list");
        }
        assert_eq!(Method::parse("pwd"), None);
    }
}
