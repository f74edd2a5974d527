//! What a library may call back, and what it owes.
//!
//! The functions here are all that the host's table holds. Every argument is hostile: the context
//! is a number looked up in a list and never a pointer that is followed, and a call id that is not
//! owed any more, or never was, is counted and told of.

use std::{
    collections::HashMap,
    ffi::c_void,
    panic::{AssertUnwindSafe, catch_unwind},
    ptr,
    sync::{
        Arc, Mutex, MutexGuard, PoisonError, RwLock,
        atomic::{AtomicU64, Ordering},
    },
};

use explainer_plugin_sdk::abi::{
    self, EXPLAINER_ABI_MINOR, ExplainerBytes, ExplainerHost, ExplainerHttpDone,
};

use crate::{MAX_ANSWER, fault, frames::Report};

/// The longest line of a log, its target, and the head of an HTTP request, in bytes.
const MAX_LINE: usize = 16 * 1024;
/// How many HTTP requests of one library may be under way.
const MAX_REQUESTS: usize = 256;

/// Where what a library says goes.
pub(crate) trait Sink: Send + Sync + 'static {
    /// Takes a report.
    fn take(&self, report: Report);
    /// Whether lines of this level are kept.
    fn log_enabled(&self, level: i32) -> bool;
    /// Whether HTTP requests can be sent.
    fn has_http(&self) -> bool;
}

/// What one library owes: the calls it has not ended.
pub(crate) struct Account {
    sink: Box<dyn Sink>,
    open: Mutex<HashMap<u64, State>>,
    requests: Mutex<HashMap<u64, Requested>>,
    next_request: AtomicU64,
    strays: AtomicU64,
}

enum State {
    /// Inside `create`, and what was said about it so far.
    Creating(Option<Outcome>),
    /// Inside `call`, or somewhere in the plugin after it.
    Running { cancelled: bool },
}

/// A status and a payload.
pub(crate) type Outcome = (i32, Vec<u8>);

/// Who waits for an HTTP answer.
pub(crate) struct Requested {
    done: ExplainerHttpDone,
    user: *mut c_void,
}

// SAFETY: the boundary says that an answer may come on any thread; the pointer is only passed back.
unsafe impl Send for Requested {}

