//! Firebase: `firebase auth:export`, as JSON or as a table without a header.

use countersign_account::{ImportHash, ImportUser};
use countersign_kernel::Secret;

use super::{FirebaseProject, somebody};
use crate::command::import::entry::Entry;

/// The first columns of its tables. What follows is about other providers.
const NAMES: [&str; 6] = ["localId", "email", "emailVerified", "passwordHash", "salt", "displayName"];

/// The names of the columns, unless the first row says them itself.
pub(super) fn names_without_header(first: &[u8]) -> Option<&'static [&'static str]> {
    (!first.windows(7).any(|seven| seven == b"localId")).then_some(&NAMES)
}

pub(super) fn read(entry: &Entry, project: &FirebaseProject) -> ImportUser {
    ImportUser {
        is_verified: entry.flag(&["emailVerified"]).unwrap_or_default(),
        name: entry.text(&["displayName"]).map(str::to_owned),
        is_disabled: entry.flag(&["disabled"]).unwrap_or_default(),
        hash: entry.text(&["passwordHash"]).map(|value| {
            let (mem_cost, rounds, separator) = (project.mem_cost, project.rounds, &project.salt_separator);
            let salt = entry.text(&["salt", "passwordSalt"]).unwrap_or_default();
            let text = Secret::new(format!("$fbscrypt$ln={mem_cost},r={rounds},ss={separator}${salt}${value}"));
            ImportHash { text, secret: project.signer_key.clone() }
        }),
        ..somebody(entry.text(&["email"]))
    }
}
