//! One opened source and the calls inside it.

use std::{
    any::Any,
    collections::HashMap,
    panic::{AssertUnwindSafe, catch_unwind},
    pin::Pin,
    sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError},
    task::{Context, Poll},
};

use serde::{Serialize, de::DeserializeOwned};
use tokio::task::AbortHandle;

use crate::{
    Code, CommentRequest, Delivery, Error, EventsRequest, Host, IssueAnswer, IssueRequest, Nothing,
    ProjectsAnswer, Query, SignalsAnswer, Source,
    log::{self, within_call},
    runtime::Runtime,
};

/// One opened source.
pub(crate) struct Instance<S> {
    source: Option<Arc<S>>,
    host: Host,
    calls: Arc<Calls>,
    /// Dropped last: the source may need it to go.
    runtime: Arc<Runtime>,
}

/// The calls under way, and a bell that rings when one ends.
#[derive(Default)]
struct Calls {
    running: Mutex<HashMap<u64, AbortHandle>>,
    ended: Condvar,
}

impl Calls {
    fn lock(&self) -> MutexGuard<'_, HashMap<u64, AbortHandle>> {
        self.running.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl<S: Source> Instance<S> {
    pub(crate) fn open(host: Host, settings: &[u8]) -> Result<Self, Error> {
        log::install(host);
        let settings = object(settings).map_err(|why| {
            Error::invalid(format!(
                "could not open the source because its settings are wrong: {why}; correct them"
            ))
        })?;
        let runtime = Runtime::shared().map_err(|error| {
            Error::unavailable(format!("could not start the plugin's thread: {error}"))
        })?;
        let source = {
            let _context = runtime.handle().enter();
            S::open(settings, host)?
        };
        Ok(Self {
            source: Some(Arc::new(source)),
            host,
            calls: Arc::default(),
            runtime,
        })
    }

    pub(crate) fn call(&self, call_id: u64, method: String, payload: Vec<u8>) {
        let Some(source) = self.source.clone() else {
            return;
        };
        let ending = Ending {
            source: Some(source),
            host: self.host,
            calls: self.calls.clone(),
            call_id,
            outcome: None,
        };
        // Held while spawning, so that a call that ends at once finds itself in the map.
        let mut running = self.calls.lock();
        let task = self
            .runtime
            .handle()
            .spawn(within_call(call_id, async move {
                let mut ending = ending;
                if let Some(source) = &ending.source {
                    let answer = Caught(Box::pin(dispatch(&**source, &method, &payload))).await;
                    ending.outcome = Some(answer);
                }
            }));
        running.insert(call_id, task.abort_handle());
    }

    pub(crate) fn cancel(&self, call_id: u64) {
        let task = self.calls.lock().get(&call_id).cloned();
        if let Some(task) = task {
            task.abort();
        }
    }
}

/// Cancels every call and waits until each has let go of the source.
impl<S> Drop for Instance<S> {
    fn drop(&mut self) {
        let mut running = self.calls.lock();
        for task in running.values() {
            task.abort();
        }
        while !running.is_empty() {
            let waited = self.calls.ended.wait(running);
            running = waited.unwrap_or_else(PoisonError::into_inner);
        }
        drop(running);
        let source = self.source.take();
        let _context = self.runtime.handle().enter();
        // A panic of the author's `Drop` must not cross the boundary.
        let _ = catch_unwind(AssertUnwindSafe(|| drop(source)));
    }
}

/// Ends a call exactly once, however it ends: by its answer, by being dropped, by a panic.
struct Ending<S> {
    source: Option<Arc<S>>,
    host: Host,
    calls: Arc<Calls>,
    call_id: u64,
    outcome: Option<Result<Vec<u8>, Error>>,
}

impl<S> Drop for Ending<S> {
    fn drop(&mut self) {
        drop(self.source.take());
        let cancelled = || Err(Error::new(Code::Cancelled, "the call was cancelled"));
        let outcome = self.outcome.take().unwrap_or_else(cancelled);
        self.host.complete(self.call_id, &outcome);
        self.calls.lock().remove(&self.call_id);
        self.calls.ended.notify_all();
    }
}

async fn dispatch<S: Source>(source: &S, method: &str, payload: &[u8]) -> Result<Vec<u8>, Error> {
    match method {
        "check" => {
            let Nothing {} = request(payload)?;
            answer(&source.check().await?)
        }
        "projects" => {
            let Nothing {} = request(payload)?;
            let projects = source.projects().await?;
            answer(&ProjectsAnswer { projects })
        }
        "issues" => {
            let query: Query = request(payload)?;
            answer(&source.issues(query).await?)
        }
        "issue" => {
            let IssueRequest { id } = request(payload)?;
            let issue = source.issue(id).await?;
            answer(&IssueAnswer { issue })
        }
        "events" => {
            let EventsRequest { issue, limit } = request(payload)?;
            answer(&source.events(issue, limit).await?)
        }
        "webhook" => {
            let delivery: Delivery = request(payload)?;
            let signals = source.webhook(delivery).await?;
            answer(&SignalsAnswer { signals })
        }
        "comment" => {
            let CommentRequest { issue, text } = request(payload)?;
            source.comment(issue, text).await?;
            answer(&Nothing {})
        }
        _ => Err(Error::unsupported(
            "could not answer because this plugin has no such method",
        )),
    }
}

fn request<T: DeserializeOwned>(payload: &[u8]) -> Result<T, Error> {
    object(payload)
        .map_err(|why| Error::invalid(format!("could not read the request because {why}")))
}

/// Reads a JSON object; a list would do for a struct too.
fn object<T: DeserializeOwned>(text: &[u8]) -> Result<T, String> {
    if !text.trim_ascii_start().starts_with(b"{") {
        return Err("it is no JSON object".to_owned());
    }
    serde_json::from_slice(text).map_err(|error| error.to_string())
}

fn answer<T: Serialize>(answer: &T) -> Result<Vec<u8>, Error> {
    serde_json::to_vec(answer)
        .map_err(|error| Error::internal(format!("could not write the answer because {error}")))
}

/// A future whose panics become errors.
struct Caught<F>(Pin<Box<F>>);

impl<T, F: Future<Output = Result<T, Error>>> Future for Caught<F> {
    type Output = Result<T, Error>;

    fn poll(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Self::Output> {
        let polled = catch_unwind(AssertUnwindSafe(|| self.0.as_mut().poll(context)));
        polled.unwrap_or_else(|panic| Poll::Ready(Err(panicked(&*panic))))
    }
}

/// The error that a panic becomes.
pub(crate) fn panicked(panic: &(dyn Any + Send)) -> Error {
    let text = panic.downcast_ref::<&str>().copied();
    let text = text.or_else(|| panic.downcast_ref::<String>().map(String::as_str));
    let text = text.unwrap_or("with no text");
    let message = format!("could not answer because the plugin panicked: {text}");
    Error::new(Code::Panic, message)
}
