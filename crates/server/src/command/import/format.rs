//! Where a file comes from, and how its entries are read.
//!
//! A reader finds out who somebody is and hands the hash on as a text; whether it is one, and within bounds, is decided where hashes
//! are read.

mod asp_net;
mod auth0;
mod devise;
mod django;
mod firebase;
mod keycloak;
mod plain;
mod supabase;

use std::sync::Arc;

use clap::ValueEnum;
use countersign_account::{ImportHash, ImportUser};
use countersign_kernel::Secret;

use super::entry::Entry;

/// Where a file comes from.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum Format {
    /// A table or list of one's own: email, name, `password_hash`, `email_verified`, disabled, roles.
    Plain,
    /// Supabase: the table auth.users.
    Supabase,
    /// Auth0: the export of users, with the hashes that its support adds or in the form of a bulk import.
    Auth0,
    /// Keycloak: an export of a realm, or its users.
    Keycloak,
    /// Firebase: `firebase auth:export`.
    Firebase,
    /// Devise: the table of users of a Rails application.
    Devise,
    /// Django: the table `auth_user`.
    Django,
    /// ASP.NET Identity: the table `AspNetUsers`.
    AspNet,
}

/// What readers know besides the file.
#[derive(Debug)]
pub(super) struct Reading {
    /// Parameters of the Firebase project.
    pub(super) firebase: FirebaseProject,
    /// The pepper of an application that used Devise.
    pub(super) pepper: Option<Arc<Secret<Vec<u8>>>>,
    /// The date in UTC, like 2030-01-31.
    pub(super) today: String,
}

/// Parameters of a Firebase project, as its console shows them.
#[derive(Debug)]
pub(super) struct FirebaseProject {
    /// The signer key, decoded.
    pub(super) signer_key: Option<Arc<Secret<Vec<u8>>>>,
    /// In base64.
    pub(super) salt_separator: String,
    /// r of scrypt.
    pub(super) rounds: u32,
    /// log2 of N of scrypt.
    pub(super) mem_cost: u32,
}

/// Why an entry is nobody.
pub(super) struct Nobody {
    pub(super) code: &'static str,
    pub(super) message: &'static str,
}

impl Nobody {
    /// The person has left the other system.
    pub(super) const DELETED: Self =
        Self { code: "USER_DELETED", message: "This account was deleted there. No account was made." };
}

impl Format {
    /// The name, as `--format` spells it.
    pub(super) const fn name(self) -> &'static str {
        match self {
            Self::Plain => "plain",
            Self::Supabase => "supabase",
            Self::Auth0 => "auth0",
            Self::Keycloak => "keycloak",
            Self::Firebase => "firebase",
            Self::Devise => "devise",
            Self::Django => "django",
            Self::AspNet => "asp-net",
        }
    }

    /// Recognises a format by the names in an entry.
    pub(super) fn detect(entry: &Entry) -> Option<Self> {
        let rules: [(Self, &[&[&str]]); 11] = [
            (Self::Firebase, &[&["localId"]]),
            (Self::Keycloak, &[&["username"], &["credentials", "createdTimestamp", "realmRoles", "requiredActions"]]),
            (
                Self::Supabase,
                &[
                    &["encrypted_password"],
                    &["raw_user_meta_data", "raw_app_meta_data", "instance_id", "email_confirmed_at", "is_sso_user"],
                ],
            ),
            (Self::Devise, &[&["encrypted_password"]]),
            (Self::Auth0, &[&["custom_password_hash", "user_id", "identities"]]),
            (Self::Auth0, &[&["_id"], &["tenant", "connection", "passwordHash"]]),
            (Self::AspNet, &[&["PasswordHash"], &["Email", "NormalizedEmail"]]),
            (Self::Django, &[&["password"], &["is_staff", "is_superuser", "date_joined"]]),
            (Self::Plain, &[&["email"]]),
            (Self::Plain, &[&["Email"]]),
            (Self::Plain, &[&["e-mail"]]),
        ];
        rules.into_iter().find(|(_, rule)| rule.iter().all(|names| entry.has(names))).map(|(format, _)| format)
    }

    /// The names of the columns, where this format has tables without a header and `first` is a row of one.
    pub(super) fn names_without_header(self, first: &[u8]) -> Option<&'static [&'static str]> {
        match self {
            Self::Firebase => firebase::names_without_header(first),
            _ => None,
        }
    }

    /// Reads an entry.
    pub(super) fn read(self, entry: &Entry, reading: &Reading) -> Result<ImportUser, Nobody> {
        match self {
            Self::Plain => Ok(plain::read(entry)),
            Self::Supabase => supabase::read(entry, reading),
            Self::Auth0 => Ok(auth0::read(entry)),
            Self::Keycloak => Ok(keycloak::read(entry)),
            Self::Firebase => Ok(firebase::read(entry, &reading.firebase)),
            Self::Devise => Ok(devise::read(entry, reading.pepper.as_ref())),
            Self::Django => Ok(django::read(entry)),
            Self::AspNet => Ok(asp_net::read(entry)),
        }
    }
}

/// Somebody with this address, and nothing else yet.
fn somebody(email: Option<&str>) -> ImportUser {
    ImportUser {
        place: 0,
        email: email.unwrap_or_default().to_owned(),
        is_verified: false,
        name: None,
        is_disabled: false,
        roles: Vec::new(),
        hash: None,
    }
}

/// A hash without a secret beside it.
fn hash(text: impl Into<String>) -> ImportHash {
    ImportHash { text: Secret::new(text.into()), secret: None }
}

#[cfg(test)]
mod tests;
