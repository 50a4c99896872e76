//! From readings to the page: one line a metric, in the order of the table.

use countersign::readings::{Distribution, Readings};
use countersign_kernel::{Lifetime, Timestamp};
use countersign_keys::Standing;

use super::process::Process;
use super::table as t;
use super::text::{Page, Samples};
use crate::listen::tally;
use crate::telemetry;

/// The page that says all this.
pub(super) fn page(readings: &Readings, process: &Process) -> String {
    let mut page = Page::default();
    requests(&mut page, readings);
    sessions(&mut page, readings);
    hashing(&mut page, readings);
    database(&mut page, readings);
    mail(&mut page, readings);
    limits(&mut page, readings);
    revocation(&mut page, readings);
    keys(&mut page, readings);
    audit(&mut page, readings);
    of_process(&mut page, process);
    page.into_text()
}

fn requests(page: &mut Page, readings: &Readings) {
    let answered = &readings.http.answered;
    page.metric(&t::HTTP_REQUESTS, |samples| {
        for one in answered {
            for (status, count) in &one.statuses {
                let status = status.map_or_else(|| "other".to_owned(), |status| status.to_string());
                samples.number(&[&one.route, one.method, &status], count);
            }
        }
    });
    page.metric(&t::HTTP_SECONDS, |samples| {
        answered.iter().for_each(|one| spans(samples, &[&one.route, one.method], &one.took));
    });
    page.metric(&t::HTTP_PROBLEMS, |samples| {
        readings.http.problems.iter().for_each(|(code, count)| samples.number(&[code.as_str()], count));
    });
    page.number(&t::HTTP_PANICS, readings.http.panics);
    // Closed first: were the other read first, a connection that ends in between could make it less than none.
    let closed = tally::CLOSED.count();
    page.number(&t::CONNECTIONS, tally::OPENED.count().saturating_sub(closed));
    page.number(&t::CONNECTIONS_REFUSED, tally::REFUSED.count());
    page.number(&t::CONNECTIONS_CUT, tally::CUT.count());
    page.number(&t::TLS_FAILED, tally::HANDSHAKES_FAILED.count());
}

fn sessions(page: &mut Page, readings: &Readings) {
    let (accounts, sessions) = (&readings.accounts, &readings.sessions);
    page.metric(&t::SIGN_INS, |samples| named(samples, &accounts.sign_ins));
    page.metric(&t::SIGN_UPS, |samples| named(samples, &accounts.sign_ups));
    page.metric(&t::REFRESHES, |samples| named(samples, &sessions.refreshes));
    page.metric(&t::TOKEN_CHECKS, |samples| {
        named(samples, &[("remembered", sessions.remembered), ("new", sessions.unknown)]);
    });
    let (held, most) = sessions.tokens;
    page.number(&t::TOKENS_REMEMBERED, held);
    page.number(&t::TOKENS_MOST, most);
}

fn hashing(page: &mut Page, readings: &Readings) {
    let (work, timings) = (&readings.accounts.hashing, &readings.accounts.timings);
    page.number(&t::HASHES, work.done);
    page.number(&t::HASHES_REFUSED, work.refused);
    page.number(&t::HASHES_ABANDONED, work.abandoned);
    page.number(&t::HASHES_WAITING, work.waiting);
    page.number(&t::HASHES_RUNNING, work.running);
    page.metric(&t::HASH_WAIT_SECONDS, |samples| spans(samples, &[], &timings.waited));
    page.metric(&t::HASH_SECONDS, |samples| spans(samples, &[], &timings.took));
    page.number(&t::HASH_ESTIMATE, seconds(work.estimate));
}

fn mail(page: &mut Page, readings: &Readings) {
    page.metric(&t::MAIL_WAITING, |samples| {
        readings.mail.iter().for_each(|mail| samples.number(&[], mail.waiting));
    });
    page.metric(&t::MAIL_AGE, |samples| {
        readings.mail.iter().for_each(|mail| samples.number(&[], seconds(mail.age)));
    });
    page.metric(&t::MAILS, |samples| {
        if let Some(mail) = &readings.mail {
            samples.number(&["sent"], mail.sent);
            samples.number(&["given_up"], mail.given_up);
        }
    });
}

fn database(page: &mut Page, readings: &Readings) {
    let database = &readings.database;
    page.number(&t::DATABASE_UP, u8::from(readings.unsealed.is_some()));
    page.metric(&t::DATABASE_SECONDS, |samples| {
        database.steps.iter().for_each(|step| spans(samples, &[step.name], &step.took));
    });
    page.metric(&t::DATABASE_ERRORS, |samples| {
        database.steps.iter().for_each(|step| samples.number(&[step.name], step.failed));
    });
    page.metric(&t::DATABASE_CONNECTIONS, |samples| {
        for pool in &database.pools {
            samples.number(&[pool.name, "in_use"], pool.in_use);
            samples.number(&[pool.name, "open"], pool.open);
            samples.number(&[pool.name, "max"], pool.most);
        }
    });
    page.metric(&t::DATABASE_GROUPS, |samples| {
        database.groups.iter().for_each(|sizes| samples.histogram(&[], sizes, 1.0));
    });
    page.metric(&t::DATABASE_WAITING, |samples| {
        database.waiting_writes.iter().for_each(|waiting| samples.number(&[], waiting));
    });
}

