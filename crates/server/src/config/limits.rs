//! Limits (DESIGN section 5): each is one line with a name.

use std::path::Path;

use countersign_kernel::Lifetime;

use super::found::Found;
use super::refusal::{Refusal, Refused, nearest};
use super::setting::Setting;
use super::value::{Bounds, Raw, Value};
use super::{Section, file};

static ENABLED: Setting<bool> =
    Setting::new("limits.enabled", "`false` switches every limit off, for load tests only; the log says so loudly.")
        .or("true");

static SIGN_IN_ADDRESS_ACCOUNT: Setting<Allowance> =
    Setting::new("limits.sign_in_address_account", "Failed sign-ins from one address to one account.")
        .or("5/15m")
        .reloads();

static SIGN_IN_ADDRESS: Setting<Allowance> =
    Setting::new("limits.sign_in_address", "Failed sign-ins from one address (IPv6: one /64).").or("30/15m").reloads();

static SIGN_IN_ACCOUNT: Setting<Allowance> = Setting::new(
    "limits.sign_in_account",
    "Failed sign-ins to one account from devices that it does not know; after that they cost a proof of work.",
)
.or("20/1h")
.reloads();

static SIGN_IN_DEVICE: Setting<Allowance> =
    Setting::new("limits.sign_in_device", "Failed sign-ins to one account from a device that it knows.")
        .or("10/1h")
        .reloads();

static SIGN_IN_NETWORK: Setting<Option<Allowance>> = Setting::new(
    "limits.sign_in_network",
    "Failed sign-ins out of one network (autonomous system) from devices that the account does not know. Counted where \
     `geo.asn_file` knows the address; not at all without a value.",
);

static SIGN_IN_COUNTRY: Setting<Option<Allowance>> =
    Setting::new("limits.sign_in_country", "The same by country, where `geo.country_file` knows the address.");

static CHALLENGE_ACCOUNT: Setting<Allowance> = Setting::new(
    "limits.challenge_account",
    "Failed sign-ins to one account after a solved challenge: with each quarter of it challenges become twice as hard, sixteen times at most. It refuses nobody.",
)
.or("64/1h")
.reloads();

static CHALLENGE_DIFFICULTY: Setting<i64> = Setting::new(
    "limits.challenge_difficulty",
    "How many hashes the first challenge costs at most, half as many on average.",
)
.or("50000")
.within(1_000, 10_000_000);

static REGISTER_ADDRESS: Setting<Allowance> =
    Setting::new("limits.register_address", "Registrations from one address.").or("10/1h").reloads();

static REFRESH_SESSION: Setting<Allowance> =
    Setting::new("limits.refresh_session", "Refreshes of one session.").or("60/1m").reloads();

static PASSWORD_ACCOUNT: Setting<Allowance> = Setting::new(
    "limits.password_account",
    "Wrong passwords of someone signed in: step-up, password change, deletion.",
)
.or("10/1h")
.reloads();

static SECOND_FACTOR_ACCOUNT: Setting<Allowance> = Setting::new(
    "limits.second_factor_account",
    "Wrong codes of one account's second factors, over all of its sign-ins and sessions. One sign-in takes five in any case.",
)
.or("10/1h")
.reloads();
static MAIL_ACCOUNT: Setting<Allowance> = Setting::new(
    "limits.mail_account",
    "Mails with a link that are asked for one address, whether or not anybody has it.",
)
.or("5/1h")
.reloads();

static MAIL_ADDRESS: Setting<Allowance> =
    Setting::new("limits.mail_address", "Mails with a link that are asked for from one network address.")
        .or("30/1h")
        .reloads();

static CODE_ACCOUNT: Setting<Allowance> =
    Setting::new("limits.code_account", "Wrong mailed codes of one account.").or("10/1h").reloads();

static LINK_ADDRESS: Setting<Allowance> =
    Setting::new("limits.link_address", "Mailed links and codes from one network address that do not work.")
        .or("30/15m")
        .reloads();

