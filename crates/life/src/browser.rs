//! Honest clients: browsers with tabs, servers that render pages for them, and native programs.
//!
//! A browser keeps the rule of DESIGN section 1, "The request": an attempt id is stored before it is sent, shared by the tabs of a
//! storage, and replaced only after a full answer to it; an answer that comes after ten seconds is not taken; 429, 5xx and a
//! broken network are retried; any 401 means signed out. A cookie is kept as soon as the head of an answer has come, also where
//! the body never does.

use serde_json::{Value, json};

use crate::dice::Dice;
use crate::fault::Weather;
use crate::http::{self, Answer, generation};
use crate::jar::Jar;
use crate::time::{At, HOUR, MINUTE, SECOND};

/// When a client gives an exchange up.
pub(crate) const GIVES_UP: At = 10 * SECOND;

/// An id storage: what the tabs and workers of one origin share.
#[derive(Debug, Clone, Default)]
pub(crate) struct Storage {
    pub(crate) attempt: Option<String>,
    pub(crate) last: Option<String>,
}

/// A tab, a process, or a server that renders pages with the browser's cookie.
#[derive(Debug, Clone)]
pub(crate) struct Sender {
    /// Whose ids it sends; none for one that has no ids.
    pub(crate) storage: Option<usize>,
    /// Whether it is open now.
    pub(crate) is_open: bool,
    /// Whether it refreshes in time, or only when it is used.
    pub(crate) is_eager: bool,
    pub(crate) failures: u32,
    /// The exchange under way.
    pub(crate) under_way: Option<u64>,
}

/// What one browser or native program has.
#[derive(Debug)]
pub(crate) struct Browser {
    pub(crate) dice: Dice,
    pub(crate) email: String,
    pub(crate) address: String,
    pub(crate) is_native: bool,
    pub(crate) jar: Jar,
    /// A native program's refresh token.
    token: Option<String>,
    pub(crate) storages: Vec<Storage>,
    pub(crate) senders: Vec<Sender>,
    pub(crate) is_awake: bool,
    pub(crate) has_account: bool,
    /// Its session; none while it is signed out.
    pub(crate) session: Option<String>,
    /// How often it has signed in: what belongs to an earlier session is not taken.
    pub(crate) epoch: u32,
    /// The newest access token.
    pub(crate) access: Option<String>,
    foul_until: At,
}

/// What a request carried.
#[derive(Debug, Clone, Default)]
pub(crate) struct Carried {
    pub(crate) bytes: Vec<u8>,
    pub(crate) token: String,
    pub(crate) attempt: Option<String>,
    pub(crate) last: Option<String>,
}

impl Browser {
    /// Somebody with this number.
    pub(crate) fn new(number: usize, mut dice: Dice) -> Self {
        let kind = dice.below(100);
        let is_native = kind < 15;
        let storages = if is_native { 1 } else { 1 + usize::from(dice.permille(200)) };
        let mut senders = Vec::new();
        let tabs = if is_native { 1 + dice.index(2) } else { 1 + dice.index(5) };
        for tab in 0..tabs {
            senders.push(Sender::new(Some(tab % storages), dice.permille(600)));
        }
        match kind {
            // A session that never uses ids: only servers that render pages, or an old native client.
            0..4 | 15..23 => senders.iter_mut().for_each(|sender| sender.storage = None),
            // Tabs, and a server that renders pages.
            23..50 => senders.push(Sender::new(None, false)),
            _ => {}
        }
        let (high, low) = (number / 250, number % 250);
        Self {
            dice,
            email: format!("person{number}@example.test"),
            address: format!("10.20.{high}.{low}"),
            is_native,
            jar: Jar::default(),
            token: None,
            storages: vec![Storage::default(); storages],
            senders,
            is_awake: true,
            has_account: false,
            session: None,
            epoch: 0,
            access: None,
            foul_until: 0,
        }
    }

    /// Whether none of its senders has ids.
    pub(crate) fn never_uses_ids(&self) -> bool {
        self.senders.iter().all(|sender| sender.storage.is_none())
    }

    pub(crate) fn refresh_token(&self) -> Option<&str> {
        if self.is_native { self.token.as_deref() } else { self.jar.refresh_token() }
    }

    /// The generation that it holds.
    pub(crate) fn holds(&self) -> u64 {
        self.refresh_token().map_or(0, generation)
    }

    /// The request to register or sign in.
    pub(crate) fn enter(&self) -> Vec<u8> {
        let (path, mut body) = if self.has_account {
            ("/api/auth/login", json!({"email": self.email, "password": PASSWORD}))
        } else {
            ("/api/auth/register", json!({"email": self.email, "password": PASSWORD, "name": "Somebody"}))
        };
        if self.is_native {
            body["tokenDelivery"] = "body".into();
        }
        http::post(path, &self.address, (!self.is_native).then_some(""), &body)
    }

