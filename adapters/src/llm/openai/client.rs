//! The way to the server: `async-openai` forms the requests and reads the stream of events; this
//! is the service it sends them through. What the crate would lose is decided in here: the status
//! of an answer that is none, the wait a server asks for, and how an answer came to its end.

use std::{
    sync::{Arc, Mutex, PoisonError},
    task::{Context, Poll},
    time::Duration,
};

use async_openai::{
    Client as OpenAi, config::Config, error::OpenAIError, middleware::HttpRequestFactory,
};
use explainer_core::{Error, ErrorKind, Result, domain::SecretString, ports::OfferedModel};
use futures::{future::BoxFuture, stream};
use reqwest::{
    Body, Client, Response,
    header::{CONTENT_TYPE, HeaderMap},
};
use serde::de::IgnoredAny;
use serde_json::Value;

use super::{ADAPTER, api::count};
use crate::{
    llm::{
        answer::{cut_off, endless},
        lines::{Broken, Lines},
        refusal::{Asked, Refusal},
        shared::within,
    },
    outbound::{Target, fault, read_capped},
};

/// The largest answer that comes in one piece.
const WHOLE: usize = 4 << 20;

/// A server, and who we are to it.
#[derive(Clone)]
pub(super) struct Server(Arc<Known>);

struct Known {
    target: Target,
    base: String,
    headers: HeaderMap,
    key: Option<SecretString>,
    /// What `async-openai` asks for and never uses: the key is among the headers.
    no_key: SecretString,
}

impl std::fmt::Debug for Server {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        self.0.target.fmt(f)
    }
}

impl Server {
    pub(super) fn new(target: Target, headers: HeaderMap, key: Option<SecretString>) -> Self {
        let base = target.base().as_str().trim_end_matches('/').to_owned();
        Self(Arc::new(Known {
            target,
            base,
            headers,
            key,
            no_key: SecretString::default(),
        }))
    }

    pub(super) fn target(&self) -> &Target {
        &self.0.target
    }

    pub(super) fn host(&self) -> &str {
        self.0.target.host()
    }

    /// A client for one exchange, and what becomes known of it on the way.
    pub(super) fn exchange(&self, http: &Client) -> (OpenAi<Self>, Arc<Exchange>) {
        let exchange = Arc::new(Exchange::default());
        let service = Service {
            http: http.clone(),
            server: self.clone(),
            exchange: exchange.clone(),
        };
        let client = OpenAi::build(http.clone(), self.clone()).with_http_service(service);
        (client, exchange)
    }

    /// The models the server lists, each with its maker.
    pub(super) async fn models(
        &self,
        http: &Client,
        model: &str,
        limit: Duration,
    ) -> Result<Vec<(OfferedModel, String)>> {
        let (client, exchange) = self.exchange(http);
        within(limit, self.host(), ADAPTER, "models", async {
            let listed = client.models().list_byot::<Value>().await;
            let listed = listed.map_err(|error| match exchange.fault(error, self.host()) {
                Halt::Fault(error) => error,
                Halt::Refused(refusal) => refusal.fault(&self.asked("models", model)),
            })?;
            let models = listed["data"].as_array().or(listed["models"].as_array());
            let models = models.ok_or_else(|| not_the_api(self.host()))?;
            Ok(models.iter().filter_map(offered).collect())
        })
        .await
    }

    /// For the text of a fault.
    pub(super) fn asked<'a>(&'a self, operation: &'static str, model: &'a str) -> Asked<'a> {
        Asked {
            adapter: ADAPTER,
            operation,
            model,
            host: self.host(),
            key: "OPENAI_API_KEY, or the workspace's own",
            get_model: "choose one that `explainer models` lists, and check OPENAI_BASE_URL",
        }
    }
}

/// A model of the list. How its window is called is for each server to say: vLLM, `OpenRouter`,
/// Groq, LM Studio, llama.cpp.
fn offered(model: &Value) -> Option<(OfferedModel, String)> {
    let name = model["id"].as_str().or(model["name"].as_str())?;
    let windows = [
        &model["max_model_len"],
        &model["context_length"],
        &model["context_window"],
        &model["loaded_context_length"],
        &model["max_context_length"],
        &model["meta"]["n_ctx"],
        &model["meta"]["n_ctx_train"],
    ];
    let context_window = windows.into_iter().find_map(count).filter(|it| *it > 0);
    let capabilities = model["capabilities"].as_array().into_iter().flatten();
    let offered = OfferedModel {
        name: name.to_owned(),
        context_window,
        size: model["meta"]["size"].as_u64(),
        capabilities: capabilities
            .filter_map(|it| Some(it.as_str()?.to_owned()))
            .collect(),
    };
    let maker = model["owned_by"].as_str().unwrap_or_default();
    Some((offered, maker.to_owned()))
}

