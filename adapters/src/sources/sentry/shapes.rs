//! What Sentry's documents about organisations, projects and issues say.
//!
//! Every field may be missing, null or of another type than documented; only what has an id counts.

use std::collections::BTreeMap;

use explainer_core::{
    domain::{Event, Issue, Level, Project, Timestamp},
    explain::collect,
    ports::Organization,
};
use serde_json::Value;

/// The longest line of text kept, in characters.
const LINE: usize = 2000;

/// Whether Sentry could have an issue with this id, numeric or short (`SHOP-4F`).
pub(super) fn is_issue_id(id: &str) -> bool {
    let plain = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_');
    (1..=128).contains(&id.len()) && id.bytes().all(plain)
}

/// An organisation, known to be called `slug`.
pub(super) fn organization(document: &Value, slug: &str) -> Organization {
    Organization {
        id: text(document, "id").unwrap_or_default(),
        name: text(document, "name").unwrap_or_else(|| slug.to_owned()),
        slug: text(document, "slug").unwrap_or_else(|| slug.to_owned()),
    }
}

/// A project, if it says which.
pub(super) fn project(document: &Value) -> Option<Project> {
    let id = text(document, "id");
    let slug = text(document, "slug");
    let known = id.clone().or_else(|| slug.clone())?;
    let slug = slug.unwrap_or_else(|| known.clone());
    Some(Project {
        id: id.unwrap_or(known),
        name: text(document, "name").unwrap_or_else(|| slug.clone()),
        slug,
        platform: text(document, "platform"),
    })
}

/// An issue, if it has an id: of a list, of the issue's own address, or of a webhook.
pub(super) fn issue(document: &Value) -> Option<Issue> {
    let id = text(document, "id")?;
    let metadata = document.get("metadata").unwrap_or(&Value::Null);
    let (kind, value) = (text(metadata, "type"), text(metadata, "value"));
    let title = text(document, "title").or_else(|| text(metadata, "title"));
    let made = || match (&kind, &value) {
        (Some(kind), Some(value)) => Some(format!("{kind}: {value}")),
        (one, other) => one.clone().or_else(|| other.clone()),
    };
    let title = title.or_else(made);
    let title = title.unwrap_or_else(|| format!("issue {id} without a title"));
    let of_issue = project(document.get("project").unwrap_or(&Value::Null));
    let platform = text(document, "platform");
    Some(Issue {
        short_id: text(document, "shortId"),
        culprit: text(document, "culprit"),
        message: value.clone().unwrap_or_else(|| title.clone()),
        level: Level::parse(&text(document, "level").unwrap_or_default()),
        platform: platform
            .or_else(|| of_issue.as_ref()?.platform.clone())
            .unwrap_or_default(),
        project: of_issue.unwrap_or_default(),
        first_seen: time(document, "firstSeen"),
        last_seen: time(document, "lastSeen"),
        count: number(document, "count"),
        user_count: number(document, "userCount"),
        permalink: web_address(document, "permalink").or_else(|| web_address(document, "web_url")),
        metadata: pairs(metadata),
        status: text(document, "status").unwrap_or_default(),
        substatus: text(document, "substatus"),
        priority: text(document, "priority"),
        id,
        title,
        ..Issue::default()
    })
}

/// Adds what only an event knows: tag values, the stack, the message.
pub(super) fn complete(issue: &mut Issue, event: Event) {
    let told = collect::issue_of(&[event]);
    issue.tags = told.tags;
    issue.stack_trace = told.stack_trace;
    issue.culprit = issue.culprit.take().or(told.culprit);
    if !told.message.is_empty() {
        issue.message = told.message;
    }
    for (key, value) in told.metadata {
        issue.metadata.entry(key).or_insert(value);
    }
}

/// A string or a number as text; blank text is nothing.
pub(super) fn text(document: &Value, key: &str) -> Option<String> {
    let text = match document.get(key)? {
        Value::String(text) => text.trim().chars().take(LINE).collect(),
        Value::Number(number) => number.to_string(),
        _ => String::new(),
    };
    (!text.is_empty()).then_some(text)
}

/// Sentry sends counts as text.
fn number(document: &Value, key: &str) -> u64 {
    match document.get(key) {
        Some(Value::String(text)) => text.trim().parse().unwrap_or_default(),
        Some(value) => value.as_u64().unwrap_or_default(),
        None => 0,
    }
}

fn time(document: &Value, key: &str) -> Option<Timestamp> {
    let time: Timestamp = document.get(key)?.as_str()?.parse().ok()?;
    Timestamp::from_millisecond(time.as_millisecond()).ok()
}

/// An address of the web: whoever shows it as a link runs nothing by that.
pub(super) fn web_address(document: &Value, key: &str) -> Option<String> {
    let text = text(document, key)?;
    let lower = text.to_ascii_lowercase();
    let web = lower.starts_with("https://") || lower.starts_with("http://");
    web.then_some(text)
}

fn pairs(document: &Value) -> BTreeMap<String, Value> {
    let entries = document.as_object().into_iter().flatten();
    let told = entries.filter(|(_, value)| !value.is_null());
    told.map(|(key, value)| (key.clone(), value.clone()))
        .collect()
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn an_issue_is_read_whatever_is_missing_or_of_another_type() {
        assert_eq!(issue(&json!({"title": "no id"})), None);
        assert_eq!(issue(&json!(null)), None);
        let bare = issue(
            &json!({"id": 7, "culprit": null, "metadata": [], "count": null,
            "project": null, "firstSeen": 5, "permalink": "javascript:alert(1)"}),
        );
        let bare = bare.unwrap();
        assert_eq!((bare.id.as_str(), bare.count), ("7", 0));
        assert_eq!(bare.title, "issue 7 without a title");
        assert_eq!((bare.culprit, bare.permalink), (None, None));

        let full = issue(
            &json!({"id": "8", "shortId": "SHOP-8", "culprit": "pay in charge",
            "metadata": {"type": "KeyError", "value": "'sku'", "filename": null},
            "count": "1204", "userCount": 31, "level": "sample", "status": "unresolved",
            "substatus": "regressed", "priority": "high",
            "project": {"id": "4", "slug": "shop", "name": "Shop", "platform": "python"},
            "lastSeen": "2026-02-01T11:00:00.123456Z", "permalink": "https://x/issues/8/"}),
        )
        .unwrap();
        assert_eq!(full.title, "KeyError: 'sku'");
        assert_eq!((full.count, full.user_count), (1204, 31));
        assert_eq!(
            (full.level, full.platform.as_str()),
            (Level::Error, "python")
        );
        assert_eq!(full.metadata.len(), 2);
        assert_eq!(
            full.last_seen.unwrap().to_string(),
            "2026-02-01T11:00:00.123Z"
        );
        assert_eq!(full.substatus.as_deref(), Some("regressed"));
        assert_eq!(full.permalink.as_deref(), Some("https://x/issues/8/"));
    }
}
