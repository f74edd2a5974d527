//! `/metrics`, at an address of its own.

use std::sync::Arc;

use explainer_core::services::Services;
use poem::{EndpointExt, Response, Route, endpoint::BoxEndpoint, get, handler, web::Data};

use crate::telemetry::{METRICS_TYPE, Metrics};

#[handler]
async fn metrics(
    Data(metrics): Data<&Arc<Metrics>>,
    Data(services): Data<&Arc<Services>>,
) -> Response {
    let text = metrics.text(services).await;
    Response::builder().content_type(METRICS_TYPE).body(text)
}

/// The figures, and nothing else.
pub fn metrics_endpoint(
    figures: Arc<Metrics>,
    services: Arc<Services>,
) -> BoxEndpoint<'static, Response> {
    let routes = Route::new().at("/metrics", get(metrics));
    routes.data(figures).data(services).boxed()
}
