//! `/api/admin/v1/revocations`: what is refused although its signature is good.

use axum::response::Response;
use countersign_keys::RingKey;
use countersign_session::{Effect, Named, Revocation, Target};
use http::StatusCode;
use serde::Serialize;
use utoipa::ToSchema;

use super::desk::Administrator;
use super::view::{EndedView, page};
use crate::api::answer::json;
use crate::error::{Code, Problem, revoke_refusal};
use crate::json::{Call, JustAPage, Members, Query, Shape};

/// A revocation: exactly one of `jti`, `sid`, `sub` and `kid`, and a reason.
#[derive(ToSchema)]
pub(crate) struct RevocationBody {
    /// One access token: its claim `jti`.
    #[schema(value_type = Option<String>, nullable = false, example = "tok_01k2zq3c5v8e7m4t9x6w1r0ybh")]
    #[expect(dead_code, reason = "the shape for the OpenAPI document: one of four becomes `named`")]
    jti: (),
    /// A session: the claim `sid`.
    #[schema(value_type = Option<String>, nullable = false, example = "ses_01k2zq3c5v8e7m4t9x6w1r0ybh")]
    #[expect(dead_code, reason = "the shape for the OpenAPI document: one of four becomes `named`")]
    sid: (),
    /// Every session of a person: the claim `sub`.
    #[schema(value_type = Option<String>, nullable = false, example = "usr_01k2zq3c5v8e7m4t9x6w1r0ybh")]
    #[expect(dead_code, reason = "the shape for the OpenAPI document: one of four becomes `named`")]
    sub: (),
    /// A signing key: the header parameter `kid`. It never signs again; nobody is signed out.
    #[schema(value_type = Option<String>, nullable = false)]
    #[expect(dead_code, reason = "the shape for the OpenAPI document: one of four becomes `named`")]
    kid: (),
    /// Why, in your own words, 1 to 200 characters: it stands in the audit trail and goes nowhere else.
    #[schema(min_length = 1, max_length = 200)]
    reason: String,
    #[schema(ignore)]
    named: Option<Named>,
}

impl Shape for RevocationBody {
    fn take(members: &mut Members) -> Self {
        let given = ["jti", "sid", "sub", "kid"].into_iter().filter(|name| members.has(name)).count();
        let (jti, sid) = (
            members.optional_parsed("jti", "This must be a token's id: tok_…").map(Named::Token),
            members.optional_parsed("sid", "This must be a session's id: ses_…").map(Named::Session),
        );
        let (sub, kid) = (
            members.optional_parsed("sub", "This must be a person's id: usr_…").map(Named::Person),
            members.optional_string("kid").map(Named::Key),
        );
        if given != 1 {
            members.refuse("", "EXACTLY_ONE", "Name exactly one of jti, sid, sub and kid.");
        }
        let reason = members.string("reason");
        if reason.trim().is_empty() {
            members.refuse("reason", "TOO_SHORT", "Say why, for whoever reads the audit trail.");
        } else if reason.chars().count() > LONGEST_REASON {
            members.refuse("reason", "TOO_LONG", "Use at most 200 characters.");
        }
        Self { jti: (), sid: (), sub: (), kid: (), reason, named: jti.or(sid).or(sub).or(kid) }
    }
}

const LONGEST_REASON: usize = 200;

/// Lists what is revoked, newest first. An entry goes when the last token that it means has died.
#[utoipa::path(
    get, path = "/api/admin/v1/revocations", tag = "Administration", operation_id = "adminRevocations",
    security(("bearer" = [])),
    params(
        ("limit" = Option<u32>, Query, description = "How many at most, 1 to 200; 50 without it"),
        ("cursor" = Option<String>, Query, description = "`nextCursor` of the page before"),
    ),
    responses((status = 200, description = "A page of revocations", body = RevocationsView), (status = 400, description = "VALIDATION_FAILED"))
)]
pub(crate) async fn list(admin: Administrator, Query(JustAPage(page)): Query<JustAPage>) -> Result<Response, Problem> {
    let page = admin.sessions().list_revocations(&page).await?;
    let keys = admin.sessions().keyring().list();
    let view = RevocationsView {
        data: page.items.iter().map(|revocation| RevocationView::of(revocation, &keys)).collect(),
        next_cursor: page.next.map(|cursor| cursor.0),
    };
    Ok(json(StatusCode::OK, view, &[]))
}

/// Revokes a token, a session, a person's sessions or a signing key. Nothing of it is accepted from the answer on.
///
/// A token's id is taken as it is, since nobody knows which tokens there are. A key that was withdrawn before is no error.
#[utoipa::path(
    post, path = "/api/admin/v1/revocations", tag = "Administration", operation_id = "adminRevoke",
    request_body = RevocationBody, security(("bearer" = [])),
    responses(
        (status = 201, description = "Revoked", body = EndedView),
        (status = 404, description = "NOT_FOUND: no session lives, no person or key is known by this name"),
    )
)]
pub(crate) async fn revoke(admin: Administrator, call: Call<RevocationBody>) -> Result<Response, Problem> {
    let body = call.body()?;
    let Some(named) = &body.named else { return Err(Code::ValidationFailed.into()) };
    let verdict = admin.sessions().revoke(named, Some(&body.reason), admin.actor(), admin.origin()).await?;
    Ok(json(StatusCode::CREATED, EndedView { revoked: revoke_refusal(verdict)? }, &[]))
}

page! {
    /// Some revocations.
    RevocationsView as Revocations of RevocationView<'a>
}

/// Something that is revoked: one of `jti`, `sid`, `sub` and `kid` is not null.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = Revocation)]
struct RevocationView<'a> {
    /// The number in the log of revocations.
    seq: u64,
    /// One access token.
    jti: Option<String>,
    /// Every token of a session.
    sid: Option<String>,
    /// Every token of a person whose `ver` is below `below`.
    sub: Option<String>,
    /// With `sub`.
    below: Option<u64>,
    /// Every token signed by a key.
    kid: Option<String>,
    /// `ended`: tokens answer `TOKEN_REVOKED`. `superseded`: they answer `TOKEN_EXPIRED`, and a refresh brings new ones.
    effect: &'static str,
    /// Why, as a stable word.
    reason: &'a str,
    /// When.
    #[schema(format = DateTime)]
    revoked_at: String,
    /// When the last token that it means has died.
    #[schema(format = DateTime)]
    until: String,
}

impl<'a> RevocationView<'a> {
    /// `keys` knows what a key is called.
    fn of(revocation: &'a Revocation, keys: &[RingKey]) -> Self {
        let record = &revocation.record;
        let (mut jti, mut sid, mut sub, mut below, mut kid) = (None, None, None, None, None);
        match record.target {
            Target::Token(token) => jti = Some(token.to_string()),
            Target::Session(session) => sid = Some(session.to_string()),
            Target::Person { user, below: ver, .. } => (sub, below) = (Some(user.to_string()), Some(ver)),
            Target::Key(key) => {
                let known = keys.iter().find(|known| known.id == key).map(|known| known.kid.clone());
                kid = Some(known.unwrap_or_else(|| key.to_string()));
            }
        }
        let effect = match record.effect {
            Effect::Ended => "ended",
            Effect::Superseded => "superseded",
        };
        let (revoked_at, until) = (record.at.to_rfc3339(), record.until.to_rfc3339());
        Self { seq: revocation.seq, jti, sid, sub, below, kid, effect, reason: &record.reason, revoked_at, until }
    }
}
