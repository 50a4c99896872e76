//! `/api/admin/v1/audit`: the audit trail, searched as `countersign audit query` does.

use std::collections::BTreeMap;
use std::str::FromStr;

use axum::response::Response;
use countersign_audit::{Actor, Event, Outcome, RecordLine};
use countersign_kernel::Timestamp;
use countersign_trail::{AuditFilter, PageRequest};
use http::StatusCode;
use serde::Serialize;
use utoipa::ToSchema;

use super::desk::Administrator;
use super::view::page;
use crate::api::answer::json;
use crate::error::Problem;
use crate::json::{Members, Query, Shape};

/// Which records are wanted.
pub(crate) struct Wanted {
    filter: AuditFilter,
    page: PageRequest,
}

impl Shape for Wanted {
    fn take(members: &mut Members) -> Self {
        let events: Option<Events> = members.optional_parsed("event", "There is no such event.");
        let outcome: Option<Ended> = members.optional_parsed("outcome", "This must be success or refused.");
        let since: Option<Moment> = members.optional_parsed("since", "This must be a time as in RFC 3339.");
        let until: Option<Moment> = members.optional_parsed("until", "This must be a time as in RFC 3339.");
        let filter = AuditFilter {
            person: members.optional_parsed("user", "This must be a person's id: usr_…"),
            session: members.optional_parsed("session", "This must be a session's id: ses_…"),
            events: events.map(|Events(events)| events).unwrap_or_default(),
            outcome: outcome.map(|Ended(outcome)| outcome),
            since: since.map(|Moment(at)| at),
            until: until.map(|Moment(at)| at),
            addresses: members.optional_parsed("address", "This must be an address or a network."),
            request: members.optional_parsed("request", "This must be a request's id: req_…"),
        };
        Self { filter, page: members.page() }
    }
}

/// Lists records of the audit trail, newest first. All that is given must fit.
#[utoipa::path(
    get, path = "/api/admin/v1/audit", tag = "Administration", operation_id = "adminAudit", security(("bearer" = [])),
    params(
        ("user" = Option<String>, Query, description = "By or about this person, also a deleted one: `usr_…`"),
        ("session" = Option<String>, Query, description = "About this session: `ses_…`"),
        ("event" = Option<String>, Query, description = "Of this kind, or of one of several with commas between them"),
        ("outcome" = Option<String>, Query, description = "That ended like this: `success` or `refused`"),
        ("since" = Option<String>, Query, description = "At or after this moment (RFC 3339)"),
        ("until" = Option<String>, Query, description = "Before this moment (RFC 3339)"),
        ("address" = Option<String>, Query, description = "From this address or network: `203.0.113.0/24`"),
        ("request" = Option<String>, Query, description = "Of this request, as `X-Request-Id` names it"),
        ("limit" = Option<u32>, Query, description = "How many at most, 1 to 200; 50 without it"),
        ("cursor" = Option<String>, Query, description = "`nextCursor` of the page before"),
    ),
    responses((status = 200, description = "A page of records", body = AuditEventsView), (status = 400, description = "VALIDATION_FAILED"))
)]
pub(crate) async fn list(admin: Administrator, Query(wanted): Query<Wanted>) -> Result<Response, Problem> {
    let page = admin.trail().list(&wanted.filter, &wanted.page).await?;
    let data = page.items.iter().map(AuditEventView::of).collect();
    Ok(json(StatusCode::OK, AuditEventsView { data, next_cursor: page.next.map(|cursor| cursor.0) }, &[]))
}

/// Names of events, commas between them.
struct Events(Vec<Event>);

impl FromStr for Events {
    type Err = ();

    fn from_str(text: &str) -> Result<Self, ()> {
        text.split(',').map(Event::parse).collect::<Option<_>>().map(Self).ok_or(())
    }
}

struct Ended(Outcome);

impl FromStr for Ended {
    type Err = ();

    fn from_str(text: &str) -> Result<Self, ()> {
        Outcome::parse(text).map(Self).ok_or(())
    }
}

struct Moment(Timestamp);

impl FromStr for Moment {
    type Err = ();

    fn from_str(text: &str) -> Result<Self, ()> {
        Timestamp::parse_rfc3339(text).map(Self).ok_or(())
    }
}

page! {
    /// Some records of the audit trail.
    AuditEventsView as AuditEvents of AuditEventView<'a>
}

/// A record of the audit trail.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = AuditEvent)]
struct AuditEventView<'a> {
    /// The record's own id.
    id: String,
    /// Its number in the chain; null for the second until it is sealed.
    seq: Option<u64>,
    /// The hash of the chain there.
    hash: Option<String>,
    /// When it happened.
    #[schema(format = DateTime)]
    time: String,
    /// What happened.
    #[schema(example = "roles_assigned")]
    event: &'static str,
    /// `success` or `refused`.
    outcome: &'static str,
    /// Why, as a stable word.
    reason: Option<&'a str>,
    /// Who did it.
    actor: ActorView,
    /// Whom it was done to.
    subject: Option<String>,
    /// The session it concerns.
    session: Option<String>,
    /// The address it came from.
    ip_address: Option<&'a str>,
    /// The user agent it came from.
    user_agent: Option<&'a str>,
    /// A keyed hash of the address that was given where no account has it.
    account: Option<&'a str>,
    /// The request it was part of.
    request: Option<String>,
    /// Further facts by name; where something was changed, `before` is what it was.
    detail: &'a BTreeMap<String, String>,
}

/// Who did something.
#[derive(Serialize, ToSchema)]
#[schema(as = AuditActor)]
pub(crate) struct ActorView {
    /// `anonymous`, `user`, `operator` (who may run commands on the server) or `system`.
    kind: &'static str,
    /// Which person.
    id: Option<String>,
}

impl<'a> AuditEventView<'a> {
    fn of(line: &'a RecordLine) -> Self {
        let record = &line.record;
        let (kind, id) = match record.actor {
            Actor::Anonymous => ("anonymous", None),
            Actor::User(id) => ("user", Some(id.to_string())),
            Actor::Operator => ("operator", None),
            Actor::System => ("system", None),
        };
        Self {
            id: record.id.to_string(),
            seq: line.place.map(|place| place.link.seq),
            hash: line.place.map(|place| place.link.hash.to_string()),
            time: record.at.to_rfc3339(),
            event: record.event.as_str(),
            outcome: record.outcome.as_str(),
            reason: record.reason.as_deref(),
            actor: ActorView { kind, id },
            subject: record.subject.map(|id| id.to_string()),
            session: record.session.map(|id| id.to_string()),
            ip_address: record.address.as_deref(),
            user_agent: record.user_agent.as_deref(),
            account: record.account.as_deref(),
            request: record.request.map(|id| id.to_string()),
            detail: &record.detail,
        }
    }
}
