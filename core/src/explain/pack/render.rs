//! Each piece of evidence as the text of one item.
//!
//! A renderer writes what matters most first and stops where the room ends, so that an item with
//! little room is short and never half a line.

use super::{
    rank::What,
    writer::{SourceLine, Writer},
};
use crate::domain::{
    DataClass, DataPolicy, Event, Evidence, EvidenceKind, Stack,
    event::{Exception, Frame, Request},
};

/// The longest single value, in characters.
const VALUE: usize = 400;
/// The longest message or body, in characters.
const MESSAGE: usize = 2000;
/// The longest name, place or label, in characters.
const LABEL: usize = 160;
/// The longest line of source, in characters.
const SOURCE: usize = 240;
/// Room left in an item that is not worth another line, in characters.
const LITTLE: usize = 24;

/// Writes one piece.
pub(super) fn render(w: &mut Writer<'_>, what: What, evidence: &Evidence, policy: DataPolicy) {
    let event = &evidence.event;
    match what {
        What::Header => header(w, evidence),
        What::Message => message(w, evidence),
        What::Exception(index) => {
            w.id(EvidenceKind::Exception.id(index)).ours(" ");
            if let Some(found) = event.exceptions.get(index) {
                exception(w, found);
            }
        }
        What::Frame { index, whole } => {
            w.id(EvidenceKind::Frame.id(index)).ours(" ");
            frame_line(w, evidence, index);
            if let (true, Some(frame)) = (whole, evidence.frame(index)) {
                source(w, frame);
                if policy.allows(DataClass::Locals) {
                    pairs(w, "locals:", " = ", &frame.locals);
                }
            }
        }
        What::Fold(fold) => {
            let id = |index| EvidenceKind::Frame.id(index);
            w.id(id(fold.first))
                .ours("..")
                .id(id(fold.last))
                .ours(" repeat ");
            if fold.period > 1 {
                w.id(id(fold.first - fold.period)).ours("..");
            }
            w.id(id(fold.first - 1)).ours(": ");
            w.number((fold.last - fold.first + 1) as u64)
                .ours(" more calls");
        }
        What::Breadcrumb(index) => breadcrumb(w, event, index, policy),
        What::RequestLine => request_line(w, event),
        What::RequestPart(part) => request_part(w, event, part, policy),
        What::Tag(index) => {
            w.id(EvidenceKind::Tag.id(index)).ours(" ");
            if let Some((key, value)) = event.tags.get(index) {
                w.pair(key, ": ", value, VALUE);
            }
        }
        What::Context(index) => {
            w.id(EvidenceKind::Context.id(index)).ours(" ");
            if let Some((name, values)) = super::rank::contexts(event).nth(index) {
                w.line(name, LABEL);
                pairs(w, "", ": ", values);
            }
        }
    }
}

fn header(w: &mut Writer<'_>, evidence: &Evidence) {
    let (issue, event) = (&evidence.issue, &evidence.event);
    let title = if issue.title.is_empty() {
        event.title.as_deref()
    } else {
        Some(&*issue.title)
    };
    w.ours("# ").line(title.unwrap_or("(no title)"), 300);
    w.next_line().ours("level: ").ours(event.level.as_str());
    let platform = event.platform.as_deref().unwrap_or(&issue.platform);
    let labels = [
        ("platform", Some(platform)),
        ("release", event.release.as_deref()),
        ("environment", event.environment.as_deref()),
        ("transaction", event.transaction.as_deref()),
        (
            "culprit",
            event.culprit.as_deref().or(issue.culprit.as_deref()),
        ),
        ("logger", event.logger.as_deref()),
        ("sdk", event.sdk.as_deref()),
        ("server", event.server_name.as_deref()),
    ];
    for (label, value) in labels {
        let value = value.unwrap_or("");
        if !value.is_empty() && w.left() > LITTLE {
            w.ours(", ").ours(label).ours(": ").line(value, LABEL);
        }
    }
    if issue.count > 0 && w.left() > LITTLE {
        w.next_line()
            .ours("seen: ")
            .number(issue.count)
            .ours(" times");
        w.ours(" by ").number(issue.user_count).ours(" users");
        for (label, time) in [(", first ", issue.first_seen), (", last ", issue.last_seen)] {
            if let Some(time) = time.filter(|_| w.left() > LITTLE) {
                w.ours(label).time(time);
            }
        }
    }
}

fn message(w: &mut Writer<'_>, evidence: &Evidence) {
    let event = &evidence.event;
    w.id(EvidenceKind::Message.id(0)).ours(" ");
    w.text(event.message.as_deref().unwrap_or(""), MESSAGE);
    pairs(w, "", ": ", &event.findings);
    if let Some(trace) = super::rank::trace_as_text(evidence) {
        w.next_line().ours("stack trace: ").text(trace, 2 * MESSAGE);
    }
}

