//! Requests as bytes, and answers out of as many bytes as came.

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde_json::Value;

/// What the system is called: https, as in production, behind a proxy that ends TLS.
pub(crate) const PUBLIC_URL: &str = "https://auth.example.test";

/// A `POST` of JSON. `cookie` makes it a browser's, which says where it comes from; without it, it is a program's.
pub(crate) fn post(path: &str, address: &str, cookie: Option<&str>, body: &Value) -> Vec<u8> {
    let body = body.to_string();
    let browser = cookie.map_or_else(String::new, |cookie| {
        let field = if cookie.is_empty() { String::new() } else { format!("Cookie: {cookie}\r\n") };
        format!("Origin: {PUBLIC_URL}\r\nSec-Fetch-Site: same-origin\r\n{field}")
    });
    format!(
        "POST {path} HTTP/1.1\r\nHost: auth.example.test\r\nX-Forwarded-For: {address}\r\nUser-Agent: life\r\n{browser}\
         Content-Type: application/json\r\nContent-Length: {}\r\n\r\n{body}",
        body.len()
    )
    .into_bytes()
}

/// A `GET` with an access token.
pub(crate) fn get(path: &str, address: &str, access: &str) -> Vec<u8> {
    format!(
        "GET {path} HTTP/1.1\r\nHost: auth.example.test\r\nX-Forwarded-For: {address}\r\nAuthorization: Bearer {access}\r\n\r\n"
    )
    .into_bytes()
}

/// An answer, or the beginning of one.
#[derive(Debug, Clone)]
pub(crate) struct Answer {
    pub(crate) status: u16,
    headers: Vec<(String, String)>,
    /// The JSON of the body; none where it did not come whole.
    body: Option<Value>,
}

impl Answer {
    /// What these bytes say; none where the head is not whole.
    pub(crate) fn read(bytes: &[u8]) -> Option<Self> {
        let end = head_end(bytes)?;
        let head = std::str::from_utf8(bytes.get(..end)?).ok()?;
        let mut lines = head.split("\r\n");
        let status = lines.next()?.split(' ').nth(1)?.parse().ok()?;
        let fields = lines.filter_map(|line| line.split_once(':'));
        let headers = fields.map(|(name, value)| (name.to_ascii_lowercase(), value.trim().to_owned())).collect();
        let mut answer = Self { status, headers, body: None };
        let body = bytes.get(end..)?;
        if body.len() == answer.length() {
            answer.body = Some(serde_json::from_slice(body).unwrap_or(Value::Null));
        }
        Some(answer)
    }

    /// How many bytes the whole answer with this head has; none where the head is not whole.
    pub(crate) fn whole_length(bytes: &[u8]) -> Option<usize> {
        let end = head_end(bytes)?;
        Self::read(bytes.get(..end)?).map(|head| end + head.length())
    }

    pub(crate) const fn is_whole(&self) -> bool {
        self.body.is_some()
    }

    pub(crate) fn header(&self, name: &str) -> &str {
        self.headers.iter().find(|(found, _)| found == name).map_or("", |(_, value)| value)
    }

    pub(crate) fn cookies(&self) -> impl Iterator<Item = &str> {
        self.headers.iter().filter(|(name, _)| name == "set-cookie").map(|(_, value)| value.as_str())
    }

    /// A member of the body as text.
    pub(crate) fn text(&self, pointer: &str) -> Option<&str> {
        self.body.as_ref()?.pointer(pointer)?.as_str()
    }

    pub(crate) fn number(&self, pointer: &str) -> Option<i64> {
        self.body.as_ref()?.pointer(pointer)?.as_i64()
    }

    pub(crate) fn is_rotated(&self) -> bool {
        self.body.as_ref().and_then(|body| body.get("rotated")?.as_bool()).unwrap_or(false)
    }

    /// The refresh token that it brings, by cookie or in the body.
    pub(crate) fn refresh_token(&self) -> Option<&str> {
        let cookie = self.cookies().find_map(|field| field.strip_prefix("__Secure-refreshToken="));
        cookie.and_then(|rest| rest.split(';').next()).filter(|value| !value.is_empty()).or(self.text("/refreshToken"))
    }

    fn length(&self) -> usize {
        self.header("content-length").parse().unwrap_or(0)
    }
}

fn head_end(bytes: &[u8]) -> Option<usize> {
    bytes.windows(4).position(|four| four == b"\r\n\r\n").map(|at| at + 4)
}

/// The generation that a refresh token names. Clients cannot know this; an oracle may.
pub(crate) fn generation(token: &str) -> u64 {
    let bytes = URL_SAFE_NO_PAD.decode(token).unwrap_or_default();
    let field = bytes.get(22..30).and_then(|field| field.try_into().ok());
    field.map_or(u64::MAX, u64::from_be_bytes)
}

#[cfg(test)]
mod tests {
    use super::*;

    const WHOLE: &[u8] = b"HTTP/1.1 200 OK\r\nSet-Cookie: __Secure-refreshToken=abc; Path=/api/auth\r\nContent-Length: 16\r\n\r\n{\"rotated\":true}";

    #[test]
    fn a_cut_answer_still_sets_its_cookie_but_says_nothing() {
        let cut = Answer::read(&WHOLE[..WHOLE.len() - 3]).unwrap();
        assert_eq!((cut.is_whole(), cut.is_rotated(), cut.refresh_token()), (false, false, Some("abc")));
        assert!(Answer::read(&WHOLE[..40]).is_none());

        let whole = Answer::read(WHOLE).unwrap();
        assert_eq!((whole.is_whole(), whole.is_rotated(), whole.status), (true, true, 200));
        assert_eq!(Answer::whole_length(WHOLE), Some(WHOLE.len()));
    }
}
