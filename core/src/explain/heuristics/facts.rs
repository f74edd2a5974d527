//! What the rules look at, read off the evidence once.

use super::{
    call::{self, Call},
    failure::{self, CSP, Failure, finding, named},
    family::Family,
    inline,
    source::{self, Origin},
    trail::{self, Step},
};
use crate::domain::{
    Evidence, EvidenceId, EvidenceKind, Level, Stack,
    event::{Event, Exception},
};

/// A place that stands this often on one stack calls itself.
const RECURSION: usize = 20;

/// Everything the rules need to know.
#[derive(Debug)]
pub(super) struct Facts<'a> {
    pub evidence: &'a Evidence,
    pub event: &'a Event,
    pub family: Family,
    pub failure: Failure,
    /// The call to look at first.
    pub crash: Option<Call<'a>>,
    /// The call that raised, where that is another one than the crash (a library's).
    pub raised_in: Option<Call<'a>>,
    /// Own calls that led to the crash, the newest first, each place once.
    pub path: Vec<Call<'a>>,
    /// The function that calls itself.
    pub recursion: Option<Call<'a>>,
    pub trail: Vec<Step<'a>>,
    /// Every frame, in the evidence's order.
    calls: Vec<Call<'a>>,
}

impl<'a> Facts<'a> {
    pub(super) fn read(evidence: &'a Evidence) -> Self {
        let calls = call::read(evidence);
        let failure = Failure::read(evidence);
        let crash = evidence.culprit.map(|at| EvidenceKind::Frame.id(at));
        let crash = calls.iter().find(|call| Some(call.id) == crash).copied();
        let on = |stack: Option<Stack>| calls.iter().filter(move |call| Some(call.stack) == stack);
        let newest = on(failure.id.and_then(stack_of)).next().copied();
        let on_stack: Vec<_> = on(crash.map(|crash| crash.stack)).copied().collect();
        let places = call::distinct(&on_stack);
        let deepest = places.iter().max_by_key(|call| call.times).copied();
        let deep = |call: &Call<'_>| call.times >= RECURSION && call.times * 4 >= on_stack.len();
        Self {
            evidence,
            event: &evidence.event,
            family: Family::of(evidence),
            raised_in: newest.filter(|newest| crash.is_some_and(|crash| crash.id != newest.id)),
            recursion: deepest.filter(|call| call.own && deep(call)),
            path: call::path(places, crash, &calls),
            trail: trail::read(&evidence.event),
            failure,
            crash,
            calls,
        }
    }

    /// Whether the crash is on the very stack of the failure, and not on one of an exception that reports it.
    pub(super) fn crash_is_its_own(&self) -> bool {
        self.crash.is_some_and(|crash| {
            self.failure
                .id
                .and_then(stack_of)
                .is_none_or(|own| own == crash.stack)
        })
    }

    /// Whether the failure is what a detector or a browser found, and nothing was raised or logged.
    pub(super) fn is_finding(&self) -> bool {
        let found = self.failure.kind.is_some() && !self.event.findings.is_empty();
        found
            && self.event.exceptions.is_empty()
            && (self.failure.message.is_none() || self.is_policy())
    }

    /// Whether it is a browser's report that a content security policy was broken.
    pub(super) fn is_policy(&self) -> bool {
        self.failure.kind.as_deref() == Some(CSP)
    }

    /// The exceptions that report the same failure further up, nearest first.
    pub(super) fn surfaced(&self) -> impl Iterator<Item = (EvidenceId, &'a Exception)> {
        let exceptions = self.event.exceptions.iter().enumerate();
        let root = self.failure.id;
        exceptions
            .map(|(at, exception)| (EvidenceKind::Exception.id(at), exception))
            .skip_while(move |(id, _)| Some(*id) != root)
            .skip(1)
    }

    /// The name of an exception further up; its message only where it says more than the root's.
    pub(super) fn name_above(&self, above: &Exception, max: usize) -> Option<String> {
        let root = self.failure.message.as_deref().unwrap_or_default();
        let said = failure::message(above);
        let same = said
            .as_deref()
            .is_some_and(|said| !root.is_empty() && said.contains(root));
        let value = said.as_deref().filter(|_| !same || above.kind.is_none());
        named(above.kind.as_deref(), value, max)
    }

