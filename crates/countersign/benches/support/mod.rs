//! The whole system in this process, and the two requests that are measured.

use axum::Router;
use axum::body::Body;
use axum::extract::Request;
use axum::response::Response;
use countersign::{Lifetime, Undelivered};
use countersign_testkit::{Actor, TestApp};
use tokio::runtime::Runtime;
use tower::ServiceExt;

/// Somebody who is signed in, and the runtime that everything lives on.
pub struct FrontDoor {
    pub runtime: Runtime,
    pub ada: Actor,
    router: Router,
    token: String,
    _app: TestApp,
}

impl FrontDoor {
    /// Limits are off and W is zero: one session rotates without end.
    pub fn open() -> Self {
        let runtime = Runtime::new().unwrap();
        let (app, ada) = runtime.block_on(async {
            let builder = TestApp::builder().without_limits();
            let app = builder.with(|b| b.refresh_policy(Lifetime::ZERO, Undelivered::Tolerate)).start().await;
            let ada = app.member("ada").await;
            let _ = ada.get("/api/auth/verify").await.expect(200);
            // Each connection that reads prepares its statements once.
            for _ in 0..8 {
                let _ = ada.refresh().await.expect(200);
            }
            (app, ada)
        });
        let (router, token) = (app.router(), format!("Bearer {}", ada.access_token()));
        let door = Self { runtime, ada, router, token, _app: app };
        assert_eq!(door.verify().status(), 200);
        door
    }

    /// `GET /api/auth/verify` with a token that was seen before.
    pub fn verify(&self) -> Response {
        let request =
            Request::get("/api/auth/verify").header("authorization", &self.token).body(Body::empty()).unwrap();
        self.runtime.block_on(self.router.clone().oneshot(request)).unwrap()
    }

    /// `POST /api/auth/refresh` with the cookies of the last answer; keeping them is part of it.
    pub fn refresh(&self) -> u16 {
        self.runtime.block_on(self.ada.refresh()).status()
    }
}
