//! Libraries that cargo built beside these tests, and ways to load them.

use std::{
    env,
    io::{self, Write as _},
    path::{Path, PathBuf},
    process::Command,
    sync::Arc,
    time::Duration,
};

use explainer_core::Result;
use explainer_plugin_host::{Allowed, ChildProgram, Isolation, Options, Plugin, digest_of};

/// Both ways of running a plugin.
pub(crate) fn isolations() -> [Isolation; 2] {
    [Isolation::Process(child()), Isolation::InProcess]
}

/// The service's own binary as the child that runs a plugin.
pub(crate) fn child() -> ChildProgram {
    ChildProgram {
        path: env!("CARGO_BIN_EXE_explainer-under-test").into(),
        arguments: ["plugin", "run"].map(str::to_owned).into(),
    }
}

pub(crate) fn options(isolation: &Isolation) -> Options {
    Options {
        isolation: isolation.clone(),
        call_timeout: Duration::from_secs(20),
        http: None,
    }
}

/// The library of the package `explainer-plugin-NAME`: it is a dependency of these tests, so cargo
/// has built it into the folder that this very program lies in.
pub(crate) fn library(name: &str) -> PathBuf {
    let file = format!("libexplainer_plugin_{name}.so");
    let path = env::current_exe().unwrap().with_file_name(file);
    assert!(path.exists(), "cargo built no {}", path.display());
    path
}

/// The library as it is now.
pub(crate) fn allowed(library: &Path) -> Allowed {
    Allowed {
        digest: digest_of(library).unwrap(),
        path: library.to_owned(),
    }
}

pub(crate) async fn load(library: &Path, isolation: &Isolation) -> Result<Arc<Plugin>> {
    Plugin::load(allowed(library), options(isolation)).await
}

pub(crate) fn runtime() -> tokio::runtime::Runtime {
    let mut runtime = tokio::runtime::Builder::new_multi_thread();
    runtime.worker_threads(2).enable_all().build().unwrap()
}

/// The example in C, compiled; `None` where there is no compiler, which is said.
pub(crate) fn notes_in_c() -> Option<PathBuf> {
    let sdk = Path::new(env!("CARGO_MANIFEST_DIR")).join("../plugins/sdk");
    let name = format!(
        "libnotes-{}-{:?}.so",
        std::process::id(),
        std::thread::current().id()
    );
    let built = Path::new(env!("CARGO_TARGET_TMPDIR")).join(name);
    let compiler = Command::new("cc")
        .args([
            "-std=c11", "-Wall", "-Wextra", "-Werror", "-shared", "-fPIC", "-I",
        ])
        .arg(sdk.join("include"))
        .arg("-o")
        .arg(&built)
        .arg(sdk.join("examples/c/notes.c"))
        .output();
    match compiler {
        Ok(output) => {
            let told = String::from_utf8_lossy(&output.stderr);
            assert!(output.status.success(), "{told}");
            Some(built)
        }
        Err(error) => {
            // Straight to the stream: the macro's output is shown for failing tests only.
            let _ = writeln!(
                io::stdout(),
                "skipped: the source in C, because cc does not run: {error}"
            );
            None
        }
    }
}

/// A folder for the libraries of one test.
pub(crate) fn folder() -> tempfile::TempDir {
    tempfile::tempdir_in(env!("CARGO_TARGET_TMPDIR")).unwrap()
}
