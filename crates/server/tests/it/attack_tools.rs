//! The tools of attackers, against the real process: they find nothing here, and their own tests show that they find holes.

use countersign_attack::guesses::Extent;
use countersign_attack::{Target, guesses, tokens};
use countersign_testkit::Process;

use crate::support::server;

fn target(address: std::net::SocketAddr) -> Target {
    Target::parse(&format!("http://{address}")).unwrap()
}

async fn forge(server: &Process, key: Option<&str>) {
    let report = tokens::run(&target(server.address), key).await.unwrap();
    assert!(report.is_clean(), "{report}");
    assert!(report.tried > 400, "{report}");
}

// attack 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 13, 23, 25, 26, 27, 28, 29, 33, 34
#[tokio::test]
async fn a_forger_of_tokens_gets_nowhere_whatever_the_algorithm() {
    for algorithm in ["EdDSA", "ES256", "RS256"] {
        let server = server().setting("TOKENS__ALGORITHM", algorithm).start().await;
        forge(&server, None).await;
    }
}

// attack 14, 15, 16, 17, 18, 19, 30, 31
#[tokio::test]
async fn a_forger_who_has_the_key_gets_nowhere_with_a_token_that_is_wrong() {
    let mut builder = server();
    let pem = tokens::new_key().unwrap();
    let _ = builder.run(&["keys", "import", "-", "--activate"], &pem).expect(0);
    let server = builder.start().await;

    forge(&server, Some(&pem)).await;
}

// attack 108, 109, 110, 111, 112, 113, 114, 115, 116, 118, 120
#[tokio::test]
async fn a_guesser_of_passwords_has_no_guess_judged_beyond_what_is_promised() {
    let server = server()
        .setting("TRUSTED_PROXIES", "127.0.0.1/32")
        .setting("ADMIN__LISTEN", "127.0.0.1:0")
        // How long one may wait for a hash is not the question here, and the machine may be busy.
        .setting("PASSWORDS__QUEUE_SECONDS", "30")
        .start()
        .await;
    let extent = Extent { is_trusted: true, admin: server.admin.map(target) };

    let report = guesses::run(&target(server.address), &extent).await.unwrap();

    assert!(report.is_clean(), "{report}");
    assert!(report.tried > 700, "{report}");
}
