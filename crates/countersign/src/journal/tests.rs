use countersign_audit::{Actor, Event, Record};
use countersign_kernel::{Env, Origin, RequestId, SessionId, UserId};
use countersign_store::{Effect, NewRevocation, Revocation, Target};
use tempfile::TempDir;

use super::*;

struct Rig {
    place: TempDir,
    journal: FileJournal,
    env: Env,
}

impl Rig {
    fn new() -> Self {
        let place = tempfile::tempdir().unwrap();
        let directory = place.path().join(DIRECTORY);
        files::prepare(&directory).unwrap();
        Self { place, journal: FileJournal { directory }, env: Env::system() }
    }

    fn directory(&self) -> PathBuf {
        self.place.path().join(DIRECTORY)
    }

    fn ended(&self, seq: u64) -> Committed {
        let record = NewRevocation {
            target: Target::Session(SessionId::new(&self.env)),
            effect: Effect::Ended,
            at: at(seq),
            until: at(seq) + Lifetime::from_minutes(20),
            reason: "signed_out".to_owned(),
        };
        Committed { revocations: vec![Revocation { seq, hash: seq, record }], records: vec![] }
    }

    fn act(&self, event: Event) -> Committed {
        let origin = Origin::local(RequestId::new(&self.env));
        let record = Record::new(event, Actor::Operator, &origin, at(1), &self.env).of(UserId::new(&self.env));
        Committed { revocations: vec![], records: vec![record] }
    }

    fn write(&self, seq: u64) {
        self.journal.write(at(seq), seq - 1, &self.ended(seq)).unwrap();
    }

    fn numbers(&self, from: u64) -> Vec<u64> {
        since(&self.directory(), from).unwrap().lines.iter().map(Line::last).collect()
    }
}

/// One a day.
fn at(seq: u64) -> Timestamp {
    Timestamp::from_seconds(1_790_000_000 + i64::try_from(seq).unwrap() * 86_400)
}

#[test]
fn what_was_written_is_read_back_behind_a_number() {
    let rig = Rig::new();
    let written: Vec<Committed> = (1..=4).map(|seq| rig.ended(seq)).collect();
    for (seq, committed) in (1..).zip(&written) {
        rig.journal.write(at(seq), seq - 1, committed).unwrap();
    }

    let since = since(&rig.directory(), 2).unwrap();

    let records: Vec<_> = since.lines.iter().flat_map(|line| &line.revoked).map(line::Revoked::record).collect();
    let wanted: Vec<_> = written[2..].iter().flat_map(|c| &c.revocations).map(|r| r.record.clone()).collect();
    assert_eq!(records, wanted);
    assert_eq!((since.gap, since.last, since.damaged), (None, 4, 0));
}

#[test]
fn every_kind_of_target_survives_the_file() {
    let rig = Rig::new();
    let (user, session) = (UserId::new(&rig.env), SessionId::new(&rig.env));
    let key = countersign_kernel::KeyId::new(&rig.env);
    let token = countersign_kernel::TokenId::new(&rig.env);
    let targets = [
        Target::Person { user, below: 7, except: Some(session) },
        Target::Person { user, below: 1 << 40, except: None },
        Target::Key(key),
        Target::Token(token),
        Target::Session(session),
    ];
    let mut committed = rig.ended(1);
    committed.revocations = (1..)
        .zip(targets)
        .map(|(seq, target)| {
            let effect = if seq % 2 == 0 { Effect::Ended } else { Effect::Superseded };
            let record = NewRevocation { target, effect, ..committed.revocations[0].record.clone() };
            Revocation { seq, hash: 0, record }
        })
        .collect();

    rig.journal.write(at(1), 0, &committed).unwrap();

    let read = since(&rig.directory(), 0).unwrap().lines.remove(0);
    let records: Vec<_> = read.revoked.iter().map(line::Revoked::record).collect();
    assert_eq!(records, committed.revocations.iter().map(|r| r.record.clone()).collect::<Vec<_>>());
}

#[test]
fn a_number_that_is_missing_is_told() {
    let rig = Rig::new();
    for seq in [3, 4, 9] {
        rig.write(seq);
    }
    assert_eq!(since(&rig.directory(), 2).unwrap().gap.map(|gap| (gap.first, gap.last)), Some((5, 8)));
    assert_eq!(since(&rig.directory(), 1).unwrap().gap.map(|gap| (gap.first, gap.last)), Some((2, 2)));
    assert_eq!(since(&rig.directory(), 8).unwrap().gap, None);
}

