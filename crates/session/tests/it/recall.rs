//! Sessions that a process remembers as it wrote them last: a statement less, and never another answer.

use std::sync::Arc;
use std::sync::atomic::Ordering;

use countersign_kernel::Origin;
use countersign_session::{AttemptIds, Policy, RotateVerdict, Rotated, Sessions};
use countersign_store::{Delivery, Hot, Store, User};
use countersign_store_sql::{Database, Options, SqlStore};

use crate::house::{Browser, House, case, minutes, policy, seconds};
use crate::late::SlowStore;

/// A process, and how often it asks the database for a session.
struct Node {
    store: Arc<SlowStore>,
    sessions: Sessions,
}

impl Node {
    async fn new(house: &House) -> Self {
        Self::on(house, SlowStore::new(house)).await
    }

    async fn on(house: &House, store: Arc<SlowStore>) -> Self {
        let sessions = house.floor_on(Arc::clone(&store) as Arc<dyn Store>).await;
        Self { store, sessions }
    }

    async fn rotate(&self, browser: &Browser, origin: &Origin) -> Rotated {
        self.sessions.rotate(&browser.refresh, browser.delivery, AttemptIds::default(), origin).await.unwrap()
    }

    /// Refreshes without attempt ids, ten minutes after the last time; the case, and how many reads and writes it took.
    async fn refresh(&self, house: &House, browser: &mut Browser) -> (&'static str, u32, u32) {
        house.clock.advance(minutes(10));
        self.refresh_at_once(house, browser).await
    }

    async fn refresh_at_once(&self, house: &House, browser: &mut Browser) -> (&'static str, u32, u32) {
        for count in [&self.store.reads, &self.store.writes] {
            count.store(0, Ordering::SeqCst);
        }
        let answer = self.rotate(browser, &house.origin()).await;
        browser.receive(house, &answer);
        let [reads, writes] = [&self.store.reads, &self.store.writes].map(|count| count.load(Ordering::SeqCst));
        (case(&answer), reads, writes)
    }
}

async fn house() -> (House, User, Browser) {
    house_with(policy()).await
}

async fn house_with(policy: Policy) -> (House, User, Browser) {
    let house = House::with(policy).await;
    let user = house.user("ada").await;
    let ada = house.sign_in(&user, Delivery::Cookie).await.without_ids();
    (house, user, ada)
}

#[tokio::test]
async fn a_session_that_was_written_here_last_is_not_read_again() {
    let (house, _, mut ada) = house().await;
    let node = Node::new(&house).await;

    assert_eq!(node.refresh(&house, &mut ada).await, ("5-rotated", 1, 1));
    for _ in 0..20 {
        assert_eq!(node.refresh(&house, &mut ada).await, ("5-rotated", 0, 1));
    }
}

#[tokio::test]
async fn nothing_is_remembered_where_the_policy_has_no_room_for_it() {
    let (house, _, mut ada) = house_with(Policy { remembered_sessions: 0, ..policy() }).await;
    let node = Node::new(&house).await;

    for _ in 0..3 {
        assert_eq!(node.refresh(&house, &mut ada).await, ("5-rotated", 1, 1));
    }
}

#[tokio::test]
async fn who_does_not_come_back_is_forgotten() {
    let (house, _, mut ada) = house().await;
    let node = Node::new(&house).await;
    node.refresh(&house, &mut ada).await;
    house.clock.advance(minutes(19));
    node.sessions.tick().await.unwrap();
    assert_eq!(node.refresh(&house, &mut ada).await, ("5-rotated", 0, 1));

    house.clock.advance(minutes(31));
    node.sessions.tick().await.unwrap();

    assert_eq!(node.refresh(&house, &mut ada).await, ("5-rotated", 1, 1));
}

#[tokio::test]
async fn a_session_that_goes_from_process_to_process_costs_no_write_in_vain() {
    let (house, _, mut ada) = house().await;
    let (one, other) = (Node::new(&house).await, Node::new(&house).await);

    for _ in 0..5 {
        assert_eq!(one.refresh(&house, &mut ada).await, ("5-rotated", 1, 1));
        assert_eq!(other.refresh(&house, &mut ada).await, ("5-rotated", 1, 1));
    }
}

