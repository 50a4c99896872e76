//! What is done by mail.

use super::Builder;
use crate::error::Error;
use crate::mail_room::{MailRoom, Mailer};
use crate::public_url::PublicUrl;

impl Builder {
    /// How mail is sent. Without it none is, nothing is put into the outbox, and what needs mail is answered 404.
    pub fn mail(mut self, mailer: Mailer) -> Self {
        self.mailer = Some(mailer);
        self
    }

    /// Whether an account may be used only after its address was confirmed; no without it. Registration then answers the same for a
    /// new and a known address, and roles are given to confirmed addresses alone. Needs [`Builder::mail`].
    pub const fn require_verified_email(mut self, is_required: bool) -> Self {
        self.verified_email = is_required;
        self
    }

    pub(super) fn mail_room(&self, public_url: &PublicUrl) -> Result<Option<MailRoom>, Error> {
        // A command beside a server may not know how that one sends mail.
        if self.janitor && self.verified_email && self.mailer.is_none() {
            return Err(Error::NoMail);
        }
        self.mailer.as_ref().map(|mailer| mailer.room(public_url)).transpose()
    }
}
