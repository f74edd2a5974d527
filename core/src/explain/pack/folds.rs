//! Recursion: calls that repeat the calls before them, again and again.

use crate::domain::{Evidence, EvidenceKind, event::Frame};

/// Frames that repeat the `period` frames before them.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Fold {
    /// The index of the first of them.
    pub(super) first: usize,
    /// The index of the last of them.
    pub(super) last: usize,
    /// How many frames are repeated.
    pub(super) period: usize,
}

impl Fold {
    /// The frames that repeat others: `F3..F880`.
    pub(super) fn name(self) -> String {
        let [first, last] = [self.first, self.last].map(|index| EvidenceKind::Frame.id(index));
        format!("{first}..{last}")
    }
}

/// The longest cycle of calls that is recognised.
const MAX_PERIOD: usize = 4;
/// How many frames must repeat for it to be told shorter than they are shown.
const LEAST: usize = 3;

/// The stretches of an event's frames that repeat, in order. The culprit is never in one.
pub(super) fn folds(evidence: &Evidence) -> Vec<Fold> {
    let mut folds = Vec::new();
    let mut at = 0;
    while at < evidence.frames.len() {
        let fold = (1..=MAX_PERIOD).find_map(|period| fold_at(evidence, at + period, period));
        at = fold.map_or(at + 1, |fold| fold.last + 1);
        folds.extend(fold);
    }
    folds
}

fn fold_at(evidence: &Evidence, first: usize, period: usize) -> Option<Fold> {
    let repeats = |index: &usize| {
        evidence.culprit != Some(*index) && is_same(evidence, *index, *index - period)
    };
    let count = (first..evidence.frames.len()).take_while(repeats).count();
    let whole = count - count % period;
    (whole >= LEAST.max(period)).then(|| Fold {
        first,
        last: first + whole - 1,
        period,
    })
}

fn is_same(evidence: &Evidence, index: usize, other: usize) -> bool {
    let stack = |index: usize| evidence.frames.get(index).map(|place| place.stack);
    let length = |frame: &Frame| frame.place().map(str::len);
    match (evidence.frame(index), evidence.frame(other)) {
        (Some(a), Some(b)) => {
            stack(index) == stack(other)
                && a.line == b.line
                && length(a) == length(b)
                && a.function == b.function
                && a.place() == b.place()
        }
        _ => false,
    }
}
