//! The cookies of one browser at one host.

/// Names and values. Paths and ages do not matter here: every call goes to `/api/auth`, and whether a session has expired is the
/// server's to say.
#[derive(Debug, Clone, Default)]
pub(crate) struct Jar(Vec<(String, String)>);

impl Jar {
    /// Takes a `Set-Cookie` field.
    pub(crate) fn take(&mut self, field: &str) {
        let pair = field.split(';').next().unwrap_or_default();
        let Some((name, value)) = pair.split_once('=') else { return };
        self.0.retain(|(kept, _)| kept != name);
        if !value.is_empty() {
            self.0.push((name.to_owned(), value.to_owned()));
        }
    }

    /// The `Cookie` field; empty where there is none.
    pub(crate) fn field(&self) -> String {
        self.0.iter().map(|(name, value)| format!("{name}={value}")).collect::<Vec<_>>().join("; ")
    }

    pub(crate) fn refresh_token(&self) -> Option<&str> {
        self.0.iter().find(|(name, _)| name == "__Secure-refreshToken").map(|(_, value)| value.as_str())
    }
}
