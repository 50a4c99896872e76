//! `countersign dev`: everything on, for this machine alone.
//!
//! Promises: it listens on loopback addresses only; it needs no setting; a taken default port gives way to the next free one;
//! what it prints is all that a newcomer needs.

use std::fmt::Write;
use std::io::ErrorKind;
use std::net::SocketAddr;
use std::path::Path;

use axum::Router;
use axum::extract::{Request, State};
use axum::http::{Method, header};
use axum::middleware::{Next, from_fn_with_state};
use axum::response::{IntoResponse, Redirect, Response};
use countersign::PublicUrl;
use countersign::mail::Mailbox;
use countersign_kernel::Secret;
use tokio::net::TcpListener;

use super::failure::Failure;
use super::output::Output;
use super::serve::{Server, bind};
use super::signals::Signals;
use crate::config::{Config, Sources, Use};
use crate::dev_mail;
use crate::telemetry::{self, Traces};

/// How many ports after the default one are tried.
const PORTS: u16 = 100;

/// Runs the command.
///
/// # Errors
/// Why it could not start.
pub async fn run(sources: &Sources, output: Output) -> Result<(), Failure> {
    let signals = Signals::heed()?;
    let config = Config::load(sources, Use::Dev)?;
    let traces = Traces::start(&config.telemetry)?;
    let flush = telemetry::start(&config.log, traces.as_ref());
    let listener = listener(&config).await?;
    let address = listener.local_addr()?;
    let url = match &config.general.public_url {
        Some(url) => url.clone(),
        None => PublicUrl::parse(&format!("http://localhost:{}", address.port()))
            .map_err(|e| Failure::usage(e.to_string()))?,
    };
    let mailbox = config.mail.taker.is_none().then(Mailbox::default);
    let server = Server::open(config, &url, listener, mailbox.as_ref()).await?.traced(traces);
    let link = server.claim_link().await?;
    output.text(&banner(&server, link.as_ref(), mailbox.is_some()))?;
    server.announce();
    let resume = resume(&server.config);
    let host = url.as_str().split_once("://").map_or("", |(_, host)| host).to_owned();
    let home = Home { host: host.into(), url: url.as_str().into() };
    let with_mailbox = |site: Router| match mailbox {
        Some(mailbox) => site.clone().merge(dev_mail::router(mailbox, site, url.as_str())),
        None => site,
    };
    let wrap = |site: Router| with_mailbox(site).layer(from_fn_with_state(home, lead_home));
    let served = server.wrapped(wrap).run(signals, None).await;
    // The log's last line comes before ours.
    drop(flush);
    served.and_then(|()| output.text(&resume))
}

/// The chosen address; the default one or the next that is free.
async fn listener(config: &Config) -> Result<TcpListener, Failure> {
    let wanted = config.general.listen;
    if config.general.listen_is_chosen {
        return bind(wanted).await;
    }
    for port in wanted.port()..wanted.port().saturating_add(PORTS) {
        match TcpListener::bind(SocketAddr::new(wanted.ip(), port)).await {
            Err(error) if error.kind() == ErrorKind::AddrInUse => {}
            Err(_) => break,
            Ok(listener) => return Ok(listener),
        }
    }
    bind(wanted).await
}

fn banner(server: &Server, claim: Option<&Secret<String>>, has_mailbox: bool) -> String {
    let config = &server.config;
    let url = server.system.auth().public_url();
    let data = data_dir(config);
    let key = if config.general.master_key.is_some() {
        "as set by MASTER_KEY".to_owned()
    } else {
        Path::new(&data).join("master.key").display().to_string()
    };
    let mut text = format!("\ncountersign {}, dev mode: this machine only, plain http\n\n", env!("CARGO_PKG_VERSION"));
    let mut line = |name: &str, value: &str| {
        // Writing into a String does not fail.
        let _ = writeln!(text, "  {name:<12}{value}");
    };
    line("Page", url);
    line("API docs", &format!("{url}/docs"));
    if has_mailbox {
        line("Mailbox", &format!("{url}/dev/mail"));
    }
    line("Data", &data);
    if config.general.database.is_some() {
        line("Database", &config.general.database_shown());
    }
    line("Master key", &key);
    if let Some(admin) = server.admin {
        line("Metrics", &format!("http://{admin}/metrics"));
    }
    if let Some(claim) = claim {
        line("Claim admin", claim.expose());
        line("", "There is no administrator yet. The link works once, for 30 minutes.");
    }
    let wanted = config.general.listen.port();
    if wanted != 0 && wanted != server.address.port() {
        let _ =
            writeln!(text, "\n  Port {wanted} is taken by another process, so this is port {}.", server.address.port());
    }
    let _ = write!(
        text,
        "\n  Stop with Ctrl-C; everyone stays signed in. To start over, stop it and delete the {}.\n\nReady\n",
        if config.general.database_file().is_some() { "data" } else { "database" }
    );
    text
}

fn resume(config: &Config) -> String {
    let over = match config.general.database_file() {
        Some(_) => format!("rm -r {}", data_dir(config)),
        None => format!("drop the database {}", config.general.database_shown()),
    };
    format!("\nStopped. Go on:      countersign dev\n         Start over:  {over}\n")
}

/// The data directory as somebody in another directory would name it.
fn data_dir(config: &Config) -> String {
    let path = &config.general.data_dir;
    std::fs::canonicalize(path).unwrap_or_else(|_| path.clone()).display().to_string()
}

/// Where pages belong.
#[derive(Clone)]
struct Home {
    host: std::sync::Arc<str>,
    url: std::sync::Arc<str>,
}

/// Leads a browser that came by another name, like 127.0.0.1, to the public URL: cookies and CSRF checks are bound to that
/// origin, and forms on another one would be refused.
async fn lead_home(State(home): State<Home>, request: Request, next: Next) -> Response {
    let headers = request.headers();
    let host = headers.get(header::HOST).and_then(|h| h.to_str().ok());
    let wants_page = headers.get(header::ACCEPT).and_then(|a| a.to_str().ok()).is_some_and(|a| a.contains("text/html"));
    if request.method() == Method::GET && wants_page && host.is_some_and(|h| !h.eq_ignore_ascii_case(&home.host)) {
        let path = request.uri().path_and_query().map_or("/", axum::http::uri::PathAndQuery::as_str);
        return Redirect::temporary(&format!("{}{path}", home.url)).into_response();
    }
    next.run(request).await
}
