//! Asking about one issue: by the organisation's paths, and by the older ones below `issues/` where
//! a server does not have those (`GlitchTip` answers 405 and 500 to them).

use explainer_core::{ErrorKind, explain::collect::MAX_DOCUMENT};
use serde_json::{Value, json};

use super::{
    FRESH, ONE, SentrySource,
    client::{Answer, Endpoint},
    fault::Refusal,
};

/// Which paths a server answers on.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Door {
    /// Those of the organisation.
    Scoped,
    /// The older ones.
    Unscoped,
}

impl SentrySource {
    /// The document about an issue of this organisation.
    pub(super) async fn issue_document(&self, id: &str) -> Result<Option<Value>, Refusal> {
        let Some(answer) = self.of_issue(Endpoint::Issue, id, &[], &[]).await? else {
            return Ok(None);
        };
        let json = answer.json("issue").map_err(Refusal::from)?;
        // A short id on a server that knows them by a path of their own.
        Ok(Some(match json.get("group") {
            Some(group) if group.is_object() => group.clone(),
            _ => json,
        }))
    }

    /// What lies below an issue; `None` when there is nothing.
    pub(super) async fn of_issue(
        &self,
        endpoint: Endpoint,
        id: &str,
        rest: &[&str],
        query: &[(&str, String)],
    ) -> Result<Option<Answer>, Refusal> {
        let known = self.client.door(endpoint);
        let mut refused = None;
        if known != Some(Door::Unscoped) {
            let mut path = self.below(&["issues", id]);
            path.extend(rest);
            match self.read(endpoint, &path, query).await {
                Ok(answer) => {
                    self.client.remember_door(endpoint, Door::Scoped);
                    return Ok(Some(answer));
                }
                Err(refusal) if refusal.is_missing() && known == Some(Door::Scoped) => {
                    return Ok(None);
                }
                Err(refusal) if refusal.may_lack_endpoint() => refused = Some(refusal),
                Err(refusal) => return Err(refusal),
            }
        }
        match self.unscoped(endpoint, id, rest, query).await {
            Ok(Some(answer)) => {
                // One that was only down for a moment still has the path.
                if refused.is_some_and(|refusal| refusal.lacks_endpoint()) {
                    self.client.remember_door(endpoint, Door::Unscoped);
                }
                Ok(Some(answer))
            }
            // Neither path has it. What the first one said counts, unless it only lacks the path.
            other => match refused {
                Some(refusal) if refusal.kind() == ErrorKind::Unavailable => Err(refusal),
                Some(refusal) if refusal.is_missing() => Ok(None),
                _ => other,
            },
        }
    }

    async fn unscoped(
        &self,
        endpoint: Endpoint,
        id: &str,
        rest: &[&str],
        query: &[(&str, String)],
    ) -> Result<Option<Answer>, Refusal> {
        let by_number = id.bytes().all(|byte| byte.is_ascii_digit());
        if !by_number && !rest.is_empty() {
            return Ok(None);
        }
        let mut path = vec!["issues", id];
        path.extend(rest);
        if !by_number {
            path = self.below(&["shortids", id]);
        }
        match self.read(endpoint, &path, query).await {
            Ok(answer) if !by_number || self.is_ours(endpoint, id, &answer).await? => {
                Ok(Some(answer))
            }
            Ok(_) => Ok(None),
            Err(refusal) if refusal.is_missing() => Ok(None),
            Err(refusal) => Err(refusal),
        }
    }

    async fn read(
        &self,
        endpoint: Endpoint,
        path: &[&str],
        query: &[(&str, String)],
    ) -> Result<Answer, Refusal> {
        let limit = match endpoint {
            Endpoint::Event | Endpoint::Events => MAX_DOCUMENT,
            _ => ONE,
        };
        self.client.get(endpoint, path, query, limit, FRESH).await
    }

    /// Whether what the older paths gave belongs to this organisation: they give whatever the token
    /// may read, and the token may read more than the workspace shall see.
    async fn is_ours(
        &self,
        endpoint: Endpoint,
        id: &str,
        answer: &Answer,
    ) -> Result<bool, Refusal> {
        let issue = if endpoint == Endpoint::Issue {
            answer.json("issue").map_err(Refusal::from)?
        } else {
            let path = ["issues", id];
            self.read(Endpoint::Issue, &path, &[])
                .await?
                .json("issue")
                .map_err(Refusal::from)?
        };
        let project = issue.get("project").and_then(super::shapes::project);
        let projects = self.all_projects("issue").await.map_err(Refusal::from)?;
        Ok(project.is_some_and(|it| projects.iter().any(|ours| ours.id == it.id)))
    }

    /// Writes a note on an issue.
    pub(super) async fn add_note(&self, id: &str, text: &str) -> Result<(), Refusal> {
        if !super::shapes::is_issue_id(id) {
            return Err(Refusal::from(explainer_core::Error::new(
                ErrorKind::NotFound,
                super::ADAPTER,
                "comment",
                "could not comment because there is no such issue",
            )));
        }
        let body = json!({ "text": text });
        let scoped = self.below(&["issues", id, "notes"]);
        match self.client.post(Endpoint::Notes, &scoped, &body).await {
            // The same text of the same user within an hour: it is there already.
            Err(refusal) if refusal.says("already posted") => Ok(()),
            // GlitchTip's path for them.
            Err(refusal) if refusal.may_lack_endpoint() => {
                let unscoped = ["issues", id, "comments"];
                let posted = json!({ "data": body });
                let done = self.client.post(Endpoint::Notes, &unscoped, &posted).await;
                done.map_err(|other| if other.is_missing() { refusal } else { other })
            }
            done => done,
        }
    }
}
