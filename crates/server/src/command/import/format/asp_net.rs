//! ASP.NET Identity: the table `AspNetUsers`.

use countersign_account::ImportUser;

use super::{hash, somebody};
use crate::command::import::entry::Entry;

pub(super) fn read(entry: &Entry) -> ImportUser {
    ImportUser {
        is_verified: entry.flag(&["EmailConfirmed"]).unwrap_or_default(),
        name: entry.text(&["Name", "FullName", "UserName"]).map(str::to_owned),
        hash: entry.text(&["PasswordHash"]).map(hash),
        ..somebody(entry.text(&["Email", "NormalizedEmail"]))
    }
}
