//! Which request this thread is answering at this moment: what a line of log needs to be found again, and costs less than a span.

use std::cell::Cell;

use countersign_kernel::RequestId;

thread_local! {
    static CURRENT: Cell<Option<RequestId>> = const { Cell::new(None) };
}

/// The request that this thread is answering at this moment, if it is: for log lines that do not name theirs. Work that was handed
/// to another task or thread is not known to belong to it.
#[must_use]
pub fn current_request() -> Option<RequestId> {
    CURRENT.get()
}

/// While it lives, this thread is answering a request.
pub(crate) struct Answering(Option<RequestId>);

impl Answering {
    pub(crate) fn begin(id: RequestId) -> Self {
        Self(CURRENT.replace(Some(id)))
    }
}

impl Drop for Answering {
    fn drop(&mut self) {
        CURRENT.set(self.0);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_thread_goes_back_to_what_it_did_before() {
        let [outer, inner] = [1, 2].map(|byte| RequestId::from_bytes([byte; 16]));
        assert_eq!(current_request(), None);
        let first = Answering::begin(outer);
        {
            let _second = Answering::begin(inner);
            assert_eq!(current_request(), Some(inner));
        }
        assert_eq!(current_request(), Some(outer));
        drop(first);
        assert_eq!(current_request(), None);
    }
}
