//! Errors as clients see them: `application/problem+json` (RFC 9457), for every error there is.
//!
//! Old clients read `detail` alone, always a string; new ones decide by `code`.

use std::time::Duration;

use explainer_core::{Error, ErrorKind, services::Failure};
use poem::{
    Response,
    error::{
        MethodNotAllowedError, NotFoundError, ParsePathError as PathError, ReadBodyError,
        ResponseError,
    },
    http::{HeaderValue, StatusCode, header},
};
use poem_openapi::{
    ApiResponse, Object,
    error::{AuthorizationError, ContentTypeError, ParseParamError, ParsePathError},
    payload::Json,
    registry::{MetaMediaType, MetaResponse, MetaResponses, Registry},
    types::Type,
};
use serde::Serialize;

/// How long a client should wait before it tries again, where nobody said otherwise.
const RETRY_AFTER: Duration = Duration::from_secs(5);

/// An error on its way to the client.
#[derive(Debug, thiserror::Error)]
#[error("{detail}")]
pub(crate) struct Problem {
    status: StatusCode,
    code: &'static str,
    detail: String,
    errors: Vec<FieldError>,
    retry_after: Option<Duration>,
}

/// One field of a request that is not as it must be.
#[derive(Debug, Clone, PartialEq, Eq, Object, Serialize)]
pub(crate) struct FieldError {
    /// Where it is: `username`, `filters.level`, `tags.0`.
    pub field: String,
    /// What it must be.
    pub message: String,
}

/// An error, as RFC 9457 describes it.
#[derive(Debug, Object, Serialize)]
#[oai(rename = "Problem")]
pub(crate) struct ProblemBody {
    /// `about:blank`: the status and `code` say what kind of problem it is.
    #[oai(rename = "type")]
    #[serde(rename = "type")]
    kind: String,
    /// The status in words.
    title: String,
    /// The HTTP status.
    status: u16,
    /// One sentence on what went wrong and what to do.
    detail: String,
    /// The path that was asked for.
    instance: String,
    /// A stable name to decide by.
    code: String,
    /// With status 422: every field that is not as it must be.
    #[oai(skip_serializing_if_is_none)]
    #[serde(skip_serializing_if = "Option::is_none")]
    errors: Option<Vec<FieldError>>,
}

impl Problem {
    /// A problem with this status and stable `code`; `detail` is one sentence for people.
    pub(crate) fn new(status: StatusCode, code: &'static str, detail: impl Into<String>) -> Self {
        Self {
            status,
            code,
            detail: detail.into(),
            errors: Vec::new(),
            retry_after: None,
        }
    }

    /// Fields out of bounds, of the wrong type or missing.
    pub(crate) fn invalid(errors: Vec<FieldError>) -> Self {
        let detail = match errors.first() {
            Some(first) => format!("{}: {}", first.field, first.message),
            None => "the request is not as it must be".to_owned(),
        };
        let problem = Self::new(StatusCode::UNPROCESSABLE_ENTITY, "invalid_field", detail);
        Self { errors, ..problem }
    }

    /// Answers with another status than the failure usually has.
    pub(crate) fn with_status(self, status: StatusCode) -> Self {
        Self { status, ..self }
    }

    /// Any error the framework or a handler came up with.
    pub(crate) fn of(error: poem::Error) -> Self {
        match error.downcast::<Self>() {
            Ok(problem) => problem,
            Err(error) => Self::of_framework(&error),
        }
    }

