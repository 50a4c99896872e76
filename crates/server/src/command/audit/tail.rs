//! `countersign audit tail`.

use std::time::Duration;

use countersign_audit::RecordLine;
use countersign_kernel::Lifetime;
use countersign_store::{AuditFilter, PageRequest};
use countersign_trail::Tail;
use serde_json::{Value, json};

use super::TailArgs;
use super::query::{HEADS, row, view};
use crate::command::context::Context;
use crate::command::failure::Failure;
use crate::command::output::Output;

/// How often `audit tail --follow` looks.
const LOOK: Duration = Duration::from_millis(500);

pub(super) async fn run(args: TailArgs, context: &Context) -> Result<(), Failure> {
    let person = match &args.user {
        Some(user) => Some(context.subject(user).await?),
        None => None,
    };
    let filter = AuditFilter { person, events: args.event.into_iter().collect(), ..AuditFilter::default() };
    let store = context.system.store();
    let mut lines = countersign_trail::list(store.as_ref(), &filter, &PageRequest::first(args.limit)).await?.items;
    lines.reverse();
    if !args.follow {
        let rows = lines.iter().map(row).collect();
        let views: Vec<Value> = lines.iter().map(view).collect();
        return context.output.table(&HEADS, rows, &json!({"data": views}));
    }
    let now = store.now();
    let from = lines.first().map_or(now, |line| line.record.at) - Lifetime::from_minutes(1);
    let mut following = Tail::new(filter, from);
    // What the first look finds is shown already, or older than what was asked for.
    following.next(store.as_ref()).await?;
    print(&lines, context.output)?;
    loop {
        tokio::time::sleep(LOOK).await;
        print(&following.next(store.as_ref()).await?, context.output)?;
    }
}

fn print(lines: &[RecordLine], output: Output) -> Result<(), Failure> {
    for line in lines {
        let text = if output.is_json() { line.to_json() } else { row(line).join("  ") };
        output.line(&text)?;
    }
    Ok(())
}
