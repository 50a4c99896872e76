//! From bytes to members.

use std::fmt;

use axum::body::Body;
use countersign_kernel::Secret;
use http::HeaderMap;
use http::header::{CONTENT_ENCODING, CONTENT_LENGTH, CONTENT_TYPE};
use http_body_util::BodyExt as _;
use serde::de::{Deserialize, Deserializer, MapAccess, Visitor};
use serde_json::Value;

use super::members::{Members, whole};
use crate::error::{Code, Problem};

/// The largest body, in bytes.
pub(crate) const LARGEST_BODY: usize = 64 * 1024;

/// Reads a body; none where there is no body at all.
///
/// # Errors
/// `UNSUPPORTED_MEDIA_TYPE`, `PAYLOAD_TOO_LARGE` or `VALIDATION_FAILED`.
pub(crate) async fn read_body(headers: &HeaderMap, body: Body) -> Result<Option<Members>, Problem> {
    let kind = ContentType::of(headers);
    if kind == ContentType::Other {
        return Err(Code::UnsupportedMediaType.into());
    }
    let bytes = collect(headers, body).await?;
    match kind {
        _ if bytes.expose().is_empty() => Ok(None),
        ContentType::Json => parse(bytes.expose()).map(Some),
        ContentType::Absent | ContentType::Other => Err(Code::UnsupportedMediaType.into()),
    }
}

/// What the request says its body is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum ContentType {
    Absent,
    Json,
    Other,
}

impl ContentType {
    fn of(headers: &HeaderMap) -> Self {
        if headers.contains_key(CONTENT_ENCODING) {
            return Self::Other;
        }
        let mut values = headers.get_all(CONTENT_TYPE).iter();
        match (values.next(), values.next()) {
            (None, _) => Self::Absent,
            (Some(one), None) if one.to_str().is_ok_and(is_json) => Self::Json,
            _ => Self::Other,
        }
    }
}

/// `application/json`, with at most the parameter `charset=utf-8`.
fn is_json(value: &str) -> bool {
    let (essence, parameter) = value.split_once(';').map_or((value, None), |(e, p)| (e, Some(p)));
    let charset_is_utf8 = |parameter: &str| {
        parameter.split_once('=').is_some_and(|(name, charset)| {
            let charset = charset.trim();
            let bare = charset.strip_prefix('"').and_then(|c| c.strip_suffix('"')).unwrap_or(charset);
            name.trim().eq_ignore_ascii_case("charset") && bare.eq_ignore_ascii_case("utf-8")
        })
    };
    essence.trim().eq_ignore_ascii_case("application/json") && parameter.is_none_or(charset_is_utf8)
}

/// Reads at most the limit. A body that announced no length, or a false one, is counted here.
pub(crate) async fn collect(headers: &HeaderMap, mut body: Body) -> Result<Secret<Vec<u8>>, Problem> {
    let announced = headers.get(CONTENT_LENGTH).and_then(|v| v.to_str().ok()).and_then(|v| v.parse::<usize>().ok());
    // Room for the whole at once, so that no half of a password is left behind by growing.
    let mut bytes = Vec::with_capacity(announced.unwrap_or(4 * 1024).min(LARGEST_BODY));
    while let Some(frame) = body.frame().await {
        // The client went away, or broke the framing: nobody is there to read more than that.
        let Ok(frame) = frame else { return Err(whole("MALFORMED", "The body could not be read.")) };
        let Some(data) = frame.data_ref() else { continue };
        if bytes.len() + data.len() > LARGEST_BODY {
            return Err(Code::PayloadTooLarge.into());
        }
        bytes.extend_from_slice(data);
    }
    Ok(Secret::new(bytes))
}

fn parse(bytes: &[u8]) -> Result<Members, Problem> {
    // serde_json goes at most 128 levels deep and refuses invalid UTF-8, lone surrogates and numbers beyond a double.
    serde_json::from_slice(bytes).map_err(|_| whole("MALFORMED", "The body must be one JSON object."))
}

impl<'de> Deserialize<'de> for Members {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Object;

        impl<'de> Visitor<'de> for Object {
            type Value = Members;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a JSON object")
            }

            fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Members, A::Error> {
                let mut members = Members::default();
                while let Some((name, value)) = map.next_entry::<String, Value>()? {
                    members.add(name, value);
                }
                Ok(members)
            }
        }

        // Values inside values are refused by their type, so that duplicates matter on this level alone.
        deserializer.deserialize_map(Object)
    }
}