    /// Takes the answer to that; whether it is signed in now.
    pub(crate) fn take_entry(&mut self, answer: &Answer) -> bool {
        match answer.status {
            200 | 201 => {}
            409 => {
                self.has_account = true;
                return false;
            }
            // The account was made after the backup that was put back.
            401 => {
                self.has_account = false;
                return false;
            }
            _ => return false,
        }
        let Some(session) = answer.text("/session/id") else { return false };
        self.session = Some(session.to_owned());
        self.has_account = true;
        self.epoch += 1;
        self.storages.iter_mut().for_each(|storage| *storage = Storage::default());
        self.keep_token(answer, true);
        true
    }

    /// The refresh that this sender sends now; none while it holds nothing.
    pub(crate) fn refresh(&mut self, sender: usize) -> Option<Carried> {
        let token = self.refresh_token()?.to_owned();
        let storage = self.senders.get(sender).and_then(|sender| sender.storage);
        let mut carried = Carried { token, ..Carried::default() };
        if let Some(storage) = storage.and_then(|number| self.storages.get_mut(number)) {
            carried.attempt = Some(storage.attempt.get_or_insert_with(|| self.dice.attempt_id()).clone());
            carried.last.clone_from(&storage.last);
        }
        carried.bytes = request(&self.address, self.is_native, &self.jar, &carried);
        Some(carried)
    }

    /// Keeps what an answer to `sender`'s attempt brings; whether the answer was whole.
    pub(crate) fn take(&mut self, sender: usize, attempt: Option<&str>, answer: &Answer) -> bool {
        if !self.is_native || answer.is_whole() {
            self.keep_token(answer, false);
        }
        if !answer.is_whole() {
            return false;
        }
        if let Some(access) = answer.text("/accessToken") {
            self.access = Some(access.to_owned());
        }
        let storage = self.senders.get(sender).and_then(|sender| sender.storage);
        if answer.is_rotated()
            && let Some(storage) = storage.and_then(|number| self.storages.get_mut(number))
            && storage.attempt.as_deref() == attempt
        {
            storage.last = storage.attempt.take();
        }
        true
    }

    /// It was told that it is signed out.
    pub(crate) fn sign_out(&mut self) {
        self.session = None;
        self.epoch += 1;
        self.jar = Jar::default();
        self.token = None;
        self.storages.iter_mut().for_each(|storage| *storage = Storage::default());
        self.senders.iter_mut().for_each(|sender| (sender.failures, sender.under_way) = (0, None));
    }

    /// How the network is now; foul spells begin by themselves.
    pub(crate) fn weather(&mut self, now: At) -> Weather {
        if now < self.foul_until {
            return Weather::Foul;
        }
        if self.dice.permille(15) {
            self.foul_until = now + self.dice.around(3 * MINUTE);
        }
        Weather::Fair
    }

    /// How long it stays awake, or asleep.
    pub(crate) fn spell(&mut self) -> At {
        if self.is_awake {
            return self.dice.around(20 * MINUTE);
        }
        match self.dice.below(100) {
            0..60 => self.dice.around(30 * MINUTE),
            60..98 => self.dice.between(HOUR, 10 * HOUR),
            // Longer than the idle limit.
            _ => self.dice.between(20 * HOUR, 30 * HOUR),
        }
    }

    /// Which tabs are open from now on; one at least.
    pub(crate) fn open_tabs(&mut self) {
        let always = self.dice.index(self.senders.len());
        for number in 0..self.senders.len() {
            let is_open = number == always || self.dice.permille(300);
            self.senders[number].is_open = is_open;
        }
    }

    fn keep_token(&mut self, answer: &Answer, is_new: bool) {
        if self.is_native {
            if let Some(token) = answer.text("/refreshToken") {
                self.token = Some(token.to_owned());
            }
            return;
        }
        if is_new {
            self.jar = Jar::default();
        }
        answer.cookies().for_each(|field| self.jar.take(field));
    }
}

impl Sender {
    const fn new(storage: Option<usize>, is_eager: bool) -> Self {
        Self { storage, is_open: false, is_eager, failures: 0, under_way: None }
    }
}

/// The bytes of a refresh.
pub(crate) fn request(address: &str, is_native: bool, jar: &Jar, carried: &Carried) -> Vec<u8> {
    let mut body = json!({});
    let mut put = |name: &str, value: Option<&String>| {
        if let Some(value) = value {
            body[name] = Value::from(value.as_str());
        }
    };
    put("attemptId", carried.attempt.as_ref());
    put("lastAttemptId", carried.last.as_ref());
    put("refreshToken", is_native.then_some(&carried.token));
    let cookie = (!is_native).then(|| jar.field());
    http::post("/api/auth/refresh", address, cookie.as_deref(), &body)
}

const PASSWORD: &str = "heron violin quarry 77";
