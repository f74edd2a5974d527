//! Who is calling: the only way a handler comes by a [`Caller`].

use std::sync::Arc;

use explainer_core::services::{Caller, Origin, Services};
use poem::{PathPattern, Request};
use poem_openapi::{SecurityScheme, auth::Bearer};

use super::{problem::Problem, routes::Routes};
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

impl Token {
    /// Its owner, who asks for work that goes on with the trace of this request.
    pub(crate) fn traced(self) -> Caller {
        self.0.in_trace(telemetry::trace())
    }
}

async fn check(request: &Request, bearer: Bearer) -> poem::Result<Caller> {
    let services = request
        .data::<Arc<Services>>()
        .ok_or_else(Problem::internal)?;
    let origin = request.data::<Origin>().cloned().unwrap_or_default();
    let caller = services.accounts.authenticate(&bearer.token, origin).await;
    let caller = caller.map_err(Problem::from)?;
    if let (Some(telemetry), Some(routes)) =
        (request.data::<Telemetry>(), request.data::<Arc<Routes>>())
    {
        let route = routes.name(request.data::<PathPattern>());
        telemetry.identify(&caller, &route);
    }
    Ok(caller)
}
