//! Tables on disk: what they know, what is refused, and what happens when they change.
#![expect(clippy::unwrap_used, reason = "tests fail by panicking")]

use std::fs;
use std::net::IpAddr;
use std::path::PathBuf;

use countersign_geo::writer::{Entry, write};
use countersign_geo::{Error, Table};
use countersign_kernel::Locate as _;
use tempfile::TempDir;

/// Networks for documentation (RFC 5737, RFC 3849) and numbers for it (RFC 5398).
fn entries() -> Vec<Entry> {
    vec![
        Entry::new("192.0.2.0/24", Some("de"), Some((64_500, "Example Net"))).unwrap(),
        Entry::new("198.51.0.0/16", Some("FR"), None).unwrap(),
        Entry::new("198.51.100.0/24", Some("AT"), Some((64_501, &"long ".repeat(20)))).unwrap(),
        Entry::new("2001:db8::/32", None, Some((64_500, "Example Net"))).unwrap(),
        Entry::new("2001:db8:9::1/128", Some("CH"), None).unwrap(),
    ]
}

fn file(folder: &TempDir, name: &str, content: impl AsRef<[u8]>) -> PathBuf {
    let path = folder.path().join(name);
    fs::write(&path, content).unwrap();
    path
}

fn said(table: &Table, address: &str) -> String {
    let address: IpAddr = address.parse().unwrap();
    let location = table.locate(address);
    let country = location.country.map_or("-".to_owned(), |country| country.to_string());
    let asn = location.asn.map_or("-".to_owned(), |asn| asn.to_string());
    format!("{country} {asn} {}", table.network_name(address).unwrap_or_default().trim())
}

#[test]
fn a_table_knows_what_is_in_its_file_and_nothing_else() {
    let folder = TempDir::new().unwrap();
    let path = file(&folder, "both.mmdb", write(&entries()));
    let table = Table::open(Some(&path), Some(&path)).unwrap();

    for (address, expected) in [
        ("192.0.2.0", "DE 64500 Example Net"),
        ("192.0.2.255", "DE 64500 Example Net"),
        ("::ffff:192.0.2.1", "DE 64500 Example Net"),
        ("192.0.3.0", "- - "),
        ("198.51.99.1", "FR - "),
        ("198.51.101.1", "FR - "),
        ("198.51.100.1", &format!("AT 64501 {}", "long ".repeat(20).trim())),
        ("2001:db8:1::1", "- 64500 Example Net"),
        ("2001:db8:9::1", "CH - "),
        ("2001:db8:9::2", "- 64500 Example Net"),
        ("2001:db9::", "- - "),
        ("127.0.0.1", "- - "),
        ("::1", "- - "),
    ] {
        assert_eq!(said(&table, address), expected, "{address}");
    }
}

#[test]
fn each_file_is_asked_for_its_own() {
    let folder = TempDir::new().unwrap();
    let both = file(&folder, "both.mmdb", write(&entries()));
    let other =
        file(&folder, "other.mmdb", write(&[Entry::new("192.0.2.0/25", Some("JP"), Some((1, "One"))).unwrap()]));

    assert_eq!(said(&Table::open(Some(&both), None).unwrap(), "192.0.2.1"), "DE - ");
    assert_eq!(said(&Table::open(None, Some(&both)).unwrap(), "192.0.2.1"), "- 64500 Example Net");
    assert_eq!(said(&Table::open(Some(&other), Some(&both)).unwrap(), "192.0.2.1"), "JP 64500 Example Net");
    assert_eq!(said(&Table::open(None, None).unwrap(), "192.0.2.1"), "- - ");
}

#[test]
fn what_cannot_be_read_or_is_broken_is_refused_by_name() {
    let folder = TempDir::new().unwrap();
    let missing = folder.path().join("missing.mmdb");
    let refused = Table::open(Some(&missing), None).unwrap_err();
    assert!(matches!(refused, Error::Unreadable { .. }) && refused.to_string().contains("missing.mmdb"), "{refused}");

    let good = write(&entries());
    let mut pointing_outside = good.clone();
    pointing_outside[..4].copy_from_slice(&[0xff; 4]);
    let cases: [(&str, &[u8]); 5] = [
        ("empty", b""),
        ("text", b"192.0.2.0/24 DE"),
        ("cut", &good[..good.len() - 20]),
        ("without-its-tree", &good[200..]),
        ("pointing-outside", &pointing_outside),
    ];
    for (name, content) in cases {
        let path = file(&folder, name, content);
        let refused = Table::open(None, Some(&path)).unwrap_err();
        assert!(matches!(refused, Error::Broken { .. }) && refused.to_string().contains(name), "{name}: {refused}");
    }
}

#[test]
fn a_file_that_changes_is_read_again_and_a_broken_one_changes_nothing() {
    let folder = TempDir::new().unwrap();
    let path = file(&folder, "both.mmdb", write(&entries()));
    let table = Table::open(Some(&path), Some(&path)).unwrap();
    table.refresh().unwrap();

    file(&folder, "both.mmdb", b"half a download");
    assert!(table.refresh().is_err());
    assert!(table.refresh().is_err(), "as often as it is asked");
    assert_eq!(said(&table, "192.0.2.1"), "DE 64500 Example Net");
    fs::remove_file(&path).unwrap();
    assert!(table.refresh().is_err());
    assert_eq!(said(&table, "192.0.2.1"), "DE 64500 Example Net");

    let new = file(&folder, "new.mmdb", write(&[Entry::new("192.0.2.0/24", Some("NL"), None).unwrap()]));
    fs::rename(new, &path).unwrap();
    table.refresh().unwrap();
    assert_eq!(said(&table, "192.0.2.1"), "NL - ");
}

#[test]
fn a_line_must_be_a_network() {
    for wrong in ["192.0.2.0", "192.0.2.0/33", "2001:db8::/129", "here/24", "192.0.2.0/x"] {
        assert_eq!(Entry::new(wrong, None, None), None, "{wrong}");
    }
}