    /// Whether the failing line raises by itself, so that the message is the program's own words.
    pub(super) fn throws(&self) -> bool {
        let line = self
            .crash
            .and_then(|crash| crash.source())
            .filter(|_| self.crash_is_its_own());
        let kind = self.failure.kind.as_deref().unwrap_or_default();
        let logged = self.event.exceptions.is_empty();
        !logged && self.raised_in.is_none() && line.is_some_and(|line| source::throws(line, kind))
    }

    /// Whether it happened in a web page, so that the request is the page and not what was served.
    pub(super) fn is_page(&self) -> bool {
        let browser =
            self.context("browser").is_some() || self.finding(&["document_uri"]).is_some();
        let sent = self
            .event
            .request
            .as_ref()
            .is_some_and(|request| request.method.is_some());
        !sent && (browser || self.event.platform.as_deref() == Some("javascript"))
    }

    /// Whether words in the message may be taken for its cause: not where the program chose them to
    /// say something of its own, and not in a log line that tells of no error.
    pub(super) fn may_guess(&self) -> bool {
        let logged = self.event.exceptions.is_empty();
        let harmless = logged && self.event.level > Level::Error;
        !harmless && !self.throws()
    }

    /// The newest own call of an exception.
    pub(super) fn frame_of(&self, exception: EvidenceId) -> Option<Call<'a>> {
        let stack = stack_of(exception)?;
        let mut calls = self.calls.iter().filter(|call| call.stack == stack);
        calls
            .clone()
            .find(|call| call.own)
            .or_else(|| calls.next())
            .copied()
    }

    /// Whether nobody caught it: `None` when the evidence does not tell.
    pub(super) fn handled(&self) -> Option<bool> {
        let told = self
            .event
            .exceptions
            .iter()
            .filter_map(|exception| exception.handled);
        told.reduce(|all, one| all && one)
    }

    /// A tag's value and id.
    pub(super) fn tag(&self, name: &str) -> Option<(&'a str, EvidenceId)> {
        let tags = self.event.tags.iter();
        let at = tags
            .clone()
            .position(|(key, value)| key == name && !value.is_empty())?;
        let (_, value) = self.event.tags.get(at)?;
        Some((value, EvidenceKind::Tag.id(at)))
    }

    /// Name and version in a context (`CPython 3.11.7`), with its id.
    pub(super) fn context(&self, name: &str) -> Option<(String, EvidenceId)> {
        let at = self
            .event
            .contexts
            .iter()
            .position(|(key, _)| key == name)?;
        let (_, pairs) = self.event.contexts.get(at)?;
        let value = |wanted: &str| {
            pairs
                .iter()
                .find(|(key, _)| key == wanted)
                .map(|(_, v)| v.as_str())
        };
        let title = value("name").or_else(|| value("model"))?;
        let version = value("version")
            .or_else(|| value("os_version"))
            .unwrap_or_default();
        let both = if title.contains(version) {
            title.to_owned()
        } else {
            format!("{title} {version}")
        };
        let both = inline::line(&both, 80);
        (!both.is_empty()).then(|| (both, EvidenceKind::Context.id(at)))
    }

    /// What a detector or a browser reported under one of these names, in any spelling.
    pub(super) fn finding(&self, names: &[&str]) -> Option<&'a str> {
        finding(self.event, names)
    }

    /// Where `name` got its value before the crash.
    pub(super) fn origin(&self, name: &str) -> Option<Origin<'a>> {
        let frame = self.crash?.frame;
        source::origin(&frame.context, frame.line?, name)
    }
}

/// The stack of the exception with this id.
fn stack_of(exception: EvidenceId) -> Option<Stack> {
    let index = usize::try_from(exception.number).ok()?.checked_sub(1)?;
    (exception.kind == EvidenceKind::Exception).then_some(Stack::Exception(index))
}
