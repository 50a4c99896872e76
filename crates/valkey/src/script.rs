//! The scripts, which Valkey runs in one step each, and what their numbers mean.
//!
//! All keys of an installation have one hash tag, so that a script never touches two slots.

use countersign_kernel::{Lifetime, Timestamp};
use countersign_limit::{EXACT, Key, Quota, Reading, Refused};
use redis::aio::MultiplexedConnection;
use redis::{ErrorKind, RedisError, RedisResult, Script};

/// The scripts of limits.
pub(crate) struct Scripts {
    take: Script,
    read: Script,
}

/// What became of a charge.
pub(crate) enum Shared {
    /// Every bucket was charged: how full they are, and the moment under which each act is noted.
    Allowed(Vec<Reading>, Vec<(u128, Timestamp)>),
    /// A bucket was full; nothing was charged.
    Refused(Refused),
}

impl Scripts {
    pub(crate) fn new() -> Self {
        Self {
            take: Script::new(concat!(include_str!("script/common.lua"), "\n", include_str!("script/take.lua"))),
            read: Script::new(concat!(include_str!("script/common.lua"), "\n", include_str!("script/read.lua"))),
        }
    }

    /// Charges all, or none.
    pub(crate) async fn take(
        &self,
        mut connection: MultiplexedConnection,
        prefix: &str,
        charges: &[(Quota, Key)],
        now: Timestamp,
    ) -> RedisResult<Shared> {
        let mut call = self.take.prepare_invoke();
        call.arg(now.as_micros()).arg(EXACT);
        for (quota, key) in charges {
            call.key(name(prefix, quota.slot(*key))).arg(quota.limit).arg(quota.window.as_micros());
        }
        let numbers: Vec<i64> = call.invoke_async(&mut connection).await?;
        understood(&numbers, charges).ok_or_else(misunderstood)
    }

    /// Returns what was charged, and reads, in one step.
    pub(crate) async fn give_back_and_read(
        &self,
        mut connection: MultiplexedConnection,
        prefix: &str,
        charged: &[(u128, Timestamp)],
        charges: &[(Quota, Key)],
        now: Timestamp,
    ) -> RedisResult<Vec<Reading>> {
        let mut call = self.read.prepare_invoke();
        call.arg(now.as_micros()).arg(charged.len());
        for (slot, at) in charged {
            call.key(name(prefix, *slot)).arg(at.as_micros());
        }
        for (quota, key) in charges {
            call.key(name(prefix, quota.slot(*key))).arg(quota.limit).arg(quota.window.as_micros());
        }
        let numbers: Vec<i64> = call.invoke_async(&mut connection).await?;
        readings(numbers.as_chunks::<2>().0, charges).ok_or_else(misunderstood)
    }
}

fn name(prefix: &str, slot: u128) -> String {
    format!("{prefix}:limit:{slot:032x}")
}

fn understood(numbers: &[i64], charges: &[(Quota, Key)]) -> Option<Shared> {
    let (verdict, rest) = numbers.split_first()?;
    if *verdict == 1 {
        let (each, []) = rest.as_chunks::<3>() else { return None };
        let left: Vec<_> = each.iter().map(|[_, left, reset]| [*left, *reset]).collect();
        let noted = charges.iter().zip(each);
        let noted = noted.map(|((quota, key), [at, ..])| (quota.slot(*key), Timestamp::from_micros(*at))).collect();
        return Some(Shared::Allowed(readings(&left, charges)?, noted));
    }
    let ([which, wait, is_first], rest) = rest.split_first_chunk::<3>()?;
    let (quota, _) = charges.get(usize::try_from(*which).ok()?.checked_sub(1)?)?;
    Some(Shared::Refused(Refused {
        readings: readings(rest.as_chunks::<2>().0, charges)?,
        name: quota.name,
        retry_after: Lifetime::from_micros(*wait),
        first_in_window: *is_first == 1,
    }))
}

/// One a name: the one with the least left.
fn readings(each: &[[i64; 2]], charges: &[(Quota, Key)]) -> Option<Vec<Reading>> {
    let mut readings = Vec::with_capacity(charges.len());
    for ((quota, _), [left, reset]) in charges.iter().zip(each) {
        let remaining = u32::try_from(*left).ok()?;
        let reading = Reading { remaining, reset: Lifetime::from_micros(*reset), ..quota.unused() };
        Reading::keep_tightest(&mut readings, reading);
    }
    (each.len() == charges.len()).then_some(readings)
}

fn misunderstood() -> RedisError {
    (ErrorKind::UnexpectedReturnType, "the script's answer is none of ours").into()
}
