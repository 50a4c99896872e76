//! Where addresses are: MaxMind-format files that the operator brings.

use std::path::PathBuf;

use super::Section;
use super::found::Found;
use super::refusal::Refusal;
use super::setting::Setting;
use super::value::Value;

static COUNTRY_FILE: Setting<Option<PathBuf>> = if_built(Setting::new(
    "geo.country_file",
    "MaxMind-format file (.mmdb) with countries: it adds `country` to sessions and to the audit trail. Kept in memory, read again \
     when it changes; may be the same file as `geo.asn_file`.",
));

static ASN_FILE: Setting<Option<PathBuf>> = if_built(Setting::new(
    "geo.asn_file",
    "MaxMind-format file (.mmdb) with the numbers of autonomous systems: it adds `asn` to sessions and to the audit trail, and makes \
     all of one operator's addresses one network for `session.bind_network`.",
));

/// The section.
pub static SECTION: Section =
    Section { title: "Countries and networks", settings: &[&COUNTRY_FILE.definition, &ASN_FILE.definition] };

/// Files that say where addresses are.
#[derive(Debug)]
pub struct Geo {
    /// With countries.
    pub country_file: Option<PathBuf>,
    /// With networks.
    pub asn_file: Option<PathBuf>,
}

/// Reads the section. Whether the files are sound is found out when they are opened.
///
/// # Errors
/// A value is not acceptable.
pub fn read(found: &Found) -> Result<Geo, Refusal> {
    Ok(Geo { country_file: found.find(&COUNTRY_FILE)?, asn_file: found.find(&ASN_FILE)? })
}

const fn if_built<T: Value>(setting: Setting<T>) -> Setting<T> {
    if cfg!(feature = "geo") { setting } else { setting.unbuilt("reading MaxMind-format files is") }
}
