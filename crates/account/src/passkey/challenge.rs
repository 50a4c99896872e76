//! Questions to authenticators: asked once, answered once.

use countersign_audit::Actor;
use countersign_kernel::{Origin, UserId};
use countersign_limit::{Reading, Refused};
use countersign_store::{PasskeyChallenge, PasskeyPurpose, Tx};

use super::Bond;
use super::relying_party::{LIFE, Question};
use crate::accounts::{Accounts, retrying};
use crate::error::Error;
use crate::limits::{Charge, source};

impl Accounts {
    /// Counts a question before it is asked: each is a row. Whoever is signed in is counted by his account, everyone else by the
    /// address.
    pub(super) async fn count_question(
        &self,
        user: Option<UserId>,
        origin: &Origin,
    ) -> Result<Result<Vec<Reading>, Refused>, Error> {
        let buckets = match user {
            Some(user) => self.buckets().passkey_of(&user.to_bytes()),
            None => self.buckets().passkey_from(&source(origin)),
        };
        match Charge::take(self, buckets).await {
            Ok(charge) => Ok(Ok(charge.keep())),
            Err(refused) => {
                let actor = user.map_or(Actor::Anonymous, Actor::User);
                self.audit_limit(&refused, actor, user, origin, "passkey_challenge").await?;
                Ok(Err(refused))
            }
        }
    }

    /// Keeps a question.
    pub(super) async fn ask_in(
        &self,
        tx: &mut dyn Tx,
        question: &Question,
        purpose: PasskeyPurpose,
        user: Option<UserId>,
        bond: Bond<'_>,
    ) -> Result<(), Error> {
        let challenge = PasskeyChallenge {
            challenge_hash: question.challenge_hash,
            purpose,
            user,
            bound_to: bond.hash(),
            state: question.state.clone(),
            expires_at: tx.now() + LIFE,
        };
        Ok(tx.insert_passkey_challenge(&challenge).await?)
    }

    /// Takes the question that an answer names, in a transaction of its own: whatever the answer turns out to be worth, the
    /// question is spent. None where it names none, or one that is
    /// unknown, spent, too old, of another purpose, or asked elsewhere.
    pub(super) async fn take_question(
        &self,
        challenge_hash: Option<[u8; 32]>,
        purpose: PasskeyPurpose,
        bond: Bond<'_>,
    ) -> Result<Option<PasskeyChallenge>, Error> {
        let Some(challenge_hash) = challenge_hash else { return Ok(None) };
        let bound_to = bond.hash();
        retrying(|| async {
            let mut tx = self.store().begin().await?;
            let now = tx.now();
            let taken = tx.consume_passkey_challenge(&challenge_hash, purpose, &bound_to, now).await?;
            tx.commit().await?;
            Ok(taken)
        })
        .await
    }
}
