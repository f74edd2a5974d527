//! A loaded library: from checked bytes to a table of functions and a manifest that were checked.

use std::{ffi::c_void, mem::ManuallyDrop, os::fd::OwnedFd, path::Path};

use explainer_core::{Error, ErrorKind, Result};
use explainer_plugin_sdk::{
    Manifest,
    abi::{
        EXPLAINER_ABI_MAJOR, EXPLAINER_ABI_MINOR, EXPLAINER_ENTRY, EXPLAINER_FIXED_HEAD,
        EXPLAINER_MAGIC, ExplainerBytes, ExplainerEntry, ExplainerHost, ExplainerPlugin,
    },
};
use libloading::os::unix::{Library as Handle, RTLD_LOCAL, RTLD_NOW};

use crate::{ADAPTER, allow::Allowed, sealed};

/// Keeps a library mapped although its handle is closed.
const RTLD_NODELETE: i32 = 0x1000;
/// The largest manifest that is read, in bytes.
const MAX_MANIFEST: usize = 1024 * 1024;

/// The functions of a plugin, none of which is null.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Functions {
    pub create: unsafe extern "C" fn(*const ExplainerHost, u64, ExplainerBytes) -> *mut c_void,
    pub call: unsafe extern "C" fn(*mut c_void, u64, ExplainerBytes, u32, ExplainerBytes),
    pub cancel: unsafe extern "C" fn(*mut c_void, u64),
    pub destroy: unsafe extern "C" fn(*mut c_void),
}

/// A library that is loaded, for as long as the process runs.
#[derive(Debug)]
pub(crate) struct Library {
    pub functions: Functions,
    pub capabilities: u64,
    pub manifest: Manifest,
}

impl Library {
    /// Checks, loads and negotiates. Code of the library runs in here.
    pub(crate) fn load(allowed: &Allowed) -> Result<Self> {
        let bytes = allowed.read()?;
        let refuse = |why: String| refused(&allowed.path, &why);
        let (memory, path) = sealed::copy(&bytes)
            .map_err(|error| refuse(format!("it could not be copied: {error}")))?;
        let entry = open(memory, &path).map_err(refuse)?;
        // SAFETY: the library says by the symbol's name that this is its type. That its code may
        // do anything is why it was allowed by digest, and why it usually runs in a child.
        let table = unsafe { entry(EXPLAINER_ABI_MINOR) };
        // SAFETY: a table was given, or null, by code that claims to keep to the boundary.
        let table = unsafe { read_table(table) }.map_err(refuse)?;
        let functions = functions(&table).map_err(refuse)?;
        let manifest = manifest(&table).map_err(refuse)?;
        Ok(Self {
            functions,
            capabilities: table.capabilities,
            manifest,
        })
    }
}

fn refused(path: &Path, why: &str) -> Error {
    let message = format!(
        "could not load {} because {why}; build it for this version with the plugin SDK",
        path.display()
    );
    Error::new(ErrorKind::Unsupported, ADAPTER, "load", message)
}

/// Maps the library and finds its one symbol.
fn open(memory: OwnedFd, path: &Path) -> Result<ExplainerEntry, String> {
    // SAFETY: constructors of the library run in here; see `load`. The memory is sealed, so what
    // is mapped stays what was checked.
    let handle = unsafe { Handle::open(Some(path), RTLD_NOW | RTLD_LOCAL | RTLD_NODELETE) };
    let handle = handle.map_err(|error| format!("it is not a library: {}", plain(&error)))?;
    // Never unloaded, whatever comes: threads, thread-locals and destructors of the library may
    // run. The descriptor stays open too, since the loader knows libraries by their path, and this
    // one's number must not come to name another.
    let handle = ManuallyDrop::new(handle);
    std::mem::forget(memory);
    // SAFETY: the symbol's name carries the version of its type.
    let entry = unsafe { handle.get::<ExplainerEntry>(EXPLAINER_ENTRY.to_bytes_with_nul()) };
    let entry = entry.map_err(|_missing| {
        let name = EXPLAINER_ENTRY.to_string_lossy();
        format!("it does not export `{name}` and so is no plugin of this version")
    })?;
    Ok(*entry)
}

fn plain(error: &libloading::Error) -> String {
    let text = error.to_string();
    let plain = |c: char| if c.is_control() { ' ' } else { c };
    text.chars().take(300).map(plain).collect()
}

/// Reads as much of a table as there is, once its head says that it is one.
///
/// # Safety
/// `table` must be null or point to the first 24 bytes of a table, and if these say so to as many
/// bytes as they say.
unsafe fn read_table(table: *const ExplainerPlugin) -> Result<ExplainerPlugin, String> {
    if table.is_null() || !table.is_aligned() {
        return Err("its entry gave no table".to_owned());
    }
    // SAFETY: the caller vouches for the head, which is the fields up to `min_host_minor`.
    let (magic, major, minor, size, min_host) = unsafe {
        (
            (&raw const (*table).magic).read(),
            (&raw const (*table).abi_major).read(),
            (&raw const (*table).abi_minor).read(),
            (&raw const (*table).struct_size).read(),
            (&raw const (*table).min_host_minor).read(),
        )
    };
    if magic != EXPLAINER_MAGIC {
        return Err("its table does not begin as one of a plugin".to_owned());
    }
    if major != EXPLAINER_ABI_MAJOR {
        return Err(format!(
            "it speaks version {major}.{minor} of the plugin boundary and this is {EXPLAINER_ABI_MAJOR}.{EXPLAINER_ABI_MINOR}"
        ));
    }
    if min_host > EXPLAINER_ABI_MINOR {
        return Err(format!(
            "it needs version {major}.{min_host} of the plugin boundary and this is {EXPLAINER_ABI_MAJOR}.{EXPLAINER_ABI_MINOR}"
        ));
    }
    let whole = size_of::<ExplainerPlugin>();
    if usize::try_from(size).unwrap_or_default() < whole.max(EXPLAINER_FIXED_HEAD) {
        return Err(format!(
            "its table has {size} bytes and a plugin's has {whole}"
        ));
    }
    // SAFETY: the table is at least as large as ours; a newer minor only appends.
    Ok(unsafe { table.read() })
}

fn functions(table: &ExplainerPlugin) -> Result<Functions, String> {
    let absent = |name: &str| format!("its table has no `{name}`");
    Ok(Functions {
        create: table.create.ok_or_else(|| absent("create"))?,
        call: table.call.ok_or_else(|| absent("call"))?,
        cancel: table.cancel.ok_or_else(|| absent("cancel"))?,
        destroy: table.destroy.ok_or_else(|| absent("destroy"))?,
    })
}

fn manifest(table: &ExplainerPlugin) -> Result<Manifest, String> {
    if table.manifest.len > MAX_MANIFEST {
        return Err("its manifest is larger than 1 MiB".to_owned());
    }
    // SAFETY: the boundary promises that the manifest stays where it is.
    let text = unsafe { table.manifest.as_slice() };
    let manifest: Manifest = serde_json::from_slice(text)
        .map_err(|error| format!("its manifest cannot be read: {error}"))?;
    let plain = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '-';
    let kind = &manifest.kind;
    if !(1..=40).contains(&kind.len()) || !kind.chars().all(plain) {
        return Err("its kind is not 1 to 40 lower-case letters, digits or `-`".to_owned());
    }
    Ok(manifest)
}
