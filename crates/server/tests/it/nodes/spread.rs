//! Thousands of revocations, of every kind, made at three nodes, while nodes come, lag and lose their database, and subscribers join
//! late, read slowly, are cut off in the middle of an event and go on elsewhere: none is missed, and nothing else is refused.
//!
//! The nodes are whole systems in this process on one PostgreSQL; time and chance are the test's. What the machine decides is how the
//! racing commits of one moment are numbered.

mod known;

use std::collections::HashSet;
use std::sync::Arc;

use countersign_audit::Actor::Operator;
use countersign_kernel::{Entropy, Env, KeyId, Lifetime, SessionId, TokenId, UserId};
use countersign_session::CreateMachineVerdict;
use countersign_store::{Effect, NewRevocation, Revocation, Target};
use countersign_testkit::{FeedReader, FeedStream, ManualClock, SeededEntropy, TestApp, seconds};
use futures_util::future::join_all;

use self::known::{Known, probes};
use super::place::Place;
use crate::cable::Cable;

/// How many rounds there are; in each, the nodes revoke together.
const ROUNDS: usize = 120;
/// More than a node keeps for a subscriber that does not read.
const BURST: usize = 16_400;
const SUBSCRIBERS: usize = 6;
const ISSUER: &str = "https://auth.example.com";

/// Seeded chance.
struct Dice(SeededEntropy);

impl Dice {
    fn below(&self, bound: usize) -> usize {
        let mut bytes = [0; 4];
        self.0.fill(&mut bytes);
        u32::from_le_bytes(bytes) as usize % bound
    }

    fn one_in(&self, many: usize) -> bool {
        self.below(many) == 0
    }
}

/// Everybody and everything.
struct World {
    place: Place,
    clock: ManualClock,
    dice: Dice,
    nodes: Vec<TestApp>,
    /// One whose connection is never lost, and which nobody listens to: it reads the log.
    keeper: TestApp,
    cables: Vec<Cable>,
    /// Rounds for which a node sleeps.
    asleep: Vec<usize>,
    started: u64,
    key: String,
    people: Vec<UserId>,
    sessions: Vec<SessionId>,
    /// What was acknowledged.
    acknowledged: Vec<Target>,
}

/// A service that reads the feed.
struct Subscriber {
    reader: FeedReader,
    stream: Option<FeedStream>,
    /// Rounds for which it reads nothing.
    idle: usize,
    cuts: usize,
    resets: usize,
}

impl World {
    async fn make(place: Place, seed: u64) -> Self {
        let (clock, dice) = (ManualClock::default(), Dice(SeededEntropy::new(seed)));
        let keeper = TestApp::builder().seed(seed).clock(&clock).on_postgres(&place.url()).start().await;
        let mut world = Self {
            place,
            clock,
            keeper,
            dice,
            nodes: Vec::new(),
            cables: Vec::new(),
            asleep: vec![0; 3],
            started: seed,
            key: String::new(),
            people: Vec::new(),
            sessions: Vec::new(),
            acknowledged: Vec::new(),
        };
        for _ in 0..3 {
            let cable = Cable::to(world.place.server_address()).await;
            let node = world.node(&cable).await;
            world.cables.push(cable);
            world.nodes.push(node);
        }
        let env = world.keeper.env();
        world.people = (0..300).map(|_| UserId::new(env)).collect();
        world.sessions = (0..1_500).map(|_| SessionId::new(env)).collect();
        let (first, origin) = (world.keeper.system.auth().sessions(), world.keeper.local());
        let made = first.create_machine("orders", Operator, &origin).await.unwrap();
        let CreateMachineVerdict::Created(_, key) = made else { panic!("{made:?}") };
        world.key = key.expose().clone();
        world
    }

    /// A node that starts now: of all that was revoked before it has heard nothing.
    async fn node(&mut self, cable: &Cable) -> TestApp {
        self.started += 1;
        let url = self.place.url_by(cable.address);
        TestApp::builder().seed(self.started).clock(&self.clock).on_postgres(&url).start().await
    }

    fn target(&self, env: &Env) -> Target {
        match self.dice.below(10) {
            0..4 => Target::Session(self.sessions[self.dice.below(self.sessions.len())]),
            4..6 => Target::Token(TokenId::new(env)),
            6 if self.dice.one_in(4) => Target::Key(KeyId::new(env)),
            _ => Target::Person {
                user: self.people[self.dice.below(self.people.len())],
                below: 1 + self.dice.below(12) as u64,
                except: self.dice.one_in(2).then(|| self.sessions[self.dice.below(self.sessions.len())]),
            },
        }
    }

