//! What the operations on analyses answer with.

use std::time::Duration;

use explainer_core::{
    domain,
    services::{Asked, Failure},
};
use futures::{StreamExt, stream, stream::BoxStream};
use poem::{
    IntoResponse, Response,
    http::{HeaderValue, StatusCode, Uri, header},
    web::sse::{Event, SSE},
};
use poem_openapi::{
    ApiResponse, Object,
    registry::{MetaHeader, MetaMediaType, MetaResponse, MetaResponses, Registry},
    types::Type,
};
use serde::Serialize;

use crate::api::{
    answer::{self, Result},
    problem::Problem,
    shapes::{AnalysisError, AnalysisEvent, AnalysisRecord, AnalysisSummary},
};

/// How often a stream without news shows that it lives.
const HEARTBEAT: Duration = Duration::from_secs(15);
/// How long a client waits before it connects again, in milliseconds.
const RECONNECT: u64 = 2000;

/// A page of analyses.
#[derive(Debug, Object, Serialize)]
struct AnalysisPage {
    /// The analyses, newest first.
    analyses: Vec<AnalysisSummary>,
    /// How to get at the next page.
    pagination: NextPage,
}

/// How to get at the next page.
#[derive(Debug, Object, Serialize)]
struct NextPage {
    /// The cursor of the next page.
    #[oai(nullable)]
    next_cursor: Option<String>,
    /// Whether there is a next page.
    has_next: bool,
}

/// 200 with a page, and a `Link` to the next one (RFC 8288).
pub(super) struct Page {
    body: AnalysisPage,
    link: Option<HeaderValue>,
}

impl Page {
    /// The page that was asked for at `uri`.
    pub(super) fn new(uri: &Uri, analyses: Vec<AnalysisSummary>, next: Option<String>) -> Self {
        let link = next.as_deref().and_then(|next| link(uri, next));
        let pagination = NextPage {
            has_next: next.is_some(),
            next_cursor: next,
        };
        let body = AnalysisPage {
            analyses,
            pagination,
        };
        Self { body, link }
    }
}

/// The same list from `cursor` on, which has no character that a query could not.
fn link(uri: &Uri, cursor: &str) -> Option<HeaderValue> {
    let pairs = uri.query().unwrap_or_default().split('&');
    let kept = pairs.filter(|pair| !pair.is_empty() && !pair.starts_with("cursor="));
    let pairs: Vec<_> = kept
        .map(str::to_owned)
        .chain([format!("cursor={cursor}")])
        .collect();
    let link = format!("<{}?{}>; rel=\"next\"", uri.path(), pairs.join("&"));
    HeaderValue::from_str(&link).ok()
}

impl IntoResponse for Page {
    fn into_response(self) -> Response {
        let mut response = answer::json(StatusCode::OK, &self.body);
        if let Some(link) = self.link {
            response.headers_mut().insert(header::LINK, link);
        }
        response
    }
}

impl ApiResponse for Page {
    fn meta() -> MetaResponses {
        let mut done = answer::meta_response::<AnalysisPage>(200, "A page");
        done.headers.push(MetaHeader {
            name: "LINK".to_owned(),
            description: Some("Where the next page is, if there is one".to_owned()),
            required: false,
            deprecated: false,
            schema: String::schema_ref(),
        });
        MetaResponses {
            responses: vec![done],
        }
    }

    fn register(registry: &mut Registry) {
        AnalysisPage::register(registry);
    }
}

/// One analysis, in the form that was asked for.
pub(super) enum OneAnalysis {
    Record(Box<AnalysisRecord>),
    Markdown(String),
    Page(String),
}

impl OneAnalysis {
    pub(super) fn record(record: domain::Analysis) -> Self {
        Self::Record(Box::new(record.into()))
    }
}

const MARKDOWN: &str = "text/markdown; charset=utf-8";
const HTML: &str = "text/html; charset=utf-8";
/// The page brings its own style and needs nothing else.
const PAGE_POLICY: &str = "default-src 'none'; style-src 'unsafe-inline'; base-uri 'none'; \
                           form-action 'none'; frame-ancestors 'none'";

impl IntoResponse for OneAnalysis {
    fn into_response(self) -> Response {
        match self {
            Self::Record(record) => answer::json(StatusCode::OK, &record),
            Self::Markdown(text) => Response::builder().content_type(MARKDOWN).body(text),
            Self::Page(page) => Response::builder()
                .content_type(HTML)
                .header(header::CONTENT_SECURITY_POLICY, PAGE_POLICY)
                .body(page),
        }
    }
}

