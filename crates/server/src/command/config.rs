//! `countersign config`.

use clap::Subcommand;
use serde_json::json;

use super::failure::Failure;
use super::output::Output;
use crate::config::{Config, Origin, Shown, Sources, Use, reference, schema};
use crate::wire;

/// What can be done with the configuration.
#[derive(Debug, Subcommand)]
pub enum ConfigCommand {
    /// Show every setting: its value and where it came from. Secrets are not shown.
    #[command(after_help = "\
Examples:
  countersign config show
  countersign config show --origin file          only what the configuration file sets")]
    Show {
        /// Only what came from there.
        #[arg(long, value_name = "PLACE", value_enum)]
        origin: Option<Place>,
    },
    /// Say whether `serve` would start with it, and all that is wrong at once.
    Check,
    /// Print the JSON Schema of countersign.toml, for editors.
    Schema,
    /// Print the reference page of all settings.
    #[command(hide = true)]
    Reference,
    /// Print the reference page of all commands.
    #[command(hide = true)]
    Commands,
    /// Print the reference page of all metrics.
    #[command(hide = true)]
    Metrics,
}

/// Where a value came from.
#[derive(Debug, Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
pub enum Place {
    /// Nobody has set it.
    Default,
    /// countersign.toml.
    File,
    /// An environment variable.
    Environment,
    /// A file of its own, or systemd's credentials.
    Secret,
    /// The command line.
    Flag,
}

impl Place {
    const fn holds(self, origin: &Origin) -> bool {
        matches!(
            (self, origin),
            (Self::Default, Origin::Default)
                | (Self::File, Origin::File(..))
                | (Self::Environment, Origin::Variable(_))
                | (Self::Secret, Origin::SecretFile(_) | Origin::Credential(_))
                | (Self::Flag, Origin::Flag(_))
        )
    }
}

/// Runs the command.
///
/// # Errors
/// The configuration is refused.
pub fn run(command: &ConfigCommand, sources: &Sources, output: Output) -> Result<(), Failure> {
    match command {
        ConfigCommand::Reference => output.text(&reference::markdown()),
        ConfigCommand::Metrics => output.text(&crate::metrics::reference::markdown()),
        ConfigCommand::Commands => output.text(&super::reference::markdown()),
        ConfigCommand::Check => {
            let config = match Config::load(sources, Use::Serve) {
                Ok(config) => config,
                Err(refused) => return refuse(refused.0.iter().map(ToString::to_string).collect(), output),
            };
            warn(&config);
            let problems = problems(&config);
            if !problems.is_empty() {
                return refuse(problems, output);
            }
            let read = config.file.as_ref().map(|f| f.display().to_string());
            output.say("the configuration is good", &json!({"ok": true, "file": read, "warnings": config.warnings}))
        }
        ConfigCommand::Schema => output.text(&format!("{:#}\n", schema::document())),
        ConfigCommand::Show { origin } => {
            let config = Config::load(sources, Use::Command)?;
            warn(&config);
            let value = |text: &Option<String>| text.clone().unwrap_or_default();
            let is_meant = |shown: &&Shown| origin.is_none_or(|place| place.holds(&shown.origin));
            let rows = config
                .shown
                .iter()
                .filter(is_meant)
                .map(|s| vec![s.definition.name(), value(&s.value), s.origin.to_string()]);
            let views: Vec<_> = config
                .shown
                .iter()
                .filter(is_meant)
                .map(|s| json!({"key": s.definition.key, "value": s.value, "origin": s.origin.to_string()}))
                .collect();
            output.table(&["setting", "value", "origin"], rows.collect(), &json!({"settings": views}))
        }
    }
}

/// What only the facade can judge: whether the parts fit together.
fn problems(config: &Config) -> Vec<String> {
    let Some(url) = &config.general.public_url else { return Vec::new() };
    wire::builder(config, url).problems().iter().map(ToString::to_string).collect()
}

fn refuse(problems: Vec<String>, output: Output) -> Result<(), Failure> {
    if output.is_json() {
        output.say("", &json!({"ok": false, "problems": problems}))?;
    }
    let text = problems.iter().map(|problem| format!("\n  {problem}")).collect::<String>();
    Err(Failure::usage(format!("the configuration is refused{text}")))
}

fn warn(config: &Config) {
    for warning in &config.warnings {
        super::output::complain(&format!("warning: {warning}"));
    }
}