    fn of_framework(error: &poem::Error) -> Self {
        let field = |name: &str, message: &str| {
            Self::invalid(vec![FieldError {
                field: name.to_owned(),
                message: message.to_owned(),
            }])
        };
        if error.is::<AuthorizationError>() {
            return Failure::NotAuthenticated.into();
        }
        if let Some(param) = error.downcast_ref::<ParseParamError>() {
            return field(param.name, &plain_reason(&param.reason));
        }
        if let Some(path) = error.downcast_ref::<ParsePathError>() {
            return field(path.name, &plain_reason(&path.reason));
        }
        if error.is::<ContentTypeError>() {
            let detail = "the body must be JSON; send it with `Content-Type: application/json`";
            return Self::new(
                StatusCode::UNSUPPORTED_MEDIA_TYPE,
                "unsupported_media_type",
                detail,
            );
        }
        if let Some(ReadBodyError::PayloadTooLarge) = error.downcast_ref() {
            return Self::too_large();
        }
        if error.is::<NotFoundError>() || error.is::<PathError>() {
            let detail = "there is nothing at this path; see /docs for what there is";
            return Self::new(StatusCode::NOT_FOUND, "no_such_path", detail);
        }
        if error.is::<MethodNotAllowedError>() {
            let detail = "this path does not take this method; see /docs for those it takes";
            return Self::new(StatusCode::METHOD_NOT_ALLOWED, "method_not_allowed", detail);
        }
        let status = error.status();
        if status.is_client_error() {
            return Self::new(status, "bad_request", error.to_string());
        }
        tracing::error!(%error, "unexpected error");
        Self::internal()
    }

    /// The body is larger than is accepted.
    pub(crate) fn too_large() -> Self {
        let detail =
            "the body is too large; the limit is server.body_limit_kib in the configuration";
        Self::new(StatusCode::PAYLOAD_TOO_LARGE, "body_too_large", detail)
    }

    /// An analysis that has not come to a result yet has no document.
    pub(crate) fn no_result() -> Self {
        let detail = "there is no result yet; ask again once the status is `completed`";
        Self::new(StatusCode::NOT_FOUND, "no_result", detail)
    }

    /// All places of those who look on are taken.
    pub(crate) fn too_many_watchers() -> Self {
        let detail = "too many look on at the moment; ask for the analysis itself now and then";
        Self::new(StatusCode::SERVICE_UNAVAILABLE, "too_many_watchers", detail)
            .with_retry_after(RETRY_AFTER)
    }

    /// Tells the client how long to wait.
    pub(crate) fn with_retry_after(self, wait: Duration) -> Self {
        Self {
            retry_after: Some(wait),
            ..self
        }
    }

    /// A defect of ours; the log has what the client must not see.
    pub(crate) fn internal() -> Self {
        let detail = "something went wrong on our side; the log has the details";
        Self::new(StatusCode::INTERNAL_SERVER_ERROR, "internal", detail)
    }

    /// The response for a request to `path`.
    pub(crate) fn response(self, path: &str) -> Response {
        let body = ProblemBody {
            kind: "about:blank".to_owned(),
            title: self.status.canonical_reason().unwrap_or("Error").to_owned(),
            status: self.status.as_u16(),
            detail: self.detail,
            instance: path.to_owned(),
            code: self.code.to_owned(),
            errors: (!self.errors.is_empty()).then_some(self.errors),
        };
        let body = serde_json::to_vec(&body).unwrap_or_default();
        let mut response = Response::builder()
            .status(self.status)
            .content_type("application/problem+json")
            .body(body);
        let headers = response.headers_mut();
        // Neither a wrong password nor a wrong signature is helped by a token.
        let by_token = !matches!(self.code, "wrong_login" | "not_signed");
        if self.status == StatusCode::UNAUTHORIZED && by_token {
            headers.insert(header::WWW_AUTHENTICATE, HeaderValue::from_static("Bearer"));
        }
        if self.status == StatusCode::PAYLOAD_TOO_LARGE {
            // The rest of the body is not read, so nothing else can come on this connection.
            headers.insert(header::CONNECTION, HeaderValue::from_static("close"));
        }
        if let Some(wait) = self.retry_after {
            let seconds = wait.as_secs() + u64::from(wait.subsec_nanos() > 0);
            headers.insert(header::RETRY_AFTER, seconds.max(1).into());
        }
        response
    }
}

