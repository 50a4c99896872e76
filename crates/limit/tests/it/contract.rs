//! Every promise of the port, kept by a limiter in this process without waiting for anybody.

use std::future::Future as _;
use std::pin::pin;
use std::task::{Context, Waker};

use countersign_kernel::Env;
use countersign_limit::MemoryLimiter;

macro_rules! promise_tests {
    ($($promise:ident,)*) => {
        $(
            #[test]
            fn $promise() {
                let limiter = MemoryLimiter::new(10_000, &Env::system());

                let kept = pin!(countersign_limit::testing::contract::$promise(&limiter));

                assert!(kept.poll(&mut Context::from_waker(Waker::noop())).is_ready(), "nobody had to be asked");
            }
        )*
    };
}

countersign_limit::for_each_promise!(promise_tests);