fn exception(w: &mut Writer<'_>, exception: &Exception) {
    let kind = exception.kind.as_deref().unwrap_or("(no type)");
    w.line(kind, LABEL);
    if let Some(value) = &exception.value {
        let most = MESSAGE.min(w.left() / 4 * 3);
        w.ours(": ").text(value, most);
    }
    let handled = exception
        .handled
        .map(|handled| if handled { "handled" } else { "unhandled" });
    let group = exception
        .is_group
        .then_some("groups the exceptions before it");
    let marks = [handled, group];
    if w.left() > LITTLE && marks.iter().any(Option::is_some) {
        w.next_line().ours("(");
        let mut between = "";
        for mark in marks.into_iter().flatten() {
            w.ours(between).ours(mark);
            between = ", ";
        }
        w.ours(")");
    }
    for (label, value) in [
        ("module: ", &exception.module),
        ("caught by: ", &exception.mechanism),
    ] {
        if let Some(value) = value.as_deref().filter(|_| w.left() > LITTLE) {
            w.next_line().ours(label).line(value, LABEL);
        }
    }
}

/// `gen.py:17:4 in load_user (in-app, E1)`
fn frame_line(w: &mut Writer<'_>, evidence: &Evidence, index: usize) {
    let (Some(frame), Some(place)) = (evidence.frame(index), evidence.frames.get(index)) else {
        return;
    };
    let most = LABEL.min(w.left() / 2);
    w.line(frame.place().unwrap_or("(no file)"), most);
    for number in [frame.line, frame.column].into_iter().flatten() {
        w.ours(":").number(number);
    }
    if let Some(function) = &frame.function {
        w.ours(" in ").line(function, most);
    } else if let Some(address) = &frame.address {
        w.ours(" at ").line(address, 20);
    }
    w.ours(if frame.in_app == Some(true) {
        " (in-app, "
    } else {
        " ("
    });
    match place.stack {
        Stack::Exception(at) => {
            w.id(EvidenceKind::Exception.id(at));
        }
        Stack::Thread(at) => {
            let thread = evidence.event.threads.get(at);
            let name = thread.and_then(|thread| thread.name.as_deref());
            w.ours("thread ").line(name.unwrap_or("without a name"), 40);
        }
    }
    w.ours(if evidence.culprit == Some(index) {
        ", culprit)"
    } else {
        ")"
    });
}

/// As many of the lines around the call as half the room holds, the nearest first.
fn source(w: &mut Writer<'_>, frame: &Frame) {
    let crash = frame
        .context
        .iter()
        .position(|(number, _)| Some(*number) == frame.line);
    let Some(crash) = crash.or(frame.context.len().checked_sub(1)) else {
        return;
    };
    let most = SOURCE.min(w.left() / 2);
    let size = |index: usize| {
        frame
            .context
            .get(index)
            .map(|(_, line)| line.len().min(most) + 14)
    };
    let mut room = (w.left() / 2).saturating_sub(size(crash).unwrap_or(0));
    let (mut first, mut last) = (crash, crash);
    for distance in 1..=frame.context.len().min(32) {
        for index in [crash.checked_sub(distance), Some(crash + distance)]
            .into_iter()
            .flatten()
        {
            let next_to = index + 1 == first || index == last + 1;
            let Some(size) = size(index).filter(|size| next_to && *size <= room) else {
                continue;
            };
            room -= size;
            (first, last) = (first.min(index), last.max(index));
        }
    }
    let is_crash = |number: u32| Some(number) == frame.line;
    let lines = frame.context.get(first..=last).unwrap_or(&[]).iter();
    let lines: Vec<SourceLine<'_>> = lines
        .map(|(number, line)| (is_crash(*number), *number, &**line))
        .collect();
    if most > LITTLE {
        w.source(&lines, frame.column.unwrap_or(0), most);
    }
}

/// Pairs, one to a line, under a title; how many more there are where the room ends.
fn pairs<'e>(
    w: &mut Writer<'_>,
    title: &'static str,
    between: &'static str,
    pairs: impl IntoIterator<Item = &'e (String, String)>,
) {
    let mut pairs = pairs.into_iter().peekable();
    if pairs.peek().is_none() || w.left() <= LITTLE {
        return;
    }
    let deeper = if title.is_empty() { "" } else { "  " };
    if !title.is_empty() {
        w.next_line().ours(title);
    }
    while let Some((key, value)) = pairs.next_if(|_| w.left() > LITTLE) {
        let most = VALUE.min(w.left() / 2);
        w.next_line().ours(deeper).pair(key, between, value, most);
    }
    let more = pairs.count() as u64;
    if more > 0 {
        w.next_line()
            .ours(deeper)
            .ours("… ")
            .number(more)
            .ours(" more");
    }
}

