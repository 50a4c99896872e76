use http::HeaderName;

use super::*;

fn found(peer: &str, headers: &[(&str, &str)]) -> String {
    let trusted = TrustedProxies::parse(["10.0.0.0/8", "192.0.2.1", "2001:db8:ffff::/48"]).unwrap();
    let mut map = HeaderMap::new();
    for (name, value) in headers {
        map.append(HeaderName::from_bytes(name.as_bytes()).unwrap(), value.parse().unwrap());
    }
    client_address(peer.parse().unwrap(), &map, &trusted).to_string()
}

#[test]
fn forwarding_headers_of_strangers_are_not_read() {
    for (name, value) in [
        ("x-forwarded-for", "198.51.100.9"),
        ("forwarded", "for=198.51.100.9"),
        ("x-real-ip", "198.51.100.9"),
        ("true-client-ip", "198.51.100.9"),
        ("cf-connecting-ip", "198.51.100.9"),
        ("x-client-ip", "198.51.100.9"),
    ] {
        assert_eq!(found("203.0.113.5", &[(name, value)]), "203.0.113.5", "{name}");
    }
}

#[test]
fn a_trusted_proxy_is_believed_for_two_headers_only() {
    assert_eq!(found("10.0.0.1", &[("x-forwarded-for", "198.51.100.9")]), "198.51.100.9");
    assert_eq!(found("10.0.0.1", &[("forwarded", "for=198.51.100.9;proto=https")]), "198.51.100.9");
    assert_eq!(found("10.0.0.1", &[("x-real-ip", "198.51.100.9")]), "10.0.0.1");
    assert_eq!(found("10.0.0.1", &[]), "10.0.0.1");
    assert_eq!(found("::ffff:10.0.0.1", &[("x-forwarded-for", "198.51.100.9")]), "198.51.100.9");
}

#[test]
fn the_chain_is_read_from_the_right() {
    for (value, expected, why) in [
        ("1.1.1.1, 198.51.100.9", "198.51.100.9", "the left is the client's invention"),
        ("1.1.1.1, 198.51.100.9, 192.0.2.1", "198.51.100.9", "a trusted link is passed over"),
        ("1.1.1.1,198.51.100.9 ,10.9.9.9,192.0.2.1", "198.51.100.9", "and another"),
        ("10.1.1.1, 10.2.2.2", "10.1.1.1", "all trusted: the furthest"),
        ("198.51.100.9:4711", "198.51.100.9", "a port is not part of the address"),
        ("[2001:db8::7]:4711", "2001:db8::7", "nor in IPv6"),
        ("2001:db8::7", "2001:db8::7", "plain IPv6"),
        ("::ffff:198.51.100.9", "198.51.100.9", "mapped IPv4 is IPv4"),
        ("1.1.1.1, unknown", "10.0.0.1", "garbage ends the walk at its reporter"),
        ("1.1.1.1, , 192.0.2.1", "192.0.2.1", "so does an empty link"),
        ("", "10.0.0.1", "an empty header"),
    ] {
        assert_eq!(found("10.0.0.1", &[("x-forwarded-for", value)]), expected, "{why}");
    }
}

#[test]
fn several_lines_are_one_chain() {
    assert_eq!(
        found("10.0.0.1", &[("x-forwarded-for", "1.1.1.1"), ("x-forwarded-for", "198.51.100.9, 192.0.2.1")]),
        "198.51.100.9"
    );
}

#[test]
fn the_standard_header_is_read_like_the_other() {
    for (value, expected) in [
        ("for=1.1.1.1, for=198.51.100.9", "198.51.100.9"),
        (r#"proto=https;For="[2001:db8::7]:99""#, "2001:db8::7"),
        (r#"for="198.51.100.9:80", for=192.0.2.1"#, "198.51.100.9"),
        ("for=_hidden", "10.0.0.1"),
        ("for=unknown", "10.0.0.1"),
        ("proto=https", "10.0.0.1"),
    ] {
        assert_eq!(found("10.0.0.1", &[("forwarded", value)]), expected, "{value}");
    }
}

#[test]
fn headers_that_disagree_count_for_nothing() {
    let agree = [("x-forwarded-for", "198.51.100.9"), ("forwarded", "for=198.51.100.9")];
    let differ = [("x-forwarded-for", "198.51.100.9"), ("forwarded", "for=1.1.1.1")];
    assert_eq!(found("10.0.0.1", &agree), "198.51.100.9");
    assert_eq!(found("10.0.0.1", &differ), "10.0.0.1");
}

#[test]
fn an_endless_chain_is_cut() {
    let chain = vec!["10.0.0.2"; 5_000].join(",");
    assert_eq!(found("10.0.0.1", &[("x-forwarded-for", &chain)]), "10.0.0.2");
}

#[test]
fn networks_are_read_strictly() {
    for wrong in ["10.0.0.0/33", "localhost", "", "10.0.0"] {
        assert!(TrustedProxies::parse([wrong]).is_err(), "{wrong}");
    }
}

#[test]
fn a_forwarding_header_of_a_near_peer_that_is_not_trusted_is_noticed() {
    let trusted = TrustedProxies::parse(["10.0.0.0/8"]).unwrap();
    for (peer, header, wanted, reason) in [
        ("192.168.1.5", Some("x-forwarded-for"), true, "a private network"),
        ("127.0.0.1", Some("forwarded"), true, "this machine, by the standard's header"),
        ("fd00::5", Some("x-forwarded-for"), true, "a private network of IPv6"),
        ("::ffff:192.168.1.5", Some("x-forwarded-for"), true, "written inside IPv6"),
        ("192.168.1.5", None, false, "no header"),
        ("192.168.1.5", Some("x-real-ip"), false, "no header that is ever read"),
        ("10.1.2.3", Some("x-forwarded-for"), false, "trusted"),
        ("203.0.113.9", Some("x-forwarded-for"), false, "a stranger"),
    ] {
        let mut headers = HeaderMap::new();
        if let Some(header) = header {
            headers.insert(header, "for=203.0.113.1".parse().unwrap());
        }
        assert_eq!(is_unheeded(peer.parse().unwrap(), &headers, &trusted), wanted, "{reason}");
    }
}
