//! A cookie jar that keeps and sends cookies as a browser does (RFC 6265bis).

use cookie::{Cookie, Expiration, SameSite};
use countersign_kernel::{Lifetime, Timestamp};

/// A cookie with its attributes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Kept {
    /// The name, prefix included.
    pub name: String,
    /// The value.
    pub value: String,
    /// The path it is sent to.
    pub path: String,
    /// Whether it is sent over https alone.
    pub secure: bool,
    /// Whether scripts cannot read it.
    pub http_only: bool,
    /// Its `SameSite` attribute.
    pub same_site: Option<SameSite>,
    /// When it goes by itself; none for one that goes with the browser.
    pub expires_at: Option<Timestamp>,
}

/// The cookies of one browser for one host.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Jar(Vec<Kept>);

impl Jar {
    /// Takes a `Set-Cookie` field. A field that a browser would drop is dropped: a `__Host-` or `__Secure-` name without the
    /// attributes that it promises, `Secure` on a page that is not https.
    pub fn take(&mut self, field: &str, is_https: bool, now: Timestamp) {
        let Ok(cookie) = Cookie::parse(field.to_owned()) else { return };
        let secure = cookie.secure().unwrap_or(false);
        let path = cookie.path().unwrap_or("/").to_owned();
        let name = cookie.name().to_owned();
        let promised = match name.as_str() {
            n if n.starts_with("__Host-") => secure && path == "/" && cookie.domain().is_none(),
            n if n.starts_with("__Secure-") => secure,
            _ => true,
        };
        if !promised || (secure && !is_https) {
            return;
        }
        self.0.retain(|kept| !(kept.name == name && kept.path == path));
        let expires_at = match (cookie.max_age(), cookie.expires()) {
            (Some(age), _) => Some(now + Lifetime::from_seconds(age.whole_seconds())),
            (None, Some(Expiration::DateTime(at))) => Some(Timestamp::from_seconds(at.unix_timestamp())),
            _ => None,
        };
        if expires_at.is_some_and(|at| at <= now) {
            return;
        }
        self.0.push(Kept {
            name,
            value: cookie.value().to_owned(),
            path,
            secure,
            http_only: cookie.http_only().unwrap_or(false),
            same_site: cookie.same_site(),
            expires_at,
        });
    }

    /// The `Cookie` field for a request to `path`; none where no cookie goes there.
    #[must_use]
    pub fn field(&self, path: &str, is_https: bool, now: Timestamp) -> Option<String> {
        let mut sent: Vec<&Kept> = self
            .0
            .iter()
            .filter(|c| covers(&c.path, path) && (!c.secure || is_https) && c.expires_at.is_none_or(|at| now < at))
            .collect();
        // Longer paths first (RFC 6265bis section 5.8.3).
        sent.sort_by_key(|c| std::cmp::Reverse(c.path.len()));
        let pairs: Vec<String> = sent.iter().map(|c| format!("{}={}", c.name, c.value)).collect();
        (!pairs.is_empty()).then(|| pairs.join("; "))
    }

    /// The cookie with this name, with or without its prefix.
    #[must_use]
    pub fn find(&self, name: &str) -> Option<&Kept> {
        self.0.iter().find(|c| bare(&c.name) == bare(name))
    }

    /// Puts a cookie in as it is, as a thief or a sibling domain might.
    pub fn plant(&mut self, cookie: Kept) {
        self.0.push(cookie);
    }

    /// Changes the value of the cookie with this name.
    pub fn set(&mut self, name: &str, value: &str) {
        for cookie in self.0.iter_mut().filter(|c| bare(&c.name) == bare(name)) {
            value.clone_into(&mut cookie.value);
        }
    }

    /// Removes the cookie with this name.
    pub fn remove(&mut self, name: &str) {
        self.0.retain(|c| bare(&c.name) != bare(name));
    }

    /// Closes the browser: what has no date goes.
    pub fn close(&mut self) {
        self.0.retain(|c| c.expires_at.is_some());
    }

    /// Every cookie.
    #[must_use]
    pub fn all(&self) -> &[Kept] {
        &self.0
    }
}

fn bare(name: &str) -> &str {
    name.strip_prefix("__Host-").or_else(|| name.strip_prefix("__Secure-")).unwrap_or(name)
}

/// RFC 6265bis section 5.1.4.
fn covers(cookie: &str, path: &str) -> bool {
    path.strip_prefix(cookie).is_some_and(|rest| rest.is_empty() || cookie.ends_with('/') || rest.starts_with('/'))
}

#[cfg(test)]
mod tests {
    use super::*;

    const NOW: Timestamp = Timestamp::from_seconds(1_000);

    fn jar(fields: &[&str], is_https: bool) -> Jar {
        let mut jar = Jar::default();
        for field in fields {
            jar.take(field, is_https, NOW);
        }
        jar
    }

    #[test]
    fn a_cookie_goes_to_its_path_and_below() {
        let jar = jar(&["a=1; Path=/api/auth", "b=2; Path=/"], false);
        let field = |path| jar.field(path, false, NOW);
        assert_eq!(field("/api/auth/refresh").as_deref(), Some("a=1; b=2"));
        assert_eq!(field("/api/auth").as_deref(), Some("a=1; b=2"));
        assert_eq!(field("/api/authors").as_deref(), Some("b=2"));
    }

    #[test]
    fn a_browser_drops_what_breaks_its_own_promise() {
        assert_eq!(
            jar(&["__Host-a=1; Path=/api; Secure", "__Secure-b=2; Path=/", "c=3; Secure"], false),
            Jar::default()
        );
        assert_eq!(jar(&["__Host-a=1; Path=/; Secure"], true).all().len(), 1);
    }

    #[test]
    fn age_zero_clears_and_age_ends() {
        let mut jar = jar(&["a=1; Path=/; Max-Age=10", "b=2; Path=/"], false);
        assert!(jar.field("/", false, NOW).is_some_and(|f| f.contains("a=1")));
        assert_eq!(jar.field("/", false, NOW + Lifetime::from_seconds(10)).as_deref(), Some("b=2"));
        jar.take("b=; Path=/; Max-Age=0", false, NOW);
        assert!(jar.find("b").is_none());
    }
}
