//! The family of a user agent: which browser on which system, without versions (docs/design/session-binding.md).
//!
//! Promises: an update of browser or system is the same family; the text is short, of plain characters, and made of our own
//! words wherever it is a browser's. A family proves nothing: whoever copies a cookie can copy a user agent. It is a name for
//! people and a signal for policy. First match counts, so those who pose as others stand before them.

/// The family, as people read it: `Firefox on Linux`, `Safari on iOS`, `curl`.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct AgentFamily(String);

impl AgentFamily {
    /// The family of this `User-Agent` field.
    #[must_use]
    pub fn of(user_agent: Option<&str>) -> Self {
        let text = user_agent.unwrap_or_default();
        // RFC 9110 section 10.1.5: the first product is the program itself. Only browsers pose as another.
        if !["Mozilla/", "Opera/"].iter().any(|start| text.starts_with(start)) {
            return Self(product(text).unwrap_or(UNKNOWN).to_owned());
        }
        let find =
            |table: &[(&str, &'static str)]| table.iter().find(|(mark, _)| text.contains(mark)).map(|(_, name)| *name);
        Self(match (find(BROWSERS), find(SYSTEMS)) {
            (Some(browser), Some(system)) => format!("{browser} on {system}"),
            (Some(one), None) => one.to_owned(),
            (None, Some(system)) => format!("Browser on {system}"),
            (None, None) => UNKNOWN.to_owned(),
        })
    }

    /// The name to show; none where nothing is known.
    #[must_use]
    pub fn label(self) -> Option<String> {
        (self.0 != UNKNOWN).then_some(self.0)
    }

    /// The text, also where nothing is known: what is compared and audited.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

/// The name of the first product, if it is one.
fn product(text: &str) -> Option<&str> {
    let name = text.split(['/', ' ', ';', '(']).next()?;
    let is_plain = name.bytes().all(|b| b.is_ascii_alphanumeric() || matches!(b, b'.' | b'_' | b'-' | b'+'));
    (is_plain && (1..=LONGEST_PRODUCT).contains(&name.len())).then_some(name)
}

const UNKNOWN: &str = "unknown";
const LONGEST_PRODUCT: usize = 32;

/// What a browser says of itself, and what it is called.
const BROWSERS: &[(&str, &str)] = &[
    ("Edg/", "Edge"),
    ("EdgA/", "Edge"),
    ("EdgiOS/", "Edge"),
    ("Edge/", "Edge"),
    ("OPR/", "Opera"),
    ("OPT/", "Opera"),
    ("OPX/", "Opera"),
    ("Opera", "Opera"),
    ("SamsungBrowser/", "Samsung Internet"),
    ("YaBrowser/", "Yandex Browser"),
    ("Vivaldi/", "Vivaldi"),
    ("HuaweiBrowser/", "Huawei Browser"),
    ("MiuiBrowser/", "Mi Browser"),
    ("UCBrowser/", "UC Browser"),
    ("DuckDuckGo/", "DuckDuckGo"),
    ("Ddg/", "DuckDuckGo"),
    ("Electron/", "Electron"),
    ("HeadlessChrome/", "Headless Chrome"),
    ("FxiOS/", "Firefox"),
    ("Focus/", "Firefox"),
    ("Firefox/", "Firefox"),
    ("CriOS/", "Chrome"),
    ("; wv)", "App"),
    ("Chromium/", "Chromium"),
    ("Chrome/", "Chrome"),
    ("Safari/", "Safari"),
    ("Trident/", "Internet Explorer"),
    ("MSIE ", "Internet Explorer"),
    ("AppleWebKit/", "App"),
];

/// What a system is said to be, and what it is called.
const SYSTEMS: &[(&str, &str)] = &[
    ("Windows", "Windows"),
    ("iPhone", "iOS"),
    ("iPod", "iOS"),
    ("iPad", "iPadOS"),
    ("CrOS", "ChromeOS"),
    ("Tizen", "Tizen"),
    ("Web0S", "webOS"),
    ("Android", "Android"),
    ("Macintosh", "macOS"),
    ("FreeBSD", "FreeBSD"),
    ("OpenBSD", "OpenBSD"),
    ("Linux", "Linux"),
    ("X11", "Linux"),
];

#[cfg(test)]
mod tests;
