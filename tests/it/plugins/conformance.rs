//! Every plugin keeps the promises of an issue source, in a child as in the host.

use std::path::Path;

use explainer_core::testkit::conformance::{self, issue_source};
use explainer_plugin_host::{Isolation, Options};
use serde_json::{Value, json};

use super::support::{allowed, isolations, library, notes_in_c, options, runtime};

/// Runs the suite of issue sources on a plugin, in both ways of running it.
pub(crate) fn holds(
    name: &str,
    library: &Path,
    settings: &Value,
    options: impl Fn(&Isolation) -> Options,
) {
    for isolation in isolations() {
        let way = match isolation {
            Isolation::Process(_) => "in a child",
            Isolation::InProcess => "in the host",
        };
        let runtime = runtime();
        let loading = explainer_plugin_host::Plugin::load(allowed(library), options(&isolation));
        let plugin = runtime.block_on(loading).unwrap();
        let source = plugin.source(settings);
        conformance::run(&format!("{name} {way}"), issue_source::CASES, |case| {
            runtime.block_on((case.run)(&source))
        });
    }
}

#[test]
fn the_template_is_an_issue_source() {
    holds("template", &library("template"), &json!({}), options);
}

#[test]
fn the_source_in_c_is_an_issue_source() {
    let Some(library) = notes_in_c() else { return };
    holds(
        "notes in C",
        &library,
        &json!({"prefix": "\"quoted\" "}),
        options,
    );
}
