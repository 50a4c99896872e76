//! Peppers: secrets that go into every hash and are not in the database.
//!
//! A pepper is Argon2's own secret value K (RFC 9106 section 3.1), and 48 bits by which it is known stand in the PHC string of
//! each hash as `keyid`. Promises: a hash that needs a pepper is never judged without it; one that was made under another
//! pepper than today's asks to be made again; a pepper that is declared lost makes its hashes match nothing, at the work of
//! any other check.

use std::fmt;
use std::str::FromStr;

use aws_lc_rs::hmac;
use base64::Engine;
use base64::engine::general_purpose::{STANDARD_NO_PAD, URL_SAFE_NO_PAD};
use countersign_kernel::{Env, Secret};
use zeroize::Zeroizing;

/// How many bytes of a pepper's mark are kept: chance makes two alike once in 2^48.
const ID_BYTES: usize = 6;

/// What is computed under a pepper to know it by.
const ID_INFO: &[u8] = b"countersign v1 pepper id";

/// 256 random bits that go into every hash.
#[derive(Debug, Clone)]
pub struct Pepper {
    key: Secret<[u8; 32]>,
    id: PepperId,
}

/// What a pepper is known by: 48 bits from which nothing can be computed back. Written as 8 characters of base64, as in the
/// PHC string.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct PepperId([u8; ID_BYTES]);

/// Why some text is no pepper. Says nothing of it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum PepperError {
    /// Not 43 characters of base64url.
    #[error("a pepper must be 256 bits: 43 characters of base64url; `countersign password generate-pepper` makes one")]
    Malformed,
    /// The right length, but nobody's random choice.
    #[error("the pepper is not random; `countersign password generate-pepper` makes one")]
    NotRandom,
}

/// Text that is no id of a pepper.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("the id of a pepper is 8 characters of base64, as `countersign password peppers` shows it")]
pub struct NoPepperId;

impl Pepper {
    /// Reads 43 characters of base64url without padding; white space around them does not count.
    ///
    /// # Errors
    /// [`PepperError`] if it is something else, or plainly not random.
    pub fn from_text(text: &str) -> Result<Self, PepperError> {
        let text = text.trim_ascii();
        let mut key = Zeroizing::new([0; 32]);
        match URL_SAFE_NO_PAD.decode_slice(text, key.as_mut()) {
            Ok(32) => {}
            _ => return Err(PepperError::Malformed),
        }
        // 32 random bytes repeat so much once in 10^40 peppers; those of a keyboard or a counter do.
        let mut sorted = key.clone();
        sorted.sort_unstable();
        let repeats = sorted.windows(2).filter(|pair| matches!(pair, [a, b] if a == b)).count();
        let steps = key.windows(2).filter(|pair| matches!(pair, [a, b] if b.wrapping_sub(*a) == 1)).count();
        if repeats > 20 || steps > 20 {
            return Err(PepperError::NotRandom);
        }
        Ok(Self::new(Secret::new(*key)))
    }

    /// The text of a new one.
    #[must_use]
    pub fn generate(env: &Env) -> Secret<String> {
        let key = Secret::new(env.entropy().bytes::<32>());
        Secret::new(URL_SAFE_NO_PAD.encode(key.expose()))
    }

    /// What it is known by.
    #[must_use]
    pub const fn id(&self) -> PepperId {
        self.id
    }

    /// The secret value K.
    pub(crate) const fn key(&self) -> &[u8; 32] {
        self.key.expose()
    }

    fn new(key: Secret<[u8; 32]>) -> Self {
        let mark = hmac::sign(&hmac::Key::new(hmac::HMAC_SHA256, key.expose()), ID_INFO);
        let id = mark.as_ref().first_chunk().copied().unwrap_or_default();
        Self { key, id: PepperId(id) }
    }
}

impl PepperId {
    /// The id that stands in a PHC string; none where it is of another length.
    pub(crate) fn from_bytes(bytes: &[u8]) -> Option<Self> {
        bytes.try_into().ok().map(Self)
    }

    /// The bytes that stand in a PHC string.
    pub(crate) const fn as_bytes(&self) -> &[u8; ID_BYTES] {
        &self.0
    }
}

impl fmt::Display for PepperId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&STANDARD_NO_PAD.encode(self.0))
    }
}

impl FromStr for PepperId {
    type Err = NoPepperId;

    fn from_str(text: &str) -> Result<Self, NoPepperId> {
        let mut id = [0; ID_BYTES];
        match STANDARD_NO_PAD.decode_slice(text, &mut id) {
            Ok(ID_BYTES) => Ok(Self(id)),
            _ => Err(NoPepperId),
        }
    }
}

/// The peppers of a server.
#[derive(Debug, Clone, Default)]
pub struct Peppers {
    /// What new hashes are made with; none for hashes without one.
    pub current: Option<Pepper>,
    /// What older hashes may need: their owners' next sign-ins make them anew.
    pub previous: Vec<Pepper>,
    /// Those that nobody has any more: whoever's hash needs one has to reset the password.
    pub lost: Vec<PepperId>,
}

