//! The built binary, serving from a folder of its own.

use std::{
    fs,
    io::{BufRead, BufReader, Read},
    path::{Path, PathBuf},
    process::{Child, Command, Stdio},
    sync::{Arc, Mutex},
    thread,
};

use serde_json::Value;
use tempfile::TempDir;

use super::{Client, mongod, secrets};

/// Which kind of store a service keeps things in.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[expect(dead_code, reason = "each test program runs on one of them")]
pub(crate) enum Store {
    Sqlite,
    Mongodb,
}

/// Where one service keeps things, over restarts.
#[derive(Clone)]
struct Place {
    folder: Arc<TempDir>,
    database: Option<(Arc<mongod::Server>, String)>,
}

impl Place {
    fn new() -> Self {
        let folder = Arc::new(tempfile::tempdir().unwrap());
        let database = (crate::STORE == Store::Mongodb).then(|| {
            let name = folder.path().file_name().unwrap().to_str().unwrap();
            let name = format!("explainer-it-{}", name.trim_start_matches('.'));
            (mongod::server(mongod::Topology::Standalone), name)
        });
        Self { folder, database }
    }

    fn variables(&self) -> Vec<(&str, &str)> {
        let database = self.database.iter();
        let variables = database.map(|(server, name)| {
            [
                ("MONGODB_URI", server.uri.as_str()),
                ("DATABASE_NAME", name.as_str()),
            ]
        });
        variables.flatten().collect()
    }

    /// No secret that a test used lies in the store as it is.
    fn refuse_secrets(&self) {
        for file in files(self.folder.path()) {
            // The installation's own key has to lie somewhere.
            if file.file_name().is_some_and(|name| name != "secret.key") {
                let content = fs::read(&file).unwrap_or_default();
                secrets::refuse_in(&file.display().to_string(), &content);
            }
        }
        if let Some((server, name)) = &self.database {
            let content = mongod::content(&server.uri, name);
            secrets::refuse_in(&format!("the database {name}"), content.as_bytes());
        }
    }
}

fn files(folder: &Path) -> Vec<PathBuf> {
    let entries = fs::read_dir(folder).into_iter().flatten().flatten();
    let paths = entries.map(|entry| entry.path());
    paths
        .flat_map(|path| {
            if path.is_dir() {
                files(&path)
            } else {
                vec![path]
            }
        })
        .collect()
}

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
        let mut process = Self::command(place.folder.path())
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

    /// The folder it runs in.
    pub(crate) fn folder(&self) -> &Path {
        self.place.folder.path()
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
        let id = self.process.id().to_string();
        assert!(Command::new("kill").arg(id).status().unwrap().success());
        self.process.wait().unwrap().success()
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
