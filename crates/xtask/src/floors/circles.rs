//! No circle of files inside a crate.
//!
//! A file leans on another if it names a path of it (`crate::a::b`, `super::b`). A module file and the files below it belong
//! together: a parent names its children, and children their parent, without that being a circle. What a parent re-exports
//! (`pub use child::Thing`) counts as the child's own. Test modules are left out. A heuristic over text: it sees paths, not types.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::{Path, PathBuf};

use anyhow::Result;

type Module = Vec<String>;
type Modules = BTreeMap<Module, Source>;

#[derive(Debug, Default)]
struct Source {
    /// Paths that it names, from the crate's top.
    names: BTreeSet<Module>,
    /// What it re-exports: the new name and the path behind it.
    re_exports: BTreeMap<String, Module>,
}

/// One line for each circle.
pub(super) fn check(root: &Path, files: &BTreeSet<PathBuf>) -> Result<Vec<String>> {
    let mut crates: BTreeMap<PathBuf, Modules> = BTreeMap::new();
    for path in files {
        let mut parts = path.iter().map(|part| part.to_string_lossy().into_owned());
        let (Some(top), Some(name), Some(src)) = (parts.next(), parts.next(), parts.next()) else { continue };
        let is_code = top == "crates" && src == "src" && path.extension().is_some_and(|extension| extension == "rs");
        if !is_code || path.ends_with("tests.rs") {
            continue;
        }
        let module = module_of(parts.collect());
        let source = read(&fs::read_to_string(root.join(path))?, &module);
        crates.entry(PathBuf::from(name)).or_default().insert(module, source);
    }
    let found = crates.iter().filter_map(|(name, modules)| Some((name, circle(modules)?)));
    Ok(found
        .map(|(name, circle)| {
            let steps: Vec<String> = circle.iter().map(|module| module.join("/")).collect();
            format!("crates/{}: a circle of files: {}", name.display(), steps.join(" > "))
        })
        .collect())
}

/// The module that a file holds, from its path below `src`.
fn module_of(mut parts: Vec<String>) -> Module {
    let file = parts.pop().unwrap_or_default();
    let stem = file.trim_end_matches(".rs");
    if !matches!(stem, "lib" | "main" | "mod") || (stem == "main" && !parts.is_empty()) {
        parts.push(stem.to_owned());
    }
    parts
}

fn read(text: &str, module: &[String]) -> Source {
    let code = strip(text);
    let mut source = Source::default();
    for statement in statements(&code) {
        let public = statement.starts_with("pub use ") || statement.starts_with("pub(");
        let Some((_, tree)) = statement.split_once("use ").filter(|(before, _)| before.is_empty() || public) else {
            continue;
        };
        for path in expand(tree) {
            let Some(absolute) = absolute(&path, module) else { continue };
            if statement.starts_with("pub use ") || statement.starts_with("pub(crate) use ") {
                if let Some(last) = absolute.last() {
                    source.re_exports.insert(last.clone(), absolute.clone());
                }
            } else {
                source.names.insert(absolute);
            }
        }
    }
    // Paths written out in code.
    for start in ["crate::", "super::"] {
        for (at, _) in code.match_indices(start) {
            let path: String =
                code[at..].chars().take_while(|c| c.is_alphanumeric() || matches!(c, '_' | ':')).collect();
            let in_use = code[..at].rsplit(['\n', ';']).next().is_some_and(|line| line.contains("use "));
            if !in_use && !code[..at].ends_with("::") {
                source.names.extend(absolute(path.trim_end_matches(':'), module));
            }
        }
    }
    source
}

/// The code without comments, and without what follows `#[cfg(test)]` at the file's end.
fn strip(text: &str) -> String {
    let code = text.split("#[cfg(test)]\nmod tests").next().unwrap_or_default();
    code.lines().map(|line| line.split("//").next().unwrap_or_default()).collect::<Vec<_>>().join("\n")
}

/// The code cut at its semicolons, each import on one line and without what stood before it.
fn statements(code: &str) -> impl Iterator<Item = String> {
    code.split(';').map(|statement| {
        let is_import = |line: &&str| {
            ["use ", "pub use ", "pub(crate) use "].iter().any(|start| line.trim_start().starts_with(start))
        };
        let from = statement.lines().position(|line| is_import(&line)).unwrap_or(0);
        statement.lines().skip(from).flat_map(str::split_whitespace).collect::<Vec<_>>().join(" ")
    })
}

/// `a::{b, c::{d, e}}` as its single paths.
fn expand(tree: &str) -> Vec<String> {
    let tree = tree.trim();
    let Some((prefix, rest)) = tree.split_once('{') else {
        return vec![tree.split(" as ").next().unwrap_or(tree).trim().to_owned()];
    };
    let inside = rest.strip_suffix('}').unwrap_or(rest);
    let mut parts = vec![String::new()];
    let mut depth = 0_i32;
    for c in inside.chars() {
        depth += match c {
            '{' => 1,
            '}' => -1,
            _ => 0,
        };
        match (c, depth, parts.last_mut()) {
            (',', 0, _) => parts.push(String::new()),
            (_, _, Some(part)) => part.push(c),
            _ => {}
        }
    }
    let parts = parts.iter().filter(|part| !part.trim().is_empty());
    parts.flat_map(|part| expand(part)).map(|part| format!("{prefix}{part}")).collect()
}

