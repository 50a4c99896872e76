//! A connection on which JSON is asked for.

use std::net::SocketAddr;

use anyhow::{Result, bail};
use bytes::Bytes;
use http_body_util::{BodyExt as _, Full};
use hyper::client::conn::http1::{SendRequest, handshake};
use hyper::header::{AUTHORIZATION, CONTENT_TYPE, HOST};
use hyper::{Method, Request};
use hyper_util::rt::TokioIo;
use serde_json::Value;
use tokio::net::TcpStream;

/// A connection to a node, to nginx or to the API.
pub(crate) struct Client {
    sender: SendRequest<Full<Bytes>>,
    host: String,
}

impl Client {
    /// Connects.
    pub(crate) async fn connect(to: SocketAddr) -> Result<Self> {
        let (sender, connection) = handshake(TokioIo::new(TcpStream::connect(to).await?)).await?;
        tokio::spawn(connection);
        Ok(Self { sender, host: to.to_string() })
    }

    /// `GET`.
    pub(crate) async fn get(&mut self, path: &str, token: &str) -> Result<Answer> {
        self.ask(Method::GET, path, token, &Value::Null).await
    }

    /// `POST` of JSON, or of nothing.
    pub(crate) async fn post(&mut self, path: &str, token: &str, body: &Value) -> Result<Answer> {
        self.ask(Method::POST, path, token, body).await
    }

    async fn ask(&mut self, method: Method, path: &str, token: &str, body: &Value) -> Result<Answer> {
        let asked = format!("{method} {path}");
        let mut request = Request::builder().method(method).uri(path).header(HOST, &self.host);
        if !token.is_empty() {
            request = request.header(AUTHORIZATION, format!("Bearer {token}"));
        }
        let text = if body.is_null() { String::new() } else { body.to_string() };
        if !text.is_empty() {
            request = request.header(CONTENT_TYPE, "application/json");
        }
        self.sender.ready().await?;
        let answer = self.sender.send_request(request.body(Full::from(text))?).await?;
        let status = answer.status().as_u16();
        let body = answer.into_body().collect().await?.to_bytes();
        Ok(Answer { asked, status, body: serde_json::from_slice(&body).unwrap_or_default() })
    }
}

/// What was answered.
pub(crate) struct Answer {
    asked: String,
    status: u16,
    body: Value,
}

impl Answer {
    /// Its body, if all is well.
    pub(crate) fn good(self) -> Result<Value> {
        if !(200..300).contains(&self.status) {
            bail!("{} was answered {}: {}", self.asked, self.status, self.body);
        }
        Ok(self.body)
    }

    /// Whether it is the refusal of a token that was taken back; an error where it is neither that nor a good answer.
    pub(crate) fn has_refused(self) -> Result<bool> {
        let has_refused = self.status == 401 && text(&self.body, "/code") == "TOKEN_REVOKED";
        if !has_refused {
            self.good()?;
        }
        Ok(has_refused)
    }
}

/// The text at this place; empty where there is none.
pub(crate) fn text(value: &Value, pointer: &str) -> String {
    value.pointer(pointer).and_then(Value::as_str).unwrap_or_default().to_owned()
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn only_a_token_that_was_taken_back_is_refused_and_any_other_trouble_is_an_error() {
        let answered = |status, code: &str| {
            Answer { asked: "GET /".to_owned(), status, body: json!({"code": code}) }.has_refused().ok()
        };
        assert_eq!(answered(401, "TOKEN_REVOKED"), Some(true));
        assert_eq!(answered(200, ""), Some(false));
        for (status, code) in [(401, "TOKEN_EXPIRED"), (403, "TOKEN_REVOKED"), (503, "OVERLOADED")] {
            assert_eq!(answered(status, code), None, "{status} {code}");
        }
    }
}
