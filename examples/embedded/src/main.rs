//! Countersign mounted in an axum app of one screen: `POST /api/auth/register` signs you up, `GET /orders` knows you.
use axum::{Router, extract::FromRef, extract::State, routing::get};
use countersign::{Auth, AuthExt as _, Builder, CurrentUser, Event, Record, RequireRole, Role};
use std::sync::atomic::{AtomicU64, Ordering::Relaxed};
use std::{error::Error, net::SocketAddr, sync::Arc};

#[derive(Clone, FromRef)]
pub(crate) struct App {
    pub(crate) auth: Auth,
    pub(crate) sign_ins: Arc<AtomicU64>,
}
struct Manager;
impl Role for Manager {
    const NAME: &str = "manager";
}
pub(crate) fn settings(builder: Builder, sign_ins: Arc<AtomicU64>) -> Builder {
    let builder = builder.claims(|user| [("name".to_owned(), user.name.clone().into())].into_iter().collect());
    builder.on_event(move |Record { event, .. }| {
        let _ = (event == Event::SignedIn).then(|| sign_ins.fetch_add(1, Relaxed));
        async {}
    })
}
async fn orders(user: CurrentUser) -> String {
    format!("{}, you have no orders yet.", user.claim::<String>("name").unwrap_or_default())
}
async fn report(_: RequireRole<Manager>, State(sign_ins): State<Arc<AtomicU64>>) -> String {
    format!("{} sign-ins", sign_ins.load(Relaxed))
}
pub(crate) fn routes(app: App) -> Router {
    let own = Router::new().route("/orders", get(orders)).route("/report", get(report));
    own.with_state(app.clone()).merge(app.auth.router())
}
#[tokio::main]
async fn main() -> Result<(), Box<dyn Error>> {
    let (listener, sign_ins) = (tokio::net::TcpListener::bind("127.0.0.1:3000").await?, Arc::default());
    let builder = Auth::builder().public_url("http://localhost:3000").data_dir("embedded-data");
    let auth = settings(builder, Arc::clone(&sign_ins)).build().await?;
    let app = routes(App { auth, sign_ins }).into_make_service_with_connect_info::<SocketAddr>();
    Ok(axum::serve(listener, app).await?)
}
