//! Known devices: the `deviceId` cookie (DESIGN section 5).
//!
//! A cookie holds the device's random id, one proof for each account that has signed in on it, and a seal over all of that.
//! A proof is an HMAC over (account, id, the account's device epoch): a device is known to exactly the accounts that
//! completed a sign-in on it, and to none any more whose epoch was raised.
//!
//! Several accounts on one browser share the id and keep a proof each, the latest first, at most [`MOST_ACCOUNTS`]; the
//! ninth pushes out the one that signed in longest ago, which then counts as unknown. The cookie tells nobody whose proofs
//! it holds. Someone who plants his own cookie in another's browser gains nothing: proofs that are added there are not in
//! his copy.
//!
//! Bytes, as base64url: version, id (16), proofs (16 each), seal (16).

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use countersign_kernel::{DeviceId, Secret, UserId};
use countersign_store::User;
use subtle::ConstantTimeEq;

use crate::mac::{Fields, MacKey, to_text};

/// Makes and checks `deviceId` cookies. Valid for 180 days, which is the cookie's own `Max-Age`.
pub struct DeviceKeys {
    seal: MacKey,
    proof: MacKey,
}

impl DeviceKeys {
    /// The keys under the root of cookies.
    #[must_use]
    pub fn new(root: &Secret<[u8; 32]>) -> Self {
        Self {
            seal: MacKey::derive(root, "countersign/device-seal/1", &[]),
            proof: MacKey::derive(root, "countersign/device-proof/1", &[]),
        }
    }

    /// The cookie that makes `device` known to `user` after a complete sign-in. The proofs for other accounts are kept from
    /// `previous`, the cookie that came with the sign-in, if it is genuine and of the same device.
    #[must_use]
    pub fn cookie_for(&self, user: &User, device: DeviceId, previous: Option<&str>) -> Secret<String> {
        let own = self.prove(user.id, device, user.device_epoch);
        let others = previous.and_then(|cookie| self.open(cookie)).filter(|sealed| sealed.id == device);
        let others = others.into_iter().flat_map(|sealed| sealed.proofs).filter(|proof| *proof != own);
        let proofs: Vec<Proof> = std::iter::once(own).chain(others).take(MOST_ACCOUNTS).collect();
        let body = [&[VERSION], device.to_bytes().as_slice(), proofs.as_flattened()].concat();
        let seal = self.seal.sign_short(&[&body]);
        Secret::new(to_text(&[body.as_slice(), &seal].concat()))
    }

    /// The device, if it is known to `user`: what gives a sign-in to this account a bucket of its own.
    #[must_use]
    pub fn known(&self, user: &User, cookie: &str) -> Option<DeviceId> {
        let sealed = self.open(cookie)?;
        let own = self.prove(user.id, sealed.id, user.device_epoch);
        // Every proof is looked at, and each in constant time.
        let found = sealed.proofs.iter().fold(subtle::Choice::from(0), |found, proof| found | proof.ct_eq(&own));
        bool::from(found).then_some(sealed.id)
    }

    /// The device of a genuine cookie, whoever it is known to.
    #[must_use]
    pub fn id_of(&self, cookie: &str) -> Option<DeviceId> {
        self.open(cookie).map(|sealed| sealed.id)
    }

    fn prove(&self, user: UserId, device: DeviceId, epoch: u64) -> Proof {
        self.proof.sign_short(&[&user.to_bytes(), &device.to_bytes(), &epoch.to_be_bytes()])
    }

    fn open(&self, cookie: &str) -> Option<Sealed> {
        if cookie.len() > LONGEST_TEXT {
            return None;
        }
        let bytes = URL_SAFE_NO_PAD.decode(cookie).ok()?;
        let (body, seal) = bytes.split_last_chunk::<16>()?;
        let mut fields = Fields(body);
        let version: [u8; 1] = fields.take()?;
        let id: [u8; 16] = fields.take()?;
        let (proofs, rest) = fields.0.as_chunks::<16>();
        let whole = version == [VERSION] && rest.is_empty() && proofs.len() <= MOST_ACCOUNTS;
        let genuine = bool::from(self.seal.sign_short(&[body]).ct_eq(seal));
        (whole && genuine).then(|| Sealed { id: DeviceId::from_bytes(id), proofs: proofs.to_vec() })
    }
}

impl std::fmt::Debug for DeviceKeys {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("DeviceKeys(..)")
    }
}

/// To how many accounts one browser can be known.
pub const MOST_ACCOUNTS: usize = 8;

type Proof = [u8; 16];

struct Sealed {
    id: DeviceId,
    proofs: Vec<Proof>,
}

const VERSION: u8 = 1;
/// The text of a cookie with all its proofs.
const LONGEST_TEXT: usize = (1 + 16 + MOST_ACCOUNTS * 16 + 16) * 4 / 3 + 1;