#[test]
fn numbers_that_a_restore_has_skipped_are_no_gap() {
    let rig = Rig::new();
    rig.write(1);
    rig.write(2);
    let mark = Line::marking(at(3), 2, Mark::Restored { at: 50, ended_all: false });
    FileJournal::mark(&rig.directory(), &mark).unwrap();
    rig.write(51);

    let since = since(&rig.directory(), 1).unwrap();

    assert_eq!((since.gap, since.last, since.lines.len()), (None, 51, 3));
}

#[test]
fn half_a_line_spoils_no_other() {
    let rig = Rig::new();
    rig.write(1);
    let path = rig.directory().join(files::name(at(1)));
    let whole = std::fs::read_to_string(&path).unwrap();
    std::fs::write(&path, format!("{whole}{}", &whole[..whole.len() / 2])).unwrap();

    rig.journal.write(at(1), 1, &rig.ended(2)).unwrap();

    let since = since(&rig.directory(), 0).unwrap();
    assert_eq!((since.lines.len(), since.gap, since.damaged), (2, None, 1));
    assert_eq!(files::last(&rig.directory()).unwrap().map(|line| line.last()), Some(2));
}

#[test]
fn the_last_line_is_found_behind_a_long_tail() {
    let rig = Rig::new();
    let mut long = rig.ended(1);
    let one = long.revocations[0].clone();
    long.revocations = (1..=2_000).map(|seq| Revocation { seq, ..one.clone() }).collect();

    rig.journal.write(at(1), 0, &long).unwrap();

    assert_eq!(files::last(&rig.directory()).unwrap().map(|line| line.last()), Some(2_000));
}

#[test]
fn only_acts_that_matter_to_a_restore_are_written() {
    let rig = Rig::new();
    for (event, wanted) in [
        (Event::SignedIn, false),
        (Event::AccountDeleted, true),
        (Event::AccountEnabled, true),
        (Event::PasswordChanged, true),
        (Event::ProfileChanged, false),
    ] {
        assert_eq!(rig.journal.concerns(&rig.act(event)), wanted, "{event:?}");
    }
    let mut refused = rig.act(Event::AccountDeleted);
    refused.records[0] = refused.records[0].clone().refused("last_admin");
    assert!(!rig.journal.concerns(&refused), "what was refused has not happened");
}

#[test]
fn old_days_go_and_acts_on_accounts_stay() {
    let rig = Rig::new();
    for seq in 1..=5 {
        rig.write(seq);
    }
    rig.journal.write(at(2), 2, &rig.act(Event::AccountDeleted)).unwrap();

    assert_eq!(rig.journal.prune(at(5), Lifetime::from_days(2)).unwrap(), 2);

    let since = since(&rig.directory(), 0).unwrap();
    assert_eq!(since.lines.iter().filter(|line| line.concerns_accounts()).count(), 1);
    assert_eq!(rig.numbers(2), [2, 3, 4, 5], "the act on an account, and the days that are left");
}

#[test]
fn another_journal_is_taken_in_once() {
    let (old, new) = (Rig::new(), Rig::new());
    old.write(1);
    old.write(2);

    copy_into(&old.directory(), &new.directory(), "7").unwrap();
    copy_into(&new.directory(), &new.directory(), "8").unwrap();

    assert_eq!(new.numbers(0), [1, 2]);
    assert_eq!(files::list(&new.directory()).unwrap().len(), 2);
}

#[cfg(unix)]
#[test]
fn it_is_for_its_owner_alone() {
    use std::os::unix::fs::PermissionsExt;
    let rig = Rig::new();
    rig.write(1);
    let mode = |path: &Path| std::fs::metadata(path).unwrap().permissions().mode() & 0o777;
    assert_eq!(mode(&rig.directory()), 0o700);
    assert_eq!(mode(&files::list(&rig.directory()).unwrap()[0]), 0o600);
}

#[test]
fn a_journal_that_cannot_be_written_refuses_the_act() {
    let rig = Rig::new();
    std::fs::remove_dir(rig.directory()).unwrap();

    let refused = rig.journal.write(at(1), 0, &rig.ended(1)).unwrap_err();

    assert!(matches!(refused, Error::Unavailable(_)), "{refused}");
}
