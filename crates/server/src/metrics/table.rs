//! Every metric: name, kind, labels and meaning, once. The scrape, the reference page and the tests of the dashboard read this.
//!
//! To add one: a line here, a line in `collect.rs`, `cargo xtask gen`. A label's values come from a closed list; an id, an address
//! or a path as it came is never one.

/// What a number does.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// It only grows, from zero at the start of the process.
    Counter,
    /// It goes up and down.
    Gauge,
    /// It says how often something fell between which bounds.
    Histogram,
}

/// A metric.
#[derive(Debug)]
pub struct Metric {
    /// The name, after the conventions of Prometheus.
    pub name: &'static str,
    /// What the number does.
    pub kind: Kind,
    /// The labels, in order.
    pub labels: &'static [&'static str],
    /// What it means, in a sentence or two.
    pub help: &'static str,
}

/// Metrics that belong together.
#[derive(Debug)]
pub struct Section {
    /// The title on the reference page.
    pub title: &'static str,
    /// The metrics, in the order in which they are served.
    pub metrics: &'static [&'static Metric],
}

impl Kind {
    /// The word of the text format.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Counter => "counter",
            Self::Gauge => "gauge",
            Self::Histogram => "histogram",
        }
    }
}

/// Every metric.
pub fn all() -> impl Iterator<Item = &'static Metric> {
    SECTIONS.iter().flat_map(|section| section.metrics.iter().copied())
}

