use countersign_kernel::{Country, Location, RequestId, SessionId, Timestamp, UserId};
use countersign_store::{Delivery, RefreshRow};

use super::*;

const LINUX: &str = "Mozilla/5.0 (X11; Linux x86_64; rv:145.0) Gecko/20100101 Firefox/145.0";
const UPDATED: &str = "Mozilla/5.0 (X11; Linux x86_64; rv:146.0) Gecko/20100101 Firefox/146.0";
const PHONE: &str = "Mozilla/5.0 (Android 15; Mobile; rv:145.0) Gecko/145.0 Firefox/145.0";
const HOME: &str = "192.0.2.7";

/// A session that began with Firefox on Linux at home.
fn session() -> Session {
    let now = Timestamp::from_seconds(1_800_000_000);
    Session {
        id: SessionId::from_bytes([1; 16]),
        user: UserId::from_bytes([2; 16]),
        delivery: Delivery::Cookie,
        remember: true,
        row: RefreshRow::opened(now, 0, now, now),
        amr: vec!["pwd".to_owned()],
        auth_time: now,
        device: None,
        user_agent: Some(LINUX.to_owned()),
        address: Some(HOME.to_owned()),
        first_address: Some(HOME.to_owned()),
        noticed: vec![],
        created_at: now,
        last_seen_at: now,
    }
}

fn from(user_agent: &str, address: &str) -> Origin {
    let mut origin = Origin::local(RequestId::from_bytes([3; 16]));
    origin.user_agent = (!user_agent.is_empty()).then(|| user_agent.to_owned());
    origin.address = address.parse().ok();
    origin
}

fn both(on_change: OnChange) -> BindPolicy {
    BindPolicy { user_agent: on_change, network: on_change }
}

fn seen(mark: Mark, is_proven: bool) -> Noticed {
    Noticed { mark, is_proven }
}

fn network(text: &str) -> Mark {
    Mark::Network(text.to_owned())
}

fn judged(session: &Session, user_agent: &str, address: &str, policy: BindPolicy) -> (OnChange, Vec<&'static str>) {
    let bound = bind(session, &from(user_agent, address), &policy, None);
    (bound.verdict, bound.changes.iter().map(|change| change.what).collect())
}

/// The table: what is the same, under every policy.
#[test]
fn what_is_the_same_changes_nothing() {
    let inside = "::ffff:192.0.2.200";
    for policy in OnChange::ALL.iter().copied().map(both) {
        for (user_agent, address, why) in [
            (LINUX, HOME, "the same"),
            (UPDATED, HOME, "an update of the browser"),
            (LINUX, "192.0.2.99", "another address of the network"),
            (LINUX, inside, "the same, written inside IPv6"),
            (LINUX, "", "an unknown address"),
        ] {
            let bound = bind(&session(), &from(user_agent, address), &policy, None);
            assert_eq!(bound, Bound { verdict: OnChange::Ignore, changes: vec![], noticed: None }, "{why}");
            assert_eq!(prove(&session(), &from(user_agent, address), &policy, None), None, "{why}");
        }
    }
}

/// The table: what is another, under each policy of each kind.
#[test]
fn what_is_another_is_judged_by_its_own_policy() {
    use OnChange::{Audit, End, Ignore, StepUp};
    for (user_agent, address, by_agent, by_network) in [
        (PHONE, HOME, true, false),
        ("curl/8", HOME, true, false),
        ("", HOME, true, false),
        (LINUX, "192.0.3.7", false, true),
        (LINUX, "2001:db8::1", false, true),
        (PHONE, "198.51.100.1", true, true),
    ] {
        for (agent_policy, network_policy) in
            [(Ignore, Audit), (Audit, StepUp), (StepUp, End), (End, Ignore), (Audit, Ignore)]
        {
            let policy = BindPolicy { user_agent: agent_policy, network: network_policy };
            let mut strictest = Ignore;
            let mut kinds = vec![];
            if by_agent && agent_policy > Ignore {
                strictest = strictest.max(agent_policy);
                kinds.push("user_agent");
            }
            if by_network && network_policy > Ignore {
                strictest = strictest.max(network_policy);
                kinds.push("network");
            }
            let expected = (strictest, kinds);
            assert_eq!(judged(&session(), user_agent, address, policy), expected, "{user_agent} {address} {policy:?}");
        }
    }
}

