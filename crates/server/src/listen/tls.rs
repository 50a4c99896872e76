//! Ends TLS: versions 1.2 and 1.3 by rustls, for HTTP/1.1.
//!
//! Promises: certificate and key are read again when their contents change, whatever way they were replaced; a pair that cannot be used
//! leaves the one before in force and is told of once; a connection keeps what it began with; at the start a pair that does not
//! fit, or a key that every user of the machine can read, is refused. A handshake counts as the head of the first request: it has the same time,
//! and its connection the same place.

use std::fs;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use arc_swap::ArcSwap;
use countersign_kernel::{Secret, Timestamp};
use rustls::ServerConfig;
use rustls::crypto::aws_lc_rs;
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use tokio_rustls::TlsAcceptor;

use super::validity;
use crate::config::tls::Files;

/// How often the files are looked at.
const LOOK: Duration = Duration::from_secs(2);

/// What a listener ends TLS with.
pub struct Tls {
    files: Files,
    loaded: ArcSwap<Loaded>,
    /// What could not be used, so that it is told of once.
    refused: Mutex<Option<Contents>>,
}

/// Why a pair cannot be used. Says nothing of the key but its place.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum TlsError {
    /// A file cannot be read.
    #[error("could not read {}", path.display())]
    File {
        /// The file.
        path: PathBuf,
        /// Why.
        #[source]
        source: std::io::Error,
    },
    /// Every user of the machine can read the key.
    #[error("{} holds a private key and every user of this machine can read it; run: chmod 600 {}", .0.display(), .0.display())]
    Exposed(PathBuf),
    /// The file holds no PEM of that kind.
    #[error("{} holds no {what} in PEM", path.display())]
    Absent {
        /// The file.
        path: PathBuf,
        /// What it should hold.
        what: &'static str,
    },
    /// They do not go together, or are not for TLS.
    #[error("the certificate {} and the key {} cannot be used together", certificate.display(), key.display())]
    Unusable {
        /// The certificate's file.
        certificate: PathBuf,
        /// The key's file.
        key: PathBuf,
        /// Why.
        #[source]
        source: rustls::Error,
    },
}

/// What the files held.
#[derive(PartialEq, Eq)]
struct Contents {
    certificate: Vec<u8>,
    key: Vec<u8>,
}

struct Loaded {
    acceptor: TlsAcceptor,
    from: Secret<Vec<u8>>,
    expires: Option<Timestamp>,
}

impl Tls {
    /// Reads certificate and key.
    ///
    /// # Errors
    /// [`TlsError`]: which file, and what to do.
    pub fn load(files: &Files) -> Result<Arc<Self>, TlsError> {
        let loaded = load(files, &read(files)?)?;
        let tls = Self { files: files.clone(), loaded: ArcSwap::from_pointee(loaded), refused: Mutex::default() };
        Ok(Arc::new(tls))
    }

    /// Until when the certificate is valid; none where that cannot be read.
    #[must_use]
    pub fn expires(&self) -> Option<Timestamp> {
        self.loaded.load().expires
    }

    /// Looks at the files again; whether another pair is in force from now on.
    ///
    /// # Errors
    /// [`TlsError`] for what the files hold now; the pair before stays in force.
    pub fn look(&self) -> Result<bool, TlsError> {
        let contents = read(&self.files)?;
        if contents.joined().expose() == self.loaded.load().from.expose() {
            return Ok(false);
        }
        self.loaded.store(Arc::new(load(&self.files, &contents)?));
        Ok(true)
    }

    /// Follows the files for ever.
    pub async fn keep(self: Arc<Self>) {
        let mut turns = tokio::time::interval(LOOK);
        turns.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Delay);
        loop {
            turns.tick().await;
            let tls = Arc::clone(&self);
            // Nobody waits for it, and a disk may be slow.
            let _ = tokio::task::spawn_blocking(move || tls.look_and_tell()).await;
        }
    }

    /// Looks, and says in the log what came of it.
    pub fn look_and_tell(&self) {
        let mut refused = self.refused.lock().unwrap_or_else(PoisonError::into_inner);
        match self.look() {
            Ok(false) => *refused = None,
            Ok(true) => {
                *refused = None;
                let until = self.expires().map(Timestamp::to_rfc3339).unwrap_or_default();
                tracing::info!(tls.expires = until, "another certificate is in force, valid until {until}");
            }
            Err(error) => {
                let held = read(&self.files).ok();
                if refused.is_none() || *refused != held {
                    let error: &dyn std::error::Error = &error;
                    tracing::error!(
                        error,
                        "the certificate or key has changed and cannot be used: the one before stays in force"
                    );
                    *refused = Some(held.unwrap_or(Contents { certificate: Vec::new(), key: Vec::new() }));
                }
            }
        }
    }

    pub(super) fn acceptor(&self) -> TlsAcceptor {
        self.loaded.load().acceptor.clone()
    }
}

impl std::fmt::Debug for Tls {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Tls").field("files", &self.files).field("expires", &self.expires()).finish_non_exhaustive()
    }
}

impl Contents {
    fn joined(&self) -> Secret<Vec<u8>> {
        Secret::new([self.certificate.as_slice(), b"\0", self.key.as_slice()].concat())
    }
}

fn read(files: &Files) -> Result<Contents, TlsError> {
    let file = |path: &Path| fs::read(path).map_err(|source| TlsError::File { path: path.to_owned(), source });
    let contents = Contents { certificate: file(&files.certificate)?, key: file(&files.key)? };
    if everybody_can_read(&files.key) {
        return Err(TlsError::Exposed(files.key.clone()));
    }
    Ok(contents)
}

fn load(files: &Files, contents: &Contents) -> Result<Loaded, TlsError> {
    let absent = |path: &Path, what| TlsError::Absent { path: path.to_owned(), what };
    let chain: Result<Vec<_>, _> = CertificateDer::pem_slice_iter(&contents.certificate).collect();
    let chain = chain.ok().filter(|chain| !chain.is_empty());
    let chain = chain.ok_or_else(|| absent(&files.certificate, "certificate"))?;
    let key = PrivateKeyDer::from_pem_slice(&contents.key).map_err(|_| absent(&files.key, "private key"))?;
    let expires = chain.first().and_then(|first| validity::not_after(first));
    let unusable =
        |source| TlsError::Unusable { certificate: files.certificate.clone(), key: files.key.clone(), source };
    let mut config = ServerConfig::builder_with_provider(Arc::new(aws_lc_rs::default_provider()))
        .with_protocol_versions(&[&rustls::version::TLS13, &rustls::version::TLS12])
        .and_then(|builder| builder.with_no_client_auth().with_single_cert(chain, key))
        .map_err(unusable)?;
    config.alpn_protocols = vec![b"http/1.1".to_vec()];
    Ok(Loaded { acceptor: TlsAcceptor::from(Arc::new(config)), from: contents.joined(), expires })
}

/// A group may read it (`ssl-cert`, or systemd's credentials, whose access list shows as a group's), but not everybody.
#[cfg(unix)]
fn everybody_can_read(path: &Path) -> bool {
    use std::os::unix::fs::PermissionsExt;
    fs::metadata(path).is_ok_and(|metadata| metadata.permissions().mode() & 0o007 != 0)
}

#[cfg(not(unix))]
fn everybody_can_read(_: &Path) -> bool {
    false
}
