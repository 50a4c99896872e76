//! Which parameters a machine can afford: what to measure next, and what follows from it. Pure: whoever asks measures.
//!
//! Promises: never less than [`Params::FLOOR`]; nothing that took longer than the target, unless the floor does; as many
//! hashes at once as there are workers fit the memory budget; no more than some dozen measurements. Memory comes before passes
//! (RFC 9106 section 4), because it is what a thief's hardware has least of; lanes stay one, because ours are computed one
//! after the other and a thief's are not.

use countersign_kernel::Lifetime;

use crate::params::Params;

/// The most that the settings allow.
const MOST_MEMORY_KIB: u32 = 1_048_576;
const MOST_ITERATIONS: u32 = 16;

/// Memory is chosen in steps of a MiB.
const STEP_KIB: u32 = 1_024;

/// How often memory is tried, and how often passes are.
const TRIES: u32 = 6;

/// What one hash took.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Measurement {
    /// The parameters.
    pub params: Params,
    /// How long one hash takes while every worker computes one.
    pub each: Lifetime,
}

/// A search for the greatest parameters within a target.
#[derive(Debug)]
pub struct Calibration {
    target: Lifetime,
    /// The most memory of one hash, in KiB.
    room_kib: u32,
    best: Option<Measurement>,
    /// The cheapest that took too long, of the phase.
    over: Option<Measurement>,
    phase: Phase,
    measured: Vec<Measurement>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Phase {
    Floor,
    Memory {
        tries: u32,
    },
    Passes {
        tries: u32,
    },
    /// For the record: that more lanes earn nothing.
    Lanes {
        lanes: u32,
    },
    Done,
}

impl Calibration {
    /// A search for hashes of at most `target`, of which `workers` at once fit `memory_budget_kib`.
    #[must_use]
    pub fn new(target: Lifetime, workers: usize, memory_budget_kib: u32) -> Self {
        let workers = u32::try_from(workers).unwrap_or(u32::MAX).max(1);
        let room_kib = (memory_budget_kib / workers).min(MOST_MEMORY_KIB) / STEP_KIB * STEP_KIB;
        let room_kib = room_kib.max(Params::FLOOR.memory_kib);
        Self { target, room_kib, best: None, over: None, phase: Phase::Floor, measured: Vec::new() }
    }

    /// What to measure next; none when enough is known.
    #[must_use]
    pub fn wanted(&mut self) -> Option<Params> {
        loop {
            let proposed = match self.phase {
                Phase::Floor => Some(Params::FLOOR),
                Phase::Memory { tries } => self.more_memory().filter(|_| tries > 0),
                Phase::Passes { tries } => self.more_passes().filter(|_| tries > 0),
                Phase::Lanes { lanes } => self.best.map(|best| Params { parallelism: lanes, ..best.params }),
                Phase::Done => return None,
            };
            if proposed.is_some() {
                return proposed;
            }
            self.over = None;
            self.phase = match self.phase {
                // Passes are for time that memory could not use up.
                Phase::Memory { .. } if self.best.is_some_and(|best| best.params.memory_kib >= self.room_kib) => {
                    Phase::Passes { tries: TRIES }
                }
                Phase::Memory { .. } | Phase::Passes { .. } => Phase::Lanes { lanes: 2 },
                _ => Phase::Done,
            };
        }
    }

    /// Takes in what was measured.
    pub fn tell(&mut self, measurement: Measurement) {
        self.measured.push(measurement);
        let fits = measurement.each <= self.target;
        match self.phase {
            Phase::Floor => {
                self.best = Some(measurement);
                self.phase = if fits { Phase::Memory { tries: TRIES } } else { Phase::Lanes { lanes: 2 } };
                return;
            }
            Phase::Memory { tries } => self.phase = Phase::Memory { tries: tries.saturating_sub(1) },
            Phase::Passes { tries } => self.phase = Phase::Passes { tries: tries.saturating_sub(1) },
            Phase::Lanes { lanes } => {
                self.phase = if lanes < 4 { Phase::Lanes { lanes: 4 } } else { Phase::Done };
                return;
            }
            Phase::Done => return,
        }
        if fits {
            self.best = Some(measurement);
        } else {
            self.over = Some(measurement);
        }
    }

