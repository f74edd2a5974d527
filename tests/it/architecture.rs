//! Which room may know which: the table of `ARCHITECTURE.md`, asserted from the dependencies cargo sees.

use std::{
    collections::{BTreeMap, BTreeSet},
    process::Command,
};

use cargo_metadata::{DependencyKind, Metadata, MetadataCommand, PackageId};

/// A room, the other rooms it may know, and crates it must never depend on, however indirectly.
const RULES: &[(&str, &[&str], &[&str])] = &[
    (
        "explainer-core",
        &[],
        &[
            "tokio",
            "reqwest",
            "hyper",
            "poem",
            "bson",
            "mongodb",
            "rusqlite",
            "sentry",
            "opentelemetry",
            "mio",
            "socket2",
            "libloading",
        ],
    ),
    (
        "explainer-adapters",
        &["explainer-core"],
        &["poem", "poem-openapi", "clap"],
    ),
    (
        "explainer",
        &[
            "explainer-core",
            "explainer-adapters",
            "explainer-plugin-host",
        ],
        &["openssl-sys", "native-tls"],
    ),
    (
        "explainer-plugin-sdk",
        &[],
        &["libloading", "rustix", "reqwest", "hyper", "poem"],
    ),
    (
        "explainer-plugin-host",
        &["explainer-core", "explainer-plugin-sdk"],
        &["poem", "reqwest", "hyper"],
    ),
    (
        "explainer-plugin-template",
        &["explainer-plugin-sdk"],
        &["libloading", "reqwest", "hyper"],
    ),
    (
        "explainer-plugin-bugsink",
        &["explainer-plugin-sdk"],
        &["libloading", "reqwest", "hyper"],
    ),
    ("explainer-plugin-rogue", &["explainer-plugin-sdk"], &[]),
    (
        "explainer-tests",
        &["explainer", "explainer-core", "explainer-adapters"],
        &[],
    ),
];

#[test]
fn arrows_point_inward_only() {
    let wrong = wrong_arrows(&graph(&metadata()));
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn every_room_has_a_rule() {
    let metadata = metadata();
    let rooms: BTreeSet<_> = metadata
        .workspace_packages()
        .iter()
        .map(|it| it.name.to_string())
        .collect();
    let ruled: BTreeSet<_> = RULES.iter().map(|(room, ..)| (*room).to_owned()).collect();
    assert_eq!(rooms, ruled);
}

#[test]
fn a_wrong_arrow_would_be_caught() {
    let mut graph = graph(&metadata());
    graph
        .entry("explainer-core".into())
        .or_default()
        .insert("tracing-flavoured".into());
    graph.insert("tracing-flavoured".into(), BTreeSet::from(["tokio".into()]));
    graph
        .entry("explainer-adapters".into())
        .or_default()
        .insert("explainer".into());
    let wrong = wrong_arrows(&graph);
    assert!(
        wrong
            .iter()
            .any(|it| it.contains("explainer-core must not depend on tokio")),
        "{wrong:?}"
    );
    assert!(
        wrong
            .iter()
            .any(|it| it.contains("explainer-adapters must not know explainer")),
        "{wrong:?}"
    );
}

#[test]
fn the_floors_of_the_core_have_no_arrow_up() {
    // Above each floor stand those that may know it and that it may not know.
    const FLOORS: [&str; 4] = ["services", "explain", "ports", "domain"];
    let src = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("../core/src");
    for (index, floor) in FLOORS.iter().enumerate() {
        for (path, text) in sources(&src.join(floor)) {
            for above in &FLOORS[..index] {
                let arrow = text
                    .lines()
                    .filter(|line| !line.trim_start().starts_with("//"))
                    .find(|line| {
                        line.contains(&format!("crate::{above}"))
                            || line.trim_start().starts_with(&format!("{above}::"))
                    });
                assert_eq!(arrow, None, "{path}: {floor} must not know {above}");
            }
        }
    }
}

#[test]
fn files_stay_short_enough_to_read() {
    // Spelled without `tests/..`, as a folder of tests is told by its name below.
    let root = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("..");
    let root = root.canonicalize().unwrap();
    let rooms = [
        "core/src",
        "adapters/src",
        "app/src",
        "plugins/sdk/src",
        "plugins/host/src",
        "plugins/template/src",
        "plugins/bugsink/src",
        "plugins/rogue/src",
    ];
    for room in rooms {
        let read = sources(&root.join(room)).into_iter();
        let own = read.filter(|(path, _)| !is_test(path));
        let mut count = 0;
        for (path, text) in own {
            count += 1;
            let code = text
                .split("#[cfg(test)]\nmod tests {")
                .next()
                .unwrap_or_default();
            let lines = code.lines().count();
            assert!(
                lines <= 400,
                "{path} has {lines} lines without its tests: make two rooms of it"
            );
            assert!(
                text.starts_with("//!"),
                "{path} does not say what it is for"
            );
        }
        assert!(count > 0, "no file of {room} was read");
    }
}

fn is_test(path: &str) -> bool {
    path.ends_with("/tests.rs") || path.contains("/tests/")
}

/// Every Rust file below `folder`, as path and text.
fn sources(folder: &std::path::Path) -> Vec<(String, String)> {
    let mut found = Vec::new();
    for entry in std::fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            found.extend(sources(&path));
        } else if path.extension().is_some_and(|it| it == "rs") {
            found.push((
                path.display().to_string(),
                std::fs::read_to_string(&path).unwrap(),
            ));
        }
    }
    found
}

