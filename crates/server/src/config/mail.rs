//! Mail: names that are taken, for a feature that is not built yet.

use std::path::PathBuf;

use countersign_kernel::Secret;

use super::Section;
use super::setting::Setting;

const FEATURE: &str = "sending mail is";

static SMTP_URL: Setting<Option<Secret<String>>> =
    Setting::new("mail.smtp_url", "The SMTP server that mail is sent through.").secret().unbuilt(FEATURE);

static DIRECTORY: Setting<Option<PathBuf>> =
    Setting::new("mail.directory", "A directory that receives one `.eml` file a message.").unbuilt(FEATURE);

static FROM: Setting<Option<String>> = Setting::new("mail.from", "The sender of mail.").unbuilt(FEATURE);

/// The section.
pub static SECTION: Section =
    Section { title: "Mail", settings: &[&SMTP_URL.definition, &DIRECTORY.definition, &FROM.definition] };
