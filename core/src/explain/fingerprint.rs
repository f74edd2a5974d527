//! Tells whether two explanations would be made from the same.
//!
//! The fingerprint covers what an explanation depends on, exactly as it is: title, level,
//! platform, release, environment, messages, exceptions, frames with their source lines and
//! locals, breadcrumbs, request, user, tags, contexts, attached values, and who explains.
//!
//! It leaves out what differs from one event of an issue to the next although nothing else does:
//! ids of event and trace, times, the addresses at which code was loaded, and the issue's counts
//! and status. A second event of an issue with the same content has therefore the same
//! fingerprint; one with another local, URL or user has not. Values are never normalised ("any
//! number", "any address"): to take two events for one explains the second wrongly, to take one
//! for two only costs a second explanation.
//!
//! The workspace's policy and instructions belong into `made_by` by whoever puts it together.

use sha2::{Digest, Sha256};

use crate::{
    digest::hex,
    domain::{
        Event, Evidence, Stack,
        event::{Breadcrumb, Exception, Frame, Request},
    },
};

/// The fingerprint of `evidence` when explained by `made_by`, `heuristics/1` or model, prompt and
/// schema versions: SHA-256 in 64 small hex digits.
pub fn fingerprint(evidence: &Evidence, made_by: &str) -> String {
    let Evidence {
        issue,
        event,
        frames,
        culprit,
    } = evidence;
    let mut hash = Hash(Sha256::new());
    hash.text("evidence/1").text(made_by);
    hash.text(&issue.title)
        .text(&issue.platform)
        .maybe(issue.culprit.as_ref())
        .maybe(issue.stack_trace.as_ref());
    hash.event(event);
    hash.list(frames, |hash, place| {
        let (stack, at) = match place.stack {
            Stack::Exception(at) => ("exception", at),
            Stack::Thread(at) => ("thread", at),
        };
        hash.text(stack).number(at).number(place.frame);
    });
    hash.number(culprit.map_or(0, |index| index + 1));
    hash.finish()
}

/// Contexts that only tell one event from another.
const PER_EVENT: [&str; 3] = ["trace", "replay", "profile"];

/// Hashes values so that no two different lists of values give the same bytes: each text after
/// its length, each list after its length, each missing value as a mark of its own.
struct Hash(Sha256);

impl Hash {
    fn event(&mut self, event: &Event) {
        for text in [
            &event.title,
            &event.message,
            &event.culprit,
            &event.platform,
            &event.logger,
            &event.transaction,
            &event.release,
            &event.environment,
            &event.server_name,
            &event.sdk,
        ] {
            self.maybe(text.as_ref());
        }
        self.text(event.level.as_str());
        self.list(&event.exceptions, Self::exception);
        self.list(&event.threads, |hash, thread| {
            hash.maybe(thread.name.as_ref())
                .flag(Some(thread.crashed))
                .flag(Some(thread.current));
            hash.list(&thread.frames, Self::frame);
        });
        self.list(&event.breadcrumbs, Self::breadcrumb);
        self.list(event.request.as_slice(), Self::request);
        for pairs in [&event.user, &event.tags, &event.extra, &event.findings] {
            self.pairs(pairs);
        }
        self.list(&event.contexts, |hash, (name, values)| {
            let lasts = !PER_EVENT.contains(&name.as_str());
            hash.text(name).pairs(if lasts { values } else { &[] });
        });
        self.list(&event.fingerprint, |hash, part| {
            hash.text(part);
        });
    }

    fn exception(&mut self, exception: &Exception) {
        self.maybe(exception.kind.as_ref())
            .maybe(exception.value.as_ref())
            .maybe(exception.module.as_ref());
        self.maybe(exception.mechanism.as_ref())
            .flag(exception.handled)
            .flag(Some(exception.is_group));
        self.list(&exception.frames, Self::frame);
    }

    fn frame(&mut self, frame: &Frame) {
        self.maybe(frame.function.as_ref())
            .maybe(frame.module.as_ref())
            .maybe(frame.file.as_ref());
        self.maybe(frame.abs_path.as_ref())
            .maybe(frame.package.as_ref())
            .flag(frame.in_app);
        self.number(frame.line.map_or(0, |line| line as usize));
        self.number(frame.column.map_or(0, |column| column as usize));
        self.list(&frame.context, |hash, (number, line)| {
            hash.number(*number as usize).text(line);
        });
        self.pairs(&frame.locals);
    }

    fn breadcrumb(&mut self, crumb: &Breadcrumb) {
        self.maybe(crumb.category.as_ref())
            .maybe(crumb.message.as_ref());
        self.text(crumb.level.map_or("", |level| level.as_str()))
            .pairs(&crumb.data);
    }

