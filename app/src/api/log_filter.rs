//! `/log-filter`: what is logged, changed while the service runs.

#![expect(
    clippy::unused_async,
    reason = "the framework wants every operation async"
)]

use explainer_core::services::Failure;
use poem_openapi::{Object, OpenApi};
use serde::Serialize;

use super::{
    Tags,
    answer::{Answer, Result},
    body::Body,
    security::Token,
};
use crate::telemetry::LogFilter;

/// The operations.
pub(crate) struct LogFilterApi {
    pub log: LogFilter,
}

/// What is logged.
#[derive(Debug, Object, Serialize)]
struct LogFilterBody {
    /// A level such as `info`, or directives such as `warn,explainer=debug`.
    #[oai(validator(min_length = 1, max_length = 1000))]
    filter: String,
}

#[OpenApi(prefix_path = "/api/v1/log-filter", tag = "Tags::Monitoring")]
impl LogFilterApi {
    /// What is logged
    ///
    /// For admins.
    #[oai(path = "/", method = "get", operation_id = "getLogFilter")]
    async fn get(&self, token: Token) -> Result<Answer<LogFilterBody>> {
        token.0.must_be_admin()?;
        Ok(self.answer())
    }

    /// Log something else from now on
    ///
    /// For admins. It holds for this process, until it ends.
    #[oai(path = "/", method = "put", operation_id = "setLogFilter")]
    async fn put(&self, token: Token, body: Body<LogFilterBody>) -> Result<Answer<LogFilterBody>> {
        token.0.must_be_admin()?;
        self.log
            .set(&body.0.filter)
            .map_err(|bad| Failure::Invalid {
                field: "filter",
                message: bad.to_string(),
            })?;
        tracing::warn!(filter = body.0.filter, by = %token.0.user().id, "another log filter");
        Ok(self.answer())
    }
}

impl LogFilterApi {
    fn answer(&self) -> Answer<LogFilterBody> {
        Answer(LogFilterBody {
            filter: self.log.text(),
        })
    }
}
