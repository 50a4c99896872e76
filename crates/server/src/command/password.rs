//! `countersign password`.

use std::fs::File;
use std::io::{self, BufRead, BufReader};
use std::path::{Path, PathBuf};

use clap::{Args, Subcommand, ValueEnum};
use countersign::passwords::{Filter, FilterBuilder, Kept, ListError, ListForm, Password};
use countersign::{Pepper, PepperId, Peppers, PublicUrl, read_breached_filter};
use countersign_kernel::Env;
use serde_json::{Value, json};

use super::context::{Context, Data};
use super::failure::{Exit, Failure};
use super::output::Output;
use super::{secret, whole_file};
use crate::config::{Config, Sources, Use};
use crate::wire;

/// What can be done with passwords in general. Those of a person: `countersign user`.
#[derive(Debug, Subcommand)]
pub enum PasswordCommand {
    /// Make a filter of breached passwords from lists. Name it in PASSWORDS__BREACHED_FILTER.
    #[command(after_help = "\
Examples:
  countersign password build-filter passwords.txt --out breached.filter
  countersign password build-filter pwned-sha1.txt --min-count 10 --out breached.filter
  zcat rockyou.txt.gz | countersign password build-filter - --out breached.filter

A list has a password a line, or the SHA-1 of one in hexadecimal, which may have a colon and a count
after it. The same passwords make the same file. Building needs some 35 bytes of memory a password,
the file has 2.3.")]
    BuildFilter(BuildArgs),
    /// Check a filter and say what it is.
    InspectFilter {
        /// The file.
        file: PathBuf,
    },
    /// Say whether a new password would be taken here, and how strong it is. It is asked for, or read from standard input.
    Check(CheckArgs),
    /// Print a new pepper. Keep it in a file of mode 0600 and name that file in COUNTERSIGN_PASSWORDS__PEPPER_FILE.
    GeneratePepper,
    /// Show the peppers that are configured or needed, and how many password hashes need each.
    Peppers,
}

/// What `password build-filter` is told.
#[derive(Debug, Args)]
pub struct BuildArgs {
    /// The lists; - for standard input.
    #[arg(required = true)]
    pub lists: Vec<PathBuf>,
    /// The file to make. What is there is replaced as a whole.
    #[arg(long, value_name = "FILE")]
    pub out: PathBuf,
    /// What the lines are.
    #[arg(long, value_enum, default_value_t = Form::Auto)]
    pub form: Form,
    /// Leave out hashes that were seen less often than this.
    #[arg(long, value_name = "COUNT", default_value_t = 0)]
    pub min_count: u64,
}

/// What the lines of a list are.
#[derive(Debug, Clone, Copy, ValueEnum)]
pub enum Form {
    /// As the first line of each list looks.
    Auto,
    /// Passwords.
    Plain,
    /// SHA-1 hashes, which may have counts.
    Sha1,
}

/// What `password check` is told.
#[derive(Debug, Args)]
pub struct CheckArgs {
    /// The address of whose password it would be.
    #[arg(long, default_value = "")]
    pub email: String,
    /// What that person is called.
    #[arg(long, default_value = "")]
    pub name: String,
}

/// Runs the command.
///
/// # Errors
/// Why it could not.
pub async fn run(command: PasswordCommand, sources: &Sources, output: Output) -> Result<(), Failure> {
    match command {
        PasswordCommand::BuildFilter(args) => build(&args, output),
        PasswordCommand::InspectFilter { file } => {
            let filter = read_breached_filter(&file)?;
            let line = format!(
                "{} is good: {} passwords, {} bytes, fingerprint {}",
                file.display(),
                filter.passwords(),
                filter.file_bytes(),
                filter.fingerprint()
            );
            output.say(&line, &described(&filter))
        }
        PasswordCommand::Check(args) => check(&args, sources, output),
        PasswordCommand::GeneratePepper => {
            let pepper = Pepper::generate(&Env::system());
            output.say(pepper.expose(), &json!({"pepper": pepper.expose()}))
        }
        PasswordCommand::Peppers => peppers(sources, output).await,
    }
}

fn build(args: &BuildArgs, output: Output) -> Result<(), Failure> {
    let form = match args.form {
        Form::Auto => ListForm::Detect,
        Form::Plain => ListForm::Plain,
        Form::Sha1 => ListForm::Sha1,
    };
    let mut builder = FilterBuilder::new(args.min_count);
    for path in &args.lists {
        let list = opened(path)?;
        builder.read(list, form).map_err(|error| refused(path, &error))?;
    }
    let (file, kept) = builder.finish().map_err(|error| Failure::usage(error.to_string()))?;
    whole_file::write(&args.out, &file)
        .map_err(|error| Failure::new(Exit::Failed, format!("could not write {}: {error}", args.out.display())))?;
    // As the server will read it.
    let filter = read_breached_filter(&args.out)?;
    let mut value = described(&filter);
    if let Value::Object(members) = &mut value {
        members.insert("lines".to_owned(), counted(&kept));
    }
    let line = format!(
        "{}: {} passwords in {} bytes, fingerprint {}\n{}",
        args.out.display(),
        kept.passwords,
        file.len(),
        filter.fingerprint(),
        told(&kept)
    );
    if output.is_json() { output.say("", &value) } else { line.lines().try_for_each(|line| output.line(line)) }
}

