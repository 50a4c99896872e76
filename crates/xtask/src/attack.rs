//! `cargo xtask attack`: the tools of attackers against a running server.
//!
//! `tokens`, `guesses` and `oracle` are programs of this repository and need nothing from outside; `schema` is schemathesis, in an environment of
//! its own under `target/`. Without `--url` a server is built and started on a data directory that is thrown away. What each finds ends
//! the command with an error. docs/guides/attack-it-yourself.md says what they try.

use std::fs;
use std::path::PathBuf;
use std::process::{Command, Stdio};

use anyhow::{Context, Result, bail};

use crate::client::{Connection, Request};
use crate::host::{Host, free_port};
use crate::process::{answers, cargo, output, root, run};

/// The version that the findings were mended with.
const SCHEMATHESIS: &str = "schemathesis==4.32.5";

const ATTACKS: [&str; 4] = ["tokens", "guesses", "oracle", "schema"];

/// Runs the tools that are named, or all of them.
pub(crate) fn run_tools(arguments: &[String]) -> Result<()> {
    let url = arguments.iter().position(|word| word == "--url").and_then(|at| arguments.get(at + 1)).cloned();
    let named = arguments.iter().filter(|word| *word != "--url" && Some(*word) != url.as_ref());
    let mut attacks: Vec<&str> = named.map(String::as_str).collect();
    if let Some(unknown) = attacks.iter().find(|attack| !ATTACKS.contains(attack)) {
        bail!("no such attack: {unknown}; there are {}", ATTACKS.join(", "));
    }
    if attacks.is_empty() {
        attacks = ATTACKS.to_vec();
    }
    for attack in attacks {
        println!("\n== {attack}");
        let ground = match &url {
            Some(url) => Ground::foreign(url),
            None => Ground::prepared(attack)?,
        };
        match attack {
            "schema" => schema(&ground)?,
            other => tool(other, &ground)?,
        }
    }
    Ok(())
}

/// What is attacked.
struct Ground {
    url: String,
    /// The administrators' listener, and the server's own key: of a server that was started here.
    inside: Option<(String, PathBuf)>,
    server: Option<Host>,
    data: Option<PathBuf>,
}

impl Ground {
    fn foreign(url: &str) -> Self {
        Self { url: url.trim_end_matches('/').to_owned(), inside: None, server: None, data: None }
    }

    /// Builds a server and starts it on a new data directory.
    fn prepared(attack: &str) -> Result<Self> {
        run(cargo()?.args(["build", "--quiet", "--package", "countersign-server", "--package", "countersign-attack"]))?;
        let built = root()?.join("target/debug");
        let data = std::env::temp_dir().join(format!("countersign-attack-{}-{attack}", std::process::id()));
        fs::create_dir_all(&data)?;
        let (port, admin) = (free_port()?, free_port()?);
        let (program, key) = (built.join("countersign"), data.join("key.pem"));
        let server = || {
            let mut server = Command::new(&program);
            server.current_dir(&data).env("COUNTERSIGN_LISTEN", format!("127.0.0.1:{port}"));
            server.env("COUNTERSIGN_PUBLIC_URL", format!("http://localhost:{port}"));
            server.env("COUNTERSIGN_ADMIN__LISTEN", format!("127.0.0.1:{admin}"));
            server.env("COUNTERSIGN_TRUSTED_PROXIES", "127.0.0.1/32");
            // How long one may wait for a hash of a debug build is not the question here.
            server.env("COUNTERSIGN_PASSWORDS__QUEUE_SECONDS", "60");
            // They ask far more than any limit lets through, and are not about limits.
            let asks_much = matches!(attack, "schema" | "oracle");
            server.env("COUNTERSIGN_LIMITS__ENABLED", if asks_much { "false" } else { "true" });
            server.env("COUNTERSIGN_MAIL__DIRECTORY", data.join("mail"));
            server
        };
        let mut ground = Self {
            url: format!("http://127.0.0.1:{port}"),
            inside: Some((format!("http://127.0.0.1:{admin}"), key.clone())),
            server: None,
            data: Some(data.clone()),
        };
        run(Command::new(built.join("countersign-attack")).arg("key").arg(&key))?;
        run(server().args(["keys", "import"]).arg(&key).arg("--activate").stdout(Stdio::null()))?;
        ground.server = Some(Host::start(&program, port, "/readyz", server().arg("serve"))?);
        Ok(ground)
    }
}

impl Drop for Ground {
    fn drop(&mut self) {
        // The server first: it would write on.
        drop(self.server.take());
        if let Some(data) = &self.data {
            // It lies in the folder for such things.
            let _ = fs::remove_dir_all(data);
        }
    }
}

/// A tool of this repository.
fn tool(attack: &str, ground: &Ground) -> Result<()> {
    let mut tool = cargo()?;
    tool.args(["run", "--quiet", "--package", "countersign-attack", "--", attack, &ground.url]);
    if let Some((admin, key)) = &ground.inside {
        match attack {
            "tokens" => tool.arg("--key").arg(key),
            "oracle" => &mut tool,
            _ => tool.args(["--trusted", "--admin", admin]),
        };
    }
    run(&mut tool)
}

/// Asks everything that the served OpenAPI document allows, and much that it does not, with and without an access token.
fn schema(ground: &Ground) -> Result<()> {
    let program = schemathesis()?;
    if let Some(server) = &ground.server {
        enroll(server.port)?;
    }
    let mut tool = Command::new(program);
    tool.current_dir(root()?.join("bench/attack"));
    tool.args(["--config-file", "schemathesis.toml", "run"]).arg(format!("{}/openapi.json", ground.url));
    tool.args(["--url", &ground.url]);
    run(&mut tool)
}

/// Where schemathesis is, after making sure of it.
fn schemathesis() -> Result<PathBuf> {
    let home = root()?.join("target/schemathesis");
    let program = home.join("bin/st");
    let wanted = SCHEMATHESIS.rsplit('=').next().unwrap_or_default();
    if program.is_file() && output(Command::new(&program).arg("--version"))?.contains(wanted) {
        return Ok(program);
    }
    if !answers(Command::new("python3").args(["-m", "venv", "--help"])) {
        bail!("Python 3 with venv is needed for schemathesis");
    }
    run(Command::new("python3").args(["-m", "venv"]).arg(&home))?;
    run(Command::new(home.join("bin/pip")).args(["install", "--quiet", "--disable-pip-version-check", SCHEMATHESIS]))?;
    Ok(program)
}

/// Registers the person by whom schemathesis signs in.
fn enroll(port: u16) -> Result<()> {
    let body = r#"{"email":"schema@example.com","password":"sable-otter-41-lantern","name":"Schema"}"#;
    let request = Request { method: "POST", path: "/api/auth/register", headers: Vec::new(), body: body.to_owned() };
    Connection::open(port)?.send(&request)?.ok().map(drop).context("registering")
}
