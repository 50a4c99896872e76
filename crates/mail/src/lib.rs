//! What mails say, and how they are handed over.
//!
//! Knows nothing of accounts and no database: a mail is a [`Kind`], some [`Facts`], an address and the languages that its reader
//! reads. [`Templates`] make a [`Message`] of it, in text and HTML, and a [`Transport`] hands that over: to a mail server, into a
//! directory, or into a mailbox in memory.

pub mod directory;
pub mod error;
pub mod facts;
pub mod kind;
pub mod mailbox;
pub mod message;
pub mod smtp;
pub mod template;
mod texts;
pub mod transport;

pub use directory::Directory;
pub use error::{Error, Undelivered};
pub use facts::Facts;
pub use kind::{Fact, Kind};
pub use mailbox::{Kept, Mailbox};
pub use message::{Address, Message};
pub use smtp::Smtp;
pub use template::{Rendered, Templates};
pub use transport::Transport;
