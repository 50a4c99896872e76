//! The cookies of API.md: their names, what a request brings, what an answer sets and clears.
//!
//! Promises: one place writes each cookie's attributes, for setting and for clearing, so that they are always the same; on
//! https every name has its prefix and every cookie is `Secure`; a cookie that is not ours is never read. Which of several
//! refresh cookies counts is decided here and nowhere else. The reasons stand in `docs/design/cookies.md`.

mod jar;
mod set;

pub(crate) use jar::{Jar, RefreshCookie};
pub(crate) use set::{
    SessionCookies, clear_account, clear_pending, clear_session, pending, set_csrf, set_session, set_wait,
};

/// A cookie's fixed properties.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Kind {
    name: &'static str,
    plain_name: &'static str,
    path: &'static str,
    strict: bool,
    http_only: bool,
}

impl Kind {
    /// The name: with its prefix on https, without on loopback http, where browsers refuse the prefix.
    const fn name(self, is_https: bool) -> &'static str {
        if is_https { self.name } else { self.plain_name }
    }
}

/// The refresh token. Sent to `/api/auth` only.
const REFRESH: Kind = Kind {
    name: "__Secure-refreshToken",
    plain_name: "refreshToken",
    path: "/api/auth",
    strict: true,
    http_only: true,
};
/// The page session: the handle of the same session, proof that a refresh cookie was not planted by a sibling domain.
const PAGE: Kind =
    Kind { name: "__Host-pageSession", plain_name: "pageSession", path: "/", strict: false, http_only: true };
/// The known device.
const DEVICE: Kind =
    Kind { name: "__Secure-deviceId", plain_name: "deviceId", path: "/api/auth", strict: true, http_only: true };
/// The CSRF token's other half.
const CSRF: Kind = Kind { name: "__Host-csrf", plain_name: "csrf", path: "/", strict: true, http_only: true };
/// What binds a sign-in that waits for its second factor to its browser.
const PENDING: Kind = Kind { name: "__Host-pending", plain_name: "pending", path: "/", strict: true, http_only: true };
/// The handle of a browser that has asked for a mail: what its waiting page looks by, and what shows that the link comes back to
/// where it was asked for.
const WAIT: Kind = Kind { name: "__Host-mailWait", plain_name: "mailWait", path: "/", strict: true, http_only: true };
/// `1.<sign-in time>`, for scripts: whether asking for a refresh is worth while.
const HINT: Kind = Kind { name: "sessionHint", plain_name: "sessionHint", path: "/", strict: true, http_only: false };

#[cfg(test)]
mod tests;
