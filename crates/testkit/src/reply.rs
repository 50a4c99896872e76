//! What came back.

use std::fmt;

use bytes::Bytes;
use http::{HeaderMap, StatusCode};
use serde_json::Value;

use crate::mask::mask;

/// An answer, read whole.
///
/// Shown, it is its status and its error code, or its masked JSON: what a snapshot wants.
#[derive(Debug, Clone)]
pub struct Reply {
    /// The status.
    pub status: StatusCode,
    /// The fields.
    pub headers: HeaderMap,
    /// The body.
    pub body: Bytes,
}

impl Reply {
    /// The status as a number.
    #[must_use]
    pub fn status(&self) -> u16 {
        self.status.as_u16()
    }

    /// The body as JSON; null where it is not.
    #[must_use]
    pub fn json(&self) -> Value {
        serde_json::from_slice(&self.body).unwrap_or(Value::Null)
    }

    /// The text of a member of the JSON body, by its pointer (`/user/id`); empty where there is none.
    #[must_use]
    pub fn text_at(&self, pointer: &str) -> String {
        self.json().pointer(pointer).and_then(Value::as_str).unwrap_or_default().to_owned()
    }

    /// The body as text.
    #[must_use]
    pub fn text(&self) -> String {
        String::from_utf8_lossy(&self.body).into_owned()
    }

    /// The error code of a problem document; empty where it is none.
    #[must_use]
    pub fn code(&self) -> String {
        self.text_at("/code")
    }

    /// The solution of the challenge that a 428 carries, as the text to send for `challengeResponse`.
    ///
    /// # Panics
    /// It carries none that can be solved.
    #[must_use]
    #[track_caller]
    #[expect(clippy::panic, reason = "a test harness fails its test")]
    pub fn solution(&self) -> String {
        match self.json().get("challenge").and_then(countersign_limit::testing::solve) {
            Some(response) => response,
            None => panic!("no challenge that can be solved: {}", self.text()),
        }
    }

    /// The value of a field; empty where there is none.
    #[must_use]
    pub fn header(&self, name: &str) -> String {
        self.headers.get(name).and_then(|v| v.to_str().ok()).unwrap_or_default().to_owned()
    }

    /// Every `Set-Cookie` field.
    #[must_use]
    pub fn set_cookies(&self) -> Vec<String> {
        self.headers.get_all("set-cookie").iter().filter_map(|v| v.to_str().ok()).map(str::to_owned).collect()
    }

    /// The row of the refresh table that answered.
    #[must_use]
    pub fn refresh_case(&self) -> String {
        self.header("x-refresh-case")
    }

    /// This reply, after making sure of its status.
    ///
    /// # Panics
    /// The status is another one; the message shows the body.
    #[must_use]
    #[track_caller]
    #[expect(clippy::panic, reason = "a test harness fails its test")]
    pub fn expect(self, status: u16) -> Self {
        if self.status() != status {
            panic!("expected {status}, got {}: {}", self.status(), self.text());
        }
        self
    }
}

impl fmt::Display for Reply {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.status())?;
        let code = self.code();
        if !code.is_empty() {
            write!(f, " {code}")
        } else if self.body.is_empty() {
            Ok(())
        } else {
            write!(f, " {}", mask(&self.text()))
        }
    }
}
