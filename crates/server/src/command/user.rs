//! `countersign user`.

use clap::{Args, Subcommand};
use countersign_account::{CreateUser, CreateVerdict, Managed, StartResetVerdict};
use countersign_session::{Named, RevokeVerdict};
use countersign_store::{Cursor, PageRequest, User, UserStatus};
use serde_json::{Value, json};

use super::context::{Context, Data, OPERATOR};
use super::failure::Failure;
use super::output::Output;
use super::secret;
use crate::config::Sources;

/// What can be done with accounts. USER is an id (usr_…) or an e-mail address.
#[derive(Debug, Subcommand)]
pub enum UserCommand {
    /// List accounts, oldest first.
    List(ListArgs),
    /// Make an account. The password is asked for, or read from standard input.
    #[command(after_help = "\
Examples:
  countersign user create ada@example.com --name Ada --role admin
  pwgen 20 1 | countersign user create bob@example.com --name Bob
  countersign user create eve@example.com --name Eve --no-password")]
    Create(CreateArgs),
    /// Switch an account off. Its sessions end and its tokens are refused within a second.
    Disable {
        /// An id or an e-mail address.
        user: String,
    },
    /// Switch an account on again. Its old sessions stay ended.
    Enable {
        /// An id or an e-mail address.
        user: String,
    },
    /// Delete an account and everything that is its own. The audit trail keeps its id.
    Delete {
        /// An id or an e-mail address.
        user: String,
        /// Do not ask.
        #[arg(long)]
        yes: bool,
    },
    /// Replace an account's roles. It takes effect on the next request, and nobody is signed out.
    #[command(after_help = "\
Examples:
  countersign user set-role ada@example.com admin editor
  countersign user set-role ada@example.com --none")]
    SetRole(SetRoleArgs),
    /// Have a mail sent to the account's own address with which its owner sets a new password. Nobody else learns or chooses it.
    ResetPassword {
        /// An id or an e-mail address.
        user: String,
    },
    /// Sign an account out everywhere.
    Revoke {
        /// An id or an e-mail address.
        user: String,
        /// Why, for the audit trail.
        #[arg(long)]
        reason: Option<String>,
    },
    /// Take away every second factor of somebody who has lost them: apps, recovery codes, remembered devices. Its sessions end; its
    /// password is still needed. Make sure who is asking.
    ResetFactors {
        /// An id or an e-mail address.
        user: String,
    },
}

/// What `user list` is told.
#[derive(Debug, Args)]
pub struct ListArgs {
    /// Only addresses that begin so.
    #[arg(default_value = "")]
    pub prefix: String,
    /// At most so many.
    #[arg(long, default_value_t = 100, value_parser = clap::value_parser!(u32).range(1..=200))]
    pub limit: u32,
    /// Go on after the last list: its `nextCursor`.
    #[arg(long)]
    pub after: Option<String>,
}

/// What `user create` is told.
#[derive(Debug, Args)]
pub struct CreateArgs {
    /// The e-mail address.
    pub email: String,
    /// What the person is called.
    #[arg(long)]
    pub name: String,
    /// A role; may be given more than once.
    #[arg(long = "role", value_name = "ROLE")]
    pub roles: Vec<String>,
    /// Vouch for the address.
    #[arg(long)]
    pub verified: bool,
    /// Give it no password: nobody can sign in to it for now.
    #[arg(long)]
    pub no_password: bool,
}

/// What `user set-role` is told.
#[derive(Debug, Args)]
pub struct SetRoleArgs {
    /// An id or an e-mail address.
    pub user: String,
    /// The roles, the first of which is shown as `role`.
    #[arg(required_unless_present = "none", conflicts_with = "none")]
    pub roles: Vec<String>,
    /// Take every role away.
    #[arg(long)]
    pub none: bool,
}

