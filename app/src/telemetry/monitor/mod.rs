//! The service's own errors, traces and profiles, told to a Sentry.
//!
//! All that knows Sentry's SDK is in here. What is told comes from `tracing`: errors and what led
//! to them from log lines, spans from the calls of ports (`explainer_adapters::layers`). A request
//! and a job are each watched ([`watch`]), so that what is told of one names its user and nobody
//! else's. Everything leaves through [`transport`], where secrets are taken out.

mod exceptions;
mod fields;
mod layer;
mod profiles;
mod sampling;
mod scrub;
mod stacks;
mod transport;
mod watch;

use std::{fmt, sync::Arc, time::Duration};

use explainer_core::domain::ExposeSecret;
use sentry::{
    Client, ClientOptions, Hub,
    integrations::{contexts, debug_images, panic::PanicIntegration},
    types::Dsn,
};
use tracing_subscriber::{Layer, Registry};

pub(crate) use self::watch::{identify, kept, trace};
use self::{profiles::Profiler, sampling::Sampling, transport::Factory};
use crate::config;

/// How long what is still to be told may hold up the end of the process.
const FAREWELL: Duration = Duration::from_secs(2);

/// Tells a Sentry of errors, traces and profiles, if it was given one.
#[derive(Clone)]
pub struct Monitor {
    client: Arc<Client>,
    profiler: Option<Arc<Profiler>>,
    sampling: Arc<Sampling>,
    personal_data: bool,
}

impl Monitor {
    /// Starts telling the Sentry of the configuration, if it names one.
    pub(super) fn start(config: &config::Telemetry) -> Result<Self, String> {
        let dsn = config.dsn.as_ref().map(|dsn| read(dsn.expose_secret()));
        let dsn = dsn.transpose().map_err(|why| {
            format!("could not use telemetry.dsn because {why}; copy it from the client keys of your Sentry project")
        })?;
        let release = config.release();
        let mut options = ClientOptions::new()
            .default_integrations(false)
            .maybe_release(Some(release.clone()))
            .environment(config.environment.clone())
            .shutdown_timeout(FAREWELL)
            .integrations(integrations());
        if config.traces_sample_rate > 0.0 {
            options = options.traces_sample_rate(config.traces_sample_rate);
        }
        if let Some(dsn) = &dsn {
            options = options.transport(Factory::of_operator(dsn, config.traces_sample_rate)?);
        }
        options.dsn.clone_from(&dsn);
        let client = Arc::new(Client::with_options(options));
        if dsn.is_some() {
            Hub::main().bind_client(Some(client.clone()));
        }
        let wanted = dsn.is_some() && config.profiles_sample_rate > 0.0;
        let profiler = wanted.then(|| {
            let chunks = profiles::Chunks {
                client: client.clone(),
                release,
                environment: config.environment.clone(),
            };
            Arc::new(Profiler::start(chunks, config.profiles_sample_rate))
        });
        Ok(Self {
            client,
            profiler,
            sampling: Arc::new(Sampling::at(config.traces_sample_rate)),
            personal_data: config.personal_data,
        })
    }

    /// Whether there is a Sentry to tell.
    pub(crate) fn is_on(&self) -> bool {
        self.client.is_enabled()
    }

    /// Tells what is still to be told, for at most two seconds. Blocks.
    pub(super) fn stop(&self) {
        if let Some(profiler) = &self.profiler {
            profiler.stop(FAREWELL);
        }
        self.client.close(Some(FAREWELL));
    }

    /// What makes reports of log lines and spans; nothing when there is no Sentry to tell.
    pub(super) fn layers(&self) -> Vec<Box<dyn Layer<Registry> + Send + Sync>> {
        if !self.is_on() {
            return Vec::new();
        }
        vec![layer::Watching::filtered().boxed()]
    }

    /// Tells of a panic where it happens; nothing here waits for anybody.
    pub(super) fn panicked(panic: &std::panic::PanicHookInfo<'_>) {
        let hub = watch::hub();
        if hub.client().is_some_and(|client| client.is_enabled()) {
            hub.capture_event(PanicIntegration::new().event_from_panic_info(panic));
        }
    }
}

/// What completes events: not the SDK's usual ones for stacks and panics, which look names up and
/// wait for the network where something happens.
fn integrations() -> [Arc<dyn sentry::Integration>; 3] {
    [
        Arc::new(stacks::Attach),
        Arc::new(debug_images::DebugImagesIntegration::new()),
        Arc::new(contexts::ContextIntegration::new()),
    ]
}

fn read(dsn: &str) -> Result<Dsn, &'static str> {
    dsn.trim().parse().map_err(|_| "it is not a Sentry DSN")
}

/// The server a DSN names, without its key.
fn address(dsn: &Dsn) -> String {
    dsn.envelope_api_url().to_string()
}

impl fmt::Debug for Monitor {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Monitor")
            .field("is_on", &self.is_on())
            .finish_non_exhaustive()
    }
}
