//! The command line: what can be said, and where it goes.
//!
//! Promises: tables for people, `--json` for programs, one object on standard output and nothing else there; secrets come
//! from standard input, a prompt or a file and never from an argument; exit codes are those of [`failure::Exit`].

pub mod audit;
pub mod backup;
pub mod calibrate;
pub mod config;
pub mod context;
pub mod dev;
pub mod doctor;
pub mod failure;
pub mod import;
pub mod keys;
pub mod life_cycle;
pub mod limits;
pub mod machine;
pub mod mail;
pub mod migrate;
pub mod moment;
pub mod output;
pub mod password;
pub mod reference;
pub mod reload;
pub mod role;
pub mod secret;
pub mod serve;
pub mod session;
pub mod signals;
pub mod token;
pub mod user;
pub mod whole_file;

use std::path::PathBuf;
use std::process::ExitCode;
use std::thread::available_parallelism;
use std::time::Duration;

use clap::{Args, Parser, Subcommand};

use crate::config::Sources;
use crate::telemetry;
use failure::{Exit, Failure};
use output::Output;

/// Does what the command line asks; its exit code.
#[must_use]
pub fn main() -> ExitCode {
    let cli = Cli::parse();
    let serves = matches!(cli.command, Command::Dev | Command::Serve(_));
    let mut builder = if serves {
        let mut builder = tokio::runtime::Builder::new_multi_thread();
        // Two at least: a disk that hangs may hold one.
        builder.worker_threads(available_parallelism().map_or(2, |cores| cores.get().max(2)));
        builder
    } else {
        telemetry::start_for_command();
        tokio::runtime::Builder::new_current_thread()
    };
    let done = match builder.enable_all().build() {
        Ok(runtime) => {
            let done = runtime.block_on(Box::pin(run(cli)));
            // Whatever still runs has had its time.
            runtime.shutdown_timeout(Duration::from_millis(200));
            done
        }
        Err(error) => Err(Failure::new(Exit::Failed, format!("could not start: {error}"))),
    };
    match done {
        Ok(()) => ExitCode::SUCCESS,
        Err(failure) => {
            output::complain(&format!("error: {failure}"));
            failure.exit.into()
        }
    }
}

async fn run(cli: Cli) -> Result<(), Failure> {
    let (sources, output) = (cli.global.sources(), Output::new(cli.global.json));
    match cli.command {
        Command::Dev => dev::run(&sources, output).await,
        Command::Serve(args) => serve::run(&args, &sources, output).await,
        Command::Keys(command) => keys::run(command, &sources, output).await,
        Command::User(command) => user::run(command, &sources, output).await,
        Command::Import(command) => import::run(command, &sources, output).await,
        Command::Session(command) => session::run(command, &sources, output).await,
        Command::Role(command) => role::run(command, &sources, output).await,
        Command::Machine(command) => machine::run(command, &sources, output).await,
        Command::Token(command) => token::run(command, &sources, output).await,
        Command::Config(command) => config::run(&command, &sources, output),
        Command::Audit(command) => audit::run(command, &sources, output).await,
        Command::Doctor(args) => doctor::run(&args, &sources, output).await,
        Command::Backup(args) => backup::run(&args, &sources, output).await,
        Command::Restore(args) => backup::restore(&args, &sources, output).await,
        Command::Migrate(args) => migrate::run(&args, &sources, output).await,
        Command::Password(command) => password::run(command, &sources, output).await,
        Command::Calibrate(args) => calibrate::run(&args, &sources, output).await,
        Command::Limits(command) => limits::run(command, &sources, output).await,
        Command::Mail(command) => mail::run(command, &sources, output),
    }
}

/// Sign-up, sign-in, sessions and revocation: one binary, one data directory.
#[derive(Debug, Parser)]
#[command(name = "countersign", version, arg_required_else_help = true, propagate_version = true)]
#[command(after_help = "\
Examples:
  countersign dev                           try it on this machine
  countersign serve --config /etc/countersign/countersign.toml
  countersign user create ada@example.com --name Ada --role admin
  countersign config show                   every setting, its value and where it came from

Commands act on the data directory of the same settings, whether a server runs on it or not. A
running server notices within a second. A secret is asked for, or read from standard input or a
file; it is never an argument.

Exit codes: 0 done, 1 failed, 2 wrong usage or configuration, 3 not found, 4 denied, 5 unavailable.")]
pub struct Cli {
    /// What to do.
    #[command(subcommand)]
    pub command: Command,
    /// What holds for every command.
    #[command(flatten)]
    pub global: Global,
}

