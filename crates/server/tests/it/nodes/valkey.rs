//! Nodes that share limits through Valkey, and what becomes of that when it forgets, hangs, goes away and comes back. Nobody is
//! signed out by any of it, and no answer is a 5xx.

use countersign_testkit::{Process, ProcessBuilder, Reply, ValkeyServer, json};
use futures_util::future::join_all;

use super::place::Place;
use super::{is_revoked, node, verifies};
use crate::support::soon;

fn sharing(place: &Place, valkey: &ValkeyServer) -> ProcessBuilder {
    node(&place.url()).setting("VALKEY", &valkey.url()).setting("ADMIN__LISTEN", "127.0.0.1:0")
}

async fn two(place: &Place, valkey: &ValkeyServer) -> (Process, Process) {
    let starts = [sharing(place, valkey), sharing(place, valkey)].map(|node| tokio::spawn(node.start()));
    let [a, b] = starts;
    (a.await.unwrap(), b.await.unwrap())
}

async fn ready(node: &Process, asked: &str, is_ready: bool) -> Reply {
    let visitor = node.stranger("visitor");
    soon(|| visitor.get(asked), |reply| (reply.status() == 200) == is_ready).await
}

/// The number behind this name on the page of metrics.
async fn metric(node: &Process, name: &str) -> u64 {
    let text = node.operator().get("/metrics").await.expect(200).text();
    let line = text.lines().find_map(|line| line.strip_prefix(name)?.strip_prefix(' '));
    line.unwrap_or_else(|| panic!("{name} in {text}")).parse().unwrap()
}

