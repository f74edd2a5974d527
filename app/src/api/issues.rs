//! `/issues`: reading issues from the workspace's source, and having them analysed.

use std::{collections::BTreeMap, sync::Arc, time::Duration};

use explainer_core::{
    domain::IssueQuery,
    services::{IssueView, Services},
};
use poem::{
    IntoResponse, Response,
    http::{HeaderValue, StatusCode, header},
};
use poem_openapi::{
    ApiResponse, Object, OpenApi,
    param::{Header, Path, Query},
    registry::{MetaHeader, MetaResponses, Registry},
    types::Type,
};
use serde::Serialize;

use super::{
    Tags,
    answer::{self, Answer, Result},
    body::OptionalBody,
    limits::Patience,
    security::Token,
    shapes::{Analysis, AnalysisError, Issue, Processed, ProcessingStatus, Project},
};
use crate::waiting::Waiting;

/// The operations.
pub(crate) struct IssuesApi {
    pub services: Arc<Services>,
    pub waiting: Arc<Waiting>,
}

/// A page of issues.
#[derive(Debug, Object, Serialize)]
struct IssuePage {
    /// The issues, the most recently seen first.
    issues: Vec<Issue>,
    /// How to get at the neighbouring pages.
    pagination: Pagination,
    /// How far analyses are, by issue id.
    processed_status: BTreeMap<String, ProcessingStatus>,
}

/// How to get at the neighbouring pages.
#[derive(Debug, Object, Serialize)]
struct Pagination {
    /// The cursor of the next page.
    #[oai(nullable)]
    next_cursor: Option<String>,
    /// The cursor of the page before.
    #[oai(nullable)]
    prev_cursor: Option<String>,
    /// Whether there is a next page.
    has_next: bool,
}

/// One issue: `processed_issue` once an analysis is there or under way, else `sentry_issue`.
#[derive(Debug, Object, Serialize)]
struct OneIssue {
    /// The issue and its analysis.
    #[oai(skip_serializing_if_is_none)]
    #[serde(skip_serializing_if = "Option::is_none")]
    processed_issue: Option<Processed>,
    /// The issue as the source has it.
    #[oai(skip_serializing_if_is_none)]
    #[serde(skip_serializing_if = "Option::is_none")]
    sentry_issue: Option<Issue>,
}

/// How to analyse.
#[derive(Debug, Default, Object)]
struct AnalyzeOptions {
    /// Explain again even when the evidence is the same as last time.
    #[oai(nullable)]
    force: Option<bool>,
}

/// How far an analysis is, and its result once it is there.
#[derive(Debug, Object, Serialize)]
struct Analyzed {
    /// The issue.
    issue_id: String,
    /// `pending`, `analyzing`, `completed` or `failed`.
    status: String,
    /// The result.
    #[oai(nullable)]
    analysis: Option<Analysis>,
    /// Why there is none, with status `failed`.
    #[oai(nullable)]
    error: Option<AnalysisError>,
    /// The record, readable under `/issues/processed/{id}`.
    id: String,
}

