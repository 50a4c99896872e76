//! What a revocation says, as small as it can be kept.

use countersign_kernel::{KeyId, SessionId, Timestamp, TokenId, UserId};
use countersign_store::{Effect, NewRevocation};

/// The names in a token that a revocation can mean.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Names {
    /// `jti`.
    pub token: TokenId,
    /// `sid`.
    pub session: SessionId,
    /// `sub`.
    pub user: UserId,
    /// `ver`.
    pub ver: u64,
    /// The key behind `kid`.
    pub key: KeyId,
}

/// Until when each effect lasts; the epoch where it was never said.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(super) struct Times {
    pub(super) superseded: Second,
    pub(super) ended: Second,
}

impl Times {
    pub(super) fn of(revocation: &NewRevocation) -> Self {
        let until = Second::after(revocation.until);
        match revocation.effect {
            Effect::Superseded => Self { superseded: until, ended: Second::NEVER },
            Effect::Ended => Self { superseded: Second::NEVER, ended: until },
        }
    }

    pub(super) fn join(&mut self, other: Self) {
        self.superseded = self.superseded.max(other.superseded);
        self.ended = self.ended.max(other.ended);
    }

    pub(super) fn last(self) -> Second {
        self.superseded.max(self.ended)
    }

    pub(super) fn effect(self, now: Second) -> Option<Effect> {
        if self.ended.is_after(now) {
            Some(Effect::Ended)
        } else {
            self.superseded.is_after(now).then_some(Effect::Superseded)
        }
    }
}

/// One revocation of a person's tokens.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Rule {
    pub(super) below: u64,
    pub(super) except: Option<SessionId>,
    pub(super) times: Times,
}

impl Rule {
    pub(super) fn effect(&self, session: SessionId, ver: u64, now: Second) -> Option<Effect> {
        if ver >= self.below {
            return None;
        }
        let effect = self.times.effect(now)?;
        Some(if self.except == Some(session) { Effect::Superseded } else { effect })
    }

    /// Whether `other` adds nothing to this rule: at no time, for no version and no session.
    pub(super) fn covers(&self, other: &Self) -> bool {
        // For the session that this rule spares, the other must not say more.
        let spares_alike = self.except.is_none() || self.except == other.except || other.times.ended == Second::NEVER;
        self.below >= other.below
            && self.times.ended >= other.times.ended
            && self.times.last() >= other.times.last()
            && spares_alike
    }
}

/// Whole seconds since the epoch: four bytes are enough until 2106, and a later moment stays there.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Default)]
pub(super) struct Second(u32);

impl Second {
    pub(super) const NEVER: Self = Self(0);
    pub(super) const FAR: Self = Self(u32::MAX);

    /// The last second that began by `moment`.
    pub(super) fn reached(moment: Timestamp) -> Self {
        Self(u32::try_from(moment.as_seconds().max(0)).unwrap_or(u32::MAX))
    }

    /// The first second that begins at or after `moment`.
    pub(super) fn after(moment: Timestamp) -> Self {
        let Self(reached) = Self::reached(moment);
        let whole = Timestamp::from_seconds(i64::from(reached)) >= moment;
        Self(if whole { reached } else { reached.saturating_add(1) })
    }

    /// Whether this is yet to come. The last second that can be named always is: a clock far in the future must not make
    /// everything lawful again.
    pub(super) fn is_after(self, now: Self) -> bool {
        self > now || self == Self::FAR
    }

    pub(super) fn moment(self) -> Timestamp {
        Timestamp::from_seconds(i64::from(self.0))
    }
}

/// Of two findings the one that weighs more.
pub(super) fn graver(a: Option<Effect>, b: Option<Effect>) -> Option<Effect> {
    match (a, b) {
        (Some(Effect::Ended), _) | (_, Some(Effect::Ended)) => Some(Effect::Ended),
        (a, b) => a.or(b),
    }
}
