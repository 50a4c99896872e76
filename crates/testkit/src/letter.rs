//! Mail as tests read it: out of the mailbox of a [`TestApp`] that was built with one.

use countersign::mail::Kept;

use crate::app::TestApp;

/// A mail that was sent.
#[derive(Debug, Clone)]
pub struct Letter(Kept);

impl Letter {
    /// The subject.
    #[must_use]
    pub fn subject(&self) -> &str {
        &self.0.subject
    }

    /// The recipient.
    #[must_use]
    pub fn to(&self) -> &str {
        &self.0.to
    }

    /// The text.
    #[must_use]
    pub fn text(&self) -> &str {
        &self.0.text
    }

    /// The HTML.
    #[must_use]
    pub fn html(&self) -> &str {
        &self.0.html
    }

    /// The first link; empty where there is none.
    #[must_use]
    pub fn link(&self) -> &str {
        self.0.text.split_whitespace().find(|word| word.starts_with("http")).unwrap_or_default()
    }

    /// The path of the link.
    #[must_use]
    pub fn path(&self) -> String {
        let after_host = self.link().splitn(4, '/').nth(3).unwrap_or_default();
        format!("/{after_host}")
    }

    /// The token at the end of the link.
    #[must_use]
    pub fn token(&self) -> String {
        self.link().rsplit('/').next().unwrap_or_default().to_owned()
    }

    /// The code; empty where there is none.
    #[must_use]
    pub fn code(&self) -> String {
        let is_code = |line: &&str| line.len() == 9 && line.as_bytes().get(4) == Some(&b'-');
        self.0.text.lines().map(str::trim).find(is_code).unwrap_or_default().to_owned()
    }
}

impl TestApp {
    /// Every mail that was sent, oldest first, after delivering what waits.
    ///
    /// # Panics
    /// The store failed.
    #[expect(clippy::expect_used, reason = "a test harness fails its test")]
    pub async fn mails(&self) -> Vec<Letter> {
        self.system.deliver_mail().await.expect("mail is delivered");
        self.mailbox.mails().into_iter().map(Letter).collect()
    }

    /// Every mail to this address, oldest first.
    pub async fn mails_to(&self, address: &str) -> Vec<Letter> {
        self.mails().await.into_iter().filter(|mail| mail.to() == address).collect()
    }

    /// The last mail to this address.
    ///
    /// # Panics
    /// There is none.
    #[expect(clippy::panic, reason = "a test harness fails its test")]
    pub async fn mail_to(&self, address: &str) -> Letter {
        match self.mails_to(address).await.pop() {
            Some(letter) => letter,
            None => panic!("no mail was sent to {address}"),
        }
    }
}
