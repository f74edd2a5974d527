//! Libraries that cargo built beside these tests, and ways to load them.

use std::{
    env,
    path::{Path, PathBuf},
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