static PASSKEY_ADDRESS: Setting<Allowance> = Setting::new(
    "limits.passkey_address",
    "Passkey questions from one address by whoever is not signed in, and answers that do not count. A page that offers passkeys \
     asks one question when it loads.",
)
.or("300/15m")
.reloads();

static PASSKEY_ACCOUNT: Setting<Allowance> =
    Setting::new("limits.passkey_account", "Passkey questions of one person who is known.").or("60/1h").reloads();

static CLAIM_ADMIN_ACCOUNT: Setting<Allowance> = Setting::new(
    "limits.claim_admin_account",
    "Failed tries of one account at the link that makes the first administrator.",
)
.or("10/1h")
.reloads();

static ADMIN_ACCOUNT: Setting<Allowance> =
    Setting::new("limits.admin_account", "Calls of one administrator to the administrators' API.")
        .or("300/1m")
        .reloads();

/// The section.
pub static SECTION: Section = Section {
    title: "Limits",
    settings: &[
        &ENABLED.definition,
        &SIGN_IN_ADDRESS_ACCOUNT.definition,
        &SIGN_IN_ADDRESS.definition,
        &SIGN_IN_ACCOUNT.definition,
        &SIGN_IN_DEVICE.definition,
        &SIGN_IN_NETWORK.definition,
        &SIGN_IN_COUNTRY.definition,
        &CHALLENGE_ACCOUNT.definition,
        &CHALLENGE_DIFFICULTY.definition,
        &REGISTER_ADDRESS.definition,
        &REFRESH_SESSION.definition,
        &PASSWORD_ACCOUNT.definition,
        &SECOND_FACTOR_ACCOUNT.definition,
        &MAIL_ACCOUNT.definition,
        &MAIL_ADDRESS.definition,
        &CODE_ACCOUNT.definition,
        &LINK_ADDRESS.definition,
        &PASSKEY_ADDRESS.definition,
        &PASSKEY_ACCOUNT.definition,
        &CLAIM_ADMIN_ACCOUNT.definition,
        &ADMIN_ACCOUNT.definition,
    ],
};

/// So many in a window: `5/15m`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Allowance {
    /// How many.
    pub limit: u32,
    /// In how long.
    pub window: Lifetime,
}

impl Value for Allowance {
    fn read(raw: &Raw, _: &Bounds) -> Option<Self> {
        let (limit, window) = raw.text()?.split_once('/')?;
        let limit: u32 = limit.parse().ok().filter(|&n| (1..=1_000_000).contains(&n))?;
        let (digits, unit) = window.split_at_checked(window.len().checked_sub(1)?)?;
        let count: i64 = digits.parse().ok().filter(|&n| (1..=86_400).contains(&n))?;
        let window = match unit {
            "s" => Lifetime::from_seconds(count),
            "m" => Lifetime::from_minutes(count),
            "h" => Lifetime::from_hours(count),
            _ => return None,
        };
        (window <= Lifetime::from_hours(24)).then_some(Self { limit, window })
    }

    fn expected(_: &Bounds) -> String {
        "a number and a window of at most 24 hours, like 5/15m".to_owned()
    }

    fn show(&self) -> String {
        let seconds = self.window.as_seconds();
        let (count, unit) = match seconds {
            s if s % 3_600 == 0 => (s / 3_600, 'h'),
            s if s % 60 == 0 => (s / 60, 'm'),
            s => (s, 's'),
        };
        format!("{}/{count}{unit}", self.limit)
    }
}

