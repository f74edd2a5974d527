//! Spans around the calls of issue sources.

use std::sync::Arc;

use async_trait::async_trait;
use explainer_core::{
    Result,
    domain::{Event, Issue, IssueQuery, Page, Project},
    ports::{IssueSource, SourceKind, SourceSignal, SourceStatus},
};

use super::{Traced, call, span};

#[async_trait]
impl IssueSource for Traced<dyn IssueSource> {
    async fn check(&self) -> Result<SourceStatus> {
        call(span!("source", self, "check"), self.inner.check()).await
    }

    async fn projects(&self) -> Result<Vec<Project>> {
        call(span!("source", self, "projects"), self.inner.projects()).await
    }

    async fn issues(&self, query: &IssueQuery) -> Result<Page<Issue>> {
        call(span!("source", self, "issues"), self.inner.issues(query)).await
    }

    async fn issue(&self, id: &str) -> Result<Option<Issue>> {
        call(span!("source", self, "issue"), self.inner.issue(id)).await
    }

    async fn events(&self, issue: &str, limit: u16) -> Result<Vec<Event>> {
        let events = self.inner.events(issue, limit);
        call(span!("source", self, "events"), events).await
    }

    async fn webhook(
        &self,
        headers: &[(String, String)],
        body: &[u8],
    ) -> Result<Vec<SourceSignal>> {
        let signals = self.inner.webhook(headers, body);
        call(span!("source", self, "webhook"), signals).await
    }

    async fn comment(&self, issue: &str, text: &str) -> Result<()> {
        let written = self.inner.comment(issue, text);
        call(span!("source", self, "comment"), written).await
    }
}

/// A kind of source whose sources have a span around every call.
#[derive(Debug)]
pub struct TracedSources {
    inner: Arc<dyn SourceKind>,
    system: &'static str,
}

impl TracedSources {
    /// Puts the spans around whatever `inner` opens.
    pub fn new(inner: Arc<dyn SourceKind>) -> Self {
        // One for each kind there is, once in the life of the process.
        let system = String::leak(inner.name().to_owned());
        Self { inner, system }
    }
}

#[async_trait]
impl SourceKind for TracedSources {
    fn name(&self) -> &str {
        self.inner.name()
    }

    fn description(&self) -> &str {
        self.inner.description()
    }

    fn schema(&self) -> serde_json::Value {
        self.inner.schema()
    }

    fn is_ready(&self) -> bool {
        self.inner.is_ready()
    }

    fn takes_webhooks(&self) -> bool {
        self.inner.takes_webhooks()
    }

    fn check(&self, settings: &serde_json::Value) -> Result<()> {
        self.inner.check(settings)
    }

    fn open(&self, settings: &serde_json::Value) -> Result<Arc<dyn IssueSource>> {
        let source = self.inner.open(settings)?;
        Ok(Arc::new(Traced::new(source, self.system)))
    }

    async fn webhook(
        &self,
        settings: &serde_json::Value,
        headers: &[(String, String)],
        body: &[u8],
    ) -> Result<Vec<SourceSignal>> {
        let signals = self.inner.webhook(settings, headers, body);
        call(span!("source", self, "webhook"), signals).await
    }
}
