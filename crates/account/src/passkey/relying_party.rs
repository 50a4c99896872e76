//! What this site is to authenticators: the one file that knows the WebAuthn library.
//!
//! Promises: the relying party id is the host of the public URL and the only origin is the public URL; no attestation is asked for;
//! every passkey is discoverable, so that it signs in where nothing was typed; a question says nothing of any account save the one
//! that asks. Texts that go to browsers are the JSON forms of WebAuthn Level 3 (sections 5.1.8 to 5.1.10).

use std::time::Duration;

use aws_lc_rs::digest;
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use countersign_kernel::Lifetime;
use countersign_store::passkey::HANDLE_LENGTH;
use countersign_store::{Passkey, PasskeyPurpose};
use serde::Deserialize;
use serde_json::{Map, Value, json};
use url::{Host, Url};
use webauthn_rs_core::WebauthnCore;
use webauthn_rs_core::error::WebauthnError;
use webauthn_rs_core::proto::{
    AttestationConveyancePreference, AuthenticationState, AuthenticatorTransport, COSEAlgorithm, Credential,
    ParsedAttestation, PublicKeyCredential, RegisterPublicKeyCredential, RegistrationState, UserVerificationPolicy,
};

use super::UserVerification;
use crate::error::Error;
use crate::field::FieldError;

/// This site as authenticators know it.
pub(crate) struct RelyingParty {
    core: WebauthnCore,
    origin: String,
    verification: UserVerificationPolicy,
}

/// A question for an authenticator.
pub(super) struct Question {
    /// The options for the browser.
    pub(super) options: Value,
    /// What the check of the answer needs.
    pub(super) state: String,
    /// SHA-256 of the challenge.
    pub(super) challenge_hash: [u8; 32],
}

/// A new passkey that has been checked.
pub(super) struct NewCredential {
    pub(super) credential_id: Vec<u8>,
    pub(super) credential: String,
    pub(super) transports: Vec<String>,
    pub(super) counter: u32,
    pub(super) backup_eligible: bool,
    pub(super) backed_up: bool,
    pub(super) user_verified: bool,
}

/// What a good answer has shown.
#[derive(Debug, Clone, Copy)]
pub(super) struct Shown {
    pub(super) counter: u32,
    pub(super) backed_up: bool,
    pub(super) user_verified: bool,
}

/// The answer to a question of registration, read.
pub(super) struct Registration(RegisterPublicKeyCredential, Option<Vec<u8>>);

/// The answer to any other question, read: `AuthenticationResponseJSON` of WebAuthn Level 3.
#[derive(Debug, Clone)]
pub struct PasskeyAnswer(PublicKeyCredential);

/// Why an answer does not count: a stable word for the audit trail.
pub(super) type Refusal = &'static str;

/// How long an answer counts.
pub(super) const LIFE: Lifetime = Lifetime::from_minutes(5);

/// The one type of credential that there is.
const PUBLIC_KEY: &str = "public-key";

/// The signature counter did not move on.
pub(super) const COUNTER_BACK: Refusal = "counter_back";

impl RelyingParty {
    /// The site with this public URL; none where its host is an address: browsers have no passkeys for those.
    pub(crate) fn new(public_url: &str, verification: UserVerification) -> Option<Self> {
        let url = Url::parse(public_url).ok()?;
        let Some(Host::Domain(host)) = url.host() else { return None };
        let timeout = Duration::from_secs(u64::try_from(LIFE.as_seconds()).unwrap_or_default());
        let core =
            WebauthnCore::new_unsafe_experts_only(host, host, vec![url.clone()], timeout, Some(false), Some(false));
        let verification = match verification {
            UserVerification::Required => UserVerificationPolicy::Required,
            UserVerification::Preferred => UserVerificationPolicy::Preferred,
        };
        Some(Self { core, origin: url.origin().ascii_serialization(), verification })
    }

    /// Asks for a new passkey of the person known by `handle`, none of those that he has.
    pub(super) fn ask_for_new(
        &self,
        handle: &[u8; HANDLE_LENGTH],
        name: &str,
        display_name: &str,
        has: &[Passkey],
    ) -> Result<Question, Error> {
        let exclude = has.iter().map(|passkey| passkey.credential_id.clone()).collect();
        let builder = self
            .core
            .new_challenge_register_builder(handle, name, display_name)
            .map_err(fault)?
            .attestation(AttestationConveyancePreference::None)
            .user_verification_policy(self.verification)
            .credential_algorithms(COSEAlgorithm::secure_algs())
            .require_resident_key(true)
            .exclude_credentials(Some(exclude));
        let (asked, state) = self.core.generate_challenge_register(builder).map_err(fault)?;
        let mut options = to_options(&asked)?;
        options.insert("excludeCredentials".to_owned(), has.iter().map(descriptor).collect());
        let challenge_hash = hash(&asked.public_key.challenge);
        Ok(Question { options: options.into(), state: to_text(&state)?, challenge_hash })
    }

