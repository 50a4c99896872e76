//! Where sessions may be used, and how many a person may have (DESIGN section 6).

use countersign_session::{BindPolicy, OnChange};

use super::Section;
use super::found::Found;
use super::refusal::Refusal;
use super::setting::Setting;

const ON_CHANGE: &[&str] = &["ignore", "audit", "step_up", "end"];

static BIND_USER_AGENT: Setting<String> = Setting::new(
    "session.bind_user_agent",
    "What it means that a session is used with another browser or system than it began with; an update is no change. `audit` \
     writes one record for each that is new, `step_up` asks for a new proof before anything dangerous is done there, `end` ends \
     the session.",
)
.or("audit")
.one_of(ON_CHANGE);

static BIND_NETWORK: Setting<String> = Setting::new(
    "session.bind_network",
    "The same for another network: another IPv4 /24 or IPv6 /48, or with `geo.asn_file` the network of another operator. Mind that \
     phones change networks many times a day, and that `end` then signs their owners out.",
)
.or("audit")
.one_of(ON_CHANGE);

static MAX_PER_USER: Setting<i64> = Setting::new(
    "session.max_per_user",
    "How many sessions of one person live at most. A sign-in beyond that ends the one that was used longest ago.",
)
.or("100")
.within(1, 10_000);

/// The section.
pub static SECTION: Section = Section {
    title: "Session binding",
    settings: &[&BIND_USER_AGENT.definition, &BIND_NETWORK.definition, &MAX_PER_USER.definition],
};

/// Where sessions may be used, and how many a person may have.
#[derive(Debug)]
pub struct Session {
    /// On a change of user agent or network.
    pub bind: BindPolicy,
    /// Living sessions of one person.
    pub max_per_user: u32,
}

/// Reads the section.
///
/// # Errors
/// A value is not acceptable.
pub fn read(found: &Found) -> Result<Session, Refusal> {
    let on_change = |setting| found.read(setting).map(|text: String| OnChange::parse(&text).unwrap_or_default());
    Ok(Session {
        bind: BindPolicy { user_agent: on_change(&BIND_USER_AGENT)?, network: on_change(&BIND_NETWORK)? },
        // Its bounds lie within 32 bits.
        max_per_user: u32::try_from(found.read(&MAX_PER_USER)?).unwrap_or(u32::MAX),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_words_of_the_settings_are_those_of_the_policy() {
        let words: Vec<&str> = OnChange::ALL.iter().map(|one| one.as_str()).collect();
        assert_eq!(words, ON_CHANGE);
    }
}
