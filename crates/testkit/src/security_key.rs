//! A security key in software: makes passkeys and answers with them, truly or not.
//!
//! It speaks the JSON forms of WebAuthn Level 3 and stands for browser and device together. Keys are ES256; there is no attestation.
//! What an honest one would say can be changed member by member before it is signed, so that each lie is one line.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use aws_lc_rs::digest::{SHA256, digest};
use aws_lc_rs::rand::{SystemRandom, fill};
use aws_lc_rs::signature::{ECDSA_P256_SHA256_ASN1_SIGNING, EcdsaKeyPair, KeyPair as _};
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde_cbor_2::Value as Cbor;
use serde_json::{Value, json};

/// An authenticator, and the browser before it. Clones are the same one.
#[derive(Debug, Clone)]
pub struct SecurityKey {
    origin: String,
    verifies: bool,
    counts: bool,
    synced: bool,
    keys: Arc<Mutex<Vec<Key>>>,
}

/// A passkey with its private half.
#[derive(Debug, Clone)]
struct Key {
    id: Vec<u8>,
    relying_party: String,
    handle: String,
    pkcs8: Vec<u8>,
    counter: u32,
}

/// An answer in the making: true in everything that is not changed.
#[derive(Debug, Clone)]
#[must_use = "nothing is signed before `json`"]
pub struct Answer {
    key: Key,
    is_new: bool,
    id: String,
    kind: &'static str,
    challenge: String,
    origin: String,
    cross_origin: bool,
    relying_party: String,
    present: bool,
    verified: bool,
    eligible: bool,
    backed_up: bool,
    counter: u32,
    handle: Option<String>,
    pkcs8: Vec<u8>,
}

impl SecurityKey {
    /// One before a browser on a page of `origin`. It checks who holds it, counts its answers, and syncs nothing.
    #[must_use]
    pub fn new(origin: &str) -> Self {
        Self { origin: origin.to_owned(), verifies: true, counts: true, synced: false, keys: Arc::default() }
    }

    /// The same, which does not check who holds it.
    #[must_use]
    pub fn without_verification(mut self) -> Self {
        self.verifies = false;
        self
    }

    /// The same, whose passkeys are synced: such ones do not count.
    #[must_use]
    pub fn synced(mut self) -> Self {
        self.synced = true;
        self.counts = false;
        self
    }

    /// Another one with copies of all keys, as a thief would have it who got into the device.
    #[must_use]
    pub fn copied(&self) -> Self {
        Self { keys: Arc::new(Mutex::new(self.keys().clone())), ..self.clone() }
    }

    /// How many passkeys it holds.
    #[must_use]
    pub fn len(&self) -> usize {
        self.keys().len()
    }

    /// Whether it holds none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Makes a passkey for these creation options, or refuses as a browser does where it holds an excluded one.
    ///
    /// # Panics
    /// The options are no creation options.
    #[expect(clippy::expect_used, reason = "a test harness fails its test")]
    #[expect(clippy::disallowed_methods, reason = "a key's id is the key's own chance, and nothing depends on it")]
    pub fn create(&self, options: &Value) -> Option<Answer> {
        let excluded = ids(options, "excludeCredentials");
        if self.keys().iter().any(|key| excluded.contains(&key.id)) {
            return None;
        }
        let pair = EcdsaKeyPair::generate(&ECDSA_P256_SHA256_ASN1_SIGNING).expect("a key is made");
        let pkcs8 = pair.to_pkcs8v1().expect("a key is written").as_ref().to_vec();
        let mut id = vec![0; 32];
        fill(&mut id).expect("there is chance");
        let key =
            Key { id, relying_party: text(options, "/rp/id"), handle: text(options, "/user/id"), pkcs8, counter: 0 };
        self.keys().push(key.clone());
        Some(self.answer(key, options, true))
    }

