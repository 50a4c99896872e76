//! Recovery codes: for whoever has lost his second factor.
//!
//! Promises: ten at a time, each works once and for its owner alone, new ones void the old; what is kept is a keyed hash, bound to
//! the person. A code is 16 characters of 32 (Crockford's base32: no I, L, O or U), 80 random bits, shown in groups of four; hyphens,
//! spaces and case are forgiven, and O, I and L are read as what they look like.
//!
//! OWASP ASVS 6.5.2 wants secrets under 112 bits hashed as passwords are. That is against whoever holds the database; here the key of
//! the hash is sealed under the master key, which is not in there, and 80 bits are beyond trying out even with it. A slow hash would
//! only make ten of them slow to check.

use countersign_audit::{Actor, Event};
use countersign_kernel::{Origin, Secret};
use countersign_session::Identity;
use countersign_store::{RecoveryCodeHash, Tx, User};

use crate::accounts::{Accounts, retrying};
use crate::code::CodeVerdict;
use crate::error::Error;
use crate::factor::Factor;
use crate::method::Second;
use crate::recovery_keys::{ALPHABET, GROUP, LENGTH};

/// What became of the wish for new recovery codes.
#[derive(Debug)]
pub enum RecoveryCodesVerdict {
    /// Ten new ones, shown this once; the old ones are void.
    Made(Vec<Secret<String>>),
    /// Without a second factor there is nothing to recover.
    NoSecondFactor,
    /// One of these must be proven first, lately.
    FactorRequired(Vec<Factor>),
    /// The account is gone.
    Gone,
}

impl Accounts {
    /// Makes ten new recovery codes. Asks for a second factor that was proven lately in this session.
    ///
    /// # Errors
    /// [`Error`] if the store fails; the old codes are good then.
    pub async fn renew_recovery_codes(
        &self,
        identity: &Identity,
        origin: &Origin,
    ) -> Result<RecoveryCodesVerdict, Error> {
        retrying(|| async {
            let mut tx = self.store().begin().await?;
            let Some(person) = self.lock_active(tx.as_mut(), identity.user).await? else {
                return Ok(RecoveryCodesVerdict::Gone);
            };
            let enrolled = self.enrolled_in(tx.as_mut(), identity.user).await?;
            if !enrolled.has_second_factor() {
                return Ok(RecoveryCodesVerdict::NoSecondFactor);
            }
            if !self.has_recent_factor_in(tx.as_mut(), identity).await? {
                return Ok(RecoveryCodesVerdict::FactorRequired(enrolled.factors()));
            }
            let codes = self.make_recovery_codes_in(tx.as_mut(), person.user(), origin).await?;
            tx.commit().await?;
            Ok(RecoveryCodesVerdict::Made(codes))
        })
        .await
    }

    /// Makes ten new recovery codes in the caller's transaction, with their record.
    pub(crate) async fn make_recovery_codes_in(
        &self,
        tx: &mut dyn Tx,
        user: &User,
        origin: &Origin,
    ) -> Result<Vec<Secret<String>>, Error> {
        let codes: Vec<Secret<String>> = (0..COUNT).map(|_| self.fresh_recovery_code()).collect();
        let hashes: Vec<RecoveryCodeHash> =
            codes.iter().filter_map(|code| self.recovery_keys().hash(user.id, code.expose())).collect();
        let now = tx.now();
        tx.replace_recovery_codes(user.id, &hashes, now).await?;
        let record = self.record(tx, Event::RecoveryCodesMade, Actor::User(user.id), origin);
        tx.audit(record.of(user.id).with("count", hashes.len().to_string()));
        Ok(codes)
    }

    /// Takes a recovery code in the caller's transaction, with a record that says how many are left.
    pub(crate) async fn prove_recovery_code_in(
        &self,
        tx: &mut dyn Tx,
        user: &User,
        typed: &str,
        origin: &Origin,
    ) -> Result<CodeVerdict, Error> {
        let enrolled = self.enrolled_in(tx, user.id).await?;
        let hash = self.recovery_keys().hash(user.id, typed).filter(|_| enrolled.has_second_factor());
        let Some(hash) = hash else { return Ok(CodeVerdict::wrong("wrong_recovery_code")) };
        if !tx.take_recovery_code(user.id, hash).await? {
            return Ok(CodeVerdict::wrong("wrong_recovery_code"));
        }
        let record = self.record(tx, Event::RecoveryCodeUsed, Actor::User(user.id), origin);
        let left = enrolled.recovery_codes.saturating_sub(1);
        tx.audit(record.of(user.id).with("left", left.to_string()));
        Ok(CodeVerdict::Right(Second::Recovery))
    }

    /// 80 random bits, in four groups of four characters with hyphens between.
    fn fresh_recovery_code(&self) -> Secret<String> {
        let bytes = Secret::new(self.env().entropy().bytes::<LENGTH>());
        let mut text = String::with_capacity(LENGTH + LENGTH / GROUP);
        for (place, byte) in bytes.expose().iter().enumerate() {
            if place > 0 && place % GROUP == 0 {
                text.push('-');
            }
            // 256 is a multiple of 32: every character is as likely as any other.
            text.push(char::from(ALPHABET.get(usize::from(byte % 32)).copied().unwrap_or(b'0')));
        }
        Secret::new(text)
    }
}

/// How many codes somebody has.
const COUNT: usize = 10;