macro_rules! metrics {
    ($($title:literal { $(#[doc = $help:literal] $constant:ident: $kind:ident $name:literal [$($label:literal),*];)* })*) => {
        $($(
            #[doc = $help]
            pub static $constant: Metric =
                Metric { name: $name, kind: Kind::$kind, labels: &[$($label),*], help: $help };
        )*)*

        /// Every metric, by section.
        pub static SECTIONS: &[Section] = &[$(Section { title: $title, metrics: &[$(&$constant),*] },)*];
    };
}

metrics! {
    "Requests" {
        /// Answers by the route's template, method and status. `none` is every path without a route, `OTHER` every unknown method.
        HTTP_REQUESTS: Counter "countersign_http_requests_total" ["route", "method", "status"];
        /// How long answers took, from the whole head to the finished answer.
        HTTP_SECONDS: Histogram "countersign_http_request_seconds" ["route", "method"];
        /// Refusals by their error code, each code from the start.
        HTTP_PROBLEMS: Counter "countersign_http_problems_total" ["code"];
        /// Handlers that panicked; the client got a plain 500.
        HTTP_PANICS: Counter "countersign_http_panics_total" [];
        /// Open connections, all listeners together.
        CONNECTIONS: Gauge "countersign_connections" [];
        /// Connections that were turned away because every place was taken.
        CONNECTIONS_REFUSED: Counter "countersign_connections_refused_total" [];
        /// Connections that were cut off because they took too long.
        CONNECTIONS_CUT: Counter "countersign_connections_cut_total" [];
        /// TLS handshakes that failed, where the server ends TLS itself.
        TLS_FAILED: Counter "countersign_tls_handshakes_failed_total" [];
    }
    "Sign-in and sessions" {
        /// Sign-ins by outcome. The reasons of failures are told apart here and in the audit trail, never in an answer.
        SIGN_INS: Counter "countersign_sign_ins_total" ["outcome"];
        /// Registrations by outcome.
        SIGN_UPS: Counter "countersign_sign_ups_total" ["outcome"];
        /// Refreshes by the row of the refresh table that decided; `limited` and `busy` were not judged. `9-theft` is a copied token found out.
        REFRESHES: Counter "countersign_refreshes_total" ["case"];
        /// Checks of access tokens: `remembered` were verified before, `new` were not, or are no tokens of ours.
        TOKEN_CHECKS: Counter "countersign_token_checks_total" ["seen"];
        /// Verified access tokens that are remembered.
        TOKENS_REMEMBERED: Gauge "countersign_remembered_tokens" [];
        /// How many may be remembered.
        TOKENS_MOST: Gauge "countersign_remembered_tokens_max" [];
    }
    "Password hashing" {
        /// Hashes computed.
        HASHES: Counter "countersign_password_hashes_total" [];
        /// Calls refused because their turn would have come too late; they were answered 503.
        HASHES_REFUSED: Counter "countersign_password_hashes_refused_total" [];
        /// Calls given up by their clients before their turn.
        HASHES_ABANDONED: Counter "countersign_password_hashes_abandoned_total" [];
        /// Calls that wait for their turn.
        HASHES_WAITING: Gauge "countersign_password_hashes_waiting" [];
        /// Hashes that are being computed.
        HASHES_RUNNING: Gauge "countersign_password_hashes_running" [];
        /// How long calls waited for their turn.
        HASH_WAIT_SECONDS: Histogram "countersign_password_hash_wait_seconds" [];
        /// How long hashes took.
        HASH_SECONDS: Histogram "countersign_password_hash_seconds" [];
        /// How long a hash is taken to last when a call is admitted or refused.
        HASH_ESTIMATE: Gauge "countersign_password_hash_estimate_seconds" [];
    }
    "Database" {
        /// 1 where the database answered this scrape.
        DATABASE_UP: Gauge "countersign_database_up" [];
        /// How long each kind of step took, waiting included: `begin`, `snapshot`, `commit`, `hot_read`, `hot_write`, `heads`.
        DATABASE_SECONDS: Histogram "countersign_database_seconds" ["step"];
        /// Steps that failed because of the database.
        DATABASE_ERRORS: Counter "countersign_database_errors_total" ["step"];
        /// Connections of each pool: `in_use`, `open`, `max`.
        DATABASE_CONNECTIONS: Gauge "countersign_database_connections" ["pool", "state"];
        /// How many refreshes shared a commit. SQLite only.
        DATABASE_GROUPS: Histogram "countersign_database_group_size" [];
        /// Refreshes that wait for the writer. SQLite only.
        DATABASE_WAITING: Gauge "countersign_database_waiting_writes" [];
    }
    "Mail" {
        /// Mails that wait to be sent, counted up to ten thousand. Absent where no mail is sent.
        MAIL_WAITING: Gauge "countersign_mail_waiting" [];
        /// How long the oldest of them has waited.
        MAIL_AGE: Gauge "countersign_mail_oldest_seconds" [];
        /// Mails that this process has handed over (`sent`) or given up (`given_up`).
        MAILS: Counter "countersign_mails_total" ["outcome"];
    }
    "Limits" {
        /// Calls refused by each limit; a limit appears with its first refusal.
        LIMIT_REFUSALS: Counter "countersign_limit_refusals_total" ["limit"];
        /// Buckets held in this process.
        LIMIT_KEYS: Gauge "countersign_limit_keys" [];
        /// Buckets dropped to make room while they still counted something: someone is flooding.
        LIMIT_EVICTIONS: Counter "countersign_limit_evictions_total" [];
        /// 1 while Valkey answers, 0 while this node counts limits for itself. Absent where no Valkey is set.
        VALKEY_UP: Gauge "countersign_valkey_up" [];
        /// Questions about limits that Valkey answered (`valkey`) or this node alone (`node`). Absent where no Valkey is set.
        VALKEY_QUESTIONS: Counter "countersign_limit_questions_total" ["by"];
    }
    "Revocation" {
        /// Live revocations of `token`, `session`, `person` and `key`.
        REVOCATIONS: Gauge "countersign_revocations" ["kind"];
        /// The number of the last revocation that this process has taken up. The same on all nodes, save for a moment.
        REVOCATION_SEQ: Gauge "countersign_revocation_seq" [];
        /// How long the revocation log has not answered this process. Below one second as a rule.
        REVOCATION_LAG: Gauge "countersign_revocation_lag_seconds" [];
        /// How often this process was told of a revocation: by PostgreSQL (`database`), by other nodes (`valkey`). Absent without both.
        REVOCATION_NEWS: Counter "countersign_revocation_news_total" ["by"];
        /// Services that read the revocation feed of this process.
        FEED_SUBSCRIBERS: Gauge "countersign_feed_subscribers" [];
        /// How many may read it at once.
        FEED_MOST: Gauge "countersign_feed_subscribers_max" [];
        /// Events sent to them: `revoked`, `snapshot`, `heartbeat`, `reset`.
        FEED_EVENTS: Counter "countersign_feed_events_total" ["kind"];
        /// How many revocations wait for the slowest of them. Beyond 16,384 it is cut off.
        FEED_BACKLOG: Gauge "countersign_feed_backlog" [];
        /// Services that were cut off because they read too slowly.
        FEED_CUT_OFF: Counter "countersign_feed_cut_off_total" [];
    }
    "Signing keys" {
        /// Keys by standing: `next`, `active`, `retired`, `withdrawn`.
        KEYS: Gauge "countersign_signing_keys" ["standing"];
        /// The age of the oldest key of each standing: since it began to sign, or else since it was made.
        KEY_AGE: Gauge "countersign_signing_key_age_seconds" ["standing"];
        /// How long until the schedule lets the next key sign. Not there where no key could follow.
        KEY_NEXT: Gauge "countersign_signing_key_activation_seconds" [];
    }
    "Audit" {
        /// Audit records that this process committed, by event, each event from the start.
        AUDIT_EVENTS: Counter "countersign_audit_events_total" ["event"];
        /// Records that wait to be sealed, counted up to 10,000. Not there where the database does not answer.
        AUDIT_UNSEALED: Gauge "countersign_audit_unsealed_records" [];
        /// How long the oldest of them has waited. A second or two as a rule.
        AUDIT_UNSEALED_AGE: Gauge "countersign_audit_unsealed_age_seconds" [];
        /// Refused requests that came too fast to be audited one by one.
        REFUSALS_UNAUDITED: Counter "countersign_refusals_unaudited_total" [];
        /// Events that an embedder's hook was too slow for.
        EVENTS_DROPPED: Counter "countersign_events_dropped_total" [];
    }
    "Process" {
        /// Always 1; the label is the version.
        BUILD_INFO: Gauge "countersign_build_info" ["version"];
        /// Seconds since the process was ready.
        UPTIME: Gauge "countersign_uptime_seconds" [];
        /// Log lines that were dropped because nobody read them in time.
        LOG_DROPPED: Counter "countersign_log_lines_dropped_total" [];
        /// Spans handed to the collector: `sent`, or `failed` and gone. Zero where traces are off.
        TRACE_SPANS: Counter "countersign_trace_spans_total" ["result"];
        /// Memory in use, as the operating system counts it.
        PROCESS_MEMORY: Gauge "process_resident_memory_bytes" [];
        /// Open file descriptors.
        PROCESS_FDS: Gauge "process_open_fds" [];
        /// How many may be open.
        PROCESS_FDS_MOST: Gauge "process_max_fds" [];
        /// Processor time, user and system together.
        PROCESS_CPU: Counter "process_cpu_seconds_total" [];
        /// Threads.
        PROCESS_THREADS: Gauge "process_threads" [];
        /// When the process was ready, in seconds since 1970.
        PROCESS_START: Gauge "process_start_time_seconds" [];
    }
}

#[cfg(test)]
mod tests {
    use std::collections::HashSet;

    use super::*;

    #[test]
    fn names_follow_the_conventions() {
        let mut seen = HashSet::new();
        for Metric { name, kind, help, .. } in all() {
            assert!(seen.insert(*name), "{name} is there twice");
            assert!(name.starts_with("countersign_") || name.starts_with("process_"), "{name}");
            assert!(name.bytes().all(|b| b.is_ascii_lowercase() || b == b'_'), "{name}");
            assert_eq!(name.ends_with("_total"), *kind == Kind::Counter, "{name}");
            assert!(help.trim().ends_with('.') && !help.contains('\n'), "{name}: {help}");
        }
    }

    #[test]
    fn no_label_could_hold_a_person() {
        let known = [
            "route", "method", "status", "code", "outcome", "case", "seen", "step", "pool", "state", "limit", "kind",
            "standing", "event", "version", "result", "by",
        ];
        for metric in all() {
            assert!(metric.labels.iter().all(|label| known.contains(label)), "{}: {:?}", metric.name, metric.labels);
        }
    }
}
