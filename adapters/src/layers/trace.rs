//! A span around every call of a port, so that no adapter tells of itself: what was called, how
//! long it took and how it ended. Only `tracing` is known here; who listens is the app's to say.
//!
//! Every span is called `call`, has the target [`CALL`], and these fields:
//!
//! | field | what it says |
//! |---|---|
//! | `kind` | `store`, `source` or `model` |
//! | `system` | the adapter: `sqlite`, `sentry`, `openai`… |
//! | `operation` | the method |
//! | `outcome` | `ok`, or the code of the error's kind |
//!
//! No argument of a call and nothing of its answer is in a span, but what says how large it was.

// A layer that forgets a method of its port would answer in the adapter's place.
#![warn(clippy::missing_trait_methods)]

use std::{fmt::Debug, sync::Arc, time::Duration};

use async_trait::async_trait;
use explainer_core::{
    Result,
    domain::{
        Analysis, AnalysisError, AnalysisFilter, AnalysisId, Backlog, Event, Issue, IssueQuery,
        Lease, NewAnalysis, Outcome, Page, Project, Timestamp, TokenId, User, UserId, Workspace,
        WorkspaceId,
    },
    ports::{
        Analyses, Completion, IssueSource, Llm, LlmRequest, ModelProfile, ProgressSink,
        RevokedTokens, SourceKind, SourceSignal, SourceStatus, Users, Workspaces,
    },
};
use tracing::{Instrument, Span, debug_span, field::Empty};

/// The target of the spans.
pub const CALL: &str = "explainer::call";

/// A port with a span around every call.
#[derive(Debug)]
pub struct Traced<P: ?Sized> {
    inner: Arc<P>,
    system: &'static str,
}

impl<P: ?Sized> Traced<P> {
    /// Puts the spans around `inner`, an adapter called `system`.
    pub fn new(inner: Arc<P>, system: &'static str) -> Self {
        Self { inner, system }
    }
}

/// Carries `work` out in a span of its own, and notes there how it ended.
async fn call<T>(span: Span, work: impl Future<Output = Result<T>>) -> Result<T> {
    let result = work.instrument(span.clone()).await;
    span.record("outcome", outcome(&result));
    result
}

fn outcome<T>(result: &Result<T>) -> &'static str {
    match result {
        Ok(_) => "ok",
        Err(error) => error.kind().code(),
    }
}

macro_rules! span {
    ($kind:literal, $self:ident, $operation:literal) => {
        debug_span!(
            target: CALL, "call",
            kind = $kind, system = $self.system, operation = $operation, outcome = Empty,
        )
    };
}

#[async_trait]
impl Users for Traced<dyn Users> {
    async fn get(&self, id: &UserId) -> Result<Option<User>> {
        call(span!("store", self, "get_user"), self.inner.get(id)).await
    }

    async fn find_login(&self, login: &str) -> Result<Option<User>> {
        let found = self.inner.find_login(login);
        call(span!("store", self, "find_login"), found).await
    }

    async fn insert(&self, user: User) -> Result<User> {
        call(span!("store", self, "insert_user"), self.inner.insert(user)).await
    }

    async fn update(&self, user: &User) -> Result<()> {
        call(span!("store", self, "update_user"), self.inner.update(user)).await
    }
}

#[async_trait]
impl Workspaces for Traced<dyn Workspaces> {
    async fn get(&self, id: &WorkspaceId) -> Result<Option<Workspace>> {
        call(span!("store", self, "get_workspace"), self.inner.get(id)).await
    }

    async fn of_member(&self, user: &UserId) -> Result<Vec<Workspace>> {
        let found = self.inner.of_member(user);
        call(span!("store", self, "workspaces_of_member"), found).await
    }

    async fn insert(&self, workspace: &Workspace) -> Result<()> {
        let inserted = self.inner.insert(workspace);
        call(span!("store", self, "insert_workspace"), inserted).await
    }

    async fn update(&self, workspace: Workspace, read_at: Timestamp) -> Result<Workspace> {
        let updated = self.inner.update(workspace, read_at);
        call(span!("store", self, "update_workspace"), updated).await
    }
}

#[async_trait]
impl Analyses for Traced<dyn Analyses> {
    async fn get(&self, workspace: &WorkspaceId, id: &AnalysisId) -> Result<Option<Analysis>> {
        let found = self.inner.get(workspace, id);
        call(span!("store", self, "get_analysis"), found).await
    }

    async fn of_issues(&self, workspace: &WorkspaceId, issues: &[&str]) -> Result<Vec<Analysis>> {
        let found = self.inner.of_issues(workspace, issues);
        call(span!("store", self, "analyses_of_issues"), found).await
    }

