//! What the operating system says of this process. Linux tells it in files; elsewhere those numbers are not there.

use std::fs;

use countersign_kernel::{Lifetime, Timestamp};

/// What is known of the process.
#[derive(Debug)]
pub(super) struct Process {
    /// When it was ready.
    pub(super) started: Timestamp,
    /// How long ago that was.
    pub(super) uptime: Lifetime,
    /// Memory in use, in bytes.
    pub(super) memory: Option<u64>,
    /// Open file descriptors.
    pub(super) descriptors: Option<usize>,
    /// How many may be open.
    pub(super) most_descriptors: Option<u64>,
    /// Threads.
    pub(super) threads: Option<u64>,
    /// Processor time, in hundredths of a second.
    pub(super) ticks: Option<u64>,
}

impl Process {
    pub(super) fn read(started: Timestamp, now: Timestamp) -> Self {
        let read = |name: &str| fs::read_to_string(format!("/proc/self/{name}")).unwrap_or_default();
        let (status, limits, stat) = (read("status"), read("limits"), read("stat"));
        Self {
            started,
            uptime: now.since(started),
            memory: number_after(&status, "VmRSS:").map(|kib| kib * 1024),
            descriptors: fs::read_dir("/proc/self/fd").ok().map(Iterator::count),
            most_descriptors: number_after(&limits, "Max open files"),
            threads: number_after(&status, "Threads:"),
            ticks: ticks(&stat),
        }
    }
}

/// The first number of the line that begins with `label`.
fn number_after(text: &str, label: &str) -> Option<u64> {
    let rest = text.lines().find_map(|line| line.strip_prefix(label))?;
    rest.split_whitespace().next()?.parse().ok()
}

/// User and system time: fields 14 and 15. The second field is the program's name, which may hold spaces and brackets.
fn ticks(stat: &str) -> Option<u64> {
    let (_, rest) = stat.rsplit_once(')')?;
    let mut fields = rest.split_whitespace().skip(11).map(str::parse::<u64>);
    Some(fields.next()?.ok()? + fields.next()?.ok()?)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn fields_are_found_behind_their_names() {
        let status = "Name:\tx\nVmRSS:\t    5120 kB\nThreads:\t7\n";
        assert_eq!((number_after(status, "VmRSS:"), number_after(status, "Threads:")), (Some(5_120), Some(7)));
        assert_eq!(
            number_after("Max open files            1024                 4096   files\n", "Max open files"),
            Some(1_024)
        );
        assert_eq!(number_after(status, "VmSwap:"), None);
    }

    #[test]
    fn a_name_with_brackets_does_not_shift_the_processor_time() {
        assert_eq!(ticks("12 (a) b) S 1 2 3 4 5 6 7 8 9 10 200 34 0 0"), Some(234));
        assert_eq!(ticks(""), None);
    }
}
