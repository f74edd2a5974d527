//! The boundary itself: what crosses between a host and a plugin, as plain C.
//!
//! No Rust type crosses, so the two sides may be built by different compilers, with different
//! allocators and runtimes, or in another language. Payloads are JSON in UTF-8; memory that is
//! handed over is borrowed until the call that carries it returns, and the receiver copies it.
//!
//! This file knows nothing but `core`: the C header is made from it, and a test compiles it alone.

use core::{ffi::c_void, mem::offset_of};

/// The first eight bytes of every plugin's table: `EXPLPLUG`, read as a little-endian number.
pub const EXPLAINER_MAGIC: u64 = 0x4755_4c50_4c50_5845;
/// The major version: it is in the name of the exported symbol too.
pub const EXPLAINER_ABI_MAJOR: u32 = 1;
/// The minor version. A higher one only appends fields; `struct_size` says which are there.
pub const EXPLAINER_ABI_MINOR: u32 = 0;

/// The plugin's `call` may block: the host then calls it on threads kept for that alone.
pub const EXPLAINER_CAP_BLOCKING: u64 = 1;
/// The plugin understands the method `webhook`.
pub const EXPLAINER_CAP_WEBHOOK: u64 = 2;
/// The plugin understands the method `comment`.
pub const EXPLAINER_CAP_COMMENT: u64 = 4;

/// It went well; the payload is the answer.
pub const EXPLAINER_OK: i32 = 0;
/// The request or the settings make no sense; asking again will not help.
pub const EXPLAINER_INVALID_ARGUMENT: i32 = 1;
/// The credentials are missing, wrong or expired.
pub const EXPLAINER_UNAUTHENTICATED: i32 = 2;
/// The credentials are good and not enough.
pub const EXPLAINER_PERMISSION_DENIED: i32 = 3;
/// What was asked for does not exist where it must.
pub const EXPLAINER_NOT_FOUND: i32 = 4;
/// Too many requests; `retry_after_ms` may say how long to wait.
pub const EXPLAINER_RATE_LIMITED: i32 = 5;
/// The tracker cannot be reached or is failing.
pub const EXPLAINER_UNAVAILABLE: i32 = 6;
/// The call was cancelled.
pub const EXPLAINER_CANCELLED: i32 = 7;
/// The plugin has no such method.
pub const EXPLAINER_UNSUPPORTED: i32 = 8;
/// The tracker answered something that is not its protocol.
pub const EXPLAINER_PROTOCOL: i32 = 9;
/// A defect of the plugin.
pub const EXPLAINER_INTERNAL: i32 = 10;
/// The plugin's code panicked.
pub const EXPLAINER_PANIC: i32 = 11;

/// Log levels, the most important first.
pub const EXPLAINER_LOG_ERROR: i32 = 1;
/// Something is not as it should be.
pub const EXPLAINER_LOG_WARN: i32 = 2;
/// Worth knowing.
pub const EXPLAINER_LOG_INFO: i32 = 3;
/// For developers.
pub const EXPLAINER_LOG_DEBUG: i32 = 4;
/// For developers in trouble.
pub const EXPLAINER_LOG_TRACE: i32 = 5;

/// Borrowed bytes: valid until the call that carries them returns. `ptr` may be null when `len` is 0.
#[repr(C)]
#[derive(Debug, Clone, Copy)]
pub struct ExplainerBytes {
    /// The first byte.
    pub ptr: *const u8,
    /// How many there are.
    pub len: usize,
}

/// How the host gives back an HTTP answer: exactly once for each request, from any thread.
///
/// With `EXPLAINER_OK`, `head` is JSON `{"status": 200, "headers": [["name", "value"], …]}` and
/// `body` the raw body. With another status `head` is an error: `{"message": …}`.
pub type ExplainerHttpDone = unsafe extern "C" fn(
    user: *mut c_void,
    status: i32,
    head: ExplainerBytes,
    body: ExplainerBytes,
);

/// What the host offers. It outlives every instance; every function may be called from any thread.
#[repr(C)]
#[derive(Debug, Clone, Copy)]
pub struct ExplainerHost {
    /// The size of the host's table, in bytes: a field is there when it ends within.
    pub struct_size: u32,
    /// The host's minor version.
    pub abi_minor: u32,
    /// To be passed back as the first argument of each function.
    pub ctx: *mut c_void,
    /// Ends a call: exactly once for each call id, also for one that was cancelled. With
    /// `EXPLAINER_OK` the payload is the answer, else `{"message": …, "retry_after_ms"?: …}`.
    pub complete:
        unsafe extern "C" fn(ctx: *mut c_void, call_id: u64, status: i32, payload: ExplainerBytes),
    /// Writes a line to the host's log; `call_id` is 0 outside of calls.
    pub log: unsafe extern "C" fn(
        ctx: *mut c_void,
        level: i32,
        call_id: u64,
        target: ExplainerBytes,
        message: ExplainerBytes,
    ),
    /// Whether lines of this level are kept: not 0 when they are.
    pub log_enabled: unsafe extern "C" fn(ctx: *mut c_void, level: i32) -> i32,
    /// Whether nobody waits for this call any more: not 0 when so.
    pub is_cancelled: unsafe extern "C" fn(ctx: *mut c_void, call_id: u64) -> i32,
    /// Sends an HTTP request with the host's client; null where the host has none. `request` is
    /// JSON `{"method": "GET", "url": …, "headers": [["name", "value"], …], "timeout_ms"?: …}`.
    pub http: Option<
        unsafe extern "C" fn(
            ctx: *mut c_void,
            call_id: u64,
            request: ExplainerBytes,
            body: ExplainerBytes,
            done: ExplainerHttpDone,
            user: *mut c_void,
        ),
    >,
}

