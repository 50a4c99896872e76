//! The API that is protected, which tells what it was asked, and somebody in the place of Countersign who answers as told.

use std::net::SocketAddr;
use std::sync::{Arc, Mutex};

use axum::Router;
use axum::body::{Body, to_bytes};
use axum::extract::Request;
use axum::response::{IntoResponse, Response};
use countersign_testkit::{Value, json};
use hyper_util::rt::TokioIo;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpListener;

/// A server of the test that keeps what it was asked.
pub(crate) struct Asked {
    pub(crate) address: SocketAddr,
    requests: Arc<Mutex<Vec<Value>>>,
}

impl Asked {
    /// The API: says what it was asked, and echoes on a connection that is upgraded.
    pub(crate) async fn api() -> Self {
        Self::start(|_| None).await
    }

    /// Answers each request, which is given to `answer`, as that says.
    pub(crate) async fn start(answer: impl Fn(&Value) -> Option<Response> + Clone + Send + Sync + 'static) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let requests: Arc<Mutex<Vec<Value>>> = Arc::default();
        let kept = Arc::clone(&requests);
        let app = Router::new().fallback(move |request: Request| {
            let (answer, kept) = (answer.clone(), Arc::clone(&kept));
            async move {
                let (said, upgrade) = read(request).await;
                kept.lock().unwrap().push(said.clone());
                if let Some(answer) = answer(&said) {
                    return answer;
                }
                match upgrade {
                    Some(upgrade) => {
                        tokio::spawn(echo(upgrade));
                        let head = Response::builder().status(101).header("connection", "upgrade");
                        head.header("upgrade", "echo").body(Body::empty()).unwrap()
                    }
                    None => axum::Json(said).into_response(),
                }
            }
        });
        tokio::spawn(async move { axum::serve(listener, app).await });
        Self { address, requests }
    }

    /// What it was asked since the last time.
    pub(crate) fn take(&self) -> Vec<Value> {
        std::mem::take(&mut *self.requests.lock().unwrap())
    }
}

/// Method, path, fields (several of one name with `|` between) and body.
async fn read(mut request: Request) -> (Value, Option<hyper::upgrade::OnUpgrade>) {
    let wants_more = request.headers().get("upgrade").is_some_and(|value| value == "echo");
    let upgrade = wants_more.then(|| hyper::upgrade::on(&mut request));
    let (head, body) = request.into_parts();
    let body = to_bytes(body, usize::MAX).await.unwrap();
    let mut fields = serde_json::Map::new();
    for name in head.headers.keys() {
        let values: Vec<_> = head.headers.get_all(name).iter().map(|v| String::from_utf8_lossy(v.as_bytes())).collect();
        fields.insert(name.to_string(), values.join("|").into());
    }
    let body = String::from_utf8_lossy(&body).into_owned();
    let path = head.uri.to_string();
    (json!({"method": head.method.as_str(), "path": path, "fields": fields, "body": body}), upgrade)
}

async fn echo(upgrade: hyper::upgrade::OnUpgrade) {
    let Ok(stream) = upgrade.await else { return };
    let mut stream = TokioIo::new(stream);
    let mut heard = [0; 5];
    if stream.read_exact(&mut heard).await.is_ok() {
        let _ = stream.write_all(&heard).await;
    }
}
