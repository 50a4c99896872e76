//! Asks over TCP and TLS.
//!
//! Promises: TLS is rustls over aws-lc-rs, by the roots that browsers trust and those that were added; a connection serves one
//! question, and ends with its answer. No proxy, no redirect, no cookie, no pool: two documents every few minutes and one long
//! stream need none.

use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};

use axum_core::body::Body;
use bytes::Bytes;
use http::{Request, Response};
use http_body::{Frame, SizeHint};
use hyper::body::Incoming;
use hyper::client::conn::http1::{SendRequest, handshake};
use hyper_util::rt::TokioIo;
use rustls::pki_types::pem::PemObject as _;
use rustls::pki_types::{CertificateDer, ServerName};
use rustls::{ClientConfig, RootCertStore};
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::TcpStream;
use tokio::task::JoinHandle;
use tokio_rustls::TlsConnector;

use crate::address::Address;
use crate::error::Error;
use crate::transport::{Sending, Transport};

/// The network as it is.
pub(crate) struct Network {
    tls: TlsConnector,
}

impl Network {
    /// Trusts the usual roots and the PEM certificates of `more`.
    pub(crate) fn new(more: &[Vec<u8>]) -> Result<Self, Error> {
        let mut roots = RootCertStore { roots: webpki_roots::TLS_SERVER_ROOTS.to_vec() };
        for pem in more {
            let mut count = 0;
            for certificate in CertificateDer::pem_slice_iter(pem) {
                roots.add(certificate.map_err(|_| Error::Certificate)?).map_err(|_| Error::Certificate)?;
                count += 1;
            }
            if count == 0 {
                return Err(Error::Certificate);
            }
        }
        // Named, not the process's default: whoever mounts the guard may have another.
        let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
        let config = ClientConfig::builder_with_provider(provider)
            .with_safe_default_protocol_versions()
            .map_err(|_| Error::Certificate)?
            .with_root_certificates(roots)
            .with_no_client_auth();
        Ok(Self { tls: TlsConnector::from(Arc::new(config)) })
    }

    async fn ask(&self, address: &Address, request: Request<Body>) -> Result<Response<Body>, String> {
        let failed = |error: std::io::Error| format!("could not connect: {error}");
        let stream = TcpStream::connect((address.host.as_str(), address.port)).await.map_err(failed)?;
        if !address.is_https {
            return exchange(stream, request).await;
        }
        let name = ServerName::try_from(address.host.clone()).map_err(|_| "the host has no name".to_owned())?;
        let stream = self.tls.connect(name, stream).await.map_err(failed)?;
        exchange(stream, request).await
    }
}

impl Transport for Network {
    fn send<'a>(&'a self, address: &'a Address, request: Request<Body>) -> Sending<'a> {
        Box::pin(self.ask(address, request))
    }
}

async fn exchange<T>(stream: T, request: Request<Body>) -> Result<Response<Body>, String>
where
    T: AsyncRead + AsyncWrite + Send + Unpin + 'static,
{
    let failed = |error: hyper::Error| format!("the connection failed: {error}");
    let (mut sender, connection) = handshake(TokioIo::new(stream)).await.map_err(failed)?;
    let connection = Held(tokio::spawn(async move {
        let _ = connection.await;
    }));
    let answer = sender.send_request(request).await.map_err(failed)?;
    Ok(answer.map(|body| Body::new(Tied { body, _sender: sender, _connection: connection })))
}

/// A task that ends with whoever waits for it.
struct Held(JoinHandle<()>);

impl Drop for Held {
    fn drop(&mut self) {
        self.0.abort();
    }
}

/// A body that keeps its connection for as long as it is read.
struct Tied {
    body: Incoming,
    _sender: SendRequest<Body>,
    _connection: Held,
}

impl http_body::Body for Tied {
    type Data = Bytes;
    type Error = hyper::Error;

    fn poll_frame(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Result<Frame<Bytes>, hyper::Error>>> {
        http_body::Body::poll_frame(Pin::new(&mut self.body), cx)
    }

    fn is_end_stream(&self) -> bool {
        http_body::Body::is_end_stream(&self.body)
    }

    fn size_hint(&self) -> SizeHint {
        http_body::Body::size_hint(&self.body)
    }
}
