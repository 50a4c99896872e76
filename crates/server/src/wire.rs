//! Every choice that turns a configuration into a running system, on one page.

use std::str::FromStr;

use countersign::{
    Algorithm, Auth, AuthExt as _, Builder, HasherConfig, Mailer, Params, PasswordPolicy, Policies, PublicUrl,
    ShownSetting, TrustedProxies, Undelivered, WhenStale,
};

use crate::config::general::Database;
use crate::config::limits::{Allowance, Limits};
use crate::config::mail::{Mail, Taker};
use crate::config::passwords::Passwords;
use crate::config::{Config, Shown};

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
        .bind_sessions(config.session.bind)
        .max_sessions_per_user(config.session.max_per_user)
        .staleness_policy(config.revocation.max_staleness, when_stale(config))
        .max_feed_subscribers(config.revocation.max_subscribers)
        .status_list(config.revocation.has_status_list)
        .step_up_max_age(config.step_up.max_age)
        .second_factor_for_roles(config.second_factor.required_roles.iter().cloned())
        .remember_devices(config.second_factor.remember_device)
        .key_schedule(config.keys.rotate_after, config.keys.publish_before)
        .audit_trail(config.audit.checkpoint_every, config.audit.keep)
        .hashing(hashing(&config.passwords))
        .password_policy(password_policy(&config.passwords))
        .passkey_user_verification(config.passkeys.user_verification)
        .peppers(config.passwords.peppers.clone())
        .trusted_proxies(TrustedProxies::new(general.trusted_proxies.clone()))
        .allowed_origins(config.cors.allowed_origins.iter().cloned())
        .shown_settings(shown_settings(&config.shown))
        .postgres_connections(config.postgres.connections, config.postgres.hot_connections);
    match &general.database {
        None => {}
        Some(Database::Sqlite(path)) => builder = builder.database(format!("sqlite://{}", path.display())),
        Some(Database::Postgres(_, url)) => builder = builder.database(url.expose()),
    }
    if let Some(valkey) = &general.valkey {
        builder = builder.valkey(valkey.url.clone());
    }
    if let Some(path) = &config.passwords.breached_filter {
        builder = builder.breached_filter(path);
    }
    #[cfg(feature = "geo")]
    {
        builder = builder.geo(config.geo.country_file.clone(), config.geo.asn_file.clone());
    }
    if let Some(key) = &general.master_key {
        builder = builder.master_key(key.clone());
    }
    if let Some(audience) = &config.tokens.audience {
        builder = builder.audience(audience);
    }
    builder = builder.require_verified_email(config.registration.require_verified_email);
    if let Some(mailer) = mailer(&config.mail) {
        builder = builder.mail(mailer);
    }
    let builder = builder.challenge_difficulty(config.limits.challenge_difficulty);
    if config.limits.enabled { builder.limits(policies(&config.limits)) } else { builder.danger_without_limits() }
}

/// How mail is sent; none where nobody takes it.
fn mailer(mail: &Mail) -> Option<Mailer> {
    let mailer = match mail.taker.as_ref()? {
        Taker::Directory(path) => Mailer::directory(path),
        Taker::Smtp { url, authority } => Mailer::smtp(url.clone(), authority.clone()),
    };
    Some(addressed(mailer, mail))
}

/// With the sender and the texts of the configuration.
pub(crate) fn addressed(mut mailer: Mailer, mail: &Mail) -> Mailer {
    if let Some(from) = &mail.from {
        mailer = mailer.from(from);
    }
    if let Some(texts) = &mail.texts {
        mailer = mailer.texts(texts);
    }
    mailer
}

/// The settings as administrators are shown them.
pub fn shown_settings(shown: &[Shown]) -> Vec<ShownSetting> {
    let one = |shown: &Shown| {
        let (definition, origin) = (shown.definition, shown.origin.to_string());
        if definition.secret {
            ShownSetting::secret(definition.key, shown.value.is_some(), origin, definition.reloads)
        } else {
            ShownSetting::plain(definition.key, shown.value.clone(), origin, definition.reloads)
        }
    };
    shown.iter().map(one).collect()
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

/// What new passwords must be, without the filter that a file holds.
pub fn password_policy(passwords: &Passwords) -> PasswordPolicy {
    PasswordPolicy { min: passwords.min_length, max: passwords.max_length, ..PasswordPolicy::default() }
}

/// How passwords are hashed.
pub fn hashing(passwords: &Passwords) -> HasherConfig {
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

/// The named limits of this configuration.
pub(crate) fn policies(limits: &Limits) -> Policies {
    let mut policies = Policies::default();
    for (quota, allowance) in [
        (&mut policies.sign_in_address_account, limits.sign_in_address_account),
        (&mut policies.sign_in_address, limits.sign_in_address),
        (&mut policies.sign_in_account, limits.sign_in_account),
        (&mut policies.sign_in_device, limits.sign_in_device),
        (&mut policies.challenge_account, limits.challenge_account),
        (&mut policies.register_address, limits.register_address),
        (&mut policies.refresh_session, limits.refresh_session),
        (&mut policies.password_account, limits.password_account),
        (&mut policies.second_factor_account, limits.second_factor_account),
        (&mut policies.mail_account, limits.mail_account),
        (&mut policies.mail_address, limits.mail_address),
        (&mut policies.code_account, limits.code_account),
        (&mut policies.link_address, limits.link_address),
        (&mut policies.passkey_address, limits.passkey_address),
        (&mut policies.passkey_account, limits.passkey_account),
        (&mut policies.claim_admin_account, limits.claim_admin_account),
        (&mut policies.admin_account, limits.admin_account),
    ] {
        let Allowance { limit, window } = allowance;
        (quota.limit, quota.window) = (limit, window);
    }
    for (quota, allowance) in [
        (&mut policies.sign_in_network, limits.sign_in_network),
        (&mut policies.sign_in_country, limits.sign_in_country),
    ] {
        if let Some(Allowance { limit, window }) = allowance {
            (quota.limit, quota.window) = (limit, window);
        }
    }
    policies
}
