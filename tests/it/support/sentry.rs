//! A Sentry that keeps every envelope it is sent.

use serde_json::Value;

use super::capture::Capture;
pub(crate) use super::capture::Manner;

/// It stops when this is dropped.
pub(crate) struct Sentry {
    dsn: String,
    capture: Capture<Item>,
}

/// One item of an envelope.
#[derive(Debug, Clone)]
pub(crate) struct Item {
    pub kind: String,
    pub body: Value,
}

impl Sentry {
    pub(crate) fn start(manner: Manner) -> Self {
        let capture = Capture::start(manner, read);
        let dsn = format!("http://0123abcd@{}/1", capture.address());
        Self { dsn, capture }
    }

    /// What the service must be told to send here.
    pub(crate) fn dsn(&self) -> &str {
        &self.dsn
    }

    /// Every byte it was sent, headers included.
    pub(crate) fn everything(&self) -> String {
        self.capture.everything()
    }

    /// The bodies of all items of a kind: `event`, `transaction`, `log`…
    pub(crate) fn items(&self, kind: &str) -> Vec<Value> {
        let items = self.capture.items().into_iter();
        let fit = items.filter(|item| item.kind == kind);
        fit.map(|item| item.body).collect()
    }

    /// The first item of a kind that `fits`, as soon as it is there.
    pub(crate) async fn wait_for(&self, kind: &str, fits: impl Fn(&Value) -> bool) -> Value {
        super::until(kind, async || self.items(kind).into_iter().find(&fits)).await
    }
}

/// The items of an envelope; it must be one.
fn read(envelope: &[u8]) -> Vec<Item> {
    let mut items = Vec::new();
    let (header, mut rest) = line(envelope);
    assert!(serde_json::from_slice::<Value>(header).unwrap().is_object());
    while !rest.is_empty() {
        let (header, after) = line(rest);
        let header: Value = serde_json::from_slice(header).unwrap();
        let (body, after) = match header["length"].as_u64() {
            Some(length) => after.split_at(usize::try_from(length).unwrap()),
            None => line(after),
        };
        items.push(Item {
            kind: header["type"].as_str().unwrap().to_owned(),
            body: serde_json::from_slice(body).unwrap(),
        });
        rest = after.strip_prefix(b"\n").unwrap_or(after);
    }
    items
}

fn line(text: &[u8]) -> (&[u8], &[u8]) {
    match text.iter().position(|byte| *byte == b'\n') {
        Some(end) => (&text[..end], &text[end + 1..]),
        None => (text, &[]),
    }
}
