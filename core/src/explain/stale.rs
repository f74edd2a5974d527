//! Tells whether a stored specification is out of date, by what it was made with and from.

use super::{heuristics::HEURISTICS, prompt::PROMPT};
use crate::domain::{Basis, Evidence, Specification, Stale};

/// How many frames are kept to compare with.
const MAX_FRAMES: usize = 100;

/// What a specification of `evidence` is made from, by this version of prompt or rules.
pub fn basis(evidence: &Evidence, prompt: &str) -> Basis {
    let frames = (0..evidence.frames.len()).filter_map(|index| evidence.frame(index));
    let own = frames.filter(|frame| frame.in_app == Some(true));
    let mut in_app_frames: Vec<String> = own
        .map(|frame| {
            let file = frame.file.as_ref().or(frame.module.as_ref());
            let part = |text: Option<&String>| text.map_or("", String::as_str).to_owned();
            format!("{}:{}", part(file), part(frame.function.as_ref()))
        })
        .collect();
    in_app_frames.sort_unstable();
    in_app_frames.dedup();
    in_app_frames.truncate(MAX_FRAMES);
    Basis {
        prompt: prompt.to_owned(),
        release: evidence.event.release.clone(),
        in_app_frames,
    }
}

/// Whether this version of the service would ask otherwise than it did.
pub fn by_version(specification: &Specification) -> Option<Stale> {
    let current = match specification.model {
        Some(_) => PROMPT,
        None => HEURISTICS,
    };
    (specification.basis.prompt != current).then_some(Stale::PromptChanged)
}

/// Whether `newer`, what a newer event shows, makes the specification out of date.
pub fn by_evidence(specification: &Specification, newer: &Evidence) -> Option<Stale> {
    let known = &specification.basis;
    let seen = basis(newer, "");
    if seen.release.is_some() && seen.release != known.release {
        return Some(Stale::NewRelease);
    }
    let is_new = |frame: &String| known.in_app_frames.binary_search(frame).is_err();
    let full = known.in_app_frames.len() == MAX_FRAMES;
    if !full && seen.in_app_frames.iter().any(is_new) {
        return Some(Stale::NewInAppFrame);
    }
    by_version(specification)
}
