//! Requests to one Sentry with one token: where to, when, how often, and what came back.

use std::{
    collections::HashMap,
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};

use explainer_core::{
    Error, ErrorKind, Result,
    domain::{Event, ExposeSecret},
    explain::collect,
};
use futures::FutureExt;
use reqwest::{RequestBuilder, StatusCode, Url, header};
use serde_json::Value;
use tokio::{sync::OnceCell, time::sleep};

use super::{
    ADAPTER, LASTING, ONE, SentryConfig,
    doors::Door,
    fault::{self, Refusal},
    flights::Flights,
    gate::Gate,
    link::{self, Links},
};
use crate::outbound::{self, Patience, Target};

/// How often a request that may be repeated is sent at most.
const TRIES: u32 = 3;
/// The first pause between two tries; each further one is twice as long.
const PAUSE: Duration = Duration::from_millis(250);
/// A server that asks for a longer pause than this is not asked again by itself.
const LONGEST_PAUSE: Duration = Duration::from_secs(5);

/// What is asked for; decides the scope a token needs and which limits count.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(super) enum Endpoint {
    Organization,
    Projects,
    Issues,
    Issue,
    Event,
    Events,
    Notes,
}

impl Endpoint {
    /// The scope a token needs for it.
    pub(super) fn scope(self) -> &'static str {
        match self {
            Self::Organization | Self::Projects => "org:read",
            Self::Issues | Self::Issue | Self::Event | Self::Events => "event:read",
            Self::Notes => "event:write",
        }
    }

    /// What was to be done, for «could not …».
    pub(super) fn deed(self) -> &'static str {
        match self {
            Self::Organization => "read the organisation",
            Self::Projects => "list the projects",
            Self::Issues => "list the issues",
            Self::Issue => "read the issue",
            Self::Event | Self::Events => "read the events",
            Self::Notes => "comment",
        }
    }
}

/// One Sentry, one organisation, one token. Cheap to clone.
#[derive(Debug, Clone)]
pub(super) struct Client(Arc<Inner>);

#[derive(Debug)]
struct Inner {
    config: SentryConfig,
    http: reqwest::Client,
    gate: Gate,
    flights: Flights,
    doors: Mutex<HashMap<Endpoint, Door>>,
    /// Where the organisation lives, once that was asked.
    home: OnceCell<Target>,
}

/// A good answer.
#[derive(Debug, Clone)]
pub(super) struct Answer(Arc<(Vec<u8>, Option<String>)>);

impl Client {
    pub(super) fn new(config: SentryConfig) -> Result<Self> {
        let http = outbound::client(&config.target, Patience::default(), ADAPTER)?;
        Ok(Self(Arc::new(Inner {
            config,
            http,
            gate: Gate::default(),
            flights: Flights::default(),
            doors: Mutex::default(),
            home: OnceCell::new(),
        })))
    }

    /// What it was opened with.
    pub(super) fn config(&self) -> &SentryConfig {
        &self.0.config
    }

    /// The slug of the organisation.
    pub(super) fn organization(&self) -> &str {
        &self.0.config.organization
    }

    /// Reads what lies at `path` below the API's root, up to `limit` bytes. The answer is good for
    /// `keep`, and those who ask for the same meanwhile share it.
    pub(super) async fn get(
        &self,
        endpoint: Endpoint,
        path: &[&str],
        query: &[(&str, String)],
        limit: usize,
        keep: Duration,
    ) -> Result<Answer, Refusal> {
        let home = self.home().await?;
        let mut url = at(home, path);
        if !query.is_empty() {
            url.query_pairs_mut().extend_pairs(query);
        }
        self.fetch(endpoint, url, limit, keep).await
    }

    /// The document about the organisation, from wherever it is kept.
    pub(super) async fn organization_document(&self) -> Result<Answer, Refusal> {
        let path = ["organizations", self.organization()];
        let url = at(&self.config().target, &path);
        self.fetch(Endpoint::Organization, url, ONE, LASTING).await
    }

    /// Sends `body` to `path`. Nothing is sent twice, unless the server says that it did not take it.
    pub(super) async fn post(
        &self,
        endpoint: Endpoint,
        path: &[&str],
        body: &Value,
    ) -> Result<(), Refusal> {
        let url = at(self.home().await?, path);
        let request = || self.0.http.post(url.clone()).json(body);
        self.send(endpoint, request, ONE, false).await.map(|_| ())
    }

    /// Which of its paths the server has for this, as far as known.
    pub(super) fn door(&self, endpoint: Endpoint) -> Option<Door> {
        self.doors().get(&endpoint).copied()
    }

    pub(super) fn remember_door(&self, endpoint: Endpoint, door: Door) {
        self.doors().insert(endpoint, door);
    }

