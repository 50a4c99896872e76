//! Which crate may lean on which.

use std::path::Path;

use anyhow::{Context, Result};
use serde::Deserialize;

use crate::process::{cargo, output};

/// The staircase: each crate and what it may use, bottom up. A crate that is not here is a finding.
const ALLOWED: &[(&str, &[&str])] = &[
    ("countersign-kernel", &[]),
    ("countersign-jose", &[]),
    ("countersign-audit", &["kernel", "jose"]),
    // A service that checks tokens pulls in no storage.
    ("countersign-guard", &["kernel", "jose"]),
    ("countersign-limit", &["kernel"]),
    ("countersign-geo", &["kernel"]),
    ("countersign-password", &["kernel"]),
    ("countersign-mail", &["kernel"]),
    ("countersign-store", &["kernel", "audit"]),
    ("countersign-keys", &["kernel", "jose", "audit", "store"]),
    ("countersign-trail", &["kernel", "jose", "audit", "store", "keys"]),
    ("countersign-store-sql", &["kernel", "audit", "store"]),
    ("countersign-valkey", &["kernel", "limit", "store"]),
    ("countersign-session", &["kernel", "jose", "audit", "limit", "store", "keys"]),
    ("countersign-account", &["kernel", "audit", "limit", "mail", "password", "store", "keys", "session"]),
    // HTTP translates: it sees verbs and verdicts, never the store.
    ("countersign-http", &["kernel", "audit", "limit", "password", "trail", "keys", "session", "account"]),
    (
        "countersign",
        &[
            "kernel",
            "jose",
            "audit",
            "limit",
            "geo",
            "mail",
            "password",
            "store",
            "trail",
            "keys",
            "store-sql",
            "valkey",
            "session",
            "account",
            "http",
        ],
    ),
    // The server is the first embedder: engines and walls below come to it through the facade.
    (
        "countersign-server",
        &["countersign", "kernel", "audit", "store", "trail", "keys", "session", "account", "http", "jose"],
    ),
    ("countersign-refresh-model", &["kernel", "store", "session"]),
    ("countersign-store-contract", &["kernel", "audit", "store"]),
    (
        "countersign-testkit",
        &[
            "countersign",
            "kernel",
            "jose",
            "audit",
            "store",
            "trail",
            "store-sql",
            "keys",
            "session",
            "account",
            "password",
            "limit",
            "geo",
        ],
    ),
    // It knows the server from outside only, as clients do.
    ("countersign-life", &[]),
    ("countersign-attack", &[]),
    ("embedded", &["countersign"]),
    ("axum-api", &["guard"]),
    // Its nodes are the server's own command line.
    ("three-nodes", &["guard", "server"]),
    ("bare", &[]),
    ("raw", &[]),
    ("xtask", &[]),
];

/// What tests and benchmarks of any crate may use besides, and each its own crate, with features that others do not get.
const TESTS: &[&str] = &["testkit", "store-contract", "store-sql", "geo", "countersign", "attack", "guard"];

#[derive(Deserialize)]
struct Metadata {
    packages: Vec<Package>,
}

#[derive(Deserialize)]
struct Package {
    name: String,
    dependencies: Vec<Dependency>,
}

#[derive(Deserialize)]
struct Dependency {
    name: String,
    /// None for a normal one, `dev` or `build`.
    kind: Option<String>,
    /// Only crates of this repository have one.
    path: Option<String>,
}

/// One line for each arrow that the table does not allow.
pub(super) fn check(_root: &Path) -> Result<Vec<String>> {
    let listed = output(cargo()?.args(["metadata", "--no-deps", "--offline", "--format-version", "1"]))?;
    let metadata: Metadata = serde_json::from_str(&listed).context("cargo metadata")?;
    Ok(metadata.packages.iter().flat_map(judge).collect())
}

fn judge(package: &Package) -> Vec<String> {
    let Some((_, allowed)) = ALLOWED.iter().find(|(name, _)| *name == package.name) else {
        return vec![format!("{}: a crate without a floor; give it one in xtask/src/floors/arrows.rs", package.name)];
    };
    let ours = package.dependencies.iter().filter(|dependency| dependency.path.is_some());
    ours.filter(|dependency| {
        let short = dependency.name.strip_prefix("countersign-").unwrap_or(&dependency.name);
        let in_tests = dependency.kind.as_deref() == Some("dev");
        !(allowed.contains(&short) || in_tests && (TESTS.contains(&short) || dependency.name == package.name))
    })
    .map(|dependency| format!("{} must not use {}", package.name, dependency.name))
    .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn package(name: &str, uses: &str, kind: Option<&str>) -> Package {
        let dependency = Dependency { name: uses.into(), kind: kind.map(Into::into), path: Some("here".into()) };
        Package { name: name.into(), dependencies: vec![dependency] }
    }

    #[test]
    fn an_arrow_that_climbs_is_found() {
        assert_eq!(judge(&package("countersign-http", "countersign-store", None)).len(), 1);
        assert_eq!(judge(&package("countersign-kernel", "countersign-jose", None)).len(), 1);
        assert!(judge(&package("countersign-http", "countersign-account", None)).is_empty());
    }

    #[test]
    fn tests_may_use_the_testkit_and_code_may_not() {
        assert!(judge(&package("countersign-http", "countersign-testkit", Some("dev"))).is_empty());
        assert_eq!(judge(&package("countersign-http", "countersign-testkit", None)).len(), 1);
    }

    #[test]
    fn no_crate_of_the_table_leans_on_one_that_leans_on_it() {
        let floor = |short: &str| {
            let full = if short == "countersign" { short.to_owned() } else { format!("countersign-{short}") };
            ALLOWED.iter().position(|(name, _)| *name == full).unwrap()
        };
        for (at, (name, uses)) in ALLOWED.iter().enumerate() {
            assert!(uses.iter().all(|short| floor(short) < at), "{name} leans upwards");
        }
    }
}
