//! Tokens whose signature was found good: whoever sends one sends it with every request, and to
//! check it again would come to the same.

use std::{
    collections::HashMap,
    fmt,
    sync::{Arc, Mutex, PoisonError},
};

use aws_lc_rs::digest::{SHA256, digest};
use explainer_core::Result;

use super::Claims;

/// How many tokens are remembered. When there are more, all are forgotten and checked anew.
const KEPT: usize = 1024;

/// What tokens say, by the digest of the token: the token itself is not kept.
#[derive(Default)]
pub(super) struct Checked(Mutex<ByDigest>);

type ByDigest = HashMap<Vec<u8>, Arc<Claims>>;

impl Checked {
    /// What `token` says; `verify` is asked unless it has found this very token good before.
    pub(super) fn claims(
        &self,
        token: &str,
        verify: impl FnOnce() -> Result<Claims>,
    ) -> Result<Arc<Claims>> {
        let digest = digest(&SHA256, token.as_bytes());
        let locked = || self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(known) = locked().get(digest.as_ref()) {
            return Ok(known.clone());
        }
        let claims = Arc::new(verify()?);
        let mut known = locked();
        if known.len() >= KEPT {
            known.clear();
        }
        known.insert(digest.as_ref().to_vec(), claims.clone());
        Ok(claims)
    }
}

impl fmt::Debug for Checked {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Checked").finish_non_exhaustive()
    }
}
