//! Clients for servers that are not known before, because users name them: each is checked, and
//! gets a client of its own.

use std::{
    collections::HashMap,
    sync::{Mutex, PoisonError},
};

use explainer_core::Result;
use reqwest::{Client, Url};

use super::{BadTarget, Patience, Target, client};

/// How many clients are kept.
const MAX_CLIENTS: usize = 64;

/// A client for each server that users name.
#[derive(Debug)]
pub struct Clients {
    private_networks: bool,
    patience: Patience,
    made: Mutex<HashMap<String, Client>>,
}

impl Clients {
    /// Reaches private networks where the installation lets users name addresses there.
    pub fn new(private_networks: bool, patience: Patience) -> Self {
        Self {
            private_networks,
            patience,
            made: Mutex::default(),
        }
    }

    /// Refuses an address that must not be reached, as far as that can be told without asking.
    pub fn check(&self, url: &Url, adapter: &'static str) -> Result<()> {
        self.target(url, adapter).map(drop)
    }

    /// The client for the server of `url`.
    pub fn client(&self, url: &Url, adapter: &'static str) -> Result<Client> {
        let target = self.target(url, adapter)?;
        let origin = url.origin().ascii_serialization();
        let mut made = self.made.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(known) = made.get(&origin) {
            return Ok(known.clone());
        }
        let new = client(&target, self.patience, adapter)?;
        if made.len() >= MAX_CLIENTS {
            made.clear();
        }
        made.insert(origin, new.clone());
        Ok(new)
    }

    fn target(&self, url: &Url, adapter: &'static str) -> Result<Target> {
        let login = !url.username().is_empty() || url.password().is_some();
        if login {
            return Err(BadTarget::Credentials.of_setting("url", adapter));
        }
        let origin = url.origin().ascii_serialization();
        let target = Target::of_user(&origin, self.private_networks);
        target.map_err(|bad| bad.of_setting("url", adapter))
    }
}