type Graph = BTreeMap<String, BTreeSet<String>>;

/// Of this platform alone: the others' packages need not have been fetched.
fn metadata() -> Metadata {
    let manifest = concat!(env!("CARGO_MANIFEST_DIR"), "/../Cargo.toml");
    let version = Command::new("rustc").arg("-vV").output().unwrap();
    let version = String::from_utf8(version.stdout).unwrap();
    let host = version
        .lines()
        .find_map(|line| line.strip_prefix("host: "))
        .unwrap();
    let options = ["--locked", "--filter-platform", host].map(str::to_owned);
    MetadataCommand::new()
        .manifest_path(manifest)
        .other_options(options)
        .exec()
        .unwrap()
}

/// Which package needs which, in a build and not only in tests.
fn graph(metadata: &Metadata) -> Graph {
    let name = |id: &PackageId| metadata[id].name.to_string();
    let resolve = metadata.resolve.as_ref().unwrap();
    let mut graph = Graph::new();
    for node in &resolve.nodes {
        let normal = node.deps.iter().filter(|dep| {
            dep.dep_kinds
                .iter()
                .any(|it| it.kind == DependencyKind::Normal)
        });
        graph
            .entry(name(&node.id))
            .or_default()
            .extend(normal.map(|dep| name(&dep.pkg)));
    }
    graph
}

fn wrong_arrows(graph: &Graph) -> Vec<String> {
    let mut wrong = Vec::new();
    let rooms: BTreeSet<_> = RULES.iter().map(|(room, ..)| *room).collect();
    for (room, may_know, never) in RULES {
        for direct in &graph[*room] {
            if rooms.contains(direct.as_str()) && !may_know.contains(&direct.as_str()) {
                wrong.push(format!("{room} must not know {direct}"));
            }
        }
        let reached = reach(graph, room);
        wrong.extend(
            never
                .iter()
                .filter(|it| reached.contains(**it))
                .map(|it| format!("{room} must not depend on {it}")),
        );
    }
    wrong
}

fn reach(graph: &Graph, from: &str) -> BTreeSet<String> {
    let mut reached = BTreeSet::new();
    let mut open = vec![from.to_owned()];
    while let Some(name) = open.pop() {
        for next in graph.get(&name).into_iter().flatten() {
            if reached.insert(next.clone()) {
                open.push(next.clone());
            }
        }
    }
    reached
}
