//! The host, as a plugin sees it.

use std::ffi::c_void;

use crate::{
    Error,
    abi::{self, ExplainerBytes, ExplainerHost},
    http::{self, Request},
};

/// The host: its HTTP client and its log. Cheap to copy.
#[derive(Debug, Clone, Copy)]
pub struct Host {
    table: &'static ExplainerHost,
}

// SAFETY: the table is never written after it was handed over, and the boundary promises that
// each of its functions may be called from any thread with the context beside it.
unsafe impl Send for Host {}
// SAFETY: as above.
unsafe impl Sync for Host {}

impl Host {
    /// The host behind a pointer that came over the boundary.
    ///
    /// # Safety
    /// `table` must be null or a table that stays where it is until the process ends.
    pub(crate) unsafe fn of_pointer(table: *const ExplainerHost) -> Option<Self> {
        // SAFETY: the caller vouches that the table outlives everything.
        let table = unsafe { table.as_ref() }?;
        let size = usize::try_from(table.struct_size).unwrap_or_default();
        (size >= size_of::<ExplainerHost>()).then_some(Self { table })
    }

    pub(crate) const fn of_table(table: &'static ExplainerHost) -> Self {
        Self { table }
    }

    /// A GET request, to be [sent](Request::send) with the host's HTTP client.
    pub fn get(self, url: &str) -> Request {
        Request::new(self, "GET", url)
    }

    /// A request with any method, to be [sent](Request::send) with the host's HTTP client.
    pub fn request(self, method: &str, url: &str) -> Request {
        Request::new(self, method, url)
    }

    pub(crate) fn complete(self, call_id: u64, outcome: &Result<Vec<u8>, Error>) {
        let body;
        let (status, payload) = match outcome {
            Ok(payload) => (abi::EXPLAINER_OK, payload),
            Err(error) => {
                body = error.body();
                (error.code.number(), &body)
            }
        };
        // SAFETY: the context is the table's own, and the payload lives until the call returns.
        unsafe {
            (self.table.complete)(self.table.ctx, call_id, status, ExplainerBytes::of(payload));
        }
    }

    pub(crate) fn log(self, level: i32, call_id: u64, target: &str, message: &str) {
        let (target, message) = (target.as_bytes(), message.as_bytes());
        // SAFETY: the context is the table's own, and the texts live until the call returns.
        unsafe {
            (self.table.log)(
                self.table.ctx,
                level,
                call_id,
                ExplainerBytes::of(target),
                ExplainerBytes::of(message),
            );
        }
    }

    pub(crate) fn log_enabled(self, level: i32) -> bool {
        // SAFETY: the context is the table's own.
        unsafe { (self.table.log_enabled)(self.table.ctx, level) != 0 }
    }

    /// Sends a request; `user` comes back with the answer. `false` when the host has no client.
    pub(crate) fn http(self, call_id: u64, head: &[u8], body: &[u8], user: *mut c_void) -> bool {
        let Some(send) = self.table.http else {
            return false;
        };
        let (head, body) = (ExplainerBytes::of(head), ExplainerBytes::of(body));
        // SAFETY: the context is the table's own, both texts live until the call returns, and
        // `http::done` takes back exactly the `user` that was made for it.
        unsafe { send(self.table.ctx, call_id, head, body, http::done, user) };
        true
    }
}
