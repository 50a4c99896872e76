//! Mail: who takes it, who sends it, and what it says.

use std::path::PathBuf;

use countersign_kernel::Secret;

use super::Section;
use super::found::Found;
use super::refusal::{Refusal, Refused};
use super::setting::Setting;

static SMTP_URL: Setting<Option<Secret<String>>> = Setting::new(
    "mail.smtp_url",
    "The SMTP server that mail is sent through: `smtps://USER:PASSWORD@HOST:PORT` for TLS from the first byte, `smtp://…` for STARTTLS, \
     which is demanded of every server that is not this machine.",
)
.secret();

static SMTP_AUTHORITY: Setting<Option<PathBuf>> = Setting::new(
    "mail.smtp_authority",
    "A PEM file with a certificate that is believed for the SMTP server besides those of the web's authorities.",
);

static DIRECTORY: Setting<Option<PathBuf>> = Setting::new(
    "mail.directory",
    "A directory that receives one `.eml` file a message, in place of an SMTP server. Made with mode 0700.",
);

static FROM: Setting<Option<String>> = Setting::new(
    "mail.from",
    "The sender of mail: an address, or `Name <address>`. Without it, `no-reply` at the public URL's host; with an SMTP server it must \
     be given.",
);

static TEXTS: Setting<Option<PathBuf>> = Setting::new(
    "mail.texts",
    "A directory with texts, languages and frames in place of the built-in ones (docs/guides/mail.md). Each is tried at the start.",
);

/// The section.
pub static SECTION: Section = Section {
    title: "Mail",
    settings: &[
        &SMTP_URL.definition,
        &SMTP_AUTHORITY.definition,
        &DIRECTORY.definition,
        &FROM.definition,
        &TEXTS.definition,
    ],
};

/// Who takes mail.
#[derive(Debug)]
pub enum Taker {
    /// An SMTP server.
    Smtp {
        /// Its address.
        url: Secret<String>,
        /// A certificate to be believed for it.
        authority: Option<PathBuf>,
    },
    /// A directory.
    Directory(PathBuf),
}

/// How mail is sent.
#[derive(Debug)]
pub struct Mail {
    /// Who takes it; nobody where no mail is sent.
    pub taker: Option<Taker>,
    /// The sender.
    pub from: Option<String>,
    /// A directory of texts.
    pub texts: Option<PathBuf>,
}

/// Reads the section.
///
/// # Errors
/// A value is not acceptable, or two exclude each other.
pub fn read(found: &Found) -> Result<Mail, Refused> {
    let (smtp, directory, from) = (found.find(&SMTP_URL)?, found.find(&DIRECTORY)?, found.find(&FROM)?);
    let authority = found.find(&SMTP_AUTHORITY)?;
    let taker = match (smtp, directory) {
        (Some(_), Some(_)) => {
            let (definition, origin) = (&DIRECTORY.definition, found.origin(&DIRECTORY.definition));
            return Err(
                Refusal::because(definition, &origin, "MAIL__SMTP_URL is set as well; mail goes one way").into()
            );
        }
        (Some(url), None) => {
            if from.is_none() {
                return Err(Refusal::missing(&FROM.definition).into());
            }
            Some(Taker::Smtp { url, authority })
        }
        (None, Some(path)) => Some(Taker::Directory(path)),
        (None, None) => None,
    };
    Ok(Mail { taker, from, texts: found.find(&TEXTS)? })
}