/// The path from the crate's top, if it is one inside the crate.
fn absolute(path: &str, module: &[String]) -> Option<Module> {
    let mut segments = path.split("::").map(str::trim);
    let mut base: Module = match segments.next()? {
        "crate" => Vec::new(),
        "self" => module.to_vec(),
        "super" => module.get(..module.len().checked_sub(1)?)?.to_vec(),
        child if child.starts_with(|c: char| c.is_lowercase()) => [module, &[child.to_owned()]].concat(),
        _ => return None,
    };
    for segment in segments {
        match segment {
            "super" => {
                base.pop();
            }
            "self" | "" => {}
            other => base.push(other.to_owned()),
        }
    }
    Some(base)
}

/// The file that a path leads to: the longest one that is a module, after following re-exports.
fn resolve(path: &[String], modules: &Modules) -> Option<Module> {
    let mut path = path.to_vec();
    for _ in 0..8 {
        let length =
            (0..=path.len()).rev().find(|&length| path.get(..length).is_some_and(|head| modules.contains_key(head)))?;
        let (home, rest) = path.split_at(length);
        let exported = rest.first().and_then(|name| modules.get(home)?.re_exports.get(name));
        match exported {
            Some(target) if *target != path => {
                path = target.iter().chain(rest.get(1..).unwrap_or_default()).cloned().collect()
            }
            _ => return Some(home.to_vec()),
        }
    }
    None
}

fn circle(modules: &Modules) -> Option<Vec<Module>> {
    let mut edges: BTreeMap<&Module, BTreeSet<Module>> = BTreeMap::new();
    for (module, source) in modules {
        let targets = source.names.iter().filter_map(|path| resolve(path, modules));
        edges.insert(module, targets.filter(|to| !to.starts_with(module) && !module.starts_with(to)).collect());
    }
    let mut done = BTreeSet::new();
    modules.keys().find_map(|start| walk(start, &edges, &mut Vec::new(), &mut done))
}

fn walk(
    at: &Module,
    edges: &BTreeMap<&Module, BTreeSet<Module>>,
    path: &mut Vec<Module>,
    done: &mut BTreeSet<Module>,
) -> Option<Vec<Module>> {
    if let Some(first) = path.iter().position(|module| module == at) {
        return Some(path.iter().skip(first).chain([at]).cloned().collect());
    }
    if done.contains(at) {
        return None;
    }
    path.push(at.clone());
    let found = edges.get(at).into_iter().flatten().find_map(|next| walk(next, edges, path, done));
    path.pop();
    done.insert(at.clone());
    found
}

#[cfg(test)]
mod tests {
    use super::*;

    fn modules(files: &[(&str, &str)]) -> Modules {
        let parts = |path: &str| path.split('/').map(str::to_owned).collect();
        let read = |&(path, text): &(&str, &str)| {
            let module = module_of(parts(path));
            (module.clone(), read(text, &module))
        };
        files.iter().map(read).collect()
    }

    #[test]
    fn two_files_that_import_each_other_are_a_circle() {
        let found = circle(&modules(&[
            ("lib.rs", "mod a;\nmod b;"),
            ("a.rs", "//! Doc.\nuse crate::b::B;\nfn f() {}"),
            ("b.rs", "//! Doc.\nuse std::fmt;\n\nuse crate::a::{self, A};\n"),
        ]));

        assert_eq!(found.map(|circle| circle.len()), Some(3));
    }

    #[test]
    fn a_path_inside_code_counts_and_one_in_tests_does_not() {
        let code = ("b.rs", "fn f() { super::a::g() }\n");
        let tests = ("b.rs", "fn f() {}\n#[cfg(test)]\nmod tests {\n use crate::a::A;\n}\n");
        let a = ("a.rs", "\nuse crate::b::B;\n");

        assert!(circle(&modules(&[("lib.rs", ""), a, code])).is_some());
        assert!(circle(&modules(&[("lib.rs", ""), a, tests])).is_none());
    }

    #[test]
    fn a_re_export_leads_to_the_file_behind_it() {
        let lib = ("lib.rs", "mod a;\nmod b;\n\npub use a::A;\npub use b::{B, Other};\n");

        assert!(circle(&modules(&[lib, ("a.rs", "\nuse crate::B;\n"), ("b.rs", "\nuse crate::A;\n")])).is_some());
        assert!(circle(&modules(&[lib, ("a.rs", "\nuse crate::B;\n"), ("b.rs", "\nfn f() {}\n")])).is_none());
    }

    #[test]
    fn parents_and_children_are_no_circle() {
        let files =
            [("lib.rs", "mod a;"), ("a.rs", "mod deep;\nuse self::deep::D;\n"), ("a/deep.rs", "\nuse super::A;\n")];

        assert!(circle(&modules(&files)).is_none());
    }
}
