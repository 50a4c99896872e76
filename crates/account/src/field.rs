//! What is wrong with one field of a request.

use countersign_password::Violation;

/// What is wrong with one field of a request: an entry of `errors` in `VALIDATION_FAILED`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FieldError {
    /// The field, as JSON spells it.
    pub field: &'static str,
    /// The stable code.
    pub code: &'static str,
    /// What to tell the person.
    pub message: String,
}

impl FieldError {
    pub(crate) fn new(field: &'static str, code: &'static str, message: impl Into<String>) -> Self {
        Self { field, code, message: message.into() }
    }

    pub(crate) fn password(field: &'static str, violations: Vec<Violation>) -> Vec<Self> {
        violations.into_iter().map(|v| Self::new(field, v.code.as_str(), v.message)).collect()
    }

    pub(crate) fn password_too_long(field: &'static str) -> Self {
        let max = countersign_password::MAX_CODE_POINTS;
        Self::new(field, "TOO_LONG", format!("Use at most {max} characters."))
    }
}
