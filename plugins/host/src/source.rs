//! A plugin as the issue source it adds.

use std::{sync::Arc, time::Duration};

use async_trait::async_trait;
use explainer_core::{
    Error, ErrorKind, Result,
    domain::{Event, Issue, IssueQuery, Page, Project},
    ports::{IssueSource, SourceSignal, SourceStatus},
};
use explainer_plugin_sdk as sdk;
use serde::{Serialize, de::DeserializeOwned};

use crate::{
    convert, fault,
    plugin::Plugin,
    slot::{Opening, Slot},
};

/// How long a plugin may take to read a webhook, of which anybody can send one.
const DELIVERY: Duration = Duration::from_secs(5);

/// A source that a plugin opens, and opens again when it has died.
#[derive(Debug)]
pub struct PluginSource {
    plugin: Arc<Plugin>,
    slot: Arc<Slot>,
}

impl PluginSource {
    pub(crate) fn new(plugin: Arc<Plugin>, slot: Arc<Slot>) -> Self {
        Self { plugin, slot }
    }

    /// Calls a method with JSON as it stands, and gives back the answer's.
    pub async fn call(&self, method: &'static str, payload: Vec<u8>) -> Result<Vec<u8>> {
        self.call_within(self.plugin.call_timeout(), method, payload)
            .await
    }

    async fn call_within(
        &self,
        limit: Duration,
        method: &'static str,
        payload: Vec<u8>,
    ) -> Result<Vec<u8>> {
        let asked = tokio::time::timeout(limit, async {
            let session = match self.slot.session(&self.plugin).await? {
                Opening::Open(session) => session,
                Opening::Refused(outcome) => return Ok(outcome),
            };
            session.call(method, payload, limit).await
        });
        let outcome = asked.await.unwrap_or_else(|_elapsed| {
            let why = format!(
                "could not read the source because the plugin `{}` gave no answer within {} s; \
                 try again, and look into the log if it stays so",
                self.plugin.kind(),
                limit.as_secs_f32()
            );
            Err(Error::new(
                ErrorKind::Timeout,
                self.plugin.kind(),
                method,
                why,
            ))
        });
        let (status, payload) = outcome?;
        if status == sdk::abi::EXPLAINER_OK {
            return Ok(payload);
        }
        let kind = self.plugin.kind();
        Err(fault::of_plugin(
            status,
            &payload,
            kind,
            method,
            self.plugin.secrets(),
        ))
    }

    async fn ask<A: DeserializeOwned>(
        &self,
        method: &'static str,
        request: &(impl Serialize + Sync),
    ) -> Result<A> {
        self.ask_within(self.plugin.call_timeout(), method, request)
            .await
    }

    async fn ask_within<A: DeserializeOwned>(
        &self,
        limit: Duration,
        method: &'static str,
        request: &(impl Serialize + Sync),
    ) -> Result<A> {
        let request = serde_json::to_vec(request).map_err(|error| {
            let why = "could not write a request for the plugin";
            Error::new(ErrorKind::Internal, self.plugin.kind(), method, why).with_source(error)
        })?;
        let answer = self.call_within(limit, method, request).await?;
        serde_json::from_slice(&answer).map_err(|error| self.garbage(method, &error.to_string()))
    }

    /// The error for an answer that is none.
    fn garbage(&self, method: &'static str, why: &str) -> Error {
        let kind = self.plugin.kind();
        let why = format!(
            "could not read the answer of the plugin `{kind}` because {}; tell its author",
            self.plugin.secrets().scrub(&fault::plain(why))
        );
        Error::new(ErrorKind::Protocol, kind, method, why)
    }
}

#[async_trait]
impl IssueSource for PluginSource {
    async fn check(&self) -> Result<SourceStatus> {
        let status: sdk::Status = self.ask("check", &sdk::Nothing {}).await?;
        Ok(convert::status(status))
    }

    async fn projects(&self) -> Result<Vec<Project>> {
        let answer: sdk::ProjectsAnswer = self.ask("projects", &sdk::Nothing {}).await?;
        Ok(answer.projects.into_iter().map(convert::project).collect())
    }

    async fn issues(&self, query: &IssueQuery) -> Result<Page<Issue>> {
        if query.environment.is_some() || query.period.is_some() {
            let kind = self.plugin.kind();
            let why = format!(
                "could not list the issues because the source `{kind}` cannot be asked for an \
                 environment or a period; leave them out"
            );
            return Err(Error::new(ErrorKind::Unsupported, kind, "issues", why));
        }
        let request = sdk::Query {
            project: query.project.clone(),
            query: query.query.clone(),
            limit: query.limit,
            cursor: query.cursor.clone(),
        };
        let page: sdk::Page = self.ask("issues", &request).await?;
        convert::page(page, query.limit).map_err(|why| self.garbage("issues", &why))
    }

    async fn issue(&self, id: &str) -> Result<Option<Issue>> {
        let request = sdk::IssueRequest { id: id.to_owned() };
        let answer: sdk::IssueAnswer = self.ask("issue", &request).await?;
        let issue = answer.issue.map(convert::issue).transpose();
        issue.map_err(|why| self.garbage("issue", &why))
    }

    async fn events(&self, issue: &str, limit: u16) -> Result<Vec<Event>> {
        let request = sdk::EventsRequest {
            issue: issue.to_owned(),
            limit,
        };
        let request = serde_json::to_vec(&request).unwrap_or_default();
        let answer = self.call("events", request).await?;
        let events = convert::events(&answer).map_err(|why| self.garbage("events", &why))?;
        let sensitive = &self.plugin.manifest().sensitive;
        let events = events.into_iter().take(limit.into());
        Ok(events
            .map(|event| convert::classified(event, sensitive))
            .collect())
    }

    async fn webhook(
        &self,
        headers: &[(String, String)],
        body: &[u8],
    ) -> Result<Vec<SourceSignal>> {
        let _place = self.slot.place_for_delivery().ok_or_else(|| {
            let why =
                "could not take the webhook because the plugin is still at others; send it again";
            Error::new(ErrorKind::RateLimited, self.plugin.kind(), "webhook", why)
        })?;
        let delivery = sdk::Delivery {
            headers: headers.to_vec(),
            body: body.to_vec(),
        };
        let limit = self.plugin.call_timeout().min(DELIVERY);
        let answer: sdk::SignalsAnswer = self.ask_within(limit, "webhook", &delivery).await?;
        convert::signals(answer.signals, &self.plugin.manifest().sensitive)
            .map_err(|why| self.garbage("webhook", &why))
    }

    async fn comment(&self, issue: &str, text: &str) -> Result<()> {
        let request = sdk::CommentRequest {
            issue: issue.to_owned(),
            text: text.to_owned(),
        };
        let sdk::Nothing {} = self.ask("comment", &request).await?;
        Ok(())
    }
}
