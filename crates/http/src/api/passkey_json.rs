//! The JSON forms of WebAuthn Level 3 (sections 5.1, 5.4, 5.5), for the OpenAPI document alone: the library writes and reads them.
//! All are open (`openapi/complete.rs`): browsers and the specification add members.

#![expect(dead_code, reason = "shapes for the OpenAPI document")]

use utoipa::ToSchema;

/// `PublicKeyCredentialCreationOptionsJSON`.
#[derive(ToSchema)]
#[schema(as = PasskeyCreationOptions, rename_all = "camelCase")]
pub(crate) struct CreationOptions {
    /// This site: `id` is the host of the public URL.
    rp: serde_json::Value,
    /// The person; `id` is a random handle.
    user: serde_json::Value,
    /// What the answer must carry.
    challenge: String,
    /// What kinds of keys are taken.
    pub_key_cred_params: Vec<serde_json::Value>,
    /// Milliseconds that the answer may take.
    timeout: u32,
    /// The passkeys that the person has.
    exclude_credentials: Vec<serde_json::Value>,
    /// That the passkey must be discoverable, and whether it must check who holds it.
    authenticator_selection: serde_json::Value,
    /// Always `none`.
    attestation: String,
}

/// `PublicKeyCredentialRequestOptionsJSON`.
#[derive(ToSchema)]
#[schema(as = PasskeyRequestOptions, rename_all = "camelCase")]
pub(crate) struct RequestOptions {
    /// What the answer must carry.
    challenge: String,
    /// Milliseconds that the answer may take.
    timeout: u32,
    /// The host of the public URL.
    rp_id: String,
    /// Which passkeys may answer; empty where any may.
    allow_credentials: Vec<serde_json::Value>,
    /// `required` or `preferred`.
    user_verification: String,
}

/// `RegistrationResponseJSON`: what `toJSON` makes of the credential that `navigator.credentials.create` gives.
#[derive(ToSchema)]
#[schema(as = NewPasskeyCredential, rename_all = "camelCase")]
pub(crate) struct NewCredential {
    /// The credential id, base64url.
    id: String,
    /// The same.
    raw_id: String,
    /// Always `public-key`.
    r#type: String,
    /// The authenticator's answer.
    response: NewCredentialResponse,
}

/// `AuthenticatorAttestationResponseJSON`.
#[derive(ToSchema)]
#[schema(as = NewPasskeyResponse)]
pub(crate) struct NewCredentialResponse {
    /// What the browser says that it was asked, base64url.
    #[schema(rename = "clientDataJSON")]
    client_data_json: String,
    /// The new key, base64url.
    #[schema(rename = "attestationObject")]
    attestation_object: String,
}

/// `AuthenticationResponseJSON`: what `toJSON` makes of the credential that `navigator.credentials.get` gives.
#[derive(ToSchema)]
#[schema(as = PasskeyCredential, rename_all = "camelCase")]
pub(crate) struct AnswerCredential {
    /// The credential id, base64url.
    id: String,
    /// The same.
    raw_id: String,
    /// Always `public-key`.
    r#type: String,
    /// The authenticator's answer.
    response: AnswerResponse,
}

/// `AuthenticatorAssertionResponseJSON`.
#[derive(ToSchema)]
#[schema(as = PasskeyResponse, rename_all = "camelCase")]
pub(crate) struct AnswerResponse {
    /// What the browser says that it was asked, base64url.
    #[schema(rename = "clientDataJSON")]
    client_data_json: String,
    /// What the authenticator says of itself, base64url.
    authenticator_data: String,
    /// The signature over both, base64url.
    signature: String,
    /// The person's handle, base64url.
    user_handle: Option<String>,
}
