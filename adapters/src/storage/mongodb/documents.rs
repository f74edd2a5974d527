//! What the documents look like, and how they become the domain's records and back: the one place
//! that knows their fields. What the queue adds to an analysis is `queue`'s.
//!
//! Times are dates, to the millisecond. An issue and a specification are JSON text, as they are in
//! SQLite: they hold keys from outside that BSON cannot write, and nothing is found by what is in
//! them but by fields of its own (`Facets`).
//!
//! Replicas of different versions may share a database. A field that this version does not know
//! stays as it is, since changes are written field by field; `schema` is raised only when what
//! older versions would read comes to mean something else.

use std::net::IpAddr;

use ::mongodb::bson::{self, Bson, Document, doc};
use explainer_core::{
    ErrorKind,
    domain::{
        AccessToken, Analysis, AnalysisError, AnalysisId, AuditEntry, AuditId, Event, Invitation,
        InvitationId, Issue, Member, MemberRole, Neighbour, Priority, Progress, Revision, Role,
        Scope, Sealed, SentrySettings, Session, SourceChoice, Specification, Stale, Status,
        Timestamp, TokenId, User, UserId, Vouched, Webhook, Workspace, WorkspaceId,
        WorkspaceSettings, login_key,
    },
};
use serde::{Deserialize, Serialize};

use super::{
    fault::Fault,
    forms::{as_date, as_json, as_optional_date},
};

/// The meaning that this version gives to fields.
pub(super) const SCHEMA: i32 = 1;

/// How much text a record may hold, in bytes: the server takes documents of 16 MiB
/// (<https://www.mongodb.com/docs/manual/reference/limits/>), and the rest of one needs room too.
const MAX_TEXT: usize = 15 << 20;

/// A record of the domain that is kept as a document.
pub(super) trait Record: Sized {
    /// Every field that this version writes.
    fn to_document(&self) -> Result<Document, Fault>;

    /// The record in a document, whatever else is in there.
    fn from_document(document: Document) -> Result<Self, Fault>;
}

impl Record for User {
    fn to_document(&self) -> Result<Document, Fault> {
        let mut document = write(UserFields::serialize(self, bson::Serializer::new()))?;
        document.insert("username_key", login_key(&self.username));
        document.insert("email_key", login_key(&self.email));
        Ok(document)
    }

    fn from_document(document: Document) -> Result<Self, Fault> {
        Ok(UserFields::deserialize(readable(document)?)?)
    }
}

impl Record for Workspace {
    fn to_document(&self) -> Result<Document, Fault> {
        write(WorkspaceFields::serialize(self, bson::Serializer::new()))
    }

    fn from_document(document: Document) -> Result<Self, Fault> {
        Ok(WorkspaceFields::deserialize(readable(document)?)?)
    }
}

impl Record for Session {
    fn to_document(&self) -> Result<Document, Fault> {
        write(SessionFields::serialize(self, bson::Serializer::new()))
    }

    fn from_document(document: Document) -> Result<Self, Fault> {
        Ok(SessionFields::deserialize(readable(document)?)?)
    }
}

impl Record for AccessToken {
    fn to_document(&self) -> Result<Document, Fault> {
        write(AccessTokenFields::serialize(self, bson::Serializer::new()))
    }

    fn from_document(document: Document) -> Result<Self, Fault> {
        Ok(AccessTokenFields::deserialize(readable(document)?)?)
    }
}

impl Record for Invitation {
    fn to_document(&self) -> Result<Document, Fault> {
        write(InvitationFields::serialize(self, bson::Serializer::new()))
    }

    fn from_document(document: Document) -> Result<Self, Fault> {
        Ok(InvitationFields::deserialize(readable(document)?)?)
    }
}

impl Record for AuditEntry {
    fn to_document(&self) -> Result<Document, Fault> {
        write(AuditFields::serialize(self, bson::Serializer::new()))
    }