/// What a plugin is. The first 24 bytes never change; every function may be called concurrently.
#[repr(C)]
#[derive(Debug, Clone, Copy)]
pub struct ExplainerPlugin {
    /// `EXPLAINER_MAGIC`.
    pub magic: u64,
    /// The major version the plugin was built for.
    pub abi_major: u32,
    /// The minor version the plugin was built for.
    pub abi_minor: u32,
    /// The size of the plugin's table, in bytes.
    pub struct_size: u32,
    /// The lowest minor version of a host the plugin works with.
    pub min_host_minor: u32,
    /// `EXPLAINER_CAP_…` joined by `|`.
    pub capabilities: u64,
    /// JSON that stays where it is: `name`, `version`, `kind`, `description`, `settings` (a JSON
    /// schema), `sensitive` (a list of fields).
    pub manifest: ExplainerBytes,
    /// Opens an instance with these settings. On failure it ends `call_id` with the error and
    /// returns null; on success it may end it with `EXPLAINER_OK`, and the host does so otherwise.
    pub create: Option<
        unsafe extern "C" fn(
            host: *const ExplainerHost,
            call_id: u64,
            settings: ExplainerBytes,
        ) -> *mut c_void,
    >,
    /// Begins a call and returns at once; `complete` ends it, from any thread, also from in here.
    pub call: Option<
        unsafe extern "C" fn(
            instance: *mut c_void,
            call_id: u64,
            method: ExplainerBytes,
            timeout_ms: u32,
            payload: ExplainerBytes,
        ),
    >,
    /// Says that nobody waits for a call any more; it may have ended already.
    pub cancel: Option<unsafe extern "C" fn(instance: *mut c_void, call_id: u64)>,
    /// Ends an instance and all that belongs to it, threads included. No call is inside then.
    pub destroy: Option<unsafe extern "C" fn(instance: *mut c_void)>,
}

/// The one symbol a plugin exports, under the name [`EXPLAINER_ENTRY`].
pub type ExplainerEntry = unsafe extern "C" fn(host_minor: u32) -> *const ExplainerPlugin;

/// The name of the exported symbol.
pub const EXPLAINER_ENTRY: &core::ffi::CStr = c"explainer_plugin_v1";

/// What a host of any version may read before it knows the rest.
pub const EXPLAINER_FIXED_HEAD: usize = 24;

// Where each field lies, for ever. A field slipped into the middle does not build.
#[cfg(target_pointer_width = "64")]
const _: () = {
    assert!(size_of::<ExplainerBytes>() == 16);
    assert!(offset_of!(ExplainerBytes, ptr) == 0);
    assert!(offset_of!(ExplainerBytes, len) == 8);

    assert!(size_of::<ExplainerHost>() == 56);
    assert!(offset_of!(ExplainerHost, struct_size) == 0);
    assert!(offset_of!(ExplainerHost, abi_minor) == 4);
    assert!(offset_of!(ExplainerHost, ctx) == 8);
    assert!(offset_of!(ExplainerHost, complete) == 16);
    assert!(offset_of!(ExplainerHost, log) == 24);
    assert!(offset_of!(ExplainerHost, log_enabled) == 32);
    assert!(offset_of!(ExplainerHost, is_cancelled) == 40);
    assert!(offset_of!(ExplainerHost, http) == 48);

    assert!(size_of::<ExplainerPlugin>() == 80);
    assert!(offset_of!(ExplainerPlugin, magic) == 0);
    assert!(offset_of!(ExplainerPlugin, abi_major) == 8);
    assert!(offset_of!(ExplainerPlugin, abi_minor) == 12);
    assert!(offset_of!(ExplainerPlugin, struct_size) == 16);
    assert!(offset_of!(ExplainerPlugin, min_host_minor) == 20);
    assert!(offset_of!(ExplainerPlugin, capabilities) == EXPLAINER_FIXED_HEAD);
    assert!(offset_of!(ExplainerPlugin, manifest) == 32);
    assert!(offset_of!(ExplainerPlugin, create) == 48);
    assert!(offset_of!(ExplainerPlugin, call) == 56);
    assert!(offset_of!(ExplainerPlugin, cancel) == 64);
    assert!(offset_of!(ExplainerPlugin, destroy) == 72);
};

impl ExplainerBytes {
    /// Lends `bytes` for the length of one call.
    pub const fn of(bytes: &[u8]) -> Self {
        Self {
            ptr: bytes.as_ptr(),
            len: bytes.len(),
        }
    }

    /// The bytes that were lent.
    ///
    /// # Safety
    /// `ptr` must be null with `len` 0, or point to `len` readable bytes that nobody changes
    /// during `'a`.
    pub const unsafe fn as_slice<'a>(self) -> &'a [u8] {
        if self.ptr.is_null() || self.len == 0 {
            return &[];
        }
        // SAFETY: the caller vouches for pointer and length; null was turned away above.
        unsafe { core::slice::from_raw_parts(self.ptr, self.len) }
    }
}
