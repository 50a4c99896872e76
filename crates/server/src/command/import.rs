//! `countersign import`.
//!
//! Promises: a file is read once, from its beginning to its end, and never held whole; what did not fit is told by its place and
//! reason, without a hash; a file that breaks off in the middle leaves what came before it imported, and says so.

mod document;
mod entry;
mod format;
mod lines;
mod meter;
mod report;
mod source;
mod table;

use std::path::PathBuf;
use std::sync::Arc;

use base64::Engine;
use base64::engine::general_purpose::STANDARD_NO_PAD;
use clap::{Args, Subcommand};
use countersign_account::{BeginImport, Import, ImportOptions, ImportUser};
use countersign_kernel::Secret;
use tokio::sync::mpsc;

use super::context::{Context, Data, OPERATOR};
use super::failure::{Exit, Failure};
use super::output::Output;
use super::secret;
use crate::config::Sources;
use format::{FirebaseProject, Format, Reading};
use report::{Found, Report};

/// How many accounts one transaction makes. Between two of them a server that runs on the same data has its turn.
const BATCH: usize = 200;

/// What can be brought in.
#[derive(Debug, Subcommand)]
pub enum ImportCommand {
    /// Bring in accounts from another system, with the hashes of their passwords.
    #[command(after_help = "\
Examples:
  countersign import users export.json --dry-run        says what would happen, and changes nothing
  countersign import users auth0.jsonl --keep-verified
  countersign import users realm-export.json --keep-verified --keep-roles
  countersign import users users.json --firebase-signer-key-file signer.key
  zcat users.csv.gz | countersign import users - --format devise --devise-pepper-file pepper.txt

The file is JSON lines, one JSON document or CSV with a header. Exports of Supabase, Auth0, Keycloak, Firebase, Devise, Django and
ASP.NET Identity are recognised; a table of one's own has the columns email, name, password_hash, email_verified, disabled, roles.

An address that is known here is left as it is. Nobody's address counts as verified and nobody gets a role unless an option says so.
A hash of another system is replaced by one of ours when its owner signs in.")]
    Users(UsersArgs),
}

/// What `import users` is told.
#[derive(Debug, Args)]
pub struct UsersArgs {
    /// The file; - for standard input.
    pub file: PathBuf,
    /// Where the file comes from, if it is not recognised.
    #[arg(long)]
    pub format: Option<Format>,
    /// Say what would happen, and change nothing.
    #[arg(long)]
    pub dry_run: bool,
    /// Believe the file where it says that an address is verified.
    #[arg(long)]
    pub keep_verified: bool,
    /// Give people with a verified address the roles that the file names and that exist here; never admin.
    #[arg(long)]
    pub keep_roles: bool,
    /// A role for everyone; may be given more than once.
    #[arg(long = "role", value_name = "ROLE")]
    pub roles: Vec<String>,
    /// File with the base64 signer key of the Firebase project.
    #[arg(long, value_name = "FILE")]
    pub firebase_signer_key_file: Option<PathBuf>,
    /// Salt separator of the Firebase project.
    #[arg(long, value_name = "BASE64", default_value = "Bw==")]
    pub firebase_salt_separator: String,
    /// Rounds of the Firebase project.
    #[arg(long, value_name = "NUMBER", default_value_t = 8)]
    pub firebase_rounds: u32,
    /// Memory cost of the Firebase project.
    #[arg(long, value_name = "NUMBER", default_value_t = 14)]
    pub firebase_mem_cost: u32,
    /// File with the pepper of the application that used Devise.
    #[arg(long, value_name = "FILE")]
    pub devise_pepper_file: Option<PathBuf>,
}

/// Runs the command.
///
/// # Errors
/// Why it could not, or where the file broke off.
pub async fn run(command: ImportCommand, sources: &Sources, output: Output) -> Result<(), Failure> {
    let ImportCommand::Users(args) = command;
    if args.file.as_os_str() != "-" && !args.file.exists() {
        return Err(Failure::not_found(format!("{}: there is no such file", args.file.display())));
    }
    let data = if args.dry_run { Data::MustExist } else { Data::MayBeMade };
    let context = Context::open(sources, output, data).await?;
    let done = users(args, &context).await;
    context.close().await;
    done
}

