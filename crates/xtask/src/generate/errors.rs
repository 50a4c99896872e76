//! docs/reference/errors.md, from the one file that knows a status code for a verdict.

use std::fs;
use std::path::Path;

use anyhow::{Context, Result, bail};

use super::Page;

/// The page.
pub(super) fn page(root: &Path) -> Result<Page> {
    let source = fs::read_to_string(root.join("crates/http/src/error/code.rs"))?;
    let (_, list) = source.split_once("\ncodes! {\n").context("code.rs holds no `codes!`")?;
    let (list, _) = list.split_once("\n}\n").context("`codes!` does not end")?;

    let mut text = String::from(
        "# Error codes\n\n<!-- Made by `cargo xtask gen` from crates/http/src/error/code.rs. Do not edit. -->\n\n\
         Every refusal is an `application/problem+json` document with one of these codes. Branch on `code`, never on the text. From \
         `POST /api/auth/refresh` any 401 means signed out, and nothing else does.\n",
    );
    let entries: Vec<&str> = list.split("\n    ///").map(str::trim).filter(|entry| !entry.is_empty()).collect();
    for entry in entries {
        let (meaning, rest) = entry.split_once('\n').context("an entry of one line")?;
        let words: Vec<&str> = rest.split('"').skip(1).step_by(2).collect();
        let [code, _title, detail, advice] = words.as_slice() else {
            bail!("not code, title, detail, advice: {entry}");
        };
        let status = rest.split('"').nth(2).and_then(|after| after.trim().split(',').next()).unwrap_or_default();
        let status = status_of(status).with_context(|| format!("unknown status {status}"))?;
        let meaning = meaning.trim_start_matches("///").trim();
        text.push_str(&format!("\n## `{code}`\n\n{status}. {meaning} {advice}\n\nDetail: \"{detail}\"\n"));
    }
    Ok(Page { name: "errors.md", text })
}

fn status_of(name: &str) -> Option<&'static str> {
    Some(match name {
        "BAD_REQUEST" => "400",
        "UNAUTHORIZED" => "401",
        "FORBIDDEN" => "403",
        "NOT_FOUND" => "404",
        "METHOD_NOT_ALLOWED" => "405",
        "CONFLICT" => "409",
        "PAYLOAD_TOO_LARGE" => "413",
        "UNSUPPORTED_MEDIA_TYPE" => "415",
        "PRECONDITION_REQUIRED" => "428",
        "TOO_MANY_REQUESTS" => "429",
        "INTERNAL_SERVER_ERROR" => "500",
        "SERVICE_UNAVAILABLE" => "503",
        _ => return None,
    })
}
