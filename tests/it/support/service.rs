//! The built binary, serving from a folder of its own.

use std::{
    io::{BufRead, BufReader, Read},
    path::Path,
    process::{Child, Command, Stdio},
    sync::{Arc, Mutex},
    thread,
};

use serde_json::Value;

use super::{Client, place::Place, secrets};

/// A running service; it is killed when this is dropped.
pub(crate) struct Service {
    process: Child,
    place: Place,
    variables: Vec<(String, String)>,
    url: String,
    log: Arc<Mutex<String>>,
}

impl Service {
    /// Starts the service as a self-hoster would with these variables set.
    pub(crate) fn start(variables: &[(&str, &str)]) -> Self {
        Self::start_in(Place::new(), owned(variables))
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

    fn start_in(place: Place, variables: Vec<(String, String)>) -> Self {
        let mut process = Self::command(place.folder())
            .envs([
                ("API_PORT", "0"),
                ("RUST_LOG", "debug"),
                ("EXPLAINER__LOG__FORMAT", "json"),
            ])
            .envs(place.variables())
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
            place,
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
        self.place.folder()
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
        Self::start_in(self.place.clone(), self.variables.clone())
    }

    /// Stops it, and starts it again over the same folder with other variables.
    pub(crate) fn restart_with(mut self, variables: &[(&str, &str)]) -> Self {
        assert!(self.terminate());
        Self::start_in(self.place.clone(), owned(variables))
    }

    /// Asks it to stop and gives back whether it ended well.
    pub(crate) fn terminate(&mut self) -> bool {
        self.signal("-TERM");
        self.process.wait().unwrap().success()
    }

    /// Sends it a signal, as `kill` names it.
    pub(crate) fn signal(&self, signal: &str) {
        let mut kill = Command::new("kill");
        kill.arg(signal).arg(self.id().to_string());
        assert!(kill.status().unwrap().success(), "{signal}");
    }
}

impl Drop for Service {
    fn drop(&mut self) {
        let _ = self.process.kill();
        let _ = self.process.wait();
        if !thread::panicking() {
            secrets::refuse_in(&format!("the log of {}", self.url), self.log().as_bytes());
            self.place.refuse_secrets();
        }
    }
}

fn owned(variables: &[(&str, &str)]) -> Vec<(String, String)> {
    let owned = |(name, value): &(&str, &str)| ((*name).to_owned(), (*value).to_owned());
    variables.iter().map(owned).collect()
}
