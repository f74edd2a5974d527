//! An opened source: one instance in a library, here or in a child, that can be asked.

use std::{
    sync::{
        Arc, OnceLock,
        atomic::{AtomicBool, AtomicU64, Ordering},
    },
    time::Duration,
};

use explainer_core::{Error, ErrorKind, Result};
use explainer_plugin_sdk::abi;
use tokio::runtime::Handle;

use crate::{
    ADAPTER,
    calls::Calls,
    engine::Engine,
    frames::{Command, Report},
    http::{self, HttpClient},
    log::{self, Log},
    process::Pipe,
    registry::{Outcome, Sink},
};

/// How long a plugin may take to let go of a call that was cancelled, before its process is ended.
const GRACE: Duration = Duration::from_secs(2);

/// Takes what a library says, wherever it runs.
#[derive(Debug)]
pub(crate) struct Desk {
    pub calls: Calls,
    log: Arc<Log>,
    client: Option<Arc<dyn HttpClient>>,
    runtime: Handle,
    /// Where answers to HTTP requests go.
    link: OnceLock<Link>,
}

/// The way to a library.
#[derive(Debug, Clone)]
pub(crate) enum Link {
    /// In this process.
    Here(Arc<Engine>),
    /// In a child.
    Child(Pipe),
}

impl Link {
    fn send(&self, command: Command) {
        match self {
            Self::Here(engine) => engine.run(command),
            Self::Child(pipe) => pipe.send(&command),
        }
    }
}

impl Desk {
    pub(crate) fn new(log: Arc<Log>, client: Option<Arc<dyn HttpClient>>) -> Self {
        Self {
            calls: Calls::default(),
            log,
            client,
            runtime: Handle::current(),
            link: OnceLock::new(),
        }
    }

    pub(crate) fn connect(&self, link: Link) {
        let _ = self.link.set(link);
    }

    pub(crate) fn log(&self) -> &Arc<Log> {
        &self.log
    }

    /// Takes a report.
    pub(crate) fn take(&self, report: Report) {
        match report {
            Report::Complete {
                id,
                status,
                payload,
            } => {
                self.calls.complete(id, (status, payload));
            }
            Report::Log {
                level,
                call,
                target,
                message,
            } => self.log.write(level, call, &target, &message),
            Report::Http {
                request,
                head,
                body,
                ..
            } => {
                let Some(link) = self.link.get().cloned() else {
                    return;
                };
                let client = self.client.clone();
                self.runtime.spawn(async move {
                    link.send(http::answer(client, request, head, body).await);
                });
            }
            // They are taken before there is a desk.
            Report::Hello { .. } | Report::Refused { .. } => {}
        }
    }
}

/// The desk of a library that runs in this process.
pub(crate) struct Here(pub Arc<Desk>);

impl Sink for Here {
    fn take(&self, report: Report) {
        self.0.take(report);
    }

    fn log_enabled(&self, level: i32) -> bool {
        log::is_enabled(level)
    }

    fn has_http(&self) -> bool {
        self.0.client.is_some()
    }
}

/// One opened source. Dropping it ends the instance, and the child it has to itself.
#[derive(Debug)]
pub(crate) struct Session {
    link: Link,
    desk: Arc<Desk>,
    instance: u64,
    has_answered: AtomicBool,
}

impl Session {
    /// Opens an instance with these settings.
    pub(crate) async fn open(
        link: Link,
        desk: Arc<Desk>,
        settings: Vec<u8>,
        limit: Duration,
    ) -> Result<(Option<Self>, Outcome)> {
        static NEXT: AtomicU64 = AtomicU64::new(1);
        let session = Self {
            link,
            desk,
            instance: NEXT.fetch_add(1, Ordering::Relaxed),
            has_answered: AtomicBool::new(false),
        };
        let instance = session.instance;
        let create = |id| Command::Create {
            id,
            instance,
            settings,
        };
        let outcome = session.ask(create, limit).await?;
        session.has_answered.store(false, Ordering::Relaxed);
        if outcome.0 == abi::EXPLAINER_OK {
            return Ok((Some(session), outcome));
        }
        Ok((None, outcome))
    }

    /// Calls a method.
    pub(crate) async fn call(
        &self,
        method: &str,
        payload: Vec<u8>,
        limit: Duration,
    ) -> Result<Outcome> {
        let instance = self.instance;
        let method = method.to_owned();
        let timeout_ms = u32::try_from(limit.as_millis()).unwrap_or(u32::MAX);
        let call = |id| Command::Call {
            id,
            instance,
            method,
            timeout_ms,
            payload,
        };
        self.ask(call, limit).await
    }

    /// Whether it can still be asked.
    pub(crate) fn is_alive(&self) -> bool {
        self.desk.calls.ended().is_none()
    }

    /// Whether it has ever answered a call.
    pub(crate) fn has_answered(&self) -> bool {
        self.has_answered.load(Ordering::Relaxed)
    }

    /// Whether nothing is under way.
    pub(crate) fn is_idle(&self) -> bool {
        self.desk.calls.is_idle()
    }

    async fn ask(&self, command: impl FnOnce(u64) -> Command, limit: Duration) -> Result<Outcome> {
        let (id, end) = self.desk.calls.begin()?;
        let _guard = Guard { session: self, id };
        self.link.send(command(id));
        match tokio::time::timeout(limit, end).await {
            Ok(Ok(outcome)) => {
                self.has_answered.store(true, Ordering::Relaxed);
                Ok(outcome)
            }
            Ok(Err(_dropped)) => {
                let why = self.desk.calls.ended();
                let why = why.unwrap_or_else(|| "could not call the plugin".to_owned());
                Err(Error::new(ErrorKind::Unavailable, ADAPTER, "call", why))
            }
            Err(_elapsed) => {
                let why = format!(
                    "could not read the source because its plugin gave no answer within {} s; \
                     try again, and look into the log if it stays so",
                    limit.as_secs_f32()
                );
                Err(Error::new(ErrorKind::Timeout, ADAPTER, "call", why))
            }
        }
    }
}

impl Drop for Session {
    fn drop(&mut self) {
        let instance = self.instance;
        self.link.send(Command::Destroy { instance });
        if let Link::Child(pipe) = &self.link {
            pipe.close();
        }
    }
}

/// Tells the plugin when nobody waits for a call any more.
struct Guard<'s> {
    session: &'s Session,
    id: u64,
}

impl Drop for Guard<'_> {
    fn drop(&mut self) {
        let Session {
            link,
            desk,
            instance,
            ..
        } = self.session;
        if !desk.calls.give_up(self.id) {
            return;
        }
        let (id, instance) = (self.id, *instance);
        link.send(Command::Cancel { id, instance });
        if let Link::Child(pipe) = link {
            // A plugin that does not let go is stuck; the next call gets a fresh process.
            let (desk, pipe) = (desk.clone(), pipe.clone());
            desk.runtime.clone().spawn(async move {
                tokio::time::sleep(GRACE).await;
                if desk.calls.is_owed(id) {
                    pipe.kill();
                }
            });
        }
    }
}
