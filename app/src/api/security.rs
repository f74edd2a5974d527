//! Who is calling: the only way a handler comes by a [`Caller`].

use explainer_core::services::{Caller, Origin};
use poem::{PathPattern, Request};
use poem_openapi::{SecurityScheme, auth::Bearer};

use super::{Shared, problem::Problem};
use crate::telemetry;

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
    let shared = Shared::of(request)?;
    let origin = request.data::<Origin>().cloned().unwrap_or_default();
    let accounts = &shared.services.accounts;
    let caller = accounts.authenticate(&bearer.token, origin).await;
    let caller = caller.map_err(Problem::from)?;
    let route = shared.names.name(request.data::<PathPattern>());
    shared.telemetry.identify(&caller, &route);
    Ok(caller)
}
