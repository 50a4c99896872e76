//! What an answer sets and clears.

use cookie::time::{Duration, OffsetDateTime};
use cookie::{Cookie, SameSite};
use countersign_account::ceremony::PENDING_LIFETIME;
use countersign_kernel::{Lifetime, Timestamp};
use http::header::SET_COOKIE;
use http::{HeaderMap, HeaderValue};

use super::{CSRF, DEVICE, HINT, Kind, PAGE, PENDING, REFRESH, WAIT};

/// How long a device stays known (DESIGN section 5).
const DEVICE_LIFE: Lifetime = Lifetime::from_days(180);

/// How long a mailed link works, and so its waiting page.
const WAIT_LIFE: Lifetime = Lifetime::from_minutes(15);

/// What belongs to one session.
pub(crate) struct SessionCookies<'a> {
    /// The refresh token.
    pub(crate) refresh: &'a str,
    /// The page session.
    pub(crate) page: &'a str,
    /// What is left of the session's life; none where it is to end with the browser.
    pub(crate) life: Option<Lifetime>,
    /// When the person signed in.
    pub(crate) signed_in_at: Timestamp,
    /// The known device, after a complete sign-in.
    pub(crate) device: Option<&'a str>,
    /// The CSRF cookie, after a sign-in.
    pub(crate) csrf: Option<&'a str>,
}

/// Sets a session's cookies.
pub(crate) fn set_session(headers: &mut HeaderMap, is_https: bool, cookies: &SessionCookies<'_>) {
    let life = cookies.life;
    put(headers, is_https, REFRESH, cookies.refresh, life);
    put(headers, is_https, PAGE, cookies.page, life);
    let hint = format!("1.{}", cookies.signed_in_at.as_seconds());
    put(headers, is_https, HINT, &hint, life);
    if let Some(device) = cookies.device {
        put(headers, is_https, DEVICE, device, Some(DEVICE_LIFE));
    }
    if let Some(csrf) = cookies.csrf {
        set_csrf(headers, is_https, csrf);
    }
}

/// Sets the CSRF cookie, until the browser closes.
pub(crate) fn set_csrf(headers: &mut HeaderMap, is_https: bool, value: &str) {
    put(headers, is_https, CSRF, value, None);
}

/// Sets the handle of a browser that has asked for a mail.
pub(crate) fn set_wait(headers: &mut HeaderMap, is_https: bool, handle: &str) {
    put(headers, is_https, WAIT, handle, Some(WAIT_LIFE));
}

/// Clears a session's cookies. The device stays known.
pub(crate) fn clear_session(headers: &mut HeaderMap, is_https: bool) {
    for kind in [REFRESH, PAGE, HINT, CSRF] {
        put(headers, is_https, kind, "", Some(Lifetime::ZERO));
    }
}

/// Clears everything that an account left in the browser.
pub(crate) fn clear_account(headers: &mut HeaderMap, is_https: bool) {
    clear_session(headers, is_https);
    put(headers, is_https, DEVICE, "", Some(Lifetime::ZERO));
}

/// The cookie that binds a sign-in to its browser while it waits, for an answer that is no handler's own.
pub(crate) fn pending(is_https: bool, value: &str) -> Option<HeaderValue> {
    written(is_https, PENDING, value, Some(PENDING_LIFETIME))
}

/// Clears it: the sign-in is complete.
pub(crate) fn clear_pending(headers: &mut HeaderMap, is_https: bool) {
    put(headers, is_https, PENDING, "", Some(Lifetime::ZERO));
}

fn put(headers: &mut HeaderMap, is_https: bool, kind: Kind, value: &str, life: Option<Lifetime>) {
    if let Some(value) = written(is_https, kind, value, life) {
        headers.append(SET_COOKIE, value);
    }
}

/// The one place that writes the text of `Set-Cookie`. No cookie ever has a `Domain`: siblings are never told.
fn written(is_https: bool, kind: Kind, value: &str, life: Option<Lifetime>) -> Option<HeaderValue> {
    let mut cookie = Cookie::build((kind.name(is_https), value))
        .path(kind.path)
        .same_site(if kind.strict { SameSite::Strict } else { SameSite::Lax })
        .http_only(kind.http_only)
        .secure(is_https);
    if let Some(life) = life {
        cookie = cookie.max_age(Duration::seconds(life.as_seconds()));
        if life == Lifetime::ZERO {
            cookie = cookie.expires(OffsetDateTime::UNIX_EPOCH);
        }
    }
    // Every value is ours and in the cookie alphabet; one that is not would be dropped, never sent broken.
    HeaderValue::try_from(cookie.build().to_string()).ok()
}
