//! Django: the table `auth_user`.

use countersign_account::ImportUser;

use super::{hash, somebody};
use crate::command::import::entry::Entry;

pub(super) fn read(entry: &Entry) -> ImportUser {
    let name = entry.full_name("first_name", "last_name");
    ImportUser {
        name: name.or_else(|| entry.text(&["username"]).map(str::to_owned)),
        is_disabled: entry.flag(&["is_active"]) == Some(false),
        // A password that begins so is none: the person was to set one.
        hash: entry.text(&["password"]).filter(|text| !text.starts_with('!')).map(hash),
        ..somebody(entry.text(&["email"]).or_else(|| entry.text(&["username"]).filter(|name| name.contains('@'))))
    }
}
