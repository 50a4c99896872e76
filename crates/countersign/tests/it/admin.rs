//! The administrators' API, through the front door: who may sit there, and one file a noun.
//!
//! Not here: that the command line calls the same verbs, which is tested on the binary.

mod audit;
mod desk;
mod operations;
mod revocations;
mod roles;
mod sessions;
mod users;

use countersign_testkit::{Actor, Method, Reply, TestApp, Value};

/// An administrator who has just signed in, and proven a second factor.
pub(crate) async fn administrator(app: &TestApp, name: &str) -> Actor {
    let actor = app.member_with_roles(name, &["admin"]).await;
    let _ = actor.set_up_app().await;
    actor
}

/// `PUT` of JSON.
pub(crate) async fn put(actor: &Actor, path: &str, body: Value) -> Reply {
    actor.call(Method::PUT, path).json(body).send().await
}

/// A member of each item of a list.
pub(crate) fn each(reply: &Reply, name: &str) -> Vec<Value> {
    let data = reply.json().get("data").and_then(Value::as_array).cloned().unwrap_or_default();
    data.iter().map(|item| item.get(name).cloned().unwrap_or_default()).collect()
}

/// The pages of a list, followed to the end.
pub(crate) async fn pages(actor: &Actor, path: &str) -> Vec<Reply> {
    let mut pages = vec![actor.get(path).await.expect(200)];
    while let Some(cursor) = pages.last().map(|page| page.text_at("/nextCursor")).filter(|cursor| !cursor.is_empty()) {
        let separator = if path.contains('?') { '&' } else { '?' };
        pages.push(actor.get(&format!("{path}{separator}cursor={cursor}")).await.expect(200));
    }
    pages
}