// attack 38
#[tokio::test]
async fn a_thief_finds_no_door_in_what_a_process_remembers() {
    let (house, _, mut ada) = house().await;
    let (one, other) = (Node::new(&house).await, Node::new(&house).await);
    one.refresh(&house, &mut ada).await;
    let mut stolen = ada.clone();
    other.refresh(&house, &mut ada).await;
    other.refresh(&house, &mut ada).await;
    house.clock.advance(seconds(60));

    let (case, reads, writes) = one.refresh_at_once(&house, &mut stolen).await;

    assert_eq!((case, reads, writes), ("9-theft", 1, 1), "it remembers this very generation as the live one");
    assert_eq!(house.events().await, ["refresh_reused"]);
    assert_eq!(other.refresh(&house, &mut ada).await.0, "2-ended");
}

#[tokio::test]
async fn a_second_tab_within_the_window_gets_the_same_token_as_the_first() {
    let (house, _, mut ada) = house().await;
    let node = Node::new(&house).await;
    node.refresh(&house, &mut ada).await;
    let mut tab = ada.clone();

    assert_eq!(node.refresh_at_once(&house, &mut ada).await.0, "5-rotated");
    assert_eq!(node.refresh_at_once(&house, &mut tab).await, ("7-no-ids", 1, 0));
    assert_eq!(tab.refresh, ada.refresh);
    assert_eq!(node.refresh(&house, &mut tab).await, ("5-rotated", 1, 1), "who lags has cost what was remembered");
}

#[tokio::test]
async fn what_ended_elsewhere_has_ended_here() {
    let (house, user, mut ada) = house().await;
    let node = Node::new(&house).await;
    node.refresh(&house, &mut ada).await;
    let mut other = house.sign_in(&user, Delivery::Cookie).await.without_ids();
    node.refresh(&house, &mut other).await;

    assert!(house.sign_out(&ada).await);
    assert_eq!(node.refresh(&house, &mut ada).await, ("2-ended", 1, 1));

    house.disable(user.id).await;
    assert_eq!(node.refresh(&house, &mut other).await.0, "2-ended");
}

#[tokio::test]
async fn rights_are_those_of_the_write() {
    let (house, user, mut ada) = house().await;
    let node = Node::new(&house).await;
    node.refresh(&house, &mut ada).await;
    let mut tx = house.store.begin().await.unwrap();
    let ver = tx.raise_user_ver(user.id).await.unwrap().unwrap();
    tx.commit().await.unwrap();

    assert_eq!(node.refresh(&house, &mut ada).await, ("5-rotated", 0, 1));

    assert_eq!(house.verify(&ada.access).unwrap().ver, ver);
}

#[tokio::test]
async fn a_new_place_is_written_down_all_the_same() {
    let (house, _, mut ada) = house().await;
    let node = Node::new(&house).await;
    node.refresh(&house, &mut ada).await;
    house.clock.advance(minutes(10));

    let elsewhere = Origin { address: Some("198.51.100.7".parse().unwrap()), ..house.origin() };
    let answer = node.rotate(&ada, &elsewhere).await;

    assert!(matches!(answer.verdict, RotateVerdict::Full(_)), "{}", case(&answer));
    assert_eq!(house.events().await, ["session_moved"]);
}

/// A server that died has forgotten what this process remembers, and the session went on from what was left: the same version again.
#[tokio::test]
async fn what_a_failover_forgot_is_not_written_over_what_came_since() {
    let (house, _, mut ada) = house().await;
    let (house, backup) = house.backup().await;
    let node = Node::new(&house).await;
    node.refresh(&house, &mut ada).await;
    let remembered = house.store.find_session_and_user(ada.session).await.unwrap().unwrap().0.row;
    let mut stolen = ada.clone();

    house.store.close().await;
    house.put_back(&backup);
    let database = Database::Sqlite { path: house.path() };
    let restored = SqlStore::open(database, house.env.clone(), Options::default()).await.unwrap();
    node.store.fail_over(&restored);
    let door = SlowStore::new(&house);
    door.fail_over(&restored);
    let other = Node::on(&house, door).await;
    assert_eq!(other.refresh(&house, &mut ada).await.0, "3-recovered");
    let since = restored.find_session_and_user(ada.session).await.unwrap().unwrap().0.row;
    assert_eq!(since.version, remembered.version, "else there would be nothing to tell apart");
    house.clock.advance(seconds(60));
    let (case, reads, _) = node.refresh_at_once(&house, &mut stolen).await;

    assert_ne!(case, "5-rotated");
    assert_eq!(reads, 1);
    let kept = restored.find_session_and_user(ada.session).await.unwrap().unwrap().0.row;
    assert_eq!(kept.generation, since.generation);
}
