//! The configuration: every setting that the server has, one file a section.
//!
//! Promises: a value comes from the last of these layers that has it: default, `countersign.toml`, systemd credentials,
//! environment, flags; each value knows where it came from; what is unknown, of the wrong kind, out of range or not built yet
//! is a refusal that names the setting and its origin, never a guess; all refusals come at once. How to add a setting:
//! docs/design/configuration.md.

pub mod admin;
pub mod audit;
pub mod cors;
pub mod file;
pub mod found;
pub mod general;
pub mod geo;
pub mod http;
pub mod keys;
pub mod limits;
pub mod log;
pub mod mail;
mod origin;
pub mod passkeys;
pub mod passwords;
pub mod postgres;
pub mod reference;
pub mod refresh;
pub mod refusal;
pub mod registration;
pub mod revocation;
pub mod schema;
pub mod second_factor;
pub mod session;
pub mod setting;
pub mod source;
pub mod step_up;
pub mod telemetry;
#[cfg(test)]
mod tests;
pub mod tls;
pub mod tokens;
pub mod value;

use std::path::PathBuf;

use countersign_session::OnChange;

pub use found::Found;
pub use origin::Origin;
pub use refusal::{Refusal, Refused};
pub use setting::Definition;
pub use source::Sources;

/// The file that is read from the working directory where no other is named.
pub const DEFAULT_FILE: &str = "countersign.toml";

/// A part of the configuration, with a title for the reference page.
#[derive(Debug)]
pub struct Section {
    /// The title.
    pub title: &'static str,
    /// The settings, in the order in which they are shown.
    pub settings: &'static [&'static Definition],
}

/// Every section, in the order in which they are shown.
pub static SECTIONS: &[&Section] = &[
    &general::SECTION,
    &postgres::SECTION,
    &admin::SECTION,
    &http::SECTION,
    &log::SECTION,
    &telemetry::SECTION,
    &tokens::SECTION,
    &keys::SECTION,
    &refresh::SECTION,
    &session::SECTION,
    &geo::SECTION,
    &revocation::SECTION,
    &step_up::SECTION,
    &second_factor::SECTION,
    &passwords::SECTION,
    &passkeys::SECTION,
    &registration::SECTION,
    &limits::SECTION,
    &audit::SECTION,
    &cors::SECTION,
    &mail::SECTION,
    &tls::SECTION,
];

/// Every setting.
pub fn definitions() -> impl Iterator<Item = &'static Definition> {
    SECTIONS.iter().flat_map(|section| section.settings.iter().copied())
}

/// What the configuration is for: it decides what must be there.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Use {
    /// `countersign dev`: loopback only, everything has a default.
    Dev,
    /// `countersign serve`.
    Serve,
    /// A command on the data of a server.
    Command,
}

/// A setting as `config show` prints it.
#[derive(Debug, Clone)]
pub struct Shown {
    /// The definition.
    pub definition: &'static Definition,
    /// The value; none where there is none.
    pub value: Option<String>,
    /// Where it came from.
    pub origin: Origin,
}

/// The configuration.
#[derive(Debug)]
pub struct Config {
    /// Addresses, data directory, database, master key.
    pub general: general::General,
    /// Connections to PostgreSQL.
    pub postgres: postgres::Postgres,
    /// The administrators' listener.
    pub admin: admin::Admin,
    /// Bounds of the HTTP listener.
    pub http: http::Http,
    /// Logs.
    pub log: log::Log,
    /// Traces.
    pub telemetry: telemetry::Telemetry,
    /// Access tokens.
    pub tokens: tokens::Tokens,
    /// Signing keys.
    pub keys: keys::Keys,
    /// Refresh tokens and sessions.
    pub refresh: refresh::Refresh,
    /// Where sessions may be used, and how many there may be.
    pub session: session::Session,
    /// Files that say where addresses are.
    pub geo: geo::Geo,
    /// Staleness of what is known of revocations.
    pub revocation: revocation::Revocation,
    /// Recent sign-in.
    pub step_up: step_up::StepUp,
    /// Second factors.
    pub second_factor: second_factor::SecondFactor,
    /// Passwords.
    pub passwords: passwords::Passwords,
    /// Registration.
    pub registration: registration::Registration,
    /// Mail.
    pub mail: mail::Mail,
    /// Passkeys.
    pub passkeys: passkeys::Passkeys,
    /// Limits.
    pub limits: limits::Limits,
    /// The audit trail.
    pub audit: audit::Audit,
    /// Origins of front ends on other hosts.
    pub cors: cors::Cors,
    /// Where certificate and key are, where the server ends TLS itself.
    pub tls: Option<tls::Files>,
    /// Every setting with its value and origin.
    pub shown: Vec<Shown>,
    /// What is lawful and deserves a word in the log.
    pub warnings: Vec<String>,
    /// The configuration file that was read.
    pub file: Option<PathBuf>,
}