    fn from_document(document: Document) -> Result<Self, Fault> {
        Ok(AuditFields::deserialize(readable(document)?)?)
    }
}

impl Record for Analysis {
    fn to_document(&self) -> Result<Document, Fault> {
        let mut document = write(AnalysisFields::serialize(self, bson::Serializer::new()))?;
        let facets = self.facets();
        document.insert("issue_id", &self.issue.id);
        document.insert("priority", facets.priority.map(Priority::as_str));
        document.insert("project_id", facets.project_id);
        document.insert("project_slug", facets.project_slug);
        document.insert("model", facets.model);
        document.insert("searched", facets.text);
        Ok(document)
    }

    fn from_document(document: Document) -> Result<Self, Fault> {
        Ok(AnalysisFields::deserialize(readable(document)?)?)
    }
}

impl Record for Revision {
    fn to_document(&self) -> Result<Document, Fault> {
        write(RevisionFields::serialize(self, bson::Serializer::new()))
    }

    fn from_document(document: Document) -> Result<Self, Fault> {
        Ok(RevisionFields::deserialize(readable(document)?)?)
    }
}

/// The field of an [`Analysis`] that says how far it is.
pub(super) fn progress(progress: &Progress) -> Result<Document, Fault> {
    let text = serde_json::to_string(progress).map_err(|error| Fault::Unreadable(error.into()))?;
    Ok(doc! { "progress": text })
}

#[derive(Serialize, Deserialize)]
#[serde(remote = "User")]
struct UserFields {
    #[serde(rename = "_id")]
    id: UserId,
    username: String,
    email: String,
    full_name: Option<String>,
    role: Role,
    is_active: bool,
    workspace_id: Option<WorkspaceId>,
    password_hash: String,
    #[serde(default)]
    generation: u32,
    #[serde(default)]
    vouched: Option<Vouched>,
    #[serde(with = "as_date")]
    created_at: Timestamp,
    #[serde(with = "as_date")]
    updated_at: Timestamp,
}

#[derive(Serialize, Deserialize)]
#[serde(remote = "Workspace")]
struct WorkspaceFields {
    #[serde(rename = "_id")]
    id: WorkspaceId,
    name: String,
    description: Option<String>,
    owner_id: UserId,
    members: Vec<Member>,
    #[serde(default)]
    source: Option<SourceChoice>,
    sentry: SentrySettings,
    openai_api_key: Option<Sealed>,
    settings: WorkspaceSettings,
    #[serde(default)]
    webhooks: Vec<Webhook>,
    #[serde(with = "as_date")]
    created_at: Timestamp,
    #[serde(with = "as_date")]
    updated_at: Timestamp,
}

#[derive(Serialize, Deserialize)]
#[serde(remote = "Session")]
struct SessionFields {
    #[serde(rename = "_id")]
    id: TokenId,
    user_id: UserId,
    generation: u32,
    secret_hash: String,
    #[serde(with = "as_date")]
    created_at: Timestamp,
    #[serde(with = "as_date")]
    expires_at: Timestamp,
}

#[derive(Serialize, Deserialize)]
#[serde(remote = "AccessToken")]
struct AccessTokenFields {
    #[serde(rename = "_id")]
    id: TokenId,
    user_id: UserId,
    name: String,
    scope: Scope,
    secret_hash: String,
    #[serde(with = "as_date")]
    created_at: Timestamp,
    #[serde(with = "as_date")]
    expires_at: Timestamp,
}

#[derive(Serialize, Deserialize)]
#[serde(remote = "Invitation")]
struct InvitationFields {
    #[serde(rename = "_id")]
    id: InvitationId,
    workspace_id: WorkspaceId,
    email: Option<String>,
    role: MemberRole,
    code_hash: String,
    created_by: UserId,
    #[serde(with = "as_date")]
    created_at: Timestamp,
    #[serde(with = "as_date")]
    expires_at: Timestamp,
}

