//! What a session has been seen with, as one column.
//!
//! A line each: `a` for a user-agent family or `n` for a network, `+` where the person was proven there or `-`, then the text.
//! No list is no text. Reading is strict: what no version of this program writes is refused.

use countersign_store::noticed::{LONGEST_MARK, MOST_NETWORKS, MOST_USER_AGENTS};
use countersign_store::{Mark, Noticed};

/// The column's text; none for an empty list. An error where a list or a mark is longer than any may be, or no single line.
pub(super) fn encode(noticed: &[Noticed]) -> Result<Option<String>, TooMuch> {
    if noticed.is_empty() {
        return Ok(None);
    }
    let lines = noticed.iter().map(|entry| {
        let (kind, text) = match &entry.mark {
            Mark::UserAgent(family) => ('a', family),
            Mark::Network(network) => ('n', network),
        };
        format!("{kind}{}{text}", if entry.is_proven { '+' } else { '-' })
    });
    let text = lines.collect::<Vec<_>>().join("\n");
    // What would not read back as it was is not written.
    if decode(&text).is_some_and(|read| read == noticed) { Ok(Some(text)) } else { Err(TooMuch) }
}

/// The list, or none where the text is not one.
pub(super) fn decode(text: &str) -> Option<Vec<Noticed>> {
    let noticed = text.split('\n').map(line).collect::<Option<Vec<_>>>()?;
    let families = noticed.iter().filter(|entry| matches!(entry.mark, Mark::UserAgent(_))).count();
    (families <= MOST_USER_AGENTS && noticed.len() - families <= MOST_NETWORKS).then_some(noticed)
}

fn line(line: &str) -> Option<Noticed> {
    let (kind, rest) = line.split_at_checked(1)?;
    let (standing, text) = rest.split_at_checked(1)?;
    if text.is_empty() || text.len() > LONGEST_MARK {
        return None;
    }
    let mark = match kind {
        "a" => Mark::UserAgent(text.to_owned()),
        "n" => Mark::Network(text.to_owned()),
        _ => return None,
    };
    let is_proven = match standing {
        "+" => true,
        "-" => false,
        _ => return None,
    };
    Some(Noticed { mark, is_proven })
}

/// A list or a mark that no row may have.
#[derive(Debug)]
pub(super) struct TooMuch;

#[cfg(test)]
mod tests {
    use super::*;

    fn network(number: usize, is_proven: bool) -> Noticed {
        Noticed { mark: Mark::Network(format!("192.0.{number}.0/24")), is_proven }
    }

    fn agent(name: &str) -> Noticed {
        Noticed { mark: Mark::UserAgent(name.to_owned()), is_proven: false }
    }

    #[test]
    fn every_list_reads_back() {
        assert_eq!(encode(&[]).unwrap(), None);
        let mut list: Vec<Noticed> = (0..MOST_NETWORKS).map(|n| network(n, n.is_multiple_of(2))).collect();
        list.push(agent("Firefox on Linux"));
        let text = encode(&list).unwrap().unwrap();

        assert!(text.starts_with("n+192.0.0.0/24\nn-192.0.1.0/24\n") && text.ends_with("\na-Firefox on Linux"));
        assert_eq!(decode(&text), Some(list));
    }

    #[test]
    fn what_no_row_may_have_is_not_written() {
        let long = "x".repeat(LONGEST_MARK + 1);
        for wrong in [
            vec![network(1, true); MOST_NETWORKS + 1],
            vec![agent("curl"); MOST_USER_AGENTS + 1],
            vec![agent("")],
            vec![agent("two\nlines")],
            vec![agent("one\nn+192.0.2.0/24")],
            vec![agent(&long)],
        ] {
            assert!(encode(&wrong).is_err(), "{wrong:?}");
        }
    }

    #[test]
    fn what_nobody_wrote_is_not_read() {
        for wrong in ["", "a", "a+", "x+curl", "a?curl", "a+curl\n", "ä+curl", "aä"] {
            assert_eq!(decode(wrong), None, "{wrong:?}");
        }
    }
}
