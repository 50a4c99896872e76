//! The refresh token's wire form (DESIGN section 1, "The token").
//!
//! Opaque to clients and derivable by the server: the same fields always give the same text, byte for byte, so nothing has to
//! be stored from which a token could be made. 70 bytes as 94 characters of base64url without padding:
//!
//! | bytes | field |
//! |---|---|
//! | 1 | version, 1 |
//! | 1 | delivery: 1 cookie, 2 body |
//! | 4 | MAC period |
//! | 16 | session id |
//! | 8 | generation |
//! | 8 | absolute deadline, microseconds since the epoch |
//! | 32 | HMAC-SHA-256 over all of the above |
//!
//! The MAC key is HKDF-SHA-256 of the refresh root and the 90-day period number. Numbers are big-endian.

use std::fmt;
use std::sync::Arc;

use arc_swap::ArcSwap;
use countersign_kernel::{Lifetime, Secret, SessionId, Timestamp};
use countersign_store::{Delivery, Session};

use crate::judge::{MAC_PERIOD, mac_period};
use crate::mac::{Fields, MacKey, TAG, from_text, to_text};
use crate::policy::MOST_ABSOLUTE;

/// What a refresh token says.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct RefreshToken {
    /// How it travels: one that comes the other way is invalid.
    pub delivery: Delivery,
    /// The MAC period under which it was made.
    pub period: u32,
    /// Its session.
    pub session: SessionId,
    /// Its generation, n.
    pub generation: u64,
    /// When its session is over, whatever happens.
    pub deadline: Timestamp,
}

impl RefreshToken {
    /// The live token of a session.
    #[must_use]
    pub const fn of(session: &Session) -> Self {
        Self {
            delivery: session.delivery,
            period: session.row.period,
            session: session.id,
            generation: session.row.generation,
            deadline: session.row.absolute_deadline,
        }
    }

    fn to_bytes(self) -> [u8; CLAIMED] {
        let delivery = match self.delivery {
            Delivery::Cookie => COOKIE,
            Delivery::Body => BODY,
        };
        let fields = [VERSION, delivery]
            .into_iter()
            .chain(self.period.to_be_bytes())
            .chain(self.session.to_bytes())
            .chain(self.generation.to_be_bytes())
            .chain(self.deadline.as_micros().to_be_bytes());
        let mut bytes = [0; CLAIMED];
        for (slot, byte) in bytes.iter_mut().zip(fields) {
            *slot = byte;
        }
        bytes
    }
}

/// The text of a refresh token: what the cookie or the body carries.
#[derive(Debug, Clone)]
pub struct RefreshText(Secret<String>);

impl RefreshText {
    /// The text itself.
    #[must_use]
    pub fn expose(&self) -> &str {
        self.0.expose()
    }
}

/// A text of the right form whose MAC nobody has checked yet: worth nothing but to be checked.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Unproven {
    claimed: RefreshToken,
    tag: [u8; TAG],
}

impl Unproven {
    /// Reads the wire form strictly: exactly one text stands for each token.
    #[must_use]
    pub fn decode(text: &str) -> Option<Self> {
        let bytes = from_text::<LENGTH>(text)?;
        let mut fields = Fields(&bytes);
        if fields.take()? != [VERSION] {
            return None;
        }
        let delivery = match fields.take()? {
            [COOKIE] => Delivery::Cookie,
            [BODY] => Delivery::Body,
            _ => return None,
        };
        let claimed = RefreshToken {
            delivery,
            period: u32::from_be_bytes(fields.take()?),
            session: SessionId::from_bytes(fields.take()?),
            generation: u64::from_be_bytes(fields.take()?),
            deadline: Timestamp::from_micros(i64::from_be_bytes(fields.take()?)),
        };
        Some(Self { claimed, tag: fields.take()? })
    }

    /// The text that this was read from.
    #[must_use]
    pub fn encode(&self) -> RefreshText {
        let mut bytes = [0; LENGTH];
        for (slot, byte) in bytes.iter_mut().zip(self.claimed.to_bytes().into_iter().chain(self.tag)) {
            *slot = byte;
        }
        RefreshText(Secret::new(to_text(&bytes)))
    }
}

/// Makes and recognises refresh tokens. No key is stored: each is made again from the root and the period's number.
pub struct RefreshKeys {
    root: Secret<[u8; 32]>,
    periods: ArcSwap<Vec<(u32, MacKey)>>,
}

impl RefreshKeys {
    /// The keys under this root.
    #[must_use]
    pub fn new(root: Secret<[u8; 32]>) -> Self {
        Self { root, periods: ArcSwap::default() }
    }

    /// The text of a token.
    #[must_use]
    pub fn seal(&self, token: &RefreshToken) -> RefreshText {
        let key = self.key(token.period).unwrap_or_else(|| self.derive(token.period));
        Unproven { claimed: *token, tag: key.sign(&[&token.to_bytes()]) }.encode()
    }

    /// The token of this text, if we made it; none for anything else. Compares in constant time.
    ///
    /// A period is known from the oldest in which a session that still lives may have begun until the present one, or the
    /// next if it begins within a day, so that nodes need not agree on midnight.
    #[must_use]
    pub fn open(&self, text: &str, now: Timestamp) -> Option<RefreshToken> {
        let Unproven { claimed, tag } = Unproven::decode(text)?;
        if claimed.period < mac_period(now - OLDEST) || claimed.period > mac_period(now + MIDNIGHT_SLACK) {
            return None;
        }
        let remembered = self.key(claimed.period);
        let is_new = remembered.is_none();
        let key = remembered.unwrap_or_else(|| self.derive(claimed.period));
        if !key.verifies(&[&claimed.to_bytes()], &tag) {
            return None;
        }
        if is_new {
            self.remember(claimed.period, &key);
        }
        Some(claimed)
    }

    fn key(&self, period: u32) -> Option<MacKey> {
        self.periods.load().iter().find(|(p, _)| *p == period).map(|(_, key)| key.clone())
    }

    fn derive(&self, period: u32) -> MacKey {
        MacKey::derive(&self.root, LABEL, &period.to_be_bytes())
    }

    /// Only periods of tokens that proved genuine come here: an attacker cannot fill the memory.
    fn remember(&self, period: u32, key: &MacKey) {
        self.periods.rcu(|known| {
            let mut periods = Vec::clone(known);
            if !periods.iter().any(|(p, _)| *p == period) {
                periods.push((period, key.clone()));
            }
            Arc::new(periods)
        });
    }
}

impl fmt::Debug for RefreshKeys {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("RefreshKeys(..)")
    }
}

const VERSION: u8 = 1;
const COOKIE: u8 = 1;
const BODY: u8 = 2;
const LABEL: &str = "countersign/refresh-token/1";
/// Bytes that the MAC covers.
const CLAIMED: usize = 38;
/// Bytes of the whole token.
const LENGTH: usize = CLAIMED + TAG;
/// A token older than this belongs to a session that is over.
const OLDEST: Lifetime = Lifetime::from_micros(MOST_ABSOLUTE.as_micros() + MAC_PERIOD.as_micros());
/// Nodes whose clocks differ by less than this agree on every period.
const MIDNIGHT_SLACK: Lifetime = Lifetime::from_days(1);

#[cfg(test)]
mod tests;
