//! What answers say of a person and a session: lists of what may be seen, so that nothing else ever is.

use countersign_account::{Mailbox, Passkey, Waiting, credential_id_text};
use countersign_session::{AgentFamily, Issued, Session, Sessions, User};
use serde::Serialize;
use utoipa::ToSchema;

/// A person, as he himself sees his account.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = User)]
pub(crate) struct UserView<'a> {
    /// The person's id: the `sub` claim.
    #[schema(value_type = String, example = "usr_01k2zq3c5v8e7m4t9x6w1r0ybh")]
    id: String,
    /// The address as its owner wrote it, domain in lower case.
    email: &'a str,
    /// Whether the owner has proven that he reads mail there.
    email_verified: bool,
    /// The name, verbatim: encode it where you show it.
    name: &'a str,
    /// The first of `roles`; null where there is none.
    role: Option<&'a str>,
    /// The roles.
    roles: &'a [String],
    /// When the account was made.
    #[schema(format = DateTime)]
    created_at: String,
}

impl<'a> UserView<'a> {
    pub(crate) fn of(user: &'a User) -> Self {
        Self {
            id: user.id.to_string(),
            email: &user.email,
            email_verified: user.email_verified,
            name: &user.name,
            role: user.roles.first().map(String::as_str),
            roles: &user.roles,
            created_at: user.created_at.to_rfc3339(),
        }
    }
}

/// How long a session lives.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = SessionLife)]
pub(crate) struct SessionLifeView {
    /// The session's id: the `sid` claim.
    id: String,
    /// Seconds until it is over, whatever happens.
    expires_in: i64,
    /// Seconds until it is over unless it is refreshed.
    idle_expires_in: i64,
}

impl SessionLifeView {
    pub(crate) fn of(issued: &Issued) -> Self {
        Self {
            id: issued.session.id.to_string(),
            expires_in: issued.expires_in().as_seconds(),
            idle_expires_in: issued.idle_expires_in().as_seconds(),
        }
    }
}

/// The answer to a registration or a sign-in.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = SignedIn)]
pub(crate) struct SignedInView<'a> {
    pub(crate) user: UserView<'a>,
    /// The access token: a JWT after RFC 9068.
    pub(crate) access_token: &'a str,
    /// Seconds that the access token lives.
    pub(crate) expires_in: i64,
    /// Always `Bearer`.
    pub(crate) token_type: &'static str,
    pub(crate) session: SessionLifeView,
    /// The server's time.
    #[schema(format = DateTime)]
    pub(crate) server_time: String,
    /// The refresh token, where `tokenDelivery` was `body`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) refresh_token: Option<&'a str>,
}

/// The answer to a refresh.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = Refreshed)]
pub(crate) struct RefreshedView<'a> {
    /// The new access token.
    pub(crate) access_token: &'a str,
    /// Seconds that it lives.
    pub(crate) expires_in: i64,
    /// Always `Bearer`.
    pub(crate) token_type: &'static str,
    /// Whether a refresh token came with it; if not, keep what you have.
    pub(crate) rotated: bool,
    pub(crate) session: SessionLifeView,
    /// The server's time.
    #[schema(format = DateTime)]
    pub(crate) server_time: String,
    /// The new refresh token, where the session takes it in the body.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) refresh_token: Option<&'a str>,
}

/// A new access token of the same session.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = SteppedUp)]
pub(crate) struct SteppedUpView<'a> {
    /// The new access token.
    pub(crate) access_token: &'a str,
    /// Seconds that it lives.
    pub(crate) expires_in: i64,
    /// Always `Bearer`.
    pub(crate) token_type: &'static str,
}

/// One of a person's sessions.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = Session)]
pub(crate) struct SessionView<'a> {
    /// The id: the `sid` claim.
    id: String,
    /// Whether it is the one that asks.
    current: bool,
    /// When it began.
    #[schema(format = DateTime)]
    created_at: String,
    /// When it was last refreshed, to a minute.
    #[schema(format = DateTime)]
    last_seen_at: String,
    /// The user agent it began with.
    user_agent: Option<&'a str>,
    /// The same for people: `Firefox on Linux`; null where nothing is known.
    #[schema(example = "Firefox on Linux")]
    label: Option<String>,
    /// The device it began on: the `did` claim.
    device: Option<String>,
    /// The address it was last refreshed from.
    ip_address: Option<&'a str>,
    /// The address it began at.
    first_ip_address: Option<&'a str>,
    /// The country of `ipAddress` (ISO 3166-1 alpha-2), where the operator has a table of addresses that knows it.
    #[schema(example = "DE")]
    country: Option<String>,
    /// The number of the autonomous system that announces `ipAddress`, where the operator has such a table.
    #[schema(example = 64500)]
    asn: Option<u32>,
    /// What that network's operator is called.
    #[schema(example = "Example Net")]
    network: Option<String>,
    /// How the person was authenticated (RFC 8176).
    amr: &'a [String],
}

