//! Who is calling: the only way a handler comes by a [`Caller`].

use std::sync::Arc;

use explainer_core::services::{Caller, Services};
use poem::Request;
use poem_openapi::{SecurityScheme, auth::Bearer};

use super::problem::Problem;
use crate::telemetry::{self, Telemetry};

/// A bearer token that was checked.
#[derive(SecurityScheme)]
#[oai(
    ty = "bearer",
    key_name = "token",
    bearer_format = "JWT",
    checker = "check"
)]
pub(crate) struct Token(pub Caller);

async fn check(request: &Request, bearer: Bearer) -> poem::Result<Caller> {
    let services = request
        .data::<Arc<Services>>()
        .ok_or_else(Problem::internal)?;
    let caller = services.accounts.authenticate(&bearer.token).await;
    let caller = caller.map_err(Problem::from)?;
    if let Some(telemetry) = request.data::<Telemetry>() {
        telemetry::identify(&caller, request, &telemetry.monitor);
    }
    Ok(caller.in_trace(telemetry::trace()))
}
