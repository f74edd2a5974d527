//! Finds the call a developer would look at first.
//!
//! Among the exceptions, root cause first, then among the threads, crashed first: the newest call
//! that is the program's own by the source's word, or else by [`super::own`]'s judgement, or else
//! the newest call that leads anywhere.

use super::own::{Code, judge};
use crate::domain::{Event, FramePlace, Stack, event::Frame};

/// Where the culprit stands; `None` when no frame leads anywhere.
pub(super) fn find(event: &Event) -> Option<FramePlace> {
    let claimed = |frame: &Frame| frame.in_app == Some(true) && judge(frame) != Code::Machinery;
    let own = |frame: &Frame| judge(frame) == Code::Own;
    let library = |frame: &Frame| judge(frame) != Code::Machinery;
    let named = |frame: &Frame| frame.function.is_some() || frame.file.is_some();
    newest(event, claimed)
        .or_else(|| newest(event, own))
        .or_else(|| newest(event, library))
        .or_else(|| newest(event, named))
}

/// The frames that are the program's own, oldest call first, by the same measure for all of them:
/// the source's word where it marked any that can be believed.
pub(in crate::explain) fn own_frames(event: &Event) -> impl Iterator<Item = &Frame> {
    let claimed = |frame: &Frame| frame.in_app == Some(true) && judge(frame) != Code::Machinery;
    let believed = newest(event, claimed).is_some();
    let frames = stacks(event).flat_map(|(_, frames)| frames);
    frames.filter(move |frame| {
        if believed {
            claimed(frame)
        } else {
            judge(frame) == Code::Own
        }
    })
}

/// Every stack of an event in reading order: root cause first, then threads.
pub(super) fn stacks(event: &Event) -> impl Iterator<Item = (Stack, &[Frame])> {
    let exceptions = event.exceptions.iter().enumerate();
    let exceptions = exceptions.map(|(at, it)| (Stack::Exception(at), it.frames.as_slice()));
    let threads = event.threads.iter().enumerate();
    let threads = threads.map(|(at, it)| (Stack::Thread(at), it.frames.as_slice()));
    exceptions.chain(threads)
}

fn newest(event: &Event, wanted: impl Fn(&Frame) -> bool) -> Option<FramePlace> {
    stacks(event).find_map(|(stack, frames)| {
        let frame = frames.iter().rposition(&wanted)?;
        Some(FramePlace { stack, frame })
    })
}
