//! The samples in windows small and large: what is always told, and what of the rest finds room.
#![expect(
    clippy::unwrap_used,
    reason = "a test may stop at what it did not expect"
)]

use std::{
    fs,
    io::{self, Write as _},
    path::Path,
};

use explainer_core::{
    domain::{DataPolicy, Evidence, EvidenceKind},
    explain::{
        ApproximateTokens, Brief, Question, TokenCounter as _, collect,
        pack::{Section, Why},
    },
    ports::{Llm as _, ModelLocation, ModelProfile},
    testkit::fakes::FakeLlm,
};

/// How long an answer may be, in tokens.
const OUTPUT: u32 = 4_000;

/// Every sample, the largest first.
fn samples() -> Vec<(String, usize, Evidence)> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../config/samples");
    let mut samples = Vec::new();
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.extension().is_some_and(|ending| ending == "md") {
            continue;
        }
        let bytes = fs::read(&path).unwrap();
        let events = collect::read(&bytes).unwrap();
        let evidence = collect(collect::issue_of(&events), events);
        let name = path.file_stem().unwrap().to_string_lossy().into_owned();
        samples.push((name, bytes.len(), evidence));
    }
    samples.sort_by_key(|(_, size, _)| std::cmp::Reverse(*size));
    samples
}

fn ask(evidence: &Evidence, window: u32) -> Question {
    let brief = Brief {
        evidence,
        instructions: None,
        candidates: &[],
        policy: DataPolicy::OPEN,
        token_budget: 1_000_000,
        max_output_tokens: OUTPUT,
    };
    let profile = ModelProfile {
        context_window: window,
        location: ModelLocation::Local,
        ..FakeLlm::default().profile()
    };
    Question::new(&brief, &profile, &ApproximateTokens).unwrap()
}

#[test]
fn in_every_window_the_question_fits_and_tells_the_crash_its_locals_and_the_root_cause() {
    for (name, size, evidence) in samples() {
        for window in [4_096, 8_192, 131_072] {
            let question = ask(&evidence, window);
            let request = &question.request;
            let counted = [&request.system, &request.user, request.schema.text()];
            let counted: usize = counted
                .iter()
                .map(|text| ApproximateTokens.count(text))
                .sum();
            let whole = counted + request.max_output_tokens as usize;
            assert!(
                whole <= window as usize,
                "{name} has {whole} of {window} tokens"
            );
            assert!(
                counted <= request.prompt_tokens as usize,
                "{name} in {window}"
            );

            let is_told = |kind: EvidenceKind, index: usize| {
                let id = Some(kind.id(index));
                question
                    .packed
                    .sections
                    .iter()
                    .any(|section| section.id == id)
            };
            if let Some(culprit) = evidence.culprit {
                assert!(is_told(EvidenceKind::Frame, culprit), "{name} in {window}");
                let locals = &evidence.frame(culprit).unwrap().locals;
                let shown = locals.first().is_none_or(|(key, _)| {
                    let line = format!("{key} = ");
                    request.user.contains(&line)
                });
                assert!(shown, "{name} in {window}: no locals in\n{}", request.user);
            }
            let root = evidence.event.exceptions.iter().position(|it| !it.is_group);
            if let Some(root) = root {
                assert!(is_told(EvidenceKind::Exception, root), "{name} in {window}");
            }
            let row = row(&evidence, &question, window);
            let _ = writeln!(io::stdout(), "{name} ({size} bytes) {row}");
        }
    }
}

/// What of each kind was told, of how many: `E 2/2, F 14/31 …`.
fn row(evidence: &Evidence, question: &Question, window: u32) -> String {
    let event = &evidence.event;
    let kinds = [
        (EvidenceKind::Exception, event.exceptions.len()),
        (EvidenceKind::Frame, evidence.frames.len()),
        (EvidenceKind::Breadcrumb, event.breadcrumbs.len()),
        (EvidenceKind::Tag, event.tags.len()),
    ];
    let sections = &question.packed.sections;
    let told = |kind: EvidenceKind| {
        let is_it = |section: &&Section| section.id.is_some_and(|id| id.kind == kind);
        sections.iter().filter(is_it).count()
    };
    let kinds = kinds.map(|(kind, all)| format!("{} {}/{all}", kind.letter(), told(kind)));
    let cut = question.cut().iter().filter(|cut| cut.why == Why::Budget);
    format!(
        "| {window} | prompt {} | evidence {} | {} | {} left out",
        question.request.prompt_tokens,
        question.packed.tokens,
        kinds.join(", "),
        cut.count(),
    )
}
