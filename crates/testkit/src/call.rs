//! One request, shaped step by step.

use bytes::Bytes;
use http::header::{AUTHORIZATION, CONTENT_TYPE, COOKIE, HOST, ORIGIN, USER_AGENT};
use http::{HeaderMap, HeaderName, HeaderValue, Method, Request};
use serde_json::Value;

use crate::browser::Browser;
use crate::described::{Asked, Described, Site};
use crate::reply::Reply;

/// A request of an actor, with what a browser or a program would send by itself unless told otherwise.
#[derive(Debug, Clone)]
#[must_use = "nothing is sent before `send`"]
pub struct Call {
    browser: Browser,
    method: Method,
    path: String,
    headers: HeaderMap,
    body: Bytes,
    without: Vec<HeaderName>,
    bearer: Option<String>,
}

impl Call {
    pub(crate) fn new(browser: Browser, method: Method, path: &str) -> Self {
        let bearer = browser.memory().access.clone();
        Self {
            browser,
            method,
            path: path.to_owned(),
            headers: HeaderMap::new(),
            body: Bytes::new(),
            without: Vec::new(),
            bearer,
        }
    }

    /// Sends this JSON; null sends an empty body.
    pub fn json(self, body: Value) -> Self {
        if body.is_null() {
            return self;
        }
        self.header("content-type", "application/json").bytes(body.to_string())
    }

    /// Sends these bytes, whatever they are.
    pub fn bytes(mut self, body: impl Into<Bytes>) -> Self {
        self.body = body.into();
        self
    }

    /// Adds a field; a name or value that cannot be sent is left out.
    pub fn header(mut self, name: &str, value: impl AsRef<[u8]>) -> Self {
        if let (Ok(name), Ok(value)) = (HeaderName::try_from(name), HeaderValue::from_bytes(value.as_ref())) {
            self.headers.append(name, value);
        }
        self
    }

    /// Leaves out a field that would be sent by itself: `origin`, `cookie`, `user-agent`, `sec-fetch-site`.
    pub fn without(mut self, name: &str) -> Self {
        self.without.extend(HeaderName::try_from(name));
        self
    }

    /// Comes from a page of this origin instead of the system's own.
    pub fn on_page_of(self, origin: &str) -> Self {
        self.without("origin").without("sec-fetch-site").header("origin", origin)
    }

    /// Sends this access token.
    pub fn bearer(mut self, token: &str) -> Self {
        self.bearer = Some(token.to_owned());
        self
    }

    /// Sends no access token.
    pub fn anonymous(mut self) -> Self {
        self.bearer = None;
        self
    }

    /// Sends no cookies.
    pub fn without_cookies(self) -> Self {
        self.without("cookie")
    }

    /// Sends it and keeps the cookies that come back.
    ///
    /// # Panics
    /// The server cannot be reached.
    #[expect(clippy::panic, reason = "a test harness fails its test")]
    pub async fn send(self) -> Reply {
        let path = self.path.clone();
        match self.try_send().await {
            Ok(reply) => reply,
            Err(error) => panic!("{path}: {error}"),
        }
    }

    /// Sends it and keeps nothing that comes back, as if the answer were lost on the way.
    pub async fn send_and_lose(self) -> Reply {
        let browser = self.browser.clone();
        let before = browser.memory().clone();
        let reply = self.send().await;
        *browser.memory() = before;
        reply
    }

    /// Sends it and keeps the cookies that come back.
    ///
    /// # Errors
    /// The server cannot be reached, or went away before it had answered.
    ///
    /// # Panics
    /// The answer is not one that the OpenAPI document describes.
    pub async fn try_send(self) -> std::io::Result<Reply> {
        let browser = self.browser.clone();
        let (path, request) = (self.path.clone(), self.request()?);
        let (method, headers, body) = (request.method().clone(), request.headers().clone(), request.body().clone());
        let reply = browser.world.transport.send(request, browser.peer).await?;
        let asked = Asked { method: &method, path: &path, headers: &headers, body: &body };
        described(&asked, &reply, browser.world.site);
        let (is_https, now) = (browser.world.is_https(), browser.world.clock.now());
        let mut memory = browser.memory();
        for field in reply.set_cookies() {
            memory.jar.take(&field, is_https, now);
        }
        drop(memory);
        Ok(reply)
    }

    fn request(mut self) -> std::io::Result<Request<Bytes>> {
        let world = &self.browser.world;
        let authority = world.public_url.split("://").nth(1).unwrap_or_default();
        let path = self.path.split(['?', '#']).next().unwrap_or_default();
        let cookies = self.browser.memory().jar.field(path, world.is_https(), world.clock.now());
        let acts = !matches!(self.method, Method::GET | Method::HEAD | Method::OPTIONS);
        let by_itself = [
            (HOST, Some(authority.to_owned())),
            (USER_AGENT, Some(self.browser.user_agent.clone())),
            (COOKIE, cookies),
            (AUTHORIZATION, self.bearer.as_ref().map(|token| format!("Bearer {token}"))),
            (ORIGIN, (self.browser.is_browser && acts).then(|| world.public_url.clone())),
            (HeaderName::from_static("sec-fetch-site"), self.browser.is_browser.then(|| "same-origin".to_owned())),
        ];
        for (name, value) in by_itself {
            let Some(Ok(value)) = value.map(HeaderValue::try_from) else { continue };
            if !self.without.contains(&name) && !self.headers.contains_key(&name) {
                self.headers.insert(name, value);
            }
        }
        if self.without.contains(&CONTENT_TYPE) {
            self.headers.remove(CONTENT_TYPE);
        }
        let mut request = Request::builder().method(self.method).uri(self.path).body(self.body);
        if let Ok(request) = &mut request {
            *request.headers_mut() = self.headers;
        }
        request.map_err(std::io::Error::other)
    }
}

/// Makes sure that the OpenAPI document knows the exchange.
#[expect(clippy::panic, reason = "a test harness fails its test")]
fn described(asked: &Asked<'_>, reply: &Reply, site: Site) {
    if let Err(why) = Described::here().check(asked, reply, site) {
        panic!("the OpenAPI document does not describe {} {} {reply}: {why}", asked.method, asked.path);
    }
}
