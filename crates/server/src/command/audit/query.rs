//! `countersign audit query`, and how a record is shown.

use countersign_audit::{Actor, RecordLine};
use countersign_store::{AuditFilter, Cursor, PageRequest};
use serde_json::{Value, json};

use super::QueryArgs;
use crate::command::context::Context;
use crate::command::failure::Failure;
use crate::command::output::complain;

/// The heads of [`row`].
pub(super) const HEADS: [&str; 9] =
    ["seq", "time", "event", "outcome", "reason", "actor", "subject", "session", "address"];

pub(super) async fn run(args: QueryArgs, context: &Context) -> Result<(), Failure> {
    let person = match &args.user {
        Some(user) => Some(context.subject(user).await?),
        None => None,
    };
    let store = context.system.store();
    let now = store.now();
    let filter = AuditFilter {
        person,
        session: args.session,
        events: args.events,
        outcome: args.outcome,
        since: args.since.map(|moment| moment.when(now)),
        until: args.until.map(|moment| moment.when(now)),
        addresses: args.address,
        request: args.request,
    };
    let request = match args.after {
        Some(cursor) => PageRequest::after(Cursor(cursor), args.limit),
        None => PageRequest::first(args.limit),
    };
    let page = countersign_trail::list(store.as_ref(), &filter, &request).await?;
    let next = page.next.map(|cursor| cursor.0);
    let rows = page.items.iter().map(row).collect();
    let views: Vec<Value> = page.items.iter().map(view).collect();
    context.output.table(&HEADS, rows, &json!({"data": views, "nextCursor": next}))?;
    if let Some(next) = next.filter(|_| !context.output.is_json()) {
        complain(&format!("there are more: --after {next}"));
    }
    Ok(())
}

pub(super) fn row(line: &RecordLine) -> Vec<String> {
    let record = &line.record;
    let actor = match record.actor {
        Actor::Anonymous => "anonymous".to_owned(),
        Actor::User(id) => id.to_string(),
        Actor::Operator => "operator".to_owned(),
        Actor::System => "system".to_owned(),
    };
    vec![
        line.place.map(|place| place.link.seq.to_string()).unwrap_or_default(),
        record.at.to_rfc3339(),
        record.event.as_str().to_owned(),
        record.outcome.as_str().to_owned(),
        record.reason.clone().unwrap_or_default(),
        actor,
        record.subject.map(|id| id.to_string()).unwrap_or_default(),
        record.session.map(|id| id.to_string()).unwrap_or_default(),
        record.address.clone().unwrap_or_default(),
    ]
}

pub(super) fn view(line: &RecordLine) -> Value {
    serde_json::from_str(&line.to_json()).unwrap_or(Value::Null)
}
