//! `countersign session`.

use clap::Subcommand;
use countersign_kernel::SessionId;
use countersign_session::{EndReason, Session};
use serde_json::{Value, json};

use super::context::{Context, Data, OPERATOR};
use super::failure::Failure;
use super::output::Output;
use crate::config::Sources;

/// What can be done with sessions.
#[derive(Debug, Subcommand)]
pub enum SessionCommand {
    /// List the living sessions of an account.
    List {
        /// An id (usr_…) or an e-mail address.
        user: String,
    },
    /// End a session. Its tokens are refused within a second.
    Revoke {
        /// The session's id (ses_…).
        session: String,
    },
}

impl SessionCommand {
    /// What the audit trail calls it; none for what changes nothing.
    const fn verb(&self) -> Option<&'static str> {
        match self {
            Self::Revoke { .. } => Some("session revoke"),
            Self::List { .. } => None,
        }
    }
}

/// Runs the command.
///
/// # Errors
/// Why it could not.
pub async fn run(command: SessionCommand, sources: &Sources, output: Output) -> Result<(), Failure> {
    let context = Context::open(sources, output, Data::MustExist).await?;
    let verb = command.verb();
    let done = act(command, &context).await;
    context.note_refusal(verb, &done).await;
    context.close().await;
    done
}

async fn act(command: SessionCommand, context: &Context) -> Result<(), Failure> {
    match command {
        SessionCommand::List { user } => {
            let user = context.user(&user).await?;
            let sessions = context.sessions().list(user.id).await?;
            let rows = sessions.iter().map(row).collect();
            let value = json!({"sessions": sessions.iter().map(view).collect::<Vec<_>>()});
            context.output.table(&["id", "created", "last seen", "address", "user agent", "amr"], rows, &value)
        }
        SessionCommand::Revoke { session } => {
            let id: SessionId = session.parse().map_err(|_| Failure::usage(format!("{session} is no session id")))?;
            if context.sessions().end(id, EndReason::Operator, OPERATOR, &context.origin()).await? {
                context.output.say(&format!("{id} has ended"), &json!({"session": id, "ended": true}))
            } else {
                Err(Failure::not_found(format!("there is no living session {id}")))
            }
        }
    }
}

fn row(session: &Session) -> Vec<String> {
    vec![
        session.id.to_string(),
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
        "createdAt": session.created_at.to_rfc3339(),
        "lastSeenAt": session.last_seen_at.to_rfc3339(),
        "ipAddress": session.address,
        "userAgent": session.user_agent,
        "device": session.device,
        "amr": session.amr,
    })
}
