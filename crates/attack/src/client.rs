//! One request on a connection of its own, from an address of one's choice.

use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::time::Duration;

use anyhow::{Context as _, Result, ensure};
use serde_json::Value;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpSocket, lookup_host};
use tokio::time::timeout;

/// How long an answer may take.
const PATIENCE: Duration = Duration::from_secs(60);

/// Where the server is.
#[derive(Debug, Clone)]
pub struct Target {
    authority: String,
    prefix: String,
}

/// What came back.
#[derive(Debug, Clone)]
pub(crate) struct Answer {
    pub(crate) status: u16,
    fields: Vec<(String, String)>,
    pub(crate) body: Vec<u8>,
}

/// A request to be.
#[derive(Debug, Clone)]
pub(crate) struct Ask {
    pub(crate) method: &'static str,
    pub(crate) path: String,
    /// Names and values, sent as they are.
    pub(crate) fields: Vec<(String, Vec<u8>)>,
    pub(crate) body: String,
    /// The address to come from; any where there is none.
    pub(crate) from: Option<Ipv4Addr>,
}

impl Target {
    /// The server at this address: `http://HOST:PORT`.
    ///
    /// # Errors
    /// It is no plain http address.
    pub fn parse(url: &str) -> Result<Self> {
        let rest = url.strip_prefix("http://").context("only plain http: attack the server itself, not its proxy")?;
        let (authority, prefix) = rest.split_once('/').unwrap_or((rest, ""));
        let authority = if authority.contains(':') { authority.to_owned() } else { format!("{authority}:80") };
        let prefix = prefix.trim_end_matches('/');
        let prefix = if prefix.is_empty() { String::new() } else { format!("/{prefix}") };
        Ok(Self { authority, prefix })
    }

    /// Sends it and reads the answer whole.
    pub(crate) async fn send(&self, ask: &Ask) -> Result<Answer> {
        let exchange = async {
            let address = lookup_host(&self.authority).await?.next().context("the host has no address")?;
            let socket = match address.ip() {
                IpAddr::V4(_) => TcpSocket::new_v4()?,
                IpAddr::V6(_) => TcpSocket::new_v6()?,
            };
            if let Some(from) = ask.from {
                socket.bind(SocketAddr::from((from, 0))).with_context(|| format!("cannot come from {from}"))?;
            }
            let (mut from, mut to) = socket.connect(address).await?.into_split();
            let bytes = ask.bytes(&self.authority, &self.prefix);
            let mut answer = Vec::new();
            // A server that refuses half-way hangs up while it is still being told.
            let (_, read) = tokio::join!(to.write_all(&bytes), from.read_to_end(&mut answer));
            read?;
            Answer::read(&answer)
        };
        timeout(PATIENCE, exchange).await.with_context(|| format!("no answer to {} {}", ask.method, ask.path))?
    }
}

impl Ask {
    pub(crate) fn get(path: &str) -> Self {
        Self { method: "GET", path: path.to_owned(), fields: Vec::new(), body: String::new(), from: None }
    }

    pub(crate) fn post(path: &str, body: &Value) -> Self {
        Self { method: "POST", body: body.to_string(), ..Self::get(path) }
    }

    pub(crate) fn field(mut self, name: &str, value: impl AsRef<[u8]>) -> Self {
        self.fields.push((name.to_owned(), value.as_ref().to_vec()));
        self
    }

    pub(crate) fn from(mut self, address: Ipv4Addr) -> Self {
        self.from = Some(address);
        self
    }

