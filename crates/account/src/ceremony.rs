//! The sign-in ceremony: the one place that decides what is still to be proven, and the one that opens sessions.
//!
//! Every door ends here: password, passkey, mailed link, second factor. A door locks the person, judges what was presented in the
//! same transaction, says what it proves, and hands the transaction over:
//!
//! `Accounts::lock_active` → `Locked::proves` (or `Locked::resumes`) → `Proven::and` → `Accounts::proceed`
//!
//! Each step takes what only the one before it gives, so that another order does not compile. Promises: a session is opened, or a
//! pending sign-in kept, in the transaction that judged the proof, and nothing is handed out before its commit; no session is open
//! and no cookie of one is set before the last proof; a pending sign-in is 256 random bits of which a hash is kept, lives five
//! minutes, takes five tries and one success, is bound to its person and, where tokens travel in cookies, to the browser by a cookie,
//! and is void after a change of password, factors or status. Follows DESIGN section 6.

use aws_lc_rs::digest;
use countersign_audit::{Actor, Event, Record};
use countersign_kernel::{DeviceId, Lifetime, Origin, Secret, SessionId, UserId, hex};
use countersign_session::{NewSession, Session};
use countersign_store::{Delivery, EndReason, Enrolment, PendingSignIn, RememberedDevice, Tx, User};

use crate::accounts::{Accounts, Opened};
use crate::admission::{Approach, facts};
use crate::error::Error;
use crate::factor::{Enrolled, Factor, Next, amr_of, next};
use crate::method::{First, Method, Second};

/// How long a sign-in waits for its second factor.
pub const PENDING_LIFETIME: Lifetime = Lifetime::from_minutes(5);

/// How many second factors may be tried on one pending sign-in.
pub(crate) const MOST_TRIES: u32 = 5;

/// What a sign-in brings with it, whatever is proven: where its session will live.
#[derive(Debug, Clone)]
pub struct SignInDoor {
    /// How the session's refresh token travels.
    pub delivery: Delivery,
    /// Whether its cookies outlive the browser.
    pub remember: bool,
    /// The session whose refresh cookie came along, by its MAC: it ends if the sign-in succeeds.
    pub replaces: Option<SessionId>,
    /// The `deviceId` cookie that came along.
    pub device_cookie: Option<String>,
    /// The `pending` cookie that came along.
    pub pending_cookie: Option<Secret<String>>,
    /// Whether this device is not to be asked for a second factor for a while, if one is proven now.
    pub remember_device: bool,
}

impl SignInDoor {
    /// A door with nothing but this.
    #[must_use]
    pub const fn new(delivery: Delivery, remember: bool) -> Self {
        Self { delivery, remember, replaces: None, device_cookie: None, pending_cookie: None, remember_device: false }
    }
}

/// What became of a proof.
#[derive(Debug)]
pub enum Proceeded {
    /// It was enough: a session is open.
    SignedIn(Box<Opened>),
    /// A second factor is needed first.
    SecondFactorNeeded(Box<SecondFactorNeeded>),
}

/// A sign-in that waits for its second factor.
#[derive(Debug)]
pub struct SecondFactorNeeded {
    /// Whose it is.
    pub user: UserId,
    /// What names it: 256 bits as 64 hexadecimal characters.
    pub token: Secret<String>,
    /// What binds it to the browser, as the `pending` cookie; none where tokens travel in the body.
    pub browser: Option<Secret<String>>,
    /// One of these completes it.
    pub factors: Vec<Factor>,
}

/// How somebody came in.
#[derive(Clone, Copy)]
pub(crate) struct Entry<'a> {
    /// What came along.
    pub(crate) door: &'a SignInDoor,
    /// How the try was counted, where it was one with a password.
    pub(crate) approach: Option<&'a Approach>,
    /// Where from.
    pub(crate) origin: &'a Origin,
}

impl Entry<'_> {
    /// Writes into a record about this person how he came.
    fn note(&self, record: Record, user: UserId) -> Record {
        match self.approach {
            Some(approach) => approach.note(record, Some(user)),
            None => record.of(user),
        }
    }
}

/// Somebody whose account is active, and whom nobody else changes before the end of the transaction.
#[derive(Debug)]
pub(crate) struct Locked(User);

/// What somebody has proven in this ceremony.
#[derive(Debug)]
#[must_use]
pub(crate) struct Proven {
    user: User,
    methods: Vec<Method>,
}

