//! Calling into a library: commands in, reports out.
//!
//! The same engine runs in the host and in a child; where its reports go differs, and who calls
//! into the library. An instance is ended when nobody is inside any more, and never before.

use std::{
    collections::HashMap,
    ffi::c_void,
    fmt,
    mem::ManuallyDrop,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use explainer_plugin_sdk::{
    Manifest,
    abi::{self, ExplainerBytes},
};

use crate::{
    allow::Allowed,
    fault,
    frames::Command,
    library::{Functions, Library},
    registry::{Account, Sink, Table},
    threads::{Busy, Threads},
};

/// How many threads call into a library whose calls return at once.
const PROMPT_THREADS: usize = 4;
/// How many call into one whose calls block.
const BLOCKING_THREADS: usize = 16;

/// Who calls into a library whose calls return at once.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Caller {
    /// A thread of the library's own, since one that does not return, against its word, must not
    /// hold up the program.
    Thread,
    /// Whoever runs the command, which spares two changes of thread: for a process that does
    /// nothing else, and that is ended when it is stuck.
    Itself,
}

/// A loaded library and its instances.
pub(crate) struct Engine {
    library: Library,
    caller: Caller,
    table: Table,
    account: Arc<Account>,
    instances: Arc<Mutex<HashMap<u64, Arc<Opened>>>>,
    threads: Threads,
}

/// One instance; ended when the last call is out of it.
struct Opened {
    pointer: *mut c_void,
    functions: Functions,
}

// SAFETY: the boundary promises that every function may be called concurrently from any thread.
unsafe impl Send for Opened {}
// SAFETY: as above.
unsafe impl Sync for Opened {}

impl Drop for Opened {
    fn drop(&mut self) {
        // SAFETY: the pointer came from `create`, nobody else holds it any more, and this is once.
        unsafe { (self.functions.destroy)(self.pointer) };
    }
}

impl Engine {
    /// Loads a library; its reports go to `sink`.
    pub(crate) fn load(
        allowed: &Allowed,
        caller: Caller,
        sink: impl Sink,
    ) -> explainer_core::Result<Self> {
        let library = Library::load(allowed)?;
        let (account, table) = Account::open(sink);
        let blocks = library.capabilities & abi::EXPLAINER_CAP_BLOCKING != 0;
        let (caller, threads) = if blocks {
            (Caller::Thread, BLOCKING_THREADS)
        } else {
            (caller, PROMPT_THREADS)
        };
        let threads = Threads::new(threads);
        Ok(Self {
            library,
            caller,
            table,
            account,
            instances: Arc::default(),
            threads,
        })
    }

    pub(crate) fn manifest(&self) -> &Manifest {
        &self.library.manifest
    }

    pub(crate) fn capabilities(&self) -> u64 {
        self.library.capabilities
    }

    /// Carries out a command. Whatever happens, a call that it begins is ended once.
    pub(crate) fn run(&self, command: Command) {
        match command {
            Command::Create {
                id,
                instance,
                settings,
            } => self.create(id, instance, settings),
            Command::Call {
                id,
                instance,
                method,
                timeout_ms,
                payload,
            } => self.call(id, instance, method, timeout_ms, payload),
            Command::Cancel { id, instance } => self.cancel(id, instance),
            Command::Destroy { instance } => self.destroy(instance),
            Command::HttpDone {
                request,
                status,
                head,
                body,
            } => {
                if let Some(who) = self.account.answered(request) {
                    // With no thread free the plugin waits for ever, and its call runs out of time.
                    let _ = self.enter(move || who.answer(status, &head, &body));
                }
            }
        }
    }

    /// How many calls it ended that it did not owe.
    pub(crate) fn strays(&self) -> u64 {
        self.account.strays()
    }

    /// Waits until nobody is inside the library, for `limit` at most.
    pub(crate) fn wait_idle(&self, limit: Duration) {
        self.threads.wait_idle(limit);
    }

