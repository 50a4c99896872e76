//! `countersign serve`, and what `serve` and `dev` share: opening the doors, serving, stopping.
//!
//! Promises: nothing is served before everything is open; SIGTERM and SIGINT end it with exit code 0 within 10 s, whatever
//! clients do; a second signal ends it at once.

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use clap::Args;
use countersign::mail::Mailbox;
use countersign::{Mailer, PublicUrl, System, TrustedProxies};
use countersign_kernel::{Lifetime, Origin, RequestId, Secret};
use tokio::net::TcpListener;
use tokio::sync::Notify;

use super::failure::Failure;
use super::life_cycle;
use super::output::{Output, complain};
use super::reload::Reloader;
use super::signals::{Hangups, Signals};
use crate::config::{Config, Sources, Use};
use crate::listen::tls::Tls;
use crate::notify::Notify as Systemd;
use crate::telemetry::Traces;
use crate::{listen, metrics, open_files, telemetry, wire};

/// A certificate that expires in this time should have been renewed by now.
pub(super) const EXPIRES_SOON: Lifetime = Lifetime::from_days(14);

/// How long requests under way may take after the signal.
const DRAIN: Duration = Duration::from_secs(6);

/// How long closing the database may take after that.
const CLOSE: Duration = Duration::from_secs(3);

/// What `serve` is told.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  COUNTERSIGN_PUBLIC_URL=https://auth.example.com countersign serve
  countersign serve --config /etc/countersign/countersign.toml --claim

Without TLS__CERTIFICATE and TLS__KEY it speaks plain HTTP: put a proxy that ends TLS before it and name the proxy in
TRUSTED_PROXIES. SIGTERM drains and exits.")]
pub struct ServeArgs {
    /// Print a link with which the first administrator claims the role: once, for a short while, and only while there is none.
    #[arg(long)]
    pub claim: bool,
}

/// Runs the command.
///
/// # Errors
/// Why it could not start.
pub async fn run(args: &ServeArgs, sources: &Sources, output: Output) -> Result<(), Failure> {
    let (signals, hangups) = (Signals::heed()?, Hangups::heed()?);
    let config = Config::load(sources, Use::Serve)?;
    let url = config.general.public_url.clone().ok_or_else(|| Failure::usage("PUBLIC_URL is not set"))?;
    let traces = Traces::start(&config.telemetry)?;
    let _flush = telemetry::start(&config.log, traces.as_ref());
    let listener = bind(config.general.listen).await?;
    let server = Server::open(config, &url, listener, None).await?.traced(traces);
    if args.claim {
        match server.claim_link().await? {
            Some(link) => output.text(&format!("Claim the first administrator's role, once: {}\n", link.expose()))?,
            None => complain("there is an administrator already: no link was made"),
        }
    }
    server.announce();
    let reloader = Reloader {
        sources: sources.clone(),
        shown: server.config.shown.clone(),
        url,
        system: server.system.clone(),
        tls: server.tls.clone(),
    };
    server.run(signals, Some((hangups, reloader))).await
}

/// Everything open, nothing served yet.
pub struct Server {
    /// What it was told.
    pub config: Config,
    /// The system.
    pub system: System,
    /// Where the public listener is.
    pub address: SocketAddr,
    /// Where the administrators' listener is.
    pub admin: Option<SocketAddr>,
    tls: Option<Arc<Tls>>,
    doors: Vec<listen::Door>,
    traces: Option<Traces>,
}

impl Server {
    /// Opens everything; `listener` is the public one. Where nobody else takes mail, `mailbox` does.
    ///
    /// # Errors
    /// What could not be opened, and what to do.
    pub async fn open(
        config: Config,
        url: &PublicUrl,
        listener: TcpListener,
        mailbox: Option<&Mailbox>,
    ) -> Result<Self, Failure> {
        let address = listener.local_addr()?;
        let mut administrators = None;
        if let Some(wanted) = config.admin.listen {
            administrators = Some(bind(wanted).await?);
        }
        let tls = config.tls.as_ref().map(Tls::load).transpose()?;
        let mut builder = wire::builder(&config, url);
        if let Some(mailbox) = mailbox {
            builder = builder.mail(wire::addressed(Mailer::memory(mailbox), &config.mail));
        }
        #[cfg(feature = "driven-clock")]
        let builder = builder.env(crate::driven::env()?);
        let system = Box::pin(builder.build_system()).await?;
        life_cycle::started(&system, &config).await?;
        let bounds = open_files::fit(config.http, 1 + usize::from(administrators.is_some()));
        let mut doors =
            vec![listen::Door { listener, router: system.auth().site(), bounds, tls: tls.clone(), stays: false }];
        let mut admin = None;
        if let Some(listener) = administrators {
            admin = Some(listener.local_addr()?);
            doors.push(listen::Door { listener, router: metrics::router(&system), bounds, tls: None, stays: true });
        }
        Ok(Self { config, system, address, admin, tls, doors, traces: None })
    }

