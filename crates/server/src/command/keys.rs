//! `countersign keys`.

use std::path::PathBuf;
use std::str::FromStr;

use clap::{Args, Subcommand};
use countersign::Algorithm;
use countersign_kernel::Env;
use countersign_keys::{Activation, ImportKey, Imported, MasterKey, RingKey, Rotated, Standing};
use countersign_session::{Named, RevokeVerdict};
use serde_json::{Value, json};

use super::context::{Context, Data, OPERATOR};
use super::failure::Failure;
use super::output::Output;
use super::secret;
use crate::config::Sources;

/// What can be done with keys.
#[derive(Debug, Subcommand)]
pub enum KeysCommand {
    /// Show every signing key: next, active, retired, withdrawn.
    List,
    /// Let the published next key sign now. The old one verifies until its last token has died; nobody is signed out.
    Rotate,
    /// Bring in a private key: a JWK, or PEM with PKCS#8, SEC 1 or PKCS#1.
    #[command(after_help = "\
Examples:
  countersign keys import key.pem                published now, signs after the next rotation
  countersign keys import key.jwk --activate     signs at once
  cat key.pem | countersign keys import -        from standard input")]
    Import(ImportArgs),
    /// Withdraw a key that others may have seen: its tokens are refused from now on, and clients refresh. Nobody is signed out.
    Withdraw {
        /// The key's name, as `keys list` shows it.
        kid: String,
        /// Why, for the audit trail.
        #[arg(long)]
        reason: Option<String>,
    },
    /// Make a new key for secrets in the database, such as those of authenticator apps, and seal them anew. Nobody notices.
    RotateData,
    /// Print a new master key. Keep it in a file of mode 0600 and name that file in COUNTERSIGN_MASTER_KEY_FILE.
    GenerateMaster,
}

/// What `keys import` is told.
#[derive(Debug, Args)]
pub struct ImportArgs {
    /// The file; - for standard input.
    pub file: PathBuf,
    /// Sign with it at once instead of after the next rotation.
    #[arg(long)]
    pub activate: bool,
    /// What to call it; else as the JWK says, else by its thumbprint.
    #[arg(long)]
    pub kid: Option<String>,
    /// What an RSA key in PEM is for: RS256 or PS256.
    #[arg(long)]
    pub algorithm: Option<String>,
}

impl KeysCommand {
    /// What the audit trail calls it; none for what changes nothing.
    const fn verb(&self) -> Option<&'static str> {
        match self {
            Self::Rotate => Some("keys rotate"),
            Self::RotateData => Some("keys rotate-data"),
            Self::Import(_) => Some("keys import"),
            Self::Withdraw { .. } => Some("keys withdraw"),
            Self::List | Self::GenerateMaster => None,
        }
    }
}

/// Runs the command.
///
/// # Errors
/// Why it could not.
pub async fn run(command: KeysCommand, sources: &Sources, output: Output) -> Result<(), Failure> {
    if let KeysCommand::GenerateMaster = command {
        let key = MasterKey::generate(&Env::system()).to_text();
        return output.say(key.expose(), &json!({"masterKey": key.expose()}));
    }
    let data = if matches!(command, KeysCommand::Import(_)) { Data::MayBeMade } else { Data::MustExist };
    Context::run(sources, output, data, command.verb(), async |context| act(command, context).await).await
}

