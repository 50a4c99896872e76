//! The signed word of the feed on how far its log goes (docs/design/revocation-feed.md, "The heartbeat").

use std::sync::Arc;

use countersign_jose::{Algorithm, base64url, json, verify_jws};
use countersign_kernel::{Env, Lifetime, Timestamp};
use serde_json::Value;

use crate::jwks::Keys;

/// The `typ` of a heartbeat: no other token has it.
const HEARTBEAT_TYPE: &str = "countersign-revocation-heartbeat+jwt";

/// A heartbeat that is good.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Heartbeat {
    /// `seq-hash`.
    pub(crate) place: String,
    /// `hash`.
    pub(crate) hash: String,
    /// Up to when the log was read to its end.
    pub(crate) time: Timestamp,
}

impl Heartbeat {
    /// Reads a heartbeat of `issuer`. An unknown key is asked for.
    ///
    /// # Errors
    /// What is wrong with it, for a log.
    pub(crate) async fn read(text: &str, keys: &Arc<Keys>, issuer: &str, env: &Env) -> Result<Self, &'static str> {
        let kid = kid_of(text)?;
        let known = |now| keys.believed(now).filter(|kept| kept.set.find(&kid).is_some());
        let mut kept = known(env.now());
        if kept.is_none() && keys.look_again().await {
            kept = known(env.now());
        }
        let kept = kept.ok_or("a heartbeat by an unknown key")?;
        if kept.set.find(&kid).is_none_or(|key| key.algorithm() != Algorithm::EdDSA) {
            return Err("a heartbeat by a key of another algorithm");
        }
        let payload = verify_jws(text, &kept.set, Some(HEARTBEAT_TYPE));
        let payload = payload.map_err(|_| "a heartbeat whose signature is not good")?;
        let claims = json::object(&payload).map_err(|_| "a heartbeat that is not strict JSON")?;
        if claims.get("iss").and_then(Value::as_str) != Some(issuer) {
            return Err("a heartbeat of another issuer");
        }
        let number = |name: &str| claims.get(name).and_then(Value::as_u64);
        let hash = claims.get("hash").and_then(Value::as_str);
        let (Some(seq), Some(hash), Some(time)) = (number("seq"), hash, number("time")) else {
            return Err("a heartbeat without place or time");
        };
        let time = Timestamp::from_seconds(i64::try_from(time).unwrap_or(i64::MAX));
        if time > env.now() + MOST_AHEAD {
            return Err("a heartbeat from the future: this machine's clock may be behind");
        }
        Ok(Self { place: format!("{seq}-{hash}"), hash: hash.to_owned(), time })
    }
}

/// The name of the key, of a JWS whose `typ` is exactly a heartbeat's. The library that verifies it compares types as media types.
fn kid_of(text: &str) -> Result<String, &'static str> {
    let not_one = "something that is not a heartbeat";
    let header = text.split('.').next().and_then(|part| base64url::decode(part).ok()).ok_or(not_one)?;
    let header = json::object(&header).map_err(|_| not_one)?;
    if header.get("typ").and_then(Value::as_str) != Some(HEARTBEAT_TYPE) {
        return Err("a token of another type as a heartbeat");
    }
    header.get("kid").and_then(Value::as_str).map(str::to_owned).ok_or("a heartbeat by nobody's key")
}

const MOST_AHEAD: Lifetime = Lifetime::from_seconds(30);
