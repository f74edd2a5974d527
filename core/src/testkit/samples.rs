//! Plain records to store and look up; each differs from the next by the name it is made with.

use std::{collections::BTreeMap, sync::Arc};

use crate::domain::{
    Analysis, AnalysisError, CallEnd, Dispatch, Egress, Issue, Level, Member, ModelCall,
    NewAnalysis, Notification, Occasion, Outcome, Project, Purpose, Recipient, Role,
    SentrySettings, Specification, Timestamp, Tokens, User, Workspace, WorkspaceSettings,
};

/// So many seconds after the moment at which the samples begin.
pub fn at(seconds: i64) -> Timestamp {
    Timestamp::from_second(1_714_564_800 + seconds).unwrap_or(Timestamp::MAX)
}

/// An identifier of any kind.
///
/// # Panics
/// When `text` is none.
pub fn id<T: TryFrom<String>>(text: &str) -> T {
    let id = T::try_from(text.to_owned()).ok();
    id.expect("1 to 64 letters, digits, `-` or `_`")
}

/// A developer called `name`, with the id `user-<name>` and an e-mail at example.org.
pub fn user(name: &str) -> User {
    User {
        id: id(&format!("user-{name}")),
        username: name.to_owned(),
        email: format!("{name}@example.org"),
        full_name: None,
        role: Role::Developer,
        is_active: true,
        workspace_id: None,
        password_hash: "$fake$0$".to_owned(),
        generation: 0,
        vouched: None,
        created_at: at(0),
        updated_at: at(0),
    }
}

/// The workspace `name`, owned by the user `owner` ([`user`]), who is its only member.
pub fn workspace(name: &str, owner: &str) -> Workspace {
    let owner = user(owner).id;
    Workspace {
        id: id(name),
        name: name.to_owned(),
        description: None,
        members: vec![Member::owner(owner.clone())],
        owner_id: owner,
        source: None,
        sentry: SentrySettings::default(),
        openai_api_key: None,
        settings: WorkspaceSettings::default(),
        webhooks: Vec::new(),
        created_at: at(0),
        updated_at: at(0),
    }
}

/// An issue with this id.
pub fn issue(id: &str) -> Issue {
    Issue {
        id: id.to_owned(),
        short_id: Some(format!("SHOP-{id}")),
        title: "KeyError: 'total'".to_owned(),
        culprit: Some("shop.cart in checkout".to_owned()),
        message: "'total'".to_owned(),
        level: Level::Error,
        platform: "python".to_owned(),
        project: Project {
            id: "1".to_owned(),
            slug: "shop".to_owned(),
            name: "Shop".to_owned(),
            platform: Some("python".to_owned()),
        },
        first_seen: Some(at(-3600)),
        last_seen: Some(at(-60)),
        count: 3,
        user_count: 2,
        status: "unresolved".to_owned(),
        ..Issue::default()
    }
}

/// A request for the issue of workspace `ws`, made at `seconds` ([`at`]). A new record would get
/// the id `analysis-<issue>`.
pub fn request(issue: &str, seconds: i64) -> NewAnalysis {
    NewAnalysis {
        id: id(&format!("analysis-{issue}")),
        workspace_id: id("ws"),
        issue: self::issue(issue),
        former: None,
        event: None,
        force: false,
        requested_by: user("ada").id,
        trace: None,
        at: at(seconds),
    }
}

/// A run of `analysis` that ended with a specification whose summary is `summary`.
pub fn completed(analysis: &Analysis, summary: &str) -> Outcome {
    Outcome::Completed {
        issue: Box::new(analysis.issue.clone()),
        specification: Box::new(Specification {
            summary: summary.to_owned(),
            ..Specification::default()
        }),
        fingerprint: format!("fingerprint of {summary}"),
    }
}

/// The record of a run of `job` that ended so at `seconds` ([`at`]).
pub fn ended(job: &Analysis, outcome: Outcome, seconds: i64) -> Arc<Analysis> {
    Arc::new(job.ended(outcome, at(seconds)))
}

/// Why a run failed, or was put back.
pub fn failure() -> AnalysisError {
    AnalysisError {
        code: "model_unavailable".to_owned(),
        message: "could not ask the model because it did not answer; try again".to_owned(),
        retryable: true,
    }
}

/// An answered call of the analysis `analysis` in workspace `ws`, made at `seconds` ([`at`]), with
/// the key `key`.
pub fn call(name: &str, seconds: i64) -> ModelCall {
    ModelCall {
        id: id(name),
        workspace_id: id("ws"),
        analysis_id: Some(id("analysis")),
        revision: 1,
        purpose: Purpose::Explain,
        model: "fake/parrot".to_owned(),
        key: "key".to_owned(),
        egress: Some(Egress {
            destination: "fake/parrot".to_owned(),
            remote: true,
            payload_sha256: "0".repeat(64),
            payload_bytes: 3,
            redacted: BTreeMap::new(),
            withheld: Vec::new(),
        }),
        started_at: at(seconds),
        duration_ms: 20,
        end: CallEnd::Answered,
        error: None,
        tokens: Tokens {
            input: 100,
            cached: 0,
            output: 10,
        },
        cost: 12,
        answer: Some("{}".to_owned()),
    }
}

/// A notification of workspace `ws` to the webhook `webhook-of-<name>`, due at `seconds` ([`at`]).
pub fn dispatch(name: &str, seconds: i64) -> Dispatch {
    let notification = Notification {
        occasion: Occasion::Completed,
        at: at(seconds),
        analysis_id: id("analysis"),
        revision: 1,
        issue_id: "1".to_owned(),
        short_id: Some("SHOP-1".to_owned()),
        title: "KeyError: 'total'".to_owned(),
        project: "shop".to_owned(),
        issue_url: None,
        priority: None,
        summary: Some("the total is missing".to_owned()),
        model: None,
        error: None,
    };
    let to = Recipient::Webhook(id(&format!("webhook-of-{name}")));
    Dispatch::new(id(name), id("ws"), to, notification)
}
