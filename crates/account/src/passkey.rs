//! Passkeys: registering, managing, and proving oneself with one (WebAuthn Level 3).
//!
//! Promises: an authenticator's answer counts once, for what it was asked for, where it was asked, and for five minutes, on
//! whatever node it arrives; what is asked of a stranger depends on nobody's account; a signature counter that does not move on is
//! refused and on record; whoever has no other way in cannot delete the last passkey. Why so: `docs/design/passkeys.md`.

mod authenticate;
mod bond;
mod challenge;
mod manage;
mod provider;
mod register;
mod relying_party;
mod sign_in;

pub use authenticate::{PasskeyOptions, PasskeyOptionsVerdict};
pub use manage::{DeletePasskeyVerdict, RenamePasskeyVerdict};
pub use register::{RegisterPasskey, RegisterPasskeyVerdict, RegisteredPasskey};
pub use relying_party::{PasskeyAnswer, credential_id_text};

pub(crate) use authenticate::{PasskeyProof, RefusedPasskey};
pub(crate) use bond::Bond;
pub(crate) use relying_party::RelyingParty;

/// Whether an authenticator must check who holds it: by a PIN, a fingerprint, a face.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum UserVerification {
    /// Always.
    #[default]
    Required,
    /// Where it can, as a second factor; always where it is the only proof.
    Preferred,
}
