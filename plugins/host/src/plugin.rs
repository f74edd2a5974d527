//! A plugin: one library, the kind of source it adds, and the sources opened from it.

use std::{
    collections::HashMap,
    fmt,
    path::Path,
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};

use explainer_core::{
    Error, ErrorKind, Result,
    ports::{IssueSource, SourceKind},
};
use explainer_plugin_sdk::{Manifest, abi};
use serde_json::Value;

pub use crate::process::ChildProgram;
use crate::{
    ADAPTER,
    allow::{Allowed, Digest},
    engine::{Caller, Engine},
    fault,
    http::HttpClient,
    log::{Log, Secrets},
    process,
    registry::Outcome,
    session::{Desk, Here, Link, Session},
    slot::Slot,
    source::PluginSource,
};

/// How many sources of one plugin are kept open.
const MAX_SLOTS: usize = 64;
/// The longest description that is shown, in characters.
const MAX_DESCRIPTION: usize = 300;

/// Where a library runs.
#[derive(Debug, Clone)]
pub enum Isolation {
    /// In a child for each set of settings: a crash is an error of the calls inside, and no more.
    Process(ChildProgram),
    /// In this process: faster, and a crash is the end of the service.
    InProcess,
}

/// How a plugin is run.
#[derive(Debug, Clone)]
pub struct Options {
    /// Where.
    pub isolation: Isolation,
    /// How long a call may take.
    pub call_timeout: Duration,
    /// The HTTP client plugins use, where they may.
    pub http: Option<Arc<dyn HttpClient>>,
}

/// A loaded plugin.
pub struct Plugin {
    allowed: Allowed,
    options: Options,
    kind: &'static str,
    manifest: Manifest,
    capabilities: u64,
    home: Home,
    log: Arc<Log>,
    secrets: Arc<Secrets>,
    slots: Mutex<HashMap<Digest, Arc<Slot>>>,
}

/// Where instances live.
enum Home {
    Here { desk: Arc<Desk>, link: Link },
    Children(ChildProgram),
}

impl Plugin {
    /// Loads a library, in a child unless told otherwise, and reads what it says of itself.
    ///
    /// # Errors
    /// When the file is not the one that was allowed, is no plugin of this version, or dies.
    pub async fn load(allowed: Allowed, options: Options) -> Result<Arc<Self>> {
        let allowed = Allowed {
            path: absolute(&allowed.path)?,
            ..allowed
        };
        let secrets = Arc::<Secrets>::default();
        let file = allowed.path.file_name().unwrap_or_default();
        let log = Arc::new(Log::new(&file.to_string_lossy(), secrets.clone()));
        let desk = Arc::new(Desk::new(log.clone(), options.http.clone()));
        let (home, manifest, capabilities) = match &options.isolation {
            Isolation::InProcess => {
                let (engine, desk) = load_here(allowed.clone(), desk).await?;
                let (manifest, capabilities) = (engine.manifest().clone(), engine.capabilities());
                let link = Link::Here(Arc::new(engine));
                desk.connect(link.clone());
                (Home::Here { desk, link }, manifest, capabilities)
            }
            Isolation::Process(program) => {
                let loaded = process::launch(program, &allowed, &desk).await?;
                if let Link::Child(pipe) = loaded.link {
                    pipe.close();
                }
                (
                    Home::Children(program.clone()),
                    loaded.manifest,
                    loaded.capabilities,
                )
            }
        };
        Ok(Arc::new(Self {
            // The name lives as long as errors may carry it, and there are but a few plugins.
            kind: Box::leak(manifest.kind.clone().into_boxed_str()),
            manifest: presentable(manifest),
            capabilities,
            allowed,
            options,
            home,
            log,
            secrets,
            slots: Mutex::default(),
        }))
    }

