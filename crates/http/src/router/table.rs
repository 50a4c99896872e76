//! Tables of routes: what is served and what is described, from one list.
//!
//! A server serves all of it at each start and describes it when somebody asks for the document. The descriptions are a megabyte of
//! code and as much of memory, so that they are not made along the way.

use axum::Router;
use axum::handler::Handler;
use axum::routing::MethodRouter;
use utoipa::openapi::path::HttpMethod;
use utoipa_axum::PathItemExt as _;
use utoipa_axum::router::OpenApiRouter;

/// The handlers of one path.
pub(crate) struct Entry<S> {
    pub(crate) serve: fn(Router<S>) -> Router<S>,
    pub(crate) describe: fn(OpenApiRouter<S>) -> OpenApiRouter<S>,
}

/// An [`Entry`] of handlers that have one path, written `module: handler`. Path and methods are those of each one's `#[utoipa::path]`.
macro_rules! entry {
    ($($($module:ident)::+: $handler:ident),+) => {
        $crate::router::table::Entry {
            serve: |router| {
                utoipa_axum::paste! {
                    $(let router = router.route(
                        &<$($module)::+::[<__path_ $handler>] as utoipa::Path>::path(),
                        $crate::router::table::by_method(
                            &<$($module)::+::[<__path_ $handler>] as utoipa::Path>::methods(),
                            $($module)::+::$handler,
                        ),
                    );)+
                    router
                }
            },
            describe: |router| router.routes(utoipa_axum::routes!($($($module)::+::$handler),+)),
        }
    };
}

pub(crate) use entry;

/// The handler behind each of these methods.
pub(crate) fn by_method<H, T, S>(methods: &[HttpMethod], handler: H) -> MethodRouter<S>
where
    H: Handler<T, S>,
    T: 'static,
    S: Clone + Send + Sync + 'static,
{
    methods.iter().fold(MethodRouter::new(), |router, method| router.on(method.to_method_filter(), handler.clone()))
}

/// Serves what a table names.
pub(crate) fn serve<S>(table: &[Entry<S>]) -> Router<S>
where
    S: Clone + Send + Sync + 'static,
{
    table.iter().fold(Router::new(), |router, entry| (entry.serve)(router))
}

/// Describes what a table names, after what is in `router`.
pub(crate) fn describe<S>(router: OpenApiRouter<S>, table: &[Entry<S>]) -> OpenApiRouter<S>
where
    S: Clone + Send + Sync + 'static,
{
    table.iter().fold(router, |router, entry| (entry.describe)(router))
}
