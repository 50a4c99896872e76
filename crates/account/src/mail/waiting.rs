//! What a browser that has asked for a mail may know while it waits, so that its page can go on by itself.
//!
//! It is told of the link that it asked for itself, by the handle that it was given then, and only whether that link was used. A
//! link is never used on a waiting browser's behalf: whoever presses the button elsewhere is in there, not here, or a stranger
//! could ask for somebody's link and wait for him to press it.

use countersign_store::MailedLink;

use crate::accounts::Accounts;
use crate::error::Error;
use crate::mail_keys::LIFETIME;

/// How a mail stands that a browser has asked for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Waiting {
    /// Nobody has used its link, or nobody has got it.
    Unused,
    /// Its link was used.
    Used,
    /// It is too late, or the browser has asked for nothing.
    Over,
}

/// What the page of a link may say before anybody presses its button.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LinkFacts {
    /// The address that it was sent to, most of it hidden.
    pub address: String,
    /// The kind of browser in which it was asked for.
    pub asked_with: Option<String>,
}

impl Accounts {
    /// How the mail stands that the browser with this handle has asked for.
    ///
    /// # Errors
    /// [`Error::Store`].
    pub async fn waiting(&self, handle: &str) -> Result<Waiting, Error> {
        let Some(handle) = self.mail_keys().read_handle(handle) else { return Ok(Waiting::Over) };
        let mut tx = self.store().snapshot().await?;
        let now = tx.now();
        if now.since(handle.asked_at) >= LIFETIME {
            return Ok(Waiting::Over);
        }
        let link = tx.find_mailed_link_by_handle(&handle.hash, now).await?;
        Ok(if link.is_some_and(|link| link.used_at.is_some()) { Waiting::Used } else { Waiting::Unused })
    }

    /// What the page of this link says; none where the link would not work. Changes nothing, however often it is asked.
    ///
    /// # Errors
    /// [`Error::Store`].
    pub async fn look_at_link(&self, secret: &str) -> Result<Option<LinkFacts>, Error> {
        let mut tx = self.store().snapshot().await?;
        let now = tx.now();
        let link = tx.find_mailed_link(&crate::mail_keys::hash_of(secret), now).await?;
        Ok(link.filter(|link| link.user.is_some()).map(|link| facts_of(&link)))
    }
}

fn facts_of(link: &MailedLink) -> LinkFacts {
    LinkFacts { address: masked(&link.address), asked_with: link.asked_with.clone() }
}

/// The first character and the domain: enough for its owner to know it.
fn masked(address: &str) -> String {
    let (local, domain) = address.rsplit_once('@').unwrap_or((address, ""));
    let first: String = local.chars().take(1).collect();
    format!("{first}***@{domain}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_address_is_known_by_its_owner_alone() {
        assert_eq!(masked("ada.lovelace@example.com"), "a***@example.com");
        assert_eq!(masked("\u{e9}@example.com"), "\u{e9}***@example.com");
        assert_eq!(masked(""), "***@");
    }
}