/// `B1 -0.4s http info: message`
fn breadcrumb(w: &mut Writer<'_>, event: &Event, index: usize, policy: DataPolicy) {
    w.id(EvidenceKind::Breadcrumb.id(index));
    let Some(crumb) = event.breadcrumbs.iter().rev().nth(index) else {
        return;
    };
    let newest = || event.breadcrumbs.last().and_then(|crumb| crumb.timestamp);
    if let (Some(then), Some(now)) = (crumb.timestamp, event.timestamp.or_else(newest)) {
        age(w, now.as_millisecond() - then.as_millisecond());
    }
    w.ours(" ")
        .line(crumb.category.as_deref().unwrap_or("breadcrumb"), 60);
    if let Some(level) = crumb.level {
        w.ours(" ").ours(level.as_str());
    }
    w.ours(":");
    if let Some(message) = &crumb.message {
        w.ours(" ").text(message, VALUE);
    }
    if policy.allows(DataClass::BreadcrumbData) {
        pairs(w, "", ": ", &crumb.data);
    }
}

/// How long before the event: `-0.4s`, `-12m03s`, `-5h20m`.
fn age(w: &mut Writer<'_>, milliseconds: i64) {
    let (sign, gone) = if milliseconds < 0 {
        (" +", -milliseconds)
    } else {
        (" -", milliseconds)
    };
    let (seconds, minutes, hours) = (gone / 1000, gone / 60_000, gone / 3_600_000);
    w.ours(sign);
    if minutes == 0 {
        w.number(seconds)
            .ours(".")
            .number(gone / 100 % 10)
            .ours("s");
    } else if hours == 0 {
        w.number(minutes).ours("m").number(seconds % 60).ours("s");
    } else {
        w.number(hours).ours("h").number(minutes % 60).ours("m");
    }
}

fn request_line(w: &mut Writer<'_>, event: &Event) {
    w.id(EvidenceKind::Request.id(0)).ours(" ");
    let Some(request) = &event.request else {
        return;
    };
    w.line(request.method.as_deref().unwrap_or("(no method)"), 20)
        .ours(" ");
    let url = request.url.as_deref().unwrap_or("");
    match request.query.as_deref().filter(|query| !query.is_empty()) {
        None => w.line(url, MESSAGE / 2),
        Some(query) => w.line(url, MESSAGE / 2).ours("?").line(query, MESSAGE / 2),
    };
}

/// A part of the request beside its first line.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Part {
    Headers,
    Body,
    Cookies,
    Environment,
}

impl Part {
    /// The class of data it belongs to.
    pub(super) fn class(self) -> DataClass {
        match self {
            // a WSGI environment holds the headers once more
            Self::Headers | Self::Environment => DataClass::Headers,
            Self::Body | Self::Cookies => DataClass::RequestBody,
        }
    }

    /// What it is called.
    pub(super) fn name(self) -> &'static str {
        match self {
            Self::Headers => "R1 headers",
            Self::Body => "R1 body",
            Self::Cookies => "R1 cookies",
            Self::Environment => "R1 environment",
        }
    }

    /// Whether the request has it.
    pub(super) fn is_in(self, request: &Request) -> bool {
        let some = |text: &Option<String>| text.as_deref().is_some_and(|text| !text.is_empty());
        match self {
            Self::Headers => !request.headers.is_empty(),
            Self::Body => some(&request.body),
            Self::Cookies => some(&request.cookies),
            Self::Environment => !request.env.is_empty(),
        }
    }
}

fn request_part(w: &mut Writer<'_>, event: &Event, part: Part, policy: DataPolicy) {
    let Some(request) = &event.request else {
        return;
    };
    // cookies are no headers to the policy, wherever they stand
    let cookies = policy.allows(DataClass::RequestBody);
    let allowed =
        |(key, _): &&(String, String)| cookies || !key.to_ascii_lowercase().contains("cookie");
    w.ours(part.name()).ours(":");
    match part {
        Part::Headers => pairs(w, "", ": ", request.headers.iter().filter(allowed)),
        Part::Environment => pairs(w, "", ": ", request.env.iter().filter(allowed)),
        Part::Body => {
            w.ours(" ")
                .text(request.body.as_deref().unwrap_or(""), MESSAGE);
        }
        Part::Cookies => {
            w.ours(" ")
                .value("Cookie", request.cookies.as_deref().unwrap_or(""), VALUE);
        }
    }
}
