//! The heartbeat: a signed word on how far the log has been read, and up to when.

use std::sync::Arc;

use countersign_store::RevocationHead;
use serde::Serialize;

use super::{Feed, State};
use crate::error::Error;

/// The `typ` of a heartbeat: no other token has it.
pub(super) const HEARTBEAT_TYPE: &str = "countersign-revocation-heartbeat+jwt";

/// A heartbeat that was signed.
pub(super) struct Beat {
    place: RevocationHead,
    time: i64,
    text: Arc<str>,
}

#[derive(Serialize)]
struct Claims<'a> {
    iss: &'a str,
    seq: u64,
    hash: String,
    time: i64,
}

impl Feed {
    /// The heartbeat of this moment, signed once for all who are told the same.
    pub(super) fn beat(&self, state: &mut State) -> Result<(RevocationHead, Arc<str>), Error> {
        let (place, time) = (state.log.head, state.heard.as_seconds());
        if let Some(beat) = state.beat.as_ref().filter(|beat| beat.place == place && beat.time == time) {
            return Ok((place, Arc::clone(&beat.text)));
        }
        let claims = Claims { iss: &self.issuer, seq: place.seq, hash: format!("{:016x}", place.hash), time };
        let signer = self.keys.signer(state.heard)?;
        let text: Arc<str> = signer.sign(HEARTBEAT_TYPE, &claims).map_err(Error::Signing)?.into();
        state.beat = Some(Beat { place, time, text: Arc::clone(&text) });
        Ok((place, text))
    }
}
