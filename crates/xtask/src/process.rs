//! Starting other programs.

use std::fmt;
use std::path::PathBuf;
use std::process::{Command, Stdio};

use anyhow::{Context, Result};

/// A program ended with something else than success.
#[derive(Debug)]
pub(crate) struct Failed {
    program: String,
    /// Its exit code, or 1 where a signal ended it.
    pub(crate) code: u8,
}

impl fmt::Display for Failed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} failed with {}", self.program, self.code)
    }
}

impl std::error::Error for Failed {}

/// The top of the repository.
pub(crate) fn root() -> Result<PathBuf> {
    let here = match std::env::var_os("CARGO_MANIFEST_DIR") {
        Some(own) => PathBuf::from(own),
        None => std::env::current_dir()?,
    };
    let found = here.ancestors().find(|dir| dir.join("Cargo.lock").is_file());
    found.map(PathBuf::from).context("run this inside the repository")
}

/// The cargo that runs us, at the top of the repository.
pub(crate) fn cargo() -> Result<Command> {
    let mut command = Command::new(std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into()));
    command.current_dir(root()?);
    Ok(command)
}

/// Runs to the end with our own streams.
pub(crate) fn run(command: &mut Command) -> Result<()> {
    let status = command.status().with_context(|| format!("could not start {}", name(command)))?;
    if status.success() {
        return Ok(());
    }
    let code = status.code().and_then(|code| u8::try_from(code).ok()).unwrap_or(1);
    Err(Failed { program: name(command), code }.into())
}

/// Runs to the end and gives what it printed on its standard output.
pub(crate) fn output(command: &mut Command) -> Result<String> {
    let done = command.stderr(Stdio::inherit()).output();
    let done = done.with_context(|| format!("could not start {}", name(command)))?;
    if !done.status.success() {
        let code = done.status.code().and_then(|code| u8::try_from(code).ok()).unwrap_or(1);
        return Err(Failed { program: name(command), code }.into());
    }
    String::from_utf8(done.stdout).context("its output is not UTF-8")
}

/// Whether the program can be started and says that all is well.
pub(crate) fn answers(command: &mut Command) -> bool {
    command.stdout(Stdio::null()).stderr(Stdio::null()).status().is_ok_and(|status| status.success())
}

fn name(command: &Command) -> String {
    let mut words = vec![command.get_program().to_string_lossy().into_owned()];
    words.extend(command.get_args().take(3).map(|word| word.to_string_lossy().into_owned()));
    words.join(" ")
}
