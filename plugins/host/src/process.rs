//! A library in a process of its own, from the host's side.
//!
//! The child is the host's own binary under another command. It starts with an empty environment;
//! its limits it sets itself before it loads anything. However it ends, the calls inside become
//! errors at once.

use std::{
    path::PathBuf,
    process::{ExitStatus, Stdio},
    sync::Arc,
    time::Duration,
};

use explainer_core::{Error, ErrorKind, Result};
use explainer_plugin_sdk::{Manifest, abi};
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt, BufReader},
    process::{Child, ChildStderr, ChildStdin, ChildStdout, Command as Program},
    sync::{Notify, mpsc},
};

use crate::{
    ADAPTER,
    allow::Allowed,
    child,
    frames::{Command, Report},
    log::{self, Log},
    session::{Desk, Link},
};

/// How long a child may take to load its library.
const START: Duration = Duration::from_secs(10);
/// How long a child whose pipe has ended may take to be gone by itself.
const END: Duration = Duration::from_secs(2);

/// How a child is started.
#[derive(Debug, Clone)]
pub struct ChildProgram {
    /// The binary.
    pub path: PathBuf,
    /// What comes before the arguments of [`child::Arguments`].
    pub arguments: Vec<String>,
}

/// The way to a child. Cheap to clone.
#[derive(Debug, Clone)]
pub(crate) struct Pipe {
    frames: mpsc::UnboundedSender<Option<Vec<u8>>>,
    kill: Arc<Notify>,
}

impl Pipe {
    pub(crate) fn send(&self, command: &Command) {
        // A child that is gone has ended its calls already.
        let _ = self.frames.send(Some(command.write()));
    }

    /// Sends what was sent before, and then nothing more: the child ends.
    pub(crate) fn close(&self) {
        let _ = self.frames.send(None);
    }

    /// Ends the child at once.
    pub(crate) fn kill(&self) {
        self.kill.notify_one();
    }
}

/// What a child says of its library.
pub(crate) struct Loaded {
    pub link: Link,
    pub manifest: Manifest,
    pub capabilities: u64,
}

/// Starts a child, and waits until it has loaded its library.
pub(crate) async fn launch(
    program: &ChildProgram,
    allowed: &Allowed,
    desk: &Arc<Desk>,
) -> Result<Loaded> {
    let mut child = spawn(program, allowed)?;
    let (Some(stdin), Some(stdout), Some(stderr)) =
        (child.stdin.take(), child.stdout.take(), child.stderr.take())
    else {
        return Err(failed(
            "could not start the plugin's process: it has no pipes",
        ));
    };
    tokio::spawn(log_noise(stderr, desk.log().clone()));
    let mut reports = BufReader::with_capacity(64 * 1024, stdout);
    let first = tokio::time::timeout(START, Report::read(&mut reports)).await;
    let (capabilities, manifest) = match first {
        Ok(Ok(Some(Report::Hello {
            capabilities,
            manifest,
        }))) => (capabilities, manifest),
        Ok(Ok(Some(Report::Refused { code, why }))) => {
            return Err(Error::new(child::kind_of(code), ADAPTER, "load", why));
        }
        Ok(_) => {
            let how = how_it_ended(&mut child).await;
            let path = allowed.path.display();
            return Err(failed(&format!(
                "could not load {path} because its process ended while loading: {how}; look into the log"
            )));
        }
        Err(_elapsed) => {
            let path = allowed.path.display();
            return Err(failed(&format!(
                "could not load {path} because it was not loaded within {} s",
                START.as_secs()
            )));
        }
    };
    let manifest: Manifest = serde_json::from_slice(&manifest)
        .map_err(|error| failed(&format!("could not read the plugin's manifest: {error}")))?;
    let (frames, outgoing) = mpsc::unbounded_channel();
    let kill = Arc::new(Notify::new());
    let pipe = Pipe {
        frames,
        kill: kill.clone(),
    };
    tokio::spawn(write(stdin, outgoing));
    tokio::spawn(read(child, reports, desk.clone(), kill));
    let link = Link::Child(pipe);
    desk.connect(link.clone());
    Ok(Loaded {
        link,
        manifest,
        capabilities,
    })
}

