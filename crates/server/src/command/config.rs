//! `countersign config`.

use clap::Subcommand;
use serde_json::json;

use super::failure::Failure;
use super::output::Output;
use crate::config::{Config, Sources, Use, reference};

/// What can be done with the configuration.
#[derive(Debug, Subcommand)]
pub enum ConfigCommand {
    /// Show every setting: its value and where it came from. Secrets are not shown.
    Show,
    /// Say whether `serve` would start with it.
    Check,
    /// Print the reference page of all settings.
    #[command(hide = true)]
    Reference,
    /// Print the reference page of all commands.
    #[command(hide = true)]
    Commands,
}

/// Runs the command.
///
/// # Errors
/// The configuration is refused.
pub fn run(command: &ConfigCommand, sources: &Sources, output: Output) -> Result<(), Failure> {
    match command {
        ConfigCommand::Reference => output.text(&reference::markdown()),
        ConfigCommand::Commands => output.text(&super::reference::markdown()),
        ConfigCommand::Check => {
            let config = Config::load(sources, Use::Serve)?;
            warn(&config);
            let read = config.file.as_ref().map(|f| f.display().to_string());
            output.say("the configuration is good", &json!({"ok": true, "file": read, "warnings": config.warnings}))
        }
        ConfigCommand::Show => {
            let config = Config::load(sources, Use::Command)?;
            warn(&config);
            let value = |text: &Option<String>| text.clone().unwrap_or_default();
            let rows = config.shown.iter().map(|s| vec![s.definition.name(), value(&s.value), s.origin.to_string()]);
            let views: Vec<_> = config
                .shown
                .iter()
                .map(|s| json!({"key": s.definition.key, "value": s.value, "origin": s.origin.to_string()}))
                .collect();
            output.table(&["setting", "value", "origin"], rows.collect(), &json!({"settings": views}))
        }
    }
}

fn warn(config: &Config) {
    for warning in &config.warnings {
        super::output::complain(&format!("warning: {warning}"));
    }
}
