//! Does the steps that are measured.

use std::future::Future;

use countersign_store::Error;
use tracing::{Instrument as _, Level, Span};

use crate::measure::{STEPS, Step};
use crate::shared::Shared;

impl Shared {
    /// Does a step and measures it. A conflict is no failure: it is tried again.
    pub(crate) async fn measured<T>(
        &self,
        step: Step,
        work: impl Future<Output = Result<T, Error>>,
    ) -> Result<T, Error> {
        let began = self.clock.local();
        let done = work.instrument(span(step)).await;
        if let Some((took, failed)) = self.measures.steps.get(step as usize) {
            took.record(self.clock.local().since(began));
            if done.as_ref().is_err_and(|error| !matches!(error, Error::Conflict(_))) {
                failed.one();
            }
        }
        done
    }
}

/// A span for a step of something that is traced already; what runs by itself several times a second is not.
fn span(step: Step) -> Span {
    if !tracing::level_enabled!(Level::TRACE) || Span::current().is_none() {
        return Span::none();
    }
    let name = STEPS.get(step as usize).map_or("", |(_, name)| name);
    tracing::trace_span!(target: "countersign::span", "database", otel.name = format!("database {name}"), db.operation.name = name)
}
