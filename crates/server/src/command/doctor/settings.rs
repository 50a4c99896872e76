//! What settings alone tell.

use countersign_kernel::{Env, Lifetime, Timestamp};

use super::super::serve::EXPIRES_SOON;
use super::Finding;
use crate::config::{Config, Sources, Use};
use crate::listen::tls::Tls;
use crate::wire;

/// Whether `serve` would start, and what it would warn of.
pub(super) fn serve(sources: &Sources) -> Vec<Finding> {
    const CHECK: &str = "configuration";
    let config = match Config::load(sources, Use::Serve) {
        Ok(config) => config,
        Err(refused) => {
            let hint = "mend it; `countersign config check` looks again, docs/reference/settings.md has every setting";
            return refused.0.iter().map(|refusal| Finding::fail(CHECK, refusal.to_string(), hint)).collect();
        }
    };
    let mut findings = Vec::new();
    if let Some(url) = &config.general.public_url {
        let problems = wire::builder(&config, url).problems();
        findings.extend(problems.iter().map(|p| Finding::fail(CHECK, p.to_string(), "mend the setting")));
    }
    if !config.limits.enabled {
        let fix = "remove LIMITS__ENABLED, save for a load test";
        findings.push(Finding::fail("limits", "every limit is off: passwords can be guessed at full speed", fix));
    }
    let others = config.warnings.iter().filter(|warning| !warning.starts_with("LIMITS__ENABLED"));
    findings.extend(others.map(|warning| Finding::warn(CHECK, warning, "do so only on purpose")));
    if findings.is_empty() {
        findings.push(Finding::ok(CHECK, "`serve` would start with it"));
    }
    findings
}

/// Whether the address that browsers use leads to the listener safely.
pub(super) fn listener(config: &Config) -> Vec<Finding> {
    const CHECK: &str = "listener";
    let Some(url) = config.general.public_url.as_ref().map(countersign::PublicUrl::as_str) else { return Vec::new() };
    let general = &config.general;
    let (is_https, is_loopback) = (url.starts_with("https://"), general.listen.ip().is_loopback());
    let ends_tls = config.tls.is_some();
    let mut findings = Vec::new();
    if is_https && !ends_tls && general.trusted_proxies.is_empty() {
        findings.push(Finding::warn(
            CHECK,
            format!("{url} is https and {} speaks plain http: a proxy must end TLS, and none is named", general.listen),
            "name the proxy's network in TRUSTED_PROXIES, or set TLS__CERTIFICATE and TLS__KEY",
        ));
    }
    if !is_https && ends_tls {
        findings.push(Finding::warn(
            CHECK,
            format!("the listener speaks TLS and PUBLIC_URL is {url}"),
            "set PUBLIC_URL to the https address that browsers use",
        ));
    }
    if !ends_tls && !is_loopback && general.trusted_proxies.is_empty() {
        findings.push(Finding::warn(
            CHECK,
            format!("{} takes plain http from other machines", general.listen),
            "listen on a loopback or private address behind the proxy, or set TLS__CERTIFICATE and TLS__KEY",
        ));
    }
    if let Some(admin) = config.admin.listen.filter(|admin| !admin.ip().is_loopback()) {
        findings.push(Finding::warn(
            CHECK,
            format!("metrics on {admin} can be read from other machines"),
            "let only the network of the monitoring reach it",
        ));
    }
    if findings.is_empty() {
        findings.push(Finding::ok(CHECK, format!("{url} by {}", general.listen)));
    }
    findings
}

/// Whether certificate and key can be used, and for how long.
pub(super) fn tls(config: &Config) -> Vec<Finding> {
    const CHECK: &str = "tls";
    let Some(files) = &config.tls else { return Vec::new() };
    let tls = match Tls::load(files) {
        Ok(tls) => tls,
        Err(error) => {
            return vec![Finding::fail(
                CHECK,
                error.to_string(),
                "put a pair in place that fits; a running server keeps the one it has",
            )];
        }
    };
    let Some(expires) = tls.expires() else {
        return vec![Finding::warn(
            CHECK,
            "when the certificate expires cannot be read",
            "look at it with another tool",
        )];
    };
    let now = Env::system().now();
    vec![expiry(expires, now)]
}

fn expiry(expires: Timestamp, now: Timestamp) -> Finding {
    const CHECK: &str = "tls";
    let (until, left) = (expires.to_rfc3339(), expires.since(now));
    let renew = "renew it: the server takes the new one up by itself";
    if left == Lifetime::ZERO {
        Finding::fail(CHECK, format!("the certificate has expired at {until}"), renew)
    } else if left < EXPIRES_SOON {
        Finding::warn(CHECK, format!("the certificate expires at {until}"), renew)
    } else {
        Finding::ok(CHECK, format!("the certificate is valid until {until}"))
    }
}

#[cfg(test)]
mod tests {
    use super::super::State;
    use super::*;

    #[test]
    fn a_certificate_is_told_of_two_weeks_before_it_expires() {
        let now = Timestamp::from_seconds(1_790_000_000);
        for (days, wanted) in
            [(-1, State::Fail), (0, State::Fail), (1, State::Warn), (13, State::Warn), (15, State::Ok)]
        {
            let expires = Timestamp::from_seconds(now.as_seconds() + days * 86_400);
            assert_eq!(expiry(expires, now).state, wanted, "{days} days");
        }
    }
}