impl Locked {
    /// Who it is.
    pub(crate) const fn user(&self) -> &User {
        &self.0
    }

    /// He has proven this first, in this transaction.
    pub(crate) fn proves(self, first: First) -> Proven {
        Proven { user: self.0, methods: vec![first.into()] }
    }

    /// He has proven what this pending sign-in says, which this transaction has taken; none where it is another's.
    pub(crate) fn resumes(self, pending: &PendingSignIn) -> Option<Proven> {
        let methods: Vec<Method> = pending.methods.iter().filter_map(|text| Method::parse(text)).collect();
        let is_whole = !methods.is_empty() && methods.len() == pending.methods.len() && pending.user == self.0.id;
        is_whole.then_some(Proven { user: self.0, methods })
    }
}

impl Proven {
    /// He has proven this as well, in this transaction.
    pub(crate) fn and(mut self, second: Second) -> Self {
        self.methods.push(second.into());
        self
    }
}

impl Accounts {
    /// Locks a person whose account is active.
    pub(crate) async fn lock_active(&self, tx: &mut dyn Tx, user: UserId) -> Result<Option<Locked>, Error> {
        Ok(tx.lock_user(user).await?.filter(User::is_active).map(Locked))
    }

    /// What a person has set up.
    pub(crate) async fn enrolled_in(&self, tx: &mut dyn Tx, user: UserId) -> Result<Enrolled, Error> {
        let Enrolment { totp, passkeys, recovery_codes } = tx.find_enrolment(user).await?;
        Ok(Enrolled { totp, passkeys, recovery_codes })
    }

    /// Opens a session if enough is proven, else keeps what is; commits the transaction in which it was judged.
    pub(crate) async fn proceed(
        &self,
        mut tx: Box<dyn Tx>,
        proven: Proven,
        entry: &Entry<'_>,
    ) -> Result<Proceeded, Error> {
        let Proven { user, methods } = proven;
        let known = self.known_device_of(&user, entry.door);
        let enrolled = self.enrolled_in(tx.as_mut(), user.id).await?;
        let mut by_device = false;
        if let Next::SecondFactor(factors) = next(&methods, &enrolled) {
            by_device = self.stands_in(tx.as_mut(), &user, known).await?;
            if !by_device {
                return self.wait_in(tx, &user, &methods, factors, entry).await;
            }
        }
        let session = self.open_in(tx.as_mut(), &user, &methods, entry).await?;
        let record = self.record(tx.as_ref(), Event::SignedIn, Actor::User(user.id), entry.origin);
        let record = record.in_session(session.id).with("amr", session.amr.join(" "));
        // A link, a passkey or a second step: how the password came, if there was one, is on an earlier record.
        let is_new = entry.approach.is_none() && known.is_none();
        let record = if is_new { record.with(facts::NEW_DEVICE, "true") } else { record };
        let record = if by_device { record.with("second_factor", "remembered_device") } else { record };
        let record = match methods.as_slice() {
            [first, _, ..] => record.with("first", first.as_str()),
            _ => record,
        };
        tx.audit(entry.note(record, user.id));
        if entry.door.remember_device && methods.iter().any(|method| method.is_second()) {
            self.remember_in(tx.as_mut(), &user, &session, entry.origin).await?;
        }
        tx.commit().await?;
        let issued = self.sessions().issue(&session, &user, entry.door.device_cookie.as_deref()).await?;
        Ok(Proceeded::SignedIn(Box::new(Opened { user, issued })))
    }

    /// Opens a session in the caller's transaction, and ends the one whose cookie came along; the record of the sign-in is the
    /// caller's.
    pub(crate) async fn open_in(
        &self,
        tx: &mut dyn Tx,
        user: &User,
        methods: &[Method],
        entry: &Entry<'_>,
    ) -> Result<Session, Error> {
        let Entry { door, origin, .. } = entry;
        let now = tx.now();
        if let Some(replaced) = door.replaces {
            self.sessions().end_in(tx, replaced, EndReason::Replaced, Actor::User(user.id), origin).await?;
        }
        let known = self.known_device_of(user, door);
        let opening = NewSession {
            delivery: door.delivery,
            remember: door.remember,
            amr: amr_of(methods),
            device: Some(known.unwrap_or_else(|| self.device(door.device_cookie.as_deref()))),
            origin: (*origin).clone(),
            auth_time: now,
        };
        let session = self.sessions().open(tx, user, opening).await?;
        if methods.iter().any(|method| method.is_second()) {
            tx.note_factor_proof(session.id, now).await?;
        }
        Ok(session)
    }