    /// Every node commits some revocations at the same time. One that has lost its connections may fail.
    async fn revoke(&mut self) {
        let plans: Vec<Vec<_>> = self
            .nodes
            .iter()
            .map(|node| {
                let some = 1 + self.dice.below(12);
                let effect = || if self.dice.one_in(3) { Effect::Superseded } else { Effect::Ended };
                (0..some).map(|_| (self.target(node.env()), effect())).collect()
            })
            .collect();
        let commits = self.nodes.iter().zip(&plans).map(async |(node, plan)| {
            let mut tx = node.store().begin().await.ok()?;
            for (target, effect) in plan {
                let (at, until) = (tx.now(), tx.now() + Lifetime::from_hours(5));
                tx.revoke(NewRevocation { target: *target, effect: *effect, at, until, reason: "revoked".to_owned() });
            }
            tx.commit().await.ok()
        });
        let done: Vec<Option<_>> = join_all(commits).await;
        for (plan, _) in plans.into_iter().zip(done).filter(|(_, done)| done.is_some()) {
            self.acknowledged.extend(plan.into_iter().map(|(target, _)| target));
        }
    }

    /// One act that ends very many sessions.
    async fn burst(&mut self) {
        let mut tx = self.keeper.store().begin().await.unwrap();
        let (at, until) = (tx.now(), tx.now() + Lifetime::from_hours(5));
        for _ in 0..BURST {
            let target = Target::Session(SessionId::new(self.keeper.env()));
            tx.revoke(NewRevocation { target, effect: Effect::Ended, at, until, reason: "revoked".to_owned() });
            self.acknowledged.push(target);
        }
        tx.commit().await.unwrap();
    }

    /// What happens to nodes between two rounds.
    async fn disturb(&mut self) {
        for n in 0..self.nodes.len() {
            match self.dice.below(60) {
                0 => self.asleep[n] = 1 + self.dice.below(12),
                // Its connections are lost; what is under way fails, and the next are opened anew.
                1..4 => {
                    self.cables[n].pull();
                    self.cables[n].release();
                }
                4 => {
                    let cable = Cable::to(self.place.server_address()).await;
                    // Whoever listens there is let go, as when a process ends.
                    self.nodes[n].system.drain();
                    self.nodes[n] = self.node(&cable).await;
                    self.cables[n] = cable;
                }
                _ => {}
            }
        }
        if self.dice.one_in(4) {
            self.clock.advance(seconds(1));
        }
        for (node, asleep) in self.nodes.iter().zip(&mut self.asleep) {
            if *asleep > 0 {
                *asleep -= 1;
            } else {
                // It fails where the database is away, and the next round tries again.
                let _ = node.system.pulse().await;
            }
        }
    }

    /// The log as the database has it.
    async fn log(&self) -> Vec<Revocation> {
        let store = self.keeper.store();
        let mut tx = store.snapshot().await.unwrap();
        let mut log: Vec<Revocation> = Vec::new();
        loop {
            let after = log.last().map_or(0, |last| last.seq);
            let more = tx.list_revocations(after, 1_000).await.unwrap();
            if more.is_empty() {
                return log;
            }
            log.extend(more);
        }
    }

    /// Everything works again, and everybody has the time to hear.
    async fn settle(&mut self) {
        for node in &self.nodes {
            for _ in 0..100 {
                if node.system.pulse().await.is_ok() {
                    break;
                }
                tokio::time::sleep(std::time::Duration::from_millis(50)).await;
            }
        }
        self.clock.advance(seconds(2));
        for node in &self.nodes {
            node.system.pulse().await.unwrap();
        }
    }
}

impl Subscriber {
    async fn new(world: &World) -> Self {
        let jwks = world.keeper.visitor().get("/.well-known/revocations/jwks.json").await.expect(200).text();
        let idle = world.dice.below(ROUNDS / 2);
        Self { reader: FeedReader::new(ISSUER, &jwks), stream: None, idle, cuts: 0, resets: 0 }
    }

    /// Goes on from the last id at any node, for as long as the network lets it.
    async fn connect(&mut self, world: &World) {
        let node = world.dice.below(world.nodes.len());
        // A node whose database is away cannot look up the key.
        let Ok(stream) = FeedStream::of(&world.nodes[node].router(), &world.key, self.reader.last.as_deref()).await
        else {
            return;
        };
        self.reader.connect_again();
        let lasting = world.dice.one_in(3);
        self.stream = Some(if lasting { stream } else { stream.cut_after(world.dice.below(60_000)) });
    }

