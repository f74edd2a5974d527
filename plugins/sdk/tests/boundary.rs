//! The boundary stays what it is: its layout, its header, its messages.
//!
//! After a change that only appends, run these with `UPDATE=1` and look at the difference.

#![expect(
    clippy::unwrap_used,
    reason = "a test may stop at what it did not expect"
)]

use std::{
    env, fs,
    path::{Path, PathBuf},
    process::Command,
};

use explainer_plugin_sdk::{
    CommentRequest, Delivery, ErrorBody, Event, EventsRequest, IssueAnswer, IssueRequest, Manifest,
    Nothing, Page, ProjectsAnswer, Query, RequestHead, ResponseHead, SignalsAnswer, Status,
    schemars::{Schema, schema_for},
};

const ABI: &str = include_str!("../src/abi.rs");

fn in_sdk(path: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join(path)
}

/// Compares a checked-in file with what it ought to be.
#[track_caller]
fn assert_file(path: &str, expected: &str) {
    let file = in_sdk(path);
    if env::var_os("UPDATE").is_some() {
        fs::write(&file, expected).unwrap();
    }
    let found = fs::read_to_string(&file).unwrap_or_default();
    assert!(
        found == expected,
        "{path} is not what the code says; run the tests with UPDATE=1 and look at the difference"
    );
}

/// Compiles a source that stands alone; whether it did, and what was said.
fn compiles(source: &str, flags: &[&str]) -> (bool, String) {
    let folder = Path::new(env!("CARGO_TARGET_TMPDIR"));
    let name = format!("alone_{}_{}", std::process::id(), source.len());
    let file = folder.join(&name).with_extension("rs");
    fs::write(&file, source).unwrap();
    let output = Command::new(env::var_os("RUSTC").unwrap_or_else(|| "rustc".into()))
        .args([
            "--edition=2024",
            "--crate-type=lib",
            "--emit=metadata",
            "--cap-lints=allow",
        ])
        .args(flags)
        .arg("-o")
        .arg(file.with_extension("rmeta"))
        .arg(&file)
        .output()
        .unwrap();
    let told = String::from_utf8_lossy(&output.stderr).into_owned();
    (output.status.success(), told)
}

#[test]
fn a_field_slipped_into_the_middle_does_not_build() {
    let (built, told) = compiles(ABI, &[]);
    assert!(built, "{told}");
    for (table, field) in [
        ("ExplainerPlugin", "    pub min_host_minor: u32,\n"),
        ("ExplainerPlugin", "    pub capabilities: u64,\n"),
        (
            "ExplainerHost",
            "    pub abi_minor: u32,\n    /// To be passed",
        ),
        ("ExplainerBytes", "    pub ptr: *const u8,\n"),
    ] {
        assert!(ABI.contains(field), "{field}");
        let longer = ABI.replacen(field, &format!("    pub slipped_in: u64,\n{field}"), 1);
        let (built, told) = compiles(&longer, &[]);
        let by_assert = told.contains("assertion failed") && told.contains(table);
        assert!(!built && by_assert, "{table}: {told}");
    }
}

#[test]
fn a_plugin_that_cannot_catch_its_panics_does_not_build() {
    let source = include_str!("../src/no_abort.rs");
    let (built, told) = compiles(source, &["-Cpanic=unwind"]);
    assert!(built, "{told}");
    let (built, told) = compiles(source, &["-Cpanic=abort"]);
    assert!(!built && told.contains("panic = \"abort\""), "{told}");
}

#[test]
fn the_c_header_is_that_of_the_boundary() {
    let config = cbindgen::Config {
        language: cbindgen::Language::C,
        include_guard: Some("EXPLAINER_PLUGIN_H".to_owned()),
        header: Some(
            "/* The boundary between the Issue Explainer and its plugins, made from plugins/sdk/src/abi.rs.\n \
             * A plugin exports one function:\n *\n \
             *     const ExplainerPlugin *explainer_plugin_v1(uint32_t host_minor);\n *\n \
             * What is said across it is JSON; plugins/README.md shows every request and answer. */"
                .to_owned(),
        ),
        cpp_compat: true,
        no_includes: true,
        sys_includes: vec!["stddef.h".to_owned(), "stdint.h".to_owned()],
        usize_is_size_t: true,
        documentation_style: cbindgen::DocumentationStyle::C,
        style: cbindgen::Style::Both,
        export: cbindgen::ExportConfig {
            include: ["ExplainerHost", "ExplainerPlugin", "ExplainerBytes", "ExplainerHttpDone"]
                .map(str::to_owned)
                .into(),
            ..cbindgen::ExportConfig::default()
        },
        ..cbindgen::Config::default()
    };
    let bindings = cbindgen::Builder::new()
        .with_config(config)
        .with_src(in_sdk("src/abi.rs"))
        .generate()
        .unwrap();
    let mut header = Vec::new();
    bindings.write(&mut header);
    assert_file(
        "include/explainer_plugin.h",
        &String::from_utf8(header).unwrap(),
    );
}

#[test]
fn the_messages_are_those_that_are_written_down() {
    let messages: [(&str, Schema); 16] = [
        ("manifest", schema_for!(Manifest)),
        ("error", schema_for!(ErrorBody)),
        (
            "check request, projects request, comment answer",
            schema_for!(Nothing),
        ),
        ("check answer", schema_for!(Status)),
        ("projects answer", schema_for!(ProjectsAnswer)),
        ("issues request", schema_for!(Query)),
        ("issues answer", schema_for!(Page)),
        ("issue request", schema_for!(IssueRequest)),
        ("issue answer", schema_for!(IssueAnswer)),
        ("events request", schema_for!(EventsRequest)),
        ("events answer", schema_for!(Vec<Event>)),
        ("webhook request", schema_for!(Delivery)),
        ("webhook answer", schema_for!(SignalsAnswer)),
        ("comment request", schema_for!(CommentRequest)),
        ("http request", schema_for!(RequestHead)),
        ("http answer", schema_for!(ResponseHead)),
    ];
    let messages = messages.map(|(name, schema)| (name.to_owned(), schema.to_value()));
    // Sorted here: in which order a schema is written depends on who else is built along.
    let mut whole = serde_json::Value::from_iter(messages);
    whole.sort_all_objects();
    let text = serde_json::to_string_pretty(&whole).unwrap() + "\n";
    assert_file("tests/schema.json", &text);
}
