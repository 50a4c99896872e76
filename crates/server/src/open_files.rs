//! The operating system's bound on open files, which is one on connections as well.
//!
//! Promises: connections never take the files that the database needs; where the bound is the reason that fewer fit than were
//! asked for, the log says so and what to change.

use crate::config::http::Http;

/// What a process opens beside its connections: the database and its readers, the log, the listeners, whoever is turned away,
/// calls to other services.
const OTHERS: u64 = 320;

/// Fits the bounds of `doors` listeners into what the operating system allows, after raising that as far as it may be.
#[must_use]
pub fn fit(bounds: Http, doors: usize) -> Http {
    let doors = u64::try_from(doors.max(1)).unwrap_or(1);
    let wanted = u64::try_from(bounds.max_connections).unwrap_or(u64::MAX).saturating_mul(doors).saturating_add(OTHERS);
    let Some(allowed) = raise(wanted) else { return bounds };
    let room = share(allowed, doors);
    if room >= bounds.max_connections {
        return bounds;
    }
    tracing::warn!(
        open_files = allowed,
        connections = room,
        "HTTP__MAX_CONNECTIONS is {}, but this process may open {allowed} files only (`ulimit -n`, LimitNOFILE): {room} \
         connections at once",
        bounds.max_connections
    );
    Http { max_connections: room, ..bounds }
}

/// How many connections each door may have.
fn share(allowed: u64, doors: u64) -> usize {
    // Half of a bound that is too small for the rest: something must be served.
    let free = allowed.saturating_sub(OTHERS).max(allowed / 2);
    usize::try_from(free / doors).unwrap_or(usize::MAX).max(1)
}

/// Raises the soft bound towards `wanted`; what is allowed from now on, none where nothing bounds it.
#[cfg(unix)]
fn raise(wanted: u64) -> Option<u64> {
    use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};
    let Rlimit { current, maximum } = getrlimit(Resource::Nofile);
    let current = current?;
    if current >= wanted {
        return Some(current);
    }
    let raised = maximum.map_or(wanted, |most| most.min(wanted));
    // Not allowed by some other rule: what there is has to do.
    let is_raised = setrlimit(Resource::Nofile, Rlimit { current: Some(raised), maximum }).is_ok();
    Some(if is_raised { raised } else { current })
}

#[cfg(not(unix))]
fn raise(_wanted: u64) -> Option<u64> {
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn connections_leave_files_for_the_rest() {
        for (allowed, doors, each, reason) in [
            (20_000, 1, 19_680, "all but what others need"),
            (20_000, 2, 9_840, "two doors share"),
            (1_024, 1, 704, "the common default"),
            (256, 1, 128, "half, where that is more"),
            (1, 2, 1, "never none"),
        ] {
            assert_eq!(share(allowed, doors), each, "{reason}");
        }
    }
}