async fn users(args: UsersArgs, context: &Context) -> Result<(), Failure> {
    let reading = Reading {
        firebase: firebase(&args)?,
        pepper: args.devise_pepper_file.as_deref().map(pepper).transpose()?,
        today: context.system.env().now().to_rfc3339().chars().take(10).collect(),
    };
    let (sender, mut found) = mpsc::channel(2 * BATCH);
    let (file, chosen) = (args.file.clone(), args.format);
    // Reading a file waits for the disk or for whoever writes the pipe.
    std::thread::spawn(move || source::read(&file, chosen, &reading, &sender));

    let mut report = match found.recv().await {
        Some(Found::Begun(begun)) => Report::new(begun, args.dry_run),
        Some(Found::Broken(why)) => return Err(Failure::usage(why)),
        _ => return Err(Failure::usage(format!("{}: there is nobody in it", args.file.display()))),
    };
    let options = ImportOptions {
        source: report.format().name().to_owned(),
        is_rehearsal: args.dry_run,
        keep_verified: args.keep_verified,
        keep_roles: args.keep_roles,
        roles: args.roles,
    };
    let mut import = match context.accounts().begin_import(options, OPERATOR, &context.origin()).await? {
        BeginImport::Begun(import) => import,
        BeginImport::UnknownRole(role) => {
            let text = format!("there is no role {role}; make it with `countersign role set {role} PERMISSION…`");
            return Err(Failure::not_found(text));
        }
    };
    let taken = take_all(&mut found, &mut import, &mut report).await;
    if let Err(failure) = &taken {
        report.break_off(&failure.text);
    }
    report.print(context.output)?;
    taken
}

/// Takes what is found in batches, until nothing more comes.
async fn take_all(found: &mut mpsc::Receiver<Found>, import: &mut Import, report: &mut Report) -> Result<(), Failure> {
    let mut batch: Vec<ImportUser> = Vec::with_capacity(BATCH);
    let broken = loop {
        match found.recv().await {
            Some(Found::User(user)) => {
                report.count();
                batch.push(*user);
            }
            Some(Found::Skipped(issue)) => {
                report.count();
                report.skip(issue);
            }
            Some(Found::Begun(_)) => {}
            Some(Found::Broken(why)) => break Some(why),
            None => break None,
        }
        if batch.len() >= BATCH {
            report.add(import.take(std::mem::take(&mut batch)).await?);
        }
    };
    report.add(import.take(batch).await?);
    match broken {
        Some(why) => Err(Failure::new(Exit::Failed, format!("{why}; what came before is in the report"))),
        None => Ok(()),
    }
}

fn firebase(args: &UsersArgs) -> Result<FirebaseProject, Failure> {
    let signer_key = args.firebase_signer_key_file.as_deref().map(|path| {
        let text = secret::file(path)?;
        let plain: String = text.expose().trim().trim_end_matches('=').replace('-', "+").replace('_', "/");
        let key = STANDARD_NO_PAD.decode(plain).ok().filter(|key| !key.is_empty());
        key.map(|key| Arc::new(Secret::new(key)))
            .ok_or_else(|| Failure::usage(format!("{}: this is no signer key in base64", path.display())))
    });
    Ok(FirebaseProject {
        signer_key: signer_key.transpose()?,
        salt_separator: args.firebase_salt_separator.clone(),
        rounds: args.firebase_rounds,
        mem_cost: args.firebase_mem_cost,
    })
}

/// All of the file but the line end that editors put there.
fn pepper(path: &std::path::Path) -> Result<Arc<Secret<Vec<u8>>>, Failure> {
    let text = secret::file(path)?;
    let pepper = text.expose().trim_end_matches(['\r', '\n']).as_bytes().to_vec();
    if pepper.is_empty() {
        return Err(Failure::usage(format!("{}: there is no pepper in it", path.display())));
    }
    Ok(Arc::new(Secret::new(pepper)))
}
