//! What was answered: how often, with which status, how quickly.
//!
//! Promises: a route is counted by its template, which only a router makes, a method and a status by closed lists, so that whoever
//! asks for strange things makes no new entry; counting an answer is one look-up and three additions, and never waits.

use std::collections::HashMap;
use std::sync::{Arc, OnceLock};

use arc_swap::ArcSwap;
use countersign_kernel::{Counter, Distribution, Histogram, Lifetime};
use http::{Method, StatusCode};

use crate::error::Code;

/// What this floor has counted since the process started.
#[derive(Debug, Clone)]
pub struct Readings {
    /// Answers by route and method; only what has occurred.
    pub answered: Vec<Answered>,
    /// Refusals by their code; every code.
    pub problems: Vec<(Code, u64)>,
    /// Handlers that panicked and were answered for with a plain 500.
    pub panics: u64,
}

/// The answers of one route to one method.
#[derive(Debug, Clone)]
pub struct Answered {
    /// The route's template; `none` where no route fits the path.
    pub route: Arc<str>,
    /// The method; `OTHER` for any that no route knows.
    pub method: &'static str,
    /// How many answers had which status; none for a status that is not on the list.
    pub statuses: Vec<(Option<u16>, u64)>,
    /// How long they took, in microseconds.
    pub took: Distribution,
}

/// Counts answers.
#[derive(Debug)]
pub(crate) struct Tally {
    routes: ArcSwap<HashMap<Arc<str>, Arc<Route>>>,
    nowhere: Route,
    problems: Vec<Counter>,
    panics: Counter,
}

#[derive(Debug, Default)]
struct Route([OnceLock<Box<Cell>>; METHODS.len()]);

#[derive(Debug)]
struct Cell {
    /// As [`STATUSES`], and one for all others.
    statuses: Vec<Counter>,
    took: Histogram,
}

impl Tally {
    pub(crate) fn new() -> Self {
        Self {
            routes: ArcSwap::default(),
            nowhere: Route::default(),
            problems: Code::ALL.iter().map(|_| Counter::new()).collect(),
            panics: Counter::new(),
        }
    }

    /// Counts an answer. `route` is a template, never a path.
    pub(crate) fn answered(&self, route: Option<&str>, method: &Method, status: StatusCode, took: Lifetime) {
        let known = self.routes.load();
        match route.map(|route| known.get(route).ok_or(route)) {
            None => self.nowhere.count(method, status, took),
            Some(Ok(route)) => route.count(method, status, took),
            Some(Err(unknown)) => self.route(unknown).count(method, status, took),
        }
    }

    /// Counts a refusal.
    pub(crate) fn problem(&self, code: Code) {
        if let Some(counter) = self.problems.get(code as usize) {
            counter.one();
        }
    }

    /// Counts a panic.
    pub(crate) fn panicked(&self) {
        self.panics.one();
    }

    pub(crate) fn read(&self) -> Readings {
        let mut answered = self.nowhere.read(&Arc::from(NOWHERE));
        for (name, route) in self.routes.load().iter() {
            answered.extend(route.read(name));
        }
        answered.sort_by(|a, b| (&a.route, a.method).cmp(&(&b.route, b.method)));
        let problems = Code::ALL.iter().zip(&self.problems).map(|(code, counter)| (*code, counter.count())).collect();
        Readings { answered, problems, panics: self.panics.count() }
    }

    /// The entry of a template that has not been asked for before. There are as many as the router has.
    fn route(&self, template: &str) -> Arc<Route> {
        let name: Arc<str> = template.into();
        let fresh = Arc::new(Route::default());
        self.routes.rcu(|known| {
            let mut more = HashMap::clone(known);
            more.entry(Arc::clone(&name)).or_insert_with(|| Arc::clone(&fresh));
            more
        });
        self.routes.load().get(template).map_or(fresh, Arc::clone)
    }
}

impl Route {
    fn count(&self, method: &Method, status: StatusCode, took: Lifetime) {
        if let Some(cell) = self.0.get(place_of(method)) {
            cell.get_or_init(Box::default).count(status, took);
        }
    }

    fn read(&self, name: &Arc<str>) -> Vec<Answered> {
        let cells = METHODS.iter().zip(&self.0).filter_map(|(method, cell)| Some((method, cell.get()?)));
        cells
            .map(|(method, cell)| Answered {
                route: Arc::clone(name),
                method,
                statuses: cell.read(),
                took: cell.took.read(),
            })
            .collect()
    }
}

