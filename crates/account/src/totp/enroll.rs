//! Sets an authenticator app up, and takes it away.
//!
//! Promises: nothing is on before a code of it was given; the secret is shown when it is made and never again; what changes asks for
//! a recent sign-in, and where there is a second factor already, for that; a change ends the person's other sessions, and voids
//! pending sign-ins and remembered devices.

use countersign_audit::{Actor, Event};
use countersign_kernel::{Lifetime, Origin, Secret};
use countersign_limit::Refused;
use countersign_session::Identity;
use countersign_store::Totp;

use super::{CodeJudged, SECRET_BYTES, qr_svg};
use crate::accounts::{Accounts, Told, retrying};
use crate::code::ClockDrift;
use crate::error::Error;
use crate::factor::Factor;
use crate::limits::Charge;
use crate::method::Method;

/// How long a new secret waits for its first code.
const WAITS: Lifetime = Lifetime::from_minutes(15);

/// What the app is to be told, shown this once.
#[derive(Debug)]
pub struct BegunTotp {
    /// The secret, for typing: base32.
    pub secret: Secret<String>,
    /// The `otpauth:` URI.
    pub url: Secret<String>,
    /// The same as a picture for the app's camera: SVG.
    pub qr_svg: Secret<String>,
}

/// What became of the wish to set an app up.
#[derive(Debug)]
pub enum BeginTotpVerdict {
    /// A new secret, which is not on yet. One that was never confirmed is void.
    Begun(Box<BegunTotp>),
    /// There is an app already.
    AlreadyOn,
    /// The sign-in is too long ago for this.
    StepUpRequired,
    /// One of these must be proven first, lately.
    FactorRequired(Vec<Factor>),
    /// The account is gone.
    Gone,
}

/// What became of an app's first code.
#[derive(Debug)]
pub enum ConfirmTotpVerdict {
    /// The app is on. Ten recovery codes, shown this once.
    Confirmed(Vec<Secret<String>>),
    /// Not its code.
    Failed(Option<ClockDrift>),
    /// There is no secret that waits: it was never made, or too long ago, or is on already.
    NotBegun,
    /// Too many tries.
    Limited(Refused),
    /// The session or the account is gone.
    Gone,
}

/// What became of the wish to take an app away.
#[derive(Debug)]
pub enum RemoveTotpVerdict {
    /// It is off.
    Removed,
    /// There was none.
    NotOn,
    /// One of these must be proven first, lately.
    FactorRequired(Vec<Factor>),
    /// The account is gone.
    Gone,
}

impl Accounts {
    /// Makes a secret for a new app.
    ///
    /// # Errors
    /// [`Error`] if the store fails; nothing has changed then.
    pub async fn begin_totp(&self, identity: &Identity) -> Result<BeginTotpVerdict, Error> {
        if !self.sessions().is_recent(identity) {
            return Ok(BeginTotpVerdict::StepUpRequired);
        }
        let secret = Secret::new(self.env().entropy().bytes::<SECRET_BYTES>());
        let sealed = self.seal_totp(identity.user, &secret)?;
        let email = retrying(|| async {
            let mut tx = self.store().begin().await?;
            let Some(person) = self.lock_active(tx.as_mut(), identity.user).await? else {
                return Ok(Err(BeginTotpVerdict::Gone));
            };
            let enrolled = self.enrolled_in(tx.as_mut(), identity.user).await?;
            if enrolled.totp {
                return Ok(Err(BeginTotpVerdict::AlreadyOn));
            }
            if enrolled.has_second_factor() && !self.has_recent_factor_in(tx.as_mut(), identity).await? {
                return Ok(Err(BeginTotpVerdict::FactorRequired(enrolled.factors())));
            }
            let now = tx.now();
            if !tx.begin_totp(identity.user, &sealed, now).await? {
                return Ok(Err(BeginTotpVerdict::AlreadyOn));
            }
            tx.commit().await?;
            Ok(Ok(person.user().email.clone()))
        })
        .await?;
        let email = match email {
            Ok(email) => email,
            Err(refusal) => return Ok(refusal),
        };
        let shared = self.open_totp(identity.user, &email, &sealed).await?;
        let url = shared.url()?;
        let qr_svg = qr_svg(&url)?;
        Ok(BeginTotpVerdict::Begun(Box::new(BegunTotp { secret: shared.text(), url, qr_svg })))
    }