    fn request(&mut self, request: &Request) {
        for text in [
            &request.method,
            &request.url,
            &request.query,
            &request.body,
            &request.cookies,
        ] {
            self.maybe(text.as_ref());
        }
        self.pairs(&request.headers).pairs(&request.env);
    }

    fn list<T>(&mut self, items: &[T], mut item: impl FnMut(&mut Self, &T)) -> &mut Self {
        self.number(items.len());
        for each in items {
            item(self, each);
        }
        self
    }

    fn pairs(&mut self, pairs: &[(String, String)]) -> &mut Self {
        self.list(pairs, |hash, (key, value)| {
            hash.text(key).text(value);
        })
    }

    fn text(&mut self, text: &str) -> &mut Self {
        self.number(text.len());
        self.0.update(text);
        self
    }

    fn maybe(&mut self, text: Option<&String>) -> &mut Self {
        match text {
            Some(text) => self.flag(Some(true)).text(text),
            None => self.flag(None),
        }
    }

    fn flag(&mut self, flag: Option<bool>) -> &mut Self {
        self.0.update([flag.map_or(2, u8::from)]);
        self
    }

    fn number(&mut self, number: usize) -> &mut Self {
        self.0.update((number as u64).to_le_bytes());
        self
    }

    fn finish(self) -> String {
        hex(&self.0.finalize())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::FramePlace;

    fn text(text: &str) -> Option<String> {
        text.to_owned().into()
    }

    fn pair(key: &str, value: &str) -> Vec<(String, String)> {
        vec![(key.to_owned(), value.to_owned())]
    }

    fn evidence() -> Evidence {
        let frame = Frame {
            function: text("load"),
            file: text("shop.py"),
            line: Some(7),
            locals: pair("row", "None"),
            ..Frame::default()
        };
        let exception = Exception {
            kind: text("KeyError"),
            value: text("'sku'"),
            frames: vec![frame],
            ..Exception::default()
        };
        let event = Event {
            id: text("9c5a2b1d4e3f40718293a4b5c6d7e8f9"),
            exceptions: vec![exception],
            breadcrumbs: vec![Breadcrumb {
                message: text("GET /"),
                ..Breadcrumb::default()
            }],
            contexts: vec![("trace".to_owned(), pair("trace_id", "1"))],
            tags: pair("tenant", "acme"),
            ..Event::default()
        };
        let frames = vec![FramePlace {
            stack: Stack::Exception(0),
            frame: 0,
        }];
        Evidence {
            event,
            frames,
            culprit: Some(0),
            ..Evidence::default()
        }
    }

    #[test]
    fn the_next_event_of_the_same_kind_has_the_same_fingerprint() {
        let first = evidence();
        let mut next = evidence();
        next.issue.count = 99;
        next.issue.last_seen = "2026-03-05T09:30:00Z".parse().ok();
        next.event.id = text("0000000000000000000000000000000a");
        next.event.timestamp = "2026-03-05T09:30:00Z".parse().ok();
        next.event.breadcrumbs[0].timestamp = "2026-03-05T09:29:00Z".parse().ok();
        next.event.contexts = vec![("trace".to_owned(), pair("trace_id", "2"))];
        next.event.exceptions[0].frames[0].address = text("0x7f95428dab50");
        assert_eq!(fingerprint(&first, "m"), fingerprint(&next, "m"));
    }

    #[test]
    fn whatever_an_explanation_depends_on_changes_it() {
        let changes: [fn(&mut Evidence); 12] = [
            |e| e.issue.title = "other".to_owned(),
            |e| e.event.message = text(""),
            |e| e.event.release = text("2"),
            |e| e.event.exceptions[0].value = text("'size'"),
            |e| e.event.exceptions[0].handled = Some(false),
            |e| e.event.exceptions[0].frames[0].line = Some(8),
            |e| e.event.exceptions[0].frames[0].locals = pair("row", "[]"),
            |e| e.event.exceptions[0].frames[0].context = vec![(7, "x".to_owned())],
            |e| e.event.breadcrumbs[0].message = text("GET /cart"),
            |e| e.event.tags = pair("tenant", "other"),
            |e| e.event.request = Some(Request::default()),
            |e| e.culprit = None,
        ];
        let mut seen = vec![fingerprint(&evidence(), "m"), fingerprint(&evidence(), "n")];
        for change in changes {
            let mut other = evidence();
            change(&mut other);
            seen.push(fingerprint(&other, "m"));
        }
        let count = seen.len();
        seen.sort();
        seen.dedup();
        assert_eq!(seen.len(), count);
        assert!(seen.iter().all(|print| print.len() == 64));
    }

    #[test]
    fn a_fingerprint_is_the_same_in_every_build() {
        assert_eq!(
            fingerprint(&Evidence::default(), "heuristics/1"),
            "f8f94d1d66332aba0fa4bb3495650be603aec5ecafc57677c22c212f667a9472"
        );
    }
}
