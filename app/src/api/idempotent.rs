//! `Idempotency-Key`: a POST that is sent again under the same key is not carried out again
//! (<https://datatracker.ietf.org/doc/draft-ietf-httpapi-idempotency-key-header/>, revision 7).
//!
//! A request with a key is carried out to its end although its client has gone: who comes again
//! gets the answer. Only answers of success are kept; one that was refused may be put right and
//! sent again under its key.

use std::{
    panic::{AssertUnwindSafe, resume_unwind},
    sync::Arc,
    time::Duration,
};

use explainer_core::{
    domain::{ExposeSecret, SecretString},
    ports::KeyedRequest,
    services::{Caller, Origin, Services, Turn},
};
use futures::FutureExt;
use poem::{
    Endpoint, Request, Response, Result,
    http::{HeaderName, HeaderValue, Method, StatusCode, header},
};
use serde::{Deserialize, Serialize};
use tracing::Instrument;

use super::{Shared, body, origin::WORKSPACE, problem::Problem};
use crate::telemetry;

const KEY: HeaderName = HeaderName::from_static("idempotency-key");
const REPLAYED: HeaderName = HeaderName::from_static("idempotency-replayed");
/// The headers of an answer that are kept with it.
const KEPT: [HeaderName; 3] = [
    header::CONTENT_TYPE,
    header::LOCATION,
    HeaderName::from_static("preference-applied"),
];
/// The largest answer that is kept, in bytes.
const LARGEST: usize = 1024 * 1024;
/// When a client should come again whose request is being carried out.
const COME_AGAIN: Duration = Duration::from_secs(1);

/// Carries out requests with a key once.
pub(super) struct Idempotent<E> {
    pub inner: Arc<E>,
    pub shared: Arc<Shared>,
    /// How long carrying out takes at most.
    pub patience: Duration,
}

/// An answer as it is kept.
#[derive(Serialize, Deserialize)]
struct Kept {
    status: u16,
    headers: Vec<(String, String)>,
    body: String,
}

impl<E: Endpoint<Output = Response> + 'static> Endpoint for Idempotent<E> {
    type Output = Response;

    // No `async fn`: that would hold the request beside the one it has given away.
    fn call(&self, request: Request) -> impl Future<Output = Result<Response>> + Send {
        if request.method() == Method::POST && request.headers().contains_key(KEY) {
            Box::pin(self.once(request)).left_future()
        } else {
            self.inner.as_ref().call(request).right_future()
        }
    }
}

impl<E: Endpoint<Output = Response> + 'static> Idempotent<E> {
    async fn once(&self, mut request: Request) -> Result<Response> {
        // Whoever has no good token is told so by the operation.
        let Some(caller) = self.caller(&request).await else {
            return self.inner.call(request).await;
        };
        let key = key(&request)?;
        let body = body::whole(request.take_body(), self.shared.body_limit).await?;
        let turn = self.turn(&caller, &key, &request, &body).await?;
        request.set_body(body);
        match turn {
            Turn::First(held) => {
                let carried_out = carry_out(
                    self.inner.clone(),
                    self.shared.services.clone(),
                    request,
                    held,
                );
                let task = tokio::spawn(telemetry::kept(carried_out.in_current_span()));
                task.await
                    .unwrap_or_else(|error| resume_unwind(error.into_panic()))
            }
            Turn::Busy => {
                let detail = "the same request is being carried out; try again in a second";
                let problem = Problem::new(StatusCode::CONFLICT, "request_in_progress", detail);
                Err(problem.with_retry_after(COME_AGAIN).into())
            }
            Turn::Different => {
                let detail = "this Idempotency-Key was used for another request; use a new one";
                let status = StatusCode::UNPROCESSABLE_ENTITY;
                Err(Problem::new(status, "idempotency_key_reused", detail).into())
            }
            Turn::Repeated(answer) => Ok(replay(&answer)?),
        }
    }

    async fn caller(&self, request: &Request) -> Option<Caller> {
        let given = request.header(header::AUTHORIZATION)?;
        let (scheme, token) = given.split_once(' ')?;
        let is_bearer = scheme.eq_ignore_ascii_case("bearer");
        let origin = request.data::<Origin>().cloned().unwrap_or_default();
        let caller = self
            .shared
            .services
            .accounts
            .authenticate(token.trim(), origin);
        let caller = caller.await;
        caller.ok().filter(|_| is_bearer)
    }

    async fn turn(
        &self,
        caller: &Caller,
        key: &str,
        request: &Request,
        body: &[u8],
    ) -> Result<Turn, Problem> {
        let target = request.uri().path_and_query().map_or("", |it| it.as_str());
        // A request for another workspace is another request.
        let workspace = request.headers().get(WORKSPACE);
        let workspace = workspace.map_or(&b""[..], HeaderValue::as_bytes);
        let parts = [target.as_bytes(), workspace, body];
        let idempotency = &self.shared.services.idempotency;
        let turn = idempotency.begin(caller, key, &parts, self.patience).await;
        turn.map_err(|error| explainer_core::services::Failure::from(error).into())
    }
}

