//! Someone who uses the system: a browser or a program, with its cookies and its tokens.

use std::net::IpAddr;
use std::sync::{Arc, MutexGuard};

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use http::Method;
use serde_json::{Value, json};

use crate::authenticator::Authenticator;
use crate::browser::{Browser, Memory, World};
use crate::call::Call;
use crate::jar::{Jar, Kept};
use crate::reply::Reply;
use crate::security_key::{Answer, SecurityKey};

/// The password of every member.
pub const PASSWORD: &str = "sable-otter-41-lantern";

/// Someone who uses the system. Clones are the same one.
#[derive(Clone)]
pub struct Actor {
    browser: Browser,
    /// The address it signs in with: `ada@example.com`.
    pub email: String,
    /// Its password.
    pub password: String,
}

/// What a thief has copied from an actor.
#[derive(Debug, Clone)]
pub struct Loot(Memory);

impl Actor {
    pub(crate) fn new(world: World, name: &str) -> Self {
        Self { browser: Browser::new(world), email: format!("{name}@example.com"), password: PASSWORD.to_owned() }
    }

    /// The same actor with this password.
    #[must_use]
    pub fn with_password(mut self, password: &str) -> Self {
        password.clone_into(&mut self.password);
        self
    }

    /// The same actor at this network address. Over a real connection it stays where it is.
    #[must_use]
    pub fn at(mut self, address: IpAddr) -> Self {
        self.browser.peer.set_ip(address);
        self
    }

    /// The same actor with this user agent.
    #[must_use]
    pub fn using(mut self, user_agent: &str) -> Self {
        user_agent.clone_into(&mut self.browser.user_agent);
        self
    }

    /// The same actor as a program: it sends no `Origin` and keeps its refresh token itself.
    #[must_use]
    pub fn into_program(mut self) -> Self {
        self.browser.is_browser = false;
        self
    }

    // Calls.

    /// A call to be shaped; nothing is sent before [`Call::send`].
    pub fn call(&self, method: Method, path: &str) -> Call {
        Call::new(self.browser.clone(), method, path)
    }

    /// `GET`, with the access token if there is one.
    pub async fn get(&self, path: &str) -> Reply {
        self.call(Method::GET, path).send().await
    }

    /// `POST` of JSON, with the access token if there is one.
    pub async fn post(&self, path: &str, body: Value) -> Reply {
        self.call(Method::POST, path).json(body).send().await
    }

    /// `PATCH` of JSON, with the access token if there is one.
    pub async fn patch(&self, path: &str, body: Value) -> Reply {
        self.call(Method::PATCH, path).json(body).send().await
    }

    /// `DELETE`, with the access token if there is one.
    pub async fn delete(&self, path: &str) -> Reply {
        self.call(Method::DELETE, path).send().await
    }

    // What people do.

    /// Registers and keeps what comes.
    pub async fn register(&self) -> Reply {
        let name = self.email.split('@').next().unwrap_or_default().to_owned();
        let body = self.told_how(json!({"email": self.email, "password": self.password, "name": name}));
        self.enter("/api/auth/register", body).await
    }

    /// Signs in and keeps what comes.
    pub async fn sign_in(&self) -> Reply {
        self.sign_in_with(&self.password.clone()).await
    }

    /// Signs in, solves the challenge that is asked for, and keeps what comes.
    ///
    /// # Panics
    /// No challenge was asked for.
    pub async fn sign_in_solving(&self) -> Reply {
        let asked = self.sign_in().await.expect(428);
        let body = json!({"email": self.email, "password": self.password, "challengeResponse": asked.solution()});
        self.enter("/api/auth/login", self.told_how(body)).await
    }

    /// Signs in with this password and keeps what comes.
    pub async fn sign_in_with(&self, password: &str) -> Reply {
        let body = self.told_how(json!({"email": self.email, "password": password}));
        self.enter("/api/auth/login", body).await
    }

