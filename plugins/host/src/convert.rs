//! What plugins say, as the core's types. Answers that cannot be are refused with the reason.

use explainer_core::{
    domain::{self, Event, Issue, Level, Page, Project},
    explain::collect,
    ports::{Organization, SourceSignal, SourceStatus},
};
use explainer_plugin_sdk as sdk;

/// The longest id of an issue, as the use cases ask for it, and the longest cursor clients may send.
const MAX_ID: usize = 256;
const MAX_CURSOR: usize = 1000;
/// How many issues one webhook may be about.
const MAX_SIGNALS: usize = 100;

pub(crate) fn status(status: sdk::Status) -> SourceStatus {
    SourceStatus {
        organization: status.organization.map(|it| Organization {
            id: it.id,
            name: it.name,
            slug: it.slug,
        }),
        projects: status.projects.into_iter().map(project).collect(),
    }
}

pub(crate) fn project(project: sdk::Project) -> Project {
    Project {
        id: project.id,
        slug: project.slug,
        name: project.name,
        platform: project.platform,
    }
}

pub(crate) fn page(page: sdk::Page, limit: u16) -> Result<Page<Issue>, String> {
    if page.items.len() > usize::from(limit) {
        let listed = page.items.len();
        return Err(format!(
            "it lists {listed} issues where {limit} were asked for"
        ));
    }
    let long = |cursor: &Option<String>| cursor.as_ref().is_some_and(|it| it.len() > MAX_CURSOR);
    if long(&page.next) || long(&page.prev) {
        return Err(format!("a cursor is longer than {MAX_CURSOR} bytes"));
    }
    let items: Result<_, String> = page.items.into_iter().map(issue).collect();
    Ok(Page {
        items: items?,
        next: page.next,
        prev: page.prev,
    })
}

pub(crate) fn issue(issue: sdk::Issue) -> Result<Issue, String> {
    if !(1..=MAX_ID).contains(&issue.id.len()) {
        return Err(format!("an issue's id is not 1 to {MAX_ID} bytes long"));
    }
    if issue.title.trim().is_empty() {
        return Err("an issue has no title".to_owned());
    }
    Ok(Issue {
        id: issue.id,
        short_id: issue.short_id,
        title: issue.title,
        culprit: issue.culprit,
        message: issue.message,
        level: match issue.level {
            sdk::Level::Fatal => Level::Fatal,
            sdk::Level::Error => Level::Error,
            sdk::Level::Warning => Level::Warning,
            sdk::Level::Info => Level::Info,
            sdk::Level::Debug => Level::Debug,
        },
        platform: issue.platform,
        project: project(issue.project),
        first_seen: time(issue.first_seen)?,
        last_seen: time(issue.last_seen)?,
        count: issue.count,
        user_count: issue.user_count,
        permalink: issue
            .permalink
            .filter(|it| it.starts_with("http://") || it.starts_with("https://")),
        stack_trace: issue.stack_trace,
        tags: issue.tags,
        metadata: issue.metadata,
        status: issue.status,
        substatus: issue.substatus,
        priority: issue.priority,
        ..Issue::default()
    })
}

fn time(text: Option<String>) -> Result<Option<domain::Timestamp>, String> {
    let parse = |text: String| {
        let time = text.parse::<domain::Timestamp>();
        time.map_err(|_| format!("{text:?} is no time of RFC 3339"))
    };
    text.map(parse).transpose()
}

/// The events in an answer, which is a list of documents of any shape that collecting knows.
pub(crate) fn events(answer: &[u8]) -> Result<Vec<Event>, String> {
    let answer = answer.trim_ascii();
    if !answer.starts_with(b"[") {
        return Err("it is not a list of events".to_owned());
    }
    if answer
        .trim_ascii_end()
        .strip_prefix(b"[")
        .is_some_and(|rest| rest.trim_ascii() == b"]")
    {
        return Ok(Vec::new());
    }
    collect::read(answer).map_err(|why| why.to_string())
}

/// An event in which what the plugin calls sensitive is data of a user, so that the workspace's
/// policy holds for it.
pub(crate) fn classified(mut event: Event, sensitive: &[String]) -> Event {
    for field in sensitive {
        let Some((part, name)) = field.split_once('.') else {
            continue;
        };
        let taken: Vec<(String, String)> = match part {
            "tags" => event.tags.extract_if(.., |(key, _)| key == name).collect(),
            "extra" => event.extra.extract_if(.., |(key, _)| key == name).collect(),
            "contexts" => {
                let contexts = event.contexts.extract_if(.., |(key, _)| key == name);
                contexts.flat_map(|(_, pairs)| pairs).collect()
            }
            _ => continue,
        };
        event.user.extend(taken);
    }
    event
}