impl Default for Cell {
    fn default() -> Self {
        Self { statuses: (0..=STATUSES.len()).map(|_| Counter::new()).collect(), took: Histogram::of_spans() }
    }
}

impl Cell {
    fn count(&self, status: StatusCode, took: Lifetime) {
        let place = STATUSES.binary_search(&status.as_u16()).unwrap_or(STATUSES.len());
        if let Some(counter) = self.statuses.get(place) {
            counter.one();
        }
        self.took.record(took);
    }

    fn read(&self) -> Vec<(Option<u16>, u64)> {
        let names = STATUSES.iter().copied().map(Some).chain([None]);
        names.zip(self.statuses.iter().map(Counter::count)).filter(|(_, count)| *count > 0).collect()
    }
}

/// A method as logs and labels name it: a closed list, since the method is the client's text.
#[must_use]
pub fn method_name(method: &Method) -> &'static str {
    METHODS.get(place_of(method)).copied().unwrap_or(OTHER)
}

fn place_of(method: &Method) -> usize {
    METHODS.iter().position(|known| *known == method.as_str()).unwrap_or(METHODS.len() - 1)
}

const OTHER: &str = "OTHER";
const METHODS: [&str; 8] = ["GET", "POST", "HEAD", "PATCH", "PUT", "DELETE", "OPTIONS", OTHER];
/// The route of a path that none fits, in logs and labels.
pub const NOWHERE: &str = "none";
/// Ascending.
const STATUSES: [u16; 26] = [
    200, 201, 202, 204, 206, 301, 302, 303, 304, 307, 308, 400, 401, 403, 404, 405, 406, 409, 412, 413, 415, 416, 428,
    429, 500, 503,
];

#[cfg(test)]
mod tests {
    use super::*;

    fn seen(tally: &Tally) -> Vec<String> {
        let of = |a: &Answered| {
            let statuses: Vec<_> = a.statuses.iter().map(|(s, n)| format!("{}x{n}", s.unwrap_or_default())).collect();
            format!("{} {} {}", a.method, a.route, statuses.join(" "))
        };
        tally.read().answered.iter().map(of).collect()
    }

    #[test]
    fn answers_are_told_apart_by_route_method_and_status() {
        let tally = Tally::new();
        let took = Lifetime::from_millis(3);
        for (route, method, status) in [
            (Some("/a/{id}"), Method::GET, 200),
            (Some("/a/{id}"), Method::GET, 200),
            (Some("/a/{id}"), Method::GET, 401),
            (Some("/a/{id}"), Method::DELETE, 204),
            (Some("/b"), Method::POST, 418),
            (None, Method::GET, 404),
        ] {
            tally.answered(route, &method, StatusCode::from_u16(status).unwrap(), took);
        }

        assert_eq!(seen(&tally), ["DELETE /a/{id} 204x1", "GET /a/{id} 200x2 401x1", "POST /b 0x1", "GET none 404x1"]);
        let read = tally.read();
        assert_eq!((read.answered[1].took.count(), read.answered[1].took.sum), (3, 9_000));
    }

    #[test]
    fn a_strangers_method_makes_no_entry_of_its_own() {
        let tally = Tally::new();
        for name in ["BREW", "WHEN", "X"] {
            let method = Method::from_bytes(name.as_bytes()).unwrap();
            assert_eq!(method_name(&method), "OTHER");
            tally.answered(None, &method, StatusCode::NOT_FOUND, Lifetime::ZERO);
        }
        assert_eq!(seen(&tally), ["OTHER none 404x3"]);
    }

    #[test]
    fn each_code_has_its_own_counter() {
        let tally = Tally::new();
        for (times, code) in Code::ALL.iter().enumerate() {
            (0..times).for_each(|_| tally.problem(*code));
        }
        let counts: Vec<_> = tally.read().problems.iter().map(|(_, count)| *count).collect();
        assert_eq!(counts, (0..u64::try_from(Code::ALL.len()).unwrap()).collect::<Vec<_>>());
    }

    #[test]
    fn statuses_are_sorted_and_hold_those_of_every_code() {
        assert!(STATUSES.is_sorted());
        for code in Code::ALL {
            assert!(STATUSES.binary_search(&code.status().as_u16()).is_ok(), "{}", code.as_str());
        }
    }
}
