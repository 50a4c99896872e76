//! What a request brings.

use countersign_kernel::{Secret, SessionId};
use countersign_session::{Delivery, Sessions};
use http::HeaderMap;
use http::header::COOKIE;

use super::{CSRF, DEVICE, Kind, PAGE, PENDING, REFRESH, WAIT};

/// More refresh cookies than this are an attack on our time: none of them counts.
const MOST_CANDIDATES: usize = 8;

/// Our cookies of one request, by the names of this site.
#[derive(Debug, Default, Clone, Copy)]
pub(crate) struct Jar<'a> {
    headers: Option<&'a HeaderMap>,
    is_https: bool,
}

/// The refresh cookie of a request, as far as it counts.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum RefreshCookie<'a> {
    /// There is none.
    Absent,
    /// There are some, and none of them counts: `TOKEN_INVALID`, and nothing ends.
    Unusable,
    /// The one that counts, and the session that it proves.
    Of(&'a str, SessionId),
}

impl<'a> Jar<'a> {
    /// The cookies in these headers.
    pub(crate) const fn new(headers: &'a HeaderMap, is_https: bool) -> Self {
        Self { headers: Some(headers), is_https }
    }

    /// Whether the request brought any cookie at all, ours or not.
    pub(crate) fn any(&self) -> bool {
        self.headers.is_some_and(|headers| headers.contains_key(COOKIE))
    }

    /// The `deviceId` cookie, if there is exactly one.
    pub(crate) fn device(&self) -> Option<&'a str> {
        self.single(DEVICE)
    }

    /// The `csrf` cookie, if there is exactly one.
    pub(crate) fn csrf(&self) -> Option<&'a str> {
        self.single(CSRF)
    }

    /// The `pending` cookie, if there is exactly one.
    pub(crate) fn pending(&self) -> Option<Secret<String>> {
        self.single(PENDING).map(|text| Secret::new(text.to_owned()))
    }

    /// The handle of a mail that was asked for here, if there is exactly one.
    pub(crate) fn wait(&self) -> Option<&'a str> {
        self.single(WAIT)
    }

    /// The session that the page session names, if there is exactly one.
    pub(crate) fn page(&self, sessions: &Sessions) -> Option<SessionId> {
        self.single(PAGE).and_then(|text| sessions.page_session(text))
    }

    /// Whether there is any page session cookie, genuine or not.
    pub(crate) fn has_page(&self) -> bool {
        self.all(PAGE).next().is_some()
    }

    /// The refresh cookie that counts.
    pub(crate) fn refresh(&self, sessions: &Sessions) -> RefreshCookie<'a> {
        let opens = |text: &str| sessions.read_refresh(text, Delivery::Cookie);
        choose(self.all(REFRESH), self.is_https, || self.page(sessions), opens)
    }

    /// The session of the refresh cookie that counts.
    pub(crate) fn session(&self, sessions: &Sessions) -> Option<SessionId> {
        match self.refresh(sessions) {
            RefreshCookie::Of(_, session) => Some(session),
            RefreshCookie::Absent | RefreshCookie::Unusable => None,
        }
    }

    fn single(&self, kind: Kind) -> Option<&'a str> {
        let mut found = self.all(kind);
        let one = found.next()?;
        found.next().is_none().then_some(one)
    }

    fn all(&self, kind: Kind) -> impl Iterator<Item = &'a str> + use<'a> {
        let name = kind.name(self.is_https);
        self.headers
            .into_iter()
            .flat_map(|headers| headers.get_all(COOKIE))
            .flat_map(|line| line.as_bytes().split(|byte| *byte == b';'))
            // Pair by pair: one that somebody planted with strange bytes must not hide the others.
            .filter_map(|pair| std::str::from_utf8(pair).ok()?.trim_matches([' ', '\t']).split_once('='))
            .filter(move |(found, _)| *found == name)
            .map(|(_, value)| value)
    }
}

/// Of several refresh cookies the one that counts.
///
/// On https it is the one of the page session's session: a sibling domain can plant a refresh cookie for a path of ours, but
/// no `__Host-` cookie. On loopback http there is no such witness, so that several are refused.
pub(super) fn choose<'a>(
    candidates: impl Iterator<Item = &'a str>,
    is_https: bool,
    page: impl FnOnce() -> Option<SessionId>,
    opens: impl Fn(&str) -> Option<SessionId>,
) -> RefreshCookie<'a> {
    let candidates: Vec<&str> = candidates.take(MOST_CANDIDATES + 1).collect();
    if candidates.is_empty() {
        return RefreshCookie::Absent;
    }
    if candidates.len() > MOST_CANDIDATES {
        return RefreshCookie::Unusable;
    }
    if let [only] = candidates.as_slice()
        && !is_https
    {
        return opens(only).map_or(RefreshCookie::Unusable, |session| RefreshCookie::Of(only, session));
    }
    let Some(own) = page().filter(|_| is_https) else { return RefreshCookie::Unusable };
    candidates
        .into_iter()
        .find(|text| opens(text) == Some(own))
        .map_or(RefreshCookie::Unusable, |text| RefreshCookie::Of(text, own))
}
