//! The front door of hashing.

use std::fmt;
use std::thread;

use countersign_kernel::{Env, Lifetime, Secret};
use tokio::sync::oneshot;
use tracing::Instrument as _;

use crate::admission::Admission;
use crate::error::{Busy, Error, HashError};
use crate::legacy::LegacyHash;
use crate::params::{OUTPUT_BYTES, Params};
use crate::password::Password;
use crate::pepper::{Pepper, Peppers, Standing};
use crate::phc::{self, SALT_BYTES, Stored};
use crate::pool::{Job, Output, Pool, Task};
use crate::recipe::Recipe;
use crate::work::{Timings, Work};

/// How hashing is done on this machine.
#[derive(Debug, Clone)]
pub struct HasherConfig {
    /// How hard new hashes are made.
    pub params: Params,
    /// How many hashes are computed at once, at most: never more than the machine has cores, nor than the budget allows.
    pub workers: usize,
    /// How much memory hashing may keep, in KiB.
    pub memory_budget_kib: u32,
    /// A call whose turn would come later than this is refused at once. One that was admitted waits for up to twice as long.
    pub queue_deadline: Lifetime,
}

impl Default for HasherConfig {
    /// The floor of the parameters, a thread a core, 256 MiB, 3 seconds.
    fn default() -> Self {
        Self {
            params: Params::default(),
            workers: cores(),
            memory_budget_kib: 262_144,
            queue_deadline: Lifetime::from_seconds(3),
        }
    }
}

/// Makes and checks password hashes on threads of its own.
///
/// Promises: never more hashes at once than cores, nor more kept memory than the budget; a call whose turn would come after
/// the deadline is refused at once; a call that is dropped while it waits costs nothing; Argon2 memory is zeros a
/// second after the last hash.
pub struct Hasher {
    params: Params,
    today: Recipe,
    peppers: Peppers,
    pool: Pool,
    env: Env,
}

/// What a check found.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Verification {
    /// Whether it is the password.
    pub matches: bool,
    /// Whether the stored hash is not what would be made today.
    pub needs_rehash: bool,
    /// Whether another system made it, in a way that is not ours: a check of it takes another time than ours do.
    pub is_legacy: bool,
}

impl Hasher {
    /// Starts the threads. Memory is taken with the first hash.
    ///
    /// # Errors
    /// [`Error::Params`], [`Error::BudgetTooSmall`] if not one hash fits, [`Error::Thread`].
    pub fn new(config: &HasherConfig, env: Env) -> Result<Self, Error> {
        let today = Recipe::of_today(config.params, None)?;
        let fitting = config.memory_budget_kib / config.params.memory_kib.max(1);
        if fitting == 0 {
            return Err(Error::BudgetTooSmall {
                budget_kib: config.memory_budget_kib,
                needed_kib: config.params.memory_kib,
            });
        }
        let fitting = usize::try_from(fitting).unwrap_or(usize::MAX);
        let workers = config.workers.min(cores()).min(fitting).max(1);
        let admission = Admission::new(workers, config.queue_deadline, config.params);
        let pool = Pool::start(workers, today.params.block_count(), admission, env.clone())?;
        Ok(Self { params: config.params, today, peppers: Peppers::default(), pool, env })
    }

    /// Gives it peppers: the current one goes into every new hash, and into the work that is done for nobody.
    ///
    /// # Errors
    /// [`Error::Params`].
    pub fn with_peppers(mut self, peppers: Peppers) -> Result<Self, Error> {
        self.today = Recipe::of_today(self.params, peppers.current.clone())?;
        self.peppers = peppers;
        Ok(self)
    }

    /// Whether a hash that is asked for now would be taken, for whoever would rather know before other work is done. Holds no place.
    ///
    /// # Errors
    /// [`Busy`] if it would not; that counts as a refusal.
    pub fn room(&self) -> Result<(), Busy> {
        self.pool.room()
    }

    /// A new PHC string for `password`, with 128 bits of fresh salt.
    ///
    /// # Errors
    /// [`HashError::Busy`], or a fault of ours.
    pub async fn hash(&self, password: &Password) -> Result<Secret<String>, HashError> {
        let salt = self.env.entropy().bytes::<SALT_BYTES>();
        let output = self.run(self.today.clone(), password, &salt, OUTPUT_BYTES).await?;
        Ok(phc::write(&self.today.params, &salt, output.expose())?)
    }

