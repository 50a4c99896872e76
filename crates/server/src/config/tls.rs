//! TLS: names that are taken, for a feature that is not built yet. Until then a proxy ends TLS.

use std::path::PathBuf;

use super::Section;
use super::setting::Setting;

const FEATURE: &str = "ending TLS is";

static CERTIFICATE: Setting<Option<PathBuf>> =
    Setting::new("tls.certificate", "PEM file of the certificate chain, read again when it changes.").unbuilt(FEATURE);

static KEY: Setting<Option<PathBuf>> =
    Setting::new("tls.key", "PEM file of the private key, read again when it changes.").unbuilt(FEATURE);

/// The section.
pub static SECTION: Section = Section { title: "TLS", settings: &[&CERTIFICATE.definition, &KEY.definition] };
