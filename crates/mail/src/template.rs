//! What mails say, as text and HTML in the language of their reader.
//!
//! Promises: a sentence is a template and what it names is only ever text: in HTML it is escaped, whoever has typed it; a name that
//! no mail has, and a template that does not end, are errors. Whatever an operator overrides is tried with every mail before the
//! first one is sent. A language that lacks a text falls back to English.
//!
//! Overrides lie in one directory: `en.toml` and the like replace single texts, and any other language's file adds it; `mail.html`
//! and `mail.txt` replace the frame of every mail, `reset.html` or `reset.txt` that of one.

use std::collections::BTreeMap;
use std::path::Path;

use countersign_kernel::{Language, Languages};
use minijinja::{Environment, UndefinedBehavior, Value};

use crate::error::Error;
use crate::facts::Facts;
use crate::kind::{Fact, Kind};
use crate::texts::{COMMON, FACTORS, Texts};

/// A mail's three parts.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Rendered {
    /// The subject, on one line.
    pub subject: String,
    /// The text.
    pub text: String,
    /// The same as HTML.
    pub html: String,
}

/// What mails say.
#[derive(Debug, Clone)]
pub struct Templates {
    languages: BTreeMap<Language, Texts>,
    frames: BTreeMap<String, String>,
    site: String,
}

const ENGLISH: &str = include_str!("texts/en.toml");
const GERMAN: &str = include_str!("texts/de.toml");
const TEXT: &str = include_str!("texts/mail.txt");
const HTML: &str = include_str!("texts/mail.html");

/// What one sentence or frame may cost: some ten times of what ours need.
const FUEL: u64 = 20_000;

impl Templates {
    /// The built-in ones, for mails of this host.
    ///
    /// # Errors
    /// [`Error::Texts`]; never, as a test shows.
    pub fn new(site: &str) -> Result<Self, Error> {
        let english = Texts::parse("en.toml", ENGLISH)?;
        let german = english.overlaid(Texts::parse("de.toml", GERMAN)?);
        let mut languages = BTreeMap::new();
        for (tag, texts) in [("en", english), ("de", german)] {
            languages.extend(Language::parse(tag).map(|language| (language, texts)));
        }
        let frames = [("mail.txt", TEXT), ("mail.html", HTML)].map(|(name, text)| (name.to_owned(), text.to_owned()));
        Ok(Self { languages, frames: frames.into(), site: site.to_owned() })
    }

    /// The same with the overrides of this directory, each tried with every mail.
    ///
    /// # Errors
    /// [`Error::File`] or [`Error::Texts`], which names the file and what is wrong with it.
    pub fn with_overrides(mut self, directory: &Path) -> Result<Self, Error> {
        let unreadable = |path: &Path, error| Error::File(path.to_owned(), error);
        let entries = std::fs::read_dir(directory).map_err(|error| unreadable(directory, error))?;
        let mut paths = Vec::new();
        for entry in entries {
            paths.push(entry.map_err(|error| unreadable(directory, error))?.path());
        }
        paths.sort_unstable();
        for path in paths {
            let name = path.file_name().map(|name| name.to_string_lossy().into_owned()).unwrap_or_default();
            if name.starts_with('.') {
                continue;
            }
            let text = std::fs::read_to_string(&path).map_err(|error| unreadable(&path, error))?;
            self.add(&name, text)?;
        }
        self.try_all()?;
        Ok(self)
    }

    fn add(&mut self, name: &str, text: String) -> Result<(), Error> {
        let (stem, extension) = name.rsplit_once('.').unwrap_or((name, ""));
        let is_frame = matches!(extension, "txt" | "html") && (stem == "mail" || Kind::parse(stem).is_some());
        match Language::parse(stem).filter(|language| extension == "toml" && language.as_str() == stem) {
            Some(language) => {
                let texts = Texts::parse(name, &text)?;
                let base = self.languages.get(&language).or_else(|| self.english()).cloned().unwrap_or_default();
                self.languages.insert(language, base.overlaid(texts));
            }
            None if is_frame => {
                self.frames.insert(name.to_owned(), text);
            }
            None => {
                let reason = "neither a language like de.toml nor a frame like mail.html or reset.txt".to_owned();
                return Err(Error::Texts { file: name.to_owned(), reason });
            }
        }
        Ok(())
    }

    /// Writes every mail once in every language.
    fn try_all(&self) -> Result<(), Error> {
        for &language in self.languages.keys() {
            for &kind in Kind::ALL {
                self.render(kind, &Facts::examples(), [language].into_iter().collect())?;
                self.render(kind, &Facts::default(), [language].into_iter().collect())?;
            }
        }
        Ok(())
    }

    /// Each language that there is.
    pub fn languages(&self) -> impl Iterator<Item = Language> {
        self.languages.keys().copied()
    }

