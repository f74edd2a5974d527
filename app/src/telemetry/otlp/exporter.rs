//! The way to whatever takes the traces; everything here runs on the SDK's own thread.

use std::{
    fmt,
    sync::atomic::{AtomicBool, Ordering},
    time::Duration,
};

use explainer_adapters::outbound::{self, Patience, Target};
use explainer_core::domain::{ExposeSecret, SecretString};
use opentelemetry_proto::{
    tonic::collector::trace::v1::ExportTraceServiceRequest,
    transform::{
        common::tonic::ResourceAttributesWithSchema,
        trace::tonic::group_spans_by_resource_and_scope,
    },
};
use opentelemetry_sdk::{
    Resource,
    error::{OTelSdkError, OTelSdkResult},
    trace::{SpanData, SpanExporter},
};
use prost::Message;
use reqwest::{
    Client, Url,
    header::{CONTENT_TYPE, HeaderMap, HeaderName, HeaderValue},
};
use tokio::runtime::{Builder, Runtime};

use super::told::told;
use crate::config::Otlp;

/// What errors call this.
const ADAPTER: &str = "otlp";

const PATIENCE: Patience = Patience {
    connect: Duration::from_secs(2),
    read: Duration::from_secs(5),
    total: Duration::from_secs(5),
};

/// What is read of an answer, in bytes; it is read so that the connection can be used again.
const LONGEST_ANSWER: usize = 16 * 1024;

/// Sends batches, one after the other. One that is not taken is lost.
pub(super) struct Exporter {
    client: Client,
    url: Url,
    host: String,
    headers: HeaderMap,
    runtime: Runtime,
    resource: ResourceAttributesWithSchema,
    fails: AtomicBool,
}

impl Exporter {
    pub(super) fn to(endpoint: &str, headers: &[SecretString]) -> Result<Self, String> {
        let target = Target::of_operator(endpoint)
            .map_err(|why| format!("could not use telemetry.otlp.endpoint because {why}"))?;
        let client = outbound::client(&target, PATIENCE, ADAPTER);
        let mut all = HeaderMap::new();
        for line in headers {
            // `check-config` has refused what is no header.
            if let Some((name, value)) = header(line.expose_secret()) {
                all.insert(name, value);
            }
        }
        all.insert(
            CONTENT_TYPE,
            HeaderValue::from_static("application/x-protobuf"),
        );
        let runtime = Builder::new_current_thread().enable_all().build();
        Ok(Self {
            client: client.map_err(|error| error.to_string())?,
            url: target.at(&["v1", "traces"]),
            host: target.host().to_owned(),
            headers: all,
            runtime: runtime.map_err(|error| {
                format!("could not start what sends traces because {error}; see that the machine has files and threads left")
            })?,
            resource: ResourceAttributesWithSchema::default(),
            fails: AtomicBool::new(false),
        })
    }

    async fn send(&self, body: Vec<u8>) -> Result<(), String> {
        let request = self.client.post(self.url.clone());
        let request = request.headers(self.headers.clone()).body(body);
        let response = request
            .send()
            .await
            .map_err(|error| outbound::fault(error, &self.host, ADAPTER, "send").to_string())?;
        let status = response.status();
        let _ = outbound::read_capped(response, LONGEST_ANSWER, ADAPTER, "send").await;
        if status.is_success() {
            return Ok(());
        }
        let host = &self.host;
        Err(format!(
            "could not send traces because {host} answered {status}; check telemetry.otlp.endpoint and telemetry.otlp.headers"
        ))
    }
}

fn header(line: &str) -> Option<(HeaderName, HeaderValue)> {
    let (name, value) = Otlp::header(line)?;
    let mut value = HeaderValue::from_str(&value).ok()?;
    value.set_sensitive(true);
    Some((name.parse().ok()?, value))
}

impl SpanExporter for Exporter {
    async fn export(&self, batch: Vec<SpanData>) -> OTelSdkResult {
        let request = ExportTraceServiceRequest {
            resource_spans: group_spans_by_resource_and_scope(told(batch), &self.resource),
        };
        // The SDK waits for this on a thread that has no runtime.
        let sent = self.runtime.block_on(self.send(request.encode_to_vec()));
        // Told once, not for each batch.
        match (&sent, self.fails.swap(sent.is_err(), Ordering::Relaxed)) {
            (Err(error), false) => tracing::warn!(error, "traces are lost from now on"),
            (Ok(()), true) => tracing::info!("traces are taken again"),
            _ => {}
        }
        sent.map_err(OTelSdkError::InternalFailure)
    }

    fn set_resource(&mut self, resource: &Resource) {
        self.resource = resource.into();
    }
}

impl fmt::Debug for Exporter {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Exporter")
            .field("host", &self.host)
            .finish_non_exhaustive()
    }
}