impl<'a> SessionView<'a> {
    pub(crate) fn of(session: &'a Session, current: bool, sessions: &Sessions) -> Self {
        let (location, network) = sessions.whereabouts(session);
        Self {
            id: session.id.to_string(),
            current,
            created_at: session.created_at.to_rfc3339(),
            last_seen_at: session.last_seen_at.to_rfc3339(),
            user_agent: session.user_agent.as_deref(),
            label: AgentFamily::of(session.user_agent.as_deref()).label(),
            device: session.device.map(|device| device.to_string()),
            ip_address: session.address.as_deref(),
            first_ip_address: session.first_address.as_deref(),
            country: location.country.map(|country| country.to_string()),
            asn: location.asn,
            network,
            amr: &session.amr,
        }
    }
}

/// A person's sessions, most recently used first.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Sessions)]
pub(crate) struct SessionsView<'a> {
    pub(crate) sessions: Vec<SessionView<'a>>,
}

/// A passkey, as its owner sees it.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = Passkey)]
pub(crate) struct PasskeyView<'a> {
    /// The id.
    #[schema(example = "psk_01k2zq3c5v8e7m4t9x6w1r0ybh")]
    id: String,
    /// The id that its authenticator gave it, base64url: for `PublicKeyCredential.signalAllAcceptedCredentials`.
    credential_id: String,
    /// What its owner calls it.
    name: &'a str,
    /// When it was registered.
    #[schema(format = DateTime)]
    created_at: String,
    /// When somebody last proved himself with it.
    #[schema(format = DateTime)]
    last_used_at: Option<String>,
    /// Whether it may be synced between devices; if not, it is bound to one.
    is_synced: bool,
    /// Whether a copy of it was kept elsewhere when it was last used.
    is_backed_up: bool,
    /// How browsers may reach it.
    transports: &'a [String],
}

impl<'a> PasskeyView<'a> {
    pub(crate) fn of(passkey: &'a Passkey) -> Self {
        Self {
            id: passkey.id.to_string(),
            credential_id: credential_id_text(passkey),
            name: &passkey.name,
            created_at: passkey.created_at.to_rfc3339(),
            last_used_at: passkey.last_used_at.map(|moment| moment.to_rfc3339()),
            is_synced: passkey.backup_eligible,
            is_backed_up: passkey.backed_up,
            transports: &passkey.transports,
        }
    }
}

/// One passkey.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = OnePasskey)]
pub(crate) struct OnePasskeyView<'a> {
    pub(crate) passkey: PasskeyView<'a>,
    /// Ten recovery codes, each of which stands in for a second factor once: where this is the first second factor of somebody who
    /// had none. Shown this once.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    #[schema(required = false)]
    pub(crate) recovery_codes: Vec<&'a str>,
}

/// A person's passkeys, oldest first.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Passkeys)]
pub(crate) struct PasskeysView<'a> {
    pub(crate) passkeys: Vec<PasskeyView<'a>>,
}

/// That it was done.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Message)]
pub(crate) struct MessageView {
    /// What to say to a person.
    pub(crate) message: &'static str,
}

/// That every session has ended.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = SignedOutEverywhere)]
pub(crate) struct SignedOutEverywhereView {
    /// What to say to a person.
    pub(crate) message: &'static str,
    /// How many sessions have ended.
    pub(crate) revoked: u64,
}

/// That the password is another.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = PasswordChanged)]
pub(crate) struct PasswordChangedView {
    /// What to say to a person.
    pub(crate) message: &'static str,
    /// How many other sessions have ended.
    pub(crate) revoked: u64,
}

/// That an address is confirmed.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = EmailVerified)]
pub(crate) struct VerifiedView<'a> {
    /// What to say to a person.
    pub(crate) message: &'static str,
    /// The address.
    pub(crate) email: &'a str,
    /// Whether what had been set before the proof (sessions, password, factors, passkeys) was taken away, because the proof did
    /// not come from the one who had set it. A mail that sets a new password is on its way then.
    pub(crate) password_removed: bool,
}

impl<'a> VerifiedView<'a> {
    pub(crate) fn of(user: &'a User, mailbox: Mailbox) -> Self {
        let password_removed = mailbox == Mailbox::Cleared;
        let message = if password_removed { CLEARED } else { "Your e-mail address is confirmed." };
        Self { message, email: &user.email, password_removed }
    }
}

/// What is said where the first proof of a mailbox has cleared the account.
pub(crate) const CLEARED: &str = "Your e-mail address is confirmed. The password that was set before does not work any more; a mail \
     with a link to a new one is on its way.";

/// How a mail stands that was asked for.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = MailWaiting)]
pub(crate) struct WaitingView {
    /// `waiting`: not used yet; `used`: the link or code was used; `over`: it is too late, or nothing was asked for.
    #[schema(example = "waiting")]
    state: &'static str,
}

impl WaitingView {
    pub(crate) const fn of(state: Waiting) -> Self {
        Self {
            state: match state {
                Waiting::Unused => "waiting",
                Waiting::Used => "used",
                Waiting::Over => "over",
            },
        }
    }
}

/// A CSRF token.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = CsrfToken)]
pub(crate) struct CsrfTokenView<'a> {
    /// To be sent back in `X-CSRF-Token`, together with the cookie of this answer.
    pub(crate) csrf_token: &'a str,
}
