//! A small HTTP/1.1 client for one kept-alive connection. Only as much as our own servers need.

use std::io::{BufRead, BufReader, Read, Write};
use std::net::TcpStream;
use std::time::Duration;

use anyhow::{Context, Result, bail};

const PATIENCE: Duration = Duration::from_secs(30);

/// What came back.
#[derive(Debug)]
pub(crate) struct Answer {
    pub(crate) status: u16,
    /// Names in lower case.
    headers: Vec<(String, String)>,
    pub(crate) body: Vec<u8>,
}

impl Answer {
    /// The value that a `Set-Cookie` gives to this cookie.
    pub(crate) fn cookie(&self, name: &str) -> Option<String> {
        let set = self.headers.iter().filter(|(header, _)| header == "set-cookie");
        set.filter_map(|(_, value)| value.split(';').next()?.split_once('='))
            .find(|(found, _)| *found == name)
            .map(|(_, value)| value.to_owned())
    }

    /// A member of the JSON body.
    pub(crate) fn text(&self, member: &str) -> Result<String> {
        let body: serde_json::Value = serde_json::from_slice(&self.body)?;
        body.get(member)
            .and_then(|value| value.as_str())
            .map(str::to_owned)
            .with_context(|| format!("no {member} in {body}"))
    }

    /// The same answer if its status is a 2xx.
    pub(crate) fn ok(self) -> Result<Self> {
        match self.status {
            200..300 => Ok(self),
            status => bail!("{status}: {}", String::from_utf8_lossy(&self.body)),
        }
    }
}

/// A request: its first line and headers, ready to send but for the length.
#[derive(Debug, Clone)]
pub(crate) struct Request {
    pub(crate) method: &'static str,
    pub(crate) path: &'static str,
    pub(crate) headers: Vec<(&'static str, String)>,
    pub(crate) body: String,
}

/// One connection.
pub(crate) struct Connection {
    stream: BufReader<TcpStream>,
    line: String,
    out: Vec<u8>,
}

impl Connection {
    /// Opens a connection to a port of the loopback.
    pub(crate) fn open(port: u16) -> Result<Self> {
        let stream = TcpStream::connect(("127.0.0.1", port))?;
        stream.set_nodelay(true)?;
        stream.set_read_timeout(Some(PATIENCE))?;
        Ok(Self { stream: BufReader::new(stream), line: String::new(), out: Vec::new() })
    }

    /// The socket, for whoever wants to hang up while an answer is waited for.
    pub(crate) fn stream(&self) -> Result<TcpStream> {
        Ok(self.stream.get_ref().try_clone()?)
    }

    /// Sends the request and waits for the answer.
    pub(crate) fn send(&mut self, request: &Request) -> Result<Answer> {
        self.out.clear();
        write!(self.out, "{} {} HTTP/1.1\r\nHost: 127.0.0.1\r\n", request.method, request.path)?;
        for (name, value) in &request.headers {
            write!(self.out, "{name}: {value}\r\n")?;
        }
        if !request.body.is_empty() {
            write!(self.out, "Content-Type: application/json\r\nContent-Length: {}\r\n", request.body.len())?;
        }
        write!(self.out, "\r\n{}", request.body)?;
        self.stream.get_mut().write_all(&self.out)?;
        self.receive()
    }

    fn receive(&mut self) -> Result<Answer> {
        let first = self.read_line()?;
        let status = first.split(' ').nth(1).and_then(|code| code.parse().ok()).context("no status line")?;
        let mut headers = Vec::new();
        let mut length = 0;
        loop {
            let line = self.read_line()?;
            let Some((name, value)) = line.split_once(':') else { break };
            let (name, value) = (name.to_ascii_lowercase(), value.trim().to_owned());
            if name == "content-length" {
                length = value.parse()?;
            }
            headers.push((name, value));
        }
        let mut body = vec![0; length];
        self.stream.read_exact(&mut body)?;
        Ok(Answer { status, headers, body })
    }

    fn read_line(&mut self) -> Result<String> {
        self.line.clear();
        if self.stream.read_line(&mut self.line)? == 0 {
            bail!("the server closed the connection");
        }
        Ok(self.line.trim_end().to_owned())
    }
}