#[OpenApi(prefix_path = "/api/v1/issues", tag = "Tags::Issues")]
impl IssuesApi {
    /// The workspace's issues
    #[oai(path = "/", method = "get", operation_id = "listIssues")]
    #[expect(
        clippy::too_many_arguments,
        reason = "one for each parameter that the document shows"
    )]
    async fn list(
        &self,
        token: Token,
        /// Only this project: its id or its slug.
        project_id: Query<Option<String>>,
        /// What to look for, in the source's search language; empty means everything.
        #[oai(default = "unresolved", validator(max_length = 1000))]
        query: Query<String>,
        /// Only those that happened in this environment, such as `production`. Plugins cannot tell
        /// and refuse it.
        #[oai(validator(max_length = 64))]
        environment: Query<Option<String>>,
        /// Only those that were seen within this long: `24h`, `14d`, `2w`. Plugins cannot tell and
        /// refuse it.
        #[oai(validator(pattern = "^([1-9][0-9]{0,3}[hdw])?$"))]
        period: Query<Option<String>>,
        /// How many.
        #[oai(
            default = "page_size",
            validator(minimum(value = "1"), maximum(value = "100"))
        )]
        limit: Query<u16>,
        /// Where to go on, as a former page said.
        #[oai(validator(max_length = 1000))]
        cursor: Query<Option<String>>,
    ) -> Result<Answer<IssuePage>> {
        let workspace = self.services.workspaces.current(&token.0).await?;
        let given = |text: Option<String>| text.filter(|text| !text.is_empty());
        let query = IssueQuery {
            project: given(project_id.0),
            query: query.0,
            environment: given(environment.0),
            period: period.0.as_deref().and_then(duration),
            limit: limit.0,
            cursor: given(cursor.0),
        };
        let list = self.services.issues.list(&workspace, &query).await?;
        let status = |id: &str| list.processed.get(id).copied().map(ProcessingStatus::from);
        let issues = list.page.items.into_iter().map(|issue| {
            let status = status(&issue.id);
            Issue::new(issue, status)
        });
        Ok(Answer(IssuePage {
            issues: issues.collect(),
            pagination: Pagination {
                has_next: list.page.next.is_some(),
                next_cursor: list.page.next,
                prev_cursor: list.page.prev,
            },
            processed_status: list
                .processed
                .iter()
                .map(|(id, it)| (id.clone(), (*it).into()))
                .collect(),
        }))
    }

    /// The projects the workspace can read
    #[oai(path = "/projects", method = "get", operation_id = "listProjects")]
    async fn projects(&self, token: Token) -> Result<Answer<Vec<Project>>> {
        let workspace = self.services.workspaces.current(&token.0).await?;
        let projects = self.services.issues.projects(&workspace).await?;
        Ok(Answer(projects.into_iter().map(Project::from).collect()))
    }

    /// One issue
    #[oai(path = "/:issue_id", method = "get", operation_id = "getIssue")]
    async fn get(
        &self,
        token: Token,
        /// The issue's id.
        issue_id: Path<String>,
    ) -> Result<Answer<OneIssue>> {
        let workspace = self.services.workspaces.current(&token.0).await?;
        let view = self.services.issues.view(&workspace, &issue_id.0).await?;
        Ok(Answer(match view {
            IssueView::Processed(analysis) => OneIssue {
                processed_issue: Some((*analysis).into()),
                sentry_issue: None,
            },
            IssueView::Raw(issue) => OneIssue {
                processed_issue: None,
                sentry_issue: Some(Issue::new(*issue, None)),
            },
        }))
    }

    /// Have an issue analysed
    ///
    /// Waits for the result and answers 200. With `Prefer: respond-async`, or when the wait runs
    /// out, it answers 202 and says in `Location` where the result will be. Asking while an
    /// analysis is under way joins it.
    #[oai(
        path = "/:issue_id/analyze",
        method = "post",
        operation_id = "analyzeIssue",
        request_header(
            name = "Idempotency-Key",
            ty = "Option<String>",
            description = "Sent again under the same key within a day, the request is not carried out twice."
        )
    )]
    async fn analyze(
        &self,
        token: Token,
        /// The issue's id.
        issue_id: Path<String>,
        /// `respond-async` to be answered at once (RFC 7240).
        #[oai(name = "Prefer")]
        prefer: Header<Option<String>>,
        patience: Patience,
        body: OptionalBody<AnalyzeOptions>,
    ) -> Result<AnalyzeAnswer> {
        let caller = token.traced();
        let workspace = self.services.workspaces.current(&caller).await?;
        let force = body.0.and_then(|options| options.force).unwrap_or(false);
        let requests = &self.services.analyses;
        let asked = requests.request(&workspace, &issue_id.0, force).await?;
        if asks_for_async(prefer.0.as_deref()) {
            return Ok(AnalyzeAnswer::preferred(asked.into()));
        }
        if !asked.status.is_active() {
            return Ok(AnalyzeAnswer::reached(asked.into()));
        }
        let (id, revision) = (asked.id.clone(), asked.revision);
        drop(asked);
        patience.waits(self.waiting.limit());
        let ended = (self.waiting).until_ended(requests, &workspace, &id, revision);
        let reached = ended.await?;
        Ok(AnalyzeAnswer::reached(reached.into()))
    }
}