    fn doors(&self) -> std::sync::MutexGuard<'_, HashMap<Endpoint, Door>> {
        self.0.doors.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Where the organisation lives: sentry.io keeps each in a region and names its address.
    async fn home(&self) -> Result<&Target, Refusal> {
        let ask = || async {
            let here = &self.config().target;
            let answer = match self.organization_document().await {
                Ok(answer) => answer,
                Err(refusal) if refusal.is_passing() => return Err(refusal),
                // Whoever asked is told when their own request is refused.
                Err(_) => return Ok(here.clone()),
            };
            let document = answer.json("home").unwrap_or_default();
            let region = document.pointer("/links/regionUrl").and_then(Value::as_str);
            let region = region.filter(|address| !address.is_empty());
            let moved = region.and_then(|address| here.moved(address));
            if region.is_some() && moved.is_none() {
                tracing::warn!(
                    host = here.host(),
                    "a region on another host is not followed"
                );
            }
            Ok(moved.unwrap_or_else(|| here.clone()))
        };
        self.0.home.get_or_try_init(ask).await
    }

    async fn fetch(
        &self,
        endpoint: Endpoint,
        url: Url,
        limit: usize,
        keep: Duration,
    ) -> Result<Answer, Refusal> {
        let client = self.clone();
        let address = url.to_string();
        let send = || {
            async move {
                let request = || client.0.http.get(url.clone());
                client.send(endpoint, request, limit, true).await
            }
            .boxed()
        };
        self.0.flights.join(&address, keep, send).await
    }

    /// Sends a request, again where that is safe and may help.
    async fn send(
        &self,
        endpoint: Endpoint,
        request: impl Fn() -> RequestBuilder,
        limit: usize,
        repeatable: bool,
    ) -> Result<Answer, Refusal> {
        let mut tries = 1;
        loop {
            let refusal = match self.send_once(endpoint, request(), limit).await {
                Ok(answer) => return Ok(answer),
                Err(refusal) => refusal,
            };
            let pause = refusal
                .retry_after()
                .unwrap_or(PAUSE * 2_u32.pow(tries - 1));
            let again = refusal.was_not_taken() || repeatable && refusal.is_worth_repeating();
            if !again || tries == TRIES || pause > LONGEST_PAUSE {
                return Err(refusal);
            }
            tries += 1;
            sleep(pause + jitter(PAUSE)).await;
        }
    }

    async fn send_once(
        &self,
        endpoint: Endpoint,
        request: RequestBuilder,
        limit: usize,
    ) -> Result<Answer, Refusal> {
        let Inner { config, gate, .. } = &*self.0;
        let pass = gate.enter(endpoint).await;
        let pass = pass.map_err(|wait| fault::throttled(endpoint, wait))?;
        let request = request
            .header(header::ACCEPT, "application/json")
            .bearer_auth(config.api_token.expose_secret());
        let host = config.target.host();
        let operation = endpoint.deed();
        let response = request.send().await;
        let response =
            response.map_err(|error| outbound::fault(error, host, ADAPTER, operation))?;
        let status = response.status();
        let headers = response.headers().clone();
        let wait = gate.learn(endpoint, &headers, status == StatusCode::TOO_MANY_REQUESTS);
        let body = outbound::read_capped(response, limit, ADAPTER, operation).await?;
        drop(pass);
        tracing::debug!(host, ?endpoint, status = status.as_u16(), "asked");
        if status.is_success() && !fault::is_page(&headers, &body) {
            let links = headers.get(header::LINK);
            let links = links.map(|it| String::from_utf8_lossy(it.as_bytes()).into_owned());
            return Ok(Answer(Arc::new((body, links))));
        }
        Err(fault::refusal(config, endpoint, status, &headers, &body).with_retry_after(wait))
    }
}

impl Answer {
    /// Its size in bytes.
    pub(super) fn size(&self) -> usize {
        self.0.0.len()
    }

    /// The document.
    pub(super) fn json(&self, operation: &'static str) -> Result<Value> {
        serde_json::from_slice(&self.0.0).map_err(|error| {
            let message = format!(
                "could not read Sentry's answer because it is not the JSON it should be: {error}; \
                 check that the address is that of a Sentry"
            );
            Error::new(ErrorKind::Protocol, ADAPTER, operation, message)
        })
    }

    /// The documents of a list.
    pub(super) fn list(&self, operation: &'static str) -> Result<Vec<Value>> {
        if let Value::Array(items) = self.json(operation)? {
            return Ok(items);
        }
        let message = "could not read Sentry's answer because it is not a list; \
                       check that the address is that of a Sentry";
        Err(Error::new(ErrorKind::Protocol, ADAPTER, operation, message))
    }

    /// The events in it; what is no event is left out.
    pub(super) fn events(&self) -> Vec<Event> {
        collect::read(&self.0.0).unwrap_or_default()
    }

    /// The cursors beside this page.
    pub(super) fn links(&self) -> Links {
        self.0.1.as_deref().map(link::read).unwrap_or_default()
    }
}

/// The address of `path` below the API's root, which some write as the base address themselves;
/// Sentry's paths end with a slash.
fn at(target: &Target, path: &[&str]) -> Url {
    let mut segments = Vec::new();
    if !target.base().path().ends_with("/api/0/") {
        segments.extend(["api", "0"]);
    }
    segments.extend(path);
    segments.push("");
    target.at(&segments)
}

/// Up to `most`, at random, so that those refused together do not come back together.
fn jitter(most: Duration) -> Duration {
    let mut byte = [0];
    // Without randomness there is no jitter, and that is all.
    let _ = getrandom::fill(&mut byte);
    most * u32::from(byte[0]) / 256
}
