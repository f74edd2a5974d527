//! The composition root: which adapter stands behind which port.

mod chain;
mod checks;
pub(crate) mod identity;
mod models;
mod notifications;
#[cfg(feature = "plugins")]
pub mod plugins;
mod samples;
mod sources;
mod storage;

use std::{sync::Arc, time::Duration};

pub use storage::{Older, Store};

use explainer_adapters::{
    auth::{Argon2Passwords, JwtAuth, JwtConfig},
    system::{SystemClock, UuidIds},
    vault::XChaChaVault,
};
use explainer_core::{
    Error, ErrorKind, Result,
    ports::{Changes, Clock, Ids, LlmKind},
    services::{AccountRules, Ports, Registration, Services, WorkLimits},
};
use poem::{
    Server,
    listener::{Acceptor, Listener, TcpListener},
};
use tokio::sync::oneshot;

pub(crate) use models::kinds;

use crate::{
    api::{self, Monitored, Parts},
    config::{self, Config},
    courier::Courier,
    listener,
    poller::Poller,
    telemetry::Telemetry,
    waiting::Waiting,
    worker::Worker,
};

/// How long a connection may stay silent between requests.
const IDLE_CONNECTION: Duration = Duration::from_secs(75);

/// The service, put together and not yet serving.
#[derive(Debug)]
pub struct Application {
    /// The use cases.
    pub services: Arc<Services>,
    /// Those who wait for analyses.
    pub waiting: Arc<Waiting>,
    ids: Arc<dyn Ids>,
    telemetry: Telemetry,
    changes: Arc<dyn Changes>,
    kinds: Vec<Arc<dyn LlmKind>>,
    config: Config,
}

impl Application {
    /// Opens what the configuration names and puts the service together.
    pub async fn assemble(config: Config, telemetry: Telemetry) -> Result<Self> {
        let secrets = storage::secret_keys(&config)?;
        let stores = Store::configured(&config.storage)
            .open(&config.storage)
            .await?;
        let clock: Arc<dyn Clock> = Arc::new(SystemClock::default());
        let ids = Arc::new(UuidIds);
        let vault = Arc::new(XChaChaVault::new(&secrets));
        let waiting = Arc::new(Waiting::new(Duration::from_secs(
            config.analysis.wait_seconds,
        )));
        let kinds = kinds(&config);
        let jwt = JwtConfig {
            secrets,
            lifetime: Duration::from_secs(u64::from(config.auth.token_minutes) * 60),
        };
        let mut checks = checks::of_store(stores.vitals, stores.analyses.clone(), clock.clone());
        checks.extend(checks::of_models(&kinds, &config.llm.chain));
        let ports = Ports {
            outside: identity::outside(&config, clock.clone(), stores.revoked_tokens.clone())?,
            auth: Arc::new(JwtAuth::new(&jwt, clock.clone(), stores.revoked_tokens)),
            sessions: stores.sessions,
            access_tokens: stores.access_tokens,
            invitations: stores.invitations,
            audit: stores.audit,
            audit_for: days(config.auth.audit_days),
            passwords: Arc::new(Argon2Passwords::new()),
            sources: Arc::new(sources::catalog(&config, vault.clone()).await?),
            models: Arc::new(chain::catalog(&config, &kinds, vault.clone(), &clock)),
            users: stores.users,
            workspaces: stores.workspaces,
            analyses: stores.analyses.clone(),
            ledger: stores.ledger,
            deliveries: stores.deliveries,
            watches: stores.watches,
            outbox: stores.outbox,
            channels: notifications::channels(&config)?,
            notification_rules: notifications::rules(&config.notifications),
            public_url: config.server.public_url.clone(),
            idempotency: stores.idempotency,
            notifier: waiting.clone(),
            ids: ids.clone(),
            vault,
            checks,
            clock,
        };
        let limits = WorkLimits {
            lease: Duration::from_secs(config.analysis.lease_seconds),
            attempts: config.analysis.attempts,
        };
        let services = Arc::new(Services::new(&ports, account_rules(&config.auth), limits));
        Ok(Self {
            services,
            waiting,
            ids,
            telemetry,
            changes: stores.changes,
            kinds,
            config,
        })
    }

