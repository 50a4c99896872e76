//! Keycloak: users of a realm, each with a list of credentials.

use countersign_account::{ImportHash, ImportUser};

use super::{hash, somebody};
use crate::command::import::entry::Entry;

/// Roles that every Keycloak has and that mean nothing elsewhere.
const OWN_ROLES: [&str; 2] = ["offline_access", "uma_authorization"];

pub(super) fn read(entry: &Entry) -> ImportUser {
    // Where people sign in with their address, it may stand in this place alone.
    let email = entry.text(&["email"]).or_else(|| entry.text(&["username"]).filter(|name| name.contains('@')));
    let is_ours = |role: &String| !OWN_ROLES.contains(&role.as_str()) && !role.starts_with("default-roles-");
    ImportUser {
        is_verified: entry.flag(&["emailVerified"]).unwrap_or_default(),
        name: entry.full_name("firstName", "lastName").or_else(|| entry.text(&["username"]).map(str::to_owned)),
        is_disabled: entry.flag(&["enabled"]) == Some(false),
        roles: entry.texts("realmRoles").into_iter().filter(is_ours).collect(),
        hash: entry.objects("credentials").iter().find(|one| one.text(&["type"]) == Some("password")).map(password),
        ..somebody(email)
    }
}

/// A password: `secretData` and `credentialData` are JSON in a text. Before version 8 the same stood beside each other.
fn password(credential: &Entry) -> ImportHash {
    let read = || match (credential.object("secretData"), credential.object("credentialData")) {
        (Some(secret), Some(data)) => written(
            secret.text(&["value"])?,
            secret.text(&["salt"]).unwrap_or_default(),
            data.text(&["algorithm"])?,
            data.number(&["hashIterations"])?,
            data.object("additionalParameters").as_ref(),
        ),
        _ => written(
            credential.text(&["hashedSaltedValue"])?,
            credential.text(&["salt"]).unwrap_or_default(),
            credential.text(&["algorithm"])?,
            credential.number(&["hashIterations"])?,
            None,
        ),
    };
    hash(read().unwrap_or_default())
}

fn written(value: &str, salt: &str, algorithm: &str, iterations: u64, more: Option<&Entry>) -> Option<String> {
    if algorithm != "argon2" {
        return Some(format!("${algorithm}$i={iterations}${salt}${value}"));
    }
    let more = more?;
    // Each is a list of one text.
    let first = |name: &str| more.texts(name).into_iter().next();
    let (kind, memory, lanes) = (first("type")?, first("memory")?, first("parallelism")?);
    let version = if first("version").as_deref() == Some("1.0") { 16 } else { 19 };
    let [salt, value] = [salt, value].map(|text| text.trim_end_matches('='));
    Some(format!("$argon2{kind}$v={version}$m={memory},t={iterations},p={lanes}${salt}${value}"))
}