impl From<Failure> for Problem {
    fn from(failure: Failure) -> Self {
        use Failure as F;
        let status = match &failure {
            F::NotAuthenticated | F::InvalidToken | F::WrongLogin | F::NotSigned(_) => {
                StatusCode::UNAUTHORIZED
            }
            F::AccountDisabled
            | F::NotOwner
            | F::RegistrationClosed
            | F::ScopeTooNarrow { .. }
            | F::NotAdministrator
            | F::RoleTooLow { .. } => StatusCode::FORBIDDEN,
            F::TooManyTries { .. } | F::SpendLimitReached { .. } => StatusCode::TOO_MANY_REQUESTS,
            F::NoWorkspace | F::SourceNotConfigured | F::NothingToUpdate | F::OwnAccount => {
                StatusCode::BAD_REQUEST
            }
            F::IssueNotFound
            | F::AnalysisNotFound
            | F::UserNotFound
            | F::TokenNotFound
            | F::NoSuchWebhook
            | F::WebhookNotFound
            | F::DispatchNotFound
            | F::NoSuchWorkspace
            | F::NoSuchMember
            | F::NoSuchInvitation => StatusCode::NOT_FOUND,
            F::UsernameTaken | F::EmailTaken | F::TooMany { .. } | F::OwnerStays | F::NoMail => {
                StatusCode::CONFLICT
            }
            F::Invalid { field, message } => {
                let error = FieldError {
                    field: (*field).to_owned(),
                    message: message.clone(),
                };
                return Self::invalid(vec![error]);
            }
            F::Source(error) => of_upstream(error),

            F::Models(_) => StatusCode::BAD_GATEWAY,
            F::IdentityProvider(_) => StatusCode::SERVICE_UNAVAILABLE,
            F::Internal(error) if error.kind().is_transient() => StatusCode::SERVICE_UNAVAILABLE,
            _ => StatusCode::INTERNAL_SERVER_ERROR,
        };
        if let F::Internal(error) | F::IdentityProvider(error) = &failure {
            tracing::error!(?error, "a port failed");
        }
        let problem = Self::new(status, failure.code(), failure.public_message());
        let wait = failure.retry_after().unwrap_or(RETRY_AFTER);
        let says_when = [
            StatusCode::SERVICE_UNAVAILABLE,
            StatusCode::TOO_MANY_REQUESTS,
        ];
        let retry_after = says_when.contains(&status).then_some(wait);
        Self {
            retry_after,
            ..problem
        }
    }
}

/// What another server refuses is for the caller to change; what it fails at is not.
pub(crate) fn of_upstream(error: &Error) -> StatusCode {
    match error.kind() {
        ErrorKind::Timeout => StatusCode::GATEWAY_TIMEOUT,
        ErrorKind::RateLimited => StatusCode::SERVICE_UNAVAILABLE,
        ErrorKind::Unavailable | ErrorKind::Protocol => StatusCode::BAD_GATEWAY,
        ErrorKind::Internal => StatusCode::INTERNAL_SERVER_ERROR,
        _ => StatusCode::BAD_REQUEST,
    }
}

/// The framework's reason without its own wrapping: «failed to parse "integer(uint32)": …».
fn plain_reason(reason: &str) -> String {
    match reason.split_once("\": ") {
        Some((wrapping, plain)) if wrapping.starts_with("failed to parse") => plain.to_owned(),
        _ => reason.to_owned(),
    }
}

impl ResponseError for Problem {
    fn status(&self) -> StatusCode {
        self.status
    }
}

/// Every operation may answer any problem; the document says so once, as its default answer.
impl ApiResponse for Problem {
    fn meta() -> MetaResponses {
        let content = vec![MetaMediaType {
            content_type: "application/problem+json",
            schema: ProblemBody::schema_ref(),
        }];
        let response = MetaResponse {
            description: "Anything that went wrong; `code` says what, `detail` what to do",
            status: None,
            status_range: None,
            content,
            headers: Vec::new(),
        };
        MetaResponses {
            responses: vec![response],
        }
    }

    fn register(registry: &mut Registry) {
        Json::<ProblemBody>::register(registry);
    }
}