    fn create(&self, id: u64, instance: u64, settings: Vec<u8>) {
        self.account.begin_create(id);
        let (account, instances) = (self.account.clone(), self.instances.clone());
        let (functions, table) = (self.library.functions, self.table);
        let job = move || {
            let settings = ExplainerBytes::of(&settings);
            // SAFETY: the table is never freed, and the settings live until the call returns.
            let pointer = unsafe { (functions.create)(table.pointer(), id, settings) };
            let said = account.end_create(id);
            let opened = (!pointer.is_null()).then(|| Opened { pointer, functions });
            let (status, payload) = match (&opened, said) {
                (Some(_), None) => (abi::EXPLAINER_OK, Vec::new()),
                (None, None | Some((abi::EXPLAINER_OK, _))) => {
                    let why = "could not open the source because the plugin gave neither an instance nor a reason";
                    (abi::EXPLAINER_PROTOCOL, fault::body(why))
                }
                (_, Some(said)) => said,
            };
            if status == abi::EXPLAINER_OK
                && let Some(opened) = opened
            {
                lock(&instances).insert(instance, Arc::new(opened));
            }
            account.tell(id, status, payload);
        };
        if self.threads.run(job).is_err() {
            self.busy(id);
        }
    }

    fn call(&self, id: u64, instance: u64, method: String, timeout_ms: u32, payload: Vec<u8>) {
        let Some(opened) = lock(&self.instances).get(&instance).cloned() else {
            let why = "could not call the plugin because its instance is gone; try again";
            return self.account.abandon(id, abi::EXPLAINER_UNAVAILABLE, why);
        };
        self.account.begin_call(id);
        let called = self.enter(inside(opened, move |opened| {
            let method = ExplainerBytes::of(method.as_bytes());
            let payload = ExplainerBytes::of(&payload);
            // SAFETY: the instance is kept until this is done, and both texts live as long.
            unsafe { (opened.functions.call)(opened.pointer, id, method, timeout_ms, payload) };
        }));
        if called.is_err() {
            self.busy(id);
        }
    }

    fn cancel(&self, id: u64, instance: u64) {
        if !self.account.cancel(id) {
            return;
        }
        if let Some(opened) = lock(&self.instances).get(&instance).cloned() {
            // With no thread free the call is not cancelled, and nobody waits for it anyway.
            let _ = self.enter(inside(opened, move |opened| {
                // SAFETY: the instance is kept until this is done.
                unsafe { (opened.functions.cancel)(opened.pointer, id) }
            }));
        }
    }

    fn destroy(&self, instance: u64) {
        let opened = lock(&self.instances).remove(&instance);
        if let Some(opened) = opened {
            // With no thread free it is leaked, never ended under a call.
            let _ = self.threads.run(inside(opened, |_| {}));
        }
    }

    /// Calls into the library.
    fn enter(&self, job: impl FnOnce() + Send + 'static) -> Result<(), Busy> {
        match self.caller {
            Caller::Thread => self.threads.run(job),
            Caller::Itself => {
                job();
                Ok(())
            }
        }
    }

    fn busy(&self, id: u64) {
        let why = "could not call the plugin because too many calls are inside it; \
                   they may be stuck, and a restart of the service ends them";
        self.account.abandon(id, abi::EXPLAINER_UNAVAILABLE, why);
    }
}

/// What is done with an instance. It is let go of where that is done, for `destroy` may be what
/// happens then, and may block; where it is never done, the instance is leaked.
fn inside(
    opened: Arc<Opened>,
    act: impl FnOnce(&Opened) + Send + 'static,
) -> impl FnOnce() + Send + 'static {
    let opened = ManuallyDrop::new(opened);
    move || {
        let opened = ManuallyDrop::into_inner(opened);
        act(&opened);
    }
}

impl fmt::Debug for Engine {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Engine({})", self.library.manifest.kind)
    }
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
