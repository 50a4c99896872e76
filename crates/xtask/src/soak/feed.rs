//! Services that read the revocation feed, and note when they were told what.

use std::collections::HashMap;
use std::io::{BufRead, BufReader, Write};
use std::net::TcpStream;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Condvar, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use anyhow::{Result, bail, ensure};

use super::PATIENCE;

/// What every reader was told: by session or person, when each heard of it last.
pub(super) struct Readers {
    many: usize,
    told: Mutex<HashMap<String, HashMap<usize, Instant>>>,
    changed: Condvar,
}

impl Readers {
    pub(super) fn new(many: usize) -> Self {
        Self { many, told: Mutex::default(), changed: Condvar::new() }
    }

    /// Forgets what was told of this one.
    pub(super) fn forget(&self, id: &str) {
        self.lock().remove(id);
    }

    /// Waits until every reader was told of this one: how long after `answered` each was.
    pub(super) fn all_heard(&self, id: &str, answered: Instant) -> Result<Vec<Duration>> {
        let mut told = self.lock();
        loop {
            let heard = told.get(id).map_or(0, HashMap::len);
            if heard == self.many {
                let moments = told.remove(id).unwrap_or_default();
                return Ok(moments.into_values().map(|at| at.saturating_duration_since(answered)).collect());
            }
            if answered.elapsed() > PATIENCE {
                bail!("{} of {} subscribers missed a revocation", self.many - heard, self.many);
            }
            told = self.changed.wait_timeout(told, PATIENCE).unwrap_or_else(PoisonError::into_inner).0;
        }
    }

    /// Reads the feed of the node at `port` as number `me`, connecting again with the last id.
    pub(super) fn read(&self, me: usize, port: u16, key: &str, stop: &AtomicBool) {
        let mut last = None;
        while !stop.load(Ordering::Relaxed) {
            // What went wrong shows in what is missed.
            if let Err(error) = self.connect(me, port, key, &mut last, stop) {
                eprintln!("subscriber {me}: {error:#}");
            }
        }
    }

    fn connect(&self, me: usize, port: u16, key: &str, last: &mut Option<String>, stop: &AtomicBool) -> Result<()> {
        let mut stream = TcpStream::connect(("127.0.0.1", port))?;
        // A heartbeat comes each second.
        stream.set_read_timeout(Some(Duration::from_secs(5)))?;
        let after = last.as_ref().map(|id| format!("Last-Event-ID: {id}\r\n")).unwrap_or_default();
        let head =
            format!("GET /api/revocations HTTP/1.1\r\nHost: 127.0.0.1\r\nAuthorization: Bearer {key}\r\n{after}\r\n");
        stream.write_all(head.as_bytes())?;
        let mut lines = BufReader::new(stream).lines();
        let status = lines.next().transpose()?.unwrap_or_default();
        ensure!(status.contains(" 200 "), "{status}");
        // Between the lines of events are the lengths of chunks, which begin otherwise.
        for line in lines {
            let (line, now) = (line?, Instant::now());
            if let Some(id) = line.strip_prefix("id: ") {
                *last = Some(id.to_owned());
            } else if let Some(told) = line.strip_prefix("data: {") {
                self.take(me, &format!("{{{told}"), now);
            }
            if stop.load(Ordering::Relaxed) {
                return Ok(());
            }
        }
        Ok(())
    }

    /// A revocation, or a snapshot of many.
    fn take(&self, me: usize, data: &str, now: Instant) {
        let json: serde_json::Value = serde_json::from_str(data).unwrap_or_default();
        let many = json.get("revocations").and_then(|some| some.as_array());
        let mut told = self.lock();
        for one in many.into_iter().flatten().chain([&json]) {
            let id = ["sid", "sub"].iter().find_map(|member| one.get(*member)?.as_str());
            if let Some(id) = id {
                told.entry(id.to_owned()).or_default().insert(me, now);
            }
        }
        drop(told);
        self.changed.notify_all();
    }

    fn lock(&self) -> MutexGuard<'_, HashMap<String, HashMap<usize, Instant>>> {
        self.told.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
