//! Records of issues of the older backend: what was half done is queued again.

use std::collections::BTreeMap;

use ::mongodb::bson::Bson;
use explainer_core::{
    domain::{
        Analysis, AnalysisError, Issue, Level, Origin, Priority, Project, Provenance,
        Specification, Status, UserId,
    },
    ports::QueuedAnalysis,
};

use super::{
    Made, OlderDatabase,
    fields::{Fields, made_at},
    survey::issue_id,
};

/// What the model is called that wrote the results: the older backend did not write it down.
const UNKNOWN_MODEL: &str = "unknown";

pub(super) fn make(id: &str, mut fields: Fields<'_>, of: &OlderDatabase) -> Made<QueuedAnalysis> {
    let issue_id = issue_id(&fields).ok_or("it does not say which issue it is about")?;
    let workspace = of.survey.workspace_of_issue(&fields);
    let workspace = workspace.ok_or("it belongs to no workspace that is there")?;
    let key = fields.any(&["_id"]).and_then(made_at);
    let created_at = fields.time(&["created_at"]).or(key).unwrap_or(of.given.now);
    let updated_at = fields.time(&["updated_at"]).unwrap_or(created_at);
    let issue = issue(issue_id, &mut fields);
    let specification = specification(&mut fields).map(Box::new);
    let (status, error) = status(&mut fields, specification.is_some());
    let ended = !status.is_active();
    let analysis = Analysis {
        trace: None,
        id: id.parse().map_err(|_| "its _id cannot be an id")?,
        workspace_id: workspace
            .parse()
            .map_err(|_| "its workspace cannot be an id")?,
        issue,
        event: None,
        status,
        specification,
        outdated: None,
        error,
        fingerprint: None,
        force: false,
        revision: 1,
        attempt: u32::from(ended),
        created_by: creator(&mut fields, of)?,
        progress: None,
        assigned_to: fields.text(&["assigned_to"]),
        created_at,
        updated_at,
        started_at: ended.then_some(created_at),
        finished_at: ended.then_some(updated_at),
    };
    let queued = QueuedAnalysis {
        due_at: (!ended).then_some(of.given.now),
        lease: None,
        analysis,
    };
    Ok((queued, fields.notes))
}

fn creator(fields: &mut Fields<'_>, of: &OlderDatabase) -> Result<UserId, String> {
    let named = fields.text(&["created_by", "user_id"]);
    let known = named.as_deref().and_then(|text| of.survey.user(text));
    if let Some(id) = known.and_then(|id| id.parse().ok()) {
        return Ok(id);
    }
    let workspace = of.survey.workspace_of_issue(fields).unwrap_or_default();
    let member = of.survey.members(&workspace).pop_first();
    let stranger = named.and_then(|text| text.parse().ok());
    let stands_in = stranger
        .or(member)
        .ok_or("nobody is known who asked for it")?;
    fields.note(format!(
        "who asked for it is not there: {stands_in} stands for them"
    ));
    Ok(stands_in)
}

fn status(fields: &mut Fields<'_>, has_result: bool) -> (Status, Option<AnalysisError>) {
    let written = fields.text(&["status"]).unwrap_or_default().to_lowercase();
    let failed = |message: &str| {
        let error = AnalysisError {
            code: "failed_before".to_owned(),
            message: message.to_owned(),
            retryable: true,
        };
        (Status::Failed, Some(error))
    };
    match (&*written, has_result) {
        ("pending", _) => (Status::Pending, None),
        ("analyzing", _) => {
            fields.note("it was half done: it is queued again");
            (Status::Pending, None)
        }
        ("failed", _) => {
            let said = fields.text(&["error", "error_message"]);
            failed(said.as_deref().unwrap_or(
                "the analysis failed in the older backend, which did not say why; ask again",
            ))
        }
        (_, true) => {
            if written != "completed" {
                let note = format!(
                    "its status {written:?} is not known: it has a result, so it is completed"
                );
                fields.note(note);
            }
            (Status::Completed, None)
        }
        (_, false) => {
            fields.note("it has no result: it counts as failed and can be asked for again");
            failed("the older backend kept no result of this analysis; ask again")
        }
    }
}