/// Limits.
#[derive(Debug)]
pub struct Limits {
    /// Whether any limit holds.
    pub enabled: bool,
    /// Failed sign-ins from one address to one account.
    pub sign_in_address_account: Allowance,
    /// Failed sign-ins from one address.
    pub sign_in_address: Allowance,
    /// Failed sign-ins to one account from unknown devices.
    pub sign_in_account: Allowance,
    /// Failed sign-ins from a known device.
    pub sign_in_device: Allowance,
    /// Failed sign-ins out of one network.
    pub sign_in_network: Option<Allowance>,
    /// Failed sign-ins out of one country.
    pub sign_in_country: Option<Allowance>,
    /// Failed sign-ins after a solved challenge.
    pub challenge_account: Allowance,
    /// How many hashes the first challenge costs at most.
    pub challenge_difficulty: u32,
    /// Registrations from one address.
    pub register_address: Allowance,
    /// Refreshes of one session.
    pub refresh_session: Allowance,
    /// Wrong passwords of someone signed in.
    pub password_account: Allowance,
    /// Wrong codes of somebody's second factors.
    pub second_factor_account: Allowance,
    /// Mails asked for one address.
    pub mail_account: Allowance,
    /// Mails asked for from one network address.
    pub mail_address: Allowance,
    /// Wrong mailed codes of one account.
    pub code_account: Allowance,
    /// Mailed links and codes from one network address that do not work.
    pub link_address: Allowance,
    /// Questions to passkeys, and answers that do not count, from one address.
    pub passkey_address: Allowance,
    /// Questions to passkeys of one person.
    pub passkey_account: Allowance,
    /// Failed tries at the link that makes the first administrator.
    pub claim_admin_account: Allowance,
    /// Calls of one administrator.
    pub admin_account: Allowance,
}

/// The limits of `found` with those of a file over them: what someone thinks of changing.
///
/// # Errors
/// The text is not TOML, names something else than a limit, or a value is not acceptable.
pub fn propose(mut found: Found, path: &Path, text: &str) -> Result<Limits, Refused> {
    let mut refusals = Vec::new();
    for entry in file::parse(path, text)? {
        match SECTION.settings.iter().find(|definition| definition.key == entry.key) {
            Some(definition) => {
                found.put(definition, entry.raw, entry.origin);
                if let Err(refusal) = found.check(definition) {
                    refusals.push(refusal);
                }
            }
            None => {
                let near = nearest(&entry.key, SECTION.settings.iter().map(|definition| definition.key.to_owned()));
                refusals.push(Refusal::unknown(&entry.key, &entry.origin, near));
            }
        }
    }
    if refusals.is_empty() { Ok(read(&found)?) } else { Err(Refused(refusals)) }
}

/// Reads the section.
///
/// # Errors
/// A value is not acceptable.
pub fn read(found: &Found) -> Result<Limits, Refusal> {
    Ok(Limits {
        enabled: found.read(&ENABLED)?,
        sign_in_address_account: found.read(&SIGN_IN_ADDRESS_ACCOUNT)?,
        sign_in_address: found.read(&SIGN_IN_ADDRESS)?,
        sign_in_account: found.read(&SIGN_IN_ACCOUNT)?,
        sign_in_device: found.read(&SIGN_IN_DEVICE)?,
        sign_in_network: found.find(&SIGN_IN_NETWORK)?,
        sign_in_country: found.find(&SIGN_IN_COUNTRY)?,
        challenge_account: found.read(&CHALLENGE_ACCOUNT)?,
        challenge_difficulty: u32::try_from(found.read(&CHALLENGE_DIFFICULTY)?).unwrap_or(u32::MAX),
        register_address: found.read(&REGISTER_ADDRESS)?,
        refresh_session: found.read(&REFRESH_SESSION)?,
        password_account: found.read(&PASSWORD_ACCOUNT)?,
        second_factor_account: found.read(&SECOND_FACTOR_ACCOUNT)?,
        mail_account: found.read(&MAIL_ACCOUNT)?,
        mail_address: found.read(&MAIL_ADDRESS)?,
        code_account: found.read(&CODE_ACCOUNT)?,
        link_address: found.read(&LINK_ADDRESS)?,
        passkey_address: found.read(&PASSKEY_ADDRESS)?,
        passkey_account: found.read(&PASSKEY_ACCOUNT)?,
        claim_admin_account: found.read(&CLAIM_ADMIN_ACCOUNT)?,
        admin_account: found.read(&ADMIN_ACCOUNT)?,
    })
}
