//! Those who visit the server in the load comparison.

use anyhow::{Context, Result, bail};

use super::load::Visitor;
use crate::client::{Answer, Connection, Request};
use crate::host::Host;

/// Accounts that sign in. A sign-in looks at the other sessions of its person: nobody has hundreds.
const PEOPLE: usize = 64;
const PASSWORD: &str = "a long enough phrase for a load test";
const ORIGIN: &str = "http://localhost:8420";

/// Says the same thing again and again.
pub(super) struct Same(pub(super) Request);

impl Visitor for Same {
    fn next(&mut self) -> Option<&Request> {
        Some(&self.0)
    }

    fn take(&mut self, answer: Answer) -> Result<()> {
        answer.ok().map(drop)
    }
}

/// As many of the same as there are connections.
pub(super) fn same(request: &Request, connections: usize) -> Vec<Same> {
    (0..connections).map(|_| Same(request.clone())).collect()
}

/// Somebody who refreshes again and again, and keeps the access tokens.
pub(super) struct Person {
    pub(super) access: String,
    pub(super) collected: Vec<String>,
    request: Request,
}

impl Person {
    fn signed_in(answer: &Answer) -> Result<Self> {
        let headers = refresh_headers(answer, "refreshToken")?;
        let request = Request { method: "POST", path: "/api/auth/refresh", headers, body: "{}".to_owned() };
        Ok(Self { access: answer.text("accessToken")?, request, collected: Vec::new() })
    }
}

impl Visitor for Person {
    fn next(&mut self) -> Option<&Request> {
        Some(&self.request)
    }

    fn take(&mut self, answer: Answer) -> Result<()> {
        let answer = answer.ok()?;
        self.access = answer.text("accessToken")?;
        self.collected.push(self.access.clone());
        self.request.headers = refresh_headers(&answer, "refreshToken")?;
        Ok(())
    }
}

/// Somebody who shows tokens in turn, so many that each was shown long ago when its turn comes again.
pub(super) struct Turns {
    tokens: Vec<String>,
    at: usize,
    until: usize,
    request: Request,
}

impl Turns {
    /// With tokens of the yardstick, all different.
    pub(super) fn collect(host: &Host, count: usize) -> Result<Self> {
        let mut connection = Connection::open(host.port)?;
        let mut token = || connection.send(&get("/token"))?.ok()?.text("accessToken");
        let tokens = (0..count).map(|_| token()).collect::<Result<_>>()?;
        Ok(Self { tokens, at: 0, until: 0, request: get("/signed") })
    }

    /// Has so many more turns.
    pub(super) fn more(&mut self, turns: usize) {
        self.until = self.at + turns;
    }
}

impl Visitor for Turns {
    fn next(&mut self) -> Option<&Request> {
        let token = self.tokens.get(self.at % self.tokens.len()).filter(|_| self.at < self.until)?;
        self.request.headers = bearer(token);
        self.at += 1;
        Some(&self.request)
    }

    fn take(&mut self, answer: Answer) -> Result<()> {
        answer.ok().map(drop)
    }
}

/// Somebody who shows each of his tokens once.
pub(super) struct Fresh {
    tokens: Vec<String>,
    request: Request,
}

impl Fresh {
    /// With the tokens that a person has collected.
    pub(super) fn with(person: &mut Person) -> Self {
        Self { tokens: std::mem::take(&mut person.collected), request: get("/api/auth/verify") }
    }

    /// How many he has left.
    pub(super) const fn left(&self) -> usize {
        self.tokens.len()
    }
}

impl Visitor for Fresh {
    fn next(&mut self) -> Option<&Request> {
        self.request.headers = bearer(&self.tokens.pop()?);
        Some(&self.request)
    }

    fn take(&mut self, answer: Answer) -> Result<()> {
        answer.ok().map(drop)
    }
}

/// Somebody who does everything: of a hundred requests ten are refreshes, the rest shows the token that came; one in a thousand is
/// a sign-in.
pub(super) struct Mixed {
    person: Person,
    shown: Request,
    login: Request,
    turn: usize,
}

impl Mixed {
    /// Goes on as this person; `number` spreads what they do in time.
    pub(super) fn new(person: Person, number: usize) -> Self {
        Self { person, shown: get("/api/auth/verify"), login: login(number), turn: number * 16 }
    }
}

