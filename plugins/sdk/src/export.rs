//! The functions behind a plugin's table; [`export!`](crate::export!) puts them there.

use std::{
    ffi::c_void,
    panic::{AssertUnwindSafe, catch_unwind},
    ptr,
    sync::OnceLock,
};

use crate::{
    Host, Manifest, Source,
    abi::{self, ExplainerBytes, ExplainerHost, ExplainerPlugin},
    instance::{Instance, panicked},
};

/// Exports a [`Source`] as the plugin that this library is.
#[macro_export]
macro_rules! export {
    ($source:ty) => {
        #[doc(hidden)]
        #[allow(unsafe_code, reason = "the one symbol a plugin exports")]
        #[unsafe(no_mangle)]
        pub extern "C" fn explainer_plugin_v1(_: u32) -> *const $crate::abi::ExplainerPlugin {
            static TABLE: $crate::export::Table = $crate::export::Table::new();
            TABLE.of::<$source>(env!("CARGO_PKG_NAME"), env!("CARGO_PKG_VERSION"))
        }
    };
}

/// A plugin's table, made when it is first asked for.
pub struct Table(OnceLock<Made>);

struct Made {
    plugin: ExplainerPlugin,
    /// What `plugin.manifest` points into.
    _manifest: Vec<u8>,
}

// SAFETY: nothing in it changes once it is made, and its one pointer leads into the text beside it.
unsafe impl Send for Made {}
// SAFETY: as above.
unsafe impl Sync for Made {}

impl Table {
    /// A table not yet made.
    #[expect(clippy::new_without_default, reason = "for the macro alone")]
    pub const fn new() -> Self {
        Self(OnceLock::new())
    }

    /// The table of `S`; null when it cannot be made.
    pub fn of<S: Source>(&'static self, name: &str, version: &str) -> *const ExplainerPlugin {
        let made = catch_unwind(|| self.0.get_or_init(|| make::<S>(name, version)));
        made.map_or(ptr::null(), |made| &raw const made.plugin)
    }
}

fn make<S: Source>(name: &str, version: &str) -> Made {
    let manifest = manifest::<S>(name, version);
    let manifest = serde_json::to_vec(&manifest).unwrap_or_default();
    let mut capabilities = 0;
    if S::HAS_WEBHOOK {
        capabilities |= abi::EXPLAINER_CAP_WEBHOOK;
    }
    if S::HAS_COMMENT {
        capabilities |= abi::EXPLAINER_CAP_COMMENT;
    }
    let plugin = ExplainerPlugin {
        magic: abi::EXPLAINER_MAGIC,
        abi_major: abi::EXPLAINER_ABI_MAJOR,
        abi_minor: abi::EXPLAINER_ABI_MINOR,
        #[expect(clippy::cast_possible_truncation, reason = "it is 80 bytes")]
        struct_size: size_of::<ExplainerPlugin>() as u32,
        min_host_minor: 0,
        capabilities,
        // The text does not move when the vector that owns it does.
        manifest: ExplainerBytes::of(&manifest),
        create: Some(create::<S>),
        call: Some(call::<S>),
        cancel: Some(cancel::<S>),
        destroy: Some(destroy::<S>),
    };
    Made {
        plugin,
        _manifest: manifest,
    }
}

pub(crate) fn manifest<S: Source>(name: &str, version: &str) -> Manifest {
    Manifest {
        name: name.to_owned(),
        version: version.to_owned(),
        kind: S::KIND.to_owned(),
        description: S::DESCRIPTION.to_owned(),
        settings: schemars::schema_for!(S::Settings).to_value(),
        sensitive: S::SENSITIVE.iter().map(|&it| it.to_owned()).collect(),
    }
}

/// # Safety
/// As the boundary says of `create`.
unsafe extern "C" fn create<S: Source>(
    host: *const ExplainerHost,
    call_id: u64,
    settings: ExplainerBytes,
) -> *mut c_void {
    // SAFETY: the boundary promises a table that outlives every instance.
    let Some(host) = (unsafe { Host::of_pointer(host) }) else {
        return ptr::null_mut();
    };
    // SAFETY: the host lends the settings until this call returns.
    let settings = unsafe { settings.as_slice() };
    let opened = catch_unwind(|| Instance::<S>::open(host, settings));
    match opened.unwrap_or_else(|panic| Err(panicked(&*panic))) {
        Ok(instance) => Box::into_raw(Box::new(instance)).cast(),
        Err(error) => {
            host.complete(call_id, &Err(error));
            ptr::null_mut()
        }
    }
}

/// # Safety
/// As the boundary says of `call`: `instance` is one of [`create`] that was not destroyed.
unsafe extern "C" fn call<S: Source>(
    instance: *mut c_void,
    call_id: u64,
    method: ExplainerBytes,
    _timeout_ms: u32,
    payload: ExplainerBytes,
) {
    // SAFETY: the host passes what `create` gave it, and not past `destroy`; a shared reference
    // is all that is made of it, so that calls may be concurrent.
    let Some(instance) = (unsafe { instance.cast::<Instance<S>>().as_ref() }) else {
        return;
    };
    // SAFETY: the host lends both until this call returns; they are copied here.
    let (method, payload) = unsafe { (method.as_slice(), payload.as_slice()) };
    let method = String::from_utf8_lossy(method).into_owned();
    let payload = payload.to_vec();
    // What could panic in there is out of memory or threads; the call then ends as cancelled.
    let _ = catch_unwind(AssertUnwindSafe(|| instance.call(call_id, method, payload)));
}

/// # Safety
/// As the boundary says of `cancel`: `instance` is one of [`create`] that was not destroyed.
unsafe extern "C" fn cancel<S: Source>(instance: *mut c_void, call_id: u64) {
    // SAFETY: as in `call`.
    if let Some(instance) = unsafe { instance.cast::<Instance<S>>().as_ref() } {
        let _ = catch_unwind(AssertUnwindSafe(|| instance.cancel(call_id)));
    }
}

/// # Safety
/// As the boundary says of `destroy`: `instance` is one of [`create`], destroyed once, with no
/// call inside.
unsafe extern "C" fn destroy<S: Source>(instance: *mut c_void) {
    if instance.is_null() {
        return;
    }
    // SAFETY: `create` made it of a box, and the host gives it back once.
    let instance = unsafe { Box::from_raw(instance.cast::<Instance<S>>()) };
    let _ = catch_unwind(AssertUnwindSafe(|| drop(instance)));
}