fn unresolved() -> String {
    IssueQuery::default().query
}

/// How long `24h`, `14d` or `2w` is; `None` for none.
fn duration(text: &str) -> Option<Duration> {
    let (count, unit) = text.split_at_checked(text.len().checked_sub(1)?)?;
    let hours = match unit {
        "h" => 1,
        "d" => 24,
        "w" => 7 * 24,
        _ => return None,
    };
    let count: u32 = count.parse().ok()?;
    Some(Duration::from_secs(3600) * hours * count)
}

fn page_size() -> u16 {
    IssueQuery::default().limit
}

/// RFC 7240: a comma-separated list of preferences, each with optional parameters.
fn asks_for_async(prefer: Option<&str>) -> bool {
    let preferences = prefer.unwrap_or_default().split(',');
    preferences
        .filter_map(|preference| preference.split(';').next())
        .any(|name| name.trim().eq_ignore_ascii_case("respond-async"))
}

/// 200 with the result, or 202 and where to look for it.
struct AnalyzeAnswer {
    body: Analyzed,
    preferred_async: bool,
    done: bool,
}

impl AnalyzeAnswer {
    fn reached(body: Analyzed) -> Self {
        let done = !matches!(body.status.as_str(), "pending" | "analyzing");
        Self {
            body,
            preferred_async: false,
            done,
        }
    }

    fn preferred(body: Analyzed) -> Self {
        Self {
            body,
            preferred_async: true,
            done: false,
        }
    }
}

impl From<explainer_core::domain::Analysis> for Analyzed {
    fn from(analysis: explainer_core::domain::Analysis) -> Self {
        Self {
            issue_id: analysis.issue.id.clone(),
            // Old clients know one word for "not yet".
            status: if analysis.status.is_active() {
                "analyzing"
            } else {
                analysis.status.as_str()
            }
            .to_owned(),
            error: analysis.error.clone().map(Into::into),
            id: analysis.id.as_str().to_owned(),
            analysis: Analysis::of(&analysis),
        }
    }
}

impl IntoResponse for AnalyzeAnswer {
    fn into_response(self) -> Response {
        if self.done {
            return answer::json(StatusCode::OK, &self.body);
        }
        let mut response = answer::json(StatusCode::ACCEPTED, &self.body);
        let location = format!("/api/v1/issues/processed/{}", self.body.id);
        if let Ok(location) = HeaderValue::from_str(&location) {
            response.headers_mut().insert(header::LOCATION, location);
        }
        if self.preferred_async {
            let applied = HeaderValue::from_static("respond-async");
            response.headers_mut().insert("preference-applied", applied);
        }
        response
    }
}

impl ApiResponse for AnalyzeAnswer {
    fn meta() -> MetaResponses {
        let done = answer::meta_response::<Analyzed>(200, "It has ended");
        let mut under_way = answer::meta_response::<Analyzed>(202, "It is under way");
        under_way.headers.push(MetaHeader {
            name: "LOCATION".to_owned(),
            description: Some("Where the result will be".to_owned()),
            required: true,
            deprecated: false,
            schema: String::schema_ref(),
        });
        MetaResponses {
            responses: vec![done, under_way],
        }
    }

    fn register(registry: &mut Registry) {
        Analyzed::register(registry);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_period_is_hours_days_or_weeks() {
        let hours = |text| duration(text).map(|it| it.as_secs() / 3600);
        assert_eq!(hours("24h"), Some(24));
        assert_eq!(hours("14d"), Some(14 * 24));
        assert_eq!(hours("9999w"), Some(9999 * 7 * 24));
        for none in ["", "h", "24", "é", "-1h", "1m"] {
            assert_eq!(hours(none), None, "{none}");
        }
    }

    #[test]
    fn respond_async_is_found_among_other_preferences() {
        for yes in [
            "respond-async",
            "Respond-Async",
            "wait=10, respond-async",
            "respond-async; x=1",
        ] {
            assert!(asks_for_async(Some(yes)), "{yes}");
        }
        for no in [
            None,
            Some(""),
            Some("wait=5"),
            Some("return=minimal"),
            Some("xrespond-async"),
        ] {
            assert!(!asks_for_async(no), "{no:?}");
        }
    }
}
