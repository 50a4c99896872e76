//! Reads secrets: from a prompt on a terminal, from standard input elsewhere. Never from arguments, which every user of the
//! machine can read.

use std::io::{IsTerminal, Read};

use countersign_kernel::Secret;

use super::failure::Failure;

/// The most that is read of a secret.
const MOST_BYTES: u64 = 64 * 1024;

/// Asks for a new secret twice on a terminal; reads the first line of standard input elsewhere.
///
/// # Errors
/// Nothing was given, or the two differ.
pub fn new_password() -> Result<Secret<String>, Failure> {
    if !std::io::stdin().is_terminal() {
        return first_line_of_stdin();
    }
    let first = Secret::new(rpassword::prompt_password("Password: ")?);
    let second = Secret::new(rpassword::prompt_password("Again: ")?);
    if first.matches(second.expose().as_bytes()) { Ok(first) } else { Err(Failure::usage("the two passwords differ")) }
}

/// Asks for a secret once on a terminal; reads the first line of standard input elsewhere.
///
/// # Errors
/// Nothing was given.
pub fn password() -> Result<Secret<String>, Failure> {
    if !std::io::stdin().is_terminal() {
        return first_line_of_stdin();
    }
    Ok(Secret::new(rpassword::prompt_password("Password: ")?))
}

fn first_line_of_stdin() -> Result<Secret<String>, Failure> {
    let text = all_of_stdin()?;
    let line = text.expose().lines().next().unwrap_or_default().to_owned();
    if line.is_empty() { Err(Failure::usage("no password on standard input")) } else { Ok(Secret::new(line)) }
}

/// All of standard input.
///
/// # Errors
/// It cannot be read, or is longer than anything that is meant.
pub fn all_of_stdin() -> Result<Secret<String>, Failure> {
    let mut text = String::new();
    let read = std::io::stdin().lock().take(MOST_BYTES + 1).read_to_string(&mut text)?;
    let text = Secret::new(text);
    if u64::try_from(read).unwrap_or(u64::MAX) > MOST_BYTES {
        return Err(Failure::usage("standard input is longer than 64 KiB"));
    }
    Ok(text)
}

/// All of a file, or of standard input where it is called `-`.
///
/// # Errors
/// It cannot be read.
pub fn file(path: &std::path::Path) -> Result<Secret<String>, Failure> {
    if path.as_os_str() == "-" {
        return all_of_stdin();
    }
    match std::fs::read_to_string(path) {
        Ok(text) => Ok(Secret::new(text)),
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => {
            Err(Failure::not_found(format!("{}: there is no such file", path.display())))
        }
        Err(error) => Err(Failure::new(super::failure::Exit::Failed, format!("{}: {error}", path.display()))),
    }
}
