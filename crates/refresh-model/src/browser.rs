//! The browser: tabs and workers that share a cookie jar, and the client's part of the contract.
//!
//! `attemptId` is stored before it is sent and replaced only after a full answer to it; `lastAttemptId` is the one last
//! answered in full. A full answer puts its token into the jar, whoever in this browser asked.

use crate::scenario::{Scenario, Sender};
use crate::server::presented;
use crate::state::{Reply, Request, State, Storage};
use crate::watch::Party;

impl State {
    /// `sender` sends what the jar and its storage hold.
    pub(crate) fn send(&mut self, scenario: &Scenario, sender: usize) -> Option<()> {
        self.left.sends = self.left.sends.checked_sub(1)?;
        let storage = self.storage_of(scenario, sender).and_then(|index| self.storages.get(index));
        self.requests.push(Request {
            sender,
            generation: self.jar,
            attempt: storage.map(|s| s.pending),
            last: storage.and_then(|s| s.last),
            age: 0,
        });
        self.requests.sort_unstable();
        Some(())
    }

    /// The server judges a request; `again` leaves it under way, to be delivered once more.
    pub(crate) fn judge_request(&mut self, scenario: &Scenario, index: usize, again: bool) -> Option<()> {
        let request = *self.requests.get(index)?;
        if again {
            self.left.duplicates = self.left.duplicates.checked_sub(1)?;
        } else {
            self.requests.remove(index);
        }
        let shown = presented(request.generation, request.attempt, request.last, scenario.bound);
        let token = self.present(scenario, &shown, Party::Owner(request.sender));
        if let Some(generation) = token
            && request.age <= scenario.patience()
        {
            let Request { sender, attempt, age, .. } = request;
            self.replies.push(Reply { sender, generation, attempt, age });
            if scenario.overtaking {
                self.replies.sort_unstable();
            }
        }
        Some(())
    }

    /// A full answer reaches the browser.
    pub(crate) fn receive(&mut self, scenario: &Scenario, index: usize) -> Option<()> {
        let reply = (index < self.replies.len()).then(|| self.replies.remove(index))?;
        self.jar = reply.generation;
        let next = self.unknown_id();
        if let Some(storage) = self.storage_of(scenario, reply.sender).and_then(|index| self.storages.get_mut(index))
            && reply.attempt == Some(storage.pending)
        {
            *storage = Storage { pending: next, last: reply.attempt };
        }
        Some(())
    }

    /// The first id storage is cleared; the cookies stay.
    pub(crate) fn clear_storage(&mut self) -> Option<()> {
        self.left.clears = self.left.clears.checked_sub(1)?;
        let pending = self.unknown_id();
        *self.storages.first_mut()? = Storage { pending, last: None };
        Some(())
    }

    /// The index of this sender's storage among the storages.
    #[expect(clippy::unused_self, reason = "reads as a question about this state's storages")]
    fn storage_of(&self, scenario: &Scenario, sender: usize) -> Option<usize> {
        let with_ids = |s: &&Sender| **s == Sender::WithIds;
        scenario.senders.get(sender).filter(with_ids)?;
        Some(scenario.senders.iter().take(sender).filter(with_ids).count())
    }
}