async fn act(command: KeysCommand, context: &Context) -> Result<(), Failure> {
    let (keyring, output, origin) = (context.system.keyring(), context.output, context.origin());
    match command {
        KeysCommand::List => {
            let keys = keyring.list();
            let rows = keys.iter().map(row).collect();
            let value = json!({"keys": keys.iter().map(view).collect::<Vec<_>>()});
            output.table(&["kid", "algorithm", "state", "created", "signs since", "goes after"], rows, &value)
        }
        KeysCommand::Rotate => match keyring.rotate(OPERATOR, &origin).await? {
            Rotated::Done { active, published_for } => {
                let line =
                    format!("{} signs now; it had been published for {} s", active.kid, published_for.as_seconds());
                output.say(&line, &json!({"active": view(&active), "publishedForSeconds": published_for.as_seconds()}))
            }
            Rotated::Beaten { active } => {
                Err(Failure::unavailable(format!("somebody else has just rotated: {} signs now", active.kid)))
            }
        },
        KeysCommand::Import(args) => import(args, context).await,
        KeysCommand::Withdraw { kid, reason } => {
            let named = Named::Key(kid.clone());
            match context.sessions().revoke(&named, reason.as_deref(), OPERATOR, &origin).await? {
                RevokeVerdict::Revoked(_) => {
                    let active = keyring.list().into_iter().rfind(|key| key.standing == Standing::Active);
                    let signs = active.as_ref().map_or_else(String::new, |key| format!("; {} signs now", key.kid));
                    let value = json!({"withdrawn": kid, "active": active.as_ref().map(view)});
                    output.say(&format!("{kid} is withdrawn{signs}"), &value)
                }
                RevokeVerdict::NotFound => Err(Failure::not_found(format!("there is no key {kid}"))),
                RevokeVerdict::Unchanged => {
                    output.say(&format!("{kid} was withdrawn before"), &json!({"withdrawn": kid}))
                }
                RevokeVerdict::Beaten => {
                    Err(Failure::unavailable("the key has just been changed by somebody else; look and try again"))
                }
            }
        }
        KeysCommand::RotateData => {
            let (key, resealed) = context.accounts().rotate_data_key(OPERATOR, &origin).await?;
            let line = format!("data key {key} seals now; {resealed} secrets are sealed anew");
            output.say(&line, &json!({"key": key, "resealed": resealed}))
        }
        KeysCommand::GenerateMaster => Ok(()),
    }
}

async fn import(args: ImportArgs, context: &Context) -> Result<(), Failure> {
    let text = secret::file(&args.file)?;
    let named =
        |name: &String| Algorithm::from_str(name).map_err(|_| Failure::usage(format!("there is no algorithm {name}")));
    let algorithm = args.algorithm.as_ref().map(named).transpose()?;
    let activation = if args.activate { Activation::Now } else { Activation::WithNextRotation };
    let request = ImportKey { text: &text, algorithm, kid: args.kid.as_deref(), activation };
    let imported = match context.system.keyring().import(request, OPERATOR, &context.origin()).await {
        // The fault is in what was given.
        Err(error @ (countersign_keys::Error::Unsuitable(_) | countersign_keys::Error::SymmetricNotConfigured)) => {
            let mut failure = Failure::from(error);
            failure.exit = super::failure::Exit::Usage;
            return Err(failure);
        }
        other => other?,
    };
    match imported {
        Imported::Done(key) => {
            let line = format!("{} is imported and {}", key.kid, key.standing.as_str());
            context.output.say(&line, &json!({"key": view(&key)}))
        }
        Imported::KidTaken(kid) => Err(Failure::denied(format!("there is another key called {kid}; give --kid"))),
        Imported::Known(kid) => Err(Failure::denied(format!("this key is there already, called {kid}"))),
        Imported::Beaten => {
            Err(Failure::unavailable("the keys have just been changed by somebody else; look and try again"))
        }
    }
}

fn row(key: &RingKey) -> Vec<String> {
    let moment = |at: Option<countersign_kernel::Timestamp>| at.map_or_else(String::new, |t| t.to_rfc3339());
    vec![
        key.kid.clone(),
        key.algorithm.clone(),
        key.standing.as_str().to_owned(),
        key.created_at.to_rfc3339(),
        moment(key.activated_at),
        moment(key.gone_after),
    ]
}

fn view(key: &RingKey) -> Value {
    let moment = |at: Option<countersign_kernel::Timestamp>| at.map(|t| t.to_rfc3339());
    json!({
        "kid": key.kid,
        "algorithm": key.algorithm,
        "state": key.standing.as_str(),
        "imported": key.is_imported(),
        "createdAt": key.created_at.to_rfc3339(),
        "activatedAt": moment(key.activated_at),
        "retiredAt": moment(key.retired_at),
        "goneAfter": moment(key.gone_after),
    })
}
