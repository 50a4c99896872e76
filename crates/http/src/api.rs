//! The endpoints, one noun a file. A handler extracts, calls one verb, and translates.

pub(crate) mod admin_claim;
pub(crate) mod answer;
pub(crate) mod csrf_token;
pub(crate) mod devices;
pub(crate) mod door;
pub(crate) mod jwks;
pub(crate) mod mail;
pub(crate) mod mfa;
pub(crate) mod passkey;
pub(crate) mod passkey_json;
pub(crate) mod passkeys;
pub(crate) mod password;
pub(crate) mod profile;
pub(crate) mod refresh;
pub(crate) mod revocations;
pub(crate) mod second_factors;
pub(crate) mod sessions;
pub(crate) mod sign_in;
pub(crate) mod sign_out;
pub(crate) mod sign_up;
pub(crate) mod status_list;
pub(crate) mod step_up;
pub(crate) mod verify;
pub(crate) mod view;
