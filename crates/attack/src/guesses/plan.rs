//! The ways to guess.

use std::fmt;
use std::net::Ipv4Addr;

use serde_json::json;

use crate::client::Ask;

/// How many failures the server promises to judge.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Limits {
    /// Of one address on one account.
    address_account: usize,
    /// Of one address.
    address: usize,
    /// On one account, from devices unknown to it.
    account: usize,
}

impl Limits {
    /// Out of `RateLimit-Policy`: `"sign_in_address";q=30;w=900, …`.
    pub(super) fn read(field: &str) -> Option<Self> {
        let quota = |name: &str| {
            let item = field.split(',').map(str::trim).find(|item| item.starts_with(&format!("\"{name}\"")))?;
            item.split(';').find_map(|part| part.trim().strip_prefix("q=")?.parse().ok())
        };
        Some(Self {
            address_account: quota("sign_in_address_account")?,
            address: quota("sign_in_address")?,
            account: quota("sign_in_account")?,
        })
    }
}

impl fmt::Display for Limits {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { address_account, address, account } = self;
        write!(f, "{address_account} an address and account, {address} an address, {account} an account")
    }
}

/// What becomes of the person who is guessed at.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Owner {
    /// Signs in from elsewhere, whatever was guessed.
    GetsIn,
    /// May have to prove more, or wait: the account itself is under attack.
    MayWait,
}

/// Somebody with an account.
#[derive(Debug, Clone)]
pub(super) struct Person {
    pub(super) email: String,
    pub(super) password: String,
}

/// Who takes part in a plan, and from where.
#[derive(Debug, Clone)]
pub(super) struct Scene {
    pub(super) victim: Person,
    /// An account of the guesser's own.
    pub(super) own: Person,
    /// The first three bytes of the addresses that are this plan's.
    pub(super) network: [u8; 3],
}

impl Scene {
    /// One of the plan's addresses.
    pub(super) fn address(&self, last: u8) -> Ipv4Addr {
        let [first, second, third] = self.network;
        Ipv4Addr::new(first, second, third, last)
    }

    /// A wrong guess at the victim, from the plan's first address.
    fn guess(&self, number: usize) -> Ask {
        login(&self.victim.email, &format!("guess {number}")).from(self.address(1))
    }
}

/// Where each guess comes from, and at whom it is aimed.
type Shape = fn(usize, &Scene) -> Ask;

/// One way to guess.
pub(super) struct Plan {
    pub(super) what: &'static str,
    pub(super) guesses: usize,
    /// How many of them may be judged.
    pub(super) promised: usize,
    /// How many are sign-ins in good faith.
    pub(super) good: usize,
    /// All at once.
    pub(super) is_burst: bool,
    pub(super) owner: Owner,
    shape: Shape,
}

impl Plan {
    pub(super) fn guess(&self, number: usize, scene: &Scene) -> Ask {
        (self.shape)(number, scene)
    }
}

/// Every plan that makes sense against these limits.
pub(super) fn all(limits: &Limits, is_trusted: bool) -> Vec<Plan> {
    let pair = limits.address_account.min(limits.address).min(limits.account);
    let plan = |what, guesses, promised, shape: Shape| Plan {
        what,
        guesses,
        promised,
        good: 0,
        is_burst: false,
        owner: Owner::GetsIn,
        shape,
    };
    let mut plans = vec![
        plan("one address, one account, the right password last", 60, pair, |n, scene| {
            if n == 59 {
                login(&scene.victim.email, &scene.victim.password).from(scene.address(1))
            } else {
                scene.guess(n)
            }
        }),
        Plan { is_burst: true, ..plan("64 at once", 64, pair, |n, scene| scene.guess(n)) },
        plan("forged forwarding headers", 60, pair, |n, scene| {
            let forged = format!("203.0.113.{}", n + 1);
            let names = ["X-Forwarded-For", "X-Real-IP", "X-Client-IP", "CF-Connecting-IP", "True-Client-IP"];
            let ask = names.into_iter().fold(scene.guess(n), |ask, name| ask.field(name, &forged));
            ask.field("Forwarded", format!("for={forged}"))
        }),
        plan("user agents, languages and device cookies in rotation", 60, pair, |n, scene| {
            let cookie = format!("deviceId=dev_{n:026}.AAAA; __Secure-deviceId=dev_{n:026}.AAAA");
            scene
                .guess(n)
                .field("User-Agent", format!("agent/{n}"))
                .field("Accept-Language", format!("x-{n}"))
                .field("Cookie", cookie)
                // A browser says this, and without it a request with a cookie is not even counted.
                .field("Sec-Fetch-Site", "same-origin")
        }),
        plan("spellings of one address", 60, pair, |n, scene| {
            let email = &scene.victim.email;
            let (name, host) = email.split_once('@').unwrap_or((email, ""));
            let spelling = match n % 6 {
                0 => email.to_uppercase(),
                1 => format!("{name}@{}", host.to_uppercase()),
                2 => format!(" {email}"),
                3 => format!("{email} "),
                4 => format!("{}@{host}", name.to_uppercase()),
                _ => email.clone(),
            };
            login(&spelling, &format!("guess {n}")).from(scene.address(1))
        }),
        plan("spellings of the path", 60, pair, |n, scene| {
            let path = match n % 6 {
                0 => "/api/auth/login/",
                1 => "//api/auth/login",
                2 => "/api/auth/./login",
                3 => "/api/auth/%6cogin",
                4 => "/API/auth/login",
                _ => "/api/auth/login?x=1",
            };
            Ask { path: path.to_owned(), ..scene.guess(n) }
        }),
        Plan {
            good: 20,
            ..plan("one's own success in between", 60, pair, |n, scene| {
                if n % 3 == 2 {
                    login(&scene.own.email, &scene.own.password).from(scene.address(1))
                } else {
                    scene.guess(n)
                }
            })
        },
        plan("one password, many accounts", 120, limits.address, |n, scene| {
            login(&format!("a{n}-{}", scene.victim.email), "Password123!").from(scene.address(1))
        }),
        Plan {
            owner: Owner::MayWait,
            ..plan("many addresses, one account", 120, limits.account, |n, scene| {
                scene.guess(n).from(scene.address(spread(n)))
            })
        },
        Plan {
            is_burst: true,
            owner: Owner::MayWait,
            ..plan("many addresses at once, one account", 120, limits.account, |n, scene| {
                scene.guess(n).from(scene.address(spread(n)))
            })
        },
    ];
    if is_trusted {
        plans.push(plan("one IPv6 network, an address a guess", 60, pair, |n, scene| {
            let [_, network, number] = scene.network;
            let address = format!("2001:db8:{network:x}:{number:x}:{n:x}::{:x}", n * 7 + 1);
            scene.guess(n).from(Ipv4Addr::LOCALHOST).field("X-Forwarded-For", address)
        }));
    }
    plans
}

fn login(email: &str, password: &str) -> Ask {
    Ask::post("/api/auth/login", &json!({"email": email, "password": password}))
}

/// The last byte of the address of a guess that comes from many.
fn spread(number: usize) -> u8 {
    u8::try_from(number % 200).unwrap_or(0) + 1
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn limits_are_read_from_their_field_and_not_from_half_of_it() {
        let field =
            r#""sign_in_address";q=30;w=900, "sign_in_address_account";q=5;w=900, "sign_in_account";q=20;w=3600"#;
        assert_eq!(Limits::read(field), Some(Limits { address_account: 5, address: 30, account: 20 }));
        assert_eq!(Limits::read(r#""sign_in_address";q=30;w=900"#), None);
        assert_eq!(Limits::read(""), None);
    }
}