    /// Asks for an answer of one of these passkeys; of any that the authenticator has for this site where there are none. Where
    /// the passkey is the only proof, it must check who holds it, whatever the policy.
    pub(super) fn ask(&self, of: &[Passkey], purpose: PasskeyPurpose) -> Result<Question, Error> {
        let verification = match purpose {
            PasskeyPurpose::SecondFactor => self.verification,
            PasskeyPurpose::SignIn | PasskeyPurpose::StepUp | PasskeyPurpose::Register => {
                UserVerificationPolicy::Required
            }
        };
        let builder = self.core.new_challenge_authenticate_builder(Vec::new(), Some(verification)).map_err(fault)?;
        let (asked, state) = self.core.generate_challenge_authenticate(builder).map_err(fault)?;
        let mut options = to_options(&asked)?;
        options.insert("allowCredentials".to_owned(), of.iter().map(descriptor).collect());
        let challenge_hash = hash(&asked.public_key.challenge);
        Ok(Question { options: options.into(), state: to_text(&state)?, challenge_hash })
    }

    /// Checks the answer to [`RelyingParty::ask_for_new`] (WebAuthn Level 3 section 7.1).
    pub(super) fn register(&self, state: &str, answer: &Registration) -> Result<NewCredential, Refusal> {
        self.judge_client(&answer.0.response.client_data_json)?;
        let state: RegistrationState = serde_json::from_str(state).map_err(|_| "state")?;
        let mut made = self.core.register_credential(&answer.0, &state, None).map_err(|error| word(&error))?;
        // Nobody asked for one; what came all the same tells devices apart, and is not kept.
        made.attestation = ParsedAttestation::default();
        Ok(NewCredential {
            credential_id: made.cred_id.clone(),
            credential: serde_json::to_string(&made).map_err(|_| "state")?,
            transports: answer.transports(),
            counter: made.counter,
            backup_eligible: made.backup_eligible,
            backed_up: made.backup_state,
            user_verified: made.user_verified,
        })
    }

    /// Checks an answer of `passkey` (WebAuthn Level 3 section 7.2).
    pub(super) fn check(&self, state: &str, answer: &PasskeyAnswer, passkey: &Passkey) -> Result<Shown, Refusal> {
        self.judge_client(&answer.0.response.client_data_json)?;
        let mut state: AuthenticationState = serde_json::from_str(state).map_err(|_| "state")?;
        let mut credential: Credential = serde_json::from_str(&passkey.credential).map_err(|_| "state")?;
        // What changes with each use stands in columns of its own.
        credential.counter = passkey.counter;
        credential.backup_state = passkey.backed_up;
        state.set_allowed_credentials(vec![credential]);
        let result = self.core.authenticate_credential(&answer.0, &state).map_err(|error| word(&error))?;
        Ok(Shown { counter: result.counter(), backed_up: result.backup_state(), user_verified: result.user_verified() })
    }

    /// What the library does not look at, or not everywhere: the origin to the letter, and that no page of another origin had ours
    /// in a frame (WebAuthn Level 3 section 7.1, steps 9 to 11; section 7.2, steps 12 to 14).
    fn judge_client(&self, client_data: &[u8]) -> Result<(), Refusal> {
        let data: ClientData = serde_json::from_slice(client_data).map_err(|_| "malformed")?;
        let is_framed = data.cross_origin == Some(true) || data.top_origin.is_some();
        if data.origin == self.origin && !is_framed { Ok(()) } else { Err("wrong_origin") }
    }
}

impl Registration {
    /// Reads what a browser's `toJSON` has made of a new credential.
    pub(super) fn read(json: &Value) -> Result<Self, FieldError> {
        let read: RegisterPublicKeyCredential = serde_json::from_value(json.clone()).map_err(|_| malformed())?;
        let data = json.pointer("/response/authenticatorData").and_then(Value::as_str);
        let data = data.and_then(|text| URL_SAFE_NO_PAD.decode(text).ok());
        if read.type_ == PUBLIC_KEY { Ok(Self(read, data)) } else { Err(malformed()) }
    }