/// Nothing is read from the environment of the process, unlike by the crate's own.
impl Config for Server {
    fn headers(&self) -> HeaderMap {
        self.0.headers.clone()
    }

    fn url(&self, path: &str) -> String {
        format!("{}{path}", self.0.base)
    }

    fn query(&self) -> Vec<(&str, &str)> {
        Vec::new()
    }

    fn api_base(&self) -> &str {
        &self.0.base
    }

    fn api_key(&self) -> &SecretString {
        &self.0.no_key
    }
}

/// Why an exchange came to no good end.
pub(super) enum Halt {
    /// The server would not.
    Refused(Refusal),
    /// Something broke.
    Fault(Error),
}

/// What becomes known of an exchange while it lasts.
#[derive(Debug, Default)]
pub(super) struct Exchange(Mutex<Ending>);

#[derive(Debug, Default)]
struct Ending {
    fault: Option<Error>,
    said_done: bool,
}

impl Exchange {
    /// Whether the server has said that the stream is at its end.
    pub(super) fn said_done(&self) -> bool {
        self.ending(|ending| ending.said_done)
    }

    /// What was at the bottom of the crate's error.
    pub(super) fn fault(&self, error: OpenAIError, host: &str) -> Halt {
        if let Some(fault) = self.ending(|ending| ending.fault.take()) {
            return Halt::Fault(fault);
        }
        match error {
            OpenAIError::Boxed(error) => match error.downcast::<Refusal>() {
                Ok(refusal) => Halt::Refused(*refusal),
                Err(error) => Halt::Fault(not_the_api(host).with_source(error)),
            },
            OpenAIError::Reqwest(error) => Halt::Fault(fault(error, host, ADAPTER, "complete")),
            // Its text, and with it the answer's, is not kept.
            _ => Halt::Fault(not_the_api(host)),
        }
    }

    fn ending<T>(&self, read: impl FnOnce(&mut Ending) -> T) -> T {
        read(&mut self.0.lock().unwrap_or_else(PoisonError::into_inner))
    }

    fn fail(&self, error: Error) {
        self.ending(|ending| ending.fault = Some(error));
    }
}

/// Sends what the crate has formed.
#[derive(Clone)]
struct Service {
    http: Client,
    server: Server,
    exchange: Arc<Exchange>,
}

impl tower_service::Service<HttpRequestFactory> for Service {
    type Response = Response;
    type Error = OpenAIError;
    type Future = BoxFuture<'static, std::result::Result<Response, OpenAIError>>;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<std::result::Result<(), OpenAIError>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, request: HttpRequestFactory) -> Self::Future {
        let service = self.clone();
        Box::pin(async move {
            let built = request.build().await;
            // It could build another, and keeps the body for that.
            drop(request);
            service.send(built?).await
        })
    }
}

impl Service {
    async fn send(
        &self,
        mut request: reqwest::Request,
    ) -> std::result::Result<Response, OpenAIError> {
        let is_list = request.body().is_none();
        // A body that cannot be cloned is not kept for the redirect or retry that never comes.
        if let Some(body) = request.body_mut() {
            *body = Body::wrap(std::mem::take(body));
        }
        let response = self.http.execute(request).await?;
        let known = &self.server.0;
        if !response.status().is_success() {
            let refusal = Refusal::read(response, known.key.as_ref()).await;
            return Err(OpenAIError::Boxed(Box::new(refusal)));
        }
        let content_type = response.headers().get(CONTENT_TYPE);
        let content_type = content_type
            .and_then(|it| it.to_str().ok())
            .unwrap_or_default();
        if is_list || content_type.contains("json") {
            return self.whole(response, !is_list).await;
        }
        if content_type.contains("html") {
            let refusal = Refusal::read(response, known.key.as_ref()).await;
            return Err(OpenAIError::Boxed(Box::new(refusal)));
        }
        Ok(self.guarded(response))
    }

