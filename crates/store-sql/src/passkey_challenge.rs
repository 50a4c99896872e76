//! Keeps questions that wait for an authenticator's answer.

use async_trait::async_trait;
use countersign_kernel::{Timestamp, UserId};
use countersign_store::{Error, PasskeyChallenge, PasskeyChallenges, PasskeyPurpose};
use uuid::Uuid;

use crate::engine::{change_many, change_or, take};
use crate::error::{lost_reference, refused};
use crate::row::{micros, moment, row};
use crate::tx::SqlTx;

const INSERT: &str = "INSERT INTO passkey_challenges (challenge_hash, purpose, user_id, bound_to, state, expires_at) \
     VALUES ($1, $2, $3, $4, $5, $6)";
const CONSUME: &str = "DELETE FROM passkey_challenges \
     WHERE challenge_hash = $1 AND purpose = $2 AND bound_to = $3 AND expires_at > $4 RETURNING user_id, state, expires_at";
const SWEEP: &str = "DELETE FROM passkey_challenges WHERE challenge_hash IN \
     (SELECT challenge_hash FROM passkey_challenges WHERE expires_at <= $1 ORDER BY expires_at LIMIT $2)";

row! {
    struct ConsumedRow {
        user_id: Option<Uuid>,
        state: String,
        expires_at: i64,
    }
}

#[async_trait]
impl PasskeyChallenges for SqlTx {
    async fn insert_passkey_challenge(&mut self, challenge: &PasskeyChallenge) -> Result<(), Error> {
        let inserted = change_or!(
            lost_reference,
            self,
            INSERT,
            challenge.challenge_hash.as_slice(),
            challenge.purpose.as_str(),
            challenge.user.map(UserId::as_uuid),
            challenge.bound_to.as_slice(),
            challenge.state.as_str(),
            micros(challenge.expires_at),
        )?;
        if inserted == 1 { Ok(()) } else { Err(refused("the challenge was not written")) }
    }

    async fn consume_passkey_challenge(
        &mut self,
        challenge_hash: &[u8; 32],
        purpose: PasskeyPurpose,
        bound_to: &[u8; 32],
        now: Timestamp,
    ) -> Result<Option<PasskeyChallenge>, Error> {
        let (hash, bond) = (challenge_hash.as_slice(), bound_to.as_slice());
        let row = take!(self, ConsumedRow, CONSUME, hash, purpose.as_str(), bond, micros(now))?;
        Ok(row.map(|row| PasskeyChallenge {
            challenge_hash: *challenge_hash,
            purpose,
            user: row.user_id.map(UserId::from_uuid),
            bound_to: *bound_to,
            state: row.state,
            expires_at: moment(row.expires_at),
        }))
    }

    async fn sweep_passkey_challenges(&mut self, now: Timestamp, limit: u32) -> Result<u64, Error> {
        change_many!(self, SWEEP, micros(now), i64::from(limit))
    }
}
