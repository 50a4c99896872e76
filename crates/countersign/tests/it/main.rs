//! Through the front door of the facade: the whole system in this process, as an app mounts it.
//!
//! Attacks and races by their numbers stand here, save those that need a real socket or process (tests of `server`). Not
//! tested here: the rules of each floor (tests of that floor), and PostgreSQL, which real processes are run on (tests of the server).
#![expect(clippy::unwrap_used, clippy::expect_used, reason = "tests and their helpers fail by panicking")]

mod admin;
mod aftermath;
mod answer;
mod attack_cookie;
mod attack_cors;
mod attack_csrf;
mod attack_enumeration;
mod attack_form;
mod attack_input;
mod attack_limit;
mod attack_passkey;
mod attack_password;
mod attack_refresh;
mod attack_refresh_token;
mod attack_revocation;
mod attack_second_factor;
mod attack_surface;
mod attack_time;
mod attack_token_claims;
mod attack_token_header;
mod attack_token_signature;
mod breached;
mod csrf;
mod embed;
mod ending;
mod event;
mod journey;
mod mail_change;
mod mail_delivery;
mod mail_link;
mod mail_notice;
mod mail_page;
mod mail_register;
mod mail_reset;
mod mail_verify;
mod overload;
mod passkeys;
mod pepper;
mod pseudonym;
mod race_at_random;
mod race_fan_out;
mod race_lost_answer;
mod race_neighbours;
mod race_reuse;
mod race_sign_out;
mod readings;
mod restart;
mod revocation_feed;
mod second_factor;
mod session_binding;
mod start;
mod status_list;
mod upkeep;
