//! TLS, where the server ends it itself. Else a proxy does.

use std::path::PathBuf;

use super::found::Found;
use super::refusal::Refusal;
use super::setting::Setting;
use super::{Section, Use};

static CERTIFICATE: Setting<Option<PathBuf>> = Setting::new(
    "tls.certificate",
    "PEM file of the certificate chain, the server's own first. With it the public listener speaks TLS 1.2 and 1.3 alone. It is read \
     again when it changes.",
);

static KEY: Setting<Option<PathBuf>> = Setting::new(
    "tls.key",
    "PEM file of the private key, not readable for everybody. It is read again when it changes.",
);

/// The section.
pub static SECTION: Section = Section { title: "TLS", settings: &[&CERTIFICATE.definition, &KEY.definition] };

/// Where certificate and key are.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Files {
    /// The certificate chain.
    pub certificate: PathBuf,
    /// The private key.
    pub key: PathBuf,
}

/// Reads the section; none where a proxy ends TLS.
///
/// # Errors
/// One of the two without the other, or both for `dev`.
pub fn read(found: &Found, purpose: Use) -> Result<Option<Files>, Refusal> {
    let lacks = |has: &Setting<Option<PathBuf>>, other: &Setting<Option<PathBuf>>| {
        let reason = format!("it needs {}, too", other.definition.name());
        Err(Refusal::because(&has.definition, &found.origin(&has.definition), reason))
    };
    match (found.find(&CERTIFICATE)?, found.find(&KEY)?) {
        (None, None) => Ok(None),
        (Some(_), None) => lacks(&CERTIFICATE, &KEY),
        (None, Some(_)) => lacks(&KEY, &CERTIFICATE),
        (Some(_), Some(_)) if purpose == Use::Dev => {
            let origin = found.origin(&CERTIFICATE.definition);
            let reason = "`dev` speaks plain http on this machine; use `countersign serve`";
            Err(Refusal::because(&CERTIFICATE.definition, &origin, reason))
        }
        (Some(certificate), Some(key)) => Ok(Some(Files { certificate, key })),
    }
}
