//! The reference page of all settings, made from their definitions.

use std::fmt::Write;

use super::SECTIONS;
use super::setting::Definition;

const HEAD: &str = "\
# Settings

<!-- Made by `countersign config reference`. Do not edit. -->

A value comes from the last of these places that has it: its default, `countersign.toml`, systemd credentials, the
environment, a flag. An unknown name, a value of the wrong kind and a setting whose feature is not built yet are refused at
start. `countersign config show` prints every value with its origin.

A setting that holds a secret has a twin that names a file: `COUNTERSIGN_MASTER_KEY_FILE`, or `master_key_file` in
`countersign.toml`; a file of the same name as the key (`master_key`) in `$CREDENTIALS_DIRECTORY` is taken too.
";

/// The page, in Markdown.
#[must_use]
pub fn markdown() -> String {
    let mut page = HEAD.to_owned();
    for section in SECTIONS {
        // Writing into a String does not fail.
        let _ = write!(page, "\n## {}\n", section.title);
        for definition in section.settings {
            let _ = write!(page, "\n{}", entry(definition));
        }
    }
    page
}

fn entry(definition: &Definition) -> String {
    let default = match definition.default {
        None => "none".to_owned(),
        Some("") => "empty".to_owned(),
        Some(text) => format!("`{text}`"),
    };
    let reloads = if definition.reloads { " Taken up by a reload (SIGHUP)." } else { "" };
    let secret = if definition.secret { " Secret: has a `_FILE` twin." } else { "" };
    let unbuilt = definition.unbuilt.map_or_else(String::new, |f| format!(" Refused: {f} not built yet."));
    format!(
        "### `{}`\n\n`{}`. {}\n\nExpected: {}. Default: {default}.{secret}{reloads}{unbuilt}\n",
        definition.key,
        definition.variable(),
        definition.meaning,
        (definition.expected)(&definition.bounds),
    )
}
