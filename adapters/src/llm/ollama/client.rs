//! The way to the server.

use std::fmt;

use explainer_core::{Error, ErrorKind, Result, domain::SecretString};
use reqwest::{
    Client, Response,
    header::{CONTENT_TYPE, HeaderMap},
};
use serde_json::Value;

use super::ADAPTER;
use crate::{
    llm::{
        answer::{cut_off, endless},
        lines::{Broken, Lines},
        refusal::{Asked, Refusal},
    },
    outbound::{Target, fault, read_capped},
};

/// The largest answer that comes in one piece: what a server says of a model holds its licence
/// and its template.
const WHOLE: usize = 8 << 20;

/// A server, and who we are to it.
pub(super) struct Server {
    pub target: Target,
    pub headers: HeaderMap,
    pub key: Option<SecretString>,
}

impl fmt::Debug for Server {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.target.fmt(f)
    }
}

/// What is asked: the operation for the log, the last step of the path, the body of a POST, and
/// the model it is about.
#[derive(Clone, Copy)]
pub(super) struct Question<'a> {
    pub operation: &'static str,
    pub path: &'static str,
    pub body: Option<&'a Value>,
    pub model: &'a str,
}

impl Server {
    pub(super) fn host(&self) -> &str {
        self.target.host()
    }

    /// Asks; what is no success is a fault.
    pub(super) async fn ask(&self, http: &Client, question: Question<'_>) -> Result<Response> {
        let url = self.target.at(&["api", question.path]);
        let request = match question.body {
            Some(body) => http.post(url).json(body),
            None => http.get(url),
        };
        let response = request.headers(self.headers.clone()).send().await;
        let response =
            response.map_err(|error| fault(error, self.host(), ADAPTER, question.operation))?;
        let content_type = response.headers().get(CONTENT_TYPE);
        let is_page = content_type.is_some_and(|it| it.as_bytes().starts_with(b"text/html"));
        if response.status().is_success() && !is_page {
            return Ok(response);
        }
        let refusal = Refusal::read(response, self.key.as_ref()).await;
        Err(self.refused(&refusal, question))
    }

    /// Asks for an answer in one piece.
    pub(super) async fn ask_whole(&self, http: &Client, question: Question<'_>) -> Result<Value> {
        let response = self.ask(http, question).await?;
        let body = read_capped(response, WHOLE, ADAPTER, question.operation).await?;
        serde_json::from_slice(&body).map_err(|_| self.not_the_api(question.operation))
    }

    /// The next line of an answer in many, as JSON; `None` once there is no more. An error on a
    /// line is a fault, although the status was that of a success.
    pub(super) async fn next(
        &self,
        lines: &mut Lines,
        question: Question<'_>,
    ) -> Result<Option<Value>> {
        loop {
            let line = lines.next().await.map_err(|broken| match broken {
                Broken::TooLong => endless(ADAPTER),
                Broken::Lost(error) => self.lost(error, question),
            })?;
            let Some(line) = line else {
                return Ok(None);
            };
            if line.trim_ascii().is_empty() {
                continue;
            }
            let value: Value = match serde_json::from_slice(&line) {
                Ok(value @ Value::Object(_)) => value,
                // What has no end of its own was cut off in the middle.
                Err(_) if lines.ended() && line.starts_with(b"{") => return Ok(None),
                _ => return Err(self.not_the_api(question.operation)),
            };
            return match Refusal::inside(&value) {
                Some(refusal) => Err(self.refused(&refusal, question)),
                None => Ok(Some(value)),
            };
        }
    }

    fn lost(&self, error: reqwest::Error, question: Question<'_>) -> Error {
        match fault(error, self.host(), ADAPTER, question.operation) {
            lost if lost.kind() == ErrorKind::Unavailable => {
                cut_off(self.host(), ADAPTER).with_source(lost)
            }
            other => other,
        }
    }

    fn refused(&self, refusal: &Refusal, question: Question<'_>) -> Error {
        let model = question.model;
        refusal.fault(&Asked {
            adapter: ADAPTER,
            operation: question.operation,
            model,
            host: self.host(),
            key: "llm.ollama.api_key",
            get_model: &format!("fetch it with `explainer models pull {model}`, or choose another"),
        })
    }

    pub(super) fn not_the_api(&self, operation: &'static str) -> Error {
        let message = format!(
            "could not read the answer of {} because it is not Ollama's API; check OLLAMA_BASE_URL",
            self.host()
        );
        Error::new(ErrorKind::Protocol, ADAPTER, operation, message)
    }
}
