//! The hook for events.

use std::sync::{Arc, Mutex};

use countersign_testkit::{Event, TestApp};
use tokio::sync::mpsc;

#[tokio::test]
async fn the_hook_hears_of_every_act_in_order() {
    let (said, mut heard) = mpsc::unbounded_channel();
    let hook = move |event: countersign::Record| {
        let said = said.clone();
        async move { said.send((event.event, event.subject)).unwrap_or_default() }
    };
    let app = TestApp::builder().with(|builder| builder.on_event(hook)).start().await;
    let ada = app.member("ada").await;
    let _ = ada.sign_out().await.expect(200);
    let _ = ada.sign_in().await.expect(200);

    let mut events = Vec::new();
    while events.last().is_none_or(|(event, _)| *event != Event::SignedIn) {
        events.push(heard.recv().await.expect("the hook lives as long as the app"));
    }

    let of_ada = events.iter().filter(|(_, subject)| subject.is_some_and(|id| id.to_string() == ada.user_id()));
    assert_eq!(
        of_ada.map(|(event, _)| *event).collect::<Vec<_>>(),
        [Event::SignedUp, Event::SignedOut, Event::SignedIn]
    );
}

#[tokio::test]
async fn a_hook_that_never_ends_holds_nobody_up() {
    let stuck = |_| std::future::pending();
    let app = TestApp::builder().with(move |builder| builder.on_event(stuck)).start().await;

    let ada = app.member("ada").await;

    assert_eq!(ada.refresh().await.status(), 200);
}

#[tokio::test]
async fn a_hook_that_panics_is_called_again() {
    let heard = Arc::new(Mutex::new(0));
    let (said, mut second) = mpsc::unbounded_channel();
    let hook = move |_| {
        let (heard, said) = (Arc::clone(&heard), said.clone());
        async move {
            let mut count = heard.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
            *count += 1;
            assert_ne!(*count, 1, "the hook goes wrong");
            said.send(()).unwrap_or_default();
        }
    };
    let app = TestApp::builder().with(|builder| builder.on_event(hook)).start().await;

    let _ = app.member("ada").await;

    assert_eq!(second.recv().await, Some(()));
}