impl UserCommand {
    /// What the audit trail calls it; none for what changes nothing.
    const fn verb(&self) -> Option<&'static str> {
        match self {
            Self::Create(_) => Some("user create"),
            Self::Disable { .. } => Some("user disable"),
            Self::Enable { .. } => Some("user enable"),
            Self::Delete { .. } => Some("user delete"),
            Self::SetRole(_) => Some("user set-role"),
            Self::ResetPassword { .. } => Some("user reset-password"),
            Self::Revoke { .. } => Some("user revoke"),
            Self::ResetFactors { .. } => Some("user reset-factors"),
            Self::List(_) => None,
        }
    }
}

/// Runs the command.
///
/// # Errors
/// Why it could not.
pub async fn run(command: UserCommand, sources: &Sources, output: Output) -> Result<(), Failure> {
    let data = if matches!(command, UserCommand::Create(_)) { Data::MayBeMade } else { Data::MustExist };
    Context::run(sources, output, data, command.verb(), async |context| act(command, context).await).await
}

async fn act(command: UserCommand, context: &Context) -> Result<(), Failure> {
    let (accounts, origin) = (context.accounts(), context.origin());
    match command {
        UserCommand::List(args) => list(args, context).await,
        UserCommand::Create(args) => create(args, context).await,
        UserCommand::Disable { user } => {
            let user = context.user(&user).await?;
            settle(context, "is disabled", accounts.disable_user(user.id, OPERATOR, &origin).await?)
        }
        UserCommand::Enable { user } => {
            let user = context.user(&user).await?;
            settle(context, "is enabled", accounts.enable_user(user.id, OPERATOR, &origin).await?)
        }
        UserCommand::Delete { user, yes } => {
            let user = context.user(&user).await?;
            if !yes && !is_confirmed(&user)? {
                return Err(Failure::denied("nothing was deleted; give --yes where nobody can be asked"));
            }
            settle(context, "is deleted", accounts.delete_user(user.id, OPERATOR, &origin).await?)
        }
        UserCommand::SetRole(args) => {
            let user = context.user(&args.user).await?;
            let set = accounts.set_user_roles(user.id, &args.roles, OPERATOR, &origin).await?;
            settle(context, "has its roles", set)
        }
        UserCommand::ResetPassword { user } => reset_password(&user, context).await,
        UserCommand::Revoke { user, reason } => {
            let user = context.user(&user).await?;
            let named = Named::Person(user.id);
            let ended = match context.sessions().revoke(&named, reason.as_deref(), OPERATOR, &origin).await? {
                RevokeVerdict::Revoked(ended) => ended,
                RevokeVerdict::Unchanged | RevokeVerdict::NotFound | RevokeVerdict::Beaten => 0,
            };
            context.output.say(&format!("{}: {ended} sessions ended", user.email), &json!({"revoked": ended}))
        }
        UserCommand::ResetFactors { user } => {
            let user = context.user(&user).await?;
            settle(context, "has no second factor any more", accounts.reset_factors(user.id, OPERATOR, &origin).await?)
        }
    }
}

async fn list(args: ListArgs, context: &Context) -> Result<(), Failure> {
    let request = match args.after {
        Some(cursor) => PageRequest::after(Cursor(cursor), args.limit),
        None => PageRequest::first(args.limit),
    };
    let page = context.accounts().list_users(&args.prefix, &request).await?;
    let rows = page.items.iter().map(row).collect();
    let next = page.next.map(|cursor| cursor.0);
    let value = json!({"data": page.items.iter().map(view).collect::<Vec<_>>(), "nextCursor": next});
    context.output.table(&["id", "email", "name", "status", "roles", "created"], rows, &value)?;
    match next {
        Some(cursor) if !context.output.is_json() => context.output.text(&format!("more: --after {cursor}\n")),
        _ => Ok(()),
    }
}

