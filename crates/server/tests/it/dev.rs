//! `countersign dev`: what it prints, and that it keeps to this machine.

use std::io::{BufRead, BufReader};
use std::net::TcpListener;
use std::process::{Child, Command, Stdio};

use countersign_testkit::{Method, json};

use crate::support::{run, server, soon};

#[tokio::test]
async fn it_prints_all_that_a_newcomer_needs() {
    let mut server = server().mode("dev").start().await;
    let (log, url) = (server.log(), format!("http://localhost:{}", server.address.port()));

    assert!(log.contains(&format!("Page        {url}\n")), "{log}");
    assert!(log.contains(&format!("API docs    {url}/docs\n")), "{log}");
    assert!(log.contains("/countersign-data\n") && log.contains("/countersign-data/master.key\n"), "{log}");
    assert!(log.contains(&format!("Claim admin {url}/claim/")) && log.contains("once, for 30 minutes"), "{log}");
    assert!(log.contains("Stop with Ctrl-C") && log.contains("\nReady\n"), "{log}");

    assert_eq!(server.terminate().code(), Some(0));
}

#[tokio::test]
async fn the_first_account_claims_admin_with_the_printed_link_once() {
    let server = server().mode("dev").start().await;
    let link = claim_link(&server.log()).expect("a link is printed");
    let (ada, eve) = (server.member("ada").await, server.member("eve").await);

    let claimed = ada.post("/api/auth/claim-admin", json!({"token": link})).await;
    assert_eq!(claimed.status(), 200, "{claimed}");
    assert_eq!(ada.refresh().await.status(), 200);
    assert_eq!(ada.get("/api/user/profile").await.text_at("/role"), "admin");
    assert!(eve.post("/api/auth/claim-admin", json!({"token": link})).await.status() >= 400);

    let again = server.restart().await;
    assert_eq!(claim_link(&again.log()), None, "there is an administrator");
}

fn claim_link(log: &str) -> Option<String> {
    let (_, rest) = log.split_once("/claim/")?;
    Some(rest.lines().next()?.trim().to_owned())
}

#[test]
fn any_other_address_than_loopback_is_refused() {
    for (flag, address) in [
        ("--listen", "0.0.0.0:0"),
        ("--listen", "[::]:0"),
        ("--listen", "192.0.2.7:0"),
        ("--set", "admin.listen=0.0.0.0:0"),
    ] {
        let ran = run(&["dev", flag, address]).expect(2);
        assert!(ran.err.contains("this machine only"), "{address}: {}", ran.err);
    }
}

#[test]
fn a_chosen_address_that_is_taken_is_not_changed() {
    let taken = TcpListener::bind("127.0.0.1:0").unwrap();
    let ran = run(&["dev", "--listen", &taken.local_addr().unwrap().to_string()]).expect(5);
    assert!(ran.err.contains("another process listens there"), "{}", ran.err);
}

#[test]
fn a_taken_default_port_gives_way_to_the_next_free_one() {
    // Whoever has it, it is taken.
    let _taken = TcpListener::bind("127.0.0.1:8420");
    let folder = tempfile::tempdir().unwrap();
    let mut dev = Dev(Command::new(env!("CARGO_BIN_EXE_countersign"))
        .arg("dev")
        .current_dir(folder.path())
        .env_clear()
        .stdout(Stdio::piped())
        .spawn()
        .unwrap());

    let lines = BufReader::new(dev.0.stdout.take().unwrap()).lines().map_while(Result::ok);
    let banner: Vec<String> = lines.take_while(|line| line != "Ready").collect();

    let page = banner.iter().find_map(|line| line.trim().strip_prefix("Page        http://localhost:")).unwrap();
    let port: u16 = page.parse().unwrap();
    assert!((8_421..8_520).contains(&port), "{port}");
    assert!(
        banner
            .iter()
            .any(|line| line.contains(&format!("Port 8420 is taken by another process, so this is port {port}")))
    );
}

/// A process that goes with its test.
struct Dev(Child);

impl Drop for Dev {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

#[tokio::test]
async fn a_page_asked_for_by_another_name_leads_to_the_public_url() {
    let server = server().mode("dev").start().await;
    let visitor = server.stranger("visitor");
    let by_number = |path: &str, accept: &str| {
        let host = format!("127.0.0.1:{}", server.address.port());
        visitor.call(Method::GET, path).header("host", host).header("accept", accept).send()
    };

    let page = by_number("/errors/TOKEN_EXPIRED?x=1", "text/html,*/*").await;

    assert_eq!(page.status(), 307);
    assert_eq!(page.header("location"), format!("http://localhost:{}/errors/TOKEN_EXPIRED?x=1", server.address.port()));
    assert_eq!(by_number("/readyz", "*/*").await.status(), 200, "programs are left alone");
    let home =
        soon(|| visitor.call(Method::GET, "/").header("accept", "text/html").send(), |r| r.status() == 200).await;
    assert!(home.text().contains("<form"), "the page is served by its own name");
}
