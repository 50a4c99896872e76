//! Where a value came from.

use std::fmt;
use std::path::PathBuf;

/// Where a value came from; a later layer wins over an earlier one.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Origin {
    /// The default of the definition.
    Default,
    /// `countersign.toml`, with the line.
    File(PathBuf, usize),
    /// A file of `$CREDENTIALS_DIRECTORY` (systemd).
    Credential(PathBuf),
    /// An environment variable.
    Variable(String),
    /// The file that an environment variable or the configuration file names.
    SecretFile(PathBuf),
    /// A flag of the command.
    Flag(String),
}

impl fmt::Display for Origin {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Default => f.write_str("default"),
            Self::File(path, line) => write!(f, "{} line {line}", path.display()),
            Self::Credential(path) => write!(f, "credential {}", path.display()),
            Self::Variable(name) => f.write_str(name),
            Self::SecretFile(path) => write!(f, "file {}", path.display()),
            Self::Flag(name) => f.write_str(name),
        }
    }
}
