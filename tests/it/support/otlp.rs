//! Something that takes OTLP over HTTP and keeps every span it is sent.

use std::collections::BTreeMap;

use opentelemetry_proto::tonic::{
    collector::trace::v1::ExportTraceServiceRequest,
    common::v1::{KeyValue, any_value::Value},
    trace::v1::ResourceSpans,
};
use prost::Message;

use super::{
    capture::{Capture, Manner},
    hex,
};

/// It stops when this is dropped.
pub(crate) struct Collector(Capture<Span>);

/// A span, and who sent it.
#[derive(Debug, Clone)]
pub(crate) struct Span {
    pub name: String,
    pub kind: i32,
    pub trace: String,
    pub id: String,
    pub parent: String,
    pub failed: bool,
    pub fields: Fields,
    pub events: Vec<Fields>,
    pub resource: Fields,
}

type Fields = BTreeMap<String, String>;

impl Collector {
    pub(crate) fn start(manner: Manner) -> Self {
        Self(Capture::start(manner, read))
    }

    /// What the service must be told to send here.
    pub(crate) fn endpoint(&self) -> String {
        format!("http://{}", self.0.address())
    }

    /// Every byte it was sent, headers included.
    pub(crate) fn everything(&self) -> String {
        self.0.everything()
    }

    pub(crate) fn spans(&self) -> Vec<Span> {
        self.0.items()
    }

    /// The first span of a name; it must be there.
    pub(crate) fn span(&self, name: &str) -> Span {
        let spans = self.spans();
        let names: Vec<_> = spans.iter().map(|span| &span.name).collect();
        let found = spans.iter().find(|span| span.name == name);
        found.unwrap_or_else(|| panic!("{name}: {names:?}")).clone()
    }
}

/// The spans of a batch; it must be one.
fn read(body: &[u8]) -> Vec<Span> {
    let batch = ExportTraceServiceRequest::decode(body).unwrap();
    batch.resource_spans.into_iter().flat_map(of_one).collect()
}

fn of_one(spans: ResourceSpans) -> Vec<Span> {
    let resource = fields(spans.resource.unwrap().attributes);
    let spans = spans.scope_spans.into_iter().flat_map(|it| it.spans);
    let read = |span: opentelemetry_proto::tonic::trace::v1::Span| Span {
        name: span.name,
        kind: span.kind,
        trace: hex(&span.trace_id),
        id: hex(&span.span_id),
        parent: hex(&span.parent_span_id),
        failed: span.status.is_some_and(|it| it.code == 2),
        fields: fields(span.attributes),
        events: span
            .events
            .into_iter()
            .map(|it| fields(it.attributes))
            .collect(),
        resource: resource.clone(),
    };
    spans.map(read).collect()
}

fn fields(attributes: Vec<KeyValue>) -> Fields {
    let text = |value| match value {
        Value::StringValue(text) => text,
        Value::IntValue(number) => number.to_string(),
        other => format!("{other:?}"),
    };
    let field = |it: KeyValue| {
        (
            it.key,
            it.value.unwrap().value.map_or_else(String::new, text),
        )
    };
    attributes.into_iter().map(field).collect()
}
