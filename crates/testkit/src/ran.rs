//! What a command left behind.

/// A command that has ended.
#[derive(Debug, Clone)]
pub struct Ran {
    /// The exit code; none where a signal ended it.
    pub code: Option<i32>,
    /// What it printed.
    pub out: String,
    /// What it complained about.
    pub err: String,
}

impl Ran {
    /// The output as JSON; null where it is not.
    #[must_use]
    pub fn json(&self) -> serde_json::Value {
        serde_json::from_str(&self.out).unwrap_or(serde_json::Value::Null)
    }

    /// This, after making sure of the exit code.
    ///
    /// # Panics
    /// The code is another one; the message shows the output.
    #[must_use]
    #[track_caller]
    #[expect(clippy::panic, reason = "a test harness fails its test")]
    pub fn expect(self, code: i32) -> Self {
        if self.code != Some(code) {
            panic!("expected exit code {code}, got {:?}\n{}{}", self.code, self.out, self.err);
        }
        self
    }
}
