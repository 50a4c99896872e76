//! Who a token speaks for, in the claims of this house.

use std::time::Duration;

use serde_json::json;

use super::TestToken;

impl TestToken {
    /// With this role.
    pub fn role(self, role: &str) -> Self {
        self.with("roles", role)
    }

    /// With this permission.
    pub fn permission(self, permission: &str) -> Self {
        self.with("permissions", permission)
    }

    /// Held by a program that may do this in the person's name.
    pub fn scope(self, scope: &str) -> Self {
        self.claim("scope", scope)
    }

    /// Of this session.
    pub fn session(self, session: impl ToString) -> Self {
        self.claim("sid", session.to_string())
    }

    /// Of rights of this version.
    pub fn version(self, ver: u64) -> Self {
        self.claim("ver", ver)
    }

    /// With a second factor proven.
    pub fn second_factor(self) -> Self {
        self.claim("amr", json!(["mfa", "otp", "pwd"])).claim("acr", "aal2")
    }

    /// Of somebody who last proved who it is so long ago.
    pub fn proven_ago(self, span: Duration) -> Self {
        let at = self.now - i64::try_from(span.as_secs()).unwrap_or(0);
        self.claim("auth_time", at)
    }

    /// Adds a text to a list.
    fn with(mut self, name: &str, text: &str) -> Self {
        let list = self.claims.entry(name).or_insert_with(|| json!([]));
        if let Some(list) = list.as_array_mut() {
            list.push(text.into());
        }
        self
    }
}
