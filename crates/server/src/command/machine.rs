//! `countersign machine`.

use clap::Subcommand;
use countersign_session::{CreateMachineVerdict, Machine, PageRequest};
use serde_json::{Value, json};

use super::context::{Context, Data, OPERATOR};
use super::failure::Failure;
use super::output::Output;
use crate::config::Sources;

/// What can be done with keys for services.
#[derive(Debug, Subcommand)]
pub enum MachineCommand {
    /// Make a key with which a service reads the revocation feed, and print it: this once.
    #[command(after_help = "\
Example:
  countersign machine create orders > /etc/orders/countersign.key
  curl -N -H \"Authorization: Bearer $(cat /etc/orders/countersign.key)\" http://localhost:8420/api/revocations")]
    Create {
        /// What you call the service: letters, digits, '.', '-' and '_'.
        name: String,
    },
    /// List the services that have a key.
    List,
    /// Take a service's key away. What it reads ends within two seconds.
    Revoke {
        /// The name, or the id (mch_…).
        machine: String,
    },
}

impl MachineCommand {
    /// What the audit trail calls it; none for what changes nothing.
    const fn verb(&self) -> Option<&'static str> {
        match self {
            Self::Create { .. } => Some("machine create"),
            Self::Revoke { .. } => Some("machine revoke"),
            Self::List => None,
        }
    }
}

/// Runs the command.
///
/// # Errors
/// Why it could not.
pub async fn run(command: MachineCommand, sources: &Sources, output: Output) -> Result<(), Failure> {
    let data = if matches!(command, MachineCommand::Create { .. }) { Data::MayBeMade } else { Data::MustExist };
    Context::run(sources, output, data, command.verb(), async |context| act(command, context).await).await
}

async fn act(command: MachineCommand, context: &Context) -> Result<(), Failure> {
    let (sessions, origin, output) = (context.sessions(), context.origin(), context.output);
    match command {
        MachineCommand::Create { name } => match sessions.create_machine(&name, OPERATOR, &origin).await? {
            CreateMachineVerdict::Created(machine, key) => {
                output.say(key.expose(), &json!({"machine": view(&machine), "key": key.expose()}))
            }
            CreateMachineVerdict::Taken => {
                Err(Failure::denied(format!("there is a machine {name} already; revoke it, or choose another name")))
            }
            CreateMachineVerdict::Unlawful(why) => Err(Failure::usage(why)),
        },
        MachineCommand::List => list(context).await,
        MachineCommand::Revoke { machine } => match sessions.revoke_machine(&machine, OPERATOR, &origin).await? {
            Some(machine) => {
                let done = format!("{} ({}) reads nothing any more", machine.name, machine.id);
                output.say(&done, &json!({"machine": view(&machine), "revoked": true}))
            }
            None => Err(Failure::not_found(format!("there is no machine {machine}"))),
        },
    }
}

async fn list(context: &Context) -> Result<(), Failure> {
    let (mut machines, mut page) = (Vec::new(), PageRequest::first(200));
    loop {
        let read = context.sessions().list_machines(&page).await?;
        machines.extend(read.items);
        match read.next {
            Some(cursor) => page = PageRequest::after(cursor, 200),
            None => break,
        }
    }
    let rows = machines
        .iter()
        .map(|m| vec![m.id.to_string(), m.name.clone(), m.scope.as_str().to_owned(), m.created_at.to_rfc3339()])
        .collect();
    let views: Vec<Value> = machines.iter().map(view).collect();
    context.output.table(&["id", "name", "may read", "made"], rows, &json!({"machines": views}))
}

fn view(machine: &Machine) -> Value {
    json!({
        "id": machine.id,
        "name": machine.name,
        "scope": machine.scope.as_str(),
        "createdAt": machine.created_at.to_rfc3339(),
    })
}
