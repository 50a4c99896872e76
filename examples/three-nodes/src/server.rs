//! The server, as it is told where everything is.

use std::net::SocketAddr;
use std::os::unix::process::CommandExt as _;
use std::process::Command;

use anyhow::{Context as _, Result, bail};

/// What this program is called where it is the server.
pub(crate) const NAME: &str = "countersign";

/// What all nodes, and all commands beside them, have in common.
pub(crate) struct Server {
    settings: Vec<(&'static str, String)>,
    public_url: String,
}

impl Server {
    /// Behind `public`, on this database and this Valkey, with a master key of its own.
    pub(crate) fn new(public: SocketAddr, postgres: SocketAddr, valkey: SocketAddr) -> Result<Self> {
        let public_url = format!("http://localhost:{}", public.port());
        let settings = vec![
            ("COUNTERSIGN_PUBLIC_URL", public_url.clone()),
            ("COUNTERSIGN_DATABASE", format!("postgres://countersign@{postgres}/postgres")),
            ("COUNTERSIGN_VALKEY", format!("redis://{valkey}")),
            ("COUNTERSIGN_TRUSTED_PROXIES", "127.0.0.1/32".to_owned()),
        ];
        let mut server = Self { settings, public_url };
        let master_key = server.run(&["keys", "generate-master"])?.trim().to_owned();
        server.settings.push(("COUNTERSIGN_MASTER_KEY", master_key));
        Ok(server)
    }

    /// What browsers and the guard call it.
    pub(crate) fn public_url(&self) -> &str {
        &self.public_url
    }

    /// A node, or a command, to be: this program by another name.
    pub(crate) fn command(&self) -> Result<Command> {
        let mut command = Command::new(std::env::current_exe()?);
        command.arg0(NAME).env_clear().envs(self.settings.iter().map(|(name, value)| (name, value)));
        Ok(command)
    }

    /// Runs a command; what it printed.
    pub(crate) fn run(&self, arguments: &[&str]) -> Result<String> {
        let done = self.command()?.args(arguments).output().context("the server could not be started")?;
        if !done.status.success() {
            bail!("countersign {}: {}", arguments.join(" "), String::from_utf8_lossy(&done.stderr));
        }
        Ok(String::from_utf8(done.stdout)?)
    }
}