async fn create(args: CreateArgs, context: &Context) -> Result<(), Failure> {
    let password = if args.no_password { None } else { Some(secret::new_password()?) };
    let request = CreateUser {
        email: args.email.clone(),
        email_verified: args.verified,
        name: args.name,
        password,
        roles: args.roles,
    };
    match context.accounts().create_user(request, OPERATOR, &context.origin()).await? {
        CreateVerdict::Created(user) => {
            context.output.say(&format!("{} is {}", user.email, user.id), &json!({"user": view(&user)}))
        }
        CreateVerdict::EmailTaken => Err(Failure::denied(format!("there is an account {} already", args.email))),
        CreateVerdict::Invalid(errors) => {
            let told: Vec<String> = errors.iter().map(|e| format!("{}: {}", e.field, e.message)).collect();
            Err(Failure::usage(told.join("\n")))
        }
        CreateVerdict::UnknownRole(role) => Err(unknown_role(&role)),
        CreateVerdict::Unverified => Err(unverified()),
        CreateVerdict::Busy(_) => Err(Failure::unavailable("the machine is too busy to hash a password; try again")),
    }
}

fn settle(context: &Context, act: &str, managed: Managed) -> Result<(), Failure> {
    match managed {
        Managed::Done(user) => {
            let roles = if act == "has its roles" { format!(": {}", user.roles.join(", ")) } else { String::new() };
            context.output.say(&format!("{} {act}{roles}", user.email), &json!({"user": view(&user), "changed": true}))
        }
        Managed::Unchanged(user) => context
            .output
            .say(&format!("{}: it was so already", user.email), &json!({"user": view(&user), "changed": false})),
        Managed::NotFound => Err(Failure::not_found("there is no such account")),
        Managed::LastAdmin => Err(Failure::denied("this is the last administrator; make another one first")),
        Managed::UnknownRole(role) => Err(unknown_role(&role)),
        Managed::Unverified => Err(unverified()),
    }
}

async fn reset_password(user: &str, context: &Context) -> Result<(), Failure> {
    let user = context.user(user).await?;
    match context.accounts().start_password_reset(user.id, OPERATOR, &context.origin()).await? {
        StartResetVerdict::Started => {
            let words = format!("a mail is on its way to {}; a running server delivers it", user.email);
            context.output.say(&words, &json!({"user": view(&user)}))
        }
        StartResetVerdict::NotFound => Err(Failure::not_found("there is no such account, or it is disabled")),
        StartResetVerdict::NoMail => {
            Err(Failure::denied("this server sends no mail; set MAIL__SMTP_URL or MAIL__DIRECTORY"))
        }
    }
}

fn unverified() -> Failure {
    Failure::denied("roles are given to confirmed addresses alone here (REGISTRATION__REQUIRE_VERIFIED_EMAIL)")
}

fn unknown_role(role: &str) -> Failure {
    Failure::not_found(format!("there is no role {role}; make it with `countersign role set {role} PERMISSION…`"))
}

fn is_confirmed(user: &User) -> Result<bool, Failure> {
    use std::io::{BufRead, IsTerminal};
    if !std::io::stdin().is_terminal() {
        return Ok(false);
    }
    super::output::complain(&format!("Delete {} ({}) for good? Type the address to confirm:", user.email, user.id));
    let mut typed = String::new();
    std::io::stdin().lock().read_line(&mut typed)?;
    Ok(typed.trim() == user.email)
}

const fn status(user: &User) -> &'static str {
    match user.status {
        UserStatus::Active => "active",
        UserStatus::Disabled => "disabled",
    }
}

fn row(user: &User) -> Vec<String> {
    vec![
        user.id.to_string(),
        user.email.clone(),
        user.name.clone(),
        status(user).to_owned(),
        user.roles.join(", "),
        user.created_at.to_rfc3339(),
    ]
}

fn view(user: &User) -> Value {
    json!({
        "id": user.id,
        "email": user.email,
        "emailVerified": user.email_verified,
        "name": user.name,
        "status": status(user),
        "roles": user.roles,
        "permissions": user.permissions,
        "createdAt": user.created_at.to_rfc3339(),
    })
}
