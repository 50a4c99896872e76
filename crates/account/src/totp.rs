//! Authenticator apps (RFC 6238): a shared secret, six digits, a new code each 30 seconds.
//!
//! HMAC-SHA-1 and six digits, because that is what every app can; neither the collisions of SHA-1 nor the short code weaken it, since
//! codes are counted and each step works once. A code of the step before or after the present one is taken, so that a slow hand or a
//! clock that is half a minute off does no harm (RFC 6238 section 5.2; the bound of OWASP ASVS 6.5.5).

mod enroll;
mod verify;

use countersign_kernel::{Secret, Timestamp, UserId};
use countersign_keys::SealedData;
use countersign_store::SealedTotp;
use fast_qr::convert::svg::SvgBuilder;
use fast_qr::qr::QRBuilder;
use totp_rs::{Algorithm, Builder, Totp};

use crate::accounts::Accounts;
use crate::code::ClockDrift;
use crate::error::Error;

pub use enroll::{BeginTotpVerdict, BegunTotp, ConfirmTotpVerdict, RemoveTotpVerdict};

/// What a code says.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum CodeJudged {
    /// It is the code of this step, which is near enough.
    Fits {
        /// The step.
        step: u64,
    },
    /// It is the code of a step that is too far away to be taken.
    Drifted {
        /// The step.
        step: u64,
        /// How far.
        drift: ClockDrift,
    },
    /// It is none.
    Wrong,
}

/// A shared secret, opened.
pub(crate) struct Shared(Totp);

impl Shared {
    /// Of these bytes, called by `issuer` and `account` in the app.
    fn new(secret: &[u8], issuer: &str, account: &str) -> Result<Self, Error> {
        // The label of the URI has a colon between the two.
        let plain = |text: &str| text.replace(':', " ");
        Builder::new()
            .with_algorithm(Algorithm::SHA1)
            .with_digits(DIGITS)
            .with_skew(0)
            .with_step_duration(STEP_SECONDS)
            .with_secret(totp_rs::Secret::from(secret))
            .with_issuer(Some(plain(issuer)))
            .with_account_name(plain(account))
            .build()
            .map(Self)
            .map_err(|_| Error::Totp("could not use a shared secret"))
    }

    /// Compares a code with those of the steps around `now`, all of them, the nearest first.
    pub(crate) fn judge(&self, code: &str, now: Timestamp) -> CodeJudged {
        let typed: String = code.chars().filter(|c| !c.is_whitespace()).collect();
        if typed.len() != DIGITS_TYPED || !typed.bytes().all(|byte| byte.is_ascii_digit()) {
            return CodeJudged::Wrong;
        }
        let typed = Secret::new(typed);
        let present = now.as_seconds().div_euclid(STEP);
        let mut found = None;
        for away in (0..=FARTHEST).flat_map(|away| [away, -away]) {
            let Ok(step) = u64::try_from(present.saturating_add(away)) else { continue };
            let code = self.0.generate(step.saturating_mul(STEP_SECONDS)).to_string();
            // No early end: how long it takes says nothing of where the code was.
            let is_it = typed.matches(code.as_bytes());
            if is_it && found.is_none() {
                found = Some((step, away));
            }
        }
        match found {
            Some((step, away)) if away.abs() <= NEAR => CodeJudged::Fits { step },
            Some((step, away)) => {
                CodeJudged::Drifted { step, drift: ClockDrift { seconds: away.saturating_mul(STEP) } }
            }
            None => CodeJudged::Wrong,
        }
    }

    /// The secret for typing: base32 (RFC 4648) without padding.
    fn text(&self) -> Secret<String> {
        Secret::new(self.0.secret().to_base32())
    }

    /// The `otpauth:` URI.
    fn url(&self) -> Result<Secret<String>, Error> {
        self.0.to_url().map(Secret::new).map_err(|_| Error::Totp("could not write the URI"))
    }
}

/// A picture of the URI for the app's camera: SVG, without scripts, styles or anything from elsewhere.
fn qr_svg(url: &Secret<String>) -> Result<Secret<String>, Error> {
    let code = QRBuilder::new(url.expose().as_str()).build().map_err(|_| Error::Totp("could not draw the QR code"))?;
    Ok(Secret::new(SvgBuilder::default().to_str(&code)))
}

impl Accounts {
    /// Opens a person's shared secret.
    pub(crate) async fn open_totp(&self, user: UserId, email: &str, sealed: &SealedTotp) -> Result<Shared, Error> {
        let sealed = SealedData { bytes: sealed.bytes.clone(), key: sealed.key };
        let secret = self.data_keys().open(&context(user), &sealed).await?;
        Shared::new(secret.expose(), self.host(), email)
    }

    /// Seals a person's shared secret.
    pub(crate) fn seal_totp(&self, user: UserId, secret: &Secret<[u8; SECRET_BYTES]>) -> Result<SealedTotp, Error> {
        let SealedData { bytes, key } = self.data_keys().seal(&context(user), secret.expose())?;
        Ok(SealedTotp { bytes, key })
    }

    /// Seals at most `limit` secrets anew that an older data key sealed; how many it were.
    pub(crate) async fn reseal_totps(&self, limit: u32) -> Result<u64, Error> {
        self.data_keys().reload().await?;
        let newest = self.data_keys().newest();
        // Nearly always there is nothing to do, and nobody is to wait for the writer's turn.
        if self.store().snapshot().await?.list_totps_not_under(newest, 1).await?.is_empty() {
            return Ok(0);
        }
        let mut tx = self.store().begin().await?;
        let behind = tx.list_totps_not_under(newest, limit).await?;
        let mut resealed = 0;
        for totp in behind {
            let old = SealedData { bytes: totp.sealed.bytes.clone(), key: totp.sealed.key };
            let secret = self.data_keys().open(&context(totp.user), &old).await?;
            let SealedData { bytes, key } = self.data_keys().seal(&context(totp.user), secret.expose())?;
            resealed += u64::from(tx.reseal_totp(totp.user, &totp.sealed, &SealedTotp { bytes, key }).await?);
        }
        if resealed > 0 {
            tx.commit().await?;
        }
        Ok(resealed)
    }
}

/// Where a secret belongs: sealed bytes that are moved to another person's row do not open there.
fn context(user: UserId) -> String {
    format!("totp/{user}")
}

/// 160 bits, as RFC 4226 section 4 recommends.
pub(crate) const SECRET_BYTES: usize = 20;
const DIGITS: u8 = 6;
const DIGITS_TYPED: usize = 6;
const STEP_SECONDS: u64 = 30;
const STEP: i64 = 30;
/// How many steps from the present one a code is taken.
const NEAR: i64 = 1;
/// How many steps from the present one a code is recognised: ten minutes.
const FARTHEST: i64 = 20;

#[cfg(test)]
mod tests;
