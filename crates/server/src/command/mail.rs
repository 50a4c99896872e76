//! `countersign mail`.

use clap::{Args, Subcommand};
use countersign::mail::{Facts, Kind, Templates};
use countersign::{Language, Languages};
use serde_json::{Value, json};

use super::failure::Failure;
use super::output::Output;
use crate::config::{Config, Sources, Use};

/// What can be done with mails.
#[derive(Debug, Subcommand)]
pub enum MailCommand {
    /// Show a mail as it would be sent, with examples in place of facts. Without a name: which mails there are.
    #[command(after_help = "\
Examples:
  countersign mail preview
  countersign mail preview reset --language de
  countersign mail preview reset --html > reset.html

The texts of MAIL__TEXTS are used where that is set. Nothing is sent.")]
    Preview(PreviewArgs),
}

/// What `mail preview` is told.
#[derive(Debug, Args)]
pub struct PreviewArgs {
    /// The mail.
    pub name: Option<String>,
    /// The language, as two letters.
    #[arg(long, default_value = "en")]
    pub language: String,
    /// Show the HTML instead of the text.
    #[arg(long)]
    pub html: bool,
}

/// Runs the command.
///
/// # Errors
/// Why it could not.
pub fn run(command: MailCommand, sources: &Sources, output: Output) -> Result<(), Failure> {
    let MailCommand::Preview(args) = command;
    let config = Config::load(sources, Use::Command)?;
    let url = config.general.public_url.as_ref().map_or("http://localhost:8420", |url| url.as_str());
    let host = url.split_once("://").map_or(url, |(_, host)| host);
    let unusable = |error: countersign::mail::Error| Failure::usage(error.to_string());
    let mut templates = Templates::new(host).map_err(unusable)?;
    if let Some(texts) = &config.mail.texts {
        templates = templates.with_overrides(texts).map_err(unusable)?;
    }
    let Some(name) = &args.name else { return list(output) };
    let kind = Kind::parse(name)
        .ok_or_else(|| Failure::not_found(format!("there is no mail {name}; see countersign mail preview")))?;
    let language = Language::parse(&args.language).filter(|wanted| templates.languages().any(|known| known == *wanted));
    let language = language.ok_or_else(|| {
        let known: Vec<String> = templates.languages().map(|known| known.to_string()).collect();
        Failure::not_found(format!("no mail is written in {}; known: {}", args.language, known.join(", ")))
    })?;
    let languages: Languages = [language].into_iter().collect();
    let mail = templates.render(kind, &Facts::examples(), languages).map_err(unusable)?;
    let shown = if args.html { mail.html.clone() } else { format!("Subject: {}\n\n{}", mail.subject, mail.text) };
    show(output, &shown, &json!({"name": name, "subject": mail.subject, "text": mail.text, "html": mail.html}))
}

fn list(output: Output) -> Result<(), Failure> {
    let names: Vec<&str> = Kind::ALL.iter().map(|kind| kind.as_str()).collect();
    show(output, &names.join("\n"), &json!({"mails": names}))
}

/// Text of many lines for people, an object for programs.
fn show(output: Output, text: &str, value: &Value) -> Result<(), Failure> {
    if output.is_json() { output.say("", value) } else { output.text(&format!("{}\n", text.trim_end())) }
}
