//! Devise: the table of users of a Rails application.

use std::sync::Arc;

use countersign_account::{ImportHash, ImportUser};
use countersign_kernel::Secret;

use super::{hash, somebody};
use crate::command::import::entry::Entry;

pub(super) fn read(entry: &Entry, pepper: Option<&Arc<Secret<Vec<u8>>>>) -> ImportUser {
    let name = entry.text(&["name", "full_name"]).map(str::to_owned);
    let name = name.or_else(|| entry.full_name("first_name", "last_name"));
    let encrypted = entry.text(&["encrypted_password"]);
    ImportUser {
        is_verified: entry.text(&["confirmed_at"]).is_some(),
        name: name.or_else(|| entry.text(&["username"]).map(str::to_owned)),
        is_disabled: entry.flag(&["disabled", "blocked"]).unwrap_or_default() || entry.text(&["deleted_at"]).is_some(),
        hash: encrypted.map(|text| ImportHash { secret: pepper.cloned(), ..hash(text) }),
        ..somebody(entry.text(&["email"]))
    }
}
