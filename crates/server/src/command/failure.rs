//! How a command ends that could not do what it was asked.

use std::fmt;
use std::process::ExitCode;

use crate::config::Refused;

/// The exit codes. Scripts rely on them.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Exit {
    /// It went wrong.
    Failed = 1,
    /// What was typed or configured cannot be.
    Usage = 2,
    /// There is no such thing.
    NotFound = 3,
    /// It may not be.
    Denied = 4,
    /// The database or a resource is not there now; later it may be.
    Unavailable = 5,
}

impl From<Exit> for ExitCode {
    fn from(exit: Exit) -> Self {
        Self::from(match exit {
            Exit::Failed => 1_u8,
            Exit::Usage => 2,
            Exit::NotFound => 3,
            Exit::Denied => 4,
            Exit::Unavailable => 5,
        })
    }
}

/// Why, for a person, and the exit code.
#[derive(Debug)]
pub struct Failure {
    /// The exit code.
    pub exit: Exit,
    /// Why, and what to do.
    pub text: String,
}

impl Failure {
    /// A failure in its own words.
    #[must_use]
    pub fn new(exit: Exit, text: impl Into<String>) -> Self {
        Self { exit, text: text.into() }
    }

    /// There is no such thing.
    #[must_use]
    pub fn not_found(text: impl Into<String>) -> Self {
        Self::new(Exit::NotFound, text)
    }

    /// It may not be.
    #[must_use]
    pub fn denied(text: impl Into<String>) -> Self {
        Self::new(Exit::Denied, text)
    }

    /// What was typed cannot be.
    #[must_use]
    pub fn usage(text: impl Into<String>) -> Self {
        Self::new(Exit::Usage, text)
    }

    /// Somebody else was faster, or a resource is busy.
    #[must_use]
    pub fn unavailable(text: impl Into<String>) -> Self {
        Self::new(Exit::Unavailable, text)
    }

    /// An error with what caused it, each said once.
    #[must_use]
    pub fn of(exit: Exit, error: &dyn std::error::Error) -> Self {
        let mut text = error.to_string();
        let mut source = error.source();
        while let Some(cause) = source {
            let cause_text = cause.to_string();
            if !text.contains(&cause_text) {
                text = format!("{text}: {cause_text}");
            }
            source = cause.source();
        }
        Self { exit, text }
    }
}

impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.text)
    }
}

impl From<Refused> for Failure {
    fn from(refused: Refused) -> Self {
        Self::new(Exit::Usage, refused.to_string())
    }
}

impl From<std::io::Error> for Failure {
    fn from(error: std::io::Error) -> Self {
        Self::of(Exit::Failed, &error)
    }
}

impl From<anyhow::Error> for Failure {
    fn from(error: anyhow::Error) -> Self {
        Self::new(Exit::Failed, format!("{error:#}"))
    }
}

impl From<countersign::Error> for Failure {
    fn from(error: countersign::Error) -> Self {
        use countersign::Error;
        let exit = match &error {
            Error::Missing(..)
            | Error::PublicUrl(..)
            | Error::Database
            | Error::Http(_)
            | Error::Passwords(_)
            | Error::BreachedFilter { .. }
            | Error::Mail(_)
            | Error::NoMail
            | Error::PeppersMissing(_) => Exit::Usage,
            #[cfg(feature = "geo")]
            Error::Geo(_) => Exit::Usage,
            Error::Keys(error) if error.is_transient() => Exit::Unavailable,
            Error::Keys(countersign_keys::Error::MasterKey(_)) => Exit::Usage,
            Error::Store(error) if error.is_transient() => Exit::Unavailable,
            Error::NoFile => Exit::NotFound,
            Error::Move(error) => of_move(error),
            Error::Open(countersign::OpenError::Address(_)) => Exit::Usage,
            Error::Open(_) => Exit::Unavailable,
            _ => Exit::Failed,
        };
        Self::of(exit, &error)
    }
}

const fn of_move(error: &countersign::MoveError) -> Exit {
    use countersign::MoveError;
    match error {
        MoveError::NotEmpty { .. }
        | MoveError::OtherSource { .. }
        | MoveError::AlreadyMoved { .. }
        | MoveError::NotThere
        | MoveError::HasLived { .. }
        | MoveError::Clocks { .. } => Exit::Denied,
        MoveError::NotMoved => Exit::NotFound,
        MoveError::Open(countersign::OpenError::Address(_)) => Exit::Usage,
        MoveError::Busy | MoveError::AlmostDone { .. } | MoveError::Open(_) => Exit::Unavailable,
        MoveError::Store(error) if error.is_transient() => Exit::Unavailable,
        _ => Exit::Failed,
    }
}

impl From<countersign::BackupError> for Failure {
    fn from(error: countersign::BackupError) -> Self {
        use countersign::BackupError;
        let exit = match error {
            BackupError::Data(error) => return Self::from(*error),
            BackupError::NotSqlite => Exit::Usage,
            BackupError::NoJournal(_) => Exit::NotFound,
            BackupError::Exists(_) | BackupError::Gap { .. } => Exit::Denied,
            BackupError::InUse(_) => Exit::Unavailable,
            BackupError::File { ref source, .. } if source.kind() == std::io::ErrorKind::NotFound => Exit::NotFound,
            _ => Exit::Failed,
        };
        Self::of(exit, &error)
    }
}

impl From<crate::listen::tls::TlsError> for Failure {
    fn from(error: crate::listen::tls::TlsError) -> Self {
        Self::of(Exit::Usage, &error)
    }
}

macro_rules! transient {
    ($($error:ty),*) => {
        $(impl From<$error> for Failure {
            fn from(error: $error) -> Self {
                let exit = if error.is_transient() { Exit::Unavailable } else { Exit::Failed };
                Self::of(exit, &error)
            }
        })*
    };
}

transient!(countersign_keys::Error, countersign_store::Error, countersign_trail::Error);

impl From<countersign_account::Error> for Failure {
    fn from(error: countersign_account::Error) -> Self {
        Self::of(Exit::Failed, &error)
    }
}

impl From<countersign_session::Error> for Failure {
    fn from(error: countersign_session::Error) -> Self {
        Self::of(Exit::Failed, &error)
    }
}
