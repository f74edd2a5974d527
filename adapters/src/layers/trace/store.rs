//! Spans around the calls of stores.

use std::{sync::Arc, time::Duration};

use async_trait::async_trait;
use explainer_core::{
    Result,
    domain::{
        Analysis, AnalysisError, AnalysisFilter, AnalysisId, Backlog, CallEnd, Date, Dispatch,
        Lease, ModelCall, Neighbour, NewAnalysis, Progress, Revision, Sealed, Stale, Timestamp,
        TokenId, Usage, User, UserId, Watch, Workspace, WorkspaceId,
    },
    ports::{
        Analyses, Deliveries, IdempotencyKeys, KeyState, KeyedRequest, Ledger, RevokedTokens,
        Users, Watches, Workspaces,
    },
};

use tracing::{debug_span, field::Empty};

use super::{CALL, Traced, call, span};

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

    async fn insert_first(&self, user: User) -> Result<Option<User>> {
        let inserted = self.inner.insert_first(user);
        call(span!("store", self, "insert_first_user"), inserted).await
    }

    async fn update(&self, user: User, read_at: Timestamp) -> Result<User> {
        let updated = self.inner.update(user, read_at);
        call(span!("store", self, "update_user"), updated).await
    }

    async fn following(&self, after: Option<&UserId>, limit: u16) -> Result<Vec<User>> {
        let found = self.inner.following(after, limit);
        call(span!("store", self, "following_users"), found).await
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

    async fn of_installation(
        &self,
        after: Option<&WorkspaceId>,
        limit: u16,
    ) -> Result<Vec<Workspace>> {
        let found = self.inner.of_installation(after, limit);
        call(span!("store", self, "workspaces_of_installation"), found).await
    }

    async fn automatic(&self, after: Option<&WorkspaceId>, limit: u16) -> Result<Vec<Workspace>> {
        let found = self.inner.automatic(after, limit);
        call(span!("store", self, "automatic_workspaces"), found).await
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

    async fn neighbours(&self, workspace: &WorkspaceId, limit: u32) -> Result<Vec<Neighbour>> {
        let found = self.inner.neighbours(workspace, limit);
        call(span!("store", self, "neighbours"), found).await
    }

    async fn former_results(
        &self,
        workspace: &WorkspaceId,
        id: &AnalysisId,
    ) -> Result<Vec<Revision>> {
        let found = self.inner.former_results(workspace, id);
        call(span!("store", self, "former_results"), found).await
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
        most: usize,
        now: Timestamp,
        lease: Duration,
    ) -> Result<Vec<(Lease, Analysis)>> {
        let claimed = self.inner.claim(token, most, now, lease);
        call(span!("store", self, "claim"), claimed).await
    }

    async fn renew(&self, lease: &Lease, until: Timestamp) -> Result<bool> {
        let renewed = self.inner.renew(lease, until);
        call(span!("store", self, "renew"), renewed).await
    }

    async fn report(&self, lease: &Lease, progress: &Progress) -> Result<bool> {
        let kept = self.inner.report(lease, progress);
        call(span!("store", self, "report"), kept).await
    }

    async fn finish(&self, lease: &Lease, ended: Arc<Analysis>, told: &[Dispatch]) -> Result<bool> {
        let finished = self.inner.finish(lease, ended, told);
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

    async fn outdate(&self, of: &Analysis, why: Stale) -> Result<bool> {
        let noted = self.inner.outdate(of, why);
        call(span!("store", self, "outdate"), noted).await
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
impl Deliveries for Traced<dyn Deliveries> {
    async fn is_known(&self, workspace: &WorkspaceId, marks: &[String]) -> Result<bool> {
        let known = self.inner.is_known(workspace, marks);
        call(span!("store", self, "is_known_delivery"), known).await
    }

    async fn remember(
        &self,
        workspace: &WorkspaceId,
        marks: &[String],
        until: Timestamp,
        now: Timestamp,
    ) -> Result<()> {
        let remembered = self.inner.remember(workspace, marks, until, now);
        call(span!("store", self, "remember_delivery"), remembered).await
    }
}

#[async_trait]
impl Watches for Traced<dyn Watches> {
    async fn claim(
        &self,
        workspace: &WorkspaceId,
        token: &str,
        now: Timestamp,
        lease: Duration,
    ) -> Result<Option<Watch>> {
        let claimed = self.inner.claim(workspace, token, now, lease);
        call(span!("store", self, "claim_watch"), claimed).await
    }

    async fn end(
        &self,
        workspace: &WorkspaceId,
        token: &str,
        seen_until: Option<Timestamp>,
        due: Timestamp,
    ) -> Result<bool> {
        let ended = self.inner.end(workspace, token, seen_until, due);
        call(span!("store", self, "end_watch"), ended).await
    }
}

#[async_trait]
impl IdempotencyKeys for Traced<dyn IdempotencyKeys> {
    async fn take(
        &self,
        request: &KeyedRequest,
        now: Timestamp,
        until: Timestamp,
    ) -> Result<KeyState> {
        let taken = self.inner.take(request, now, until);
        call(span!("store", self, "take_key"), taken).await
    }

    async fn keep(
        &self,
        request: &KeyedRequest,
        answer: &Sealed,
        until: Timestamp,
    ) -> Result<bool> {
        let kept = self.inner.keep(request, answer, until);
        call(span!("store", self, "keep_answer"), kept).await
    }

    async fn release(&self, request: &KeyedRequest) -> Result<()> {
        let released = self.inner.release(request);
        call(span!("store", self, "release_key"), released).await
    }
}

/// A call that has ended says what it cost, in millionths of a dollar.
#[async_trait]
impl Ledger for Traced<dyn Ledger> {
    async fn write(&self, entry: &ModelCall) -> Result<()> {
        let span = debug_span!(
            target: CALL, "call",
            kind = "store", system = self.system, operation = "write_model_call", outcome = Empty,
            model = entry.model, cost = (entry.end != CallEnd::Sent).then_some(entry.cost),
        );
        call(span, self.inner.write(entry)).await
    }

    async fn of_analysis(
        &self,
        workspace: &WorkspaceId,
        analysis: &AnalysisId,
    ) -> Result<Vec<ModelCall>> {
        let found = self.inner.of_analysis(workspace, analysis);
        call(span!("store", self, "model_calls"), found).await
    }

    async fn answer(&self, workspace: &WorkspaceId, key: &str) -> Result<Option<ModelCall>> {
        let found = self.inner.answer(workspace, key);
        call(span!("store", self, "model_answer"), found).await
    }

    async fn spent(&self, workspace: &WorkspaceId, day: Date) -> Result<u64> {
        let spent = self.inner.spent(workspace, day);
        call(span!("store", self, "spent"), spent).await
    }

    async fn usage(&self, workspace: &WorkspaceId, first: Date, last: Date) -> Result<Vec<Usage>> {
        let used = self.inner.usage(workspace, first, last);
        call(span!("store", self, "usage"), used).await
    }
}
