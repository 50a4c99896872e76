//! Whose address a request counts by.
//!
//! Promises: without trusted proxies it is the peer's, whatever the headers say. Behind a trusted proxy it is the last
//! address that a trusted proxy saw and does not itself trust: `X-Forwarded-For` and `Forwarded` (RFC 7239) are read from
//! the right, because everything further left may be the client's invention. No other header is ever read. Where the two
//! headers disagree, one of them was not written by the proxy, and the peer's address counts.

use std::net::{IpAddr, SocketAddr};

use http::HeaderMap;
use http::header::FORWARDED;
use ipnet::IpNet;

/// Links looked at, from the right. More proxies than that in a row is no set-up but an attack on our time.
const LONGEST_CHAIN: usize = 16;

/// The networks whose forwarding headers are believed.
#[derive(Debug, Clone, Default)]
pub struct TrustedProxies(Vec<IpNet>);

impl TrustedProxies {
    /// Believes proxies in these networks. Empty: nobody.
    #[must_use]
    pub const fn new(networks: Vec<IpNet>) -> Self {
        Self(networks)
    }

    /// Reads CIDRs, or single addresses, as configuration writes them.
    ///
    /// # Errors
    /// The first text that is neither.
    pub fn parse<'a>(texts: impl IntoIterator<Item = &'a str>) -> Result<Self, NotANetwork> {
        texts
            .into_iter()
            .map(|text| {
                let text = text.trim();
                text.parse::<IpNet>()
                    .or_else(|_| text.parse::<IpAddr>().map(IpNet::from))
                    .map_err(|_| NotANetwork(text.to_owned()))
            })
            .collect::<Result<_, _>>()
            .map(Self)
    }

    /// Whether what this peer says of others is believed.
    #[must_use]
    pub fn trusts(&self, peer: IpAddr) -> bool {
        self.contains(peer.to_canonical())
    }

    fn contains(&self, address: IpAddr) -> bool {
        self.0.iter().any(|network| network.contains(&address))
    }
}

/// The text is no network like `10.0.0.0/8` and no address.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("expected a network like 10.0.0.0/8 or an address, found {0:?}")]
pub struct NotANetwork(String);

/// The address that a request from `peer` with these headers counts by.
pub(crate) fn client_address(peer: IpAddr, headers: &HeaderMap, trusted: &TrustedProxies) -> IpAddr {
    let peer = peer.to_canonical();
    if !trusted.contains(peer) {
        return peer;
    }
    let by_list = follow(peer, x_forwarded_for(headers), trusted);
    let by_standard = follow(peer, forwarded_for(headers), trusted);
    match (by_list, by_standard) {
        (Some(one), None) | (None, Some(one)) => one,
        (Some(one), Some(other)) if one == other => one,
        _ => peer,
    }
}

/// Whether a forwarding header comes from a peer that is not trusted and could be somebody's own proxy: one of a private network. What
/// strangers of the open network invent is no news.
pub(crate) fn is_unheeded(peer: IpAddr, headers: &HeaderMap, trusted: &TrustedProxies) -> bool {
    let peer = peer.to_canonical();
    let is_near = match peer {
        IpAddr::V4(v4) => v4.is_loopback() || v4.is_private() || v4.is_link_local(),
        IpAddr::V6(v6) => v6.is_loopback() || v6.is_unique_local() || v6.is_unicast_link_local(),
    };
    is_near && (headers.contains_key("x-forwarded-for") || headers.contains_key(FORWARDED)) && !trusted.contains(peer)
}

/// Walks from the right while the links are trusted; none where there is no chain. A link that is no address ends the
/// walk at the proxy that reported it.
fn follow<'a>(peer: IpAddr, chain: impl Iterator<Item = Option<&'a str>>, trusted: &TrustedProxies) -> Option<IpAddr> {
    let mut last = None;
    for link in chain.take(LONGEST_CHAIN) {
        let seen_by = last.unwrap_or(peer);
        let Some(address) = link.and_then(address_of) else { return Some(seen_by) };
        last = Some(address);
        if !trusted.contains(address) {
            break;
        }
    }
    last
}

/// The links of `X-Forwarded-For`, from the right, over all its lines.
fn x_forwarded_for(headers: &HeaderMap) -> impl Iterator<Item = Option<&str>> {
    let mut lines: Vec<_> = headers.get_all("x-forwarded-for").iter().map(|v| v.to_str().ok()).collect();
    lines.reverse();
    lines.into_iter().flat_map(|line| match line {
        None => Links::Broken(true),
        Some(line) => Links::Of(line.rsplit(',')),
    })
}

enum Links<'a> {
    Broken(bool),
    Of(std::str::RSplit<'a, char>),
}

impl<'a> Iterator for Links<'a> {
    type Item = Option<&'a str>;

    fn next(&mut self) -> Option<Self::Item> {
        match self {
            Self::Broken(fresh) => std::mem::take(fresh).then_some(None),
            Self::Of(parts) => parts.next().map(|part| Some(part.trim())),
        }
    }
}

/// The `for` parameters of `Forwarded`, from the right, over all its lines.
fn forwarded_for(headers: &HeaderMap) -> impl Iterator<Item = Option<&str>> {
    let mut lines: Vec<_> = headers.get_all(FORWARDED).iter().map(|v| v.to_str().ok()).collect();
    lines.reverse();
    lines
        .into_iter()
        .flat_map(|line| match line {
            None => Links::Broken(true),
            Some(line) => Links::Of(line.rsplit(',')),
        })
        .map(|element| {
            element?.split(';').find_map(|pair| {
                let (name, value) = pair.split_once('=')?;
                name.trim().eq_ignore_ascii_case("for").then(|| value.trim().trim_matches('"'))
            })
        })
}

/// An address with or without a port, as proxies write it.
fn address_of(text: &str) -> Option<IpAddr> {
    let bare = text.strip_prefix('[').and_then(|t| t.strip_suffix(']')).unwrap_or(text);
    bare.parse::<IpAddr>()
        .or_else(|_| text.parse::<SocketAddr>().map(|socket| socket.ip()))
        .ok()
        .map(|address| address.to_canonical())
}

#[cfg(test)]
mod tests;
