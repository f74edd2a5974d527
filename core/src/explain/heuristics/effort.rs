//! How long the change may take: a range, by what kind of change it is and how much is known.

use super::{advice::Work, facts::Facts, template::Filled};

/// The ranges, from small to large.
const RANGES: [&str; 5] = [
    "under 1 hour",
    "1-2 hours",
    "half a day",
    "1-2 days",
    "2-4 days",
];

/// Begins with the kind of change and adds a step each for a crash line that is unknown, a failure
/// nobody wrote advice for, and a path through many own files. Empty where neither is known.
pub(super) fn estimate(facts: &Facts<'_>, advice: Option<&Filled<'_>>) -> String {
    if advice.is_none() && facts.crash.is_none() {
        return String::new();
    }
    let kind: usize = advice.map_or(1, |advice| match advice.found.advice.work {
        Work::Quick => 0,
        Work::Usual => 1,
        Work::Deep => 3,
    });
    let mut files: Vec<_> = facts
        .path
        .iter()
        .filter_map(|call| call.frame.place())
        .collect();
    files.sort_unstable();
    files.dedup();
    let known = facts.crash.is_some_and(|crash| crash.frame.line.is_some());
    let harder = [!known, advice.is_none(), files.len() > 4];
    let steps = kind + harder.into_iter().filter(|harder| *harder).count();
    RANGES
        .get(steps)
        .or(RANGES.last())
        .copied()
        .unwrap_or_default()
        .to_owned()
}
