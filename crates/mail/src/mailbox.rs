//! A mailbox in memory: for development and tests. Nothing leaves the machine.

use std::collections::VecDeque;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use async_trait::async_trait;

use crate::error::Undelivered;
use crate::message::Message;
use crate::transport::Transport;

/// How many mails are kept; older ones go.
const MOST: usize = 200;

/// A mail in the mailbox. Cheap to clone.
pub type Kept = Arc<Message>;

/// A mailbox in memory. Clones are the same one.
#[derive(Debug, Clone, Default)]
pub struct Mailbox(Arc<Mutex<VecDeque<Kept>>>);

impl Mailbox {
    /// Every mail, oldest first.
    #[must_use]
    pub fn mails(&self) -> Vec<Kept> {
        self.lock().iter().cloned().collect()
    }

    fn lock(&self) -> MutexGuard<'_, VecDeque<Kept>> {
        // Each holder leaves the list whole.
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[async_trait]
impl Transport for Mailbox {
    async fn send(&self, message: &Message) -> Result<(), Undelivered> {
        let mut mails = self.lock();
        // As a reader's program does it: what comes twice is one.
        if mails.iter().any(|mail| mail.id == message.id) {
            return Ok(());
        }
        if mails.len() >= MOST {
            mails.pop_front();
        }
        mails.push_back(Arc::new(message.clone()));
        Ok(())
    }
}
