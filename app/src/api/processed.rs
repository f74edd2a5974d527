//! `/issues/processed`: the workspace's analyses.

use std::sync::Arc;

use explainer_core::{
    domain::{self, AnalysisFilter},
    services::Services,
};
use poem::{IntoResponse, Response, http::StatusCode};
use poem_openapi::{
    ApiResponse, Enum, OpenApi,
    param::{Path, Query},
    registry::{MetaResponse, MetaResponses, Registry},
};

use super::{
    Tags,
    answer::{Answer, Result},
    security::Token,
    shapes::Processed,
};

/// The operations.
pub(crate) struct ProcessedApi {
    pub services: Arc<Services>,
}

/// How far an analysis is.
#[derive(Debug, Clone, Copy, Enum)]
#[oai(rename_all = "lowercase")]
enum Status {
    /// It waits for a worker.
    Pending,
    /// A worker is at it.
    Analyzing,
    /// It has a result.
    Completed,
    /// It has an error.
    Failed,
}

#[OpenApi(prefix_path = "/api/v1/issues/processed", tag = "Tags::Issues")]
impl ProcessedApi {
    /// The workspace's analyses, newest first
    #[oai(path = "/", method = "get", operation_id = "listProcessed")]
    async fn list(
        &self,
        token: Token,
        /// Only those that are this far.
        status: Query<Option<Status>>,
        /// How many.
        #[oai(
            default = "page_size",
            validator(minimum(value = "1"), maximum(value = "100"))
        )]
        limit: Query<u32>,
        /// How many to leave out at the start.
        #[oai(default)]
        skip: Query<u32>,
    ) -> Result<Answer<Vec<Processed>>> {
        let workspace = self.services.workspaces.current(&token.0).await?;
        let filter = AnalysisFilter {
            status: status.0.map(Into::into),
            limit: limit.0,
            skip: skip.0,
            ..AnalysisFilter::default()
        };
        let found = self.services.analyses.list(&workspace, &filter).await?;
        Ok(Answer(found.into_iter().map(Processed::from).collect()))
    }

    /// One analysis
    #[oai(path = "/:id", method = "get", operation_id = "getProcessed")]
    async fn get(
        &self,
        token: Token,
        /// The analysis's id.
        id: Path<String>,
    ) -> Result<Answer<Processed>> {
        let workspace = self.services.workspaces.current(&token.0).await?;
        Ok(Answer(
            self.services.analyses.get(&workspace, &id.0).await?.into(),
        ))
    }

    /// Remove an analysis; a running one is stopped
    #[oai(path = "/:id", method = "delete", operation_id = "deleteProcessed")]
    async fn delete(
        &self,
        token: Token,
        /// The analysis's id.
        id: Path<String>,
    ) -> Result<Gone> {
        let workspace = self.services.workspaces.current(&token.0).await?;
        self.services.analyses.delete(&workspace, &id.0).await?;
        Ok(Gone)
    }
}

fn page_size() -> u32 {
    25
}

/// 204.
struct Gone;

impl IntoResponse for Gone {
    fn into_response(self) -> Response {
        StatusCode::NO_CONTENT.into_response()
    }
}

impl ApiResponse for Gone {
    fn meta() -> MetaResponses {
        let response = MetaResponse {
            description: "It is gone",
            status: Some(204),
            status_range: None,
            content: Vec::new(),
            headers: Vec::new(),
        };
        MetaResponses {
            responses: vec![response],
        }
    }

    fn register(_: &mut Registry) {}
}

impl From<Status> for domain::Status {
    fn from(status: Status) -> Self {
        match status {
            Status::Pending => Self::Pending,
            Status::Analyzing => Self::Analyzing,
            Status::Completed => Self::Completed,
            Status::Failed => Self::Failed,
        }
    }
}
