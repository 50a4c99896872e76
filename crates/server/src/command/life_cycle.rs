//! Writes down that a server starts and stops, and with what settings.
//!
//! Promises: no secret and no part of one is in the record: settings are a fingerprint of what `config show` prints, which
//! shows of secrets only whether they are set.

use countersign::System;
use countersign_audit::{Actor, Event, Hash, Record};
use countersign_kernel::{Origin, RequestId};
use countersign_store::{AuditFilter, Error, PageRequest};

use crate::config::Config;

/// Writes that a server begins to serve, and whether its settings are others than those of the start before.
///
/// # Errors
/// The database failed.
pub async fn started(system: &System, config: &Config) -> Result<(), Error> {
    let settings = fingerprint(config);
    let filter = AuditFilter { events: vec![Event::ServerStarted], ..AuditFilter::default() };
    let mut tx = system.store().begin().await?;
    let last = tx.list_audit_records(&filter, &PageRequest::first(1)).await?.items.pop();
    let before = last.and_then(|sealed| sealed.record.detail.get(SETTINGS).cloned());
    let origin = Origin::local(RequestId::new(system.env()));
    let record =
        |event: Event| Record::new(event, Actor::System, &origin, tx.now(), system.env()).with(SETTINGS, &settings);
    let started = record(Event::ServerStarted).with("version", env!("CARGO_PKG_VERSION"));
    let changed = before.filter(|before| *before != settings);
    let changed = changed.map(|before| record(Event::SettingsChanged).with("before", before));
    tx.audit(started);
    changed.into_iter().for_each(|record| tx.audit(record));
    tx.commit().await
}

/// Writes that a server stops in an orderly way.
///
/// # Errors
/// The database failed.
pub async fn stopped(system: &System) -> Result<(), Error> {
    let mut tx = system.store().begin().await?;
    let origin = Origin::local(RequestId::new(system.env()));
    tx.audit(Record::new(Event::ServerStopped, Actor::System, &origin, tx.now(), system.env()));
    tx.commit().await
}

/// 64 bits are enough to see that something was changed.
fn fingerprint(config: &Config) -> String {
    let shown = |s: &crate::config::Shown| format!("{}={}\n", s.definition.key, s.value.as_deref().unwrap_or_default());
    let text: String = config.shown.iter().map(shown).collect();
    Hash::of_text(&text).to_string().chars().take(16).collect()
}

const SETTINGS: &str = "settings";
