//! Supabase: the table auth.users, as JSON or CSV.

use std::sync::Arc;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use countersign_account::{ImportHash, ImportUser};
use countersign_kernel::Secret;

use super::{Nobody, Reading, hash, somebody};
use crate::command::import::entry::Entry;

pub(super) fn read(entry: &Entry, reading: &Reading) -> Result<ImportUser, Nobody> {
    if entry.has(&["deleted_at"]) && entry.text(&["deleted_at"]).is_some() {
        return Err(Nobody::DELETED);
    }
    let about = entry.object("raw_user_meta_data");
    let name = about.as_ref().and_then(|about| about.text(&["full_name", "name", "display_name"]));
    // A moment begins with its date, and dates compare as texts do. What is no date locks out.
    let is_banned = entry.text(&["banned_until"]).is_some_and(|until| until.get(..10) >= Some(reading.today.as_str()));
    Ok(ImportUser {
        is_verified: entry.text(&["email_confirmed_at", "confirmed_at"]).is_some(),
        name: name.map(str::to_owned),
        is_disabled: is_banned,
        hash: entry.text(&["encrypted_password"]).map(|text| of_firebase(text).unwrap_or_else(|| hash(text))),
        ..somebody(entry.text(&["email"]))
    })
}

/// Who came there from Firebase has `$fbscrypt$v=1,n=14,r=8,p=1,ss=Bw==,sk=…$salt$hash`, the signer key among the parameters.
fn of_firebase(text: &str) -> Option<ImportHash> {
    let (parameters, rest) = text.strip_prefix("$fbscrypt$")?.split_once('$')?;
    let value = |name: &str| {
        parameters
            .split(',')
            .find_map(|pair| pair.split_once('=').filter(|(key, _)| *key == name).map(|(_, value)| value))
    };
    let signer_key = STANDARD.decode(value("sk")?).ok().filter(|key| !key.is_empty())?;
    let (n, r, separator) = (value("n")?, value("r")?, value("ss").unwrap_or_default());
    if value("p").is_some_and(|p| p != "1") {
        return None;
    }
    let text = Secret::new(format!("$fbscrypt$ln={n},r={r},ss={separator}${rest}"));
    Some(ImportHash { text, secret: Some(Arc::new(Secret::new(signer_key))) })
}
