//! What no plugin that is written with the SDK can do: the table and its functions by hand,
//! around those of the SDK.

#![expect(unsafe_code, reason = "it is about what plugins do below the SDK")]
#![expect(
    clippy::unwrap_used,
    reason = "a defect of this plugin may end its process too"
)]
#![expect(
    clippy::undocumented_unsafe_blocks,
    reason = "nothing in here is meant to be sound"
)]

use std::{
    ffi::c_void,
    io::Write as _,
    ptr,
    sync::{Mutex, OnceLock},
    thread,
    time::Duration,
};

use explainer_plugin_sdk::{
    abi::{EXPLAINER_OK, EXPLAINER_PROTOCOL, ExplainerBytes, ExplainerHost, ExplainerPlugin},
    export::Table,
};

use crate::Rogue;

/// What goes wrong while loading: a test writes its name over the dots of a copy.
#[used]
static MARK: [u8; 48] = *b"explainer-rogue:................................";

static SDK: Table = Table::new();
static OURS: OnceLock<Ours> = OnceLock::new();

struct Ours(ExplainerPlugin);
unsafe impl Send for Ours {}
unsafe impl Sync for Ours {}

fn sdk() -> ExplainerPlugin {
    unsafe { *SDK.of::<Rogue>("explainer-plugin-rogue", "0.0.0") }
}

#[unsafe(no_mangle)]
extern "C" fn explainer_plugin_v1(_: u32) -> *const ExplainerPlugin {
    let mark = unsafe { ptr::read_volatile(&raw const MARK) };
    let name = String::from_utf8_lossy(&mark[16..]);
    let name = name.trim_end_matches('.');
    if name == "no table" {
        return ptr::null();
    }
    let table = OURS.get_or_init(|| Ours(table(name)));
    &raw const table.0
}

fn table(wrong: &str) -> ExplainerPlugin {
    let mut table = ExplainerPlugin {
        create: Some(create),
        call: Some(call),
        cancel: Some(cancel),
        destroy: Some(destroy),
        ..sdk()
    };
    match wrong {
        "magic" => table.magic += 1,
        "major" => table.abi_major += 1,
        "newer minor" => {
            table.abi_minor += 7;
        }
        "needs newer" => table.min_host_minor += 7,
        "short" => table.struct_size = 64,
        "no call" => table.call = None,
        "no manifest" => table.manifest = ExplainerBytes::of(b""),
        "manifest" => table.manifest = ExplainerBytes::of(b"{\"kind\": \"../../etc\"}"),
        "exit" => std::process::exit(0),
        "abort" => std::process::abort(),
        "hang" => loop {
            thread::sleep(Duration::from_secs(3600));
        },
        _ => {}
    }
    table
}

struct Instance {
    inner: *mut c_void,
    host: *const ExplainerHost,
    mode: String,
    owed: Mutex<Vec<u64>>,
}

#[derive(Clone, Copy)]
struct Host(*const ExplainerHost);
unsafe impl Send for Host {}

impl Host {
    fn complete(self, id: u64, status: i32, payload: &[u8]) {
        let host = unsafe { &*self.0 };
        unsafe { (host.complete)(host.ctx, id, status, ExplainerBytes::of(payload)) };
    }
}

unsafe extern "C" fn create(
    host: *const ExplainerHost,
    id: u64,
    settings: ExplainerBytes,
) -> *mut c_void {
    let bytes = unsafe { settings.as_slice() };
    let read: serde_json::Value = serde_json::from_slice(bytes).unwrap_or_default();
    let mode = read["mode"].as_str().unwrap_or_default().to_owned();
    if mode == "say nothing in create" {
        return ptr::null_mut();
    }
    let inner = unsafe { sdk().create.unwrap()(host, id, settings) };
    if inner.is_null() {
        return inner;
    }
    let instance = Instance {
        inner,
        host,
        mode,
        owed: Mutex::default(),
    };
    Box::into_raw(Box::new(instance)).cast()
}

const ANSWER: &[u8] = br#"{"items":[]}"#;

