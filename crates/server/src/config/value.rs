//! What settings may hold, and how each kind is read from a file's typed value or from plain text.

use std::net::{IpAddr, SocketAddr};
use std::path::PathBuf;

use countersign_kernel::{Lifetime, Secret};
use ipnet::IpNet;
use serde_json::{Value as Schema, json};

/// A value as it was found, before it is understood.
#[derive(Debug, Clone)]
pub enum Raw {
    /// Text without a type, from the environment, a flag or a default.
    Plain(String),
    /// A TOML string.
    Text(String),
    /// A TOML integer.
    Number(i64),
    /// A TOML float.
    Fraction(f64),
    /// A TOML boolean.
    Switch(bool),
    /// A TOML array of strings.
    List(Vec<String>),
    /// Any other TOML value, by the name of its type.
    Other(&'static str),
    /// The text of a secret, wherever it came from.
    Hidden(Secret<String>),
}

impl Raw {
    /// The text, where it is text.
    #[must_use]
    pub fn text(&self) -> Option<&str> {
        match self {
            Self::Plain(text) | Self::Text(text) => Some(text),
            Self::Hidden(secret) => Some(secret.expose()),
            Self::Number(_) | Self::Fraction(_) | Self::Switch(_) | Self::List(_) | Self::Other(_) => None,
        }
    }

    /// What a refusal may repeat of it.
    #[must_use]
    pub fn quoted(&self) -> String {
        match self {
            Self::Plain(text) | Self::Text(text) => format!("{text:?}"),
            Self::Number(number) => number.to_string(),
            Self::Fraction(number) => number.to_string(),
            Self::Switch(on) => on.to_string(),
            Self::List(items) => format!("{items:?}"),
            Self::Other(kind) => format!("a TOML {kind}"),
            Self::Hidden(_) => "a value that is not shown".to_owned(),
        }
    }
}

/// What a value is held to.
#[derive(Debug, Clone, Copy)]
pub struct Bounds {
    /// The least number.
    pub least: i64,
    /// The greatest number.
    pub greatest: i64,
    /// The words that may be chosen; empty where any may.
    pub choices: &'static [&'static str],
}

impl Bounds {
    /// Nothing is excluded.
    pub const NONE: Self = Self { least: i64::MIN, greatest: i64::MAX, choices: &[] };
}

/// A kind of value.
pub trait Value: Sized {
    /// The value, or none where `raw` is not one.
    fn read(raw: &Raw, bounds: &Bounds) -> Option<Self>;

    /// What a value must look like: "a whole number from 1 to 10".
    fn expected(bounds: &Bounds) -> String;

    /// What a JSON Schema says of a value in `countersign.toml`.
    fn schema(_: &Bounds) -> Schema {
        json!({"type": "string", "minLength": 1})
    }

    /// The value as `config show` prints it.
    fn show(&self) -> String;
}

impl Value for i64 {
    fn read(raw: &Raw, bounds: &Bounds) -> Option<Self> {
        let number = match raw {
            Raw::Number(number) => *number,
            Raw::Plain(text) => text.parse().ok()?,
            _ => return None,
        };
        (bounds.least..=bounds.greatest).contains(&number).then_some(number)
    }

    fn expected(bounds: &Bounds) -> String {
        format!("a whole number from {} to {}", bounds.least, bounds.greatest)
    }

    fn schema(bounds: &Bounds) -> Schema {
        json!({"type": "integer", "minimum": bounds.least, "maximum": bounds.greatest})
    }

    fn show(&self) -> String {
        self.to_string()
    }
}

/// A span in whole seconds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Seconds(pub i64);

impl Seconds {
    /// The same span as time.
    #[must_use]
    pub const fn lifetime(self) -> Lifetime {
        Lifetime::from_seconds(self.0)
    }
}

impl Value for Seconds {
    fn read(raw: &Raw, bounds: &Bounds) -> Option<Self> {
        i64::read(raw, bounds).map(Self)
    }

    fn expected(bounds: &Bounds) -> String {
        format!("whole seconds from {} to {}", bounds.least, bounds.greatest)
    }

    fn schema(bounds: &Bounds) -> Schema {
        i64::schema(bounds)
    }

    fn show(&self) -> String {
        self.0.to_string()
    }
}