    /// Reads all that there is, if it reads at all now.
    async fn listen(&mut self, world: &World) {
        if self.idle > 0 {
            self.idle -= 1;
            return;
        }
        if self.stream.is_none() {
            self.connect(world).await;
        }
        let Some(stream) = &mut self.stream else { return };
        loop {
            match stream.now().await {
                (Some(event), _) => {
                    self.resets += usize::from(event.kind == "reset");
                    self.reader.take(&event).unwrap();
                }
                (None, false) => break,
                (None, true) => {
                    self.stream = None;
                    self.cuts += 1;
                    return;
                }
            }
        }
        match world.dice.below(40) {
            0 => self.idle = world.dice.below(30),
            1 => self.stream = None,
            _ => {}
        }
    }

    /// Reads on until it has been told everything that its node knows.
    async fn catch_up(&mut self, world: &World) {
        loop {
            self.idle = 0;
            self.listen(world).await;
            if self.stream.is_some() && self.reader.is_current {
                return;
            }
        }
    }

    /// It refuses all that the log holds up to where it is.
    fn holds(&self, log: &[Revocation], env: &Env) {
        let reached: u64 = self.reader.last.as_deref().map_or(0, |id| id.split('-').next().unwrap().parse().unwrap());
        let mut known = Known::default();
        log.iter().filter(|one| one.seq <= reached).for_each(|one| known.add(&one.record));
        let own = Known::of(self.reader.held.keys());
        for one in log.iter().filter(|one| one.seq <= reached) {
            for names in probes(&one.record, env) {
                let (wanted, found) = (known.check(&names), own.check(&names));
                let is_refused = wanted.is_none() || found == wanted || found == Some(Effect::Ended);
                assert!(is_refused, "{one:?} was missed: {wanted:?}, not {found:?}");
            }
        }
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn of_thousands_of_revocations_no_node_and_no_subscriber_misses_one() {
    let Some(place) = Place::make().await else { return };
    let mut world = World::make(place, 7).await;
    let env = Env::new(Arc::new(world.clock.clone()), Arc::new(SeededEntropy::new(99)));
    let mut subscribers = Vec::new();
    for _ in 0..SUBSCRIBERS {
        subscribers.push(Subscriber::new(&world).await);
    }

    for round in 0..ROUNDS {
        if round == ROUNDS / 2 {
            // Some listen and read nothing while more comes than is kept for them.
            for subscriber in &mut subscribers[..3] {
                subscriber.connect(&world).await;
                subscriber.idle = 10;
            }
            world.burst().await;
        }
        world.revoke().await;
        world.disturb().await;
        for subscriber in &mut subscribers {
            subscriber.listen(&world).await;
        }
        if round % 60 == 59 {
            let log = world.log().await;
            subscribers.iter().for_each(|subscriber| subscriber.holds(&log, &env));
        }
    }
    world.settle().await;
    for subscriber in &mut subscribers {
        subscriber.catch_up(&world).await;
    }
    // One that has never heard anything is given what each node remembers.
    for _ in 0..world.nodes.len() {
        let mut late = Subscriber::new(&world).await;
        late.catch_up(&world).await;
        subscribers.push(late);
    }

    let log = world.log().await;
    assert!(log.len() > BURST + 1_500, "only {}", log.len());
    let end = log.last().map(|last| last.seq.to_string()).unwrap();
    for (n, subscriber) in subscribers.iter().enumerate() {
        let place = subscriber.reader.last.clone().unwrap_or_default();
        assert_eq!(place.split('-').next(), Some(end.as_str()), "subscriber {n}");
    }
    let (cuts, resets) = subscribers.iter().fold((0, 0), |(c, r), one| (c + one.cuts, r + one.resets));
    assert!(cuts > 10 && resets >= 3, "{cuts} cuts, {resets} resets");
    let logged: HashSet<Target> = log.iter().map(|one| one.record.target).collect();
    for target in &world.acknowledged {
        assert!(logged.contains(target), "{target:?} was acknowledged and is not there");
    }
    let mut truth = Known::default();
    log.iter().for_each(|one| truth.add(&one.record));
    let own: Vec<Known> = subscribers.iter().map(|one| Known::of(one.reader.held.keys())).collect();
    let now = world.keeper.env().now();
    for names in log.iter().flat_map(|one| probes(&one.record, &env)) {
        let wanted = truth.check(&names);
        for (n, node) in world.nodes.iter().enumerate() {
            let found = node.system.auth().sessions().revocations().check(&names, now);
            assert_eq!(found, wanted, "node {n}: {names:?}");
        }
        for (n, known) in own.iter().enumerate() {
            assert_eq!(known.check(&names), wanted, "subscriber {n}: {names:?}");
        }
    }
    println!("{} revocations, {} subscribers, {cuts} cuts, {resets} resets", log.len(), subscribers.len());
    world.nodes.clear();
    world.place.drop().await;
}
