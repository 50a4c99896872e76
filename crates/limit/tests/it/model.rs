use countersign_kernel::{Env, Lifetime, Timestamp};
use countersign_limit::{Limiter, MemoryLimiter, Quota, Receipt, Taken};
use proptest::prelude::*;

/// What the limiter means: a list of moments.
#[derive(Default)]
struct Naive(Vec<i64>);

impl Naive {
    fn live(&self, window: i64, now: i64) -> Vec<i64> {
        self.0.iter().copied().filter(|at| now - at < window).collect()
    }

    /// How long until one more fits.
    fn wait(&self, limit: usize, window: i64, now: i64) -> i64 {
        let live = self.live(window, now);
        if live.len() < limit { 0 } else { live[live.len() - limit] + window - now }
    }
}

#[derive(Debug, Clone)]
enum Step {
    /// Charge these keys together.
    Take(Vec<usize>),
    /// Return the n-th receipt that is still held.
    GiveBack(usize),
    /// Let time pass.
    Wait(i64),
}

fn steps() -> impl Strategy<Value = Vec<Step>> {
    let step = prop_oneof![
        6 => prop::sample::subsequence(vec![0_usize, 1, 2], 1..=3).prop_map(Step::Take),
        1 => (0..8_usize).prop_map(Step::GiveBack),
        3 => (0..40_i64).prop_map(Step::Wait),
    ];
    prop::collection::vec(step, 1..200)
}

const NAMES: [&str; 3] = ["a", "b", "c"];

proptest! {
    /// Limits up to 64 agree with the list in every answer, number and wait.
    #[test]
    fn small_limits_agree_with_a_list_of_moments(
        steps in steps(),
        limits in prop::array::uniform3(1..8_u32),
        windows in prop::array::uniform3(1..100_i64),
    ) {
        let limiter = MemoryLimiter::new(1_000, &Env::system());
        let charge = |k: usize| {
            let quota = Quota { name: NAMES[k], limit: limits[k], window: Lifetime::from_micros(windows[k]) };
            (quota, limiter.key(&[b"somebody"]))
        };
        let mut model = [Naive::default(), Naive::default(), Naive::default()];
        let mut held: Vec<(Receipt, Vec<usize>, i64)> = Vec::new();
        let mut now = 1_000_000;

        for step in steps {
            match step {
                Step::Wait(micros) => now += micros,
                Step::GiveBack(n) => {
                    if n < held.len() {
                        let (receipt, keys, at) = held.remove(n);
                        limiter.give_back(receipt);
                        for k in keys {
                            if let Some(index) = model[k].0.iter().position(|m| *m == at) {
                                model[k].0.remove(index);
                            }
                        }
                    }
                }
                Step::Take(keys) => {
                    let charges: Vec<_> = keys.iter().map(|k| charge(*k)).collect();
                    let limit = |k: usize| limits[k] as usize;
                    let wait = keys.iter().map(|k| model[*k].wait(limit(*k), windows[*k], now)).max().unwrap();
                    match limiter.take(&charges, Timestamp::from_micros(now)) {
                        Taken::Allowed { readings, receipt } => {
                            prop_assert_eq!(wait, 0);
                            for k in &keys {
                                model[*k].0.push(now);
                            }
                            for (reading, k) in readings.iter().zip(&keys) {
                                let live = model[*k].live(windows[*k], now);
                                prop_assert_eq!(reading.remaining as usize, limit(*k) - live.len());
                                prop_assert_eq!(reading.reset.as_micros(), live[0] + windows[*k] - now);
                            }
                            held.push((receipt, keys, now));
                        }
                        Taken::Refused(refused) => prop_assert_eq!(refused.retry_after.as_micros(), wait),
                    }
                }
            }
        }
    }

    /// Greater limits never let more through than the list would, and forget at most 1/64 of the window late.
    #[test]
    fn great_limits_are_never_exceeded_and_at_most_a_64th_late(
        gaps in prop::collection::vec(0..3_000_i64, 1..600),
        limit in 65..300_u32,
    ) {
        let window = 64_000;
        let limiter = MemoryLimiter::new(1_000, &Env::system());
        let charge = [(Quota { name: "great", limit, window: Lifetime::from_micros(window) }, limiter.key(&[]))];
        let (mut through, mut now) = (Naive::default(), 1_000_000);

        for gap in gaps {
            now += gap / 8;
            match limiter.take(&charge, Timestamp::from_micros(now)) {
                Taken::Allowed { .. } => {
                    through.0.push(now);
                    prop_assert!(through.live(window, now).len() <= limit as usize);
                }
                Taken::Refused(refused) => {
                    prop_assert!(through.live(window + window / 64, now).len() >= limit as usize);
                    let exact = through.wait(limit as usize, window, now);
                    let said = refused.retry_after.as_micros();
                    prop_assert!(exact <= said && said <= exact + window / 64, "{} {}", exact, said);
                }
            }
        }
    }
}