fn limits(page: &mut Page, readings: &Readings) {
    page.metric(&t::LIMIT_REFUSALS, |samples| named(samples, &readings.limits_refused));
    page.number(&t::LIMIT_KEYS, readings.limits.keys);
    page.number(&t::LIMIT_EVICTIONS, readings.limits.evicted);
    page.metric(&t::VALKEY_UP, |samples| {
        readings.valkey.iter().for_each(|valkey| samples.number(&[], u8::from(valkey.is_up)));
    });
    page.metric(&t::VALKEY_QUESTIONS, |samples| {
        if let Some(valkey) = &readings.valkey {
            samples.number(&["valkey"], valkey.answered);
            samples.number(&["node"], valkey.alone);
        }
    });
}

fn revocation(page: &mut Page, readings: &Readings) {
    let sessions = &readings.sessions;
    page.metric(&t::REVOCATIONS, |samples| {
        sessions.live.iter().for_each(|(kind, count)| samples.number(&[kind], count));
    });
    page.number(&t::REVOCATION_SEQ, sessions.seq);
    page.number(&t::REVOCATION_LAG, seconds(sessions.silent_for));
    page.metric(&t::REVOCATION_NEWS, |samples| {
        readings.heard.iter().for_each(|heard| samples.number(&["database"], heard));
        readings.valkey.iter().for_each(|valkey| samples.number(&["valkey"], valkey.woken));
    });
    let feed = &sessions.feed;
    let (subscribers, most) = feed.subscribers;
    page.number(&t::FEED_SUBSCRIBERS, subscribers);
    page.number(&t::FEED_MOST, most);
    page.metric(&t::FEED_EVENTS, |samples| named(samples, &feed.events));
    page.number(&t::FEED_BACKLOG, feed.backlog);
    page.number(&t::FEED_CUT_OFF, feed.cut_off);
}

fn keys(page: &mut Page, readings: &Readings) {
    let of = |standing| readings.keys.iter().filter(move |key| key.standing == standing);
    page.metric(&t::KEYS, |samples| {
        STANDINGS.iter().for_each(|standing| samples.number(&[standing.as_str()], of(*standing).count()));
    });
    page.metric(&t::KEY_AGE, |samples| {
        for standing in STANDINGS {
            let since = of(standing).map(|key| key.activated_at.unwrap_or(key.created_at)).min();
            since.iter().for_each(|since| samples.number(&[standing.as_str()], seconds(readings.at.since(*since))));
        }
    });
    page.metric(&t::KEY_NEXT, |samples| {
        readings.key_activates_in.iter().for_each(|left| samples.number(&[], seconds(*left)));
    });
}

fn audit(page: &mut Page, readings: &Readings) {
    page.metric(&t::AUDIT_EVENTS, |samples| {
        readings.events.iter().for_each(|(event, count)| samples.number(&[event.as_str()], count));
    });
    let unsealed = readings.unsealed;
    page.metric(&t::AUDIT_UNSEALED, |samples| unsealed.iter().for_each(|tail| samples.number(&[], tail.records)));
    page.metric(&t::AUDIT_UNSEALED_AGE, |samples| {
        unsealed.iter().for_each(|tail| samples.number(&[], seconds(tail.age)));
    });
    page.number(&t::REFUSALS_UNAUDITED, readings.refusals_unaudited);
    page.number(&t::EVENTS_DROPPED, readings.events_dropped);
}

fn of_process(page: &mut Page, process: &Process) {
    page.metric(&t::BUILD_INFO, |samples| samples.number(&[env!("CARGO_PKG_VERSION")], 1));
    page.number(&t::UPTIME, seconds(process.uptime));
    page.number(&t::LOG_DROPPED, telemetry::dropped_lines());
    page.metric(&t::TRACE_SPANS, |samples| {
        named(samples, &[("sent", telemetry::trace::SENT.count()), ("failed", telemetry::trace::FAILED.count())]);
    });
    page.metric(&t::PROCESS_MEMORY, |samples| process.memory.iter().for_each(|bytes| samples.number(&[], bytes)));
    page.metric(&t::PROCESS_FDS, |samples| process.descriptors.iter().for_each(|open| samples.number(&[], open)));
    page.metric(&t::PROCESS_FDS_MOST, |samples| {
        process.most_descriptors.iter().for_each(|most| samples.number(&[], most));
    });
    // Linux counts in hundredths of a second for everyone outside the kernel, whatever it does inside.
    let cpu =
        process.ticks.map(|ticks| seconds(Lifetime::from_millis(i64::try_from(ticks).unwrap_or(i64::MAX / 10) * 10)));
    page.metric(&t::PROCESS_CPU, |samples| cpu.iter().for_each(|spent| samples.number(&[], spent)));
    page.metric(&t::PROCESS_THREADS, |samples| process.threads.iter().for_each(|count| samples.number(&[], count)));
    page.number(&t::PROCESS_START, seconds(process.started.since(Timestamp::EPOCH)));
}

fn named(samples: &mut Samples<'_>, counts: &[(&str, u64)]) {
    counts.iter().for_each(|(name, count)| samples.number(&[name], count));
}

fn spans(samples: &mut Samples<'_>, labels: &[&str], distribution: &Distribution) {
    samples.histogram(labels, distribution, MICROS);
}

fn seconds(span: Lifetime) -> f64 {
    span.to_duration().as_secs_f64()
}

const MICROS: f64 = 1e6;
const STANDINGS: [Standing; 4] = [Standing::Next, Standing::Active, Standing::Retired, Standing::Withdrawn];
