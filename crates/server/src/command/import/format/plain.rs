//! A table or list of one's own.

use countersign_account::ImportUser;

use super::{hash, somebody};
use crate::command::import::entry::Entry;

pub(super) fn read(entry: &Entry) -> ImportUser {
    ImportUser {
        is_verified: entry.flag(&["email_verified", "emailVerified", "verified"]).unwrap_or_default(),
        name: entry.text(&["name", "display_name", "displayName", "full_name"]).map(str::to_owned),
        is_disabled: entry.flag(&["disabled", "blocked"]).unwrap_or_default(),
        roles: entry.texts("roles"),
        hash: entry.text(&["password_hash", "passwordHash", "hash"]).map(hash),
        ..somebody(entry.text(&["email", "Email", "e-mail"]))
    }
}