    async fn list(
        &self,
        workspace: &WorkspaceId,
        filter: &AnalysisFilter,
    ) -> Result<Vec<Analysis>> {
        let found = self.inner.list(workspace, filter);
        call(span!("store", self, "list_analyses"), found).await
    }

    async fn delete(&self, workspace: &WorkspaceId, id: &AnalysisId) -> Result<bool> {
        let deleted = self.inner.delete(workspace, id);
        call(span!("store", self, "delete_analysis"), deleted).await
    }

    async fn enqueue(&self, request: NewAnalysis) -> Result<Analysis> {
        call(span!("store", self, "enqueue"), self.inner.enqueue(request)).await
    }

    async fn claim(
        &self,
        token: &str,
        now: Timestamp,
        lease: Duration,
    ) -> Result<Option<(Lease, Analysis)>> {
        let claimed = self.inner.claim(token, now, lease);
        call(span!("store", self, "claim"), claimed).await
    }

    async fn renew(&self, lease: &Lease, until: Timestamp) -> Result<bool> {
        let renewed = self.inner.renew(lease, until);
        call(span!("store", self, "renew"), renewed).await
    }

    async fn finish(
        &self,
        lease: &Lease,
        outcome: Outcome,
        now: Timestamp,
    ) -> Result<Option<Analysis>> {
        let finished = self.inner.finish(lease, outcome, now);
        call(span!("store", self, "finish"), finished).await
    }

    async fn retry_at(
        &self,
        lease: &Lease,
        due: Timestamp,
        reason: AnalysisError,
        now: Timestamp,
    ) -> Result<bool> {
        let put_back = self.inner.retry_at(lease, due, reason, now);
        call(span!("store", self, "retry"), put_back).await
    }

    async fn backlog(&self, now: Timestamp) -> Result<Backlog> {
        call(span!("store", self, "backlog"), self.inner.backlog(now)).await
    }
}

#[async_trait]
impl RevokedTokens for Traced<dyn RevokedTokens> {
    async fn revoke(&self, token: &TokenId, expires_at: Timestamp, now: Timestamp) -> Result<()> {
        let revoked = self.inner.revoke(token, expires_at, now);
        call(span!("store", self, "revoke_token"), revoked).await
    }

    async fn is_revoked(&self, token: &TokenId) -> Result<bool> {
        let revoked = self.inner.is_revoked(token);
        call(span!("store", self, "is_revoked"), revoked).await
    }
}

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
pub struct TracedKind {
    inner: Arc<dyn SourceKind>,
    system: &'static str,
}

impl TracedKind {
    /// Puts the spans around whatever `inner` opens.
    pub fn new(inner: Arc<dyn SourceKind>) -> Self {
        // One for each kind there is, once in the life of the process.
        let system = String::leak(inner.name().to_owned());
        Self { inner, system }
    }
}

impl SourceKind for TracedKind {
    fn name(&self) -> &str {
        self.inner.name()
    }

    fn open(&self, settings: &serde_json::Value) -> Result<Arc<dyn IssueSource>> {
        let source = self.inner.open(settings)?;
        Ok(Arc::new(Traced::new(source, self.system)))
    }
}

/// The attributes that OpenTelemetry's conventions for generative AI have for a model call.
#[async_trait]
impl Llm for Traced<dyn Llm> {
    fn profile(&self) -> &ModelProfile {
        self.inner.profile()
    }

    async fn complete(
        &self,
        request: &LlmRequest,
        progress: &dyn ProgressSink,
    ) -> Result<Completion> {
        let profile = self.inner.profile();
        let span = debug_span!(
            target: CALL, "call",
            kind = "model", system = self.system, operation = "chat", outcome = Empty,
            gen_ai.operation.name = "chat",
            gen_ai.system = profile.kind,
            gen_ai.request.model = profile.model,
            gen_ai.request.max_tokens = request.max_output_tokens,
            gen_ai.response.model = Empty,
            gen_ai.response.finish_reasons = Empty,
            gen_ai.usage.input_tokens = Empty,
            gen_ai.usage.input_tokens.cached = Empty,
            gen_ai.usage.output_tokens = Empty,
        );
        let result = call(span.clone(), self.inner.complete(request, progress)).await;
        if let Ok(completion) = &result {
            let usage = completion.usage;
            span.record("gen_ai.response.model", &completion.model);
            span.record(
                "gen_ai.response.finish_reasons",
                tracing::field::debug(completion.finish),
            );
            span.record("gen_ai.usage.input_tokens", usage.input);
            span.record("gen_ai.usage.input_tokens.cached", usage.cached);
            span.record("gen_ai.usage.output_tokens", usage.output);
        }
        result
    }

    async fn check(&self) -> Result<()> {
        call(span!("model", self, "check"), self.inner.check()).await
    }
}
