//! Stacks: taken as bare addresses where something happens, and given names where it is sent.
//!
//! Looking names up takes milliseconds; no request waits for that.

use std::ptr;

use backtrace::Backtrace;
use sentry::{
    ClientOptions, Envelope, Integration,
    integrations::backtrace::backtrace_to_stacktrace,
    protocol::{EnvelopeItem, Event, Frame, Stacktrace, Thread},
};

/// What the SDK calls a function whose name it does not know.
const NAMELESS: &str = "<unknown>";
/// The last frame that is not of what is reported: [`here`] itself.
const LAST: &str = "monitor::stacks::here";

/// The stack at this place, without names.
#[inline(never)]
pub(super) fn here() -> Option<Stacktrace> {
    backtrace_to_stacktrace(&Backtrace::new_unresolved())
}

/// Gives each event that has no stack that of where it is told.
pub(super) struct Attach;

impl Integration for Attach {
    fn name(&self) -> &'static str {
        "attach-stacktrace"
    }

    fn process_event(
        &self,
        mut event: Event<'static>,
        _: &ClientOptions,
    ) -> Option<Event<'static>> {
        if stacks(&mut event).next().is_none() {
            event.threads.values.push(Thread {
                current: true,
                stacktrace: here(),
                ..Thread::default()
            });
        }
        Some(event)
    }
}

/// The envelope with names in the stacks of its events.
pub(super) fn named(envelope: Envelope) -> Envelope {
    if envelope.event().is_none() {
        return envelope;
    }
    let mut named = Envelope::new().with_headers(envelope.headers().clone());
    for mut item in envelope.into_items() {
        if let EnvelopeItem::Event(event) = &mut item {
            stacks(event).for_each(name);
        }
        named.add_item(item);
    }
    named
}

fn stacks<'e>(event: &'e mut Event<'static>) -> impl Iterator<Item = &'e mut Stacktrace> {
    let of_exceptions = event.exception.iter_mut().map(|it| &mut it.stacktrace);
    let of_threads = event.threads.iter_mut().map(|it| &mut it.stacktrace);
    let own = std::iter::once(&mut event.stacktrace);
    of_exceptions.chain(of_threads).chain(own).flatten()
}

/// Frames stand with the outermost first.
fn name(stack: &mut Stacktrace) {
    let frames = std::mem::take(&mut stack.frames);
    stack.frames = frames.into_iter().flat_map(symbols).collect();
    let ours = |frame: &Frame| {
        frame
            .function
            .as_deref()
            .is_some_and(|it| it.contains(LAST))
    };
    if let Some(end) = stack.frames.iter().position(ours) {
        stack.frames.truncate(end);
    }
    for frame in &mut stack.frames {
        let function = frame.function.as_deref().unwrap_or_default();
        let own = is_ours(function, frame.abs_path.as_deref());
        frame.in_app.get_or_insert(own);
    }
}

/// Whether a function is of this program and not of a library. With little debug information its
/// name lacks the crate, and its file tells.
pub(super) fn is_ours(function: &str, path: Option<&str>) -> bool {
    let foreign = ["/rustc/", "/registry/src/", "/git/checkouts/"];
    let named = function
        .trim_start_matches(['<', '&'])
        .starts_with("explainer");
    named || path.is_some_and(|path| !foreign.iter().any(|it| path.contains(it)))
}

/// The functions at an address: more than one where they were inlined into one another.
fn symbols(frame: Frame) -> Vec<Frame> {
    let nameless = frame.function.as_deref() == Some(NAMELESS);
    let Some(address) = frame.instruction_addr.filter(|_| nameless) else {
        return vec![frame];
    };
    let mut found = Vec::new();
    let address = usize::try_from(u64::from(address)).unwrap_or_default();
    backtrace::resolve(ptr::without_provenance_mut(address), |symbol| {
        let path = symbol.filename().map(|it| it.display().to_string());
        let file = path.as_deref().and_then(|path| path.rsplit('/').next());
        found.push(Frame {
            function: symbol.name().map(|name| format!("{name:#}")),
            filename: file.map(str::to_owned),
            lineno: symbol.lineno().map(u64::from),
            abs_path: path,
            ..frame.clone()
        });
    });
    if found.is_empty() {
        return vec![frame];
    }
    found.reverse();
    found
}

#[cfg(test)]
mod tests {
    use super::*;

    #[inline(never)]
    fn somewhere() -> Event<'static> {
        Attach
            .process_event(Event::default(), &ClientOptions::new())
            .unwrap()
    }

    #[test]
    fn a_stack_is_named_when_it_is_sent_and_ends_where_it_was_taken() {
        let event = somewhere();
        let bare = &event.threads.values[0].stacktrace.as_ref().unwrap().frames;
        let nameless = |frame: &Frame| frame.function.as_deref() == Some(NAMELESS);
        assert!(bare.iter().all(nameless));

        let named = named(event.into());
        let event = named.event().unwrap();
        let stack = event.threads.values[0].stacktrace.as_ref().unwrap();
        let function = |frame: &Frame| frame.function.clone().unwrap();
        let functions: Vec<_> = stack.frames.iter().map(function).collect();
        assert!(
            !functions.iter().any(|it| it.contains(LAST)),
            "{functions:?}"
        );
        let taken = functions.iter().rposition(|it| it.ends_with("somewhere"));
        let taken = taken.unwrap_or_else(|| panic!("{functions:?}"));
        assert!(taken + 3 > functions.len(), "{functions:?}");
        let frame = &stack.frames[taken];
        assert_eq!(frame.filename.as_deref(), Some("stacks.rs"));
        assert_eq!(frame.in_app, Some(true));
        let of_std = |frame: &&Frame| function(frame).starts_with("std::");
        assert_eq!(
            stack.frames.iter().find(of_std).unwrap().in_app,
            Some(false)
        );
    }
}