/// What holds for every command.
#[derive(Debug, Args)]
#[command(next_help_heading = "Settings")]
pub struct Global {
    /// Read this file instead of ./countersign.toml.
    #[arg(long, global = true, value_name = "FILE")]
    pub config: Option<PathBuf>,
    /// Set one setting, like tokens.access_seconds=300 (secrets excepted).
    #[arg(long = "set", global = true, value_name = "KEY=VALUE", value_parser = key_and_value)]
    pub set: Vec<(String, String)>,
    /// Address of the public listener.
    #[arg(long, global = true, value_name = "ADDRESS")]
    pub listen: Option<String>,
    /// The address that browsers use.
    #[arg(long, global = true, value_name = "URL")]
    pub public_url: Option<String>,
    /// Directory of the SQLite file and the secrets.
    #[arg(long, global = true, value_name = "PATH")]
    pub data_dir: Option<String>,
    /// The database: sqlite://PATH.
    #[arg(long, global = true, value_name = "URL")]
    pub database: Option<String>,
    /// Valkey or Redis, through which nodes share limits and tell of revocations: redis://…
    #[arg(long, global = true, value_name = "URL")]
    pub valkey: Option<String>,
    /// auto, json or pretty.
    #[arg(long, global = true, value_name = "FORMAT")]
    pub log_format: Option<String>,
    /// Answer with one JSON object.
    #[arg(long, global = true)]
    pub json: bool,
}

/// What can be done.
#[derive(Debug, Subcommand)]
pub enum Command {
    /// Serve this machine alone, with everything on and nothing to set.
    #[command(after_help = "\
Examples:
  countersign dev
  countersign dev --listen 127.0.0.1:0 --data-dir /tmp/try

It prints where things are, and a link that makes the first account administrator. It refuses any address but loopback.")]
    Dev,
    /// Serve. Needs PUBLIC_URL.
    Serve(serve::ServeArgs),
    /// Signing keys and the master key.
    #[command(subcommand)]
    Keys(keys::KeysCommand),
    /// Accounts.
    #[command(subcommand)]
    User(user::UserCommand),
    /// Accounts of other systems.
    #[command(subcommand)]
    Import(import::ImportCommand),
    /// Sessions.
    #[command(subcommand)]
    Session(session::SessionCommand),
    /// Roles and what they permit.
    #[command(subcommand)]
    Role(role::RoleCommand),
    /// Keys of services that read the revocation feed.
    #[command(subcommand)]
    Machine(machine::MachineCommand),
    /// Access tokens.
    #[command(subcommand)]
    Token(token::TokenCommand),
    /// The configuration.
    #[command(subcommand)]
    Config(config::ConfigCommand),
    /// The audit trail.
    #[command(subcommand)]
    Audit(audit::AuditCommand),
    /// Look at everything that goes wrong in practice, and say what to do.
    Doctor(doctor::DoctorArgs),
    /// Copy the database of a server, running or not, into one checked file.
    Backup(backup::BackupArgs),
    /// Put a backup in the place of the database of a server that is stopped.
    Restore(backup::RestoreArgs),
    /// Move a SQLite database to PostgreSQL, with nobody signed out.
    Migrate(migrate::MigrateArgs),
    /// Breached passwords, strength, peppers.
    #[command(subcommand)]
    Password(password::PasswordCommand),
    /// Measure how hard this machine can hash passwords, and print the settings.
    Calibrate(calibrate::CalibrateArgs),
    /// Limits: what holds, and what others would have done.
    #[command(subcommand)]
    Limits(limits::LimitsCommand),
    /// Mails: what they say.
    #[command(subcommand)]
    Mail(mail::MailCommand),
}

impl Global {
    /// Where settings come from: this command line, and the process's environment and working directory.
    #[must_use]
    pub fn sources(&self) -> Sources {
        let lossy = |text: std::ffi::OsString| text.to_string_lossy().into_owned();
        let named = [
            ("--listen", "listen", &self.listen),
            ("--public-url", "public_url", &self.public_url),
            ("--data-dir", "data_dir", &self.data_dir),
            ("--database", "database", &self.database),
            ("--valkey", "valkey", &self.valkey),
            ("--log-format", "log.format", &self.log_format),
        ];
        let flags = named
            .into_iter()
            .filter_map(|(typed, key, value)| value.clone().map(|v| (typed.to_owned(), key.to_owned(), v)))
            .chain(self.set.iter().map(|(key, value)| ("--set".to_owned(), key.clone(), value.clone())))
            .collect();
        Sources {
            file: self.config.clone(),
            directory: std::env::current_dir().unwrap_or_default(),
            variables: std::env::vars_os().map(|(name, value)| (lossy(name), lossy(value))).collect(),
            flags,
        }
    }
}

fn key_and_value(text: &str) -> Result<(String, String), String> {
    let (key, value) = text.split_once('=').ok_or("expected KEY=VALUE")?;
    Ok((key.trim().to_owned(), value.to_owned()))
}