#[test]
fn a_change_says_from_where_to_where() {
    let mut moved = session();
    moved.address = Some("203.0.113.9".to_owned());

    let bound = bind(&moved, &from(PHONE, "2001:db8:1:2::3"), &both(OnChange::Audit), None);

    let change = |what, from: &str, to: &str| Change { what, from: from.to_owned(), to: to.to_owned() };
    assert_eq!(
        bound.changes,
        [
            change("user_agent", "Firefox on Linux", "Firefox on Android"),
            change("network", "203.0.113.0/24", "2001:db8:1::/48"),
        ]
    );
    assert_eq!(
        bound.noticed,
        Some(vec![
            seen(Mark::UserAgent("Firefox on Android".to_owned()), false),
            seen(network("2001:db8:1::/48"), false),
        ])
    );
}

// bug S45
#[test]
fn what_it_began_with_is_never_overwritten_by_what_it_is_compared_with() {
    let away = from(PHONE, "198.51.100.1");
    let mut session = session();
    for round in 0..3 {
        let bound = bind(&session, &away, &both(OnChange::StepUp), None);
        assert_eq!((bound.verdict, bound.is_news()), (OnChange::StepUp, round == 0), "round {round}");
        session.noticed = bound.noticed.unwrap_or(session.noticed);
        // As a refresh does.
        session.address = away.address.map(|address| address.to_string());
    }
    assert_eq!(bind(&session, &away, &both(OnChange::End), None).verdict, OnChange::End);
    assert_eq!(bind(&session, &from(LINUX, HOME), &both(OnChange::End), None).verdict, OnChange::Ignore);
}

#[test]
fn a_mark_that_was_noticed_is_judged_by_the_policy_of_today() {
    use OnChange::{Audit, End, Ignore, StepUp};
    for (is_proven, policy, verdict, is_news) in [
        (false, Ignore, Ignore, false),
        (false, Audit, Ignore, false),
        (false, StepUp, StepUp, false),
        (false, End, End, true),
        (true, Audit, Ignore, false),
        (true, StepUp, Ignore, false),
        (true, End, Ignore, false),
    ] {
        let mut session = session();
        session.noticed = vec![seen(network("198.51.100.0/24"), is_proven)];
        let bound = bind(&session, &from(LINUX, "198.51.100.77"), &both(policy), None);
        assert_eq!((bound.verdict, bound.is_news(), bound.noticed), (verdict, is_news, None), "{is_proven} {policy:?}");
    }
}

#[test]
fn a_proof_makes_a_place_home_and_no_other() {
    let mut session = session();
    let policy = both(OnChange::StepUp);
    let (cafe, train) = (from(PHONE, "198.51.100.1"), from(LINUX, "203.0.113.1"));
    session.noticed = bind(&session, &cafe, &policy, None).noticed.unwrap();
    session.noticed = bind(&session, &train, &policy, None).noticed.unwrap();

    session.noticed = prove(&session, &cafe, &policy, None).unwrap();

    assert_eq!(bind(&session, &cafe, &policy, None).verdict, OnChange::Ignore);
    assert_eq!(bind(&session, &train, &policy, None).verdict, OnChange::StepUp);
    assert_eq!(prove(&session, &cafe, &policy, None), None, "once");
    let elsewhere = from("curl/8", "10.9.9.9");
    assert_eq!(prove(&session, &elsewhere, &both(OnChange::Ignore), None), None, "what is ignored is not remembered");
}

