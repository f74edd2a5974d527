//! Collecting: from the documents a source sends to numbered evidence.
//!
//! [`read`] turns bytes of any known shape into events, [`issue_of`] makes an issue of events
//! where the source has none, [`collect`] puts the event that tells most beside its issue. Nothing
//! is judged here beyond the culprit; redacting and packing are the next steps'.

mod culprit;
mod document;
mod envelope;
mod event;
mod group;
mod issue;
mod json;
mod limits;
mod own;
mod stack;
mod values;

pub(super) use culprit::own_frames;
pub use document::{NoEvent, read};
pub use group::group_key;
pub(crate) use issue::UNTITLED;
pub use issue::issue_of;
pub use limits::MAX_DOCUMENT;

use crate::domain::{Event, Evidence, FramePlace, Issue};

/// Puts together what is known of `issue`, from the event that tells most.
///
/// That is the newest with a frame of the program's own, or else with any frame, or else of all;
/// of several as new as each other the first.
pub fn collect(issue: Issue, events: Vec<Event>) -> Evidence {
    let event = events
        .into_iter()
        .rev()
        .max_by_key(|event| (told(event), event.timestamp));
    let event = event.unwrap_or_default();
    let frames = numbered(&event);
    let culprit = culprit::find(&event);
    let culprit = culprit.and_then(|place| frames.iter().position(|frame| *frame == place));
    Evidence {
        issue,
        event,
        frames,
        culprit,
    }
}

/// How much an event's stacks tell.
fn told(event: &Event) -> u8 {
    let frames = || culprit::stacks(event).flat_map(|(_, frames)| frames);
    if frames().any(|frame| frame.in_app == Some(true)) {
        return 2;
    }
    u8::from(frames().next().is_some())
}

/// Every frame in reading order: root cause first, newest call first.
fn numbered(event: &Event) -> Vec<FramePlace> {
    let stacks = culprit::stacks(event);
    let places = stacks.flat_map(|(stack, frames)| {
        let newest_first = (0..frames.len()).rev();
        newest_first.map(move |frame| FramePlace { stack, frame })
    });
    places.collect()
}
