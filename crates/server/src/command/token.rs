//! `countersign token`.

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use clap::{Args, Subcommand};
use countersign_audit::{Event, Record};
use countersign_kernel::{Lifetime, Secret, Timestamp, TokenId};
use countersign_session::{Delivery, Named, NewSession, TokenError};
use serde_json::{Value, json};

use super::context::{Context, Data, OPERATOR};
use super::failure::{Exit, Failure};
use super::output::Output;
use super::secret;
use crate::config::Sources;

/// What can be done with access tokens.
#[derive(Debug, Subcommand)]
pub enum TokenCommand {
    /// Print an access token of an account, in a session of its own that `session list` shows and `session revoke` ends.
    #[command(after_help = "\
Example:
  curl -H \"Authorization: Bearer $(countersign token mint ada@example.com)\" http://localhost:8420/api/user/profile

The token never counts as a recent sign-in. The server must be called by the same PUBLIC_URL as this command.")]
    Mint(MintArgs),
    /// Refuse one access token from now on, whatever its session.
    Revoke {
        /// The token's id (tok_…): its claim `jti`.
        token: String,
        /// Why, for the audit trail.
        #[arg(long)]
        reason: Option<String>,
    },
    /// Say what is in an access token and whether it is good. Reads standard input where no token is given.
    Inspect {
        /// The token. On a shared machine give it on standard input: others can read arguments.
        token: Option<String>,
    },
}

/// What `token mint` is told.
#[derive(Debug, Args)]
pub struct MintArgs {
    /// An id (usr_…) or an e-mail address.
    pub user: String,
    /// How long it lives, in seconds.
    #[arg(long, value_parser = clap::value_parser!(i64).range(1..=86_400))]
    pub ttl_seconds: Option<i64>,
}

/// Runs the command.
///
/// # Errors
/// Why it could not.
pub async fn run(command: TokenCommand, sources: &Sources, output: Output) -> Result<(), Failure> {
    let ttl = match &command {
        TokenCommand::Mint(args) => args.ttl_seconds.map(Lifetime::from_seconds),
        TokenCommand::Revoke { .. } | TokenCommand::Inspect { .. } => None,
    };
    let context = Context::open_with(sources, output, Data::MustExist, ttl).await?;
    let verb = match &command {
        TokenCommand::Mint(_) => Some("token mint"),
        TokenCommand::Revoke { .. } => Some("token revoke"),
        TokenCommand::Inspect { .. } => None,
    };
    let done = match command {
        TokenCommand::Mint(args) => mint(args, &context).await,
        TokenCommand::Revoke { token, reason } => revoke(&token, reason.as_deref(), &context).await,
        TokenCommand::Inspect { token } => inspect(token, &context),
    };
    context.note_refusal(verb, &done).await;
    context.close().await;
    done
}

async fn mint(args: MintArgs, context: &Context) -> Result<(), Failure> {
    let user = context.user(&args.user).await?;
    if !user.is_active() {
        return Err(Failure::denied(format!("{} is disabled", user.email)));
    }
    let (sessions, origin) = (context.sessions(), context.origin());
    let store = context.system.store();
    let mut tx = store.begin().await?;
    tx.lock_user(user.id).await?;
    let new = NewSession {
        delivery: Delivery::Body,
        remember: false,
        amr: vec!["operator".to_owned()],
        device: None,
        origin: origin.clone(),
        // Nobody has signed in: the token must not pass for a recent proof.
        auth_time: Timestamp::EPOCH,
    };
    let session = sessions.open(tx.as_mut(), &user, new).await?;
    let record = Record::new(Event::TokenMinted, OPERATOR, &origin, tx.now(), context.system.env());
    tx.audit(record.of(user.id).in_session(session.id));
    tx.commit().await?;
    let issued = sessions.access_for(&session, &user).await?;
    let value = json!({
        "accessToken": issued.token,
        "expiresAt": issued.expires_at.to_rfc3339(),
        "session": session.id,
        "user": user.id,
    });
    context.output.say(&issued.token, &value)
}

async fn revoke(token: &str, reason: Option<&str>, context: &Context) -> Result<(), Failure> {
    let id: TokenId = token.parse().map_err(|_| Failure::usage(format!("{token} is no token id (tok_…)")))?;
    context.sessions().revoke(&Named::Token(id), reason, OPERATOR, &context.origin()).await?;
    context.output.say(&format!("{id} is revoked"), &json!({"token": id, "revoked": true}))
}

fn inspect(token: Option<String>, context: &Context) -> Result<(), Failure> {
    let token = match token {
        Some(token) => Secret::new(token),
        None => secret::all_of_stdin()?,
    };
    let token = token.expose().trim();
    let token = token.strip_prefix("Bearer ").unwrap_or(token);
    let parts: Vec<&str> = token.split('.').collect();
    let (header, claims) = match parts.as_slice() {
        [header, claims, _] => (decoded(header), decoded(claims)),
        _ => return Err(Failure::usage("this is no JWT: it does not have three parts")),
    };
    let verdict = match context.sessions().verify(token) {
        Ok(_) => "valid",
        Err(TokenError::Expired) => "expired",
        Err(TokenError::Revoked) => "revoked",
        Err(_) => "invalid",
    };
    let value = json!({"verdict": verdict, "header": header, "claims": claims});
    let times = ["iat", "exp", "auth_time"].iter().filter_map(|name| {
        let at = claims.get(*name)?.as_i64()?;
        Some(format!("{name}: {}", Timestamp::from_seconds(at).to_rfc3339()))
    });
    let times: Vec<String> = times.collect();
    let text = format!("{verdict}\nheader {header:#}\nclaims {claims:#}\n{}\n", times.join("\n"));
    if context.output.is_json() {
        context.output.say("", &value)?
    } else {
        context.output.text(&text)?
    }
    if verdict == "valid" { Ok(()) } else { Err(Failure::new(Exit::Denied, format!("the token is {verdict}"))) }
}

fn decoded(part: &str) -> Value {
    URL_SAFE_NO_PAD.decode(part).ok().and_then(|b| serde_json::from_slice(&b).ok()).unwrap_or(Value::Null)
}