fn key(request: &Request) -> Result<String, Problem> {
    let key = request.headers().get(KEY).and_then(|key| key.to_str().ok());
    let fit = |key: &&str| {
        (1..=255).contains(&key.len()) && key.bytes().all(|byte| byte.is_ascii_graphic())
    };
    key.filter(fit).map(str::to_owned).ok_or_else(|| {
        let detail = "an Idempotency-Key is 1 to 255 visible characters, such as a new UUID";
        let status = StatusCode::BAD_REQUEST;
        Problem::new(status, "invalid_idempotency_key", detail)
    })
}

/// Carries a request out and remembers how it was answered before anyone hears of it.
async fn carry_out<E: Endpoint<Output = Response>>(
    inner: Arc<E>,
    services: Arc<Services>,
    request: Request,
    held: KeyedRequest,
) -> Result<Response> {
    let outcome = AssertUnwindSafe(inner.call(request)).catch_unwind().await;
    let (outcome, answer) = match outcome {
        Ok(Ok(mut response)) => {
            let answer = keepable(&mut response).await?;
            (Ok(Ok(response)), answer)
        }
        other => (other, None),
    };
    let remembered = match answer {
        Some(answer) => services.idempotency.answered(&held, &answer).await,
        None => services.idempotency.not_answered(&held).await,
    };
    if let Err(error) = remembered {
        // It was carried out: the client is told, and a repetition waits until the key is free.
        tracing::error!(?error, "could not remember how a request was answered");
    }
    outcome.unwrap_or_else(|panic| resume_unwind(panic))
}

/// The answer as it is kept, if it is one of success that can be.
async fn keepable(response: &mut Response) -> Result<Option<SecretString>> {
    if !response.status().is_success() {
        return Ok(None);
    }
    let bytes = response.take_body().into_bytes().await?;
    response.set_body(bytes.clone());
    let Ok(body) = String::from_utf8(bytes.into()) else {
        return Ok(None);
    };
    let header = |name: &HeaderName| {
        let value = response.headers().get(name)?.to_str().ok()?;
        Some((name.as_str().to_owned(), value.to_owned()))
    };
    let kept = Kept {
        status: response.status().as_u16(),
        headers: KEPT.iter().filter_map(header).collect(),
        body,
    };
    let small = kept.body.len() <= LARGEST;
    let text = serde_json::to_string(&kept).ok().filter(|_| small);
    Ok(text.map(SecretString::from))
}

fn replay(answer: &SecretString) -> Result<Response, Problem> {
    let kept: Kept = serde_json::from_str(answer.expose_secret()).map_err(|error| {
        tracing::error!(%error, "could not read a kept answer");
        Problem::internal()
    })?;
    let status = StatusCode::from_u16(kept.status).unwrap_or(StatusCode::OK);
    let mut response = Response::builder().status(status).body(kept.body);
    for (name, value) in kept.headers {
        let (name, value) = (name.parse::<HeaderName>(), value.parse::<HeaderValue>());
        if let (Ok(name), Ok(value)) = (name, value) {
            response.headers_mut().insert(name, value);
        }
    }
    let yes = HeaderValue::from_static("true");
    response.headers_mut().insert(REPLAYED, yes);
    Ok(response)
}
