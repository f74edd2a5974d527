//! Every plugin keeps the promises of an issue source, in a child as in the host.

use std::path::Path;

use explainer_core::testkit::conformance::{self, issue_source};
use explainer_plugin_host::Isolation;
use serde_json::{Value, json};

use super::support::{isolations, library, load, runtime};

/// Runs the suite of issue sources on a plugin, in both ways of running it.
pub(crate) fn holds(name: &str, library: &Path, settings: &Value) {
    for isolation in isolations() {
        let way = match isolation {
            Isolation::Process(_) => "in a child",
            Isolation::InProcess => "in the host",
        };
        let runtime = runtime();
        let plugin = runtime.block_on(load(library, &isolation)).unwrap();
        let source = plugin.source(settings);
        conformance::run(&format!("{name} {way}"), issue_source::CASES, |case| {
            runtime.block_on((case.run)(&source))
        });
    }
}

#[test]
fn the_template_is_an_issue_source() {
    holds("template", &library("template"), &json!({}));
}
