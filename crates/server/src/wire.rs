//! Every choice that turns a configuration into a running system, on one page.

use std::str::FromStr;

use countersign::{
    Algorithm, Auth, AuthExt as _, Builder, HasherConfig, Params, PasswordPolicy, Policies, PublicUrl, TrustedProxies,
    Undelivered, WhenStale,
};

use crate::config::Config;
use crate::config::limits::{Allowance, Limits};
use crate::config::passwords::Passwords;

/// The system that the configuration describes, called by `public_url`.
pub fn builder(config: &Config, public_url: &PublicUrl) -> Builder {
    let general = &config.general;
    let mut builder = Auth::builder()
        .public_url(public_url.as_str())
        .data_dir(&general.data_dir)
        .algorithm(algorithm(config))
        .access_lifetime(config.tokens.access)
        .email_claim(config.tokens.email_claim)
        .session_lifetime(config.refresh.idle, config.refresh.absolute)
        .refresh_policy(config.refresh.window, undelivered(config))
        .staleness_policy(config.revocation.max_staleness, when_stale(config))
        .step_up_max_age(config.step_up.max_age)
        .key_schedule(config.keys.rotate_after, config.keys.publish_before)
        .hashing(hashing(&config.passwords))
        .password_policy(PasswordPolicy {
            min: config.passwords.min_length,
            max: config.passwords.max_length,
            ..PasswordPolicy::default()
        })
        .trusted_proxies(TrustedProxies::new(general.trusted_proxies.clone()))
        .allowed_origins(config.cors.allowed_origins.iter().cloned());
    if let Some(path) = &general.database {
        builder = builder.database(format!("sqlite://{}", path.display()));
    }
    if let Some(key) = &general.master_key {
        builder = builder.master_key(key.clone());
    }
    if let Some(audience) = &config.tokens.audience {
        builder = builder.audience(audience);
    }
    if config.limits.enabled { builder.limits(policies(&config.limits)) } else { builder.danger_without_limits() }
}

/// The configuration knows the same names.
fn algorithm(config: &Config) -> Algorithm {
    Algorithm::from_str(&config.tokens.algorithm).unwrap_or(Algorithm::EdDSA)
}

const fn when_stale(config: &Config) -> WhenStale {
    if config.revocation.is_refused_when_stale { WhenStale::Refuse } else { WhenStale::Flag }
}

const fn undelivered(config: &Config) -> Undelivered {
    if config.refresh.undelivered_is_theft { Undelivered::Theft } else { Undelivered::Tolerate }
}

fn hashing(passwords: &Passwords) -> HasherConfig {
    let default = HasherConfig::default();
    HasherConfig {
        params: Params {
            memory_kib: passwords.memory_kib,
            iterations: passwords.iterations,
            parallelism: passwords.parallelism,
        },
        workers: passwords.workers.unwrap_or(default.workers),
        memory_budget_kib: passwords.memory_budget_kib,
        queue_deadline: passwords.queue,
    }
}

fn policies(limits: &Limits) -> Policies {
    let mut policies = Policies::default();
    for (quota, allowance) in [
        (&mut policies.sign_in_address_account, limits.sign_in_address_account),
        (&mut policies.sign_in_address, limits.sign_in_address),
        (&mut policies.sign_in_account, limits.sign_in_account),
        (&mut policies.sign_in_device, limits.sign_in_device),
        (&mut policies.register_address, limits.register_address),
        (&mut policies.refresh_session, limits.refresh_session),
        (&mut policies.password_account, limits.password_account),
    ] {
        let Allowance { limit, window } = allowance;
        (quota.limit, quota.window) = (limit, window);
    }
    policies
}
