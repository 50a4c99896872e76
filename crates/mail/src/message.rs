//! A mail, ready to be handed over: text and HTML, encoded after RFC 5322 and MIME.

use std::time::{Duration, SystemTime};

use countersign_kernel::{MailId, Timestamp};
use lettre::message::header::{Header, HeaderName, HeaderValue};
use lettre::message::{Mailbox, MultiPart};

use crate::error::Error;
use crate::template::Rendered;

/// A sender or recipient: a name, perhaps, and an address.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Address(Mailbox);

impl Address {
    /// Reads `auth@example.com` or `Example <auth@example.com>`.
    ///
    /// # Errors
    /// [`Error::Sender`].
    pub fn parse(text: &str) -> Result<Self, Error> {
        text.parse().map(Self).map_err(|_| Error::Sender(text.to_owned()))
    }

    /// The domain.
    #[must_use]
    pub fn domain(&self) -> &str {
        self.0.email.domain()
    }
}

/// A mail.
#[derive(Debug, Clone)]
pub struct Message {
    /// The id.
    pub id: MailId,
    /// The recipient's address.
    pub to: String,
    /// When it was written.
    pub written_at: Timestamp,
    /// The subject.
    pub subject: String,
    /// The text.
    pub text: String,
    /// The same as HTML.
    pub html: String,
    pub(crate) encoded: lettre::Message,
}

impl Message {
    /// Puts a mail together. The same mail has the same `Message-ID`, however often it is put together.
    ///
    /// # Errors
    /// [`Error::Message`] where the recipient's address cannot be written into a header.
    pub fn new(id: MailId, from: &Address, to: &str, written_at: Timestamp, rendered: Rendered) -> Result<Self, Error> {
        let failed = |error: &dyn std::fmt::Display| Error::Message(error.to_string());
        // Not parsed as a line with a name in it: an address is all that it may be.
        let recipient: lettre::Address = to.parse().map_err(|e| failed(&e))?;
        let seconds = u64::try_from(written_at.as_seconds()).unwrap_or(0);
        let encoded = lettre::Message::builder()
            .from(from.0.clone())
            .to(Mailbox::new(None, recipient))
            .subject(rendered.subject.clone())
            .message_id(Some(format!("<{id}@{}>", from.domain())))
            .date(SystemTime::UNIX_EPOCH + Duration::from_secs(seconds))
            .header(AutoSubmitted)
            .multipart(MultiPart::alternative_plain_html(rendered.text.clone(), rendered.html.clone()))
            .map_err(|e| failed(&e))?;
        let Rendered { subject, text, html } = rendered;
        Ok(Self { id, to: to.to_owned(), written_at, subject, text, html, encoded })
    }

    /// As it goes over the wire and into files.
    #[must_use]
    pub fn to_bytes(&self) -> Vec<u8> {
        self.encoded.formatted()
    }
}

/// RFC 3834 section 5: no out-of-office reply is wanted.
#[derive(Clone)]
struct AutoSubmitted;

impl Header for AutoSubmitted {
    fn name() -> HeaderName {
        HeaderName::new_from_ascii_str("Auto-Submitted")
    }

    fn parse(_: &str) -> Result<Self, Box<dyn std::error::Error + Send + Sync>> {
        Ok(Self)
    }

    fn display(&self) -> HeaderValue {
        HeaderValue::new(Self::name(), "auto-generated".to_owned())
    }
}

#[cfg(test)]
mod tests {
    use countersign_kernel::Env;

    use super::*;

    fn rendered() -> Rendered {
        Rendered {
            subject: "Gr\u{fc}\u{df}e\r\nBcc: eve@example.com".into(),
            text: "t".into(),
            html: "<p>h</p>".into(),
        }
    }

    #[test]
    fn a_mail_put_together_twice_has_one_id() {
        let (id, from) = (MailId::new(&Env::system()), Address::parse("Example <auth@example.com>").unwrap());
        let now = Timestamp::from_seconds(1_772_366_459);
        let make = || Message::new(id, &from, "ada@example.org", now, rendered()).unwrap().to_bytes();
        let line = |bytes: Vec<u8>| {
            let text = String::from_utf8(bytes).unwrap();
            text.lines().find(|line| line.starts_with("Message-ID: ")).unwrap().to_owned()
        };

        assert_eq!(line(make()), format!("Message-ID: <{id}@example.com>"));
        assert_eq!(line(make()), line(make()));
        let text = String::from_utf8(make()).unwrap();
        assert!(
            text.contains("Auto-Submitted: auto-generated\r\n") && text.contains("Date: Sun, 01 Mar 2026 12:00:59")
        );
    }

    #[test]
    fn nothing_adds_a_header_or_a_recipient() {
        let from = Address::parse("auth@example.com").unwrap();
        let now = Timestamp::from_seconds(0);
        let message = Message::new(MailId::new(&Env::system()), &from, "ada@example.org", now, rendered()).unwrap();

        let text = String::from_utf8(message.to_bytes()).unwrap();
        let head = text.split("\r\n\r\n").next().unwrap();
        assert!(!head.lines().any(|line| line.to_ascii_lowercase().starts_with("bcc")), "{head}");
        for wrong in
            ["ada@example.org\r\nBcc: eve@example.com", "Ada <ada@example.org>", "a@b.example, c@d.example", ""]
        {
            let made = Message::new(MailId::new(&Env::system()), &from, wrong, now, rendered());
            assert!(made.is_err(), "{wrong:?}");
        }
    }

    #[test]
    fn a_sender_is_an_address_with_or_without_a_name() {
        assert_eq!(Address::parse("Example <auth@example.com>").unwrap().domain(), "example.com");
        assert_eq!(Address::parse("auth@example.com").unwrap().domain(), "example.com");
        for wrong in ["", "Example", "a@b@c", "<>"] {
            assert!(Address::parse(wrong).is_err(), "{wrong:?}");
        }
    }
}
