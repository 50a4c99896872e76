//! The port: who takes mails.

use async_trait::async_trait;

use crate::error::Undelivered;
use crate::message::Message;

/// Takes mails.
///
/// Promises of an implementation: what it has taken is out of our hands and on its way, or on disk; a message that it is given
/// twice has the same id twice, by which a reader's program knows that it is one.
#[async_trait]
pub trait Transport: Send + Sync + 'static {
    /// Hands over a mail.
    async fn send(&self, message: &Message) -> Result<(), Undelivered>;
}
