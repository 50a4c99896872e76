//! Who signs, and who comes after: pure functions of the keys.

use countersign_store::signing_key::KeyState;

use crate::change::Step;
use crate::key::{RingKey, Standing};
use crate::material::Draft;
use crate::policy::KeyPolicy;

/// The key that signs: of several active ones the one that was activated last.
pub(crate) fn active(keys: &[RingKey]) -> Option<&RingKey> {
    keys.iter().filter(|key| key.standing == Standing::Active).max_by_key(|key| (key.activated_at, key.id))
}

/// The key that signs next: one that was imported to do so, else one of the configured algorithm.
pub(crate) fn next<'a>(keys: &'a [RingKey], policy: &KeyPolicy) -> Option<&'a RingKey> {
    keys.iter()
        .filter(|key| key.standing == Standing::Next)
        .filter(|key| key.is_imported() || key.algorithm == policy.algorithm.name())
        .max_by_key(|key| (key.is_imported(), key.created_at, key.id))
}

/// The steps after which another key signs, where none does: the next key begins, and `draft` becomes the new next one. Where
/// there is no next key, which is so only if somebody has just withdrawn it, `draft` signs.
pub(crate) fn succession(keys: &[RingKey], policy: &KeyPolicy, draft: &Draft) -> Vec<Step> {
    match next(keys, policy) {
        None => vec![Step::Insert(draft.row(KeyState::Active))],
        Some(promoted) if has_next(keys, policy, Some(promoted)) => vec![Step::Activate(promoted.id)],
        Some(promoted) => vec![Step::Activate(promoted.id), Step::Insert(draft.row(KeyState::Next))],
    }
}

/// Whether there is a next key of the configured algorithm beside the one that is about to sign.
pub(crate) fn has_next(keys: &[RingKey], policy: &KeyPolicy, promoted: Option<&RingKey>) -> bool {
    keys.iter().any(|key| {
        key.standing == Standing::Next
            && key.algorithm == policy.algorithm.name()
            && promoted.is_none_or(|promoted| promoted.id != key.id)
    })
}