    /// Everything that was measured, in its order.
    #[must_use]
    pub fn measured(&self) -> &[Measurement] {
        &self.measured
    }

    /// The greatest that fits the target: the floor where nothing does. None before anything was measured.
    #[must_use]
    pub const fn recommended(&self) -> Option<Measurement> {
        self.best
    }

    /// More memory at the same passes: as much as the nearest measurements say would just fit.
    fn more_memory(&self) -> Option<Params> {
        let best = self.best?;
        let scaled = |from: Measurement| self.scaled(from.params.memory_kib, from.each);
        let guess = match self.over {
            None => scaled(best),
            // Where memory gets dearer with its amount, the proportion is too modest; half-way finds every other step. Both are less
            // than what was too dear.
            Some(over) => scaled(over).max(best.params.memory_kib.midpoint(over.params.memory_kib)),
        };
        let memory_kib = (guess / STEP_KIB * STEP_KIB).min(self.room_kib);
        // Less than a twentieth more is within what a machine differs from one minute to the next.
        let is_worth_it = u64::from(memory_kib) * 20 > u64::from(best.params.memory_kib) * 21;
        is_worth_it.then_some(Params { memory_kib, ..best.params })
    }

    fn more_passes(&self) -> Option<Params> {
        let best = self.best?;
        let most = self.over.map_or(MOST_ITERATIONS, |over| over.params.iterations - 1);
        let iterations = self.scaled(best.params.iterations, best.each).min(most);
        (iterations > best.params.iterations).then_some(Params { iterations, ..best.params })
    }

