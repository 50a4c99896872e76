//! An authenticator app: an implementation of RFC 6238 that is not the system's.

use std::sync::Arc;

use aws_lc_rs::hmac;
use countersign_kernel::Clock;

/// An authenticator app with one account in it, on a device whose clock is the test's.
#[derive(Clone)]
pub struct Authenticator {
    secret: Vec<u8>,
    clock: Arc<dyn Clock>,
}

impl Authenticator {
    /// With this secret, typed as base32.
    ///
    /// # Panics
    /// It is not base32.
    #[expect(clippy::expect_used, reason = "a test harness fails its test")]
    pub(crate) fn new(secret: &str, clock: Arc<dyn Clock>) -> Self {
        const ALPHABET: &[u8; 32] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZ234567";
        let (mut secret_bytes, mut held, mut bits) = (Vec::new(), 0_u32, 0_u32);
        for byte in secret.bytes() {
            let digit = ALPHABET.iter().position(|letter| *letter == byte).expect("the secret is base32");
            held = (held << 5) | u32::try_from(digit).expect("below 32");
            bits += 5;
            if bits >= 8 {
                bits -= 8;
                secret_bytes.push(u8::try_from((held >> bits) & 0xff).expect("eight bits"));
                held &= (1 << bits) - 1;
            }
        }
        Self { secret: secret_bytes, clock }
    }

    /// The present code.
    #[must_use]
    pub fn code(&self) -> String {
        self.code_away(0)
    }

    /// The code of so many steps of 30 seconds from now.
    #[must_use]
    pub fn code_away(&self, steps: i64) -> String {
        let step = self.clock.now().as_seconds().div_euclid(30) + steps;
        let key = hmac::Key::new(hmac::HMAC_SHA1_FOR_LEGACY_USE_ONLY, &self.secret);
        let tag = hmac::sign(&key, &step.to_be_bytes());
        // RFC 4226 section 5.3: the low four bits of the last byte say where the four bytes are.
        let at = tag.as_ref().last().map_or(0, |last| usize::from(last & 0x0f));
        let word = tag.as_ref().iter().skip(at).take(4).fold(0_u32, |word, byte| (word << 8) | u32::from(*byte));
        format!("{:06}", (word & 0x7fff_ffff) % 1_000_000)
    }

    /// Six digits that are no code from an hour ago to an hour ahead.
    #[must_use]
    pub fn wrong_code(&self) -> String {
        let near: Vec<String> = (-120..=120).map(|steps| self.code_away(steps)).collect();
        (0..).map(|number| format!("{number:06}")).find(|code| !near.contains(code)).unwrap_or_default()
    }
}

impl std::fmt::Debug for Authenticator {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Authenticator(..)")
    }
}
