//! The built binary, serving from a folder of its own.

use std::{
    io::{BufRead, BufReader, Read},
    path::Path,
    process::{Child, Command, Stdio},
    sync::{Arc, Mutex},
    thread,
};

use serde_json::Value;
use tempfile::TempDir;

use super::Client;

/// A running service; it is killed when this is dropped.
pub(crate) struct Service {
    process: Child,
    folder: Arc<TempDir>,
    variables: Vec<(String, String)>,
    url: String,
    log: Arc<Mutex<String>>,
}

impl Service {
    /// Starts the service as a self-hoster would with these variables set.
    pub(crate) fn start(variables: &[(&str, &str)]) -> Self {
        let folder = Arc::new(tempfile::tempdir().unwrap());
        let owned = |(name, value): &(&str, &str)| ((*name).to_owned(), (*value).to_owned());
        Self::start_in(folder, variables.iter().map(owned).collect())
    }

    /// The binary, not yet started, with no variable of this process but the one it needs.
    pub(crate) fn command(folder: &Path) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_explainer-under-test"));
        command
            .current_dir(folder)
            .env_clear()
            .env("RUST_BACKTRACE", "1");
        command
    }

    fn start_in(folder: Arc<TempDir>, variables: Vec<(String, String)>) -> Self {
        let mut process = Self::command(folder.path())
            .envs([
                ("API_PORT", "0"),
                ("RUST_LOG", "debug"),
                ("EXPLAINER__LOG__FORMAT", "json"),
            ])
            .envs(variables.iter().map(|(name, value)| (name, value)))
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        let mut lines = BufReader::new(process.stderr.take().unwrap());
        let log = Arc::new(Mutex::new(String::new()));
        let url = loop {
            let mut line = String::new();
            assert!(
                lines.read_line(&mut line).unwrap() > 0,
                "the service ended: {}",
                log.lock().unwrap()
            );
            log.lock().unwrap().push_str(&line);
            let line: Value = serde_json::from_str(&line).unwrap_or_default();
            if let Some(address) = line["address"].as_str() {
                break format!("http://{address}");
            }
        };
        let rest = log.clone();
        thread::spawn(move || {
            let mut buffer = [0; 8192];
            while let Ok(read @ 1..) = lines.read(&mut buffer) {
                rest.lock()
                    .unwrap()
                    .push_str(&String::from_utf8_lossy(&buffer[..read]));
            }
        });
        Self {
            process,
            folder,
            variables,
            url,
            log,
        }
    }

    /// Where it answers: `http://127.0.0.1:…`.
    pub(crate) fn url(&self) -> &str {
        &self.url
    }

    /// The id of its process.
    pub(crate) fn id(&self) -> u32 {
        self.process.id()
    }

    /// The folder it runs in.
    pub(crate) fn folder(&self) -> &Path {
        self.folder.path()
    }

    /// Everything it has logged so far.
    pub(crate) fn log(&self) -> String {
        self.log.lock().unwrap().clone()
    }

    /// Somebody without a token.
    pub(crate) fn client(&self) -> Client {
        Client::new(self.url())
    }

    /// Ends it as a power cut would, and starts it again over the same folder.
    pub(crate) fn kill_and_restart(mut self) -> Self {
        self.process.kill().unwrap();
        self.process.wait().unwrap();
        Self::start_in(self.folder.clone(), self.variables.clone())
    }

    /// Asks it to stop and gives back whether it ended well.
    pub(crate) fn terminate(&mut self) -> bool {
        let id = self.process.id().to_string();
        assert!(Command::new("kill").arg(id).status().unwrap().success());
        self.process.wait().unwrap().success()
    }
}

impl Drop for Service {
    fn drop(&mut self) {
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}