fn opened(path: &Path) -> Result<Box<dyn BufRead>, Failure> {
    if path.as_os_str() == "-" {
        return Ok(Box::new(io::stdin().lock()));
    }
    match File::open(path) {
        Ok(file) => Ok(Box::new(BufReader::with_capacity(1 << 16, file))),
        Err(error) if error.kind() == io::ErrorKind::NotFound => {
            Err(Failure::not_found(format!("{}: there is no such file", path.display())))
        }
        Err(error) => Err(Failure::new(Exit::Failed, format!("{}: {error}", path.display()))),
    }
}

fn refused(path: &Path, error: &ListError) -> Failure {
    let failure = match error {
        ListError::Io(_) => Failure::of(Exit::Failed, error),
        _ => Failure::usage(error.to_string()),
    };
    Failure::new(failure.exit, format!("{}: {failure}", path.display()))
}

fn described(filter: &Filter) -> Value {
    json!({
        "passwords": filter.passwords(),
        "bytes": filter.file_bytes(),
        "fingerprint": filter.fingerprint(),
    })
}

fn counted(kept: &Kept) -> Value {
    json!({
        "read": kept.lines,
        "repeated": kept.repeated,
        "tooShort": kept.too_short,
        "tooLong": kept.too_long,
        "tooRare": kept.too_rare,
        "empty": kept.empty,
        "latin1": kept.latin1,
    })
}

fn told(kept: &Kept) -> String {
    let left_out = [
        (kept.repeated, "said before"),
        (kept.too_short, "too short for any policy"),
        (kept.too_long, "too long for a password"),
        (kept.too_rare, "seen too seldom"),
        (kept.empty, "empty"),
    ];
    let left_out: Vec<_> =
        left_out.iter().filter(|(count, _)| *count > 0).map(|(count, why)| format!("{count} {why}")).collect();
    let mut text = format!("{} lines read", kept.lines);
    if !left_out.is_empty() {
        text = format!("{text}; left out: {}", left_out.join(", "));
    }
    if kept.latin1 > 0 { format!("{text}; {} were not UTF-8 and read as Latin-1", kept.latin1) } else { text }
}

/// Judges as the server would, and says nothing of the password.
fn check(args: &CheckArgs, sources: &Sources, output: Output) -> Result<(), Failure> {
    let config = Config::load(sources, Use::Command)?;
    let mut policy = wire::password_policy(&config.passwords);
    if let Some(path) = &config.passwords.breached_filter {
        policy.breached = Some(read_breached_filter(path)?);
    }
    let site = config.general.public_url.as_ref().map(PublicUrl::as_str).unwrap_or_default();
    let site = site.split_once("://").map_or(site, |(_, host)| host);
    let typed = secret::password()?;
    let Ok(password) = Password::received(typed.expose()) else {
        return Err(Failure::denied("longer than any password can be"));
    };
    match policy.check(&password, &[&args.email, &args.name, site]) {
        Ok(strength) => {
            let value = json!({"isAccepted": true, "score": strength.score, "advice": strength.text(), "errors": []});
            output.say(&format!("accepted. {}", strength.text()), &value)
        }
        Err(violations) => {
            let errors: Vec<_> =
                violations.iter().map(|v| json!({"code": v.code.as_str(), "message": v.message})).collect();
            if output.is_json() {
                output.say("", &json!({"isAccepted": false, "errors": errors}))?;
            }
            let told: Vec<_> = violations.iter().map(|v| format!("{}: {}", v.code.as_str(), v.message)).collect();
            Err(Failure::denied(told.join("\n")))
        }
    }
}

async fn peppers(sources: &Sources, output: Output) -> Result<(), Failure> {
    let peppers = Config::load(sources, Use::Command)?.passwords.peppers;
    let context = Context::open(sources, output, Data::MustExist).await?;
    let uses = async { context.system.store().snapshot().await?.list_pepper_uses().await }.await;
    context.close().await;
    let uses: Vec<(String, u64)> = uses?.into_iter().map(|found| (found.pepper_id, found.hashes)).collect();

    let mut known: Vec<(PepperId, &str)> = named(&peppers);
    known.dedup_by_key(|(id, _)| *id);
    let hashes = |id: &PepperId| uses.iter().find(|(used, _)| *used == id.to_string()).map_or(0, |(_, hashes)| *hashes);
    let rows = known.iter().map(|(id, standing)| vec![id.to_string(), (*standing).to_owned(), hashes(id).to_string()]);
    let views: Vec<_> = known
        .iter()
        .map(|(id, standing)| json!({"id": id.to_string(), "standing": standing, "hashes": hashes(id)}))
        .collect();
    output.table(&["id", "standing", "hashes"], rows.collect(), &json!({"peppers": views}))
}

/// Every pepper that was named, in the order in which one that is named twice counts.
fn named(peppers: &Peppers) -> Vec<(PepperId, &'static str)> {
    let current = peppers.current.iter().map(|pepper| (pepper.id(), "current"));
    let previous = peppers.previous.iter().map(|pepper| (pepper.id(), "previous"));
    let lost = peppers.lost.iter().map(|id| (*id, "lost"));
    let mut seen = Vec::new();
    current
        .chain(previous)
        .chain(lost)
        .filter(|(id, _)| {
            !seen.contains(id) && {
                seen.push(*id);
                true
            }
        })
        .collect()
}