#[test]
fn a_browser_that_was_proven_vouches_for_no_other() {
    let mut session = session();
    session.noticed = vec![seen(Mark::UserAgent(AgentFamily::of(Some(PHONE)).as_str().to_owned()), true)];
    let policy = both(OnChange::StepUp);
    assert_eq!(judged(&session, PHONE, HOME, policy).0, OnChange::Ignore);
    assert_eq!(judged(&session, "curl/8", HOME, policy), (OnChange::StepUp, vec!["user_agent"]));
}

/// Somebody who walks through many networks is remembered with the latest; what he proved stays longest.
#[test]
fn the_list_is_bounded_and_a_proven_mark_goes_last() {
    let mut session = session();
    session.noticed = vec![seen(network("198.51.100.0/24"), true), seen(Mark::UserAgent("curl".to_owned()), false)];
    for n in 0..20 {
        let origin = from(LINUX, &format!("10.0.{n}.1"));
        session.noticed = bind(&session, &origin, &both(OnChange::Audit), None).noticed.unwrap();
    }

    let networks: Vec<&Mark> = session.noticed.iter().map(|entry| &entry.mark).collect();
    let mut expected = vec![network("198.51.100.0/24"), Mark::UserAgent("curl".to_owned())];
    expected.extend((13..20).map(|n| network(&format!("10.0.{n}.0/24"))));
    assert_eq!(networks, expected.iter().collect::<Vec<_>>());
}

/// 198.51.100.0/24, 203.0.113.0/24 and 2001:db8::/32 are one operator's; the others are nobody's.
struct Table;

impl Locate for Table {
    fn locate(&self, address: IpAddr) -> Location {
        let text = address.to_string();
        let known = ["198.51.100.", "203.0.113.", "2001:db8:"].iter().any(|start| text.starts_with(start));
        Location { country: Country::parse("DE"), asn: known.then_some(64_500) }
    }

    fn network_name(&self, _: IpAddr) -> Option<String> {
        None
    }

    fn refresh(&self) -> std::io::Result<()> {
        Ok(())
    }
}

#[test]
fn with_a_table_the_networks_of_one_operator_are_one() {
    let policy = both(OnChange::End);
    let mut carrier = session();
    carrier.first_address = Some("198.51.100.1".to_owned());
    for (address, verdict, why) in [
        ("203.0.113.200", OnChange::Ignore, "the same operator"),
        ("2001:db8:77::1", OnChange::Ignore, "over IPv6 too"),
        ("192.0.2.7", OnChange::End, "nobody's is not his"),
    ] {
        let bound = bind(&carrier, &from(LINUX, address), &policy, Some(&Table));
        assert_eq!(bound.verdict, verdict, "{why}");
        let without = bind(&carrier, &from(LINUX, address), &policy, None);
        assert_eq!(without.verdict, OnChange::End, "{why}: without a table the prefix counts");
    }
    let bound = bind(&session(), &from(LINUX, "192.0.3.7"), &policy, Some(&Table));
    assert_eq!(bound.verdict, OnChange::End, "two networks of which nothing is known are two");
}

#[test]
fn rows_without_a_first_address_are_compared_with_the_last() {
    let mut old = session();
    old.first_address = None;
    assert_eq!(bind(&old, &from(LINUX, HOME), &both(OnChange::End), None).verdict, OnChange::Ignore);
    assert_eq!(bind(&old, &from(LINUX, "198.51.100.1"), &both(OnChange::End), None).verdict, OnChange::End);

    old.address = None;
    assert_eq!(
        bind(&old, &from(LINUX, HOME), &both(OnChange::End), None).verdict,
        OnChange::Ignore,
        "nothing to compare"
    );
}

#[test]
fn every_policy_reads_back_from_its_text() {
    for &one in OnChange::ALL {
        assert_eq!(OnChange::parse(one.as_str()), Some(one));
    }
    assert_eq!(OnChange::parse("stepup"), None);
    assert_eq!(BindPolicy::default(), both(OnChange::Audit));
}
