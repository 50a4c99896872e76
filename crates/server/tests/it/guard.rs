//! A Rust service behind the guard, beside the server's own process: rotation, a server that stands still, and one that falls.

use std::time::Duration;

use countersign_guard::{Code, Feed, Verifier};
use countersign_testkit::{Actor, Process};

use crate::support::server;

const ISSUER: &str = "http://localhost:8420";

/// A service of that issuer, reached where the process listens.
async fn service(server: &Process) -> Verifier {
    let key = server.run(&["machine", "create", "orders"]).expect(0).out;
    let at = |path: &str| format!("http://{}{path}", server.address);
    let feed = Feed::key(key).url(at("/api/revocations")).keys_url(at("/.well-known/revocations/jwks.json"));
    let feed = feed.max_staleness(Duration::from_secs(3));
    let settings = Verifier::discover(ISSUER).audience(ISSUER).keys_url(at("/.well-known/jwks.json"));
    settings.cool_down(Duration::from_secs(10)).feed(feed).build().await.unwrap()
}

/// What becomes of an actor's token, once it is this. It comes within a second or few; the bound is wider because the machine may be busy.
async fn becomes(verifier: &Verifier, actor: &Actor, wanted: Result<(), Code>) {
    let mut said = Ok(());
    for _ in 0..3_000 {
        said = verifier.verify(&actor.access_token()).await.map(drop).map_err(|refusal| refusal.code());
        if said == wanted {
            return;
        }
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
    assert_eq!(said, wanted);
}

/// The encoded header of a token, which names its key.
fn kid_of(token: &str) -> String {
    token.split('.').next().unwrap().to_owned()
}

#[tokio::test]
async fn a_service_knows_what_the_server_signs_and_what_it_takes_back() {
    // Without limits: bob refreshes as fast as he can until the new key signs.
    let mut server = server().setting("LIMITS__ENABLED", "false").start().await;
    let (ada, bob, eve) = (server.member("ada").await, server.member("bob").await, server.member("eve").await);
    let verifier = service(&server).await;
    assert!(verifier.status().is_ready(), "the build waits for the first heartbeat: {:?}", verifier.status());
    assert_eq!(verifier.verify(&ada.access_token()).await.unwrap().id().to_string(), ada.user_id());

    let _ = ada.sign_out().await.expect(200);
    becomes(&verifier, &ada, Err(Code::TokenRevoked)).await;
    // By a command, which is another process.
    let _ = server.run(&["role", "set", "editor", "posts:write"]).expect(0);
    let _ = server.run(&["user", "set-role", "bob@example.com", "editor"]).expect(0);
    becomes(&verifier, &bob, Err(Code::TokenExpired)).await;
    let _ = bob.refresh().await.expect(200);
    becomes(&verifier, &bob, Ok(())).await;
    let editor = verifier.verify(&bob.access_token()).await.unwrap();
    assert_eq!((editor.roles(), editor.permissions()), (&["editor".to_owned()][..], &["posts:write".to_owned()][..]));

    // A new key signs: nobody notices.
    let _ = server.run(&["keys", "rotate"]).expect(0);
    let (old, kid) = (bob.access_token(), kid_of(&bob.access_token()));
    let refreshed = async {
        while kid_of(&bob.access_token()) == kid {
            let _ = bob.refresh().await.expect(200);
        }
    };
    tokio::time::timeout(Duration::from_secs(20), refreshed).await.unwrap();
    becomes(&verifier, &bob, Ok(())).await;
    assert!(verifier.verify(&old).await.is_ok());

    // The server stands still: nobody can tell, and nobody is signed out.
    server.signal("STOP");
    becomes(&verifier, &eve, Err(Code::Overloaded)).await;
    becomes(&verifier, &ada, Err(Code::TokenRevoked)).await;
    server.signal("CONT");
    becomes(&verifier, &eve, Ok(())).await;
    assert_eq!(verifier.verify(&ada.access_token()).await.unwrap_err().code(), Code::TokenRevoked);

    server.kill();
    becomes(&verifier, &eve, Err(Code::Overloaded)).await;
    assert!(verifier.status().has_keys, "keys outlive the server");
}