    /// An answer in one piece, as a stream of one event where a stream was asked for.
    async fn whole(
        &self,
        response: Response,
        as_stream: bool,
    ) -> std::result::Result<Response, OpenAIError> {
        let host = self.server.host();
        let parsed = match read_capped(response, WHOLE, ADAPTER, "complete").await {
            Ok(body) => serde_json::from_slice::<Value>(&body).map_err(|_| not_the_api(host)),
            Err(error) => Err(error),
        };
        let is_answer = |value: &Value| {
            let parts = ["choices", "output", "error"];
            parts.iter().any(|part| !value[part].is_null()) || value["object"] == "error"
        };
        match parsed {
            Ok(value) if as_stream && !is_answer(&value) => {
                self.exchange.fail(not_the_api(host));
                Err(OpenAIError::InvalidArgument(String::new()))
            }
            Ok(value) if as_stream => {
                self.exchange.ending(|ending| ending.said_done = true);
                let text = format!("data: {value}\n\ndata: [DONE]\n\n");
                Ok(http::Response::new(Body::from(text)).into())
            }
            Ok(value) => Ok(http::Response::new(Body::from(value.to_string())).into()),
            Err(error) => {
                self.exchange.fail(error);
                Err(OpenAIError::InvalidArgument(String::new()))
            }
        }
    }

    /// The stream, whose events are known to be JSON when they reach the crate, which would write
    /// those that are not into the log. It gives them on as they are.
    fn guarded(&self, response: Response) -> Response {
        let first = (
            Lines::of(response),
            self.server.clone(),
            self.exchange.clone(),
        );
        let lines = stream::unfold(Some(first), async |state| {
            let (mut lines, server, exchange) = state?;
            match next_event_line(&mut lines, &exchange, server.host()).await {
                Ok(Some(line)) => Some((Ok(line), Some((lines, server, exchange)))),
                Ok(None) => None,
                Err(error) => {
                    exchange.fail(error);
                    Some((Err(std::io::Error::other("the stream broke")), None))
                }
            }
        });
        http::Response::new(Body::wrap_stream(Box::pin(lines))).into()
    }
}

/// The next line of a stream of events, checked, with its end.
async fn next_event_line(
    lines: &mut Lines,
    exchange: &Exchange,
    host: &str,
) -> Result<Option<Vec<u8>>> {
    let line = lines.next().await.map_err(|broken| match broken {
        Broken::TooLong => endless(ADAPTER),
        Broken::Lost(error) => match fault(error, host, ADAPTER, "complete") {
            lost if lost.kind() == ErrorKind::Unavailable => {
                cut_off(host, ADAPTER).with_source(lost)
            }
            other => other,
        },
    })?;
    let Some(mut line) = line else {
        return Ok(None);
    };
    let text = std::str::from_utf8(&line).map_err(|_| not_the_api(host))?;
    match text
        .split_once(':')
        .map(|(field, rest)| (field, rest.trim()))
    {
        Some(("data", "[DONE]")) => exchange.ending(|ending| ending.said_done = true),
        Some(("data" | "error", data)) if serde_json::from_str::<IgnoredAny>(data).is_err() => {
            // What has no end of its own was cut off in the middle.
            let is_cut = lines.ended();
            return if is_cut {
                Ok(None)
            } else {
                Err(not_the_api(host))
            };
        }
        // llama.cpp tells an error as a field of its own.
        Some(("error", data)) => {
            let error: Value = serde_json::from_str(data).map_err(|_| not_the_api(host))?;
            let error = if error["error"].is_null() {
                serde_json::json!({"error": error})
            } else {
                error
            };
            line = format!("data: {error}").into_bytes();
        }
        Some(("" | "data" | "event" | "id" | "retry", _)) => {}
        None if text.is_empty() => {}
        _ if lines.ended() => return Ok(None),
        _ => return Err(not_the_api(host)),
    }
    line.extend_from_slice(if lines.ended() { b"\n\n" } else { b"\n" });
    Ok(Some(line))
}

/// The fault of an answer that is not OpenAI's API.
pub(super) fn not_the_api(host: &str) -> Error {
    let message = format!(
        "could not read the answer of {host} because it is not OpenAI's API; \
         check OPENAI_BASE_URL, which usually ends with /v1"
    );
    Error::new(ErrorKind::Protocol, ADAPTER, "complete", message)
}