fn spawn(program: &ChildProgram, allowed: &Allowed) -> Result<Child> {
    let mut command = Program::new(&program.path);
    command
        .args(&program.arguments)
        .arg(allowed.digest.to_string())
        .arg(log::highest_level().to_string())
        .arg(&allowed.path)
        .env_clear()
        .current_dir("/")
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .kill_on_drop(true);
    command.spawn().map_err(|error| {
        let path = program.path.display();
        failed(&format!(
            "could not start {path} for the plugin because {error}; see that it may be run again"
        ))
    })
}

fn failed(why: &str) -> Error {
    Error::new(ErrorKind::Unavailable, ADAPTER, "load", why)
}

/// Writes frames, as many at a time as there are.
async fn write(mut to: ChildStdin, mut frames: mpsc::UnboundedReceiver<Option<Vec<u8>>>) {
    // Room for an ordinary answer at one go; without it, it takes two.
    let _ = rustix::pipe::fcntl_setpipe_size(&to, child::PIPE_SIZE);
    let mut waiting = Vec::new();
    while frames.recv_many(&mut waiting, 64).await > 0 {
        for frame in waiting.drain(..) {
            let Some(frame) = frame else { return };
            if to.write_all(&frame).await.is_err() {
                return;
            }
        }
    }
}

/// Reads reports until the child ends, in whatever way.
async fn read(
    mut child: Child,
    mut from: BufReader<ChildStdout>,
    desk: Arc<Desk>,
    kill: Arc<Notify>,
) {
    let _ = rustix::pipe::fcntl_setpipe_size(from.get_ref(), child::PIPE_SIZE);
    let reading = async {
        loop {
            match Report::read(&mut from).await {
                Ok(Some(report)) => desk.take(report),
                Ok(None) => return None,
                Err(error) => return Some(error.to_string()),
            }
        }
    };
    let how = tokio::select! {
        broken = reading => match broken {
            Some(broken) => format!("it broke the protocol: {broken}"),
            None => how_it_ended(&mut child).await,
        },
        () = kill.notified() => "it was stuck and had to be killed".to_owned(),
    };
    desk.calls.end_all(&format!(
        "could not read the source because the plugin's process ended ({how}); \
         try again, a fresh one is started"
    ));
    desk.log().write(
        abi::EXPLAINER_LOG_DEBUG,
        0,
        "host",
        format!("the process ended: {how}").as_bytes(),
    );
    let _ = child.kill().await;
}

async fn how_it_ended(child: &mut Child) -> String {
    match tokio::time::timeout(END, child.wait()).await {
        Ok(Ok(status)) => describe(status),
        Ok(Err(error)) => error.to_string(),
        Err(_elapsed) => "it closed its pipe".to_owned(),
    }
}

fn describe(status: ExitStatus) -> String {
    use std::os::unix::process::ExitStatusExt;

    match status.signal() {
        Some(4) => "signal 4, an illegal instruction".to_owned(),
        Some(6) => "signal 6, it aborted".to_owned(),
        Some(7) => "signal 7, a bus error".to_owned(),
        Some(9) => "signal 9, it was killed".to_owned(),
        Some(11) => "signal 11, a segmentation fault or an overflown stack".to_owned(),
        Some(signal) => format!("signal {signal}"),
        None => format!("it exited with code {}", status.code().unwrap_or_default()),
    }
}

/// What a plugin writes to its standard streams, as lines of its log.
async fn log_noise(mut from: ChildStderr, log: Arc<Log>) {
    let mut bytes = vec![0; 8 * 1024];
    while let Ok(read @ 1..) = from.read(&mut bytes).await {
        for line in bytes[..read].split(|byte| *byte == b'\n') {
            if !line.trim_ascii().is_empty() {
                log.write(abi::EXPLAINER_LOG_INFO, 0, "stderr", line);
            }
        }
    }
}