impl ApiResponse for OneAnalysis {
    fn meta() -> MetaResponses {
        let mut done = answer::meta_response::<AnalysisRecord>(200, "It is there");
        let text = |content_type| MetaMediaType {
            content_type,
            schema: String::schema_ref(),
        };
        done.content.extend([text(MARKDOWN), text(HTML)]);
        MetaResponses {
            responses: vec![done],
        }
    }

    fn register(registry: &mut Registry) {
        AnalysisRecord::register(registry);
    }
}

/// One event of the stream.
#[derive(Debug, Object)]
struct StreamEvent {
    /// `progress`, or `end` for the last one.
    event: String,
    /// An `AnalysisEvent`, as JSON.
    data: String,
}

/// A stream of server-sent events (<https://html.spec.whatwg.org/multipage/server-sent-events.html>).
pub(super) struct Events(pub BoxStream<'static, AnalysisEvent>);

fn event(told: &AnalysisEvent) -> Event {
    let name = if told.is_last() { "end" } else { "progress" };
    let data = serde_json::to_string(told).unwrap_or_default();
    Event::message(data).event_type(name)
}

impl IntoResponse for Events {
    fn into_response(self) -> Response {
        let patience = stream::iter([Event::retry(RECONNECT)]);
        let events = patience.chain(self.0.map(|told| event(&told)));
        SSE::new(events).keep_alive(HEARTBEAT).into_response()
    }
}

impl ApiResponse for Events {
    fn meta() -> MetaResponses {
        let content = vec![MetaMediaType {
            content_type: "text/event-stream",
            schema: StreamEvent::schema_ref(),
        }];
        let events = MetaResponse {
            description: "What happens, as it happens",
            status: Some(200),
            status_range: None,
            content,
            headers: Vec::new(),
        };
        MetaResponses {
            responses: vec![events],
        }
    }

    fn register(registry: &mut Registry) {
        StreamEvent::register(registry);
        AnalysisEvent::register(registry);
    }
}

/// What became of a batch.
#[derive(Debug, Object, Serialize)]
struct BatchBody {
    /// The issues whose analysis is under way, in the order they were named.
    accepted: Vec<Accepted>,
    /// Those that cannot be analysed, each with the reason.
    refused: Vec<Refused>,
}

/// An issue whose analysis is under way.
#[derive(Debug, Object, Serialize)]
struct Accepted {
    /// The issue.
    issue_id: String,
    /// The analysis.
    id: String,
    /// `pending` or `analyzing`.
    status: String,
    /// Where the result will be.
    location: String,
}

/// An issue that cannot be analysed.
#[derive(Debug, Object, Serialize)]
struct Refused {
    /// The issue.
    issue_id: String,
    /// Why.
    error: AnalysisError,
}

/// 202 with what became of each issue.
#[derive(Debug)]
pub(super) struct Batch(BatchBody);

impl Batch {
    /// What became of each; a problem when nothing did for a reason that is not the issues'.
    pub(super) fn of(asked: Vec<Asked>) -> Result<Self> {
        let (mut accepted, mut refused, mut reason) = (Vec::new(), Vec::new(), None);
        for Asked { issue_id, outcome } in asked {
            match outcome {
                Ok(analysis) => accepted.push(Accepted {
                    issue_id,
                    location: location(&analysis.id),
                    id: analysis.id.into(),
                    status: analysis.status.as_str().to_owned(),
                }),
                Err(failure) => {
                    refused.push(Refused {
                        issue_id,
                        error: AnalysisError::of(&failure),
                    });
                    let of_issue = matches!(failure, Failure::IssueNotFound);
                    reason = reason.or((!of_issue).then_some(failure));
                }
            }
        }
        match reason {
            Some(failure) if accepted.is_empty() => Err(Problem::from(failure)),
            _ => Ok(Self(BatchBody { accepted, refused })),
        }
    }
}

/// Where an analysis is read.
fn location(id: &domain::AnalysisId) -> String {
    format!("/api/v1/analyses/{id}")
}

impl IntoResponse for Batch {
    fn into_response(self) -> Response {
        answer::json(StatusCode::ACCEPTED, &self.0)
    }
}

impl ApiResponse for Batch {
    fn meta() -> MetaResponses {
        let under_way = answer::meta_response::<BatchBody>(202, "What can be is under way");
        MetaResponses {
            responses: vec![under_way],
        }
    }

    fn register(registry: &mut Registry) {
        BatchBody::register(registry);
    }
}