/// What a webhook delivery says; signals that this host does not know are left out.
pub(crate) fn signals(
    signals: Vec<sdk::Signal>,
    sensitive: &[String],
) -> Result<Vec<SourceSignal>, String> {
    if signals.len() > MAX_SIGNALS {
        let count = signals.len();
        return Err(format!(
            "it has {count} signals, and one delivery may have {MAX_SIGNALS}"
        ));
    }
    let known = signals.into_iter().filter_map(|it| signal(it, sensitive));
    known.collect()
}

fn signal(signal: sdk::Signal, sensitive: &[String]) -> Option<Result<SourceSignal, String>> {
    match signal {
        sdk::Signal::IssueSeen { issue: seen, event } => Some(issue(*seen).map(|seen| {
            let event = event.and_then(|event| {
                let read = collect::read(event.document().as_bytes());
                read.ok()?.into_iter().next()
            });
            SourceSignal::IssueSeen {
                issue: Box::new(seen),
                event: event.map(|event| Box::new(classified(event, sensitive))),
            }
        })),
        sdk::Signal::IssueClosed { issue_id } => Some(Ok(SourceSignal::IssueClosed { issue_id })),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn events_are_a_list_of_documents() {
        assert_eq!(events(b" [ ] "), Ok(Vec::new()));
        let read = events(br#"[{"event_id":"1","message":"a"},{"event_id":"2","message":"b"}]"#);
        assert_eq!(read.unwrap().len(), 2);
        for bad in ["", "{}", "{\"events\": []}", "[", "[1]", "\u{0}"] {
            assert!(events(bad.as_bytes()).is_err(), "{bad}");
        }
    }

    #[test]
    fn what_is_called_sensitive_becomes_data_of_a_user() {
        let document = json!([{"message": "x", "tags": {"customer": "Ada", "region": "eu"}, "extra": {"iban": "DE1"}}]);
        let event = events(document.to_string().as_bytes()).unwrap().remove(0);
        let sensitive = ["tags.customer", "extra.iban", "nonsense"].map(str::to_owned);
        let event = classified(event, &sensitive);
        let pair = |key: &str, value: &str| (key.to_owned(), value.to_owned());
        assert_eq!(event.tags, [pair("region", "eu")]);
        assert_eq!(event.user, [pair("customer", "Ada"), pair("iban", "DE1")]);
        assert!(event.extra.is_empty());
    }

    #[test]
    fn what_a_webhook_says_is_bounded_and_its_event_classified() {
        let seen = |id: &str| {
            let seen = json!({"type": "issue_seen",
                "issue": {"id": id, "title": "it broke", "substatus": "regressed", "priority": "high"},
                "event": {"message": "x", "tags": {"customer": "Ada"}}});
            serde_json::from_value::<sdk::Signal>(seen).unwrap()
        };
        let read = signals(vec![seen("1")], &["tags.customer".to_owned()]).unwrap();
        let [
            SourceSignal::IssueSeen {
                issue,
                event: Some(event),
            },
        ] = &read[..]
        else {
            panic!("{read:?}");
        };
        assert_eq!(issue.substatus.as_deref(), Some("regressed"));
        assert_eq!(issue.priority.as_deref(), Some("high"));
        assert_eq!(event.user, [("customer".to_owned(), "Ada".to_owned())]);
        assert!(signals(vec![seen("")], &[]).is_err());
        assert!(signals(vec![seen("1"); MAX_SIGNALS], &[]).is_ok());
        let many = signals(vec![seen("1"); MAX_SIGNALS + 1], &[]);
        assert!(many.unwrap_err().contains("101 signals"));
    }

    #[test]
    fn an_issue_that_cannot_be_is_refused() {
        let good = sdk::Issue {
            id: "1".to_owned(),
            title: "it broke".to_owned(),
            permalink: Some("javascript:alert(1)".to_owned()),
            ..sdk::Issue::default()
        };
        assert_eq!(issue(good.clone()).unwrap().permalink, None);
        let bad = [
            sdk::Issue {
                id: String::new(),
                ..good.clone()
            },
            sdk::Issue {
                id: "x".repeat(MAX_ID + 1),
                ..good.clone()
            },
            sdk::Issue {
                title: " ".to_owned(),
                ..good.clone()
            },
            sdk::Issue {
                last_seen: Some("yesterday".to_owned()),
                ..good
            },
        ];
        for bad in bad {
            assert!(issue(bad.clone()).is_err(), "{bad:?}");
        }
    }
}
