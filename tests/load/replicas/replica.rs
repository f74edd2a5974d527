//! One replica: this very program, serving.

use std::{
    fs::{self, File},
    path::{Path, PathBuf},
    process::{Child, Command, Stdio},
    time::{Duration, Instant},
};

use crate::{DATABASE, Outcome};

/// The variable that has this program serve.
pub(crate) const SERVE: &str = "EXPLAINER_LOAD_SERVE";

/// Every replica has the same.
const KEY: &str = "0f1e2d3c4b5a69788796a5b4c3d2e1f00f1e2d3c4b5a69788796a5b4c3d2e1f0";

pub(crate) struct Replica {
    folder: PathBuf,
    uri: String,
    model: String,
    log: PathBuf,
    process: Child,
}

impl Replica {
    pub(crate) fn start(number: usize, folder: &Path, uri: &str, model: &str) -> Outcome<Self> {
        let log = folder.join(format!("replica-{number}.log"));
        let process = serve(folder, uri, model, &log)?;
        Ok(Self {
            folder: folder.to_owned(),
            uri: uri.to_owned(),
            model: model.to_owned(),
            log,
            process,
        })
    }

    /// Kills it and starts it again, as a supervisor would.
    pub(crate) fn kill_and_restart(&mut self) -> Outcome {
        self.process.kill()?;
        self.process.wait()?;
        self.process = serve(&self.folder, &self.uri, &self.model, &self.log)?;
        Ok(())
    }

    /// Starts it again where it ended by itself, as when it finds no server at its start.
    pub(crate) fn restart_if_ended(&mut self) -> Outcome<bool> {
        let ended = self.process.try_wait()?.is_some();
        if ended {
            self.process = serve(&self.folder, &self.uri, &self.model, &self.log)?;
        }
        Ok(ended)
    }

    /// Where it answers, once it does.
    pub(crate) fn url(&self) -> Option<String> {
        let log = fs::read_to_string(&self.log).unwrap_or_default();
        log.lines().find_map(|line| {
            let line: serde_json::Value = serde_json::from_str(line).ok()?;
            Some(format!("http://{}", line["address"].as_str()?))
        })
    }

    /// Waits until it answers.
    pub(crate) async fn until_up(&self) -> Outcome<String> {
        let begin = Instant::now();
        loop {
            if let Some(url) = self.url() {
                return Ok(url);
            }
            if begin.elapsed() > Duration::from_secs(60) {
                let log = fs::read_to_string(&self.log).unwrap_or_default();
                return Err(format!("a replica does not start: {log}").into());
            }
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
    }
}

impl Drop for Replica {
    fn drop(&mut self) {
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

fn serve(folder: &Path, uri: &str, model: &str, log: &Path) -> Outcome<Child> {
    let events = folder.join("events");
    let process = Command::new(std::env::current_exe()?)
        .current_dir(folder)
        .env_clear()
        .env(SERVE, "1")
        .env("API_PORT", "0")
        .env("EXPLAINER__LOG__FORMAT", "json")
        .env("EXPLAINER__SOURCES__FILES", events)
        .env("EXPLAINER__ANALYSIS__LEASE_SECONDS", "5")
        .env("OPENAI_BASE_URL", model)
        .env("OPENAI_MODEL", "slow")
        .env("SECRET_KEY", KEY)
        .env("MONGODB_URI", uri)
        .env("DATABASE_NAME", DATABASE)
        .stdout(Stdio::null())
        .stderr(File::create(log)?)
        .spawn()?;
    Ok(process)
}