    /// Traces what the public listener serves, if there is a collector.
    #[must_use]
    pub fn traced(mut self, traces: Option<Traces>) -> Self {
        self.traces.clone_from(&traces);
        let proxies = TrustedProxies::new(self.config.general.trusted_proxies.clone());
        match traces {
            Some(traces) => self.wrapped(|router| traces.around(router, proxies)),
            None => self,
        }
    }

    /// Changes what the public listener serves.
    #[must_use]
    pub fn wrapped(mut self, wrap: impl FnOnce(axum::Router) -> axum::Router) -> Self {
        if let Some(door) = self.doors.first_mut() {
            door.router = wrap(std::mem::take(&mut door.router));
        }
        self
    }

    /// A new link for the first administrator; none where there is one.
    ///
    /// # Errors
    /// The database failed.
    pub async fn claim_link(&self) -> Result<Option<Secret<String>>, Failure> {
        let auth = self.system.auth();
        let origin = Origin::local(RequestId::new(self.system.env()));
        let secret = auth.accounts().offer_admin(&origin).await?;
        Ok(secret.map(|secret| Secret::new(format!("{}/claim/{}", auth.public_url(), secret.expose()))))
    }

    /// Logs what an operator should know, the listeners last: scripts wait for the public one's line.
    pub fn announce(&self) {
        for warning in &self.config.warnings {
            tracing::warn!("{warning}");
        }
        let url = self.system.auth().public_url();
        self.announce_tls();
        if url.starts_with("http://") && !url.ends_with(&format!(":{}", self.address.port())) {
            tracing::warn!(
                public_url = url,
                "browsers are told to use {url}, which is not where this listens; unless something forwards to {}, forms will be refused",
                self.address
            );
        }
        let version = env!("CARGO_PKG_VERSION");
        tracing::info!(version, public_url = url, "countersign {version} has started");
        if let Some(admin) = self.admin {
            tracing::info!(door = "admin", address = %admin, "metrics and health on http://{admin}");
        }
        let scheme = if self.tls.is_some() { "https" } else { "http" };
        tracing::info!(door = "public", address = %self.address, "listening on {scheme}://{}", self.address);
    }

    fn announce_tls(&self) {
        let Some(expires) = self.tls.as_ref().and_then(|tls| tls.expires()) else { return };
        let until = expires.to_rfc3339();
        if expires < self.system.env().now() + EXPIRES_SOON {
            tracing::warn!(tls.expires = until, "the certificate is valid until {until}: renew it");
        } else {
            tracing::info!(tls.expires = until, "the certificate is valid until {until}");
        }
    }

    /// Serves until a signal, then ends in an orderly way. Without `reloads` SIGHUP is left to the operating system.
    ///
    /// # Errors
    /// The database was moved away: whoever keeps the server running is to start it again, on the other one.
    pub async fn run(self, mut signals: Signals, reloads: Option<(Hangups, Reloader)>) -> Result<(), Failure> {
        let mut is_moved = false;
        let stop = Notify::new();
        let systemd = Systemd::from_environment();
        systemd.ready();
        let watchdog = tokio::spawn(systemd.clone().keep());
        let system = self.system.clone();
        let obeying = async {
            is_moved = tokio::select! {
                () = signals.next() => false,
                () = system.moved() => true,
            };
            systemd.stopping();
            system.drain();
            if is_moved {
                tracing::error!(
                    "the database was moved to PostgreSQL: this server stops; start it with DATABASE set to that"
                );
            }
            tracing::info!("stopping: no new connections, requests under way are finished");
            stop.notify_one();
            signals.next().await;
        };
        let reloading = async {
            let Some((mut hangups, mut reloader)) = reloads else { return std::future::pending().await };
            loop {
                hangups.next().await;
                systemd.reloading();
                reloader.reload();
                systemd.ready();
            }
        };
        tokio::select! {
            () = reloading => {}
            () = listen::serve(self.doors, stop.notified(), DRAIN) => {}
            () = obeying => tracing::warn!("asked twice: stopping at once"),
        }
        let closing = async {
            if let Err(error) = life_cycle::stopped(&self.system).await {
                tracing::warn!(%error, "could not write down that the server stops");
            }
            self.system.shut_down().await;
        };
        let sent = async {
            if let Some(traces) = self.traces {
                traces.finish().await;
            }
        };
        if tokio::join!(tokio::time::timeout(CLOSE, closing), sent).0.is_err() {
            tracing::warn!("the database did not close in time; nothing that was answered is lost");
        }
        watchdog.abort();
        tracing::info!("stopped");
        if is_moved { Err(countersign::Error::Moved.into()) } else { Ok(()) }
    }
}

/// Listens at an address.
///
/// # Errors
/// Another process has it, or this machine does not.
pub async fn bind(address: SocketAddr) -> Result<TcpListener, Failure> {
    TcpListener::bind(address).await.map_err(|error| {
        let hint = match error.kind() {
            std::io::ErrorKind::AddrInUse => "; another process listens there",
            std::io::ErrorKind::PermissionDenied => "; ports below 1024 are for privileged processes",
            std::io::ErrorKind::AddrNotAvailable => "; this machine does not have that address",
            _ => "",
        };
        Failure::unavailable(format!("could not listen on {address}: {error}{hint}"))
    })
}
