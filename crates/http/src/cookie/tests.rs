use countersign_kernel::{Lifetime, SessionId, Timestamp};
use http::HeaderMap;

use super::jar::{RefreshCookie, choose};
use super::set::{SessionCookies, clear_account, clear_session, set_session};

const ADA: SessionId = SessionId::from_bytes([1; 16]);
const EVE: SessionId = SessionId::from_bytes([2; 16]);

/// Tokens that begin with `a` are Ada's, with `e` Eve's; others are nobody's.
fn opens(text: &str) -> Option<SessionId> {
    match text.chars().next() {
        Some('a') => Some(ADA),
        Some('e') => Some(EVE),
        _ => None,
    }
}

#[test]
fn of_several_refresh_cookies_the_page_sessions_own_counts() {
    use RefreshCookie::{Absent, Of, Unusable};
    for (https, page, cookies, expected, why) in [
        (true, Some(ADA), vec![], Absent, "none"),
        (true, Some(ADA), vec!["a1"], Of("a1", ADA), "the one beside its page session"),
        (true, None, vec!["a1"], Unusable, "no page session: it may have been planted"),
        (true, Some(EVE), vec!["a1"], Unusable, "the page session of another session"),
        (true, Some(ADA), vec!["e1", "a1"], Of("a1", ADA), "a planted one before it"),
        (true, Some(ADA), vec!["a1", "e1"], Of("a1", ADA), "and after it"),
        (true, Some(ADA), vec!["e1", "e2"], Unusable, "only planted ones"),
        (true, Some(ADA), vec!["x", "", "a1"], Of("a1", ADA), "garbage is passed over"),
        (true, Some(ADA), vec!["x"; 9], Unusable, "too many"),
        (false, None, vec!["a1"], Of("a1", ADA), "loopback has no page session to ask for"),
        (false, Some(ADA), vec!["a1", "e1"], Unusable, "loopback: several are refused"),
        (false, Some(ADA), vec!["a1", "a1"], Unusable, "even equal ones"),
        (false, None, vec!["x"], Unusable, "garbage"),
        (false, None, vec![], Absent, "none"),
    ] {
        let chosen = choose(cookies.iter().copied(), https, || page, opens);
        assert_eq!(chosen, expected, "{why}");
    }
}

fn lines(fill: impl Fn(&mut HeaderMap)) -> Vec<String> {
    let mut headers = HeaderMap::new();
    fill(&mut headers);
    headers.get_all("set-cookie").iter().map(|v| v.to_str().unwrap().to_owned()).collect()
}

fn session(life: Option<Lifetime>) -> SessionCookies<'static> {
    SessionCookies {
        refresh: "RRR",
        page: "PPP",
        life,
        signed_in_at: Timestamp::from_seconds(1_700_000_000),
        device: Some("DDD"),
        csrf: Some("CCC"),
    }
}

#[test]
fn on_https_every_cookie_is_prefixed_and_secure() {
    let set = lines(|headers| set_session(headers, true, &session(Some(Lifetime::from_millis(60_900)))));

    assert_eq!(
        set,
        [
            "__Secure-refreshToken=RRR; HttpOnly; SameSite=Strict; Secure; Path=/api/auth; Max-Age=60",
            "__Host-pageSession=PPP; HttpOnly; SameSite=Lax; Secure; Path=/; Max-Age=60",
            "sessionHint=1.1700000000; SameSite=Strict; Secure; Path=/; Max-Age=60",
            "__Secure-deviceId=DDD; HttpOnly; SameSite=Strict; Secure; Path=/api/auth; Max-Age=15552000",
            "__Host-csrf=CCC; HttpOnly; SameSite=Strict; Secure; Path=/",
        ]
    );
}

#[test]
fn on_loopback_no_name_has_a_prefix_and_a_session_may_end_with_the_browser() {
    let set =
        lines(|headers| set_session(headers, false, &SessionCookies { device: None, csrf: None, ..session(None) }));

    assert_eq!(
        set,
        [
            "refreshToken=RRR; HttpOnly; SameSite=Strict; Path=/api/auth",
            "pageSession=PPP; HttpOnly; SameSite=Lax; Path=/",
            "sessionHint=1.1700000000; SameSite=Strict; Path=/",
        ]
    );
}

#[test]
fn clearing_uses_the_attributes_of_setting() {
    for https in [true, false] {
        let shape = |line: &String| {
            let (name, rest) = line.split_once('=').unwrap();
            let attributes: Vec<_> = rest
                .split("; ")
                .skip(1)
                .filter(|a| !a.starts_with("Max-Age") && !a.starts_with("Expires"))
                .map(str::to_owned)
                .collect();
            (name.to_owned(), attributes)
        };
        let mut set: Vec<_> = lines(|h| set_session(h, https, &session(None))).iter().map(shape).collect();
        let cleared = lines(|h| clear_account(h, https));
        let mut unset: Vec<_> = cleared.iter().map(shape).collect();
        set.sort();
        unset.sort();

        assert_eq!(set, unset);
        assert!(cleared.iter().all(|line| line.contains("Max-Age=0; Expires=Thu, 01 Jan 1970 00:00:00 GMT")));
    }
}

#[test]
fn signing_out_leaves_the_device_known() {
    let cleared = lines(|headers| clear_session(headers, true));
    assert_eq!(cleared.len(), 4);
    assert!(cleared.iter().all(|line| !line.starts_with("__Secure-deviceId")));
}
