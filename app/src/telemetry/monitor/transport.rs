//! The way to Sentry: a thread with a bounded queue that takes secrets out, sends, and heeds what
//! the server says of its limits.
//!
//! Whoever has something to tell never waits: where the queue is full, it is dropped. Queue and
//! limits are the SDK's; its own transport is not used, since it sends what it is given as it is,
//! and waits without a limit for a server that does not answer.

use std::{
    sync::{Arc, mpsc},
    thread,
    time::Duration,
};

use explainer_adapters::outbound::{self, Patience, Target};
use explainer_core::Error;
use reqwest::{Response, header};
use sentry::{
    Envelope, Transport, TransportFactory, TransportOptions,
    client_report::{Reason, Recorder},
    transports::{RateLimiter, TokioTransportThread, TokioTransportThreadOptions},
    types::Dsn,
};

use super::{address, sampling::with_rate, scrub::scrubbed, stacks::named};
use crate::telemetry::test_events::NotTaken;

/// What errors call this.
const ADAPTER: &str = "monitor";

const PATIENCE: Patience = Patience {
    connect: Duration::from_secs(2),
    read: Duration::from_secs(5),
    total: Duration::from_secs(5),
};

/// What is read of an answer, in bytes; it is read so that the connection can be used again.
const LONGEST_ANSWER: usize = 16 * 1024;

/// One server that takes envelopes.
pub(super) struct Delivery {
    client: reqwest::Client,
    dsn: Dsn,
    host: String,
}

impl Delivery {
    pub(super) fn to(dsn: Dsn, target: &Target) -> Result<Self, Error> {
        Ok(Self {
            client: outbound::client(target, PATIENCE, ADAPTER)?,
            dsn,
            host: target.host().to_owned(),
        })
    }

    /// Sends an envelope, and says whether the server took it.
    pub(super) async fn deliver(&self, envelope: Envelope) -> Result<(), NotTaken> {
        let status = self.send(scrubbed(&named(envelope))).await?.status();
        if status.is_success() {
            return Ok(());
        }
        Err(NotTaken::Refused {
            host: self.host.clone(),
            status: status.as_u16(),
        })
    }

    async fn send(&self, body: Vec<u8>) -> Result<Response, Error> {
        let auth = self.dsn.to_auth(Some(outbound::USER_AGENT)).to_string();
        let request = self.client.post(self.dsn.envelope_api_url());
        let request = request.header("x-sentry-auth", auth).body(body);
        let response = request.send().await;
        response.map_err(|error| outbound::fault(error, &self.host, ADAPTER, "send"))
    }

    /// Sends an envelope of the queue; what is lost is counted, to be told later.
    async fn take(
        self: Arc<Self>,
        envelope: Envelope,
        rate: f32,
        losses: Recorder,
        mut limits: RateLimiter,
    ) -> RateLimiter {
        let envelope = named(with_rate(envelope, rate, &self.dsn));
        match self.send(scrubbed(&envelope)).await {
            Ok(response) => {
                heed(&mut limits, &response);
                // The server itself counts what it turns away for a limit.
                let status = response.status();
                if !status.is_success() && status.as_u16() != 429 {
                    losses.record_lost_data(&envelope, Reason::SendError);
                }
                let _ = outbound::read_capped(response, LONGEST_ANSWER, ADAPTER, "send").await;
            }
            Err(error) => {
                tracing::debug!(%error, "a report was lost");
                losses.record_lost_data(&envelope, Reason::NetworkError);
            }
        }
        limits
    }
}

/// <https://develop.sentry.dev/sdk/expected-features/rate-limiting/>
fn heed(limits: &mut RateLimiter, response: &Response) {
    let header = |name| response.headers().get(name)?.to_str().ok();
    if let Some(told) = header("x-sentry-rate-limits") {
        limits.update_from_sentry_header(told);
    } else if let Some(told) = header(header::RETRY_AFTER.as_str()) {
        limits.update_from_retry_after(told);
    } else if response.status().as_u16() == 429 {
        limits.update_from_429();
    }
}

/// Makes the transport of the application's own DSN.
pub(super) struct Factory {
    delivery: Arc<Delivery>,
    rate: f32,
}

impl Factory {
    pub(super) fn of_operator(dsn: &Dsn, rate: f32) -> Result<Self, String> {
        let target = Target::of_operator(&address(dsn))
            .map_err(|why| format!("could not use telemetry.dsn because {why}"))?;
        let delivery = Delivery::to(dsn.clone(), &target).map_err(|error| error.to_string())?;
        let delivery = Arc::new(delivery);
        Ok(Self { delivery, rate })
    }
}

impl TransportFactory for Factory {
    fn create_transport_with_options(&self, options: TransportOptions) -> Arc<dyn Transport> {
        let (delivery, rate) = (self.delivery.clone(), self.rate);
        let losses = options.client_report_recorder.clone();
        let send = move |envelope, limits| {
            let delivery = delivery.clone();
            delivery.take(envelope, rate, losses.clone(), limits)
        };
        let thread = TokioTransportThreadOptions::new(send)
            .with_client_report_recorder(options.client_report_recorder)
            .spawn_thread();
        Arc::new(Bounded(Some(Arc::new(thread))))
    }
}

/// The SDK's thread, whose end is waited for no longer than was said.
struct Bounded(Option<Arc<TokioTransportThread>>);

impl Transport for Bounded {
    fn send_envelope(&self, envelope: Envelope) {
        if let Some(thread) = &self.0 {
            thread.send(envelope);
        }
    }

    fn flush(&self, timeout: Duration) -> bool {
        let Some(inner) = self.0.clone() else {
            return true;
        };
        // Asked to flush, the thread's handle waits without a limit while its queue is full.
        let (done, is_done) = mpsc::sync_channel(1);
        aside(move || {
            let _ = done.send(inner.flush(timeout));
        });
        is_done.recv_timeout(timeout).unwrap_or(false)
    }
}

impl Drop for Bounded {
    fn drop(&mut self) {
        // Dropped, it waits without a limit for its thread.
        let inner = self.0.take();
        aside(move || drop(inner));
    }
}

/// Does `work` on a thread of its own, which nobody waits for.
fn aside(work: impl FnOnce() + Send + 'static) {
    let name = "sentry-farewell".to_owned();
    if let Err(error) = thread::Builder::new().name(name).spawn(work) {
        tracing::warn!(%error, "could not start a thread");
    }
}
