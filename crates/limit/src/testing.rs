//! What tests of the floors above need: a client that solves challenges, and the promises of a limiter.

pub mod contract;

use aws_lc_rs::digest;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use countersign_kernel::hex;
use serde_json::{Value, json};

/// Solves a challenge, given as the JSON that a client receives; the text to send as `challengeResponse`. None where it is no
/// challenge, or has no solution.
#[must_use]
pub fn solve(challenge: &Value) -> Option<String> {
    let salt = challenge.get("salt")?.as_str()?;
    let wanted = challenge.get("challenge")?.as_str()?;
    let most = challenge.get("maxnumber")?.as_u64()?;
    let number = (0..=most).find(|number| hash(salt, *number) == wanted)?;
    let mut response = json!({"number": number});
    for name in ["algorithm", "challenge", "salt", "signature"] {
        response.as_object_mut()?.insert(name.to_owned(), challenge.get(name)?.clone());
    }
    Some(STANDARD.encode(response.to_string()))
}

fn hash(salt: &str, number: u64) -> String {
    hex::encode(digest::digest(&digest::SHA256, format!("{salt}{number}").as_bytes()).as_ref())
}
