//! What a limiter answers: at once where it counts in this process, later where it must ask somebody.

use std::fmt;
use std::future::Future;
use std::pin::Pin;
use std::task::{Context, Poll};

/// A value that is there, or will be. To be awaited; one that is there costs neither an allocation nor a turn of the runtime.
#[must_use]
pub struct Answer<'a, T>(State<'a, T>);

enum State<'a, T> {
    /// None once it has been taken.
    Now(Option<T>),
    Later(Later<'a, T>),
}

type Later<'a, T> = Pin<Box<dyn Future<Output = T> + Send + 'a>>;

impl<'a, T> Answer<'a, T> {
    /// The value is there.
    pub const fn now(value: T) -> Self {
        Self(State::Now(Some(value)))
    }

    /// Somebody must be asked for it.
    pub fn later(asked: impl Future<Output = T> + Send + 'a) -> Self {
        Self(State::Later(Box::pin(asked)))
    }

    /// The value that `change` makes of it.
    pub fn map<U>(self, change: impl FnOnce(T) -> U + Send + 'a) -> Answer<'a, U>
    where
        T: 'a,
    {
        match self.0 {
            State::Now(value) => Answer(State::Now(value.map(change))),
            State::Later(asked) => Answer::later(async move { change(asked.await) }),
        }
    }

    /// The value, where nobody had to be asked for it.
    #[must_use]
    pub fn at_once(self) -> Option<T> {
        match self.0 {
            State::Now(value) => value,
            State::Later(_) => None,
        }
    }
}

impl<T> Future for Answer<'_, T> {
    type Output = T;

    fn poll(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<T> {
        match &mut self.0 {
            State::Now(value) => value.take().map_or(Poll::Pending, Poll::Ready),
            State::Later(asked) => asked.as_mut().poll(context),
        }
    }
}

/// The value is never pinned, and the box is.
impl<T> Unpin for Answer<'_, T> {}

impl<T> fmt::Debug for Answer<'_, T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self.0 {
            State::Now(_) => "Answer(now)",
            State::Later(_) => "Answer(later)",
        })
    }
}
