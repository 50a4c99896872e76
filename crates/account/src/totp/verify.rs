//! Proves a code of an authenticator app.

use countersign_store::{Tx, User};

use super::CodeJudged;
use crate::accounts::Accounts;
use crate::code::CodeVerdict;
use crate::error::Error;
use crate::method::Second;

impl Accounts {
    /// Judges a code in the caller's transaction, and takes its step: on all nodes each code works once.
    ///
    /// A code that is known before its time is nobody's accident: told that it drifts, whoever guessed it would know a code that is
    /// good a few minutes later. So its step is burnt.
    pub(crate) async fn prove_totp_in(&self, tx: &mut dyn Tx, user: &User, code: &str) -> Result<CodeVerdict, Error> {
        let Some(totp) = tx.find_totp(user.id).await?.filter(|totp| totp.confirmed_at.is_some()) else {
            return Ok(CodeVerdict::wrong("no_such_factor"));
        };
        let shared = self.open_totp(user.id, &user.email, &totp.sealed).await?;
        let now = tx.now();
        match shared.judge(code, now) {
            CodeJudged::Wrong => Ok(CodeVerdict::wrong("wrong_code")),
            CodeJudged::Drifted { step, drift } => {
                if drift.seconds > 0 {
                    tx.burn_totp_step(user.id, step).await?;
                }
                Ok(CodeVerdict::Wrong { reason: "clock_drift", drift: Some(drift) })
            }
            CodeJudged::Fits { step } => {
                let taken = tx.take_totp_step(user.id, step).await?;
                Ok(if taken { CodeVerdict::Right(Second::Totp) } else { CodeVerdict::wrong("code_reused") })
            }
        }
    }
}
