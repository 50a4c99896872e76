//! Traces.

use serde_json::{Value as Schema, json};
use url::Url;

use super::Section;
use super::found::Found;
use super::refusal::Refusal;
use super::setting::Setting;
use super::value::{Bounds, Raw, Value};

static ENDPOINT: Setting<Option<Endpoint>> = Setting::new(
    "telemetry.otlp_endpoint",
    "Where traces are sent, as OTLP over HTTP: the address of a collector, `http://127.0.0.1:4318`. `/v1/traces` is added where \
     the address has no path. Without it nothing is traced.",
);

static RATIO: Setting<Ratio> = Setting::new(
    "telemetry.sample_ratio",
    "Which part of the requests is traced. A request that a trusted proxy traces is traced in any case, one that it does not is not.",
)
.or("1");

static SERVICE: Setting<String> =
    Setting::new("telemetry.service_name", "What this server is called in traces.").or("countersign");

/// The section.
pub static SECTION: Section =
    Section { title: "Traces", settings: &[&ENDPOINT.definition, &RATIO.definition, &SERVICE.definition] };

/// Traces.
#[derive(Debug, Clone)]
pub struct Telemetry {
    /// Where they are sent; none where nothing is traced.
    pub endpoint: Option<Endpoint>,
    /// Which part of the requests is traced.
    pub ratio: Ratio,
    /// What this server is called.
    pub service: String,
}

/// Reads the section.
///
/// # Errors
/// A value is not acceptable.
pub fn read(found: &Found) -> Result<Telemetry, Refusal> {
    Ok(Telemetry { endpoint: found.find(&ENDPOINT)?, ratio: found.read(&RATIO)?, service: found.read(&SERVICE)? })
}

/// The address of a collector. Plain http: a collector stands beside the server or in its network, and takes it from there.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Endpoint {
    /// The host, as it is connected to.
    pub host: String,
    /// The port.
    pub port: u16,
    /// The whole address, with a path.
    pub url: String,
}

impl Value for Endpoint {
    fn read(raw: &Raw, _: &Bounds) -> Option<Self> {
        let mut url = Url::parse(raw.text()?).ok()?;
        let is_plain = url.scheme() == "http" && url.username().is_empty() && url.password().is_none();
        if !is_plain || url.query().is_some() || url.fragment().is_some() {
            return None;
        }
        if url.path() == "/" {
            url.set_path("/v1/traces");
        }
        let host = url.host_str()?.trim_start_matches('[').trim_end_matches(']').to_owned();
        Some(Self { host, port: url.port_or_known_default()?, url: url.to_string() })
    }

    fn expected(_: &Bounds) -> String {
        "http://HOST:PORT of a collector; for a service behind https, put a collector beside this server".to_owned()
    }

    fn show(&self) -> String {
        self.url.clone()
    }
}

/// A part of a whole.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Ratio(pub f64);

impl Value for Ratio {
    fn read(raw: &Raw, _: &Bounds) -> Option<Self> {
        let part = match raw {
            Raw::Plain(text) => text.parse().ok()?,
            Raw::Fraction(part) => *part,
            Raw::Number(0) => 0.0,
            Raw::Number(1) => 1.0,
            _ => return None,
        };
        (0.0..=1.0).contains(&part).then_some(Self(part))
    }

    fn expected(_: &Bounds) -> String {
        "a number from 0 to 1".to_owned()
    }

    fn schema(_: &Bounds) -> Schema {
        json!({"type": "number", "minimum": 0, "maximum": 1})
    }

    fn show(&self) -> String {
        self.0.to_string()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn endpoint(text: &str) -> Option<String> {
        Endpoint::read(&Raw::Plain(text.to_owned()), &Bounds::NONE).map(|e| format!("{} {} {}", e.host, e.port, e.url))
    }

    #[test]
    fn an_endpoint_is_a_plain_address_and_gets_the_usual_path() {
        for (text, wanted) in [
            ("http://127.0.0.1:4318", "127.0.0.1 4318 http://127.0.0.1:4318/v1/traces"),
            ("http://collector/", "collector 80 http://collector/v1/traces"),
            ("http://[::1]:4318/otlp/v1/traces", "::1 4318 http://[::1]:4318/otlp/v1/traces"),
        ] {
            assert_eq!(endpoint(text).as_deref(), Some(wanted), "{text}");
        }
        for wrong in [
            "127.0.0.1:4318",
            "https://collector:4318",
            "grpc://collector:4317",
            "http://user:secret@collector",
            "http://collector/?x=1",
            "http://",
            "",
        ] {
            assert_eq!(endpoint(wrong), None, "{wrong}");
        }
    }

    #[test]
    fn a_ratio_lies_between_nothing_and_all() {
        let read = |text: &str| Ratio::read(&Raw::Plain(text.to_owned()), &Bounds::NONE).map(|ratio| ratio.0);
        assert_eq!((read("0"), read("0.25"), read("1")), (Some(0.0), Some(0.25), Some(1.0)));
        assert_eq!(Ratio::read(&Raw::Fraction(0.5), &Bounds::NONE), Some(Ratio(0.5)));
        for wrong in ["-0.1", "1.1", "NaN", "half", ""] {
            assert_eq!(read(wrong), None, "{wrong}");
        }
    }
}
