//! SIGHUP: takes up what may change while the server runs, and names what may not.
//!
//! Promises: all settings are read and judged first, and where anything is wrong with them nothing changes; a setting that needs a restart is
//! named and left alone; the log tells names, never values.

use std::sync::Arc;

use countersign::{PublicUrl, System};

use crate::config::{Config, Shown, Sources, Use};
use crate::listen::tls::Tls;
use crate::{telemetry, wire};

/// What it takes to reload.
pub struct Reloader {
    /// Where settings come from.
    pub sources: Sources,
    /// The settings that are in force.
    pub shown: Vec<Shown>,
    /// The address that browsers use: it does not change.
    pub url: PublicUrl,
    /// What runs.
    pub system: System,
    /// What TLS is ended with.
    pub tls: Option<Arc<Tls>>,
}

impl Reloader {
    /// Reads everything again and takes up what can be, or says in the log why not.
    pub fn reload(&mut self) {
        let config = match Config::load(&self.sources, Use::Serve) {
            Ok(config) => config,
            Err(refused) => {
                tracing::error!("the settings stay as they were: {refused}");
                return;
            }
        };
        if let Err(error) = wire::builder(&config, &self.url).reload(&self.system) {
            tracing::error!("the settings stay as they were: {error}");
            return;
        }
        let _ = telemetry::set_level(&config.log.level);
        if let Some(tls) = &self.tls {
            tls.look_and_tell();
        }
        self.tell(&config);
        self.system.auth().show_settings(wire::shown_settings(&self.shown));
    }

    fn tell(&mut self, config: &Config) {
        let (mut taken, mut waiting) = (Vec::new(), Vec::new());
        for (old, new) in self.shown.iter_mut().zip(&config.shown) {
            if old.value == new.value {
                continue;
            }
            if new.definition.reloads {
                taken.push(new.definition.key);
                *old = new.clone();
            } else {
                // It stays what it was, and is named again next time.
                waiting.push(new.definition.key);
            }
        }
        if taken.is_empty() && waiting.is_empty() {
            tracing::info!("reloaded: nothing has changed");
        }
        if !taken.is_empty() {
            tracing::info!("reloaded, taken up: {}", taken.join(", "));
        }
        if !waiting.is_empty() {
            tracing::warn!("reloaded, needs a restart: {}", waiting.join(", "));
        }
    }
}
