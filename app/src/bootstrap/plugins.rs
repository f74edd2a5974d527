//! Sources from shared libraries: how the configuration has them run, and what they may use.

use std::{path::PathBuf, sync::Arc, time::Duration};

use async_trait::async_trait;
use explainer_adapters::outbound::{Parcel, Relay};
use explainer_core::{Error, ErrorKind, Result};
use explainer_plugin_host::{
    Allowed, ChildProgram, HttpAnswer, HttpClient, HttpRequest, Isolation, Options, Plugin,
};

use crate::config::{Config, PluginIsolation};

/// Loads every plugin that the configuration allows, each with its outcome.
pub async fn load(config: &Config) -> Vec<Result<Arc<Plugin>>> {
    let mut loaded = Vec::new();
    if config.plugins.allow.is_empty() {
        return loaded;
    }
    let options = match options(config) {
        Ok(options) => options,
        Err(error) => return vec![Err(error)],
    };
    for entry in &config.plugins.allow {
        loaded.push(load_one(entry, options.clone()).await);
    }
    loaded
}

async fn load_one(entry: &str, options: Options) -> Result<Arc<Plugin>> {
    let allowed: Allowed = entry.parse().map_err(|bad| {
        let message = format!("could not use an entry of plugins.allow because {bad}");
        Error::new(ErrorKind::Invalid, "plugins", "load", message)
    })?;
    Plugin::load(allowed, options).await
}

/// How plugins run under this configuration.
pub fn options(config: &Config) -> Result<Options> {
    let isolation = match config.plugins.isolation {
        PluginIsolation::InProcess => Isolation::InProcess,
        PluginIsolation::Process => Isolation::Process(child_program()?),
    };
    Ok(Options {
        isolation,
        call_timeout: Duration::from_secs(config.plugins.call_timeout_seconds),
        http: Some(Arc::new(RelayedHttp(Relay::new(
            config.outbound.private_networks,
        )))),
    })
}

/// This binary, as the child that runs a plugin: `explainer plugin run`.
pub fn child_program() -> Result<ChildProgram> {
    let path = this_binary().map_err(|error| {
        let message = format!("could not find this program's own file because {error}; set plugins.isolation to in-process");
        Error::new(ErrorKind::Unsupported, "plugins", "load", message)
    })?;
    Ok(ChildProgram {
        path,
        arguments: ["plugin", "run"].map(str::to_owned).into(),
    })
}

/// The running file itself, even where the one on disk was replaced since.
fn this_binary() -> std::io::Result<PathBuf> {
    let running = PathBuf::from(format!("/proc/{}/exe", std::process::id()));
    if running.exists() {
        return Ok(running);
    }
    std::env::current_exe()
}

/// The way out that plugins share with every other user of the service.
#[derive(Debug)]
struct RelayedHttp(Relay);

#[async_trait]
impl HttpClient for RelayedHttp {
    async fn send(&self, request: HttpRequest) -> Result<HttpAnswer> {
        let parcel = Parcel {
            method: request.method,
            url: request.url,
            headers: request.headers,
            body: request.body,
            timeout: request.timeout,
        };
        let reply = self.0.send(parcel, "plugins").await?;
        Ok(HttpAnswer {
            status: reply.status,
            headers: reply.headers,
            body: reply.body,
        })
    }
}
