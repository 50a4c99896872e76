//! `/api/admin/v1/sessions`: the sessions that live.

use axum::response::Response;
use countersign_account::PageRequest;
use countersign_kernel::{SessionId, UserId};
use countersign_session::{AgentFamily, Named as Revoked, Session, Sessions};
use http::StatusCode;
use serde::Serialize;
use utoipa::ToSchema;

use super::desk::{Administrator, Named};
use super::view::page;
use crate::api::answer::{json, no_content};
use crate::error::{Problem, revoke_refusal};
use crate::json::{Members, Query, Shape};

/// Which sessions are wanted.
pub(crate) struct Wanted {
    user: Option<UserId>,
    page: PageRequest,
}

impl Shape for Wanted {
    fn take(members: &mut Members) -> Self {
        Self { user: members.optional_parsed("user", "This must be a person's id: usr_…"), page: members.page() }
    }
}

/// Lists the sessions that live, newest first: everybody's, or one person's.
#[utoipa::path(
    get, path = "/api/admin/v1/sessions", tag = "Administration", operation_id = "adminSessions", security(("bearer" = [])),
    params(
        ("user" = Option<String>, Query, description = "Whose: `usr_…`"),
        ("limit" = Option<u32>, Query, description = "How many at most, 1 to 200; 50 without it"),
        ("cursor" = Option<String>, Query, description = "`nextCursor` of the page before"),
    ),
    responses((status = 200, description = "A page of sessions", body = AdminSessionsView), (status = 400, description = "VALIDATION_FAILED"))
)]
pub(crate) async fn list(admin: Administrator, Query(wanted): Query<Wanted>) -> Result<Response, Problem> {
    let page = admin.sessions().list_living(wanted.user, &wanted.page).await?;
    let view = AdminSessionsView {
        data: page.items.iter().map(|session| AdminSessionView::of(session, admin.sessions())).collect(),
        next_cursor: page.next.map(|cursor| cursor.0),
    };
    Ok(json(StatusCode::OK, view, &[]))
}

/// Ends a session: its refresh token and its access tokens are refused from the answer on.
#[utoipa::path(
    delete, path = "/api/admin/v1/sessions/{id}", tag = "Administration", operation_id = "adminEndSession",
    security(("bearer" = [])),
    params(("id" = String, Path, description = "The session's id: `ses_…`")),
    responses((status = 204, description = "The session has ended"), (status = 404, description = "NOT_FOUND: none lives by this id"))
)]
pub(crate) async fn end(admin: Administrator, Named(id): Named<SessionId>) -> Result<Response, Problem> {
    let verdict = admin.sessions().revoke(&Revoked::Session(id), None, admin.actor(), admin.origin()).await?;
    revoke_refusal(verdict)?;
    Ok(no_content(&[]))
}

page! {
    /// Some sessions.
    AdminSessionsView as AdminSessions of AdminSessionView<'a>
}

/// A session that lives.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = AdminSession)]
struct AdminSessionView<'a> {
    /// The id: the `sid` claim.
    id: String,
    /// Whose it is: the `sub` claim.
    user: String,
    /// When it began.
    #[schema(format = DateTime)]
    created_at: String,
    /// When it was last refreshed, to a minute.
    #[schema(format = DateTime)]
    last_seen_at: String,
    /// When it is over unless it is refreshed.
    #[schema(format = DateTime)]
    idle_expires_at: String,
    /// When it is over, whatever happens.
    #[schema(format = DateTime)]
    expires_at: String,
    /// The user agent it began with.
    user_agent: Option<&'a str>,
    /// The same for people: `Firefox on Linux`; null where nothing is known.
    label: Option<String>,
    /// The device it began on: the `did` claim.
    device: Option<String>,
    /// The address it was last refreshed from.
    ip_address: Option<&'a str>,
    /// The address it began at.
    first_ip_address: Option<&'a str>,
    /// The country of `ipAddress` (ISO 3166-1 alpha-2), where the operator has a table of addresses that knows it.
    country: Option<String>,
    /// The number of the autonomous system that announces `ipAddress`, where the operator has such a table.
    asn: Option<u32>,
    /// What that network's operator is called.
    network: Option<String>,
    /// How the person was authenticated (RFC 8176).
    amr: &'a [String],
    /// When.
    #[schema(format = DateTime)]
    authenticated_at: String,
}

impl<'a> AdminSessionView<'a> {
    fn of(session: &'a Session, sessions: &Sessions) -> Self {
        let (location, network) = sessions.whereabouts(session);
        Self {
            id: session.id.to_string(),
            user: session.user.to_string(),
            created_at: session.created_at.to_rfc3339(),
            last_seen_at: session.last_seen_at.to_rfc3339(),
            idle_expires_at: session.row.idle_deadline.to_rfc3339(),
            expires_at: session.row.absolute_deadline.to_rfc3339(),
            user_agent: session.user_agent.as_deref(),
            label: AgentFamily::of(session.user_agent.as_deref()).label(),
            device: session.device.map(|device| device.to_string()),
            ip_address: session.address.as_deref(),
            first_ip_address: session.first_address.as_deref(),
            country: location.country.map(|country| country.to_string()),
            asn: location.asn,
            network,
            amr: &session.amr,
            authenticated_at: session.auth_time.to_rfc3339(),
        }
    }
}
