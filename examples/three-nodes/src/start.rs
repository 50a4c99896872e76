//! How each part is started, and when it is ready.

use std::fs;
use std::net::SocketAddr;
use std::path::Path;
use std::process::{Command, Stdio};

use anyhow::{Context as _, Result, bail};
use tokio::net::TcpStream;

use crate::client::Client;
use crate::part::Part;
use crate::programs::Programs;
use crate::server::Server;

/// PostgreSQL as it comes, on a new cluster that everyone on this machine may enter.
pub(crate) async fn postgres(programs: &Programs, folder: &Path, at: SocketAddr) -> Result<Part> {
    let (data, user) = (folder.join("postgres"), other_user()?);
    fs::create_dir(&data)?;
    if let Some(user) = &user {
        finish(Command::new("chown").arg(user).arg(&data))?;
    }
    let mut initdb = as_user(user.as_deref(), &programs.initdb);
    initdb.args(["-U", "countersign", "-A", "trust", "-E", "UTF8", "--locale=C", "-D"]).arg(&data).current_dir(folder);
    finish(&mut initdb)?;
    let mut postgres = as_user(user.as_deref(), &programs.postgres);
    postgres.arg("-D").arg(&data).args(["-h", &at.ip().to_string(), "-p", &at.port().to_string(), "-k", ""]);
    let is_ready = async |log: &str| log.contains("ready to accept connections");
    Part::start("postgres", &mut postgres, folder)?.ready(is_ready).await
}

/// Valkey, in memory alone.
pub(crate) async fn valkey(programs: &Programs, folder: &Path, at: SocketAddr) -> Result<Part> {
    let (host, port) = (at.ip().to_string(), at.port().to_string());
    let mut valkey = Command::new(&programs.valkey);
    valkey.args(["--bind", &host, "--port", &port, "--save", "", "--appendonly", "no"]);
    Part::start("valkey", &mut valkey, folder)?.ready(async |_: &str| TcpStream::connect(at).await.is_ok()).await
}

/// The nodes, all at once on a database where nothing is yet.
pub(crate) async fn nodes(server: &Server, folder: &Path, at: [SocketAddr; 3]) -> Result<Vec<Part>> {
    let (mut started, mut ready) = (Vec::new(), Vec::new());
    for (name, at) in ["node-a", "node-b", "node-c"].into_iter().zip(at) {
        let mut node = server.command()?;
        node.arg("serve").env("COUNTERSIGN_LISTEN", at.to_string());
        started.push((Part::start(name, &mut node, folder)?, at));
    }
    for (node, at) in started {
        ready.push(node.ready(async |_: &str| is_ready(at).await.is_ok()).await?);
    }
    Ok(ready)
}

/// nginx before the nodes.
pub(crate) async fn nginx(programs: &Programs, folder: &Path, at: SocketAddr, nodes: [SocketAddr; 3]) -> Result<Part> {
    let nodes = nodes.map(|node| format!("server {node};")).join("\n        ");
    let settings = include_str!("nginx.conf").replace("{listen}", &at.to_string()).replace("{nodes}", &nodes);
    fs::write(folder.join("nginx.conf"), settings)?;
    let mut nginx = Command::new(&programs.nginx);
    nginx.args(["-e", "stderr", "-c", "nginx.conf", "-p"]).arg(folder);
    Part::start("nginx", &mut nginx, folder)?.ready(async |_: &str| is_ready(at).await.is_ok()).await
}

async fn is_ready(at: SocketAddr) -> Result<()> {
    Client::connect(at).await?.get("/readyz", "").await?.good().map(drop)
}

/// Whom PostgreSQL runs as where we are root, as whom it refuses to run.
fn other_user() -> Result<Option<String>> {
    if !rustix::process::geteuid().is_root() {
        return Ok(None);
    }
    let exists = |user: &&str| finish(Command::new("id").arg(user)).is_ok();
    let user = ["postgres", "nobody"].into_iter().find(exists);
    user.map(|user| Some(user.to_owned()))
        .context("there is neither a user `postgres` nor `nobody` to run PostgreSQL as")
}

fn as_user(user: Option<&str>, program: &Path) -> Command {
    let Some(user) = user else { return Command::new(program) };
    let mut command = Command::new("setpriv");
    command.args(["--reuid", user, "--regid"]).arg(if user == "nobody" { "nogroup" } else { user });
    command.arg("--clear-groups").arg(program);
    command
}

/// Runs a program to its end.
fn finish(command: &mut Command) -> Result<()> {
    let name = command.get_program().to_string_lossy().into_owned();
    let done = command.stdin(Stdio::null()).output().with_context(|| format!("{name} could not be started"))?;
    if !done.status.success() {
        bail!("{name} failed: {}", String::from_utf8_lossy(&done.stderr));
    }
    Ok(())
}
