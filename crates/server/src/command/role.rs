//! `countersign role`.

use clap::Subcommand;
use countersign_account::RoleVerdict;
use serde_json::json;

use super::context::{Context, Data, OPERATOR};
use super::failure::Failure;
use super::output::Output;
use crate::config::Sources;

/// What can be done with roles.
#[derive(Debug, Subcommand)]
pub enum RoleCommand {
    /// List roles and what they permit.
    List,
    /// Make a role, or replace what it permits. It takes effect on the next request of everyone who has it.
    #[command(after_help = "Example:\n  countersign role set editor articles:read articles:write")]
    Set {
        /// The name.
        name: String,
        /// What it permits.
        permissions: Vec<String>,
    },
    /// Delete a role and take it from everyone.
    Delete {
        /// The name.
        name: String,
    },
}

impl RoleCommand {
    /// What the audit trail calls it; none for what changes nothing.
    const fn verb(&self) -> Option<&'static str> {
        match self {
            Self::Set { .. } => Some("role set"),
            Self::Delete { .. } => Some("role delete"),
            Self::List => None,
        }
    }
}

/// Runs the command.
///
/// # Errors
/// Why it could not.
pub async fn run(command: RoleCommand, sources: &Sources, output: Output) -> Result<(), Failure> {
    let data = if matches!(command, RoleCommand::Set { .. }) { Data::MayBeMade } else { Data::MustExist };
    Context::run(sources, output, data, command.verb(), async |context| act(command, context).await).await
}

async fn act(command: RoleCommand, context: &Context) -> Result<(), Failure> {
    let (accounts, origin, output) = (context.accounts(), context.origin(), context.output);
    let (name, verdict) = match command {
        RoleCommand::List => {
            let roles = accounts.list_roles().await?;
            let rows = roles.iter().map(|r| vec![r.name.clone(), r.permissions.join(", ")]).collect();
            let views: Vec<_> = roles.iter().map(|r| json!({"name": r.name, "permissions": r.permissions})).collect();
            return output.table(&["role", "permissions"], rows, &json!({"roles": views}));
        }
        RoleCommand::Set { name, permissions } => {
            let verdict = accounts.set_role(&name, &permissions, OPERATOR, &origin).await?;
            (name, verdict)
        }
        RoleCommand::Delete { name } => {
            let verdict = accounts.delete_role(&name, OPERATOR, &origin).await?;
            (name, verdict)
        }
    };
    match verdict {
        RoleVerdict::Done(people) => output
            .say(&format!("{name}: done; {people} people have new rights"), &json!({"role": name, "affected": people})),
        RoleVerdict::NotFound => Err(Failure::not_found(format!("there is no role {name}"))),
        RoleVerdict::Protected => Err(Failure::denied(format!("{name} cannot be deleted"))),
        RoleVerdict::Invalid(error) => Err(Failure::usage(error.message)),
    }
}
