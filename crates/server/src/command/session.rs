//! `countersign session`.

use clap::{Args, Subcommand};
use countersign_kernel::SessionId;
use countersign_session::{Cursor, Named, PageRequest, RevokeVerdict, Session};
use serde_json::{Value, json};

use super::context::{Context, Data, OPERATOR};
use super::failure::Failure;
use super::output::Output;
use crate::config::Sources;

/// What can be done with sessions.
#[derive(Debug, Subcommand)]
pub enum SessionCommand {
    /// List living sessions, newest first: of an account, or all of them.
    List(ListArgs),
    /// End a session. Its tokens are refused within a second.
    Revoke {
        /// The session's id (ses_…).
        session: String,
        /// Why, for the audit trail.
        #[arg(long)]
        reason: Option<String>,
    },
}

/// What `session list` is told.
#[derive(Debug, Args)]
pub struct ListArgs {
    /// An id (usr_…) or an e-mail address; everybody's sessions without it.
    pub user: Option<String>,
    /// At most so many.
    #[arg(long, default_value_t = 200, value_parser = clap::value_parser!(u32).range(1..=200))]
    pub limit: u32,
    /// Go on after the last list: its `nextCursor`.
    #[arg(long, value_name = "CURSOR")]
    pub after: Option<String>,
}

impl SessionCommand {
    /// What the audit trail calls it; none for what changes nothing.
    const fn verb(&self) -> Option<&'static str> {
        match self {
            Self::Revoke { .. } => Some("session revoke"),
            Self::List(_) => None,
        }
    }
}

/// Runs the command.
///
/// # Errors
/// Why it could not.
pub async fn run(command: SessionCommand, sources: &Sources, output: Output) -> Result<(), Failure> {
    Context::run(sources, output, Data::MustExist, command.verb(), async |context| act(command, context).await).await
}

async fn act(command: SessionCommand, context: &Context) -> Result<(), Failure> {
    match command {
        SessionCommand::List(args) => list(args, context).await,
        SessionCommand::Revoke { session, reason } => {
            let id: SessionId = session.parse().map_err(|_| Failure::usage(format!("{session} is no session id")))?;
            let (named, origin) = (Named::Session(id), context.origin());
            match context.sessions().revoke(&named, reason.as_deref(), OPERATOR, &origin).await? {
                RevokeVerdict::Revoked(_) => {
                    context.output.say(&format!("{id} has ended"), &json!({"session": id, "ended": true}))
                }
                RevokeVerdict::Unchanged | RevokeVerdict::NotFound | RevokeVerdict::Beaten => {
                    Err(Failure::not_found(format!("there is no living session {id}")))
                }
            }
        }
    }
}

async fn list(args: ListArgs, context: &Context) -> Result<(), Failure> {
    let user = match &args.user {
        Some(user) => Some(context.user(user).await?.id),
        None => None,
    };
    let request = match args.after {
        Some(cursor) => PageRequest::after(Cursor(cursor), args.limit),
        None => PageRequest::first(args.limit),
    };
    let page = context.sessions().list_living(user, &request).await?;
    let rows = page.items.iter().map(row).collect();
    let next = page.next.map(|cursor| cursor.0);
    let value = json!({"sessions": page.items.iter().map(view).collect::<Vec<_>>(), "nextCursor": next});
    context.output.table(&["id", "account", "created", "last seen", "address", "user agent", "amr"], rows, &value)?;
    match next {
        Some(cursor) if !context.output.is_json() => context.output.text(&format!("more: --after {cursor}\n")),
        _ => Ok(()),
    }
}

fn row(session: &Session) -> Vec<String> {
    vec![
        session.id.to_string(),
        session.user.to_string(),
        session.created_at.to_rfc3339(),
        session.last_seen_at.to_rfc3339(),
        session.address.clone().unwrap_or_default(),
        session.user_agent.clone().unwrap_or_default(),
        session.amr.join(", "),
    ]
}

fn view(session: &Session) -> Value {
    json!({
        "id": session.id,
        "user": session.user,
        "createdAt": session.created_at.to_rfc3339(),
        "lastSeenAt": session.last_seen_at.to_rfc3339(),
        "idleExpiresAt": session.row.idle_deadline.to_rfc3339(),
        "ipAddress": session.address,
        "userAgent": session.user_agent,
        "device": session.device,
        "amr": session.amr,
    })
}