/// What is known of a pepper.
pub(crate) enum Standing<'a> {
    /// It is here.
    Known(&'a Pepper),
    /// It is declared lost.
    Lost,
    /// Nobody has said anything of it.
    Unknown,
}

impl Peppers {
    /// Whether a hash under this pepper can be judged, if only as never matching.
    #[must_use]
    pub fn knows(&self, id: PepperId) -> bool {
        !matches!(self.standing(id), Standing::Unknown)
    }

    /// Whether it is declared lost, and is not here after all.
    #[must_use]
    pub fn has_lost(&self, id: PepperId) -> bool {
        matches!(self.standing(id), Standing::Lost)
    }

    /// A pepper that is here counts as here, whatever else was said of it.
    pub(crate) fn standing(&self, id: PepperId) -> Standing<'_> {
        match self.current.iter().chain(&self.previous).find(|pepper| pepper.id == id) {
            Some(pepper) => Standing::Known(pepper),
            None if self.lost.contains(&id) => Standing::Lost,
            None => Standing::Unknown,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const TEXT: &str = "q0KcYx1cVxkq3Jr5rWm0c2bN6u8Zt4s7oQeXhDfGvLI";

    #[test]
    fn a_pepper_is_known_by_the_same_eight_characters_everywhere() {
        let pepper = Pepper::from_text(TEXT).unwrap();
        let id = pepper.id().to_string();

        assert_eq!(id.len(), 8);
        assert_eq!(id.parse(), Ok(pepper.id()));
        assert_eq!(Pepper::from_text(&format!(" {TEXT}\n")).unwrap().id(), pepper.id());
        assert_ne!(Pepper::from_text(Pepper::generate(&Env::system()).expose()).unwrap().id(), pepper.id());
    }

    #[test]
    fn text_that_is_no_pepper_is_refused_and_not_repeated() {
        for (text, error) in [
            ("", PepperError::Malformed),
            ("hunter2hunter2", PepperError::Malformed),
            (&TEXT[1..], PepperError::Malformed),
            (&format!("{TEXT}="), PepperError::Malformed),
            (&format!("{TEXT}AAAA"), PepperError::Malformed),
            (&TEXT.replace('q', "+"), PepperError::Malformed),
            (&"A".repeat(43), PepperError::NotRandom),
            ("AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8", PepperError::NotRandom),
        ] {
            let refused = Pepper::from_text(text).unwrap_err();
            assert_eq!(refused, error, "{text}");
            assert!(text.is_empty() || !refused.to_string().contains(text));
        }
        for text in ["", "AAAAAAA", "AAAAAAAAA", "AAAA-AAA", "AAAAAAA="] {
            assert_eq!(text.parse::<PepperId>(), Err(NoPepperId), "{text}");
        }
    }

    #[test]
    fn twenty_repeats_or_steps_may_be_chance_and_one_more_is_not() {
        // So many different bytes, no two of them neighbours; the first fills the rest.
        let repeating = |different: u8| {
            let rest = (0..different).map(|n| n * 7);
            [vec![0; 32 - usize::from(different)], rest.collect()].concat()
        };
        // So many steps of one, and bytes behind them that neither repeat nor step.
        let stepping = |steps: u8| {
            let rest = (0..31 - steps).map(|n| 100 + n * 3);
            (0..=steps).chain(rest).collect::<Vec<_>>()
        };
        for (good, bad) in [(repeating(12), repeating(11)), (stepping(20), stepping(21))] {
            assert_eq!((good.len(), bad.len()), (32, 32));
            assert!(Pepper::from_text(&URL_SAFE_NO_PAD.encode(good)).is_ok());
            assert_eq!(Pepper::from_text(&URL_SAFE_NO_PAD.encode(bad)).unwrap_err(), PepperError::NotRandom);
        }
    }

    #[test]
    fn nothing_of_a_pepper_is_printed() {
        let pepper = Pepper::from_text(TEXT).unwrap();
        let peppers = Peppers { current: Some(pepper), ..Peppers::default() };
        let shown = format!("{peppers:?}");
        assert!(shown.contains("[redacted]") && !shown.contains(TEXT), "{shown}");
    }

    #[test]
    fn a_pepper_that_is_here_is_not_lost() {
        let pepper = Pepper::from_text(TEXT).unwrap();
        let id = pepper.id();
        let other = PepperId([7; ID_BYTES]);
        let peppers = Peppers { current: None, previous: vec![pepper], lost: vec![id, other] };

        assert!(matches!(peppers.standing(id), Standing::Known(_)));
        assert!(matches!(peppers.standing(other), Standing::Lost));
        assert!(matches!(peppers.standing(PepperId([8; ID_BYTES])), Standing::Unknown));
        assert!(peppers.knows(id) && peppers.knows(other) && !peppers.knows(PepperId([8; ID_BYTES])));
        assert!(peppers.has_lost(other) && !peppers.has_lost(id) && !peppers.has_lost(PepperId([8; ID_BYTES])));
    }
}
