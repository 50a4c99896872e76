//! How a request reaches the server: a call in this process, or a connection.

use std::net::SocketAddr;

use axum::Router;
use axum::body::Body;
use axum::extract::ConnectInfo;
use bytes::Bytes;
use http::Request;
use http_body_util::{BodyExt, Full};
use hyper_util::rt::TokioIo;
use tokio::net::TcpStream;
use tower::ServiceExt;

use crate::reply::Reply;

/// Where requests go.
#[derive(Debug, Clone)]
pub enum Transport {
    /// Straight into the router.
    Router(Router),
    /// Over a connection of its own to this address.
    Socket(SocketAddr),
}

impl Transport {
    /// Sends a request and reads the answer whole. `peer` is whom the router sees as its peer; over a connection it is whoever
    /// the kernel says.
    ///
    /// # Errors
    /// The connection failed, for example because the server was killed.
    pub async fn send(&self, request: Request<Bytes>, peer: SocketAddr) -> std::io::Result<Reply> {
        match self {
            Self::Router(router) => through_router(router.clone(), request, peer).await,
            Self::Socket(address) => through_socket(*address, request).await,
        }
    }
}

async fn through_router(router: Router, request: Request<Bytes>, peer: SocketAddr) -> std::io::Result<Reply> {
    let mut request = request.map(Body::from);
    request.extensions_mut().insert(ConnectInfo(peer));
    let answer = match router.oneshot(request).await {
        Ok(answer) => answer,
        Err(impossible) => match impossible {},
    };
    let (head, body) = answer.into_parts();
    let body = body.collect().await.map_err(std::io::Error::other)?.to_bytes();
    Ok(Reply { status: head.status, headers: head.headers, body })
}

async fn through_socket(address: SocketAddr, mut request: Request<Bytes>) -> std::io::Result<Reply> {
    let stream = TcpStream::connect(address).await?;
    let (mut sender, connection) =
        hyper::client::conn::http1::handshake(TokioIo::new(stream)).await.map_err(std::io::Error::other)?;
    let driver = tokio::spawn(connection);
    if !request.headers().contains_key(http::header::HOST)
        && let Ok(host) = address.to_string().parse()
    {
        request.headers_mut().insert(http::header::HOST, host);
    }
    let answer = sender.send_request(request.map(Full::new)).await.map_err(std::io::Error::other)?;
    let (head, body) = answer.into_parts();
    let body = body.collect().await.map_err(std::io::Error::other)?.to_bytes();
    drop(sender);
    driver.abort();
    Ok(Reply { status: head.status, headers: head.headers, body })
}
