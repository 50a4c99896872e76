//! What can go wrong with mail.

use std::path::PathBuf;

/// Mail cannot be sent as it is set up. Every text says what is wrong and where.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// The sender is no mailbox.
    #[error("{0:?} is no sender; write an address, or a name and an address: Example <auth@example.com>")]
    Sender(String),
    /// The server's address cannot be used. Never shows the address, which may hold a password.
    #[error("{0}")]
    Server(&'static str),
    /// A file or directory cannot be used.
    #[error("cannot use {}", .0.display())]
    File(PathBuf, #[source] std::io::Error),
    /// A file of texts is not as it must be.
    #[error("{file}: {reason}")]
    Texts {
        /// The file.
        file: String,
        /// What is wrong with it.
        reason: String,
    },
    /// A mail could not be made of its parts.
    #[error("could not write a mail: {0}")]
    Message(String),
}

/// Why a mail was not taken.
#[derive(Debug, thiserror::Error)]
#[error("{reason}")]
pub struct Undelivered {
    /// Whether it is of no use to try again.
    pub is_final: bool,
    /// What the other side said, without the mail's content.
    pub reason: String,
}