    /// Serves until `stop` is done, then lets requests and jobs under way end within
    /// `server.shutdown_seconds`.
    pub async fn serve(
        self,
        acceptor: impl Acceptor + 'static,
        stop: impl Future<Output = ()>,
    ) -> std::io::Result<()> {
        let patience = Duration::from_secs(self.config.server.shutdown_seconds);
        let _figures = self.serve_metrics().await?;
        let endpoint = api::endpoint(self.parts(), self.ids.clone(), &self.config.server);
        let listener = tokio::spawn(listener::listen(self.changes, self.waiting.clone()));
        models::look_up(&self.kinds, &self.config.llm.chain);
        let (services, waiting) = (self.services, self.waiting);
        let poller = match self.config.sources.poll_seconds {
            0 => None,
            seconds => Some(Poller::start(
                services.clone(),
                Duration::from_secs(seconds),
            )),
        };
        let hands = self.config.analysis.workers;
        let courier = Courier::start(services.clone(), waiting.clone());
        let worker = Worker::start(services, waiting.clone(), self.telemetry, hands);
        let (tell, told) = oneshot::channel();
        let stop = async move {
            stop.await;
            waiting.close();
            let _ = tell.send(());
        };
        let server = Server::new_with_acceptor(acceptor).idle_timeout(IDLE_CONNECTION);
        let serving = server.run_with_graceful_shutdown(endpoint, stop, Some(patience));
        let working = async {
            // Also where the server ends by itself.
            let _ = told.await;
            if let Some(poller) = poller {
                poller.stop().await;
            }
            tokio::join!(worker.stop(patience), courier.stop(patience));
        };
        let (outcome, ()) = tokio::join!(serving, working);
        listener.abort();
        outcome
    }
}

impl Application {
    /// What the API is made of.
    pub(crate) fn parts(&self) -> Parts {
        Parts {
            services: self.services.clone(),
            waiting: self.waiting.clone(),
            changes: self.changes.clone(),
            telemetry: self.telemetry.clone(),
            monitored: Monitored::of(&self.config),
        }
    }

    /// Serves the figures at their own address, if they have one, until what it gives back is dropped.
    async fn serve_metrics(&self) -> std::io::Result<Option<Task>> {
        let (Some(address), Some(metrics)) = (self.config.metrics.address, &self.telemetry.metrics)
        else {
            return Ok(None);
        };
        let acceptor = TcpListener::bind(address).into_acceptor().await?;
        for at in acceptor.local_addr() {
            tracing::info!("figures for a Prometheus are at {at}/metrics");
        }
        let endpoint = api::metrics_endpoint(metrics.clone(), self.services.clone());
        let server = Server::new_with_acceptor(acceptor).idle_timeout(IDLE_CONNECTION);
        let task = tokio::spawn(async move {
            if let Err(error) = server.run(endpoint).await {
                tracing::error!(%error, "could not go on serving figures");
            }
        });
        Ok(Some(Task(task)))
    }
}

/// A task that ends with this.
struct Task(tokio::task::JoinHandle<()>);

impl Drop for Task {
    fn drop(&mut self) {
        self.0.abort();
    }
}

fn account_rules(auth: &config::Auth) -> AccountRules {
    AccountRules {
        registration: match auth.registration {
            config::Registration::Open => Registration::Open,
            config::Registration::Invitation => Registration::Invitation,
            config::Registration::Closed => Registration::Closed,
        },
        session: days(auth.session_days),
    }
}

fn days(days: u32) -> Duration {
    Duration::from_secs(u64::from(days) * 24 * 60 * 60)
}

/// What is configured and has no effect in this build, each as a sentence for the operator.
pub fn without_effect(config: &Config) -> Vec<String> {
    let heuristics = "its models are not asked";
    let settings = [
        (
            config.llm.openai.api_key.is_some() && !cfg!(feature = "llm-openai"),
            "OPENAI_API_KEY",
            "openai",
            "llm",
            heuristics,
        ),
        (
            config.llm.ollama.base_url.is_some() && !cfg!(feature = "llm-ollama"),
            "OLLAMA_BASE_URL",
            "ollama",
            "llm",
            heuristics,
        ),
        (
            config.telemetry.dsn.is_some() && cfg!(not(feature = "telemetry-sentry")),
            "APP_SENTRY_DSN",
            "sentry",
            "telemetry",
            "nothing is reported",
        ),
        (
            config.telemetry.otlp.endpoint.is_some() && cfg!(not(feature = "telemetry-otlp")),
            "OTEL_EXPORTER_OTLP_ENDPOINT",
            "otlp",
            "telemetry",
            "no traces are sent",
        ),
    ];
    let absent = settings.into_iter().filter(|(set, ..)| *set);
    absent
        .map(|(_, name, kind, family, so)| {
            format!("{name} is set and this build has no `{kind}` (feature {family}-{kind}): {so}")
        })
        .collect()
}

/// The error for an adapter that is configured and not in this build.
pub(crate) fn compiled_out(family: &str, kind: &str, advice: &str) -> Error {
    let message = format!(
        "could not open `{kind}` because this build has no `{kind}` (feature {family}-{kind}); {advice}"
    );
    Error::new(ErrorKind::Unsupported, "bootstrap", "open", message)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_adapter_this_build_does_not_have_is_named() {
        let error = compiled_out("source", "sentry", "use a build with it");
        let told = "this build has no `sentry` (feature source-sentry); use a build with it";
        assert_eq!(error.kind(), ErrorKind::Unsupported);
        assert!(error.message().ends_with(told), "{error}");
    }
}