    fn bytes(&self, authority: &str, prefix: &str) -> Vec<u8> {
        let mut bytes =
            format!("{} {prefix}{} HTTP/1.1\r\nHost: {authority}\r\nConnection: close\r\n", self.method, self.path)
                .into_bytes();
        for (name, value) in &self.fields {
            bytes.extend_from_slice(name.as_bytes());
            bytes.extend_from_slice(b": ");
            bytes.extend_from_slice(value);
            bytes.extend_from_slice(b"\r\n");
        }
        if !self.body.is_empty() {
            let names = self.fields.iter().map(|(name, _)| name.to_ascii_lowercase());
            if !names.into_iter().any(|name| name == "content-type") {
                bytes.extend_from_slice(b"Content-Type: application/json\r\n");
            }
            bytes.extend_from_slice(format!("Content-Length: {}\r\n", self.body.len()).as_bytes());
        }
        bytes.extend_from_slice(b"\r\n");
        bytes.extend_from_slice(self.body.as_bytes());
        bytes
    }
}

impl Answer {
    pub(crate) fn read(bytes: &[u8]) -> Result<Self> {
        let end = bytes.windows(4).position(|four| four == b"\r\n\r\n").context("no answer, or half of one")?;
        let (head, body) = bytes.split_at_checked(end).unwrap_or_default();
        let head = String::from_utf8_lossy(head);
        let mut lines = head.split("\r\n");
        let status = lines.next().and_then(|line| line.split(' ').nth(1)?.parse().ok()).context("no status")?;
        let fields = lines.filter_map(|line| line.split_once(':'));
        let fields = fields.map(|(name, value)| (name.to_ascii_lowercase(), value.trim().to_owned())).collect();
        Ok(Self { status, fields, body: body.get(4..).unwrap_or_default().to_vec() })
    }

    /// All fields, with lower-case names, in the order of the answer.
    pub(crate) fn fields(&self) -> impl Iterator<Item = (&str, &str)> {
        self.fields.iter().map(|(name, value)| (name.as_str(), value.as_str()))
    }

    /// The value of a field; empty where there is none.
    pub(crate) fn field(&self, name: &str) -> &str {
        self.fields.iter().find(|(found, _)| found == name).map_or("", |(_, value)| value)
    }

    /// The body as JSON; null where it is none.
    pub(crate) fn json(&self) -> Value {
        serde_json::from_slice(&self.body).unwrap_or(Value::Null)
    }

    /// A text of the JSON body, by its pointer; empty where there is none.
    pub(crate) fn text(&self, pointer: &str) -> String {
        self.json().pointer(pointer).and_then(Value::as_str).unwrap_or_default().to_owned()
    }

    /// The stable error code; empty where there is none.
    pub(crate) fn code(&self) -> String {
        self.text("/code")
    }

    /// This, after making sure of its status.
    pub(crate) fn expect(self, status: u16) -> Result<Self> {
        ensure!(self.status == status, "{} for {status}: {}", self.status, String::from_utf8_lossy(&self.body));
        Ok(self)
    }
}

/// So many random letters, for names that nobody has had.
pub(crate) fn random_letters(count: usize) -> Result<String> {
    let mut bytes = vec![0; count];
    aws_lc_rs::rand::fill(&mut bytes).ok().context("no chance")?;
    Ok(bytes.into_iter().map(|byte| char::from(b'a' + byte % 26)).collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_answer_is_read_and_half_of_one_is_not() {
        let answer = Answer::read(b"HTTP/1.1 401 Unauthorized\r\nX-Y:  z \r\n\r\n{\"code\":\"NO\"}").unwrap();
        assert_eq!((answer.status, answer.field("x-y"), answer.code().as_str()), (401, "z", "NO"));
        assert!(Answer::read(b"HTTP/1.1 401 Unauthorized\r\nX-").is_err());
        assert!(Answer::read(b"").is_err());
    }

    #[test]
    fn an_address_is_read_with_and_without_port_and_path() {
        for (url, authority, prefix) in [
            ("http://127.0.0.1:8420", "127.0.0.1:8420", ""),
            ("http://localhost/", "localhost:80", ""),
            ("http://localhost:1/auth/", "localhost:1", "/auth"),
        ] {
            let target = Target::parse(url).unwrap();
            assert_eq!((target.authority.as_str(), target.prefix.as_str()), (authority, prefix), "{url}");
        }
        assert!(Target::parse("https://localhost").is_err());
    }
}
