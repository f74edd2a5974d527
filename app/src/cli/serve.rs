//! `explainer serve`.

use std::io::{Error, ErrorKind, Result};

use poem::listener::{Acceptor, TcpAcceptor};
use tokio::{
    net::{TcpListener, TcpSocket, lookup_host},
    signal::unix::{SignalKind, signal},
};

use super::Outcome;
use crate::{
    bootstrap::{self, Application},
    config::Config,
    telemetry::Telemetry,
};

/// How many connections may wait until they are taken, where the system allows as many. What comes
/// beyond tries again after a second, so a burst of clients is to find room; the usual 128 do not do.
const BACKLOG: u32 = 4096;

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
    let listener = listen(host, port).await.and_then(TcpAcceptor::from_tokio);
    listener.map_err(|error| {
        format!("could not listen on {host}:{port} because {error}; set API_HOST and API_PORT to a free address").into()
    })
}

/// Listens on the first address of `host` that can be had.
async fn listen(host: &str, port: u16) -> Result<TcpListener> {
    let mut outcome = Err(Error::new(ErrorKind::NotFound, "it has no address"));
    for address in lookup_host((host, port)).await? {
        let socket = if address.is_ipv4() {
            TcpSocket::new_v4()
        } else {
            TcpSocket::new_v6()
        }?;
        socket.set_reuseaddr(true)?;
        outcome = socket.bind(address).and_then(|()| socket.listen(BACKLOG));
        if outcome.is_ok() {
            break;
        }
    }
    outcome
}

/// Done when the process is asked to stop, by Ctrl-C or a supervisor. It is heard from now on, not
/// only once it is waited for.
pub(super) fn stop_signal() -> Result<impl Future<Output = ()>> {
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