impl Config {
    /// Reads the configuration from all layers.
    ///
    /// # Errors
    /// All that is wrong with it.
    pub fn load(sources: &Sources, purpose: Use) -> Result<Self, Refused> {
        let source::Gathered { found, mut refusals, file } = sources.gather();
        let mut shown = Vec::new();
        for definition in definitions() {
            match found.check(definition) {
                Ok(value) => shown.push(Shown { definition, value, origin: found.origin(definition) }),
                Err(refusal) => refusals.push(refusal),
            }
        }
        // These judge more than one value at a time; what they find is told together with the rest.
        let general = general::read(&found, purpose);
        let admin = admin::read(&found, purpose);
        let tls = tls::read(&found, purpose);
        let mail = mail::read(&found);
        let others = general
            .as_ref()
            .err()
            .into_iter()
            .flat_map(|refused| &refused.0)
            .chain(mail.as_ref().err().into_iter().flat_map(|refused| &refused.0))
            .chain(admin.as_ref().err())
            .chain(tls.as_ref().err());
        for refusal in others {
            if !refusals.contains(refusal) {
                refusals.push(refusal.clone());
            }
        }
        if !refusals.is_empty() {
            return Err(Refused(refusals));
        }
        let (tokens, limits) = (tokens::read(&found)?, limits::read(&found)?);
        let (session, geo) = (session::read(&found)?, geo::read(&found)?);
        let general = general?;
        let warnings = [
            (!limits.enabled).then_some(
                "LIMITS__ENABLED is false, EVERY LIMIT IS OFF: passwords can be guessed at full speed. For load tests only.",
            ),
            (tokens.algorithm == "HS256").then_some(
                "TOKENS__ALGORITHM is HS256: whoever can check a token can make one. For old consumers only.",
            ),
            general.is_database_exposed().then_some(
                "DATABASE is reached over a network without a check of who answers: add sslmode=verify-full and sslrootcert to it, \
                 save where that network is yours alone.",
            ),
            general.is_valkey_exposed().then_some(
                "VALKEY is reached over a network in clear: whoever is on the way can read its password and make limits lie; use \
                 rediss://, save where that network is yours alone.",
            ),
            (session.bind.network == OnChange::End && geo.asn_file.is_none()).then_some(
                "SESSION__BIND_NETWORK is end without GEO__ASN_FILE: whoever changes from Wi-Fi to mobile data, or from IPv4 to \
                 IPv6, is signed out.",
            ),
        ];
        let warnings = warnings.into_iter().flatten().map(str::to_owned).collect();
        Ok(Self {
            general,
            postgres: postgres::read(&found)?,
            admin: admin?,
            http: http::read(&found)?,
            log: log::read(&found)?,
            telemetry: telemetry::read(&found)?,
            tokens,
            keys: keys::read(&found)?,
            refresh: refresh::read(&found)?,
            session,
            geo,
            revocation: revocation::read(&found)?,
            step_up: step_up::read(&found)?,
            second_factor: second_factor::read(&found)?,
            passwords: passwords::read(&found)?,
            registration: registration::read(&found)?,
            mail: mail?,
            passkeys: passkeys::read(&found)?,
            limits,
            audit: audit::read(&found)?,
            cors: cors::read(&found)?,
            tls: tls?,
            shown,
            warnings,
            file,
        })
    }
}