/// How many questions were answered without Valkey, by a node that was too slow to hear it.
async fn alone(nodes: [&Process; 2]) -> u64 {
    let mut sum = 0;
    for node in nodes {
        sum += metric(node, "countersign_limit_questions_total{by=\"node\"}").await;
    }
    sum
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_guesser_has_no_more_tries_at_two_nodes_than_at_one() {
    let Some(place) = Place::make().await else { return };
    let Some(valkey) = ValkeyServer::start() else { return };
    let (a, b) = two(&place, &valkey).await;
    let ada = a.member("ada").await;

    let (mut tried, mut refused) = (0, 0);
    for n in 0..14 {
        let guesser = if n % 2 == 0 { a.stranger("ada") } else { b.stranger("ada") };
        match guesser.sign_in_with("not-it-not-it").await.status() {
            401 => tried += 1,
            429 => refused += 1,
            other => panic!("{other}"),
        }
    }

    // Five in fifteen minutes from one address at one account, wherever.
    assert_eq!(tried + refused, 14);
    assert!((5..=5 + alone([&a, &b]).await).contains(&tried), "{tried}");
    assert!(metric(&b, "countersign_limit_questions_total{by=\"valkey\"}").await > 0);
    let _ = b.meet_again(&ada).refresh().await.expect(200);
    drop((a, b));
    place.drop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn without_valkey_nodes_say_so_and_go_on_and_share_again_when_it_is_back() {
    let Some(place) = Place::make().await else { return };
    let Some(mut valkey) = ValkeyServer::start() else { return };
    let (a, b) = two(&place, &valkey).await;
    let ada = a.member("ada").await;
    for node in [&a, &b] {
        assert_eq!(ready(node, "/readyz", true).await.json()["checks"]["valkey"], "ok");
    }

    valkey.kill();

    for node in [&a, &b] {
        let unready = ready(node, "/readyz", false).await;
        assert_eq!((unready.status(), &unready.json()["checks"]["valkey"]), (503, &json!("failing")));
        let served = ready(node, "/readyz?exclude=valkey", true).await;
        assert_eq!(
            (&served.json()["status"], &served.json()["checks"]["valkey"]),
            (&json!("ready"), &json!("failing"))
        );
        assert_eq!(metric(node, "countersign_valkey_up").await, 0);
        let _ = node.meet_again(&ada).refresh().await.expect(200);
        // Each has the tries of one.
        let mut statuses = Vec::new();
        for _ in 0..7 {
            statuses.push(node.stranger("ada").sign_in_with("not-it-not-it").await.status());
        }
        assert_eq!(statuses, [401, 401, 401, 401, 401, 429, 429]);
        node.until_log("each node counts limits for itself", 1);
    }
    let findings = a.run(&["doctor", "--json"]).expect(0).json();
    let finding = findings["findings"].as_array().unwrap().iter().find(|f| f["check"] == "valkey").unwrap().clone();
    assert_eq!(finding["state"], "warn", "{finding}");

    valkey.start_again();

    for node in [&a, &b] {
        let _ = ready(node, "/readyz", true).await;
        assert_eq!(metric(node, "countersign_valkey_up").await, 1);
        node.until_log("Valkey answers again", 1);
        let told = node.log().matches("each node counts limits for itself").count();
        assert_eq!(told, 1, "{}", node.log());
        // It came back empty, and what this node has seen still counts.
        assert_eq!(node.stranger("ada").sign_in_with("not-it-not-it").await.status(), 429);
        let _ = node.meet_again(&ada).refresh().await.expect(200);
    }
    let found = a.run(&["doctor"]).expect(0);
    assert!(found.out.contains("answers and counts"), "{}", found.out);
    drop((a, b));
    place.drop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_flush_and_an_outage_under_a_load_of_refreshes_sign_nobody_out() {
    let Some(place) = Place::make().await else { return };
    let Some(mut valkey) = ValkeyServer::start() else { return };
    let (a, b) = two(&place, &valkey).await;
    let mut crowd = Vec::new();
    for n in 0..8 {
        let one = a.member(&format!("member{n}")).await;
        crowd.push((b.meet_again(&one), one));
    }

    for round in 0..6 {
        // Each of the crowd refreshes at one node and then at the other, while Valkey is treated like this.
        let refreshes = crowd.iter().map(|(there, here)| async move {
            let _ = here.refresh().await.expect(200);
            let _ = there.refresh().await.expect(200);
            let _ = here.get("/api/auth/verify").await.expect(200);
        });
        let treated = async {
            match round {
                3 => valkey.kill(),
                4 => valkey.start_again(),
                _ => {
                    for words in [&["FLUSHALL"][..], &["SCRIPT", "FLUSH"], &["CLIENT", "KILL", "TYPE", "normal"]] {
                        let _ = valkey.command(words);
                    }
                }
            }
        };
        let ((), _) = tokio::join!(treated, join_all(refreshes));
    }

    for (there, here) in &crowd {
        let _ = there.refresh().await.expect(200);
        let _ = here.get("/api/auth/verify").await.expect(200);
    }
    drop((a, b));
    place.drop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_revocation_is_told_by_valkey_and_by_the_database_and_holds_where_either_is_gone() {
    let Some(place) = Place::make().await else { return };
    let Some(mut valkey) = ValkeyServer::start() else { return };
    let (a, b) = two(&place, &valkey).await;
    let (ada, ben) = (a.member("ada").await, a.member("ben").await);
    let (visitor, operator) = (b.stranger("visitor"), b.operator());
    let tokens = [ada.access_token(), ben.access_token()];

    let _ = ada.sign_out_everywhere().await.expect(200);
    let _: Reply = soon(|| verifies(&visitor, &tokens[0]), is_revoked).await;
    // Told by both, in whichever order.
    for by in ["valkey", "database"] {
        let line = format!("countersign_revocation_news_total{{by=\"{by}\"}} 1");
        let told = |page: &Reply| page.text().contains(&line);
        let _: Reply = soon(|| operator.get("/metrics"), told).await;
    }

    valkey.kill();
    let _ = ben.sign_out_everywhere().await.expect(200);
    let _: Reply = soon(|| verifies(&visitor, &tokens[1]), is_revoked).await;
    let told = |page: &Reply| page.text().contains("countersign_revocation_news_total{by=\"database\"} 2");
    let _: Reply = soon(|| operator.get("/metrics"), told).await;
    assert_eq!(metric(&b, "countersign_revocation_news_total{by=\"valkey\"}").await, 1);
    drop((a, b));
    place.drop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_server_starts_without_valkey_and_says_so_without_its_password() {
    // Nobody listens on the port of discarded things.
    let node = super::server().setting("VALKEY", "redis://ada:canary@127.0.0.1:9").start().await;
    let ada = node.member("ada").await;
    let _ = ada.refresh().await.expect(200);

    node.until_log("each node counts limits for itself", 1);
    let log = node.log();
    assert!(log.contains("redis://127.0.0.1:9"), "{log}");
    let found = node.run(&["doctor"]).expect(0);
    assert!(found.out.contains("redis://127.0.0.1:9 does not count for us"), "{}", found.out);
    let shown = node.run(&["config", "show"]).expect(0);
    assert!(shown.out.contains("redis://127.0.0.1:9"), "{}", shown.out);
    for text in [log, found.out, found.err, shown.out] {
        assert!(!text.contains("canary"), "{text}");
    }
}
