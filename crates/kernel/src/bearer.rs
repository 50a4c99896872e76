//! The bearer token of a request (RFC 6750 section 2.1): in the `Authorization` field and nowhere else.

use std::str;

/// What the `Authorization` field holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Bearer<'a> {
    /// There is none.
    Absent,
    /// Another scheme, two fields, or something that is not one token.
    Malformed,
    /// One token, of the right alphabet.
    Token(&'a str),
}

impl<'a> Bearer<'a> {
    /// Reads the values of all `Authorization` fields: exactly one, scheme `Bearer` in any case, one token and nothing more.
    #[must_use]
    pub fn read(fields: impl IntoIterator<Item = &'a [u8]>) -> Self {
        let mut fields = fields.into_iter();
        let Some(field) = fields.next() else { return Self::Absent };
        if fields.next().is_some() {
            return Self::Malformed;
        }
        str::from_utf8(field).ok().and_then(token).map_or(Self::Malformed, Self::Token)
    }
}

fn token(field: &str) -> Option<&str> {
    let (scheme, rest) = field.split_once(' ')?;
    // RFC 9110 section 11.4: one or more spaces.
    let token = rest.trim_start_matches(' ');
    (scheme.eq_ignore_ascii_case("Bearer") && is_token68(token)).then_some(token)
}

/// RFC 9110 section 11.2, token68.
fn is_token68(text: &str) -> bool {
    let bare = text.trim_end_matches('=');
    // To the end without branches: a token is several hundred bytes, and nearly always good.
    let is_letter = |b: u8| b.is_ascii_alphabetic() | matches!(b, b'-'..=b'9') | matches!(b, b'_' | b'~' | b'+');
    !bare.is_empty() & bare.bytes().fold(true, |good, b| good & is_letter(b))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(fields: &[&str]) -> String {
        format!("{:?}", Bearer::read(fields.iter().map(|field| field.as_bytes())))
    }

    #[test]
    fn exactly_one_bearer_token_is_read() {
        for good in ["Bearer a.b.c", "bearer a.b.c", "BEARER a.b.c", "Bearer   a.b.c"] {
            assert_eq!(read(&[good]), r#"Token("a.b.c")"#, "{good}");
        }
        assert_eq!(read(&[]), "Absent");
    }

    #[test]
    fn anything_else_is_malformed() {
        for wrong in [
            "",
            "Bearer",
            "Bearer ",
            "Bearera.b.c",
            "Basic a.b.c",
            "Token a.b.c",
            "JWT a.b.c",
            "DPoP a.b.c",
            "a.b.c",
            "Bearer a.b.c junk",
            "Bearer a.b.c, Bearer d.e.f",
            "Bearer a.b.c,d.e.f",
            "Bearer \"a.b.c\"",
            "Bearer token=a.b.c",
            "Bearer\ta.b.c",
            "Bearer a.b.c\t",
            "Bearer =",
            "Bearer \u{e9}",
        ] {
            assert_eq!(read(&[wrong]), "Malformed", "{wrong:?}");
        }
        assert_eq!(read(&["Bearer a.b.c", "Bearer a.b.c"]), "Malformed", "two fields");
        assert_eq!(Bearer::read([b"Bearer \xff".as_slice()]), Bearer::Malformed, "no text");
    }
}