    /// Switches a new app on, for its first code. The session has then proven it.
    ///
    /// # Errors
    /// [`Error`] if the store fails; nothing has changed then, and the try stays counted.
    pub async fn confirm_totp(
        &self,
        identity: &Identity,
        code: &Secret<String>,
        origin: &Origin,
    ) -> Result<Told<ConfirmTotpVerdict>, Error> {
        // Counted apart from sign-ins: who mistypes here must not be kept from those.
        let charge = match Charge::take(self, self.buckets().second_factor_setup(&identity.user.to_bytes())).await {
            Ok(charge) => charge,
            Err(refused) => {
                let actor = Actor::User(identity.user);
                self.audit_limit(&refused, actor, Some(identity.user), origin, "second_factor_setup").await?;
                let readings = refused.readings.clone();
                return Ok((ConfirmTotpVerdict::Limited(refused), readings));
            }
        };
        let verdict = retrying(|| self.write_confirmation(identity, code, origin)).await?;
        let readings =
            if let ConfirmTotpVerdict::Failed(_) = verdict { charge.keep() } else { charge.give_back(self).await };
        Ok((verdict, readings))
    }

    async fn write_confirmation(
        &self,
        identity: &Identity,
        code: &Secret<String>,
        origin: &Origin,
    ) -> Result<ConfirmTotpVerdict, Error> {
        let mut tx = self.store().begin().await?;
        let Some(person) = self.lock_active(tx.as_mut(), identity.user).await? else {
            return Ok(ConfirmTotpVerdict::Gone);
        };
        let (user, now) = (person.user(), tx.now());
        let waits = |totp: &Totp| totp.confirmed_at.is_none() && now.since(totp.created_at) < WAITS;
        let Some(totp) = tx.find_totp(user.id).await?.filter(waits) else { return Ok(ConfirmTotpVerdict::NotBegun) };
        let shared = self.open_totp(user.id, &user.email, &totp.sealed).await?;
        let (step, drift) = match shared.judge(code.expose(), now) {
            CodeJudged::Fits { step } => (Some(step), None),
            CodeJudged::Drifted { drift, .. } => (None, Some(drift)),
            CodeJudged::Wrong => (None, None),
        };
        let actor = Actor::User(user.id);
        let Some(step) = step else {
            let reason = if drift.is_some() { "clock_drift" } else { "wrong_code" };
            let record = self.record(tx.as_ref(), Event::FactorAdditionFailed, actor, origin).of(user.id);
            tx.audit(record.in_session(identity.session).refused(reason).with("factor", Factor::Totp.as_str()));
            tx.commit().await?;
            return Ok(ConfirmTotpVerdict::Failed(drift));
        };
        if !tx.confirm_totp(user.id, &totp.sealed, step, now).await? {
            return Ok(ConfirmTotpVerdict::NotBegun);
        }
        // Before `ver` is raised: the session's next token says what was proven here.
        let (session, amr) = (identity.session, Method::Totp.amr());
        if self.sessions().step_up_in(tx.as_mut(), session, amr, now, origin).await?.is_none() {
            return Ok(ConfirmTotpVerdict::Gone);
        }
        tx.note_factor_proof(session, now).await?;
        let ended = self.factors_changed_in(tx.as_mut(), user.id, Some(session)).await?;
        let record = self.record(tx.as_ref(), Event::FactorAdded, actor, origin).of(user.id).in_session(session);
        tx.audit(record.with("factor", Factor::Totp.as_str()).with("sessions_ended", ended.to_string()));
        let codes = self.make_recovery_codes_in(tx.as_mut(), user, origin).await?;
        tx.commit().await?;
        Ok(ConfirmTotpVerdict::Confirmed(codes))
    }

    /// Takes the app away; with the last second factor go the recovery codes.
    ///
    /// # Errors
    /// [`Error`] if the store fails; nothing has changed then.
    pub async fn remove_totp(&self, identity: &Identity, origin: &Origin) -> Result<RemoveTotpVerdict, Error> {
        retrying(|| async {
            let mut tx = self.store().begin().await?;
            let Some(person) = self.lock_active(tx.as_mut(), identity.user).await? else {
                return Ok(RemoveTotpVerdict::Gone);
            };
            let (user, now) = (person.user(), tx.now());
            let enrolled = self.enrolled_in(tx.as_mut(), user.id).await?;
            if !enrolled.totp {
                return Ok(RemoveTotpVerdict::NotOn);
            }
            if !self.has_recent_factor_in(tx.as_mut(), identity).await? {
                return Ok(RemoveTotpVerdict::FactorRequired(enrolled.factors()));
            }
            if !tx.delete_totp(user.id).await? {
                return Ok(RemoveTotpVerdict::NotOn);
            }
            if !self.enrolled_in(tx.as_mut(), user.id).await?.has_second_factor() {
                tx.replace_recovery_codes(user.id, &[], now).await?;
            }
            let session = identity.session;
            let ended = self.factors_changed_in(tx.as_mut(), user.id, Some(session)).await?;
            let record = self.record(tx.as_ref(), Event::FactorRemoved, Actor::User(user.id), origin);
            let record = record.of(user.id).in_session(session).with("factor", Factor::Totp.as_str());
            tx.audit(record.with("sessions_ended", ended.to_string()));
            tx.commit().await?;
            Ok(RemoveTotpVerdict::Removed)
        })
        .await
    }
}
