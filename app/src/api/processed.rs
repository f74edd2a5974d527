//! `/issues/processed`: the workspace's analyses.

use std::sync::Arc;

use explainer_core::{domain::AnalysisFilter, services::Services};
use poem_openapi::{
    OpenApi,
    param::{Path, Query},
};

use super::{
    Tags,
    answer::{Answer, Gone, Result},
    security::Token,
    shapes::{Processed, Status},
};

/// The operations.
pub(crate) struct ProcessedApi {
    pub services: Arc<Services>,
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