    /// Writes a mail in the first of these languages that there is, else in English.
    ///
    /// # Errors
    /// [`Error::Texts`] where an override names what no mail has, or does not end.
    pub fn render(&self, kind: Kind, facts: &Facts, languages: Languages) -> Result<Rendered, Error> {
        let known = languages.iter().find_map(|language| self.languages.get_key_value(&language));
        let english = || Language::parse("en").and_then(|english| self.languages.get_key_value(&english));
        let Some((language, texts)) = known.or_else(english) else {
            return Err(Error::Message("there is no language to write in".to_owned()));
        };
        let page =
            Page { environment: environment(), language: *language, texts, kind, facts: self.complete(texts, facts) };
        let (subject, context) = page.context()?;
        let frame = |extension: &str| {
            let own = format!("{}.{extension}", kind.as_str());
            let shared = format!("mail.{extension}");
            self.frames.get_key_value(&own).or_else(|| self.frames.get_key_value(&shared))
        };
        let render = |extension: &str| match frame(extension) {
            Some((name, source)) => page.render(name, source, &context),
            None => Ok(String::new()),
        };
        Ok(Rendered { subject, text: render("txt")?, html: render("html")? })
    }

    /// Every fact by its name, those that are not known empty; factors by what they are called.
    fn complete(&self, texts: &Texts, facts: &Facts) -> BTreeMap<String, String> {
        let mut all: BTreeMap<String, String> =
            Fact::ALL.iter().map(|fact| (fact.as_str().to_owned(), String::new())).collect();
        all.extend(facts.iter().map(|(name, value)| (name.to_owned(), value.to_owned())));
        all.insert(Fact::Site.as_str().to_owned(), self.site.clone());
        let factor = facts.get(Fact::Factor).unwrap_or("other");
        let called = match texts.line(FACTORS, factor) {
            "" => texts.line(FACTORS, "other"),
            called => called,
        };
        all.insert(Fact::Factor.as_str().to_owned(), called.to_owned());
        all
    }

    fn english(&self) -> Option<&Texts> {
        self.languages.get(&Language::parse("en")?)
    }
}

/// One mail while it is written.
struct Page<'a> {
    environment: Environment<'static>,
    language: Language,
    texts: &'a Texts,
    kind: Kind,
    facts: BTreeMap<String, String>,
}

impl Page<'_> {
    /// The subject, and all that a frame may name.
    fn context(&self) -> Result<(String, Value), Error> {
        let section = self.kind.as_str();
        let fact = |fact: Fact| self.facts.get(fact.as_str()).cloned().unwrap_or_default();
        let subject = one_line(&self.sentence(section, "subject")?);
        let hello = if fact(Fact::Name).is_empty() { "hello_nameless" } else { "hello" };
        let link = if fact(Fact::Link).is_empty() { fact(Fact::Help) } else { fact(Fact::Link) };
        let (has_link, has_code) = (!link.is_empty(), !fact(Fact::Code).is_empty());
        let mut after = self.sentences(section, "after")?;
        let mut rows = Vec::new();
        if fact(Fact::When).is_empty() {
            if has_code && !fact(Fact::Device).is_empty() {
                after.insert(0, self.sentence(COMMON, "asked")?);
            }
        } else {
            for (name, value) in [("when", Fact::When), ("device", Fact::Device), ("address", Fact::Address)] {
                if !fact(value).is_empty() {
                    rows.push(minijinja::context! { label => self.sentence(COMMON, name)?, value => fact(value) });
                }
            }
        }
        let context = minijinja::context! {
            language => self.language.to_string(),
            subject => subject.clone(),
            hello => self.sentence(COMMON, hello)?,
            lines => self.sentences(section, "lines")?,
            link => if has_link { address(link) } else { Value::from("") },
            button => self.sentence(section, "button")?,
            code => fact(Fact::Code),
            code_intro => self.sentence(COMMON, "code")?,
            lasts => self.sentence(COMMON, "lasts")?,
            rows => Value::from(rows),
            after => after,
            footer => self.sentence(COMMON, "footer")?,
            facts => Value::from(self.facts.clone()),
        };
        Ok((subject, context))
    }

    fn sentence(&self, section: &str, name: &str) -> Result<String, Error> {
        self.write(section, name, self.texts.line(section, name))
    }

    fn sentences(&self, section: &str, name: &str) -> Result<Vec<String>, Error> {
        self.texts.lines(section, name).iter().map(|line| self.write(section, name, line)).collect()
    }

    /// A sentence as plain text. It is escaped by the frame that it goes into.
    fn write(&self, section: &str, name: &str, source: &str) -> Result<String, Error> {
        let file = format!("{}.toml: {section}.{name}", self.language);
        self.render(&file, source, &Value::from(self.facts.clone()))
    }

    fn render(&self, name: &str, source: &str, context: &Value) -> Result<String, Error> {
        let rendered = self.environment.render_named_str(name, source, context.clone());
        rendered.map_err(|error| Error::Texts { file: name.to_owned(), reason: error.to_string() })
    }
}

/// A link as it stands, where it is made of what links are made of: escaped slashes would be the same to browsers, and to nobody who
/// looks for links in a mail.
fn address(link: String) -> Value {
    let is_plain = link.bytes().all(|b| b.is_ascii_alphanumeric() || b":/.-_~%[]".contains(&b));
    if is_plain { Value::from_safe_string(link) } else { Value::from(link) }
}

fn environment() -> Environment<'static> {
    let mut environment = Environment::new();
    environment.set_undefined_behavior(UndefinedBehavior::Strict);
    environment.set_fuel(Some(FUEL));
    environment
}

/// On one line: a subject is a header.
fn one_line(text: &str) -> String {
    text.split(char::is_control).map(str::trim).filter(|part| !part.is_empty()).collect::<Vec<_>>().join(" ")
}

#[cfg(test)]
mod tests;
