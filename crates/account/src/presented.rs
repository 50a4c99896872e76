//! What somebody presents as a second factor, and whether it counts.
//!
//! Promises: one way for every second factor, in sign-ins and in sessions; what counts is used up in the transaction that lets the
//! person in or on, and what does not is on record with its reason.

use countersign_audit::Record;
use countersign_kernel::{Origin, UserId};
use countersign_store::{PasskeyPurpose, Tx, User};

use crate::accounts::Accounts;
use crate::code::{ClockDrift, CodeVerdict, TypedCode};
use crate::error::Error;
use crate::method::Second;
use crate::passkey::{Bond, PasskeyAnswer, PasskeyProof, RefusedPasskey};

/// What somebody presents as a second factor.
#[derive(Debug, Clone)]
pub enum PresentedFactor {
    /// A typed code.
    Code(TypedCode),
    /// A passkey's answer.
    Passkey(PasskeyAnswer),
}

/// The same, as far as it can be judged before the transaction that decides.
pub(crate) enum CheckedFactor<'a> {
    /// A code is judged in the transaction alone.
    Code(&'a TypedCode),
    /// The answer's signature and all that it says were judged, and its question is spent.
    Passkey(PasskeyProof),
}

/// What a second factor is worth.
pub(crate) enum FactorVerdict {
    /// It proves this, and is used up.
    Right(Second),
    /// It proves nothing.
    Wrong(WrongFactor),
}

/// Why a second factor does not count.
#[derive(Debug)]
pub(crate) enum WrongFactor {
    /// A code, with the reason for the audit trail, and how far the device's clock seems to be off, where that explains it.
    Code { reason: &'static str, drift: Option<ClockDrift> },
    /// A passkey's answer.
    Passkey(RefusedPasskey),
}

impl WrongFactor {
    /// The reason under which a failed sign-in is counted.
    pub(crate) const fn reason(&self) -> &'static str {
        match self {
            Self::Code { reason, .. } => reason,
            Self::Passkey(_) => "passkey_refused",
        }
    }
}

impl Accounts {
    /// Judges what can be judged before the transaction; a passkey's question must have been put to `user` for `purpose`, under `bond`.
    pub(crate) async fn check_factor<'a>(
        &self,
        presented: &'a PresentedFactor,
        purpose: PasskeyPurpose,
        user: UserId,
        bond: Bond<'_>,
    ) -> Result<CheckedFactor<'a>, Error> {
        Ok(match presented {
            PresentedFactor::Code(code) => CheckedFactor::Code(code),
            PresentedFactor::Passkey(answer) => {
                CheckedFactor::Passkey(self.check_passkey(answer, purpose, Some(user), bond).await?)
            }
        })
    }

    /// Judges the rest in the caller's transaction, with the person locked. What is right is used up.
    pub(crate) async fn prove_factor_in(
        &self,
        tx: &mut dyn Tx,
        user: &User,
        factor: &CheckedFactor<'_>,
        origin: &Origin,
    ) -> Result<FactorVerdict, Error> {
        let wrong = match factor {
            CheckedFactor::Code(code) => match self.prove_code_in(tx, user, code, origin).await? {
                CodeVerdict::Right(second) => return Ok(FactorVerdict::Right(second)),
                CodeVerdict::Wrong { reason, drift } => WrongFactor::Code { reason, drift },
            },
            CheckedFactor::Passkey(PasskeyProof::Refused(refused)) => WrongFactor::Passkey(refused.clone()),
            CheckedFactor::Passkey(PasskeyProof::Proven(proven)) => match self.use_passkey_in(tx, proven).await? {
                None => return Ok(FactorVerdict::Right(proven.as_second())),
                Some(refused) => WrongFactor::Passkey(refused),
            },
        };
        Ok(FactorVerdict::Wrong(wrong))
    }

    /// Puts on record what failed by it, and that a passkey may have been copied.
    pub(crate) fn audit_wrong_factor_in(&self, tx: &mut dyn Tx, wrong: &WrongFactor, record: Record, origin: &Origin) {
        match wrong {
            WrongFactor::Code { reason, .. } => tx.audit(record.refused(reason)),
            WrongFactor::Passkey(refused) => {
                tx.audit(refused.note(record));
                self.audit_clone_in(tx, refused, origin);
            }
        }
    }
}