fn issue(id: String, fields: &mut Fields<'_>) -> Issue {
    let Some(document) = fields.group(&["sentry_issue", "sentry_issue_data"]) else {
        fields.note("it holds nothing about its issue but the id");
        return Issue {
            title: format!("Issue {id}"),
            id,
            ..Issue::default()
        };
    };
    let mut of = Fields::of(document);
    let text = |of: &Fields<'_>, names: &[&str]| of.text(names).unwrap_or_default();
    let issue = Issue {
        short_id: of.text(&["short_id", "shortId"]),
        title: of.text(&["title"]).unwrap_or_else(|| format!("Issue {id}")),
        culprit: of.text(&["culprit"]),
        message: text(&of, &["message"]),
        level: Level::parse(&text(&of, &["level"])),
        platform: text(&of, &["platform"]),
        project: Project {
            id: text(&of, &["project_id"]),
            slug: text(&of, &["project_slug"]),
            name: text(&of, &["project_name"]),
            platform: of.text(&["platform"]),
        },
        first_seen: of.time(&["first_seen", "firstSeen"]),
        last_seen: of.time(&["last_seen", "lastSeen"]),
        count: of.count(&["count"]).unwrap_or_default(),
        user_count: of.count(&["user_count", "userCount"]).unwrap_or_default(),
        permalink: of.text(&["permalink"]),
        stack_trace: of.text(&["stack_trace"]),
        tags: tags(&of),
        metadata: metadata(&of),
        status: text(&of, &["status"]),
        id,
        ..Issue::default()
    };
    let notes = std::mem::take(&mut of.notes);
    fields.notes.extend(
        notes
            .into_iter()
            .map(|note| format!("of its issue, {note}")),
    );
    issue
}

fn tags(issue: &Fields<'_>) -> BTreeMap<String, String> {
    let tags = issue.group(&["tags"]).into_iter().flatten();
    let text = |value: &Bson| {
        value
            .as_str()
            .map_or_else(|| value.to_string(), str::to_owned)
    };
    tags.map(|(name, value)| (name.clone(), text(value)))
        .collect()
}

fn metadata(issue: &Fields<'_>) -> BTreeMap<String, serde_json::Value> {
    let metadata = issue.group(&["metadata"]).into_iter().flatten();
    let json = |value: &Bson| serde_json::to_value(value).unwrap_or_default();
    metadata
        .map(|(name, value)| (name.clone(), json(value)))
        .collect()
}

fn specification(fields: &mut Fields<'_>) -> Option<Specification> {
    let of = Fields::of(fields.group(&["ai_analysis"])?);
    let text = |names: &[&str]| of.text(names).unwrap_or_default();
    let priority = of.text(&["priority"]).unwrap_or_default().to_lowercase();
    let known = [
        Priority::Low,
        Priority::Medium,
        Priority::High,
        Priority::Critical,
    ];
    let known = known.into_iter().find(|it| it.as_str() == priority);
    if known.is_none() {
        fields.note(format!(
            "its priority {priority:?} is not known: it is medium now"
        ));
    }
    let mut specification = Specification {
        summary: text(&["summary"]),
        root_cause: text(&["root_cause"]),
        technical_description: text(&["technical_description"]),
        reproduction_steps: of.texts(&["steps_to_reproduce", "reproduction_steps"]),
        suggested_fix: text(&["suggested_fix"]),
        code_examples: of.text(&["code_examples"]).or_else(|| {
            let several = of.texts(&["code_examples"]).join("\n\n");
            (!several.is_empty()).then_some(several)
        }),
        priority: known.unwrap_or_default(),
        estimated_effort: text(&["estimated_effort"]),
        affected_components: of.texts(&["affected_components"]),
        related_issues: of.texts(&["related_issues"]),
        model: Some(
            of.text(&["model"])
                .unwrap_or_else(|| UNKNOWN_MODEL.to_owned()),
        ),
        ..Specification::default()
    };
    specification.provenance = provenance(&specification, known.is_some());
    Some(specification)
}

/// A model wrote what is there.
fn provenance(of: &Specification, has_priority: bool) -> Provenance {
    let there = |is: bool| if is { Origin::Model } else { Origin::Missing };
    let text = |text: &str| there(!text.is_empty());
    Provenance {
        summary: text(&of.summary),
        root_cause: text(&of.root_cause),
        technical_description: text(&of.technical_description),
        reproduction_steps: there(!of.reproduction_steps.is_empty()),
        suggested_fix: text(&of.suggested_fix),
        code_examples: there(of.code_examples.is_some()),
        priority: there(has_priority),
        estimated_effort: text(&of.estimated_effort),
        affected_components: there(!of.affected_components.is_empty()),
        related_issues: there(!of.related_issues.is_empty()),
    }
}
