//! Writes small MaxMind-format files: for tests alone.
//!
//! The format (MaxMind DB, version 2): a binary search tree over the bits of an address, 16 zero bytes, the data that its
//! leaves point at, and a description of the file at the end. IPv4 addresses lie under `::/96`.

use std::net::IpAddr;

/// One line of a table.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Entry {
    /// The network's address; what lies behind its prefix does not count.
    pub network: IpAddr,
    /// The length of the prefix in bits: at most 32 or 128.
    pub prefix: u8,
    /// The country's two letters, if any.
    pub country: Option<String>,
    /// Number and name of the autonomous system, if any.
    pub asn: Option<(u32, String)>,
}

impl Entry {
    /// A line: `2001:db8::/32`, `DE`, `64500 Example Net`. None where the network is none.
    #[must_use]
    pub fn new(network: &str, country: Option<&str>, asn: Option<(u32, &str)>) -> Option<Self> {
        let (address, prefix) = network.split_once('/')?;
        let (network, prefix): (IpAddr, u8) = (address.parse().ok()?, prefix.parse().ok()?);
        let longest = if network.is_ipv4() { 32 } else { 128 };
        let asn = asn.map(|(number, name)| (number, name.to_owned()));
        (prefix <= longest).then(|| Self { network, prefix, country: country.map(str::to_owned), asn })
    }
}

/// The bytes of a file with these lines. Of lines that overlap the later one counts.
#[must_use]
pub fn write(entries: &[Entry]) -> Vec<u8> {
    let mut tree = Tree { nodes: vec![[Branch::Nothing; 2]] };
    let mut data = Vec::new();
    for entry in entries {
        let offset = data.len();
        push_entry(&mut data, entry);
        let (bits, length) = match entry.network {
            IpAddr::V4(v4) => (u128::from(v4.to_bits()), 96 + entry.prefix),
            IpAddr::V6(v6) => (v6.to_bits(), entry.prefix),
        };
        tree.insert(bits, length, offset);
    }
    let count = tree.nodes.len();
    let mut file = Vec::new();
    for branch in tree.nodes.iter().flatten() {
        let record = match branch {
            Branch::Nothing => count,
            Branch::Node(node) => *node,
            Branch::Data(offset) => count + SEPARATOR + offset,
        };
        file.extend_from_slice(&u32::try_from(record).unwrap_or(u32::MAX).to_be_bytes());
    }
    file.extend_from_slice(&[0; SEPARATOR]);
    file.extend_from_slice(&data);
    file.extend_from_slice(b"\xab\xcd\xefMaxMind.com");
    push_description(&mut file, count);
    file
}

#[derive(Debug, Clone, Copy)]
enum Branch {
    Nothing,
    Node(usize),
    Data(usize),
}

struct Tree {
    nodes: Vec<[Branch; 2]>,
}

impl Tree {
    fn insert(&mut self, bits: u128, length: u8, offset: usize) {
        let mut node = 0;
        for depth in 0..length {
            let side = usize::from(bits >> (127 - depth) & 1 == 1);
            let is_last = depth + 1 == length;
            let next = self.nodes.len();
            let Some(branch) = self.nodes.get_mut(node).and_then(|pair| pair.get_mut(side)) else { return };
            node = match *branch {
                _ if is_last => {
                    *branch = Branch::Data(offset);
                    return;
                }
                Branch::Node(existing) => existing,
                // A line that lies within a wider one: both halves go on as the wider one was.
                wider => {
                    *branch = Branch::Node(next);
                    self.nodes.push([wider; 2]);
                    next
                }
            };
        }
    }
}

const SEPARATOR: usize = 16;

fn push_entry(out: &mut Vec<u8>, entry: &Entry) {
    push_map(out, usize::from(entry.country.is_some()) + 2 * usize::from(entry.asn.is_some()));
    if let Some((number, name)) = &entry.asn {
        push_text(out, "autonomous_system_number");
        push_number(out, 6, u64::from(*number));
        push_text(out, "autonomous_system_organization");
        push_text(out, name);
    }
    if let Some(country) = &entry.country {
        push_text(out, "country");
        push_map(out, 1);
        push_text(out, "iso_code");
        push_text(out, country);
    }
}

fn push_description(out: &mut Vec<u8>, nodes: usize) {
    push_map(out, 9);
    push_text(out, "binary_format_major_version");
    push_number(out, 5, 2);
    push_text(out, "binary_format_minor_version");
    push_number(out, 5, 0);
    push_text(out, "build_epoch");
    push_number(out, 9, 1_790_000_000);
    push_text(out, "database_type");
    push_text(out, "Countersign-Country-ASN");
    push_text(out, "description");
    push_map(out, 1);
    push_text(out, "en");
    push_text(out, "Countries and networks by address");
    push_text(out, "ip_version");
    push_number(out, 5, 6);
    push_text(out, "languages");
    push_control(out, 11, 1);
    push_text(out, "en");
    push_text(out, "node_count");
    push_number(out, 6, nodes as u64);
    push_text(out, "record_size");
    push_number(out, 5, 32);
}

fn push_map(out: &mut Vec<u8>, pairs: usize) {
    push_control(out, 7, pairs);
}

fn push_text(out: &mut Vec<u8>, text: &str) {
    push_control(out, 2, text.len());
    out.extend_from_slice(text.as_bytes());
}

/// An unsigned number of type 5 (16 bits), 6 (32) or 9 (64), without leading zeros.
fn push_number(out: &mut Vec<u8>, kind: u8, number: u64) {
    let bytes = number.to_be_bytes();
    let zeros = bytes.iter().take_while(|byte| **byte == 0).count();
    push_control(out, kind, bytes.len() - zeros);
    out.extend_from_slice(bytes.get(zeros..).unwrap_or_default());
}

/// A type and a size of less than 65,821: up to 28 in the first byte, then one or two bytes more.
fn push_control(out: &mut Vec<u8>, kind: u8, size: usize) {
    let (short, rest): (u8, Vec<u8>) = match size {
        0..29 => (u8::try_from(size).unwrap_or(0), vec![]),
        29..285 => (29, vec![u8::try_from(size - 29).unwrap_or(0)]),
        _ => (30, u16::try_from(size - 285).unwrap_or(u16::MAX).to_be_bytes().to_vec()),
    };
    if kind < 8 {
        out.push(kind << 5 | short);
    } else {
        out.push(short);
        out.push(kind - 7);
    }
    out.extend_from_slice(&rest);
}
