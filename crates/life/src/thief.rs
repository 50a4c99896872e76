//! Thieves: each copies a browser's state once, and then plays a strategy with what he knows.

use crate::browser::{Browser, Carried, Storage, request};
use crate::dice::Dice;
use crate::http::{Answer, generation};
use crate::jar::Jar;
use crate::time::{At, HOUR, MINUTE, SECOND};

/// When he uses what he has.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Strategy {
    /// At once, and on as a client would.
    AtOnce,
    /// After hours, and then every few minutes.
    WaitAndPoll,
    /// Shortly after each refresh of the owner: he sees the traffic, but cannot read it.
    Follow,
    /// At random.
    Blind,
    /// At random, and only ever what he copied.
    Replay,
    /// Every few seconds from the theft on, for a while.
    Lurk,
}

/// Which ids he sends.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Ids {
    /// None: he has the cookie alone, or keeps quiet about the rest.
    None,
    /// The ones he copied.
    Copied,
    /// New ones, as a client would.
    Fresh,
    /// One of the above each time.
    Mixed,
}

/// What he knows.
#[derive(Debug)]
pub(crate) struct Thief {
    dice: Dice,
    pub(crate) strategy: Strategy,
    pub(crate) ids: Ids,
    is_native: bool,
    jar: Jar,
    token: String,
    original: (Jar, String),
    copied: Vec<Storage>,
    own: Storage,
    address: String,
    /// The epoch of the owner that he copied.
    pub(crate) epoch: u32,
    /// The session that he copied.
    pub(crate) session: String,
    pub(crate) uses: u32,
    /// He was told that it is over.
    pub(crate) is_done: bool,
    /// Until when he lurks.
    until: At,
}

impl Thief {
    /// Copies the browser's state.
    pub(crate) fn copy(owner: &Browser, mut dice: Dice, now: At) -> Option<Self> {
        let token = owner.refresh_token()?.to_owned();
        let strategies = [
            Strategy::AtOnce,
            Strategy::WaitAndPoll,
            Strategy::Follow,
            Strategy::Blind,
            Strategy::Replay,
            Strategy::Lurk,
        ];
        let strategy = strategies[dice.index(strategies.len())];
        let takes_ids = dice.permille(500);
        let ids = match (takes_ids, dice.below(3)) {
            (true, 0) => Ids::Mixed,
            (true, _) => Ids::Copied,
            (false, 0) => Ids::Fresh,
            (false, _) => Ids::None,
        };
        let until = now + dice.around(10 * MINUTE);
        Some(Self {
            dice,
            strategy,
            ids,
            is_native: owner.is_native,
            jar: owner.jar.clone(),
            original: (owner.jar.clone(), token.clone()),
            token,
            copied: if takes_ids { owner.storages.clone() } else { Vec::new() },
            own: Storage::default(),
            address: "198.51.100.7".to_owned(),
            epoch: owner.epoch,
            session: owner.session.clone()?,
            uses: 0,
            is_done: false,
            until,
        })
    }

    /// Every id that he copied.
    pub(crate) fn copied_ids(&self) -> impl Iterator<Item = &String> {
        self.copied.iter().flat_map(|storage| storage.attempt.iter().chain(&storage.last))
    }

    /// How long until he acts next by himself; none where the owner's acts decide.
    pub(crate) fn patience(&mut self, now: At) -> Option<At> {
        match self.strategy {
            Strategy::AtOnce if self.uses == 0 => Some(self.dice.between(100, 2 * SECOND)),
            Strategy::AtOnce => Some(self.dice.between(40 * SECOND, 70 * SECOND)),
            Strategy::WaitAndPoll if self.uses == 0 => Some(self.dice.between(10 * MINUTE, 6 * HOUR)),
            Strategy::WaitAndPoll => Some(self.dice.around(4 * MINUTE)),
            Strategy::Follow => None,
            Strategy::Blind => Some(self.dice.around(20 * MINUTE)),
            Strategy::Replay => Some(self.dice.around(10 * MINUTE)),
            Strategy::Lurk if now < self.until => Some(self.dice.between(3 * SECOND, 10 * SECOND)),
            Strategy::Lurk => Some(self.dice.around(30 * MINUTE)),
        }
    }

    /// How long after a refresh of the owner he acts.
    pub(crate) fn follows_after(&mut self) -> Option<At> {
        (self.strategy == Strategy::Follow).then(|| self.dice.between(100, 28 * SECOND))
    }

    /// What he sends now.
    pub(crate) fn refresh(&mut self) -> Carried {
        self.uses += 1;
        if self.strategy == Strategy::Replay {
            (self.jar, self.token) = self.original.clone();
        }
        let ids = match self.ids {
            Ids::Mixed => [Ids::None, Ids::Copied, Ids::Fresh][self.dice.index(3)],
            ids => ids,
        };
        let storage = match ids {
            Ids::Copied if !self.copied.is_empty() => self.copied[self.dice.index(self.copied.len())].clone(),
            Ids::Fresh => {
                self.own.attempt.get_or_insert_with(|| self.dice.attempt_id());
                self.own.clone()
            }
            _ => Storage::default(),
        };
        let token = if self.is_native { &self.token } else { self.jar.refresh_token().unwrap_or(&self.token) };
        let mut carried =
            Carried { bytes: Vec::new(), token: token.to_owned(), attempt: storage.attempt, last: storage.last };
        carried.bytes = request(&self.address, self.is_native, &self.jar, &carried);
        carried
    }

    /// Keeps what the answer brings.
    pub(crate) fn take(&mut self, attempt: Option<&str>, answer: &Answer) {
        answer.cookies().for_each(|field| self.jar.take(field));
        if let Some(token) = answer.refresh_token() {
            // He is no fool: he never goes back by himself.
            if generation(token) > generation(&self.token) {
                token.clone_into(&mut self.token);
            }
        }
        if answer.is_rotated() && self.own.attempt.as_deref() == attempt {
            self.own.last = self.own.attempt.take();
        }
        self.is_done |= answer.status == 401;
    }
}