    /// Keeps what is proven until a second factor is.
    async fn wait_in(
        &self,
        mut tx: Box<dyn Tx>,
        user: &User,
        methods: &[Method],
        factors: Vec<Factor>,
        entry: &Entry<'_>,
    ) -> Result<Proceeded, Error> {
        let (door, now) = (entry.door, tx.now());
        let token = self.fresh_secret();
        let browser = (door.delivery == Delivery::Cookie).then(|| self.browser_of(door));
        let pending = PendingSignIn {
            token_hash: hash_of(&token),
            browser_hash: browser.as_ref().map(hash_of),
            user: user.id,
            methods: methods.iter().map(|method| method.as_str().to_owned()).collect(),
            delivery: door.delivery,
            remember: door.remember,
            tries: 0,
            created_at: now,
            expires_at: now + PENDING_LIFETIME,
        };
        tx.insert_pending_sign_in(&pending).await?;
        let record = self.record(tx.as_ref(), Event::SecondFactorAsked, Actor::User(user.id), entry.origin);
        tx.audit(entry.note(record.with("amr", amr_of(methods).join(" ")), user.id));
        tx.commit().await?;
        let needed = SecondFactorNeeded { user: user.id, token, browser, factors };
        Ok(Proceeded::SecondFactorNeeded(Box::new(needed)))
    }

    /// The device, where its cookie proves that this account has completed a sign-in on it.
    fn known_device_of(&self, user: &User, door: &SignInDoor) -> Option<DeviceId> {
        self.sessions().devices().known(user, door.device_cookie.as_deref()?)
    }

    /// Whether this device is remembered, so that a second factor is not asked for.
    async fn stands_in(&self, tx: &mut dyn Tx, user: &User, known: Option<DeviceId>) -> Result<bool, Error> {
        let Some(device) = known.filter(|_| self.remembers(user)) else { return Ok(false) };
        let now = tx.now();
        Ok(tx.use_remembered_device(user.id, device, now).await?)
    }

    /// Remembers the session's device, where the policy lets it.
    async fn remember_in(&self, tx: &mut dyn Tx, user: &User, session: &Session, origin: &Origin) -> Result<(), Error> {
        let Some(device) = session.device.filter(|_| self.remembers(user)) else { return Ok(()) };
        let now = tx.now();
        let remembered = RememberedDevice {
            device,
            user: user.id,
            user_agent: session.user_agent.clone(),
            address: session.address.clone(),
            created_at: now,
            last_used_at: now,
            expires_at: now + self.factor_policy().remember_device,
        };
        tx.remember_device(&remembered).await?;
        let record = self.record(tx, Event::DeviceRemembered, Actor::User(user.id), origin);
        tx.audit(record.of(user.id).in_session(session.id).with("remembered", device.to_string()));
        Ok(())
    }

    /// Whether devices of this person may be remembered: never where a role needs a second factor.
    fn remembers(&self, user: &User) -> bool {
        let policy = self.factor_policy();
        policy.remember_device > Lifetime::ZERO && !policy.is_required_of(user)
    }

    /// The browser's own secret, where it has one from another tab; a new one else. 256 bits.
    pub(crate) fn browser_of(&self, door: &SignInDoor) -> Secret<String> {
        let is_ours = |text: &String| text.len() == 64 && text.bytes().all(|byte| byte.is_ascii_hexdigit());
        match &door.pending_cookie {
            Some(cookie) if is_ours(cookie.expose()) => cookie.clone(),
            _ => self.fresh_secret(),
        }
    }

    /// 256 random bits as 64 hexadecimal characters.
    fn fresh_secret(&self) -> Secret<String> {
        let bytes = Secret::new(self.env().entropy().bytes::<32>());
        Secret::new(hex::encode(bytes.expose()))
    }
}

/// SHA-256: of 256 random bits, so that nothing slower is needed.
pub(crate) fn hash_of(secret: &Secret<String>) -> [u8; 32] {
    digest::digest(&digest::SHA256, secret.expose().as_bytes()).as_ref().first_chunk().copied().unwrap_or_default()
}