    /// `amount` in proportion, as if it alone made the time.
    fn scaled(&self, amount: u32, each: Lifetime) -> u32 {
        let target = i128::from(self.target.as_micros());
        let scaled = i128::from(amount) * target / i128::from(each.as_micros().max(1));
        u32::try_from(scaled).unwrap_or(u32::MAX)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const TARGET_MS: i64 = 250;

    /// Asks a machine whose hashes take so many microseconds.
    fn calibrated(workers: usize, budget_kib: u32, micros: impl Fn(Params) -> i64) -> Calibration {
        let mut calibration = Calibration::new(Lifetime::from_millis(TARGET_MS), workers, budget_kib);
        while let Some(params) = calibration.wanted() {
            let is_new = calibration.measured().iter().all(|m| m.params != params);
            assert!(is_new, "{params:?} was measured already: {calibration:?}");
            calibration.tell(Measurement { params, each: Lifetime::from_micros(micros(params)) });
            assert!(calibration.measured().len() <= 15, "{calibration:?}");
        }
        calibration
    }

    /// A machine of `nanos` for each KiB and pass.
    fn even(nanos: i64) -> impl Fn(Params) -> i64 {
        move |params| i64::from(params.memory_kib) * i64::from(params.iterations) * nanos / 1_000
    }

    fn best(calibration: &Calibration) -> (u32, u32, u32) {
        let params = calibration.recommended().unwrap().params;
        (params.memory_kib / 1_024, params.iterations, params.parallelism)
    }

    #[test]
    fn memory_comes_first_and_passes_take_what_time_is_left() {
        // 700 ns: 19 MiB twice are 27 ms. 128 MiB twice are 184 ms, and three times are too long.
        assert_eq!(best(&calibrated(2, 262_144, even(700))), (128, 2, 1));
        // Four times as fast: all of the memory, and as many passes as fit.
        assert_eq!(best(&calibrated(2, 262_144, even(175))), (128, 10, 1));
        // With room to spare, memory alone.
        let (memory, iterations, _) = best(&calibrated(1, 1_048_576, even(700)));
        assert!((165..=174).contains(&memory) && iterations == 2, "{memory} MiB, {iterations}");
    }

    #[test]
    fn a_slow_machine_is_told_the_floor_and_never_less() {
        let slow = calibrated(2, 262_144, even(20_000));
        let floor = slow.recommended().unwrap();
        assert_eq!(floor.params, Params::FLOOR);
        assert!(floor.each > Lifetime::from_millis(TARGET_MS), "it says what it costs");
        assert_eq!(
            calibrated(64, 65_536, even(700)).recommended().unwrap().params.memory_kib,
            Params::FLOOR.memory_kib
        );
    }

    #[test]
    fn nothing_dearer_than_the_target_is_recommended_on_any_machine() {
        // Beyond the processor's cache each KiB costs more, so that the first guesses are too great.
        let steep = |params: Params| {
            let kib = i64::from(params.memory_kib);
            let dear = (kib - 32_768).max(0);
            i64::from(params.iterations) * (kib * 300 + dear * 2_500) / 1_000
        };
        let stepped = |params: Params| if params.memory_kib > 60_000 { 900_000 } else { even(500)(params) };
        for (budget, machine) in [
            (262_144, &steep as &dyn Fn(Params) -> i64),
            (262_144, &stepped),
            (1_048_576, &steep),
            (1_048_576, &stepped),
        ] {
            let calibration = calibrated(2, budget, machine);
            let best = calibration.recommended().unwrap();
            assert!(best.each <= Lifetime::from_millis(TARGET_MS), "{best:?}");
            assert!(best.params.memory_kib > Params::FLOOR.memory_kib, "{best:?}");
            assert!(best.params.is_at_least_floor() && best.params.memory_kib * 2 <= budget);
        }
    }

    #[test]
    fn a_machine_that_always_leaves_a_little_time_is_not_asked_for_ever() {
        // Nine tenths of the target, whatever it is asked: each time a ninth more memory would just fit.
        let memory = calibrated(1, u32::MAX, |_| TARGET_MS * 900);
        assert_eq!(memory.measured().iter().filter(|m| m.params.parallelism == 1).count(), 1 + 6);
        assert!((32..=35).contains(&best(&memory).0), "{memory:?}");
        // No room for more memory, and always time for just one pass more.
        let room = Params::FLOOR.memory_kib;
        let passes = calibrated(1, room, |p| TARGET_MS * 1_000 * i64::from(p.iterations) / i64::from(p.iterations + 1));
        assert_eq!(best(&passes), (19, Params::FLOOR.iterations + 6, 1));
    }

    #[test]
    fn what_is_within_a_machines_moods_is_not_looked_for() {
        let done = calibrated(1, u32::MAX, |_| TARGET_MS * 980);
        assert_eq!(done.measured().iter().filter(|m| m.params.parallelism == 1).count(), 1, "{done:?}");
    }

    #[test]
    fn passes_that_were_too_many_are_approached_from_below() {
        // 25 ms a pass, and a leap after the eighth: ten, nine and eight are tried.
        let machine = |p: Params| if p.iterations > 8 { 300_000 } else { i64::from(p.iterations) * 25_000 };
        let calibration = calibrated(1, Params::FLOOR.memory_kib, machine);
        let tried: Vec<_> = calibration.measured().iter().filter(|m| m.params.parallelism == 1).collect();
        assert_eq!(tried.iter().map(|m| m.params.iterations).collect::<Vec<_>>(), [2, 10, 9, 8]);
        assert_eq!(best(&calibration).1, 8);
    }

    #[test]
    fn passes_are_for_a_machine_whose_memory_is_used_up() {
        // Six tries of two thirds more memory each do not fill it, though there would be time for a third pass.
        let roomy = calibrated(1, u32::MAX, |_| TARGET_MS * 600);
        assert_eq!(best(&roomy).1, Params::FLOOR.iterations, "{roomy:?}");
    }

    #[test]
    fn lanes_are_measured_and_not_recommended() {
        let calibration = calibrated(2, 262_144, even(700));
        let lanes: Vec<_> = calibration.measured().iter().map(|m| m.params.parallelism).filter(|p| *p > 1).collect();
        assert_eq!(lanes, [2, 4]);
        assert_eq!(best(&calibration).2, 1);
    }

    #[test]
    fn a_machine_too_fast_to_be_timed_ends_at_the_greatest_settings() {
        assert_eq!(best(&calibrated(1, u32::MAX, |_| 0)), (1_024, 16, 1));
    }
}
