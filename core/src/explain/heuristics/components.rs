//! The parts of the program that are involved, and the systems outside of it.

use super::{
    facts::Facts,
    inline,
    trail::{self, Action},
};
use crate::domain::event::Frame;

/// More are no help.
const MOST: usize = 6;

/// Systems by words in queries and messages, with the name to show.
const SYSTEMS: [(&str, &str); 20] = [
    ("psycopg", "PostgreSQL"),
    ("postgres", "PostgreSQL"),
    ("pg::", "PostgreSQL"),
    ("mysql", "MySQL"),
    ("mariadb", "MariaDB"),
    ("sqlite", "SQLite"),
    ("sqlserver", "SQL Server"),
    ("oracle", "Oracle"),
    ("ora-0", "Oracle"),
    ("redis", "Redis"),
    ("mongo", "MongoDB"),
    ("elasticsearch", "Elasticsearch"),
    ("kafka", "Kafka"),
    ("rabbitmq", "RabbitMQ"),
    ("amqp", "RabbitMQ"),
    ("memcache", "Memcached"),
    ("dynamodb", "DynamoDB"),
    ("cassandra", "Cassandra"),
    ("smtp", "SMTP"),
    ("s3.amazonaws", "S3"),
];

/// Own components from the crash outward, then systems outside; at most six.
pub(super) fn list(facts: &Facts<'_>) -> Vec<String> {
    let own = facts
        .crash
        .into_iter()
        .chain(facts.path.iter().copied())
        .filter(|call| call.own);
    let mut parts: Vec<String> = Vec::new();
    let found = own.filter_map(|call| component(call.frame));
    for part in found.chain(outside(facts)) {
        if parts.len() < MOST && !parts.contains(&part) {
            parts.push(part);
        }
    }
    parts
}

/// The folder of a file, without what is the same for all; the class where files are named by class.
fn component(frame: &Frame) -> Option<String> {
    let module = frame
        .module
        .as_deref()
        .filter(|module| module.contains('.'));
    let file = frame.file.as_deref().or(frame.abs_path.as_deref());
    let by_class = file.is_none_or(|file| {
        [".java", ".kt", ".scala"]
            .iter()
            .any(|end| file.ends_with(end))
    });
    let part = match (module.filter(|_| by_class), file) {
        (Some(module), _) => module.split('$').next()?.to_owned(),
        (None, Some(file)) => folder(file),
        (None, None) => frame
            .module
            .as_deref()
            .or(frame.package.as_deref())
            .map(last_part)?,
    };
    let part = inline::line(&part, 120);
    (!part.is_empty()).then_some(part)
}

/// `https://x.io/static/src/cart/total.js?v=2` → `cart`; `/srv/shop/app/gen.py` → `gen.py`.
fn folder(file: &str) -> String {
    let path = file
        .split(['?', '#'])
        .next()
        .unwrap_or_default()
        .replace('\\', "/");
    let path = match path.split_once("://") {
        Some((_, rest)) => rest.split_once('/').map_or(rest, |(_, rest)| rest),
        None => &path,
    };
    let absolute = path.starts_with('/') || file.contains(":\\");
    let mut parts: Vec<&str> = path
        .split('/')
        .filter(|part| !matches!(*part, "" | "." | ".."))
        .collect();
    let name = parts.pop().unwrap_or_default();
    let root = parts
        .iter()
        .rposition(|part| matches!(*part, "src" | "app" | "lib" | "main" | "java" | "kotlin"));
    if let Some(root) = root {
        parts.drain(..=root);
    } else if absolute {
        // Only the nearest folder of an absolute path is surely the program's.
        parts.drain(..parts.len().saturating_sub(1));
    }
    parts.truncate(4);
    if parts.is_empty() {
        name.to_owned()
    } else {
        parts.join("/")
    }
}

fn last_part(path: &str) -> String {
    path.rsplit(['/', '\\'])
        .next()
        .unwrap_or_default()
        .to_owned()
}

/// Hosts that were called and systems that were named, most recent first.
fn outside<'a>(facts: &'a Facts<'_>) -> impl Iterator<Item = String> + 'a {
    let own = facts
        .event
        .request
        .as_ref()
        .and_then(|request| trail::host(request.url.as_deref()?));
    let hosts = facts
        .trail
        .iter()
        .rev()
        .filter_map(move |step| match step.action {
            Action::Http { url, .. } => trail::host(url).filter(|host| Some(*host) != own),
            _ => None,
        });
    let blocked = facts.finding(&["blocked_uri"]).and_then(trail::host);
    let hosts = blocked
        .into_iter()
        .chain(hosts)
        .map(|host| format!("{} (external)", inline::line(host, 80)));
    systems(facts)
        .into_iter()
        .map(|system| format!("{system} (external)"))
        .chain(hosts)
}

fn systems(facts: &Facts<'_>) -> Vec<&'static str> {
    let exceptions = facts.event.exceptions.iter().rev().take(8);
    let said = exceptions
        .flat_map(|one| [&one.kind, &one.value, &one.module])
        .flatten();
    let crumbs = facts
        .event
        .breadcrumbs
        .iter()
        .rev()
        .take(50)
        .filter_map(|crumb| crumb.category.as_ref());
    let mut found = Vec::new();
    for text in said.chain(crumbs) {
        let text = text
            .chars()
            .take(300)
            .collect::<String>()
            .to_ascii_lowercase();
        let named = SYSTEMS.iter().filter(|(word, _)| text.contains(word));
        found.extend(
            named
                .map(|(_, name)| *name)
                .filter(|name| !found.contains(name))
                .collect::<Vec<_>>(),
        );
    }
    found.dedup();
    found
}
