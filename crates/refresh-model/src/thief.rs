//! The thief: copies once, then presents whatever he likes of what he knows, whenever he likes.

use crate::scenario::{Copies, Scenario};
use crate::server::{IdName, presented};
use crate::state::{State, Thief};
use crate::watch::Party;

impl State {
    /// He copies the browser's state as it is now.
    pub(crate) fn copy(&mut self, scenario: &Scenario) -> Option<()> {
        if self.thief.is_some() {
            return None;
        }
        let mut ids: Vec<IdName> = match scenario.copies {
            Copies::Nothing => return None,
            Copies::Cookie => Vec::new(),
            Copies::Everything => self.storages.iter().flat_map(|s| [Some(s.pending), s.last]).flatten().collect(),
        };
        ids.sort_unstable();
        self.thief = Some(Thief { tokens: vec![self.jar], ids });
        Some(())
    }

    /// Every request that he could send and that could matter: each token with each id he knows, a new one or none.
    pub(crate) fn thiefs_choices(&self) -> Vec<(u64, Option<IdName>, Option<IdName>)> {
        let Some(thief) = self.thief.as_ref().filter(|_| self.left.uses > 0) else { return Vec::new() };
        let known: Vec<Option<IdName>> = thief.ids.iter().copied().map(Some).collect();
        let mut attempts = known.clone();
        attempts.extend([None, Some(self.unknown_id())]);
        let mut choices = Vec::new();
        for &token in &thief.tokens {
            for &attempt in &attempts {
                // Only an id that the row holds now proves anything as the last one.
                let proving = thief.ids.iter().copied().filter(|id| self.server.remembers(*id));
                choices.extend(proving.map(Some).chain([None]).map(|last| (token, attempt, last)));
            }
        }
        choices
    }

    /// He presents a token.
    pub(crate) fn steal(
        &mut self,
        scenario: &Scenario,
        generation: u64,
        attempt: Option<IdName>,
        last: Option<IdName>,
    ) -> Option<()> {
        self.left.uses = self.left.uses.checked_sub(1)?;
        let token = self.present(scenario, &presented(generation, attempt, last, false), Party::Thief);
        let thief = self.thief.as_mut()?;
        thief.ids.extend(attempt);
        thief.tokens.extend(token);
        self.forget_useless();
        Some(())
    }

    /// Drops the ids that nobody could recognise any more: to present one of them is to present a new one.
    pub(crate) fn forget_useless(&mut self) {
        let Some(mut thief) = self.thief.take() else { return };
        thief.ids.retain(|id| self.could_meet(*id));
        thief.ids.sort_unstable();
        thief.ids.dedup();
        thief.tokens.sort_unstable();
        thief.tokens.dedup();
        self.thief = Some(thief);
    }
}