    /// Refreshes as a client without attempt ids does, and keeps what comes.
    pub async fn refresh(&self) -> Reply {
        self.refresh_with(Value::Null).await
    }

    /// Refreshes as the SDK does: with an attempt id that it keeps until it has a full answer.
    ///
    /// # Panics
    /// The server cannot be reached.
    #[expect(clippy::panic, reason = "a test harness fails its test")]
    pub async fn refresh_as_sdk(&self) -> Reply {
        match self.try_refresh_as_sdk().await {
            Ok(reply) => reply,
            Err(error) => panic!("refresh: {error}"),
        }
    }

    /// The same where the server may be away. The next try has the same attempt id.
    ///
    /// # Errors
    /// It cannot be reached, or went away before it had answered.
    pub async fn try_refresh_as_sdk(&self) -> std::io::Result<Reply> {
        let (attempt, last) = {
            let mut memory = self.memory();
            let fresh = || URL_SAFE_NO_PAD.encode(self.browser.world.env.entropy().bytes::<16>());
            let attempt = memory.attempt.get_or_insert_with(fresh).clone();
            (attempt, memory.last_attempt.clone())
        };
        let mut body = json!({"attemptId": attempt});
        if let (Some(last), Some(members)) = (last, body.as_object_mut()) {
            members.insert("lastAttemptId".to_owned(), last.into());
        }
        let reply = self.refresh_call(body).try_send().await?;
        self.browser.keep(&reply);
        if reply.status() == 200 && reply.json().get("rotated") == Some(&Value::Bool(true)) {
            let mut memory = self.memory();
            memory.last_attempt = memory.attempt.take();
        }
        Ok(reply)
    }

    /// Refreshes with these members in the body (null: no body where none is needed), and keeps what comes.
    pub async fn refresh_with(&self, body: Value) -> Reply {
        let reply = self.refresh_call(body).send().await;
        self.browser.keep(&reply);
        reply
    }

    /// The call that [`Actor::refresh_with`] sends. Its answer is not kept: as if it were lost on the way, save for the cookies,
    /// which [`Call::send_and_lose`] drops too.
    pub fn refresh_call(&self, body: Value) -> Call {
        let refresh = self.memory().refresh.clone();
        let mut call = self.call(Method::POST, "/api/auth/refresh").anonymous();
        let mut body = body;
        if let Some(token) = refresh {
            if body.is_null() {
                body = json!({});
            }
            if let Some(members) = body.as_object_mut() {
                members.insert("refreshToken".to_owned(), token.into());
            }
        }
        if !body.is_null() {
            call = call.json(body);
        }
        call
    }

    /// Signs out.
    pub async fn sign_out(&self) -> Reply {
        self.post("/api/auth/logout", Value::Null).await
    }

    /// Signs out everywhere.
    pub async fn sign_out_everywhere(&self) -> Reply {
        self.post("/api/auth/logout-all", Value::Null).await
    }

    /// Proves the password again, and keeps the new access token.
    pub async fn step_up(&self) -> Reply {
        let reply = self.post("/api/auth/step-up", json!({"password": self.password})).await;
        self.browser.keep(&reply);
        reply
    }

    /// Goes on with a sign-in that was answered `MFA_REQUIRED`, by this code, and keeps what comes.
    pub async fn second_step(&self, asked: &Reply, method: &str, code: &str) -> Reply {
        let body = json!({"mfaToken": asked.text_at("/mfaToken"), "method": method, "code": code});
        self.enter("/api/auth/mfa/verify", body).await
    }

    /// The same, asking that this device be remembered.
    pub async fn second_step_remembering(&self, asked: &Reply, method: &str, code: &str) -> Reply {
        let token = asked.text_at("/mfaToken");
        let body = json!({"mfaToken": token, "method": method, "code": code, "rememberDevice": true});
        self.enter("/api/auth/mfa/verify", body).await
    }

