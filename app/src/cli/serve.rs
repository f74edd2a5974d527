//! `explainer serve`.

use poem::listener::{Acceptor, Listener, TcpAcceptor, TcpListener};
use tokio::signal::unix::{SignalKind, signal};

use super::Outcome;
use crate::{
    bootstrap::{self, Application},
    config::Config,
    telemetry::Telemetry,
};

pub(super) async fn run(config: Config, telemetry: Telemetry) -> Outcome {
    for told in bootstrap::without_effect(&config) {
        tracing::warn!("{told}");
    }
    let acceptor = bind(&config.server.host, config.server.port).await?;
    let application = Application::assemble(config, telemetry).await?;
    let stop = stop_signal()?;
    for address in acceptor.local_addr() {
        if let Some(address) = address.as_socket_addr() {
            tracing::info!(%address, "serving; the pages about the API are at http://{address}/docs");
        }
    }
    application.serve(acceptor, stop).await?;
    Ok(())
}

/// Takes the address, or says who may be in the way.
pub(super) async fn bind(host: &str, port: u16) -> Outcome<TcpAcceptor> {
    let listener = TcpListener::bind((host.to_owned(), port));
    listener.into_acceptor().await.map_err(|error| {
        format!("could not listen on {host}:{port} because {error}; set API_HOST and API_PORT to a free address").into()
    })
}

/// Done when the process is asked to stop, by Ctrl-C or a supervisor. It is heard from now on, not
/// only once it is waited for.
pub(super) fn stop_signal() -> std::io::Result<impl Future<Output = ()>> {
    let mut interrupted = signal(SignalKind::interrupt())?;
    let mut terminated = signal(SignalKind::terminate())?;
    Ok(async move {
        tokio::select! {
            _ = interrupted.recv() => {}
            _ = terminated.recv() => {}
        }
        tracing::info!("stopping");
    })
}
