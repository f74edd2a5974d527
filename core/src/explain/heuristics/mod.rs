//! The specification written from the evidence alone, when no language model is configured or all of them failed.
//!
//! Nothing in here guesses freely: the facts are read off the evidence once, the most
//! specific row of the advice catalog is looked up, and one file per field writes what
//! the two bear out. What cannot be said stays empty and is marked [`Origin::Missing`].
//! The [rubric] of priorities is public.

mod advice;
mod call;
mod cause;
mod components;
mod culprit;
mod description;
mod effort;
mod facts;
mod failure;
mod family;
mod fix;
mod inline;
pub mod rubric;
mod source;
mod steps;
mod summary;
mod template;
mod trail;

use crate::{
    domain::{Culprit, Evidence, Origin, Provenance, Specification},
    explain::stale,
};

use self::{facts::Facts, template::Filled};

/// The version of these rules; it changes when the same evidence may give another text.
pub const HEURISTICS: &str = "heuristics/2";

/// Writes the specification of `evidence`. The same evidence always gives the same text.
pub fn specify(evidence: &Evidence) -> Specification {
    let facts = Facts::read(evidence);
    let advice = look_up(&facts);
    let advice = advice.as_ref();
    let (priority, priority_reasons) = rubric::assess(&facts);
    let mut specification = Specification {
        summary: summary::write(&facts),
        root_cause: cause::write(&facts, advice),
        technical_description: description::write(&facts),
        reproduction_steps: steps::write(&facts, advice),
        suggested_fix: fix::write(&facts, advice),
        code_examples: fix::example(&facts, advice),
        priority,
        priority_reasons,
        estimated_effort: effort::estimate(&facts, advice),
        affected_components: components::list(&facts),
        culprit: culprit::find(&facts),
        basis: stale::basis(evidence, HEURISTICS),
        ..Specification::default()
    };
    specification.provenance = provenance(&specification);
    specification
}

/// The place in the code to look at first.
pub fn culprit(evidence: &Evidence) -> Option<Culprit> {
    culprit::find(&Facts::read(evidence))
}

/// The advice on the root of the failure; where nothing specific is known about that, on what it
/// surfaced as; else by the words in its name.
fn look_up<'a>(facts: &'a Facts<'a>) -> Option<Filled<'a>> {
    let failure = &facts.failure;
    let find = |kind: Option<&str>, message: &'a str| {
        advice::find(facts.family, kind.unwrap_or_default(), message)
    };
    let message = failure.message.as_deref().unwrap_or_default();
    let root = find(failure.kind.as_deref(), message);
    let specific = root.or_else(|| {
        let mut above = facts
            .surfaced()
            .filter(|(_, above)| !failure::is_group(above));
        above.find_map(|(_, above)| find(above.kind.as_deref(), bounded(above.value.as_deref()?)))
    });
    let found = specific
        .or_else(|| advice::fall_back(failure.kind.as_deref()?))
        .or_else(|| advice::fall_back(message).filter(|_| facts.may_guess()))?;
    Some(Filled::new(facts, found))
}

/// The beginning of a message: patterns are not run over more.
fn bounded(message: &str) -> &str {
    let end = message
        .char_indices()
        .nth(1_000)
        .map_or(message.len(), |(at, _)| at);
    message.get(..end).unwrap_or_default()
}

fn provenance(specification: &Specification) -> Provenance {
    let told = |is_there: bool| {
        if is_there {
            Origin::Heuristic
        } else {
            Origin::Missing
        }
    };
    let Specification {
        summary,
        root_cause,
        technical_description,
        reproduction_steps,
        suggested_fix,
        code_examples,
        priority_reasons,
        estimated_effort,
        affected_components,
        ..
    } = specification;
    Provenance {
        summary: told(!summary.is_empty()),
        root_cause: told(!root_cause.is_empty()),
        technical_description: told(!technical_description.is_empty()),
        reproduction_steps: told(!reproduction_steps.is_empty()),
        suggested_fix: told(!suggested_fix.is_empty()),
        code_examples: told(code_examples.is_some()),
        priority: told(!priority_reasons.is_empty()),
        estimated_effort: told(!estimated_effort.is_empty()),
        affected_components: told(!affected_components.is_empty()),
        related_issues: Origin::Missing,
    }
}

#[cfg(test)]
mod tests;