/// The host's table as one library gets it.
#[derive(Clone, Copy)]
pub(crate) struct Table(&'static ExplainerHost);

// SAFETY: the table is never written, its context is a number, and its functions are ours.
unsafe impl Send for Table {}
// SAFETY: as above.
unsafe impl Sync for Table {}

impl Table {
    pub(crate) fn pointer(self) -> *const ExplainerHost {
        self.0
    }
}

/// Every account there is, by the number that is a library's context. None is ever removed, as no
/// library is ever unloaded.
static ACCOUNTS: RwLock<Vec<Arc<Account>>> = RwLock::new(Vec::new());

impl Account {
    /// Opens an account, and makes the table that a library gets.
    pub(crate) fn open(sink: impl Sink) -> (Arc<Self>, Table) {
        let has_http = sink.has_http();
        let account = Arc::new(Self {
            sink: Box::new(sink),
            open: Mutex::default(),
            requests: Mutex::default(),
            next_request: AtomicU64::new(1),
            strays: AtomicU64::new(0),
        });
        let mut accounts = ACCOUNTS.write().unwrap_or_else(PoisonError::into_inner);
        accounts.push(account.clone());
        let number = accounts.len();
        drop(accounts);
        let table = ExplainerHost {
            #[expect(clippy::cast_possible_truncation, reason = "it is 56 bytes")]
            struct_size: size_of::<ExplainerHost>() as u32,
            abi_minor: EXPLAINER_ABI_MINOR,
            ctx: ptr::without_provenance_mut(number),
            complete,
            log,
            log_enabled,
            is_cancelled,
            http: has_http.then_some(http),
        };
        // It outlives every instance, and instances may outlive everything.
        (account, Table(Box::leak(Box::new(table))))
    }

    fn calls(&self) -> MutexGuard<'_, HashMap<u64, State>> {
        self.open.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(crate) fn strays(&self) -> u64 {
        self.strays.load(Ordering::Relaxed)
    }

    pub(crate) fn begin_create(&self, id: u64) {
        self.calls().insert(id, State::Creating(None));
    }

    /// What was said inside `create`, if anything.
    pub(crate) fn end_create(&self, id: u64) -> Option<Outcome> {
        match self.calls().remove(&id) {
            Some(State::Creating(said)) => said,
            _ => None,
        }
    }

    pub(crate) fn begin_call(&self, id: u64) {
        self.calls().insert(id, State::Running { cancelled: false });
    }

    /// Marks a call as one nobody waits for; `false` when it has ended.
    pub(crate) fn cancel(&self, id: u64) -> bool {
        match self.calls().get_mut(&id) {
            Some(State::Running { cancelled }) => {
                *cancelled = true;
                true
            }
            _ => false,
        }
    }

    /// Ends a call that the library will not end.
    pub(crate) fn abandon(&self, id: u64, status: i32, why: &str) {
        self.calls().remove(&id);
        self.tell(id, status, fault::body(why));
    }

    /// Reports the end of a call that is in no list any more.
    pub(crate) fn tell(&self, id: u64, status: i32, payload: Vec<u8>) {
        self.sink.take(Report::Complete {
            id,
            status,
            payload,
        });
    }

    /// Takes the request whose answer has come.
    pub(crate) fn answered(&self, request: u64) -> Option<Requested> {
        let requests = self.requests.lock();
        requests
            .unwrap_or_else(PoisonError::into_inner)
            .remove(&request)
    }

    fn complete(&self, id: u64, status: i32, payload: ExplainerBytes) {
        let mut calls = self.calls();
        match calls.get_mut(&id) {
            Some(State::Creating(said @ None)) => *said = Some(taken(status, payload)),
            Some(State::Running { .. }) => {
                calls.remove(&id);
                drop(calls);
                let (status, payload) = taken(status, payload);
                self.tell(id, status, payload);
            }
            Some(State::Creating(Some(_))) | None => {
                drop(calls);
                self.stray();
            }
        }
    }

    /// Counts an end of a call that is not owed, and tells of the 1st, 2nd, 4th, 8th…
    fn stray(&self) {
        let count = self.strays.fetch_add(1, Ordering::Relaxed) + 1;
        if count.is_power_of_two() {
            let text = format!("ended a call that it does not owe ({count} so far)");
            self.say(abi::EXPLAINER_LOG_WARN, 0, "host", text.into_bytes());
        }
    }

    fn say(&self, level: i32, call: u64, target: &str, message: Vec<u8>) {
        self.sink.take(Report::Log {
            level,
            call,
            target: target.to_owned(),
            message,
        });
    }

    fn http(&self, call: u64, head: Vec<u8>, body: Vec<u8>, who: Requested) {
        let mut requests = self.requests.lock().unwrap_or_else(PoisonError::into_inner);
        if requests.len() >= MAX_REQUESTS {
            drop(requests);
            let why = fault::body("could not send a request because too many are under way; wait");
            return who.answer(abi::EXPLAINER_RATE_LIMITED, &why, &[]);
        }
        let request = self.next_request.fetch_add(1, Ordering::Relaxed);
        requests.insert(request, who);
        drop(requests);
        self.sink.take(Report::Http {
            request,
            call,
            head,
            body,
        });
    }
}

impl Requested {
    /// Gives the answer to whoever asked. Code of the library runs in here.
    pub(crate) fn answer(self, status: i32, head: &[u8], body: &[u8]) {
        let (head, body) = (ExplainerBytes::of(head), ExplainerBytes::of(body));
        // SAFETY: function and pointer came together and are used together, once, as promised;
        // the library that holds the function is never unloaded.
        unsafe { (self.done)(self.user, status, head, body) };
    }
}

/// What a library says, as far as it may be said.
fn taken(status: i32, payload: ExplainerBytes) -> Outcome {
    let Some(bytes) = copied(payload, MAX_ANSWER) else {
        let why = format!(
            "could not take the answer because it has {} bytes and the limit is {MAX_ANSWER}",
            payload.len
        );
        return (abi::EXPLAINER_PROTOCOL, fault::body(&why));
    };
    (status, bytes)
}

/// A copy of what was lent, if it is no longer than `most`.
fn copied(bytes: ExplainerBytes, most: usize) -> Option<Vec<u8>> {
    // SAFETY: the library lends these bytes until its call returns; null means none.
    (bytes.len <= most).then(|| unsafe { bytes.as_slice() }.to_vec())
}

/// As much of what was lent as a log takes.
fn cut(bytes: ExplainerBytes) -> Vec<u8> {
    let len = bytes.len.min(MAX_LINE);
    // SAFETY: a part of what the library lends until its call returns; null means none.
    unsafe { ExplainerBytes { len, ..bytes }.as_slice() }.to_vec()
}

/// Does something with the account behind a context; nothing when there is none. A panic of ours
/// must not unwind into the library.
fn with<T: Default>(ctx: *mut c_void, act: impl FnOnce(&Account) -> T) -> T {
    let account = {
        let accounts = ACCOUNTS.read().unwrap_or_else(PoisonError::into_inner);
        let index = ctx.addr().checked_sub(1);
        index.and_then(|index| accounts.get(index).cloned())
    };
    let Some(account) = account else {
        return T::default();
    };
    catch_unwind(AssertUnwindSafe(|| act(&account))).unwrap_or_default()
}

unsafe extern "C" fn complete(ctx: *mut c_void, id: u64, status: i32, payload: ExplainerBytes) {
    with(ctx, |account| account.complete(id, status, payload));
}

unsafe extern "C" fn log(
    ctx: *mut c_void,
    level: i32,
    id: u64,
    target: ExplainerBytes,
    message: ExplainerBytes,
) {
    with(ctx, |account| {
        if account.sink.log_enabled(level) {
            let target = String::from_utf8_lossy(&cut(target)).into_owned();
            account.say(level, id, &target, cut(message));
        }
    });
}

unsafe extern "C" fn log_enabled(ctx: *mut c_void, level: i32) -> i32 {
    with(ctx, |account| i32::from(account.sink.log_enabled(level)))
}

unsafe extern "C" fn is_cancelled(ctx: *mut c_void, id: u64) -> i32 {
    with(ctx, |account| {
        // A call that is not owed any more has nobody waiting for it either.
        let waited_for = matches!(
            account.calls().get(&id),
            Some(State::Running { cancelled: false } | State::Creating(_))
        );
        i32::from(!waited_for)
    })
}

unsafe extern "C" fn http(
    ctx: *mut c_void,
    id: u64,
    request: ExplainerBytes,
    body: ExplainerBytes,
    done: ExplainerHttpDone,
    user: *mut c_void,
) {
    let who = Requested { done, user };
    with(ctx, |account| {
        let (head, body) = (copied(request, MAX_LINE), copied(body, MAX_ANSWER));
        if let (Some(head), Some(body)) = (head, body) {
            account.http(id, head, body, who);
        } else {
            let why = fault::body("could not send a request because it is too large");
            who.answer(abi::EXPLAINER_INVALID_ARGUMENT, &why, &[]);
        }
    });
}
