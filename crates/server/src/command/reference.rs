//! The reference page of all commands, made from the definition that parses them.

use std::fmt::Write;

use clap::{Arg, Command, CommandFactory};

use super::Cli;

const HEAD: &str = "\
# Commands

<!-- Made by `countersign config commands`. Do not edit. -->

";

/// The page, in Markdown.
#[must_use]
pub fn markdown() -> String {
    let mut program = Cli::command();
    program.build();
    let mut page = HEAD.to_owned();
    let examples = program.get_after_help().map(ToString::to_string).unwrap_or_default();
    // Writing into a String does not fail.
    let _ = write!(page, "```text\n{}\n```\n\n## For every command\n\n", examples.trim());
    program.get_arguments().filter(|a| a.is_global_set()).for_each(|argument| describe(&mut page, argument));
    for command in shown(&program) {
        let _ = write!(page, "\n## {}\n\n", command.get_name());
        if command.has_subcommands() {
            let _ = writeln!(page, "{}.", about(command));
            for inner in shown(command) {
                let _ = write!(page, "\n### {} {}\n\n", command.get_name(), inner.get_name());
                section(&mut page, inner);
            }
        } else {
            section(&mut page, command);
        }
    }
    page
}

fn section(page: &mut String, command: &Command) {
    let usage = command.clone().render_usage().to_string();
    let _ = writeln!(page, "{}.\n\n```text\n{}\n```", about(command), usage.trim_start_matches("Usage: "));
    let mut own = command.get_arguments().filter(|a| !a.is_global_set() && !is_everywhere(a)).peekable();
    if own.peek().is_some() {
        page.push('\n');
        own.for_each(|argument| describe(page, argument));
    }
    if let Some(text) = command.get_after_help() {
        let _ = write!(page, "\n```text\n{}\n```\n", text.to_string().trim());
    }
}

fn describe(page: &mut String, argument: &Arg) {
    if argument.is_hide_set() {
        return;
    }
    let help = argument.get_help().map(ToString::to_string).unwrap_or_default();
    let _ = writeln!(page, "- `{argument}`: {help}");
}

fn about(command: &Command) -> String {
    command.get_about().map(ToString::to_string).unwrap_or_default().trim_end_matches('.').to_owned()
}

fn shown(command: &Command) -> impl Iterator<Item = &Command> {
    command.get_subcommands().filter(|c| !c.is_hide_set() && c.get_name() != "help")
}

fn is_everywhere(argument: &Arg) -> bool {
    matches!(argument.get_id().as_str(), "help" | "version")
}
