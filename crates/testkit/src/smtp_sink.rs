//! A small mail server on a loopback socket that keeps what it is given (RFC 5321, as much of it as a client needs).

use std::collections::VecDeque;
use std::net::SocketAddr;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use rcgen::{CertifiedKey, generate_simple_self_signed};
use rustls::ServerConfig;
use rustls::pki_types::{PrivateKeyDer, PrivatePkcs8KeyDer};
use tokio::io::{AsyncBufReadExt as _, AsyncRead, AsyncWrite, AsyncWriteExt as _, BufReader};
use tokio::net::TcpListener;
use tokio::task::JoinHandle;
use tokio_rustls::TlsAcceptor;

/// A mail that a server has taken.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Received {
    /// The sender of the envelope.
    pub from: String,
    /// The recipients of the envelope.
    pub to: Vec<String>,
    /// Head and body.
    pub data: String,
    /// Whether it came over TLS.
    pub is_encrypted: bool,
    /// Who had signed in, as `AUTH PLAIN` says it in base64; empty where nobody had.
    pub credentials: String,
}

/// A mail server. Dropped, it listens no more.
pub struct SmtpSink {
    /// Where it listens.
    pub address: SocketAddr,
    /// Its own certificate in PEM, to be believed.
    pub certificate: String,
    state: Arc<State>,
    task: JoinHandle<()>,
}

struct State {
    received: Mutex<Vec<Received>>,
    /// What the next mails are answered instead of being taken.
    refusals: Mutex<VecDeque<String>>,
    has_starttls: bool,
    acceptor: TlsAcceptor,
}

impl SmtpSink {
    /// Speaks plainly, and STARTTLS where it is asked to.
    pub async fn start() -> Self {
        Self::listen(true, false).await
    }

    /// Speaks plainly and knows no STARTTLS.
    pub async fn without_tls() -> Self {
        Self::listen(false, false).await
    }

    /// Speaks TLS from the first byte.
    pub async fn with_tls() -> Self {
        Self::listen(false, true).await
    }

    #[expect(clippy::expect_used, reason = "a test harness fails its test")]
    async fn listen(has_starttls: bool, is_wrapped: bool) -> Self {
        let CertifiedKey { cert, signing_key } =
            generate_simple_self_signed(["localhost".to_owned()]).expect("a certificate is made");
        let key = PrivateKeyDer::from(PrivatePkcs8KeyDer::from(signing_key.serialize_der()));
        let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
        let config = ServerConfig::builder_with_provider(provider)
            .with_safe_default_protocol_versions()
            .expect("there are protocol versions")
            .with_no_client_auth()
            .with_single_cert(vec![cert.der().clone()], key)
            .expect("the certificate fits its key");
        let state = Arc::new(State {
            received: Mutex::default(),
            refusals: Mutex::default(),
            has_starttls,
            acceptor: TlsAcceptor::from(Arc::new(config)),
        });
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port is free");
        let address = listener.local_addr().expect("a bound socket has an address");
        let shared = Arc::clone(&state);
        let task = tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                let state = Arc::clone(&shared);
                tokio::spawn(async move {
                    // A client that hangs up ends its own conversation and nothing else.
                    let _ = converse(stream, &state, is_wrapped).await;
                });
            }
        });
        Self { address, certificate: cert.pem(), state, task }
    }

    /// Answers the next mail so, in place of taking it: `451 later`, `550 never`.
    pub fn refuse_next(&self, answer: &str) {
        lock(&self.state.refusals).push_back(answer.to_owned());
    }

    /// What was taken, oldest first.
    #[must_use]
    pub fn received(&self) -> Vec<Received> {
        lock(&self.state.received).clone()
    }
}

impl Drop for SmtpSink {
    fn drop(&mut self) {
        self.task.abort();
    }
}

async fn converse(stream: tokio::net::TcpStream, state: &State, is_wrapped: bool) -> std::io::Result<()> {
    if is_wrapped {
        return talk(state.acceptor.accept(stream).await?, state, true, true).await.map(drop);
    }
    if let Some(stream) = talk(stream, state, false, true).await? {
        talk(state.acceptor.accept(stream).await?, state, true, false).await?;
    }
    Ok(())
}

/// One conversation; the stream where the client wants to go on under TLS.
async fn talk<S: AsyncRead + AsyncWrite + Unpin>(
    stream: S,
    state: &State,
    is_encrypted: bool,
    greets: bool,
) -> std::io::Result<Option<S>> {
    let mut stream = BufReader::new(stream);
    if greets {
        say(&mut stream, "220 sink").await?;
    }
    let nothing =
        Received { from: String::new(), to: vec![], data: String::new(), is_encrypted, credentials: String::new() };
    let mut mail = nothing.clone();
    while let Some(line) = hear(&mut stream).await? {
        let (verb, rest) = line.split_once(' ').unwrap_or((&line, ""));
        match verb.to_ascii_uppercase().as_str() {
            "EHLO" if state.has_starttls && !is_encrypted => say(&mut stream, "250-sink\r\n250 STARTTLS").await?,
            "EHLO" => say(&mut stream, "250-sink\r\n250-AUTH PLAIN\r\n250 8BITMIME").await?,
            "STARTTLS" if state.has_starttls => {
                say(&mut stream, "220 go on").await?;
                return Ok(Some(stream.into_inner()));
            }
            "AUTH" => {
                mail.credentials = rest.trim_start_matches("PLAIN ").to_owned();
                say(&mut stream, "235 welcome").await?;
            }
            "MAIL" => {
                mail.from = between(rest);
                say(&mut stream, "250 ok").await?;
            }
            "RCPT" => {
                mail.to.push(between(rest));
                say(&mut stream, "250 ok").await?;
            }
            "DATA" => {
                let refusal = lock(&state.refusals).pop_front();
                if let Some(answer) = refusal {
                    say(&mut stream, &answer).await?;
                    continue;
                }
                say(&mut stream, "354 go on").await?;
                while let Some(line) = hear(&mut stream).await?.filter(|line| line != ".") {
                    mail.data.push_str(line.strip_prefix('.').unwrap_or(&line));
                    mail.data.push('\n');
                }
                let credentials = mail.credentials.clone();
                lock(&state.received).push(std::mem::replace(&mut mail, Received { credentials, ..nothing.clone() }));
                say(&mut stream, "250 taken").await?;
            }
            "QUIT" => {
                say(&mut stream, "221 bye").await?;
                return Ok(None);
            }
            "RSET" | "NOOP" => say(&mut stream, "250 ok").await?,
            _ => say(&mut stream, "502 what").await?,
        }
    }
    Ok(None)
}

async fn say<S: AsyncRead + AsyncWrite + Unpin>(stream: &mut BufReader<S>, line: &str) -> std::io::Result<()> {
    stream.get_mut().write_all(format!("{line}\r\n").as_bytes()).await?;
    stream.get_mut().flush().await
}

async fn hear<S: AsyncRead + AsyncWrite + Unpin>(stream: &mut BufReader<S>) -> std::io::Result<Option<String>> {
    let mut line = String::new();
    let read = stream.read_line(&mut line).await?;
    Ok((read > 0).then(|| line.trim_end_matches(['\r', '\n']).to_owned()))
}

/// What stands between the angle brackets.
fn between(text: &str) -> String {
    text.split(['<', '>']).nth(1).unwrap_or_default().to_owned()
}

fn lock<T>(value: &Mutex<T>) -> MutexGuard<'_, T> {
    value.lock().unwrap_or_else(PoisonError::into_inner)
}