impl Value for bool {
    fn read(raw: &Raw, _: &Bounds) -> Option<Self> {
        match raw {
            Raw::Switch(on) => Some(*on),
            Raw::Plain(text) => text.parse().ok(),
            _ => None,
        }
    }

    fn expected(_: &Bounds) -> String {
        "true or false".to_owned()
    }

    fn schema(_: &Bounds) -> Schema {
        json!({"type": "boolean"})
    }

    fn show(&self) -> String {
        self.to_string()
    }
}

impl Value for String {
    fn read(raw: &Raw, bounds: &Bounds) -> Option<Self> {
        let text = raw.text().filter(|t| !t.is_empty())?;
        (bounds.choices.is_empty() || bounds.choices.contains(&text)).then(|| text.to_owned())
    }

    fn expected(bounds: &Bounds) -> String {
        if bounds.choices.is_empty() { "text".to_owned() } else { format!("one of {}", bounds.choices.join(", ")) }
    }

    fn schema(bounds: &Bounds) -> Schema {
        if bounds.choices.is_empty() {
            json!({"type": "string", "minLength": 1})
        } else {
            json!({"type": "string", "enum": bounds.choices})
        }
    }

    fn show(&self) -> String {
        self.clone()
    }
}

impl Value for Secret<String> {
    fn read(raw: &Raw, _: &Bounds) -> Option<Self> {
        raw.text().filter(|t| !t.is_empty()).map(|t| Self::new(t.to_owned()))
    }

    fn expected(_: &Bounds) -> String {
        "text".to_owned()
    }

    fn show(&self) -> String {
        "(set, not shown)".to_owned()
    }
}

impl Value for SocketAddr {
    fn read(raw: &Raw, _: &Bounds) -> Option<Self> {
        raw.text()?.parse().ok()
    }

    fn expected(_: &Bounds) -> String {
        "an IP address and a port, like 127.0.0.1:8420".to_owned()
    }

    fn show(&self) -> String {
        self.to_string()
    }
}

impl Value for PathBuf {
    fn read(raw: &Raw, _: &Bounds) -> Option<Self> {
        raw.text().filter(|t| !t.is_empty()).map(Self::from)
    }

    fn expected(_: &Bounds) -> String {
        "a path".to_owned()
    }

    fn show(&self) -> String {
        self.display().to_string()
    }
}

impl Value for Vec<String> {
    fn read(raw: &Raw, _: &Bounds) -> Option<Self> {
        match raw {
            Raw::List(items) => Some(items.clone()),
            Raw::Plain(text) => {
                Some(text.split(',').map(str::trim).filter(|t| !t.is_empty()).map(str::to_owned).collect())
            }
            _ => None,
        }
    }

    fn expected(_: &Bounds) -> String {
        "a list of texts (in the environment: separated by commas)".to_owned()
    }

    fn schema(_: &Bounds) -> Schema {
        json!({"type": "array", "items": {"type": "string"}})
    }

    fn show(&self) -> String {
        self.join(", ")
    }
}

impl Value for Vec<IpNet> {
    fn read(raw: &Raw, bounds: &Bounds) -> Option<Self> {
        let network = |text: &String| {
            let host = || text.parse::<IpAddr>().ok().map(IpNet::from);
            text.parse::<IpNet>().ok().or_else(host).map(|n| n.trunc())
        };
        Vec::<String>::read(raw, bounds)?.iter().map(network).collect()
    }

    fn expected(_: &Bounds) -> String {
        "a list of networks, like 10.0.0.0/8 (in the environment: separated by commas)".to_owned()
    }

    fn schema(bounds: &Bounds) -> Schema {
        Vec::<String>::schema(bounds)
    }

    fn show(&self) -> String {
        self.iter().map(IpNet::to_string).collect::<Vec<_>>().join(", ")
    }
}

impl<T: Value> Value for Option<T> {
    fn read(raw: &Raw, bounds: &Bounds) -> Option<Self> {
        T::read(raw, bounds).map(Some)
    }

    fn expected(bounds: &Bounds) -> String {
        T::expected(bounds)
    }

    fn schema(bounds: &Bounds) -> Schema {
        T::schema(bounds)
    }

    fn show(&self) -> String {
        self.as_ref().map_or_else(String::new, T::show)
    }
}