    /// Signs in with password and app, and keeps what comes.
    ///
    /// # Panics
    /// No second factor was asked for.
    pub async fn sign_in_with_app(&self, app: &Authenticator) -> Reply {
        let asked = self.sign_in().await.expect(401);
        self.second_step(&asked, "totp", &app.code()).await
    }

    /// Proves a second factor in the running session, and keeps the new access token.
    pub async fn step_up_with_code(&self, method: &str, code: &str) -> Reply {
        let reply = self.post("/api/auth/step-up", json!({"method": method, "code": code})).await;
        self.browser.keep(&reply);
        reply
    }

    /// Sets up an authenticator app and takes a new access token; the app, and the recovery codes. The present code is spent.
    ///
    /// # Panics
    /// It was refused: the last sign-in must be recent.
    pub async fn set_up_app(&self) -> (Authenticator, Vec<String>) {
        let begun = self.post("/api/user/mfa/totp", Value::Null).await.expect(200);
        let app = Authenticator::new(&begun.text_at("/secret"), Arc::clone(&self.browser.world.clock));
        let confirmed = self.post("/api/user/mfa/totp/confirm", json!({"code": app.code()})).await.expect(200);
        let codes = confirmed.json().get("recoveryCodes").and_then(Value::as_array).cloned().unwrap_or_default();
        let _ = self.refresh().await.expect(200);
        (app, codes.iter().filter_map(Value::as_str).map(str::to_owned).collect())
    }

    /// Registers a passkey of this key, which must be willing.
    ///
    /// # Panics
    /// The key holds one already.
    #[expect(clippy::expect_used, reason = "a test harness fails its test")]
    pub async fn add_passkey(&self, key: &SecurityKey) -> Reply {
        let options = self.post("/api/user/passkeys/options", Value::Null).await;
        if options.status() != 200 {
            return options;
        }
        let made = key.create(&options.json()).expect("the key makes one");
        self.post("/api/user/passkeys", json!({"credential": made.json()})).await
    }

    /// Asks for what [`SecurityKey::get`] answers, as somebody who is not signed in.
    pub async fn passkey_options(&self) -> Reply {
        let body = self.told_how(json!({}));
        self.call(Method::POST, "/api/auth/passkey/options").anonymous().json(body).send().await
    }

    /// Signs in with this answer and keeps what comes.
    pub async fn sign_in_with_answer(&self, answer: &Answer) -> Reply {
        self.enter("/api/auth/passkey", self.told_how(json!({"credential": answer.json()}))).await
    }

    /// Signs in with a passkey of this key and keeps what comes.
    ///
    /// # Panics
    /// The key has none that fits.
    #[expect(clippy::expect_used, reason = "a test harness fails its test")]
    pub async fn sign_in_with_passkey(&self, key: &SecurityKey) -> Reply {
        let options = self.passkey_options().await;
        if options.status() != 200 {
            return options;
        }
        let answer = key.get(&options.json()).expect("the key has one");
        self.sign_in_with_answer(&answer).await
    }

    /// Goes on with a sign-in that was answered `MFA_REQUIRED`, by a passkey of this key, and keeps what comes.
    ///
    /// # Panics
    /// The key has none that fits.
    #[expect(clippy::expect_used, reason = "a test harness fails its test")]
    pub async fn second_step_with_passkey(&self, asked: &Reply, key: &SecurityKey) -> Reply {
        let token = asked.text_at("/mfaToken");
        let ask = self.call(Method::POST, "/api/auth/passkey/options").anonymous();
        let options = ask.json(json!({"mfaToken": token})).send().await;
        if options.status() != 200 {
            return options;
        }
        let answer = key.get(&options.json()).expect("the key has one");
        let body = json!({"mfaToken": token, "method": "passkey", "credential": answer.json()});
        self.enter("/api/auth/mfa/verify", body).await
    }

