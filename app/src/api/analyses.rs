//! `/analyses`: finding, reading and watching analyses, and asking for many of them at once.

mod answers;

use std::sync::Arc;

use explainer_core::{domain::AnalysisFilter, explain::render, services::Services};
use futures::{StreamExt, stream};
use poem::Request;
use poem_openapi::{
    Object, OpenApi,
    param::{Path, Query},
};

use self::answers::{Batch, Events, OneAnalysis, Page};
use super::{
    Tags,
    answer::{Answer, Gone, Result},
    body::Body,
    problem::Problem,
    security::Token,
    shapes::{AnalysisEvent, AnalysisSummary, Priority, Revision, Status},
};
use crate::watching::Gallery;

/// The operations.
pub(crate) struct AnalysesApi {
    pub services: Arc<Services>,
    pub gallery: Gallery,
}

/// Which issues to analyse.
#[derive(Debug, Object)]
struct NewBatch {
    /// Their ids.
    #[oai(validator(min_items = 1, max_items = 100))]
    issue_ids: Vec<String>,
    /// Explain again even where the evidence is the same as last time.
    #[oai(nullable)]
    force: Option<bool>,
}

#[OpenApi(prefix_path = "/api/v1", tag = "Tags::Analyses")]
impl AnalysesApi {
    /// Find analyses, newest first
    ///
    /// Every filter narrows the list. A page says in `Link` and in `pagination` where the next one
    /// begins; a page stays what it is while analyses come and go.
    #[oai(path = "/analyses", method = "get", operation_id = "listAnalyses")]
    #[expect(
        clippy::too_many_arguments,
        reason = "each is a parameter of the query"
    )]
    async fn list(
        &self,
        token: Token,
        request: &Request,
        /// Only those that are this far.
        status: Query<Option<Status>>,
        /// Only those whose newest result has this priority.
        priority: Query<Option<Priority>>,
        /// Only those of this project: its id or its slug.
        #[oai(validator(min_length = 1, max_length = 200))]
        project: Query<Option<String>>,
        /// Only those whose newest result this model wrote; `heuristic` for those that none did.
        #[oai(validator(min_length = 1, max_length = 200))]
        model: Query<Option<String>>,
        /// Only those in whose title, ids, culprit or summary these words occur, as they stand, in
        /// upper or lower case. Of long texts the beginning is searched.
        #[oai(validator(max_length = 200))]
        text: Query<Option<String>>,
        /// How many.
        #[oai(
            default = "page_size",
            validator(minimum(value = "1"), maximum(value = "100"))
        )]
        limit: Query<u32>,
        /// Where to go on, as a former page of the same list said.
        #[oai(validator(max_length = 200))]
        cursor: Query<Option<String>>,
    ) -> Result<Page> {
        let workspace = self.services.workspaces.current(&token.0).await?;
        let filter = AnalysisFilter {
            status: status.0.map(Into::into),
            priority: priority.0.map(Into::into),
            project: project.0,
            model: model.0,
            text: text.0,
            limit: limit.0,
            ..AnalysisFilter::default()
        };
        let cursor = cursor.0.filter(|cursor| !cursor.is_empty());
        let analyses = &self.services.analyses;
        let page = analyses.page(&workspace, filter, cursor.as_deref()).await?;
        let items = page.items.into_iter().map(AnalysisSummary::from).collect();
        Ok(Page::new(request.uri(), items, page.next))
    }

    /// One analysis
    ///
    /// The id with `.md` behind it gives the newest result as a Markdown document, with `.html` as
    /// a page for a browser: text of events and models is text in both, never markup.
    #[oai(path = "/analyses/:id", method = "get", operation_id = "getAnalysis")]
    async fn get(
        &self,
        token: Token,
        /// The analysis's id, or the id and `.md` or `.html`.
        id: Path<String>,
    ) -> Result<OneAnalysis> {
        let workspace = self.services.workspaces.current(&token.0).await?;
        let analyses = &self.services.analyses;
        let (id, write): (_, Option<Render>) = match id.0.rsplit_once('.') {
            Some((id, "md")) => (
                id,
                Some(|issue, result| OneAnalysis::Markdown(render::markdown(issue, result))),
            ),
            Some((id, "html")) => (
                id,
                Some(|issue, result| OneAnalysis::Page(render::page(issue, result))),
            ),
            _ => (&*id.0, None),
        };
        let record = analyses.get(&workspace, id).await?;
        match (write, &record.specification) {
            (None, _) => Ok(OneAnalysis::record(record)),
            (Some(write), Some(result)) => Ok(write(&record.issue, result)),
            (Some(_), None) => Err(Problem::no_result()),
        }
    }

    /// Watch an analysis get on
    ///
    /// Server-sent events of the name `progress`, each the whole state, and one of the name `end`
    /// when the run has ended or the analysis was removed; then the stream ends. A client that
    /// connects again is told the state of then.
    #[oai(
        path = "/analyses/:id/events",
        method = "get",
        operation_id = "watchAnalysis"
    )]
    async fn events(
        &self,
        token: Token,
        /// The analysis's id.
        id: Path<String>,
    ) -> Result<Events> {
        let workspace = self.services.workspaces.current(&token.0).await?;
        let watcher = self.gallery.watch(workspace, &id.0).await?;
        let watcher = watcher.ok_or_else(Problem::too_many_watchers)?;
        let views = stream::unfold(watcher, async |mut watcher| {
            Some((watcher.next().await?, watcher))
        });
        Ok(Events(views.map(AnalysisEvent::from).boxed()))
    }

    /// The results of the last runs, newest first
    ///
    /// Of the last 20 runs, those that ended with a result.
    #[oai(
        path = "/analyses/:id/revisions",
        method = "get",
        operation_id = "listRevisions"
    )]
    async fn revisions(
        &self,
        token: Token,
        /// The analysis's id.
        id: Path<String>,
    ) -> Result<Answer<Vec<Revision>>> {
        let workspace = self.services.workspaces.current(&token.0).await?;
        let (record, results) = self.services.analyses.results(&workspace, &id.0).await?;
        let results = results.into_iter();
        Ok(Answer(
            results.map(|it| Revision::new(&record, it)).collect(),
        ))
    }

    /// Remove an analysis and its results; a running one is stopped
    #[oai(
        path = "/analyses/:id",
        method = "delete",
        operation_id = "deleteAnalysis"
    )]
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

    /// Have many issues analysed
    ///
    /// Answers at once and says where each result will be. An issue that cannot be analysed does not
    /// keep the others from it; where none can for one and the same reason, that is the answer.
    #[oai(
        path = "/issues/analyze",
        method = "post",
        operation_id = "analyzeIssues",
        request_header(
            name = "Idempotency-Key",
            ty = "Option<String>",
            description = "Sent again under the same key within a day, the request is not carried out twice."
        )
    )]
    async fn analyze(&self, token: Token, body: Body<NewBatch>) -> Result<Batch> {
        let caller = token.traced();
        let workspace = self.services.workspaces.current(&caller).await?;
        let force = body.0.force.unwrap_or(false);
        let requests = &self.services.analyses;
        let asked = requests.request_all(&workspace, body.0.issue_ids, force);
        Batch::of(asked.await)
    }
}

type Render =
    fn(&explainer_core::domain::Issue, &explainer_core::domain::Specification) -> OneAnalysis;

fn page_size() -> u32 {
    25
}