impl Visitor for Mixed {
    fn next(&mut self) -> Option<&Request> {
        self.turn += 1;
        if self.turn.is_multiple_of(1_000) {
            return Some(&self.login);
        }
        if self.turn.is_multiple_of(10) {
            self.person.collected.clear();
            return self.person.next();
        }
        self.shown.path = if self.turn % 10 == 1 { "/api/user/profile" } else { "/api/auth/verify" };
        self.shown.headers = bearer(&self.person.access);
        Some(&self.shown)
    }

    fn take(&mut self, answer: Answer) -> Result<()> {
        match self.turn {
            // Its queue of hashes is short on purpose: who is told so asks again, ten requests later, until it is done.
            turn if turn.is_multiple_of(1_000) && answer.status == 503 => {
                self.turn -= 10;
                Ok(())
            }
            turn if turn.is_multiple_of(1_000) => {
                self.person = Person::signed_in(&answer.ok()?)?;
                Ok(())
            }
            turn if turn.is_multiple_of(10) => self.person.take(answer),
            _ => answer.ok().map(drop),
        }
    }
}

/// A GET without any header.
pub(super) const fn get(path: &'static str) -> Request {
    Request { method: "GET", path, headers: Vec::new(), body: String::new() }
}

/// A GET with an access token.
pub(super) fn get_with(path: &'static str, token: &str) -> Request {
    Request { headers: bearer(token), ..get(path) }
}

/// A sign-in of one of the accounts that [`register`] made.
pub(super) fn login(number: usize) -> Request {
    post("/api/auth/login", format!(r#"{{"email":"{}","password":"{PASSWORD}"}}"#, email(number)))
}

fn email(number: usize) -> String {
    format!("load{}@example.test", number % PEOPLE)
}

/// Somebody who signs in again and again, as one person after the other.
pub(super) struct Guest {
    logins: Vec<Request>,
    turn: usize,
}

/// So many guests, each at another person.
pub(super) fn guests(count: usize) -> Vec<Guest> {
    let logins: Vec<_> = (0..PEOPLE).map(login).collect();
    (0..count).map(|number| Guest { logins: logins.clone(), turn: number * PEOPLE / count }).collect()
}

impl Visitor for Guest {
    fn next(&mut self) -> Option<&Request> {
        self.turn += 1;
        self.logins.get(self.turn % PEOPLE)
    }

    fn take(&mut self, answer: Answer) -> Result<()> {
        answer.ok().map(drop)
    }
}

/// Makes the accounts.
pub(super) fn register(server: &Host) -> Result<()> {
    for number in 0..PEOPLE {
        let account = format!(r#"{{"email":"{}","password":"{PASSWORD}","name":"Load"}}"#, email(number));
        Connection::open(server.port)?.send(&post("/api/auth/register", account))?.ok()?;
    }
    Ok(())
}

/// As many sessions as there are connections, opened at the same time.
pub(super) fn sign_in(server: &Host, connections: usize) -> Result<Vec<Person>> {
    let answers = std::thread::scope(|scope| {
        let running: Vec<_> =
            (0..connections).map(|number| scope.spawn(move || patiently(server, &login(number)))).collect();
        running
            .into_iter()
            .map(|thread| thread.join().map_err(|_| anyhow::anyhow!("a visitor panicked"))?)
            .collect::<Result<Vec<_>>>()
    })?;
    answers.iter().map(Person::signed_in).collect()
}

/// Asks again while the server says that it is busy: its queue of hashes is short on purpose.
pub(super) fn patiently(server: &Host, request: &Request) -> Result<Answer> {
    let mut connection = Connection::open(server.port)?;
    for _ in 0..1_000 {
        let answer = connection.send(request)?;
        if answer.status != 503 {
            return answer.ok();
        }
        std::thread::sleep(std::time::Duration::from_millis(10));
    }
    bail!("the server stayed busy")
}

fn post(path: &'static str, body: String) -> Request {
    Request { method: "POST", path, headers: Vec::new(), body }
}

fn bearer(token: &str) -> Vec<(&'static str, String)> {
    vec![("Authorization", format!("Bearer {token}"))]
}

fn refresh_headers(answer: &Answer, cookie: &str) -> Result<Vec<(&'static str, String)>> {
    let token = answer.cookie(cookie).context("no refresh cookie came with the answer")?;
    Ok(vec![("Origin", ORIGIN.to_owned()), ("Cookie", format!("{cookie}={token}"))])
}