    /// Proves again with a passkey of this key who is there, and keeps the new access token.
    ///
    /// # Panics
    /// The key has none that fits.
    #[expect(clippy::expect_used, reason = "a test harness fails its test")]
    pub async fn step_up_with_passkey(&self, key: &SecurityKey) -> Reply {
        let options = self.post("/api/auth/passkey/options", Value::Null).await;
        if options.status() != 200 {
            return options;
        }
        let answer = key.get(&options.json()).expect("the key has one");
        let reply = self.post("/api/auth/step-up", json!({"method": "passkey", "credential": answer.json()})).await;
        self.browser.keep(&reply);
        reply
    }
    // What it holds.

    /// The access token; empty where there is none.
    #[must_use]
    pub fn access_token(&self) -> String {
        self.memory().access.clone().unwrap_or_default()
    }

    /// Takes an access token from elsewhere.
    pub fn set_access_token(&self, token: &str) {
        self.memory().access = Some(token.to_owned());
    }

    /// The refresh token, from the cookie or from the program's own keeping; empty where there is none.
    #[must_use]
    pub fn refresh_token(&self) -> String {
        let memory = self.memory();
        let cookie = || memory.jar.find("refreshToken").map(|c| c.value.clone());
        memory.refresh.clone().or_else(cookie).unwrap_or_default()
    }

    /// The claims of the access token, unchecked; null where there is none.
    #[must_use]
    pub fn claims(&self) -> Value {
        let token = self.access_token();
        let payload = token.split('.').nth(1).and_then(|p| URL_SAFE_NO_PAD.decode(p).ok()).unwrap_or_default();
        serde_json::from_slice(&payload).unwrap_or(Value::Null)
    }

    /// The person's id; empty before the first sign-in.
    #[must_use]
    pub fn user_id(&self) -> String {
        self.memory().user.clone()
    }

    /// The session's id; empty before the first sign-in.
    #[must_use]
    pub fn session_id(&self) -> String {
        self.memory().session.clone()
    }

    /// The cookie with this name, with or without its prefix.
    #[must_use]
    pub fn cookie(&self, name: &str) -> Option<Kept> {
        self.memory().jar.find(name).cloned()
    }

    /// The cookies, to be looked at or tampered with.
    pub fn with_jar<T>(&self, look: impl FnOnce(&mut Jar) -> T) -> T {
        look(&mut self.memory().jar)
    }

    /// A copy of everything that it holds at this moment.
    #[must_use]
    pub fn loot(&self) -> Loot {
        Loot(self.memory().clone())
    }

    /// Holds what was stolen, in place of its own.
    pub fn take(&self, loot: &Loot) {
        *self.memory() = loot.0.clone();
    }

    /// Refreshes with what was stolen: holds it, and keeps what comes.
    pub async fn redeem(&self, loot: &Loot) -> Reply {
        self.take(loot);
        self.refresh().await
    }

    pub(crate) fn moved_to(&self, world: World) -> Self {
        let mut moved = self.clone();
        moved.browser.world = world;
        moved
    }

    /// Another browser of the same person: same address and password, nothing kept.
    #[must_use]
    pub fn elsewhere(&self) -> Self {
        let mut elsewhere = self.clone();
        elsewhere.browser.memory = Arc::default();
        elsewhere
    }

    fn memory(&self) -> MutexGuard<'_, Memory> {
        self.browser.memory()
    }

    fn told_how(&self, mut body: Value) -> Value {
        if let (false, Some(members)) = (self.browser.is_browser, body.as_object_mut()) {
            members.insert("tokenDelivery".to_owned(), "body".into());
        }
        body
    }

    async fn enter(&self, path: &str, body: Value) -> Reply {
        let reply = self.call(Method::POST, path).anonymous().json(body).send().await;
        if reply.status() < 300 {
            let mut memory = self.memory();
            memory.attempt = None;
            memory.last_attempt = None;
        }
        self.browser.keep(&reply);
        reply
    }
}

impl std::fmt::Debug for Actor {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Actor").field("email", &self.email).finish_non_exhaustive()
    }
}