    /// The name workspaces choose its sources by.
    pub fn kind(&self) -> &'static str {
        self.kind
    }

    /// What it says of itself.
    pub fn manifest(&self) -> &Manifest {
        &self.manifest
    }

    /// The library.
    pub fn path(&self) -> &Path {
        &self.allowed.path
    }

    /// What it can do beside reading, in words: `webhook`, `comment`, `blocking`.
    pub fn capabilities(&self) -> Vec<&'static str> {
        let known = [
            (abi::EXPLAINER_CAP_BLOCKING, "blocking"),
            (abi::EXPLAINER_CAP_WEBHOOK, "webhook"),
            (abi::EXPLAINER_CAP_COMMENT, "comment"),
        ];
        let has = known.iter().filter(|(bit, _)| self.capabilities & bit != 0);
        has.map(|(_, word)| *word).collect()
    }

    /// A source with these settings; nothing is asked of the plugin yet.
    pub fn source(self: &Arc<Self>, settings: &Value) -> PluginSource {
        self.secrets.remember(&self.manifest.settings, settings);
        let settings = settings.to_string().into_bytes();
        let key = Digest::of(&settings);
        let mut slots = self.slots.lock().unwrap_or_else(PoisonError::into_inner);
        if slots.len() >= MAX_SLOTS && !slots.contains_key(&key) {
            let longest_unused = slots.iter().min_by_key(|(_, slot)| slot.asked());
            let longest_unused = longest_unused.map(|(key, _)| *key);
            slots.retain(|key, _| Some(*key) != longest_unused);
        }
        let slot = slots.entry(key);
        let slot = slot.or_insert_with(|| Arc::new(Slot::new(settings)));
        PluginSource::new(self.clone(), slot.clone())
    }

    pub(crate) fn call_timeout(&self) -> Duration {
        self.options.call_timeout
    }

    pub(crate) fn secrets(&self) -> &Secrets {
        &self.secrets
    }

    pub(crate) async fn open_session(
        &self,
        settings: Vec<u8>,
    ) -> Result<(Option<Session>, Outcome)> {
        let (link, desk) = match &self.home {
            Home::Here { desk, link } => (link.clone(), desk.clone()),
            Home::Children(program) => {
                let desk = Arc::new(Desk::new(self.log.clone(), self.options.http.clone()));
                let loaded = process::launch(program, &self.allowed, &desk).await?;
                (loaded.link, desk)
            }
        };
        Session::open(link, desk, settings, self.options.call_timeout).await
    }
}

impl fmt::Debug for Plugin {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "Plugin({} of {})",
            self.kind,
            self.allowed.path.display()
        )
    }
}

/// A plugin in the catalog of sources.
#[derive(Debug)]
pub struct PluginKind(pub Arc<Plugin>);

impl SourceKind for PluginKind {
    fn name(&self) -> &str {
        self.0.kind
    }

    fn description(&self) -> &str {
        &self.0.manifest.description
    }

    fn schema(&self) -> Value {
        self.0.manifest.settings.clone()
    }

    fn takes_webhooks(&self) -> bool {
        self.0.capabilities & abi::EXPLAINER_CAP_WEBHOOK != 0
    }

    fn open(&self, settings: &Value) -> Result<Arc<dyn IssueSource>> {
        Ok(Arc::new(self.0.source(settings)))
    }
}

fn absolute(path: &Path) -> Result<std::path::PathBuf> {
    std::path::absolute(path).map_err(|error| {
        let why = format!("could not load {} because {error}", path.display());
        Error::new(ErrorKind::Invalid, ADAPTER, "load", why)
    })
}

/// Loads a library into this process, on a thread that it may block or never give back.
async fn load_here(allowed: Allowed, desk: Arc<Desk>) -> Result<(Engine, Arc<Desk>)> {
    const LIMIT: Duration = Duration::from_secs(10);
    let (done, loaded) = tokio::sync::oneshot::channel();
    let path = allowed.path.clone();
    let sink = Here(desk.clone());
    std::thread::spawn(move || {
        let _ = done.send(Engine::load(&allowed, Caller::Thread, sink));
    });
    if let Ok(Ok(loaded)) = tokio::time::timeout(LIMIT, loaded).await {
        return Ok((loaded?, desk));
    }
    let why = format!(
        "could not load {} because it was not loaded within {} s",
        path.display(),
        LIMIT.as_secs()
    );
    Err(Error::new(ErrorKind::Unavailable, ADAPTER, "load", why))
}

/// The manifest as it may be shown.
fn presentable(manifest: Manifest) -> Manifest {
    let plain = |text: &str| fault::plain(text).chars().take(MAX_DESCRIPTION).collect();
    Manifest {
        name: plain(&manifest.name),
        version: plain(&manifest.version),
        description: plain(&manifest.description),
        ..manifest
    }
}
