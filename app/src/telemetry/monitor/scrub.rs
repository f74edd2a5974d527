//! Taking secrets and personal data out of what leaves, by the same rules as for a model.
//!
//! It is done over the finished envelope, so that nothing can get past it, and on the thread that
//! sends, so that no request waits for it.

use explainer_core::explain::Redactor;
use sentry::Envelope;
use serde_json::{Map, Value};

/// What is made by this program or the SDK and holds nothing from outside: who the user is (two
/// fields, chosen in `watch`), what code there is, and the ids of the trace.
const OURS: [&str; 6] = ["user", "frames", "modules", "debug_meta", "sdk", "trace"];

/// The envelope as it is sent. What cannot be read as an envelope is not sent.
pub(super) fn scrubbed(envelope: &Envelope) -> Vec<u8> {
    let mut raw = Vec::new();
    if let Err(error) = envelope.to_writer(&mut raw) {
        tracing::warn!(%error, "could not write a report");
        return Vec::new();
    }
    let (header, mut rest) = line(&raw);
    let mut out = Vec::with_capacity(raw.len());
    out.extend_from_slice(header);
    out.push(b'\n');
    let mut redactor = Redactor::new();
    while let Some((item, after)) = item(rest, &mut redactor) {
        out.extend(item);
        rest = after;
    }
    out
}

/// The first item of `rest`, scrubbed, and what comes after it.
/// <https://develop.sentry.dev/sdk/data-model/envelopes/>
fn item<'e>(rest: &'e [u8], redactor: &mut Redactor) -> Option<(Vec<u8>, &'e [u8])> {
    let (header, rest) = line(rest);
    let mut header: Map<String, Value> = serde_json::from_slice(header).ok()?;
    let length = header.get("length").and_then(Value::as_u64);
    let (payload, rest) = match length {
        Some(length) => {
            let (payload, rest) = rest.split_at_checked(usize::try_from(length).ok()?)?;
            (payload, rest.strip_prefix(b"\n").unwrap_or(rest))
        }
        None => line(rest),
    };
    let mut payload: Value = serde_json::from_slice(payload).ok()?;
    scrub("", &mut payload, redactor);
    let payload = serde_json::to_vec(&payload).ok()?;
    if length.is_some() {
        header.insert("length".to_owned(), payload.len().into());
    }
    let mut item = serde_json::to_vec(&header).ok()?;
    item.push(b'\n');
    item.extend(payload);
    item.push(b'\n');
    Some((item, rest))
}

fn line(text: &[u8]) -> (&[u8], &[u8]) {
    match text.iter().position(|byte| *byte == b'\n') {
        Some(end) => (&text[..end], &text[end + 1..]),
        None => (text, &[]),
    }
}

fn scrub(key: &str, value: &mut Value, redactor: &mut Redactor) {
    match value {
        Value::String(text) => {
            if let std::borrow::Cow::Owned(redacted) = redactor.redact_value(key, text) {
                *text = redacted;
            }
        }
        Value::Array(items) => items.iter_mut().for_each(|item| scrub(key, item, redactor)),
        Value::Object(fields) => fields
            .iter_mut()
            .filter(|(name, _)| !OURS.contains(&name.as_str()))
            // The attributes of a log are `{"name": {"value": …}}`.
            .for_each(|(name, value)| {
                scrub(if name == "value" { key } else { name }, value, redactor);
            }),
        _ => {}
    }
}

#[cfg(test)]
mod tests {
    use sentry::protocol::{Event, Log, LogLevel, User};

    use super::*;

    fn text(envelope: &Envelope) -> String {
        String::from_utf8(scrubbed(envelope)).unwrap()
    }

    #[test]
    fn secrets_are_taken_out_and_the_envelope_stays_one() {
        let event = Event {
            message: Some("could not log in with password=hunter2xyz".to_owned()),
            user: Some(User {
                username: Some("ada".to_owned()),
                ..User::default()
            }),
            extra: [("api_key".to_owned(), "sk-0123456789abcdefghij".into())].into(),
            tags: [("mail".to_owned(), "ada@example.com".to_owned())].into(),
            ..Event::default()
        };
        let id = event.event_id;
        let sent = text(&event.into());
        for secret in ["hunter2xyz", "sk-0123456789", "ada@example.com"] {
            assert!(!sent.contains(secret), "{secret} in {sent}");
        }
        assert!(sent.contains(r#""username":"ada""#), "{sent}");
        let read = Envelope::from_slice(sent.as_bytes()).unwrap();
        assert_eq!(read.uuid(), Some(&id));
        assert_eq!(read.items().count(), 1);
    }

    #[test]
    fn the_attributes_of_logs_are_known_by_their_names() {
        let log = Log {
            level: LogLevel::Info,
            body: "asked".to_owned(),
            trace_id: None,
            timestamp: std::time::SystemTime::UNIX_EPOCH,
            severity_number: None,
            attributes: [("password".to_owned(), "open sesame".into())].into(),
        };
        let sent = text(&vec![log].into());
        assert!(!sent.contains("sesame"), "{sent}");
        assert_eq!(
            Envelope::from_slice(sent.as_bytes())
                .unwrap()
                .items()
                .count(),
            1
        );
    }

    #[test]
    fn a_raw_envelope_is_scrubbed_too_and_a_broken_one_is_cut() {
        let raw = |text: &str| Envelope::from_bytes_raw(text.as_bytes().to_vec()).unwrap();
        let note = r#"{"note": "to ada@example.com"}"#;
        let length = note.len();
        let chunk = format!("{{}}\n{{\"type\":\"profile_chunk\",\"length\":{length}}}\n{note}\n");
        let sent = text(&raw(&chunk));
        assert!(sent.contains("\"type\":\"profile_chunk\""), "{sent}");
        assert!(!sent.contains("ada@"), "{sent}");
        assert_eq!(text(&raw("{}\nnot json\nat all")), "{}\n");
        assert_eq!(
            text(&raw("{}\n{\"type\":\"x\",\"length\":999}\n{}")),
            "{}\n"
        );
    }
}