unsafe extern "C" fn call(
    instance: *mut c_void,
    id: u64,
    method: ExplainerBytes,
    timeout_ms: u32,
    payload: ExplainerBytes,
) {
    let instance = unsafe { &*instance.cast::<Instance>() };
    let host = Host(instance.host);
    if unsafe { method.as_slice() } != b"issues" {
        return unsafe { sdk().call.unwrap()(instance.inner, id, method, timeout_ms, payload) };
    }
    match &*instance.mode {
        "complete twice" => {
            host.complete(id, EXPLAINER_OK, ANSWER);
            host.complete(id, EXPLAINER_OK, b"{\"items\":[1]}");
        }
        "complete late" => {
            thread::spawn(move || {
                let host = host;
                thread::sleep(Duration::from_millis(8500));
                host.complete(id, EXPLAINER_OK, ANSWER);
            });
        }
        "complete after destroy" => instance.owed.lock().unwrap().push(id),
        "complete forged ids" => {
            for forged in (0..1000).chain([u64::MAX, id ^ 1, id.wrapping_add(1)]) {
                if forged != id {
                    host.complete(forged, EXPLAINER_OK, b"\"forged\"");
                }
            }
            let table = unsafe { &*instance.host };
            for ctx in [0_usize, 4711, usize::MAX] {
                let ctx = ptr::without_provenance_mut(ctx);
                unsafe { (table.complete)(ctx, id, EXPLAINER_PROTOCOL, ExplainerBytes::of(b"")) };
            }
            host.complete(id, EXPLAINER_OK, ANSWER);
        }
        "garbage" => host.complete(id, EXPLAINER_OK, b"\0\x01 garbage <html>"),
        "empty" => host.complete(id, EXPLAINER_OK, b""),
        "invalid utf-8" => {
            host.complete(
                id,
                EXPLAINER_OK,
                b"{\"items\":[{\"id\":\"\xff\xfe\",\"title\":\"x\"}]}",
            );
        }
        "100 megabytes" => host.complete(id, EXPLAINER_OK, &vec![b'['; 100 * 1024 * 1024]),
        "deep json" => host.complete(id, EXPLAINER_OK, "[".repeat(1_000_000).as_bytes()),
        "unknown status" => host.complete(id, 4711, b"{\"message\":\"who knows\"}"),
        "negative status" => host.complete(id, -1, b"\xff"),
        "too many issues" => {
            let issue = r#"{"id":"1","title":"x"}"#;
            let items = vec![issue; 1000].join(",");
            let answer = format!("{{\"items\":[{items}]}}");
            host.complete(id, EXPLAINER_OK, answer.as_bytes());
        }
        "added field" => {
            let answer =
                br#"{"items":[{"id":"1","title":"x","new":{"a":[1]}}],"total":1,"level":"x"}"#;
            host.complete(id, EXPLAINER_OK, answer);
        }
        "block in call" => loop {
            thread::sleep(Duration::from_secs(3600));
        },
        _ => unsafe { sdk().call.unwrap()(instance.inner, id, method, timeout_ms, payload) },
    }
}

unsafe extern "C" fn cancel(instance: *mut c_void, id: u64) {
    let instance = unsafe { &*instance.cast::<Instance>() };
    unsafe { sdk().cancel.unwrap()(instance.inner, id) };
}

unsafe extern "C" fn destroy(instance: *mut c_void) {
    let instance = unsafe { Box::from_raw(instance.cast::<Instance>()) };
    if instance.mode == "hang in destroy" {
        loop {
            thread::sleep(Duration::from_secs(3600));
        }
    }
    unsafe { sdk().destroy.unwrap()(instance.inner) };
    let host = Host(instance.host);
    for id in instance.owed.lock().unwrap().drain(..) {
        host.complete(id, EXPLAINER_OK, ANSWER);
    }
}

pub(crate) fn segfault() {
    unsafe { ptr::null_mut::<u8>().write_volatile(1) };
}

/// Writes to standard output past all locks and macros, as C would.
pub(crate) fn print() {
    if let Ok(mut out) = std::fs::OpenOptions::new()
        .write(true)
        .open("/proc/self/fd/1")
    {
        let _ = out.write_all(&[0xff; 4096]);
    }
}

pub(crate) fn eat_memory() {
    let mut eaten: Vec<Vec<u8>> = Vec::new();
    // Reserved and not touched, so that a machine without a limit survives the test too.
    while eaten.len() < 64 {
        eaten.push(Vec::with_capacity(256 * 1024 * 1024));
    }
    std::hint::black_box(&eaten);
}
