//! To what the answer of an authenticator is bound.

use aws_lc_rs::digest;
use countersign_kernel::SessionId;

/// To what an answer is bound: it counts beside the same and nothing else.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Bond<'a> {
    /// The browser with this `pending` cookie.
    Browser(&'a str),
    /// Nothing but the challenge: a program that takes its tokens in the body and keeps no cookies.
    Program,
    /// The pending sign-in with this token.
    PendingSignIn(&'a str),
    /// This session.
    Session(SessionId),
}

impl Bond<'_> {
    /// What is kept of it. Kinds never meet, whatever their texts.
    pub(crate) fn hash(self) -> [u8; 32] {
        let mut context = digest::Context::new(&digest::SHA256);
        match self {
            Self::Browser(cookie) => {
                context.update(b"browser\0");
                context.update(cookie.as_bytes());
            }
            Self::Program => context.update(b"program\0"),
            Self::PendingSignIn(token) => {
                context.update(b"pending\0");
                context.update(token.as_bytes());
            }
            Self::Session(session) => {
                context.update(b"session\0");
                context.update(&session.to_bytes());
            }
        }
        context.finish().as_ref().first_chunk().copied().unwrap_or_default()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_bound_to_one_thing_is_bound_to_no_other() {
        let session = SessionId::from_bytes([7; 16]);
        let bonds = [
            Bond::Browser("a"),
            Bond::Browser("b"),
            Bond::Program,
            Bond::PendingSignIn("a"),
            Bond::Session(session),
            Bond::Session(SessionId::from_bytes([8; 16])),
        ];
        for (at, one) in bonds.iter().enumerate() {
            assert_eq!(one.hash(), bonds[at].hash());
            assert!(bonds.iter().skip(at + 1).all(|other| other.hash() != one.hash()), "{one:?}");
        }
    }
}
