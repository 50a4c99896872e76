//! The hashing threads.
//!
//! Argon2's memory is kept from hash to hash, which saves a quarter of the time, overwritten with zeros after a [`LULL`], and given
//! back after [`IDLE`] without work. The memory used last is used next, whichever thread's turn it is: it may still lie in the
//! processor's cache, and as much is kept as ever ran at once. A job whose caller has gone away is dropped unseen. Stored hashes
//! that need more memory than today's parameters, and those of other systems that need any, are computed in memory of their own,
//! while the thread gives back what it would have used; if they need more than that, one at a time. Where the operating system has
//! priorities for threads, these give way to those that answer requests: under a flood of sign-ins, whoever needs no hash waits for
//! none.

use std::collections::VecDeque;
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::thread;
use std::time::Duration;

use countersign_kernel::{Env, Histogram, Secret, Timestamp};
use tokio::sync::oneshot;

use crate::admission::Admission;
use crate::error::{Busy, Error, HashError};
use crate::legacy::LegacyHash;
use crate::memory::Memory;
use crate::password::Password;
use crate::recipe::Recipe;
use crate::work::{Timings, Work};

/// How long memory may wait for the next hash, which overwrites it, before it is overwritten with zeros.
const LULL: Duration = Duration::from_secs(1);
/// How long memory is kept that no hash needs.
const IDLE: Duration = Duration::from_secs(30);

/// By how much a hashing thread is nicer than its process: a weight of about a tenth.
#[cfg(target_os = "linux")]
const NICENESS: i32 = 10;

pub(crate) type Output = Result<Secret<Vec<u8>>, HashError>;

/// One hash to compute.
pub(crate) struct Job {
    pub(crate) task: Task,
    pub(crate) password: Password,
    pub(crate) reply: oneshot::Sender<Output>,
    pub(crate) admitted_at: Timestamp,
}

/// What is to be computed.
pub(crate) enum Task {
    /// Argon2, ours or not, in the memory that a thread keeps.
    Argon2 {
        /// Kind, parameters and pepper.
        recipe: Recipe,
        /// The salt.
        salt: Vec<u8>,
        /// How long the output is.
        output_bytes: usize,
    },
    /// Another system's hash. What can match nothing gives no bytes.
    Legacy {
        /// The hash.
        hash: Box<LegacyHash>,
        /// The secret that it needs.
        secret: Option<Secret<Vec<u8>>>,
    },
}

/// The queue and its threads. Dropping it lets the threads finish what they do and end.
pub(crate) struct Pool {
    shared: Arc<Shared>,
}

struct Shared {
    env: Env,
    kept_blocks: usize,
    state: Mutex<State>,
    work: Condvar,
    /// Held while a hash is computed that needs more memory than the threads keep.
    oversize: Mutex<()>,
    waited: Histogram,
    took: Histogram,
}

struct State {
    queue: VecDeque<Job>,
    running: usize,
    /// Memory of hashes that are done, what was used last at the end.
    kept: Vec<Memory>,
    admission: Admission,
    done: u64,
    refused: u64,
    abandoned: u64,
    closed: bool,
}

impl State {
    /// Whether there is room for one more; who is refused is counted.
    fn admit(&mut self) -> Result<(), Busy> {
        let in_flight = self.queue.len() + self.running;
        if self.admission.admit(in_flight).is_ok() {
            return Ok(());
        }
        // Some of those before it may be waited for by nobody.
        let before = self.queue.len();
        self.queue.retain(|job| !job.reply.is_closed());
        self.abandoned += (before - self.queue.len()) as u64;
        let in_flight = self.queue.len() + self.running;
        self.admission.admit(in_flight).inspect_err(|_| self.refused += 1)
    }
}

impl Pool {
    pub(crate) fn start(workers: usize, kept_blocks: usize, admission: Admission, env: Env) -> Result<Self, Error> {
        let state = State {
            queue: VecDeque::new(),
            running: 0,
            kept: Vec::new(),
            admission,
            done: 0,
            refused: 0,
            abandoned: 0,
            closed: false,
        };
        let shared = Arc::new(Shared {
            env,
            kept_blocks,
            state: Mutex::new(state),
            work: Condvar::new(),
            oversize: Mutex::new(()),
            waited: Histogram::of_spans(),
            took: Histogram::of_spans(),
        });
        let pool = Self { shared };
        for index in 0..workers {
            let shared = Arc::clone(&pool.shared);
            thread::Builder::new()
                .name(format!("hash-{index}"))
                .spawn(move || {
                    give_way();
                    shared.serve();
                })
                .map_err(Error::Thread)?;
        }
        Ok(pool)
    }

