//! Reads one event, whichever of the shapes it has.
//!
//! Two shapes are told apart nowhere: a part is looked up under every name it has on the wire
//! (`exception` and `sentry.interfaces.Exception` of SDKs, an entry of type `exception` of the
//! Web API), and what is found first counts. Stacks are read by [`super::stack`].

use super::{
    json::Node,
    limits::{MAX_BREADCRUMBS, MAX_MESSAGE, MAX_NAME, MAX_PAIRS, MAX_STACKS, MAX_TEXT, cut},
    stack,
    values::{items, pairs, timestamp},
};
use crate::domain::{
    Event, Level,
    event::{Breadcrumb, Request},
};

/// Reports that browsers send of their own accord, by the names of their parts.
const REPORTS: [[&str; 2]; 5] = [
    ["csp", "sentry.interfaces.Csp"],
    ["hpkp", "sentry.interfaces.Hpkp"],
    ["expectct", "sentry.interfaces.ExpectCT"],
    ["expectstaple", "sentry.interfaces.ExpectStaple"],
    ["nel", "sentry.interfaces.Nel"],
];

/// Reads what `node` tells; anything may be missing.
pub(super) fn event(node: &Node<'_>) -> Event {
    let tags = pairs(node.get("tags"));
    let name = |keys: &[&str]| node.any(keys).text(MAX_NAME);
    // The Web API tells these as tags alone.
    let or_tag = |value: Option<String>, key: &str| {
        value.or_else(|| {
            tags.iter()
                .find(|tag| tag.0 == key)
                .map(|tag| tag.1.clone())
        })
    };
    Event {
        id: name(&["event_id", "eventID", "id"]),
        issue_id: name(&["issue_id", "groupID", "group_id"]),
        project_id: project(node),
        title: node.any(&["title"]).text(MAX_NAME),
        message: message(node),
        culprit: name(&["culprit"]),
        level: or_tag(name(&["level"]), "level").map_or(Level::default(), |it| Level::parse(&it)),
        platform: name(&["platform"]).filter(|platform| platform != "other"),
        logger: or_tag(name(&["logger"]), "logger"),
        transaction: or_tag(name(&["transaction"]), "transaction"),
        release: or_tag(version(node.get("release")), "release"),
        environment: or_tag(name(&["environment"]), "environment"),
        server_name: or_tag(name(&["server_name"]), "server_name"),
        timestamp: [
            "timestamp",
            "dateCreated",
            "datetime",
            "received",
            "dateReceived",
        ]
        .iter()
        .find_map(|key| timestamp(node.get(key))),
        sdk: sdk(node.get("sdk")),
        exceptions: stack::exceptions(part(node, &["exception", "sentry.interfaces.Exception"])),
        threads: threads(node),
        breadcrumbs: breadcrumbs(part(
            node,
            &["breadcrumbs", "sentry.interfaces.Breadcrumbs"],
        )),
        request: request(part(node, &["request", "sentry.interfaces.Http"])),
        user: pairs(node.any(&["user", "sentry.interfaces.User"])),
        contexts: contexts(node.get("contexts")),
        extra: pairs(node.any(&["extra", "context"])),
        findings: findings(node),
        fingerprint: fingerprint(node),
        tags,
    }
}

/// A part under the first of its `names` that holds something, or else the Web API's entry of that type.
fn part<'n, 'a>(node: &'n Node<'a>, names: &[&str]) -> &'n Node<'a> {
    let direct = node.any(names);
    if direct.is_null() {
        return entry(node, names);
    }
    direct
}

fn entry<'n, 'a>(node: &'n Node<'a>, kinds: &[&str]) -> &'n Node<'a> {
    let mut entries = node.get("entries").list().iter();
    let found = entries.find(|entry| {
        let kind = entry.get("type").str();
        kind.is_some_and(|kind| kinds.contains(&kind))
    });
    found.unwrap_or(node.get("entries")).get("data")
}

fn project(node: &Node<'_>) -> Option<String> {
    let project = node.any(&["projectID", "project_id", "project"]);
    let project = if project.is_map() {
        project.any(&["id", "slug"])
    } else {
        project
    };
    project.text(MAX_NAME)
}

/// The message with its parameters in it. It may be a string, a log entry, or both.
fn message(node: &Node<'_>) -> Option<String> {
    let places = [
        node.any(&["logentry", "sentry.interfaces.Message"]),
        entry(node, &["message"]),
        node.get("message"),
    ];
    places.iter().find_map(|place| {
        let formatted = place.get("formatted").text(MAX_MESSAGE);
        formatted
            .or_else(|| {
                fill_in(
                    &place.get("message").text(MAX_MESSAGE)?,
                    place.get("params"),
                )
            })
            .or_else(|| place.text(MAX_MESSAGE))
    })
}

/// Puts parameters where `%s`, `%d` or `{}` stand, as far as there are any.
fn fill_in(template: &str, params: &Node<'_>) -> Option<String> {
    let mut message = String::new();
    let mut rest = template;
    for param in params.list() {
        let places = ["%s", "%d", "%r", "{}"].iter();
        let Some(at) = places.filter_map(|place| rest.find(place)).min() else {
            break;
        };
        message.push_str(rest.get(..at)?);
        message.push_str(&param.flat(MAX_TEXT).unwrap_or_else(|| "null".to_owned()));
        rest = rest.get(at + 2..)?;
    }
    message.push_str(rest);
    Some(cut(&message, MAX_MESSAGE))
}

