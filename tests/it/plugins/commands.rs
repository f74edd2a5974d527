//! `explainer plugin …`, as an author meets it.

use std::process::Output;

use serde_json::Value;

use super::support::{folder, library, notes_in_c};
use crate::support::Service;

struct Place(tempfile::TempDir);

impl Place {
    fn plugin(&self, arguments: &[&str]) -> Output {
        let mut command = Service::command(self.0.path());
        command.arg("plugin").args(arguments).output().unwrap()
    }
}

fn text(bytes: &[u8]) -> &str {
    std::str::from_utf8(bytes).unwrap()
}

/// Runs the kit; gives back whether all went well, and the findings by name.
fn check(library: &str, settings: &str) -> (bool, Vec<(String, String)>) {
    let place = Place(folder());
    let report = place.0.path().join("report.json");
    let report_text = report.to_str().unwrap();
    let output = place.plugin(&[
        "check",
        library,
        "--settings",
        settings,
        "--json",
        report_text,
    ]);
    let findings: Vec<Value> = serde_json::from_slice(&std::fs::read(&report).unwrap()).unwrap();
    let printed = text(&output.stdout);
    let findings = findings.iter().map(|finding| {
        let name = finding["name"].as_str().unwrap();
        assert!(printed.contains(name), "{name} in {printed}");
        let result = finding["result"].as_str().unwrap();
        let why = finding["why"].as_str().unwrap_or_default();
        (name.to_owned(), format!("{result} {why}"))
    });
    (output.status.success(), findings.collect())
}

#[test]
fn check_finds_nothing_wrong_with_good_plugins() {
    let template = library("template");
    let libraries = [Some(template), notes_in_c()];
    for library in libraries.iter().flatten() {
        let (well, findings) = check(library.to_str().unwrap(), "{}");
        assert!(well && findings.len() > 25, "{library:?}: {findings:?}");
        let is_well = |result: &str| matches!(result, "ok " | "skipped it takes no webhooks");
        let all_ok = findings.iter().all(|(_, result)| is_well(result));
        assert!(all_ok, "{library:?}: {findings:?}");
    }
}

#[test]
fn check_finds_what_is_wrong_with_a_bad_one() {
    let rogue = library("rogue");
    let failed = |mode: &str, name: &str, why: &str| {
        let (well, findings) = check(rogue.to_str().unwrap(), &format!("{{\"mode\": {mode:?}}}"));
        let found = findings.iter().find(|(found, _)| found == name).unwrap();
        assert!(
            !well && found.1.starts_with("failed") && found.1.contains(why),
            "{mode}: {findings:?}"
        );
    };
    let once = "every call ends exactly once, also one that was cancelled";
    failed("complete twice", once, "does not owe");
    failed(
        "leak threads",
        "closing a source ends its threads",
        "are left",
    );
    let text = folder();
    let text = text.path().join("text.so");
    std::fs::write(&text, "no library").unwrap();
    let (well, findings) = check(text.to_str().unwrap(), "{}");
    assert!(!well && findings.len() == 1, "{findings:?}");
}

#[test]
fn allow_inspect_and_list_tell_what_a_plugin_is() {
    let place = Place(folder());
    let template = library("template");
    let template = template.to_str().unwrap();
    let config = place.0.path().join("explainer.toml");
    std::fs::write(&config, "# ours\n[server]\nport = 0\n").unwrap();

    let output = place.plugin(&["list"]);
    assert!(
        text(&output.stdout).contains("no plugin is allowed"),
        "{output:?}"
    );
    let output = place.plugin(&["inspect", template]);
    let told = text(&output.stdout);
    assert!(
        told.contains("kind         template") && told.contains("\"problems\""),
        "{told}"
    );

    for _ in 0..2 {
        let output = place.plugin(&["allow", template]);
        assert!(output.status.success(), "{}", text(&output.stderr));
    }
    let written = std::fs::read_to_string(&config).unwrap();
    assert!(
        written.starts_with("# ours\n[server]\nport = 0\n"),
        "{written}"
    );
    assert_eq!(written.matches("sha256:").count(), 1, "{written}");
    let output = place.plugin(&["list"]);
    assert!(
        output.status.success() && text(&output.stdout).contains("template"),
        "{output:?}"
    );

    let check_config = |place: &Place| {
        let mut command = Service::command(place.0.path());
        command.arg("check-config").output().unwrap()
    };
    let output = check_config(&place);
    assert!(
        text(&output.stdout).contains("plugin `template`"),
        "{output:?}"
    );

    // What is not what was allowed any more is told of, by both.
    let changed = written.replacen("sha256:", "sha256:0", 1);
    let at = changed.find("sha256:").unwrap() + "sha256:".len() + 64;
    let changed = format!("{}{}", &changed[..at], &changed[at + 1..]);
    std::fs::write(&config, changed).unwrap();
    for output in [place.plugin(&["list"]), check_config(&place)] {
        assert!(!output.status.success(), "{output:?}");
        let told = format!("{}{}", text(&output.stdout), text(&output.stderr));
        assert!(told.contains("not the file that was allowed"), "{told}");
    }
    // Without the list nothing is loaded; a broken entry is a mistake in the configuration.
    std::fs::write(&config, "[plugins]\nallow = [\"/lib/libm.so.6\"]\n").unwrap();
    let output = check_config(&place);
    assert!(text(&output.stderr).contains("plugins.allow"), "{output:?}");
}

#[test]
fn new_refuses_names_that_are_none_and_folders_that_are_there() {
    let place = Place(folder());
    for bad in ["", "Mine", "../x", "a b", "-x"] {
        assert!(!place.plugin(&["new", "--", bad]).status.success(), "{bad}");
    }
    assert!(place.plugin(&["new", "mine"]).status.success());
    let output = place.plugin(&["new", "mine"]);
    assert!(
        text(&output.stderr).contains("choose another name"),
        "{output:?}"
    );
}
