//! What every opening of one model shares: its client, its turns, and what was learned of it.

use std::{
    collections::HashMap,
    fmt,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use explainer_core::{
    Error, ErrorKind, Result,
    domain::SecretString,
    ports::{LlmSettings, ModelLocation},
};
use reqwest::{
    Client,
    header::{HeaderMap, HeaderName, HeaderValue},
};
use tokio::sync::{Semaphore, SemaphorePermit};

use crate::outbound::{self, BadTarget, Patience, Target};

/// So many models are kept before those nobody uses are forgotten.
const KEPT: usize = 256;
/// Longer than any configured time for an answer, which is kept by the adapter itself.
const LONGEST: Duration = Duration::from_secs(2 * 3600);

/// How a server is reached; the same for every kind.
#[derive(Debug, Clone)]
pub struct Access {
    /// Headers sent with every request.
    pub headers: Vec<(String, SecretString)>,
    /// How long one answer may take.
    pub timeout: Duration,
    /// How many requests one model is sent at the same time.
    pub concurrency: usize,
    /// Where its models run.
    pub whereabouts: Whereabouts,
    /// Whether addresses that workspaces set may lie in private networks.
    pub private_networks: bool,
}

impl Default for Access {
    fn default() -> Self {
        Self {
            headers: Vec::new(),
            timeout: Duration::from_secs(120),
            concurrency: 4,
            whereabouts: Whereabouts::Auto,
            private_networks: false,
        }
    }
}

/// What the configuration says of where models run.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Whereabouts {
    /// On a loopback address they are local, elsewhere remote.
    Auto,
    /// This, whatever the address.
    At(ModelLocation),
}

impl Access {
    /// The server's address: the workspace's, checked, else the operator's, trusted.
    pub(super) fn target(
        &self,
        settings: &LlmSettings,
        configured: &str,
        adapter: &'static str,
    ) -> Result<Target> {
        let bad = |bad: BadTarget| bad.of_setting("base_url", adapter);
        match &settings.base_url {
            Some(address) => Target::of_user(address, self.private_networks).map_err(bad),
            None => Target::of_operator(configured).map_err(bad),
        }
    }

    /// Where a model at this address runs.
    pub(super) fn location(&self, target: &Target) -> ModelLocation {
        match self.whereabouts {
            Whereabouts::At(location) => location,
            Whereabouts::Auto if target.is_local() => ModelLocation::Local,
            Whereabouts::Auto => ModelLocation::Remote,
        }
    }

    /// The headers of every request. The operator's own go to no address but the operator's.
    pub(super) fn header_map(
        &self,
        settings: &LlmSettings,
        key: Option<&SecretString>,
        adapter: &'static str,
    ) -> Result<HeaderMap> {
        use explainer_core::domain::ExposeSecret;
        let mut map = HeaderMap::new();
        let own = self.headers.iter().filter(|_| settings.base_url.is_none());
        for (name, value) in own {
            let pair = HeaderName::try_from(name)
                .ok()
                .zip(header(value.expose_secret()));
            let (name, value) =
                pair.ok_or_else(|| unusable(&format!("header `{name}`"), adapter))?;
            map.insert(name, value);
        }
        if let Some(key) = key {
            let value = header(&format!("Bearer {}", key.expose_secret()));
            let value = value.ok_or_else(|| unusable("key", adapter))?;
            map.entry("authorization").or_insert(value);
        }
        Ok(map)
    }
}

fn header(text: &str) -> Option<HeaderValue> {
    let mut value = HeaderValue::try_from(text).ok()?;
    value.set_sensitive(true);
    Some(value)
}

fn unusable(what: &str, adapter: &'static str) -> Error {
    let message = format!(
        "could not use the {what} because it holds characters no header can; \
         look for line breaks and quotes around it"
    );
    Error::new(ErrorKind::Invalid, adapter, "open", message)
}

/// One model of one server, for all who open it.
#[derive(Debug)]
pub(super) struct Model<T> {
    pub http: Client,
    turns: Semaphore,
    learned: Mutex<T>,
}

impl<T: Clone> Model<T> {
    /// Waits until fewer requests than may be are under way.
    pub(super) async fn turn(&self) -> Option<SemaphorePermit<'_>> {
        // It is never closed.
        self.turns.acquire().await.ok()
    }

    /// What was learned so far.
    pub(super) fn learned(&self) -> T {
        lock(&self.learned).clone()
    }

    /// Learns something more.
    pub(super) fn learn(&self, change: impl FnOnce(&mut T)) {
        change(&mut lock(&self.learned));
    }
}

/// Every model that was opened.
pub(super) struct Models<T>(Mutex<ByAddressAndName<T>>);

type ByAddressAndName<T> = HashMap<(String, String), Arc<Model<T>>>;

impl<T> Default for Models<T> {
    fn default() -> Self {
        Self(Mutex::default())
    }
}

impl<T> fmt::Debug for Models<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Models({})", lock(&self.0).len())
    }
}

impl<T> Models<T> {
    /// The model `name` at `target`; nothing but `first` is known of a new one.
    pub(super) fn open(
        &self,
        target: &Target,
        name: &str,
        access: &Access,
        adapter: &'static str,
        first: impl FnOnce() -> T,
    ) -> Result<Arc<Model<T>>> {
        let key = (target.base().to_string(), name.to_owned());
        let mut models = lock(&self.0);
        if let Some(known) = models.get(&key) {
            return Ok(known.clone());
        }
        if models.len() >= KEPT {
            models.retain(|_, model| Arc::strong_count(model) > 1);
        }
        // All models of one server share its connections.
        let neighbour = models.iter().find(|((address, _), _)| *address == key.0);
        let http = match neighbour {
            Some((_, model)) => model.http.clone(),
            None => client(target, LONGEST, adapter)?,
        };
        let model = Arc::new(Model {
            http,
            turns: Semaphore::new(access.concurrency),
            learned: Mutex::new(first()),
        });
        models.insert(key, model.clone());
        Ok(model)
    }
}

/// A client that waits this long for the next bytes, and for the rest as long as it is let.
pub(super) fn client(target: &Target, read: Duration, adapter: &'static str) -> Result<Client> {
    let patience = Patience {
        read,
        total: Duration::from_secs(7 * 24 * 3600),
        ..Patience::default()
    };
    outbound::client(target, patience, adapter)
}

/// The outcome of `work`, if it has one within `limit`.
pub(super) async fn within<T>(
    limit: Duration,
    host: &str,
    adapter: &'static str,
    operation: &'static str,
    work: impl Future<Output = Result<T>>,
) -> Result<T> {
    tokio::time::timeout(limit, work).await.unwrap_or_else(|_| {
        let message = format!(
            "could not get the answer of {host} within {} s; \
             raise llm.{adapter}.timeout_seconds, or use a quicker model",
            limit.as_secs_f64()
        );
        Err(Error::new(ErrorKind::Timeout, adapter, operation, message))
    })
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
