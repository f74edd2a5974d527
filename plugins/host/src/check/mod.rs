//! The conformance kit: what `explainer plugin check` tries with a plugin.
//!
//! Each test runs the library in a process of its own. First come the promises that every issue
//! source keeps, word for word those that the built-in ones are held to; then what the boundary
//! asks beyond them; then what can only be seen from inside the process, by [`probe`].

mod boundary;
pub mod probe;

use std::{
    future::Future,
    path::PathBuf,
    process::Stdio,
    sync::Arc,
    time::{Duration, Instant},
};

use explainer_core::{
    Result,
    testkit::conformance::{Stop, Verdict, issue_source},
};
use serde::Serialize;
use serde_json::Value;
use tokio::process::Command;

use crate::{Allowed, ChildProgram, Isolation, Options, Plugin};

/// How long one test may take.
const LIMIT: Duration = Duration::from_secs(120);

/// A plugin to be checked.
#[derive(Debug, Clone)]
pub struct Subject {
    /// The library.
    pub library: Allowed,
    /// Settings to open it with; it should then list at least two issues.
    pub settings: Value,
    /// How it is run; its isolation is a child.
    pub options: Options,
    /// The program that runs a [`probe`]. Its arguments are followed by the probe's name, the
    /// digest, the file for the reason, the settings and the library.
    pub prober: ChildProgram,
}

/// What came of one test.
#[derive(Debug, Clone, Serialize)]
pub struct Finding {
    /// What a plugin ought to do.
    pub name: String,
    /// Whether it does.
    pub result: Outcome,
    /// Why not, or why it was not tried.
    pub why: Option<String>,
    /// How long it took, in milliseconds.
    pub millis: u64,
}

/// Whether a promise was kept.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Outcome {
    /// It was.
    Ok,
    /// It could not be tried.
    Skipped,
    /// It was not.
    Failed,
}

/// Checks a plugin; `told` hears of each finding as it is made. When it cannot be loaded, that is
/// the only finding.
pub async fn check(subject: &Subject, mut told: impl FnMut(&Finding)) -> Vec<Finding> {
    let mut findings = Vec::new();
    let mut note = |finding: Finding| {
        told(&finding);
        let failed = finding.result == Outcome::Failed;
        findings.push(finding);
        !failed
    };
    if !note(tried("it loads and says what it is", loads(subject)).await) {
        return findings;
    }
    for case in issue_source::CASES {
        let opened = subject.clone();
        let run = case.run;
        let verdict = async move {
            let plugin = opened.load().await?;
            run(&plugin.source(&opened.settings)).await
        };
        note(tried(case.words, verdict).await);
    }
    for (words, run) in boundary::CASES {
        note(tried(words, run(subject.clone())).await);
    }
    for probe in probe::PROBES {
        note(tried(probe.words, probed(subject.clone(), probe.name)).await);
    }
    findings
}

impl Subject {
    /// Loads the library afresh, so that its sources get processes of their own.
    async fn load(&self) -> Result<Arc<Plugin>> {
        debug_assert!(matches!(self.options.isolation, Isolation::Process(_)));
        Plugin::load(self.library.clone(), self.options.clone()).await
    }
}

async fn loads(subject: &Subject) -> Verdict {
    let plugin = subject.load().await?;
    let manifest = plugin.manifest();
    if manifest.description.is_empty() || manifest.version.is_empty() {
        return failed("its manifest lacks a description or a version");
    }
    if !manifest.settings.is_object() {
        return failed("the settings in its manifest are no JSON schema");
    }
    Ok(())
}

async fn tried(words: &str, test: impl Future<Output = Verdict>) -> Finding {
    let start = Instant::now();
    let verdict = tokio::time::timeout(LIMIT, test).await;
    let verdict = verdict.unwrap_or_else(|_| failed("it did not come to an end"));
    let (result, why) = match verdict {
        Ok(()) => (Outcome::Ok, None),
        Err(Stop::Skipped(why)) => (Outcome::Skipped, Some(why)),
        Err(Stop::Failed(why)) => (Outcome::Failed, Some(why)),
    };
    Finding {
        name: words.to_owned(),
        result,
        why,
        millis: u64::try_from(start.elapsed().as_millis()).unwrap_or(u64::MAX),
    }
}

/// Runs a probe in a process of its own, which must print nothing, and hears its reason.
async fn probed(subject: Subject, name: &str) -> Verdict {
    let fail = |error: std::io::Error| Stop::Failed(format!("the test cannot run: {error}"));
    let folder = tempfile::tempdir().map_err(fail)?;
    let reason: PathBuf = folder.path().join("reason");
    let output = Command::new(&subject.prober.path)
        .args(&subject.prober.arguments)
        .arg(name)
        .arg(subject.library.digest.to_string())
        .arg(&reason)
        .arg(subject.settings.to_string())
        .arg(&subject.library.path)
        .env_clear()
        .stdin(Stdio::null())
        .kill_on_drop(true)
        .output()
        .await
        .map_err(fail)?;
    if !output.stdout.is_empty() {
        let printed = String::from_utf8_lossy(&output.stdout);
        let printed: String = printed.chars().take(80).collect();
        return failed(&format!("it printed to standard output: {printed:?}"));
    }
    let told = std::fs::read_to_string(reason).unwrap_or_default();
    match (output.status.success(), told.is_empty()) {
        (true, true) => Ok(()),
        (_, false) => failed(&told),
        (false, true) => failed(&format!("its process died: {}", output.status)),
    }
}

fn failed(why: &str) -> Verdict {
    Err(Stop::Failed(why.to_owned()))
}
