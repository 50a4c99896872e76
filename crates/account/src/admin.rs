//! The name of the role that may do everything here.

/// The role that may do everything here. It exists from the first start on, and what it grants needs a second factor.
pub const ADMIN: &str = "admin";
