//! Makes a link, keeps its hashes, and puts the mail that carries it into the outbox.

use countersign_kernel::{Languages, Lifetime, Origin, Secret, UserId};
use countersign_mail::{Fact, Facts, Kind};
use countersign_session::AgentFamily;
use countersign_store::{LinkPurpose, MailedLink, Recipient, Tx, User};

use crate::accounts::Accounts;
use crate::email::EmailAddress;
use crate::error::Error;
use crate::mail::letter::{Letter, to};
use crate::mail_keys::{LIFETIME, hash_of, new_code, new_secret};

/// How often one code may be tried (DESIGN section 5).
const TRIES: u32 = 5;

/// A link to be mailed.
pub(crate) struct Post<'a> {
    /// What it is good for.
    pub(crate) purpose: LinkPurpose,
    /// The mail that carries it.
    pub(crate) kind: Kind,
    /// Whose it is; none where nobody has the address that was named: then it is made, and goes to nobody.
    pub(crate) user: Option<&'a User>,
    /// The mailbox that it proves.
    pub(crate) address: &'a EmailAddress,
    /// To whom the mail goes.
    pub(crate) recipient: Recipient,
    /// The handle of the browser that asks.
    pub(crate) handle: Option<&'a Secret<String>>,
    /// Whether that browser has shown the account's password.
    pub(crate) knows_password: bool,
    /// What the mail says besides link and code.
    pub(crate) facts: Facts,
    /// How long the link works.
    pub(crate) life: Lifetime,
}

impl<'a> Post<'a> {
    /// A link for an account's own mailbox.
    pub(crate) fn own(
        purpose: LinkPurpose,
        kind: Kind,
        user: Option<&'a User>,
        address: &'a EmailAddress,
        languages: Languages,
    ) -> Self {
        Self {
            purpose,
            kind,
            user,
            address,
            recipient: user.map_or(Recipient::Nobody, |user| to(user, languages)),
            handle: None,
            knows_password: false,
            facts: Facts::default(),
            life: LIFETIME,
        }
    }
}

impl Accounts {
    /// Mails a link. The same work is done for an address that nobody has.
    pub(crate) async fn post_link(&self, tx: &mut dyn Tx, post: Post<'_>, origin: &Origin) -> Result<(), Error> {
        let (secret, code) = (new_secret(self.env()), new_code(self.env()));
        let (purpose, now) = (post.purpose, tx.now());
        let has_code = purpose != LinkPurpose::UndoEmail;
        let owner = post.user.map_or_else(|| UserId::new(self.env()), |user| user.id);
        let device = AgentFamily::of(origin.user_agent.as_deref()).label();
        let link = MailedLink {
            secret_hash: hash_of(secret.expose()),
            purpose,
            user: post.user.map(|user| user.id),
            address: post.address.as_str().to_owned(),
            address_key: post.address.key().to_owned(),
            code_hash: self.mail_keys().hash_code(code.expose(), purpose, owner).filter(|_| has_code),
            tries_left: TRIES,
            handle_hash: post.handle.map(|handle| hash_of(handle.expose())),
            knows_password: post.knows_password,
            was_proven: post.user.is_some_and(|user| user.email_verified),
            asked_with: device.clone(),
            created_at: now,
            expires_at: now + post.life,
            used_at: None,
        };
        tx.insert_mailed_link(&link).await?;
        // From the configured address alone: no header of the request has a say in where a link leads.
        let url = format!("{}{}/{}", self.public_url(), path_of(purpose), secret.expose());
        let mut facts = post.facts.with(Fact::Link, url).with_known(Fact::Device, device);
        if has_code {
            facts = facts.with(Fact::Code, code.expose().as_str());
            facts = facts.with(Fact::Minutes, (post.life.as_seconds() / 60).to_string());
        } else {
            facts = facts.with(Fact::Days, (post.life.as_seconds() / 86_400).to_string());
        }
        let letter = Letter { kind: post.kind, user: post.user, recipient: post.recipient, facts, life: post.life };
        self.write_mail(tx, letter).await
    }
}

/// Where the page of a link is.
pub(crate) const fn path_of(purpose: LinkPurpose) -> &'static str {
    match purpose {
        LinkPurpose::VerifyEmail => "/verify",
        LinkPurpose::ResetPassword => "/reset",
        LinkPurpose::SignIn => "/link",
        LinkPurpose::ChangeEmail => "/email",
        LinkPurpose::UndoEmail => "/undo",
    }
}
