//! What keeps a guard from starting.

use std::path::PathBuf;

/// Why no verifier could be built. All of it is the caller's to mend: nothing here is said because the issuer does not answer.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// An address over which anybody could answer, or none at all.
    #[error("{what} is not an address that can be trusted: {why}")]
    Address {
        /// Which setting.
        what: &'static str,
        /// What is wrong with it.
        why: &'static str,
    },
    /// A setting out of its range.
    #[error("{what}: {why}")]
    Setting {
        /// Which setting.
        what: &'static str,
        /// What is wrong with it.
        why: &'static str,
    },
    /// A file that cannot be read.
    #[error("could not read {path}")]
    File {
        /// Which file.
        path: PathBuf,
        /// What the system says.
        source: std::io::Error,
    },
    /// A file that holds something else than it should.
    #[error("{path} is not what it should be: {why}")]
    Content {
        /// Which file.
        path: PathBuf,
        /// What is wrong with it.
        why: String,
    },
    /// A root certificate that is none.
    #[error("a root certificate cannot be read")]
    Certificate,
    /// There is no tokio runtime to work on.
    #[error("a verifier is built within a tokio runtime")]
    NoRuntime,
}