    /// Refuses who would be refused if he asked now.
    pub(crate) fn room(&self) -> Result<(), Busy> {
        self.shared.lock().admit()
    }

    /// Puts a job into the queue, or refuses it at once.
    pub(crate) fn submit(&self, job: Job) -> Result<(), Busy> {
        let mut state = self.shared.lock();
        state.admit()?;
        state.queue.push_back(job);
        drop(state);
        self.shared.work.notify_one();
        Ok(())
    }

    pub(crate) fn work(&self) -> Work {
        let state = self.shared.lock();
        Work {
            done: state.done,
            refused: state.refused,
            abandoned: state.abandoned,
            waiting: state.queue.len(),
            running: state.running,
            estimate: state.admission.estimate(),
        }
    }

    pub(crate) fn timings(&self) -> Timings {
        Timings { waited: self.shared.waited.read(), took: self.shared.took.read() }
    }
}

impl Drop for Pool {
    fn drop(&mut self) {
        self.shared.lock().closed = true;
        self.shared.work.notify_all();
    }
}

impl Shared {
    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn serve(&self) {
        while let Some((job, mut memory)) = self.next() {
            let started = self.env.now();
            let waited = started.since(job.admitted_at);
            self.waited.record(waited);
            let is_late = self.lock().admission.gives_up_after(waited);
            let output = (!is_late).then(|| self.compute(&job, &mut memory));
            let took = self.env.now().since(started);
            let mut state = self.lock();
            let output = match output {
                Some(output) => {
                    self.took.record(took);
                    state.done += 1;
                    state.admission.measured(took);
                    output.map_err(HashError::from)
                }
                None => {
                    state.refused += 1;
                    Err(state.admission.busy(waited).into())
                }
            };
            state.running -= 1;
            state.kept.push(memory);
            drop(state);
            // Nobody may be waiting any more; then nobody misses the answer.
            let _ = job.reply.send(output);
        }
    }

    /// The next job that somebody waits for, and memory for it; none when the pool has been dropped.
    fn next(&self) -> Option<(Job, Memory)> {
        let mut state = self.lock();
        loop {
            while let Some(job) = state.queue.pop_front() {
                if job.reply.is_closed() {
                    state.abandoned += 1;
                    continue;
                }
                state.running += 1;
                let memory = state.kept.pop().unwrap_or_default();
                return Some((job, memory));
            }
            if state.closed {
                return None;
            }
            let patience = if state.kept.iter().all(Memory::is_zeros) { IDLE } else { LULL };
            let (woken, waited) = self.work.wait_timeout(state, patience).unwrap_or_else(PoisonError::into_inner);
            state = woken;
            if waited.timed_out() && state.queue.is_empty() {
                drop(state);
                self.tidy();
                state = self.lock();
            }
        }
    }

    /// Overwrites memory that nobody needed for a while; where all of it is zeros, gives back what was used longest ago.
    fn tidy(&self) {
        let mut state = self.lock();
        let used = state.kept.iter().position(|memory| !memory.is_zeros());
        let taken = if state.kept.is_empty() { None } else { Some(state.kept.remove(used.unwrap_or(0))) };
        drop(state);
        if let (Some(mut memory), Some(_)) = (taken, used) {
            memory.wipe();
            self.lock().kept.push(memory);
        }
    }

    fn compute(&self, job: &Job, kept: &mut Memory) -> Result<Secret<Vec<u8>>, Error> {
        match &job.task {
            Task::Argon2 { recipe, salt, output_bytes } => {
                let (password, context) = (job.password.expose().as_bytes(), recipe.context()?);
                let needed = context.params().block_count();
                if needed <= self.kept_blocks {
                    return kept.compute(&context, password, salt, *output_bytes, self.kept_blocks);
                }
                *kept = Memory::default();
                let _alone = self.alone();
                Memory::default().compute(&context, password, salt, *output_bytes, needed)
            }
            Task::Legacy { hash, secret } => {
                let needed = usize::try_from(hash.memory_kib()).unwrap_or(usize::MAX);
                if takes_room(needed) {
                    *kept = Memory::default();
                }
                let _alone = self.is_oversize(needed).then(|| self.alone());
                let secret = secret.as_ref().map(|secret| secret.expose().as_slice()).unwrap_or_default();
                let output = hash.compute(job.password.as_received().as_bytes(), secret);
                Ok(output.unwrap_or_else(|| Secret::new(Vec::new())))
            }
        }
    }