#[derive(Serialize, Deserialize)]
#[serde(remote = "AuditEntry")]
struct AuditFields {
    #[serde(rename = "_id")]
    id: AuditId,
    #[serde(with = "as_date")]
    at: Timestamp,
    user_id: UserId,
    username: String,
    address: Option<IpAddr>,
    action: String,
    target: String,
    workspace_id: Option<WorkspaceId>,
    #[serde(with = "as_date")]
    expires_at: Timestamp,
}

#[derive(Serialize, Deserialize)]
#[serde(remote = "Analysis")]
struct AnalysisFields {
    #[serde(rename = "_id")]
    id: AnalysisId,
    workspace_id: WorkspaceId,
    #[serde(with = "as_json")]
    issue: Issue,
    #[serde(default, with = "as_json")]
    event: Option<Box<Event>>,
    status: Status,
    #[serde(with = "as_json")]
    specification: Option<Box<Specification>>,
    #[serde(default)]
    outdated: Option<Stale>,
    error: Option<AnalysisError>,
    fingerprint: Option<String>,
    force: bool,
    revision: u32,
    attempt: u32,
    #[serde(default, with = "as_json")]
    progress: Option<Progress>,
    created_by: UserId,
    #[serde(default)]
    trace: Option<String>,
    assigned_to: Option<String>,
    #[serde(with = "as_date")]
    created_at: Timestamp,
    #[serde(with = "as_date")]
    updated_at: Timestamp,
    #[serde(with = "as_optional_date")]
    started_at: Option<Timestamp>,
    #[serde(with = "as_optional_date")]
    finished_at: Option<Timestamp>,
}

/// The issue of an analysis of which nothing else was read.
pub(super) fn neighbour(document: Document) -> Result<Neighbour, Fault> {
    #[derive(Deserialize)]
    struct OfIssue {
        #[serde(deserialize_with = "as_json::deserialize")]
        issue: Neighbour,
    }
    let of = OfIssue::deserialize(readable(document)?)?;
    Ok(of.issue)
}

#[derive(Serialize, Deserialize)]
#[serde(remote = "Revision")]
struct RevisionFields {
    revision: u32,
    #[serde(with = "as_json")]
    specification: Box<Specification>,
    fingerprint: Option<String>,
    #[serde(with = "as_optional_date")]
    finished_at: Option<Timestamp>,
}

/// What was serialised, as a document fit to be stored.
pub(super) fn write(written: bson::error::Result<Bson>) -> Result<Document, Fault> {
    let refuse = |error: bson::error::Error| {
        let why = error.message.unwrap_or_else(|| error.kind.to_string());
        Fault::refused(
            ErrorKind::Invalid,
            format!("could not store the record because of what is in it ({why}); leave that out"),
        )
    };
    let Bson::Document(mut document) = written.map_err(refuse)? else {
        return Err(Fault::Unreadable("a record is not a document".into()));
    };
    let texts = document.values().filter_map(Bson::as_str);
    if texts.map(str::len).sum::<usize>() > MAX_TEXT {
        return Err(Fault::refused(
            ErrorKind::Invalid,
            "could not store the record because it is larger than the 15 MiB that fit into a \
             document; leave out the largest of its texts",
        ));
    }
    document.insert("schema", SCHEMA);
    Ok(document)
}

/// A document whose fields mean what this version takes them to mean.
pub(super) fn readable(document: Document) -> Result<bson::Deserializer, Fault> {
    match document.get_i32("schema") {
        Ok(schema) if schema > SCHEMA => Err(Fault::refused(
            ErrorKind::Unsupported,
            format!(
                "could not read a stored document because a newer version wrote it (schema \
                 {schema}, this build knows {SCHEMA}); run the newer version",
            ),
        )),
        _ => Ok(bson::Deserializer::new(Bson::Document(document))),
    }
}
