//! Reads exceptions, threads and their frames.
//!
//! Wire facts: exceptions come root cause first, frames oldest call first; the ingest shape speaks
//! snake case with `pre_context`/`context_line`/`post_context`, the Web API camel case with
//! `context` as `[line, text]`. `raw_stacktrace` is the minified twin of `stacktrace`.

use super::{
    json::Node,
    limits::{MAX_CONTEXT, MAX_FRAMES, MAX_LINE, MAX_MESSAGE, MAX_NAME, MAX_STACKS, cut, ends},
    values::{items, pairs},
};
use crate::domain::event::{Exception, Frame, Thread};

/// The chain of exceptions, a leaf of the tree first even where groups are mixed in.
pub(super) fn exceptions(node: &Node<'_>) -> Vec<Exception> {
    let nodes: Vec<_> = ends(items(node), MAX_STACKS)
        .filter(|node| node.is_map())
        .collect();
    let mut chain: Vec<_> = nodes.iter().map(|node| exception(node)).collect();
    // A group tells that several things failed; what failed first is a leaf below it.
    if chain.first().is_some_and(|first| first.is_group)
        && let Some(leaf) = chain.iter().position(|exception| !exception.is_group)
    {
        chain[..=leaf].rotate_right(1);
    }
    chain
}

fn exception(node: &Node<'_>) -> Exception {
    let mechanism = node.get("mechanism");
    Exception {
        kind: node.get("type").text(MAX_NAME),
        value: node
            .get("value")
            .flat(MAX_MESSAGE)
            .filter(|value| !value.trim().is_empty()),
        module: node.get("module").text(MAX_NAME),
        mechanism: mechanism.get("type").text(MAX_NAME),
        handled: mechanism.get("handled").bool(),
        is_group: mechanism.get("is_exception_group").bool() == Some(true),
        frames: frames(node),
    }
}

/// The threads that have a stack: the crashed one first, then the one that reported.
pub(super) fn threads(node: &Node<'_>) -> Vec<Thread> {
    let mut threads: Vec<_> = items(node)
        .iter()
        .map(|node| Thread {
            name: node.any(&["name", "id"]).text(MAX_NAME),
            crashed: node.get("crashed").bool() == Some(true),
            current: node.get("current").bool() == Some(true),
            frames: frames(node),
        })
        .filter(|thread| !thread.frames.is_empty())
        .collect();
    threads.sort_by_key(|thread| (!thread.crashed, !thread.current));
    threads.truncate(MAX_STACKS);
    threads
}

/// The stack of an event that belongs to neither an exception nor a thread.
pub(super) fn lone_stack(node: &Node<'_>) -> Option<Thread> {
    let frames = frames_of(node);
    (!frames.is_empty()).then(|| Thread {
        current: true,
        frames,
        ..Thread::default()
    })
}

fn frames(owner: &Node<'_>) -> Vec<Frame> {
    let frames = frames_of(owner.get("stacktrace"));
    if frames.is_empty() {
        return frames_of(owner.any(&["rawStacktrace", "raw_stacktrace"]));
    }
    frames
}

fn frames_of(stack: &Node<'_>) -> Vec<Frame> {
    let listed = match stack {
        Node::List(frames) => frames,
        _ => stack.get("frames").list(),
    };
    let maps = ends(listed, MAX_FRAMES).filter(|node| node.is_map());
    let mut frames: Vec<Frame> = maps.map(frame).collect();
    // They are kept for as long as a model is asked.
    frames.shrink_to_fit();
    frames
}

fn frame(node: &Node<'_>) -> Frame {
    let mut frame = Frame::default();
    let (mut symbol, mut context, mut before, mut at, mut after) =
        (None, &[][..], &[][..], None, &[][..]);
    for (key, value) in node.entries() {
        match key.as_ref() {
            "function" => frame.function = name(value),
            "rawFunction" | "raw_function" | "symbol" => symbol = symbol.or(Some(value)),
            "module" => frame.module = name(value),
            "filename" => frame.file = value.text(MAX_NAME),
            "absPath" | "abs_path" => frame.abs_path = value.text(MAX_NAME),
            "package" => frame.package = value.text(MAX_NAME),
            "lineNo" | "lineno" => frame.line = value.position(),
            "colNo" | "colno" => frame.column = value.position(),
            "instructionAddr" | "instruction_addr" => frame.address = address(value),
            "inApp" | "in_app" => frame.in_app = value.bool(),
            "vars" => frame.locals = pairs(value),
            "context" => context = value.list(),
            "pre_context" => before = value.list(),
            "context_line" => at = value.str(),
            "post_context" => after = value.list(),
            _ => {}
        }
    }
    frame.function = frame.function.or_else(|| name(symbol?));
    frame.context = if context.is_empty() {
        source(frame.line, before, at, after)
    } else {
        numbered(context)
    };
    frame
}

/// A name, unless it is one of the words that stand for an unknown one.
fn name(node: &Node<'_>) -> Option<String> {
    let name = node.text(MAX_NAME)?;
    let unknown = [
        "?",
        "null",
        "<unknown>",
        "(unknown)",
        "<redacted>",
        "<anonymous>",
    ];
    (!unknown.contains(&name.as_str())).then_some(name)
}

/// An address as `0x…`, unless it is zero.
fn address(node: &Node<'_>) -> Option<String> {
    let text = match node {
        Node::Number(number) => format!("{:#x}", number.as_u64()?),
        _ => node.text(MAX_NAME)?,
    };
    let digits = text.strip_prefix("0x").unwrap_or(&text);
    (!digits.trim_start_matches('0').is_empty()).then_some(text)
}

fn numbered(context: &[Node<'_>]) -> Vec<(u32, String)> {
    let lines = context.iter().filter_map(|line| match line.list() {
        [number, text] => Some((number.position()?, cut(text.str()?, MAX_LINE))),
        _ => None,
    });
    lines.take(MAX_CONTEXT).collect()
}

/// The lines around `line`; numbered from 1 where the line is unknown.
fn source(
    line: Option<u32>,
    before: &[Node<'_>],
    at: Option<&str>,
    after: &[Node<'_>],
) -> Vec<(u32, String)> {
    let Some(at) = at else {
        return Vec::new();
    };
    let half = MAX_CONTEXT / 2;
    let before = &before[before.len().saturating_sub(half)..];
    let above = u32::try_from(before.len()).unwrap_or_default();
    let first = line.map_or(1, |line| line.saturating_sub(above).max(1));
    let text = |node: &Node<'_>| cut(node.str().unwrap_or_default(), MAX_LINE);
    let before = before.iter().map(text);
    let after = after.iter().take(half).map(text);
    (first..)
        .zip(before.chain([cut(at, MAX_LINE)]).chain(after))
        .collect()
}