    /// Whether `password` is the one that `stored` was made of: a hash of ours, or one that [`LegacyHash`] reads.
    ///
    /// # Errors
    /// [`HashError::Busy`]; [`Error::UnknownHash`] if `stored` is of no kind we know; [`Error::UnknownPepper`] if it needs a pepper
    /// that is not here; [`Error::SecretMissing`] if it needs a secret, for which there is [`Hasher::verify_with`]; another fault
    /// of ours.
    pub async fn verify(&self, password: &Password, stored: &Secret<String>) -> Result<Verification, HashError> {
        self.verify_with(password, stored, None).await
    }

    /// The same, with the secret that [`LegacyHash::secret_name`] asks for.
    ///
    /// # Errors
    /// Those of [`Hasher::verify`].
    pub async fn verify_with(
        &self,
        password: &Password,
        stored: &Secret<String>,
        secret: Option<&Secret<Vec<u8>>>,
    ) -> Result<Verification, HashError> {
        let Ok(stored) = Stored::parse(stored.expose()) else {
            return self.verify_legacy(password, stored, secret).await;
        };
        let pepper = match stored.pepper()? {
            None => None,
            Some(id) => match self.peppers.standing(id) {
                Standing::Known(pepper) => Some(pepper.clone()),
                Standing::Unknown => return Err(Error::UnknownPepper(id.to_string()).into()),
                Standing::Lost => {
                    self.verify_nobody(password).await?;
                    return Ok(Verification { matches: false, needs_rehash: false, is_legacy: false });
                }
            },
        };
        let wanted = stored.output.expose().len();
        let output = self.run(stored.recipe(pepper), password, &stored.salt, wanted).await?;
        Ok(Verification {
            matches: output.matches(stored.output.expose()),
            needs_rehash: stored.needs_rehash(self.params, self.peppers.current.as_ref().map(Pepper::id)),
            is_legacy: false,
        })
    }

    async fn verify_legacy(
        &self,
        password: &Password,
        stored: &Secret<String>,
        secret: Option<&Secret<Vec<u8>>>,
    ) -> Result<Verification, HashError> {
        let hash = LegacyHash::parse(stored.expose()).map_err(|_| Error::UnknownHash)?;
        if hash.needs_secret() && secret.is_none() {
            return Err(Error::SecretMissing.into());
        }
        let expected = hash.expected().clone();
        let task = Task::Legacy { hash: Box::new(hash), secret: secret.cloned() };
        let output = self.submit(task, password).await?;
        Ok(Verification { matches: output.matches(expected.expose()), needs_rehash: true, is_legacy: true })
    }

    /// Does the work of a check and learns nothing: for accounts that do not exist, so that time does not tell.
    ///
    /// # Errors
    /// [`HashError::Busy`], or a fault of ours.
    pub async fn verify_nobody(&self, password: &Password) -> Result<(), HashError> {
        self.run(self.today.clone(), password, &[0; SALT_BYTES], OUTPUT_BYTES).await.map(|_| ())
    }

    /// What has been done so far.
    #[must_use]
    pub fn work(&self) -> Work {
        self.pool.work()
    }

    /// How long calls took so far.
    #[must_use]
    pub fn timings(&self) -> Timings {
        self.pool.timings()
    }

    /// The peppers that it was given.
    #[must_use]
    pub const fn peppers(&self) -> &Peppers {
        &self.peppers
    }

    /// How hard new hashes are made.
    #[must_use]
    pub const fn params(&self) -> Params {
        self.params
    }

    async fn run(&self, recipe: Recipe, password: &Password, salt: &[u8], output_bytes: usize) -> Output {
        self.submit(Task::Argon2 { recipe, salt: salt.to_vec(), output_bytes }, password).await
    }

    async fn submit(&self, task: Task, password: &Password) -> Output {
        let (reply, answer) = oneshot::channel();
        let job = Job { task, password: password.clone(), reply, admitted_at: self.env.now() };
        self.pool.submit(job)?;
        let span = tracing::trace_span!(target: "countersign::span", "hash", otel.name = "password hash");
        answer.instrument(span).await.unwrap_or(Err(HashError::Fault(Error::Failed("the hashing threads are gone"))))
    }
}

impl fmt::Debug for Hasher {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Hasher").field("params", &self.params).field("work", &self.work()).finish_non_exhaustive()
    }
}

fn cores() -> usize {
    thread::available_parallelism().map_or(1, usize::from)
}
