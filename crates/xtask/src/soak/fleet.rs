//! The nodes, and the people who use them.

use std::path::PathBuf;
use std::process::Command;

use anyhow::{Context, Result};

use crate::client::{Connection, Request};
use crate::host::{Host, free_port};
use crate::process::{cargo, output, root, run};

const PASSWORD: &str = "a long enough phrase for a soak";

/// Nodes on one database.
pub(super) struct Fleet {
    program: PathBuf,
    settings: Vec<(&'static str, String)>,
    nodes: Vec<Host>,
}

/// Somebody who is signed in.
pub(super) struct Session {
    pub(super) id: String,
    pub(super) user: String,
    pub(super) access: String,
    refresh: String,
}

impl Fleet {
    /// Builds the release program, unless one is named, and starts so many of it.
    pub(super) fn start(program: Option<&str>, database: &str, nodes: usize) -> Result<Self> {
        let program = match program {
            Some(path) => PathBuf::from(path).canonicalize().context("--program")?,
            None => {
                run(cargo()?.args(["build", "--quiet", "--release", "--package", "countersign-server"]))?;
                root()?.join("target/release/countersign")
            }
        };
        let master = output(Command::new(&program).args(["keys", "generate-master"]))?.trim().to_owned();
        let settings = vec![
            ("COUNTERSIGN_PUBLIC_URL", "http://localhost:8420".to_owned()),
            ("COUNTERSIGN_DATABASE", database.to_owned()),
            ("COUNTERSIGN_MASTER_KEY", master),
            ("COUNTERSIGN_LIMITS__ENABLED", "false".to_owned()),
        ];
        let mut fleet = Self { program, settings, nodes: Vec::new() };
        for _ in 0..nodes {
            let port = free_port()?;
            // A session of its own: see the load comparison.
            let mut command = Command::new("setsid");
            command.arg(&fleet.program).arg("serve").envs(fleet.settings.iter().cloned());
            command.env("COUNTERSIGN_LISTEN", format!("127.0.0.1:{port}"));
            fleet.nodes.push(Host::start(&fleet.program, port, "/readyz", &mut command)?);
        }
        Ok(fleet)
    }

    /// Where they listen.
    pub(super) fn ports(&self) -> Vec<u16> {
        self.nodes.iter().map(|node| node.port).collect()
    }

    /// A key for the feed.
    pub(super) fn machine_key(&self) -> Result<String> {
        let mut command = Command::new(&self.program);
        command.args(["machine", "create", "soak", "--json"]).envs(self.settings.iter().cloned());
        let made: serde_json::Value = serde_json::from_str(&output(&mut command)?)?;
        made.get("key").and_then(|key| key.as_str()).map(str::to_owned).context("no key was made")
    }

    /// Registers so many people.
    pub(super) fn register(&self, people: usize) -> Result<()> {
        let mut connection = Connection::open(self.nodes.first().context("a node")?.port)?;
        for number in 0..people {
            let body = serde_json::json!({"email": email(number), "password": PASSWORD, "name": "Soak"});
            connection.send(&sent("/api/auth/register", Vec::new(), body.to_string()))?.ok()?;
        }
        Ok(())
    }
}

impl Session {
    /// Takes new tokens.
    pub(super) fn refresh(&mut self, connection: &mut Connection) -> Result<()> {
        let body = serde_json::json!({"refreshToken": self.refresh}).to_string();
        let answer = connection.send(&sent("/api/auth/refresh", Vec::new(), body))?.ok()?;
        self.access = answer.text("accessToken")?;
        // A thin answer leaves the refresh token as it is.
        self.refresh = answer.text("refreshToken").unwrap_or_else(|_| self.refresh.clone());
        Ok(())
    }
}

/// Signs in as a program that keeps its tokens itself.
pub(super) fn sign_in(connection: &mut Connection, number: usize) -> Result<Session> {
    let body = serde_json::json!({"email": email(number), "password": PASSWORD, "tokenDelivery": "body"});
    let answer = connection.send(&sent("/api/auth/login", Vec::new(), body.to_string()))?.ok()?;
    let json: serde_json::Value = serde_json::from_slice(&answer.body)?;
    let text = |path: &str| {
        json.pointer(path).and_then(|value| value.as_str()).map(str::to_owned).with_context(|| format!("no {path}"))
    };
    let [id, user, access, refresh] = ["/session/id", "/user/id", "/accessToken", "/refreshToken"].map(text);
    Ok(Session { id: id?, user: user?, access: access?, refresh: refresh? })
}

/// A question with an access token.
pub(super) fn bearer(path: &'static str, token: &str) -> Request {
    Request { method: "GET", path, headers: authorization(token), body: String::new() }
}

/// An act with an access token.
pub(super) fn post(path: &'static str, token: &str) -> Request {
    sent(path, authorization(token), "{}".to_owned())
}

fn authorization(token: &str) -> Vec<(&'static str, String)> {
    vec![("Authorization", format!("Bearer {token}"))]
}

const fn sent(path: &'static str, headers: Vec<(&'static str, String)>, body: String) -> Request {
    Request { method: "POST", path, headers, body }
}

fn email(number: usize) -> String {
    format!("soak{number}@example.com")
}
