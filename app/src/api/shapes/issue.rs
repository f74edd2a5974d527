//! Issues and projects.

use std::collections::BTreeMap;

use explainer_core::{domain, services};
use poem_openapi::{Object, types::Any};
use serde::Serialize;

use crate::api::time::Time;

/// An issue as its source has it.
#[derive(Debug, Clone, Object, Serialize)]
pub(crate) struct Issue {
    /// The source's identifier.
    id: String,
    /// The identifier people use (`SHOP-42`).
    #[oai(nullable)]
    short_id: Option<String>,
    /// One line.
    title: String,
    /// Where it happened.
    #[oai(nullable)]
    culprit: Option<String>,
    /// The message of the newest event.
    message: String,
    /// `fatal`, `error`, `warning`, `info` or `debug`.
    level: String,
    /// The language or runtime.
    platform: String,
    /// The project's identifier.
    project_id: String,
    /// The project's name.
    project_name: String,
    /// The time of the oldest event.
    #[oai(nullable)]
    first_seen: Option<Time>,
    /// The time of the newest event.
    #[oai(nullable)]
    last_seen: Option<Time>,
    /// How many events there are.
    count: u64,
    /// How many users met it.
    #[oai(rename = "userCount")]
    #[serde(rename = "userCount")]
    user_count_camel: u64,
    /// How many users met it.
    user_count: u64,
    /// Where people look at it.
    #[oai(nullable)]
    permalink: Option<String>,
    /// The stack trace as text.
    #[oai(nullable)]
    stack_trace: Option<String>,
    /// Tag values of the newest event.
    tags: BTreeMap<String, String>,
    /// What the source knows beside this.
    metadata: Any<BTreeMap<String, serde_json::Value>>,
    /// `unresolved`, `resolved`, `ignored`…
    status: String,
    /// How far its analysis is.
    processing_status: ProcessingStatus,
    /// Whether it is one of the built-in samples.
    #[oai(skip_serializing_if_is_none)]
    #[serde(skip_serializing_if = "Option::is_none")]
    sample: Option<bool>,
}

/// How far an issue's analysis is.
#[derive(Debug, Clone, Object, Serialize)]
pub(crate) struct ProcessingStatus {
    /// `pending`, `analyzing`, `completed`, `failed`, or null when nobody has asked.
    #[oai(nullable)]
    status: Option<String>,
    /// Whether there is a result to read.
    has_analysis: bool,
}

/// A project of the source.
#[derive(Debug, Object, Serialize)]
pub(crate) struct Project {
    /// The source's identifier.
    id: String,
    /// The short name in URLs.
    slug: String,
    /// The name to show.
    name: String,
    /// The language or runtime.
    #[oai(nullable)]
    platform: Option<String>,
}

impl Issue {
    /// `issue` as clients see it, with how far its analysis is.
    pub(crate) fn new(issue: domain::Issue, status: Option<ProcessingStatus>) -> Self {
        Self {
            processing_status: status.unwrap_or(ProcessingStatus::NONE),
            id: issue.id,
            short_id: issue.short_id,
            title: issue.title,
            culprit: issue.culprit,
            message: issue.message,
            level: issue.level.as_str().to_owned(),
            platform: issue.platform,
            project_id: issue.project.id,
            project_name: issue.project.name,
            first_seen: issue.first_seen.map(Time),
            last_seen: issue.last_seen.map(Time),
            count: issue.count,
            user_count_camel: issue.user_count,
            user_count: issue.user_count,
            permalink: issue.permalink,
            stack_trace: issue.stack_trace,
            tags: issue.tags,
            metadata: Any(issue.metadata),
            status: issue.status,
            sample: issue.sample.then_some(true),
        }
    }
}

impl ProcessingStatus {
    const NONE: Self = Self {
        status: None,
        has_analysis: false,
    };
}

impl From<services::Processed> for ProcessingStatus {
    fn from(processed: services::Processed) -> Self {
        Self {
            status: Some(processed.status.as_str().to_owned()),
            has_analysis: processed.has_analysis,
        }
    }
}

impl From<domain::Project> for Project {
    fn from(project: domain::Project) -> Self {
        Self {
            id: project.id,
            slug: project.slug,
            name: project.name,
            platform: project.platform,
        }
    }
}
