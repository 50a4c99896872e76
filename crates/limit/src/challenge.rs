//! Proof of work: a number that is found by trying (DESIGN section 5).
//!
//! The form is ALTCHA's, version 1: sought is the number whose decimal digits, behind the salt, have the SHA-256 `challenge`.
//! Nothing is kept for a challenge that was given out. The number is in the hash, the expiry is in the salt and so in the hash
//! too, and the signature is a MAC over the hash and over whom the challenge was made for. Promises: a solution counts for that
//! one subject and until it expires; every way to write it down has the same [`Solution::id`], so that whoever takes each id
//! once takes each solution once; a text of any content is judged at the cost of two hashes and one MAC.

use std::fmt;

use aws_lc_rs::{digest, hmac};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use countersign_kernel::{Env, Lifetime, Secret, Timestamp, hex};
use serde::{Deserialize, Serialize};

/// Makes challenges and judges what comes back. Nodes that share the root accept each other's.
pub struct Challenges(hmac::Key);

/// What a client is to solve. As JSON it is a challenge of ALTCHA, version 1.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub struct Challenge {
    /// How the hash is made: always `SHA-256`.
    pub algorithm: &'static str,
    /// The hash, in hexadecimal digits.
    pub challenge: String,
    /// The greatest number that is worth a try: half as many hashes are needed on average.
    #[serde(rename = "maxnumber")]
    pub max_number: u32,
    /// What stands before the number, with the expiry: `0123…?expires=1800000300&`.
    pub salt: String,
    /// The proof that it is ours, in hexadecimal digits.
    pub signature: String,
}

/// A challenge of ours that was solved in time.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Solution {
    /// The same for everything that solves one challenge, and for nothing else.
    pub id: [u8; 32],
}

/// What a client sends back, as base64 of this JSON.
#[derive(Deserialize)]
struct Response {
    algorithm: String,
    challenge: String,
    number: u64,
    salt: String,
    signature: String,
}

impl Challenges {
    /// The key under `root`, 256 bits. The root may serve other purposes too.
    #[must_use]
    pub fn new(root: &Secret<[u8; 32]>) -> Self {
        // HKDF-SHA-256 without salt (RFC 5869 sections 2.2 and 2.3), written out for its one block, because so it cannot fail.
        let extracted = hmac::sign(&hmac::Key::new(hmac::HMAC_SHA256, &[0; 32]), root.expose());
        let expand = hmac::Key::new(hmac::HMAC_SHA256, extracted.as_ref());
        Self(hmac::Key::new(hmac::HMAC_SHA256, hmac::sign(&expand, INFO).as_ref()))
    }

    /// A new challenge for `subject`, at most `max_number` hashes hard, good until `now` + [`LIFETIME`].
    #[must_use]
    pub fn issue(&self, subject: &[&[u8]], max_number: u32, now: Timestamp, env: &Env) -> Challenge {
        let expires = (now + LIFETIME).as_seconds();
        let salt = format!("{}?expires={expires}&", hex::encode(&env.entropy().bytes::<12>()));
        let hash = hash_of(&salt, env.entropy().below(u64::from(max_number) + 1));
        Challenge {
            algorithm: ALGORITHM,
            challenge: hex::encode(&hash),
            max_number,
            salt,
            signature: hex::encode(hmac::sign(&self.0, &signed(subject, &hash)).as_ref()),
        }
    }

    /// Judges a response: standard base64 of JSON with `algorithm`, `challenge`, `number`, `salt` and `signature`; further
    /// members are passed over. None where it solves no challenge of ours for this `subject`, or came too late.
    #[must_use]
    pub fn judge(&self, subject: &[&[u8]], response: &str, now: Timestamp) -> Option<Solution> {
        if response.len() > LONGEST_RESPONSE {
            return None;
        }
        let response: Response = serde_json::from_slice(&STANDARD.decode(response).ok()?).ok()?;
        let (hash, signature) = (hex::decode(&response.challenge)?, hex::decode::<32>(&response.signature)?);
        // The MAC first, and in constant time: nothing of a challenge that is not ours is looked at.
        hmac::verify(&self.0, &signed(subject, &hash), &signature).ok()?;
        let solved = response.algorithm == ALGORITHM && hash_of(&response.salt, response.number) == hash;
        // The salt is ours, for its hash was signed: save that its end might be the number's beginning. It ends in no digit.
        let expires = response.salt.strip_suffix('&')?.split_once("?expires=")?.1.parse().ok()?;
        (solved && now < Timestamp::from_seconds(expires)).then_some(Solution { id: hash })
    }
}

impl fmt::Debug for Challenges {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Challenges(..)")
    }
}

/// How long a challenge may be solved: a slow telephone with the hardest one, and somebody who was called away from it.
pub const LIFETIME: Lifetime = Lifetime::from_minutes(5);

const ALGORITHM: &str = "SHA-256";
/// The label of the key, and the number of the block.
const INFO: &[u8] = b"countersign/challenge/1\x01";
/// A response has some 350 bytes of JSON.
const LONGEST_RESPONSE: usize = 1_024;

/// What the MAC is over. Parts are kept apart: `["ab", "c"]` is not `["a", "bc"]`.
fn signed(subject: &[&[u8]], hash: &[u8; 32]) -> Vec<u8> {
    let mut bytes = Vec::with_capacity(128);
    for part in subject {
        bytes.extend_from_slice(&(part.len() as u64).to_le_bytes());
        bytes.extend_from_slice(part);
    }
    bytes.extend_from_slice(hash);
    bytes
}

fn hash_of(salt: &str, number: u64) -> [u8; 32] {
    let mut context = digest::Context::new(&digest::SHA256);
    context.update(salt.as_bytes());
    context.update(number.to_string().as_bytes());
    context.finish().as_ref().first_chunk().copied().unwrap_or_default()
}

#[cfg(test)]
mod tests;
