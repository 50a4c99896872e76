//! Traces, as OTLP over HTTP, where a collector is configured.
//!
//! Promises: without a collector nothing is built, and a span costs the comparison of two numbers; with one, a request never waits
//! for it and never fails because of it: spans wait in a bounded queue, a thread of its own sends them, and what cannot be sent is
//! counted, told once and forgotten; what waits is sent before the process ends, for at most a second. No span says who it was.
//! Follows W3C Trace Context and OTLP 1; why so: docs/design/telemetry.md.

mod client;
mod request;

use std::time::Duration;

use countersign::TrustedProxies;
use countersign_kernel::Counter;
use opentelemetry::trace::TracerProvider as _;
use opentelemetry::{KeyValue, TraceId};
use opentelemetry_otlp::{Protocol, SpanExporter, WithExportConfig as _, WithHttpConfig as _};
use opentelemetry_sdk::Resource;
use opentelemetry_sdk::error::OTelSdkResult;
use opentelemetry_sdk::trace::{
    BatchConfigBuilder, BatchSpanProcessor, Sampler, SdkTracer, SdkTracerProvider, SpanData,
};

use crate::config::telemetry::{Endpoint, Telemetry};

/// What spans are for this layer: every crate names it as the target of its own.
pub(super) const SPANS: &str = "countersign::span";

/// Spans that were sent since the start.
pub static SENT: Counter = Counter::new();
/// Spans that could not be sent.
pub static FAILED: Counter = Counter::new();

/// How long a batch may take to be sent.
const PATIENCE: Duration = Duration::from_secs(3);
/// How long what waits may take to be sent at the end.
const LAST: Duration = Duration::from_secs(1);
/// How often what waits is sent.
const BEAT: Duration = Duration::from_secs(1);
/// Spans that may wait; further ones are dropped.
const QUEUE: usize = 8_192;

/// The sender of traces. Cheap to clone.
#[derive(Debug, Clone)]
pub struct Traces(SdkTracerProvider);

impl Traces {
    /// Begins to send, if a collector is configured.
    ///
    /// # Errors
    /// The sender could not be built.
    pub fn start(settings: &Telemetry) -> anyhow::Result<Option<Self>> {
        settings.endpoint.as_ref().map(|endpoint| Self::to(endpoint, settings)).transpose()
    }

    fn to(endpoint: &Endpoint, settings: &Telemetry) -> anyhow::Result<Self> {
        let exporter = SpanExporter::builder()
            .with_http()
            .with_http_client(client::Client::new(endpoint, PATIENCE))
            .with_protocol(Protocol::HttpBinary)
            .with_endpoint(&endpoint.url)
            .with_timeout(PATIENCE)
            .build()?;
        let batches = BatchConfigBuilder::default().with_max_queue_size(QUEUE).with_scheduled_delay(BEAT).build();
        let resource = Resource::builder_empty()
            .with_attributes([
                KeyValue::new("service.name", settings.service.clone()),
                KeyValue::new("service.version", env!("CARGO_PKG_VERSION")),
            ])
            .build();
        let sampler = Sampler::ParentBased(Box::new(Sampler::TraceIdRatioBased(settings.ratio.0)));
        let provider = SdkTracerProvider::builder()
            .with_sampler(sampler)
            .with_resource(resource)
            .with_span_processor(BatchSpanProcessor::builder(Counted(exporter)).with_batch_config(batches).build())
            .build();
        Ok(Self(provider))
    }

    pub(super) fn tracer(&self) -> SdkTracer {
        self.0.tracer("countersign")
    }

    /// Traces the requests of a router. Only a trusted proxy may say what trace a request belongs to.
    pub fn around(&self, router: axum::Router, proxies: TrustedProxies) -> axum::Router {
        router.layer(request::TraceLayer::new(proxies))
    }

    /// Sends what waits and ends. What does not go in time is lost.
    pub async fn finish(self) {
        let ended = tokio::task::spawn_blocking(move || self.0.shutdown_with_timeout(LAST));
        let _ = tokio::time::timeout(LAST, ended).await;
    }
}

/// The trace that this thread is working on; none where that one is not recorded.
pub(super) fn current() -> Option<TraceId> {
    if !tracing::level_enabled!(tracing::Level::TRACE) {
        return None;
    }
    opentelemetry::trace::get_active_span(|span| {
        let context = span.span_context();
        (context.is_valid() && context.is_sampled()).then(|| context.trace_id())
    })
}

/// Counts what is sent, and says so when sending begins to fail and when it works again.
#[derive(Debug)]
struct Counted<E>(E);

impl<E: opentelemetry_sdk::trace::SpanExporter> opentelemetry_sdk::trace::SpanExporter for Counted<E> {
    async fn export(&self, batch: Vec<SpanData>) -> OTelSdkResult {
        let spans = batch.len() as u64;
        let done = self.0.export(batch).await;
        match &done {
            Ok(()) => SENT.add(spans),
            Err(_) => FAILED.add(spans),
        }
        client::tell(done.is_ok());
        done
    }

    fn shutdown_with_timeout(&self, timeout: Duration) -> OTelSdkResult {
        self.0.shutdown_with_timeout(timeout)
    }

    fn set_resource(&mut self, resource: &Resource) {
        self.0.set_resource(resource);
    }
}