fn version(release: &Node<'_>) -> Option<String> {
    release
        .text(MAX_NAME)
        .or_else(|| release.get("version").text(MAX_NAME))
}

fn sdk(sdk: &Node<'_>) -> Option<String> {
    let name = sdk.get("name").text(MAX_NAME)?;
    Some(match sdk.get("version").text(MAX_NAME) {
        Some(version) => format!("{name} {version}"),
        None => name,
    })
}

fn threads(node: &Node<'_>) -> Vec<crate::domain::event::Thread> {
    let alone = part(node, &["stacktrace", "sentry.interfaces.Stacktrace"]);
    let mut threads = stack::threads(part(node, &["threads", "sentry.interfaces.Threads"]));
    threads.extend(stack::lone_stack(alone));
    threads
}

fn breadcrumbs(node: &Node<'_>) -> Vec<Breadcrumb> {
    let crumbs = items(node);
    let newest = crumbs.get(crumbs.len().saturating_sub(MAX_BREADCRUMBS)..);
    let newest = newest
        .unwrap_or_default()
        .iter()
        .filter(|crumb| crumb.is_map());
    newest
        .map(|crumb| Breadcrumb {
            timestamp: timestamp(crumb.get("timestamp")),
            category: crumb.get("category").text(MAX_NAME).or_else(|| {
                crumb
                    .get("type")
                    .text(MAX_NAME)
                    .filter(|kind| kind != "default")
            }),
            level: crumb.get("level").str().map(Level::parse),
            message: crumb
                .get("message")
                .flat(MAX_TEXT)
                .filter(|text| !text.is_empty()),
            data: pairs(crumb.get("data")),
        })
        .collect()
}

fn request(node: &Node<'_>) -> Option<Request> {
    if !node.is_map() {
        return None;
    }
    let url = node.get("url").text(MAX_TEXT);
    let (url, asked) = match url.as_deref().and_then(|url| url.split_once('?')) {
        Some((plain, query)) => (Some(plain.to_owned()), Some(query.to_owned())),
        None => (url, None),
    };
    let query = form(node.any(&["query_string", "query"]), "&").or(asked);
    let request = Request {
        method: node.get("method").text(MAX_NAME),
        url,
        query: query.filter(|query| !query.is_empty()),
        body: node
            .get("data")
            .flat(MAX_TEXT)
            .filter(|body| !body.is_empty()),
        headers: pairs(node.get("headers")),
        cookies: form(node.get("cookies"), "; ").filter(|cookies| !cookies.is_empty()),
        env: pairs(node.get("env")),
    };
    (request != Request::default()).then_some(request)
}

/// Text as it was sent, or pairs joined as they were.
fn form(node: &Node<'_>, between: &str) -> Option<String> {
    let joined = || {
        let pairs = pairs(node);
        let pairs: Vec<_> = pairs
            .iter()
            .map(|(key, value)| format!("{key}={value}"))
            .collect();
        cut(&pairs.join(between), MAX_TEXT)
    };
    match node {
        Node::List(_) | Node::Map(_) => Some(joined()),
        _ => node.text(MAX_TEXT),
    }
}

fn contexts(node: &Node<'_>) -> Vec<(String, Vec<(String, String)>)> {
    let contexts = node
        .entries()
        .iter()
        .take(MAX_STACKS)
        .map(|(name, context)| {
            let mut values = pairs(context);
            if values.is_empty() && !context.is_map() {
                values.extend(
                    context
                        .flat(MAX_TEXT)
                        .map(|value| ("value".to_owned(), value)),
                );
            }
            // Every context may say again what kind it is, which its name mostly tells.
            values.retain(|(key, value)| key != "type" || value != name);
            (cut(name, MAX_NAME), values)
        });
    contexts.filter(|(_, values)| !values.is_empty()).collect()
}

/// What a detector or a browser reported, for events that hold no exception.
fn findings(node: &Node<'_>) -> Vec<(String, String)> {
    let occurrence = node.get("occurrence");
    let mut findings = Vec::new();
    for (key, names) in [
        ("title", ["issueTitle", "issue_title"]),
        ("subtitle", ["subtitle", "subTitle"]),
    ] {
        let text = occurrence.any(&names).text(MAX_TEXT);
        findings.extend(text.map(|text| (key.to_owned(), text)));
    }
    findings.extend(pairs(
        occurrence.any(&["evidenceDisplay", "evidence_display"]),
    ));
    findings.extend(pairs(occurrence.any(&["evidenceData", "evidence_data"])));
    findings.extend(REPORTS.iter().flat_map(|names| pairs(part(node, names))));
    findings.extend(pairs(part(
        node,
        &["template", "sentry.interfaces.Template"],
    )));
    findings.truncate(MAX_PAIRS);
    findings
}

fn fingerprint(node: &Node<'_>) -> Vec<String> {
    // `fingerprints` of the Web API are hashes of what the server made of it, and say nothing.
    let listed = node.get("fingerprint").list().iter();
    listed
        .filter_map(|item| item.text(MAX_NAME))
        .take(MAX_PAIRS)
        .collect()
}