    /// Answers these request options with the newest passkey that fits; none where it has none.
    #[must_use]
    pub fn get(&self, options: &Value) -> Option<Answer> {
        let (relying_party, allowed) = (text(options, "/rpId"), ids(options, "allowCredentials"));
        let fits =
            |key: &&mut Key| key.relying_party == relying_party && (allowed.is_empty() || allowed.contains(&key.id));
        let key = {
            let mut keys = self.keys();
            let key = keys.iter_mut().rev().find(fits)?;
            key.counter += u32::from(self.counts);
            key.clone()
        };
        Some(self.answer(key, options, false))
    }

    fn answer(&self, key: Key, options: &Value, is_new: bool) -> Answer {
        Answer {
            is_new,
            id: URL_SAFE_NO_PAD.encode(&key.id),
            kind: if is_new { "webauthn.create" } else { "webauthn.get" },
            challenge: text(options, "/challenge"),
            origin: self.origin.clone(),
            cross_origin: false,
            relying_party: key.relying_party.clone(),
            present: true,
            verified: self.verifies,
            eligible: self.synced,
            backed_up: self.synced,
            counter: key.counter,
            handle: Some(key.handle.clone()),
            pkcs8: key.pkcs8.clone(),
            key,
        }
    }

    fn keys(&self) -> MutexGuard<'_, Vec<Key>> {
        self.keys.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Answer {
    /// On a page of this origin.
    pub fn on_page_of(mut self, origin: &str) -> Self {
        origin.clone_into(&mut self.origin);
        self
    }

    /// In a frame of a page of another origin.
    pub const fn in_foreign_frame(mut self) -> Self {
        self.cross_origin = true;
        self
    }

    /// For this relying party.
    pub fn for_relying_party(mut self, id: &str) -> Self {
        id.clone_into(&mut self.relying_party);
        self
    }

    /// For this challenge.
    pub fn for_challenge(mut self, challenge: &str) -> Self {
        challenge.clone_into(&mut self.challenge);
        self
    }

    /// Of this type: `webauthn.create`, `webauthn.get`.
    pub const fn of_type(mut self, kind: &'static str) -> Self {
        self.kind = kind;
        self
    }

    /// Without anybody there.
    pub const fn by_nobody(mut self) -> Self {
        self.present = false;
        self
    }

    /// Without a check of who is there.
    pub const fn unverified(mut self) -> Self {
        self.verified = false;
        self
    }

    /// With this signature counter.
    pub const fn counting(mut self, counter: u32) -> Self {
        self.counter = counter;
        self
    }

    /// Says that it may be synced, and whether it is.
    pub const fn backed_up(mut self, eligible: bool, backed_up: bool) -> Self {
        self.eligible = eligible;
        self.backed_up = backed_up;
        self
    }

    /// Names this person; nobody, where there is none.
    pub fn naming(mut self, handle: Option<&str>) -> Self {
        self.handle = handle.map(str::to_owned);
        self
    }

    /// Names this credential.
    pub fn with_id(mut self, id: &str) -> Self {
        id.clone_into(&mut self.id);
        self
    }

    /// Signs with the key of another answer.
    pub fn signed_like(mut self, other: &Self) -> Self {
        self.pkcs8.clone_from(&other.pkcs8);
        self
    }

    /// The credential id, as JSON spells it.
    #[must_use]
    pub fn id(&self) -> &str {
        &self.id
    }

    /// The handle of the person, as JSON spells it.
    #[must_use]
    pub fn handle(&self) -> &str {
        &self.key.handle
    }

    /// The answer as a browser's `toJSON` makes it.
    #[must_use]
    pub fn json(&self) -> Value {
        let client_data = json!({
            "type": self.kind,
            "challenge": self.challenge,
            "origin": self.origin,
            "crossOrigin": self.cross_origin,
        })
        .to_string();
        let data = self.authenticator_data();
        let client_data_json = URL_SAFE_NO_PAD.encode(&client_data);
        let response = if self.is_new {
            json!({
                "clientDataJSON": client_data_json,
                "authenticatorData": URL_SAFE_NO_PAD.encode(&data),
                "attestationObject": URL_SAFE_NO_PAD.encode(attestation_object(data)),
                "transports": ["internal", "hybrid"],
                "publicKeyAlgorithm": -7,
            })
        } else {
            json!({
                "clientDataJSON": client_data_json,
                "authenticatorData": URL_SAFE_NO_PAD.encode(&data),
                "signature": URL_SAFE_NO_PAD.encode(self.sign(&data, client_data.as_bytes())),
                "userHandle": self.handle,
            })
        };
        json!({
            "id": self.id,
            "rawId": self.id,
            "type": "public-key",
            "authenticatorAttachment": "platform",
            "clientExtensionResults": {},
            "response": response,
        })
    }

    /// WebAuthn Level 3 section 6.1.
    fn authenticator_data(&self) -> Vec<u8> {
        let flags = [
            (0x01, self.present),
            (0x04, self.verified),
            (0x08, self.eligible),
            (0x10, self.backed_up),
            (0x40, self.is_new),
        ];
        let flags = flags.iter().filter(|(_, is_set)| *is_set).fold(0, |all, (bit, _)| all | bit);
        let mut data = digest(&SHA256, self.relying_party.as_bytes()).as_ref().to_vec();
        data.push(flags);
        data.extend(self.counter.to_be_bytes());
        if self.is_new {
            data.extend([0; 16]);
            data.extend(u16::try_from(self.key.id.len()).unwrap_or(u16::MAX).to_be_bytes());
            data.extend(&self.key.id);
            data.extend(self.cose_key());
        }
        data
    }

    /// RFC 9053 section 7.1.1: an EC2 key of P-256 for ES256.
    fn cose_key(&self) -> Vec<u8> {
        let pair = self.pair();
        let (x, y) = pair.public_key().as_ref().get(1..).unwrap_or_default().split_at(32);
        to_cbor(Cbor::Map(BTreeMap::from([
            (Cbor::Integer(1), Cbor::Integer(2)),
            (Cbor::Integer(3), Cbor::Integer(-7)),
            (Cbor::Integer(-1), Cbor::Integer(1)),
            (Cbor::Integer(-2), Cbor::Bytes(x.to_vec())),
            (Cbor::Integer(-3), Cbor::Bytes(y.to_vec())),
        ])))
    }

    #[expect(clippy::expect_used, reason = "a test harness fails its test")]
    fn sign(&self, data: &[u8], client_data: &[u8]) -> Vec<u8> {
        let signed = [data, digest(&SHA256, client_data).as_ref()].concat();
        self.pair().sign(&SystemRandom::new(), &signed).expect("it is signed").as_ref().to_vec()
    }

    #[expect(clippy::expect_used, reason = "a test harness fails its test")]
    fn pair(&self) -> EcdsaKeyPair {
        EcdsaKeyPair::from_pkcs8(&ECDSA_P256_SHA256_ASN1_SIGNING, &self.pkcs8).expect("its own key")
    }
}

/// WebAuthn Level 3 section 8.7: no attestation.
fn attestation_object(data: Vec<u8>) -> Vec<u8> {
    to_cbor(Cbor::Map(BTreeMap::from([
        (Cbor::Text("fmt".to_owned()), Cbor::Text("none".to_owned())),
        (Cbor::Text("attStmt".to_owned()), Cbor::Map(BTreeMap::new())),
        (Cbor::Text("authData".to_owned()), Cbor::Bytes(data)),
    ])))
}

#[expect(clippy::expect_used, reason = "a test harness fails its test")]
fn to_cbor(value: Cbor) -> Vec<u8> {
    serde_cbor_2::to_vec(&value).expect("a value is written")
}

fn text(options: &Value, pointer: &str) -> String {
    options.pointer(pointer).and_then(Value::as_str).unwrap_or_default().to_owned()
}

fn ids(options: &Value, list: &str) -> Vec<Vec<u8>> {
    let listed = options.get(list).and_then(Value::as_array).into_iter().flatten();
    listed.filter_map(|one| URL_SAFE_NO_PAD.decode(one.get("id")?.as_str()?).ok()).collect()
}
