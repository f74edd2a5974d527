//! For the tests of a plugin: a host to open a source with, and a way to wait for its futures.

use std::{
    ffi::c_void,
    io::{self, Write as _},
    ptr,
};

use crate::{
    Host, Source,
    abi::{ExplainerBytes, ExplainerHost},
};

/// A host without an HTTP client that writes what is logged to standard error.
pub fn host() -> Host {
    struct Table(ExplainerHost);
    // SAFETY: its context is null and nothing in it ever changes.
    unsafe impl Sync for Table {}
    static TABLE: Table = Table(ExplainerHost {
        #[expect(clippy::cast_possible_truncation, reason = "it is 56 bytes")]
        struct_size: size_of::<ExplainerHost>() as u32,
        abi_minor: crate::abi::EXPLAINER_ABI_MINOR,
        ctx: ptr::null_mut(),
        complete,
        log,
        log_enabled,
        is_cancelled,
        http: None,
    });
    Host::of_table(&TABLE.0)
}

/// Opens a source as the host would: with settings as JSON.
pub fn open<S: Source>(settings: serde_json::Value) -> Result<S, crate::Error> {
    let settings = serde_json::from_value(settings)
        .map_err(|error| crate::Error::invalid(format!("the settings are wrong: {error}")))?;
    S::open(settings, host())
}

/// Runs a future to its end.
///
/// # Panics
/// When no runtime can be started.
pub fn block_on<T>(future: impl Future<Output = T>) -> T {
    tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .expect("a test can start a runtime")
        .block_on(future)
}

unsafe extern "C" fn complete(_: *mut c_void, _: u64, _: i32, _: ExplainerBytes) {}

unsafe extern "C" fn log(
    _: *mut c_void,
    _: i32,
    _: u64,
    target: ExplainerBytes,
    message: ExplainerBytes,
) {
    // SAFETY: the plugin lends both until this call returns.
    let (target, message) = unsafe { (target.as_slice(), message.as_slice()) };
    let (target, message) = (
        String::from_utf8_lossy(target),
        String::from_utf8_lossy(message),
    );
    let _ = writeln!(io::stderr(), "{target}: {message}");
}

unsafe extern "C" fn log_enabled(_: *mut c_void, _: i32) -> i32 {
    1
}

unsafe extern "C" fn is_cancelled(_: *mut c_void, _: u64) -> i32 {
    0
}
