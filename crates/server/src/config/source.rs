//! Gathers values from every layer: defaults, then the file, then systemd's credentials, then the environment, then flags.
//!
//! Promises: a later layer wins; nothing unknown is passed over; a file with a secret that other users can read is refused; a
//! setting that comes both as itself and as its `_FILE` twin is refused, because nobody could say which was meant.

use std::path::{Path, PathBuf};

use super::file;
use super::found::Found;
use super::origin::Origin;
use super::refusal::{Refusal, nearest};
use super::setting::Definition;
use super::value::Raw;
use super::{DEFAULT_FILE, definitions};

/// What every variable of ours begins with.
const PREFIX: &str = "COUNTERSIGN_";

/// Variables of the project's own tests. They are no settings, and a test's process may inherit them.
const FOREIGN: &[&str] = &["COUNTERSIGN_VECTORS", "COUNTERSIGN_TEST_"];

/// Where values may come from. `main` fills it from the process; tests fill it by hand.
#[derive(Debug, Clone, Default)]
pub struct Sources {
    /// `--config FILE`; where it is none, `countersign.toml` of the working directory is read if it exists.
    pub file: Option<PathBuf>,
    /// The working directory.
    pub directory: PathBuf,
    /// The environment.
    pub variables: Vec<(String, String)>,
    /// Flags: what was typed (`--listen`), the key it stands for, the value.
    pub flags: Vec<(String, String, String)>,
}

/// What was gathered, and what was wrong on the way.
#[derive(Debug, Default)]
pub struct Gathered {
    /// The values.
    pub found: Found,
    /// What was wrong.
    pub refusals: Vec<Refusal>,
    /// The configuration file that was read.
    pub file: Option<PathBuf>,
}

impl Sources {
    /// Gathers all layers.
    #[must_use]
    pub fn gather(&self) -> Gathered {
        let mut gathered = Gathered::default();
        self.gather_file(&mut gathered);
        self.gather_credentials(&mut gathered);
        self.gather_variables(&mut gathered);
        self.gather_flags(&mut gathered);
        gathered
    }

    fn gather_file(&self, gathered: &mut Gathered) {
        let path = self.directory.join(self.file.as_deref().unwrap_or(Path::new(DEFAULT_FILE)));
        let text = match std::fs::read_to_string(&path) {
            Ok(text) => text,
            Err(error) if error.kind() == std::io::ErrorKind::NotFound && self.file.is_none() => return,
            Err(error) => {
                gathered.refusals.push(Refusal::new(format!("could not read {}: {error}", path.display())));
                return;
            }
        };
        gathered.file = Some(path.clone());
        let entries = match file::parse(&path, &text) {
            Ok(entries) => entries,
            Err(refusal) => {
                gathered.refusals.push(refusal);
                return;
            }
        };
        let mut holds_secret = false;
        for entry in entries {
            if let Some(definition) = definition(&entry.key) {
                holds_secret |= definition.secret;
                gathered.put(definition, entry.raw, entry.origin);
            } else if let Some(definition) = twin(&entry.key, "_file") {
                match entry.raw.text() {
                    Some(named) => gathered.put_secret_file(definition, &path.with_file_name(named)),
                    None => gathered.refuse_twin(definition, &entry.origin, &entry.raw),
                }
            } else {
                let near = nearest(&entry.key, definitions().map(|d| d.key.to_owned()));
                gathered.refusals.push(Refusal::unknown(&entry.key, &entry.origin, near));
            }
        }
        if holds_secret && others_can_read(&path) {
            gathered.refusals.push(Refusal::exposed(&path));
        }
    }

    fn gather_credentials(&self, gathered: &mut Gathered) {
        let Some(directory) = self.variable("CREDENTIALS_DIRECTORY") else { return };
        for definition in definitions().filter(|d| d.secret) {
            let path = Path::new(directory).join(definition.key.replace('.', "__"));
            if path.is_file()
                && let Some(text) = gathered.secret_text(&path)
            {
                gathered.put(definition, Raw::Plain(text), Origin::Credential(path));
            }
        }
    }

    fn gather_variables(&self, gathered: &mut Gathered) {
        for (name, value) in self.variables.iter().filter(|(name, _)| name.starts_with(PREFIX)) {
            let origin = Origin::Variable(name.clone());
            if FOREIGN.iter().any(|foreign| name.starts_with(foreign)) {
                continue;
            }
            if let Some(definition) = definitions().find(|d| d.variable() == *name) {
                gathered.put(definition, Raw::Plain(value.clone()), origin);
            } else if let Some(definition) =
                definitions().find(|d| d.secret && format!("{}_FILE", d.variable()) == *name)
            {
                if self.variable(&definition.variable()).is_some() {
                    let plain = definition.variable();
                    gathered.refusals.push(Refusal::new(format!("{plain} and {name} are both set: unset one")));
                }
                gathered.put_secret_file(definition, Path::new(value));
            } else {
                let near = nearest(name, definitions().map(Definition::variable));
                gathered.refusals.push(Refusal::unknown(name, &origin, near));
            }
        }
    }

    fn gather_flags(&self, gathered: &mut Gathered) {
        for (typed, key, value) in &self.flags {
            let origin = Origin::Flag(typed.clone());
            match definition(key) {
                Some(definition) if definition.secret && typed == "--set" => {
                    let words =
                        format!("{} is a secret and a command line is not: use {}_FILE", key, definition.variable());
                    gathered.refusals.push(Refusal::new(words));
                }
                Some(definition) => gathered.put(definition, Raw::Plain(value.clone()), origin),
                None => {
                    let near = nearest(key, definitions().map(|d| d.key.to_owned()));
                    gathered.refusals.push(Refusal::unknown(key, &origin, near));
                }
            }
        }
    }

    fn variable(&self, name: &str) -> Option<&str> {
        self.variables.iter().find(|(n, _)| n == name).map(|(_, value)| value.as_str())
    }
}

impl Gathered {
    fn put(&mut self, definition: &Definition, raw: Raw, origin: Origin) {
        self.found.put(definition, raw, origin);
    }

    fn put_secret_file(&mut self, definition: &Definition, path: &Path) {
        let Some(text) = self.secret_text(path) else { return };
        if others_can_read(path) {
            self.refusals.push(Refusal::exposed(path));
        }
        self.put(definition, Raw::Plain(text), Origin::SecretFile(path.to_owned()));
    }

    /// The text of a secret's file, without the line end that editors add.
    fn secret_text(&mut self, path: &Path) -> Option<String> {
        match std::fs::read_to_string(path) {
            Ok(text) => Some(text.trim_end_matches(['\r', '\n']).to_owned()),
            Err(error) => {
                self.refusals.push(Refusal::new(format!("could not read {}: {error}", path.display())));
                None
            }
        }
    }

    fn refuse_twin(&mut self, definition: &Definition, origin: &Origin, raw: &Raw) {
        let words = format!("{}_FILE ({origin}): expected a path, found {}", definition.name(), raw.quoted());
        self.refusals.push(Refusal::new(words));
    }
}

fn definition(key: &str) -> Option<&'static Definition> {
    definitions().find(|d| d.key == key)
}

fn twin(key: &str, suffix: &str) -> Option<&'static Definition> {
    key.strip_suffix(suffix).and_then(definition).filter(|d| d.secret)
}

#[cfg(unix)]
fn others_can_read(path: &Path) -> bool {
    use std::os::unix::fs::PermissionsExt;
    std::fs::metadata(path).is_ok_and(|m| m.permissions().mode() & 0o077 != 0)
}

#[cfg(not(unix))]
fn others_can_read(_: &Path) -> bool {
    false
}
