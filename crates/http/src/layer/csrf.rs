//! The CSRF rule of API.md, as one pure function over what a request shows.
//!
//! It holds for each request that a cookie alone would authorise, and for each that may set a session cookie. The rows, in
//! order; the first that fits decides:
//!
//! 1. `Origin` is there: allowed if it is the public URL's or a configured one; `null` if `Sec-Fetch-Site` is `same-origin`;
//!    else refused, whatever else the request carries. Two `Origin` fields are nobody's.
//! 2. `Sec-Fetch-Site` says `same-origin`: allowed. `cross-site` or `same-site`: refused.
//! 3. No cookie and nothing of `Sec-Fetch-*`: no browser; allowed, because there is nothing that it could abuse.
//! 4. `X-CSRF-Token` is the `csrf` cookie, is ours, and belongs to the session that came with it: allowed. Else refused.
//!
//! Row 3 follows from there being no cookie, so that it needs no list of endpoints. Why so: `docs/design/csrf.md`.

use countersign_audit::Event;
use countersign_session::{Beside, CsrfOwner, Sessions};
use http::header::{HeaderName, ORIGIN};
use http::{HeaderMap, HeaderValue};

use crate::app::{Auth, Refusal};
use crate::cookie::{Jar, RefreshCookie};
use crate::error::{Code, Problem};
use crate::form::Form;
use crate::json::Call;

/// The header that carries the token.
pub(crate) static CSRF_TOKEN: HeaderName = HeaderName::from_static("x-csrf-token");
static SEC_FETCH_SITE: HeaderName = HeaderName::from_static("sec-fetch-site");

/// What a request shows of where it came from.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Evidence<'a> {
    origin: Field<'a>,
    fetch_site: Field<'a>,
    /// Whether there is any `Sec-Fetch-*` field.
    from_fetch: bool,
    has_cookie: bool,
}

/// A header field that should be there at most once.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Field<'a> {
    Absent,
    Is(&'a [u8]),
    Repeated,
}

/// Whether a request came from here, or from nowhere that could abuse a browser.
pub(crate) fn comes_from_here<T>(auth: &Auth, call: &Call<T>, jar: &Jar<'_>) -> bool {
    let token_counts = || token_counts(auth.sessions(), call.headers(), jar);
    Evidence::of(call.headers(), jar.any()).allows(|origin| auth.is_own_origin(origin), token_counts)
}

/// The same of a hosted form, whose proof may stand in its field `csrfToken`.
///
/// # Errors
/// `CSRF_INVALID`.
pub(crate) fn demand_form(auth: &Auth, form: &Form, jar: &Jar<'_>) -> Result<(), Problem> {
    let token_counts = || {
        let (Some(sent), Some(cookie)) = (form.field("csrfToken"), jar.csrf()) else { return false };
        auth.sessions().csrf().verify(cookie, sent, beside(auth.sessions(), jar))
    };
    let evidence = Evidence::of(form.headers(), jar.any());
    if evidence.allows(|origin| auth.is_own_origin(origin), token_counts) {
        return Ok(());
    }
    let (event, origin) = (Event::CsrfRefused, form.origin(auth));
    auth.ready().refused(Refusal { event, reason: None, origin, user: None, session: None });
    Err(Code::CsrfInvalid.into())
}

/// The token that counts beside these cookies: the one that is there, so that a second tab does not make that of the first void,
/// or a new one.
pub(crate) fn token_for(auth: &Auth, jar: &Jar<'_>) -> String {
    let keys = auth.sessions().csrf();
    let beside = beside(auth.sessions(), jar);
    let held = jar.csrf().filter(|held| keys.verify(held, held, beside));
    held.map_or_else(
        || {
            keys.mint(match beside {
                Beside::Session(session) => CsrfOwner::Session(session),
                Beside::Nothing | Beside::Unproven => CsrfOwner::Visitor,
            })
        },
        str::to_owned,
    )
}

/// Lets such a request pass; any other is refused, and that is audited.
///
/// # Errors
/// `CSRF_INVALID`.
pub(crate) fn demand<T>(auth: &Auth, call: &Call<T>, jar: &Jar<'_>) -> Result<(), Problem> {
    if comes_from_here(auth, call, jar) {
        return Ok(());
    }
    let (event, origin) = (Event::CsrfRefused, call.origin(auth));
    auth.ready().refused(Refusal { event, reason: None, origin, user: None, session: None });
    Err(Code::CsrfInvalid.into())
}

impl<'a> Evidence<'a> {
    fn of(headers: &'a HeaderMap, has_cookie: bool) -> Self {
        Self {
            origin: Field::of(headers, &ORIGIN),
            fetch_site: Field::of(headers, &SEC_FETCH_SITE),
            from_fetch: headers.keys().any(|name| name.as_str().starts_with("sec-fetch-")),
            has_cookie,
        }
    }

    fn allows(&self, is_own: impl FnOnce(&[u8]) -> bool, token_counts: impl FnOnce() -> bool) -> bool {
        match (self.origin, self.fetch_site) {
            (Field::Is(b"null"), site) => site == Field::Is(b"same-origin"),
            (Field::Is(origin), _) => is_own(origin),
            (Field::Repeated, _) | (Field::Absent, Field::Repeated) => false,
            (Field::Absent, Field::Is(b"same-origin")) => true,
            (Field::Absent, Field::Is(b"cross-site" | b"same-site")) => false,
            (Field::Absent, Field::Is(_) | Field::Absent) => (!self.has_cookie && !self.from_fetch) || token_counts(),
        }
    }
}

impl<'a> Field<'a> {
    fn of(headers: &'a HeaderMap, name: &HeaderName) -> Self {
        let mut values = headers.get_all(name).iter();
        match (values.next(), values.next()) {
            (None, _) => Self::Absent,
            (Some(one), None) => Self::Is(one.as_bytes()),
            (Some(_), Some(_)) => Self::Repeated,
        }
    }
}

/// Whether the sent token counts beside the cookies of the request.
fn token_counts(sessions: &Sessions, headers: &HeaderMap, jar: &Jar<'_>) -> bool {
    let mut sent = headers.get_all(&CSRF_TOKEN).iter();
    let (Some(sent), None) = (sent.next().map(HeaderValue::to_str), sent.next()) else { return false };
    let (Ok(sent), Some(cookie)) = (sent, jar.csrf()) else { return false };
    sessions.csrf().verify(cookie, sent, beside(sessions, jar))
}

/// The session that a CSRF token must belong to.
pub(crate) fn beside(sessions: &Sessions, jar: &Jar<'_>) -> Beside {
    match jar.refresh(sessions) {
        RefreshCookie::Of(_, session) => Beside::Session(session),
        RefreshCookie::Unusable => Beside::Unproven,
        // `/api/csrf-token` lies outside the refresh cookie's path: there the page session speaks for the session.
        RefreshCookie::Absent => match jar.page(sessions) {
            Some(session) => Beside::Session(session),
            None if jar.has_page() => Beside::Unproven,
            None => Beside::Nothing,
        },
    }
}

#[cfg(test)]
mod tests;