#[cfg(test)]
mod tests {
    use countersign_kernel::Timestamp;
    use countersign_store::UserStatus;

    use super::*;

    const DEVICE: DeviceId = DeviceId::from_bytes([7; 16]);

    fn keys() -> DeviceKeys {
        DeviceKeys::new(&Secret::new([1; 32]))
    }

    fn user(number: u8) -> User {
        User {
            id: UserId::from_bytes([number; 16]),
            email: String::new(),
            email_verified: false,
            name: String::new(),
            status: UserStatus::Active,
            ver: 1,
            device_epoch: 0,
            roles: vec![],
            permissions: vec![],
            created_at: Timestamp::EPOCH,
        }
    }

    #[test]
    fn a_device_is_known_to_its_account_alone() {
        let cookie = keys().cookie_for(&user(1), DEVICE, None);

        assert_eq!(keys().known(&user(1), cookie.expose()), Some(DEVICE));
        assert_eq!(keys().known(&user(2), cookie.expose()), None);
        assert_eq!(keys().id_of(cookie.expose()), Some(DEVICE));
    }

    #[test]
    fn raising_the_epoch_makes_every_device_unknown() {
        let cookie = keys().cookie_for(&user(1), DEVICE, None);
        let later = User { device_epoch: 1, ..user(1) };

        assert_eq!(keys().known(&later, cookie.expose()), None);
    }

    #[test]
    fn eight_accounts_share_a_browser_and_the_ninth_pushes_out_the_first() {
        let mut cookie: Option<Secret<String>> = None;
        for number in 0..9 {
            cookie = Some(keys().cookie_for(&user(number), DEVICE, cookie.as_ref().map(|c| c.expose().as_str())));
        }
        let cookie = cookie.unwrap();

        let known: Vec<u8> = (0..9).filter(|n| keys().known(&user(*n), cookie.expose()).is_some()).collect();

        assert_eq!(known, (1..9).collect::<Vec<_>>());
    }

    #[test]
    fn signing_in_again_adds_no_second_proof() {
        let first = keys().cookie_for(&user(1), DEVICE, None);
        let again = keys().cookie_for(&user(1), DEVICE, Some(first.expose()));
        assert_eq!(first.expose(), again.expose());
    }

    #[test]
    fn a_planted_cookie_gains_nothing() {
        let mallory = keys().cookie_for(&user(6), DEVICE, None);

        let victim = keys().cookie_for(&user(1), DEVICE, Some(mallory.expose()));

        assert_eq!(keys().known(&user(1), victim.expose()), Some(DEVICE));
        assert_eq!(keys().known(&user(1), mallory.expose()), None);
    }

    #[test]
    fn proofs_of_another_device_are_not_taken_over() {
        let other = keys().cookie_for(&user(2), DeviceId::from_bytes([8; 16]), None);

        let cookie = keys().cookie_for(&user(1), DEVICE, Some(other.expose()));

        assert_eq!(keys().known(&user(2), cookie.expose()), None);
    }

    #[test]
    fn nothing_in_the_cookie_can_be_changed_or_cut() {
        let text = keys().cookie_for(&user(1), DEVICE, None);
        for place in 0..text.expose().len() {
            let mut forged = text.expose().clone().into_bytes();
            forged[place] = if forged[place] == b'A' { b'B' } else { b'A' };
            assert_eq!(keys().id_of(std::str::from_utf8(&forged).unwrap()), None, "place {place}");
            assert_eq!(keys().id_of(&text.expose()[..place]), None);
        }
        assert_eq!(keys().id_of(&"A".repeat(4_096)), None);
    }

    #[test]
    fn a_genuine_seal_over_another_shape_is_no_cookie() {
        let keys = keys();
        let sealed = |body: &[u8]| to_text(&[body, &keys.seal.sign_short(&[body])].concat());
        let good = [&[VERSION][..], &DEVICE.to_bytes(), &[1; 16]].concat();
        assert_eq!(keys.id_of(&sealed(&good)), Some(DEVICE));

        let wrong: [(&str, Vec<u8>); 4] = [
            ("another version", [&[2], &good[1..]].concat()),
            ("half a proof", [&good[..], &[1; 8]].concat()),
            ("no whole id", good[..9].to_vec()),
            ("nothing", vec![]),
        ];
        for (what, body) in wrong {
            assert_eq!(keys.id_of(&sealed(&body)), None, "{what}");
        }
    }

    #[test]
    fn no_cookie_is_longer_than_that_of_a_full_browser() {
        let mut cookie = keys().cookie_for(&user(0), DEVICE, None);
        for number in 1..12 {
            cookie = keys().cookie_for(&user(number), DEVICE, Some(cookie.expose()));
        }

        assert_eq!(cookie.expose().len(), LONGEST_TEXT);
    }
}