    /// Whether another system's hash takes more than one of ours, and so runs alone. An Argon2 block is a KiB.
    fn is_oversize(&self, needed_kib: usize) -> bool {
        takes_room(needed_kib) && needed_kib > self.kept_blocks
    }

    fn alone(&self) -> MutexGuard<'_, ()> {
        self.oversize.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Whether another system's hash takes so much that the memory of ours is given back before.
const fn takes_room(needed_kib: usize) -> bool {
    needed_kib > NEXT_TO_NOTHING_KIB
}

/// What nobody counts, in KiB.
const NEXT_TO_NOTHING_KIB: usize = 64;

/// Lowers the priority of this thread, not of the process: a tenth of a core where requests want all of it, and all that they leave.
#[cfg(target_os = "linux")]
fn give_way() {
    // Refused by some sandbox: then hashes and requests share evenly, as they would elsewhere.
    let _ = rustix::process::nice(NICENESS);
}

#[cfg(not(target_os = "linux"))]
const fn give_way() {}

#[cfg(test)]
mod tests {
    use countersign_kernel::{Clock, Lifetime, SystemEntropy};

    use super::*;
    use crate::params::Params;

    struct Still;

    impl Clock for Still {
        fn now(&self) -> Timestamp {
            Timestamp::EPOCH
        }
    }

    /// Without threads: the test is the thread.
    fn pool() -> Pool {
        let env = Env::new(Arc::new(Still), Arc::new(SystemEntropy));
        let admission = Admission::new(1, Lifetime::from_seconds(3), Params::CHEAPEST);
        Pool::start(0, 8, admission, env).unwrap()
    }

    fn job() -> (Job, oneshot::Receiver<Output>) {
        let recipe = Recipe::of_today(Params::CHEAPEST, None).unwrap();
        let (reply, answer) = oneshot::channel();
        let job = Job {
            task: Task::Argon2 { recipe, salt: vec![1; 16], output_bytes: 32 },
            password: Password::received("kuzm tevx").unwrap(),
            reply,
            admitted_at: Timestamp::EPOCH,
        };
        (job, answer)
    }

    #[test]
    fn what_was_used_last_is_used_next() {
        let pool = pool();
        let mut used = Memory::default();
        let (job, _answer) = job();
        pool.shared.compute(&job, &mut used).unwrap();
        pool.shared.lock().kept.extend([Memory::default(), used]);
        let (job, _answer) = self::job();
        pool.submit(job).unwrap();

        let (_job, memory) = pool.shared.next().unwrap();

        assert!(!memory.is_zeros());
        assert_eq!(pool.shared.lock().kept.len(), 1);
    }

    #[test]
    fn a_hash_that_takes_more_than_ours_runs_alone_and_one_that_takes_next_to_nothing_beside_it() {
        let mut pool = pool();
        for (kept_blocks, needed_kib, room, alone) in [
            (8, 0, false, false),
            (8, 64, false, false),
            (8, 65, true, true),
            (19_456, 65, true, false),
            (19_456, 19_456, true, false),
            (19_456, 19_457, true, true),
        ] {
            Arc::get_mut(&mut pool.shared).unwrap().kept_blocks = kept_blocks;
            assert_eq!(
                (takes_room(needed_kib), pool.shared.is_oversize(needed_kib)),
                (room, alone),
                "{needed_kib} KiB"
            );
        }
    }

    #[test]
    fn memory_is_zeros_after_a_lull_and_given_back_after_another() {
        let (pool, mut memory) = (pool(), Memory::default());
        let (job, _answer) = job();
        pool.shared.compute(&job, &mut memory).unwrap();
        pool.shared.lock().kept.push(memory);
        let kept = || pool.shared.lock().kept.iter().map(Memory::is_zeros).collect::<Vec<_>>();

        assert_eq!(kept(), [false]);
        pool.shared.tidy();
        assert_eq!(kept(), [true]);
        pool.shared.tidy();
        assert_eq!(kept(), [] as [bool; 0]);
    }
}