    /// What the browser says that the authenticator says of itself: for a name, and for nothing else.
    pub(super) fn authenticator_data(&self) -> Option<&[u8]> {
        self.1.as_deref()
    }

    /// SHA-256 of the challenge that it answers.
    pub(super) fn challenge_hash(&self) -> Option<[u8; 32]> {
        challenge_of(&self.0.response.client_data_json)
    }

    fn transports(&self) -> Vec<String> {
        let known = |way: &&AuthenticatorTransport| !matches!(way, AuthenticatorTransport::Unknown);
        let ways = self.0.response.transports.iter().flatten().filter(known);
        let mut words: Vec<String> = ways.map(ToString::to_string).collect();
        words.sort_unstable();
        words.dedup();
        words
    }
}

impl PasskeyAnswer {
    /// Reads what a browser's `toJSON` has made of an assertion.
    ///
    /// # Errors
    /// That it is something else, under the field `credential`.
    pub fn read(json: &Value) -> Result<Self, FieldError> {
        let read: PublicKeyCredential = serde_json::from_value(json.clone()).map_err(|_| malformed())?;
        if read.type_ == PUBLIC_KEY { Ok(Self(read)) } else { Err(malformed()) }
    }

    /// SHA-256 of the challenge that it answers.
    pub(super) fn challenge_hash(&self) -> Option<[u8; 32]> {
        challenge_of(&self.0.response.client_data_json)
    }

    /// The id of the credential that answers.
    pub(super) fn credential_id(&self) -> &[u8] {
        &self.0.raw_id
    }

    /// The handle under which the authenticator knows its person.
    pub(super) fn user_handle(&self) -> Option<&[u8]> {
        self.0.response.user_handle.as_deref()
    }
}

fn malformed() -> FieldError {
    FieldError::new("credential", "MALFORMED", "This is not what a browser answers.")
}

/// The options as the browser's `parse…FromJSON` takes them.
fn to_options(asked: &impl serde::Serialize) -> Result<Map<String, Value>, Error> {
    match serde_json::to_value(asked).map_err(fault)?.get_mut("publicKey").map(Value::take) {
        Some(Value::Object(options)) => Ok(options),
        _ => Err(Error::Passkey("options of another shape".into())),
    }
}

fn to_text(state: &impl serde::Serialize) -> Result<String, Error> {
    serde_json::to_string(state).map_err(fault)
}

fn fault(error: impl std::error::Error + Send + Sync + 'static) -> Error {
    Error::Passkey(Box::new(error))
}

/// A passkey as a question names it.
fn descriptor(passkey: &Passkey) -> Value {
    json!({
        "type": "public-key",
        "id": credential_id_text(passkey),
        "transports": passkey.transports,
    })
}

/// The credential id of a passkey, as JSON spells it.
#[must_use]
pub fn credential_id_text(passkey: &Passkey) -> String {
    URL_SAFE_NO_PAD.encode(&passkey.credential_id)
}

/// What a browser says that it was asked, and where (WebAuthn Level 3 section 5.8.1). It says more, and will say yet more.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct ClientData {
    challenge: String,
    origin: String,
    cross_origin: Option<bool>,
    top_origin: Option<String>,
}

/// The challenge that a browser says it was asked. The library compares it with the one that we know by this hash.
fn challenge_of(client_data: &[u8]) -> Option<[u8; 32]> {
    let data: ClientData = serde_json::from_slice(client_data).ok()?;
    URL_SAFE_NO_PAD.decode(data.challenge).ok().map(|challenge| hash(&challenge))
}

fn hash(challenge: &[u8]) -> [u8; 32] {
    digest::digest(&digest::SHA256, challenge).as_ref().first_chunk().copied().unwrap_or_default()
}

/// The library's reason as a stable word.
fn word(error: &WebauthnError) -> Refusal {
    match error {
        WebauthnError::MismatchedChallenge => "wrong_challenge",
        WebauthnError::InvalidRPOrigin | WebauthnError::CredentialCrossOrigin => "wrong_origin",
        WebauthnError::InvalidRPIDHash => "wrong_relying_party",
        WebauthnError::InvalidClientDataType => "wrong_type",
        WebauthnError::UserNotPresent => "user_not_present",
        WebauthnError::UserNotVerified => "user_not_verified",
        WebauthnError::CredentialPossibleCompromise => COUNTER_BACK,
        WebauthnError::CredentialBackupEligibilityInconsistent => "backup_changed",
        WebauthnError::AuthenticationFailure => "wrong_signature",
        _ => "malformed",
    }
}
