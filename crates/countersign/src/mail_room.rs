//! How mail is sent: to whom it is handed over, who sends it, and what it says.

use std::path::PathBuf;
use std::sync::Arc;

use countersign_kernel::{Counter, Lifetime, Secret};
use countersign_mail::{Address, Directory, Mailbox, Smtp, Templates, Transport};

use crate::error::Error;
use crate::public_url::PublicUrl;

/// How mail is sent: to whom it is handed over, who sends it, and what is overridden of its texts.
#[derive(Clone)]
pub struct Mailer {
    taker: Taker,
    from: Option<String>,
    texts: Option<PathBuf>,
}

/// Who takes mail.
#[derive(Clone)]
enum Taker {
    Another(Arc<dyn Transport>),
    Smtp { url: Secret<String>, authority: Option<PathBuf> },
    Directory(PathBuf),
}

/// The parts of delivery.
pub(crate) struct MailRoom {
    pub(crate) transport: Arc<dyn Transport>,
    pub(crate) from: Address,
    pub(crate) templates: Templates,
    pub(crate) sent: Counter,
    pub(crate) given_up: Counter,
}

/// What delivery says of itself.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct MailReading {
    /// Mails that wait, counted up to ten thousand.
    pub waiting: u64,
    /// How long the oldest has waited.
    pub age: Lifetime,
    /// Mails that this process has handed over.
    pub sent: u64,
    /// Mails that this process has given up.
    pub given_up: u64,
}

impl Mailer {
    /// Hands mail over to whoever implements [`Transport`].
    #[must_use]
    pub fn new(transport: Arc<dyn Transport>) -> Self {
        Self::to(Taker::Another(transport))
    }

    /// Hands mail to the server at `smtps://user:password@host:port`, or at `smtp://…`, which must then speak STARTTLS unless it is
    /// this machine. `authority` is a PEM file with a certificate to be believed besides the web's own.
    #[must_use]
    pub const fn smtp(url: Secret<String>, authority: Option<PathBuf>) -> Self {
        Self::to(Taker::Smtp { url, authority })
    }

    /// Writes one `.eml` file a message into this directory, which is made where it does not exist.
    #[must_use]
    pub fn directory(path: impl Into<PathBuf>) -> Self {
        Self::to(Taker::Directory(path.into()))
    }

    /// Keeps mail in memory.
    #[must_use]
    pub fn memory(mailbox: &Mailbox) -> Self {
        Self::new(Arc::new(mailbox.clone()))
    }

    const fn to(taker: Taker) -> Self {
        Self { taker, from: None, texts: None }
    }

    /// The sender: an address, or a name and an address. `no-reply` at the public URL's host without it.
    #[must_use]
    pub fn from(mut self, sender: impl Into<String>) -> Self {
        self.from = Some(sender.into());
        self
    }

    /// A directory with texts and frames in place of the built-in ones (docs/guides/mail.md).
    #[must_use]
    pub fn texts(mut self, directory: impl Into<PathBuf>) -> Self {
        self.texts = Some(directory.into());
        self
    }

    /// Judges it as far as that makes nothing: a directory is left alone.
    pub(crate) fn check(&self, public_url: &PublicUrl) -> Result<(), Error> {
        if matches!(self.taker, Taker::Smtp { .. }) {
            self.transport()?;
        }
        self.writer(public_url).map(drop)
    }

    /// Puts it together for this public URL, with every text tried once.
    pub(crate) fn room(&self, public_url: &PublicUrl) -> Result<MailRoom, Error> {
        let (from, templates) = self.writer(public_url)?;
        let transport = self.transport()?;
        Ok(MailRoom { transport, from, templates, sent: Counter::new(), given_up: Counter::new() })
    }

    /// Who sends, and what is said.
    fn writer(&self, public_url: &PublicUrl) -> Result<(Address, Templates), Error> {
        let host = public_url.as_str().split_once("://").map_or("", |(_, host)| host);
        let name = host.rsplit_once(':').filter(|(_, port)| port.bytes().all(|b| b.is_ascii_digit()));
        let name = name.map_or(host, |(name, _)| name);
        let from = match &self.from {
            Some(from) => Address::parse(from)?,
            None => Address::parse(&format!("no-reply@{}", literal(name)))?,
        };
        let mut templates = Templates::new(host)?;
        if let Some(directory) = &self.texts {
            templates = templates.with_overrides(directory)?;
        }
        Ok((from, templates))
    }
}

impl Mailer {
    fn transport(&self) -> Result<Arc<dyn Transport>, Error> {
        Ok(match &self.taker {
            Taker::Another(transport) => Arc::clone(transport),
            Taker::Directory(path) => Arc::new(Directory::open(path)?),
            Taker::Smtp { url, authority: None } => Arc::new(Smtp::new(url, None)?),
            Taker::Smtp { url, authority: Some(path) } => {
                let pem = std::fs::read(path).map_err(|source| Error::File { path: path.clone(), source })?;
                Arc::new(Smtp::new(url, Some(&pem))?)
            }
        })
    }
}

/// A host as the domain of an address: RFC 5321 section 4.1.3 puts numbers into brackets.
fn literal(host: &str) -> String {
    match host.parse::<std::net::IpAddr>() {
        Ok(address) => format!("[{address}]"),
        Err(_) => host.to_owned(),
    }
}

impl std::fmt::Debug for Mailer {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Mailer").field("from", &self.from).field("texts", &self.texts).finish_non_exhaustive()
    }
}
