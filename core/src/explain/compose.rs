//! Makes the specification out of a model's answer: held against the evidence, with the values
//! back in the place of their placeholders, each field marked with where it came from.

use std::cell::OnceCell;

use super::{
    answer::{Draft, Field},
    ground::ground,
    heuristics,
    prompt::{PROMPT, Question},
    stale,
};
use crate::domain::{Evidence, Grounding, Origin, Provenance, Specification};

/// The specification that `model` wrote. `fill`: what it left out may be filled in by rules.
pub fn compose(
    mut draft: Draft,
    question: &Question,
    evidence: &Evidence,
    model: &str,
    fill: bool,
) -> Specification {
    let (claims, grounding) = ground(&mut draft.answer, &question.known);
    let restore = |text: &str| question.redactor.restore(text);
    let restore_all = |texts: &[String]| texts.iter().map(|text| restore(text)).collect::<Vec<_>>();
    let insufficient = restore(draft.answer.text(Field::InsufficientEvidence));
    let rules = OnceCell::new();
    let writer = Writer {
        draft: &draft,
        // rules know no more than the model that says it knows too little
        fill: fill && insufficient.is_empty(),
    };
    let by_rules = || rules.get_or_init(|| heuristics::specify(evidence));

    let mut provenance = Provenance::default();
    let text = |field, origin: &mut Origin, rule: fn(&Specification) -> &str| {
        let (text, from) = writer.text(field, || rule(by_rules()).to_owned());
        *origin = from;
        restore(&text)
    };
    let list = |field, origin: &mut Origin, rule: fn(&Specification) -> &[String]| {
        let (list, from) = writer.list(field, || rule(by_rules()).to_vec());
        *origin = from;
        restore_all(&list)
    };
    let code = text(Field::CodeExamples, &mut provenance.code_examples, |by| {
        by.code_examples.as_deref().unwrap_or("")
    });
    let mut specification = Specification {
        summary: text(Field::Summary, &mut provenance.summary, |by| &by.summary),
        root_cause: text(Field::RootCause, &mut provenance.root_cause, |by| {
            &by.root_cause
        }),
        technical_description: text(
            Field::TechnicalDescription,
            &mut provenance.technical_description,
            |by| &by.technical_description,
        ),
        reproduction_steps: list(
            Field::ReproductionSteps,
            &mut provenance.reproduction_steps,
            |by| &by.reproduction_steps,
        ),
        suggested_fix: text(Field::SuggestedFix, &mut provenance.suggested_fix, |by| {
            &by.suggested_fix
        }),
        code_examples: Some(code).filter(|code| !code.is_empty()),
        estimated_effort: text(
            Field::EstimatedEffort,
            &mut provenance.estimated_effort,
            |by| &by.estimated_effort,
        ),
        affected_components: list(
            Field::AffectedComponents,
            &mut provenance.affected_components,
            |by| &by.affected_components,
        ),
        related_issues: list(Field::RelatedIssues, &mut provenance.related_issues, |_| {
            &[]
        }),
        culprit: heuristics::culprit(evidence),
        model: Some(model.to_owned()),
        grounding: Some(Grounding {
            unverified: restore_all(&grounding.unverified),
            ..grounding
        }),
        claims,
        insufficient_evidence: Some(insufficient).filter(|why| !why.is_empty()),
        instead_of_model: None,
        basis: stale::basis(evidence, PROMPT),
        ..Specification::default()
    };
    for claim in &mut specification.claims {
        claim.text = restore(&claim.text);
        claim.quotes = restore_all(&claim.quotes);
    }
    if let Some(priority) = draft.answer.priority {
        specification.priority = priority;
        provenance.priority = writer.origin(Field::Priority);
    } else {
        // a priority there must be: the rubric says why it is this one
        specification.priority = by_rules().priority;
        specification
            .priority_reasons
            .clone_from(&by_rules().priority_reasons);
        provenance.priority = Origin::Heuristic;
    }
    specification.provenance = provenance;
    specification
}

/// Takes each field from the model where it wrote one.
struct Writer<'a> {
    draft: &'a Draft,
    fill: bool,
}

impl Writer<'_> {
    fn text(&self, field: Field, rule: impl FnOnce() -> String) -> (String, Origin) {
        let text = self.draft.answer.text(field);
        if !text.is_empty() {
            return (text.to_owned(), self.origin(field));
        }
        let text = if self.fill { rule() } else { String::new() };
        let origin = by_rule(text.is_empty());
        (text, origin)
    }

    fn list(&self, field: Field, rule: impl FnOnce() -> Vec<String>) -> (Vec<String>, Origin) {
        let list = self.draft.answer.list(field);
        if !list.is_empty() {
            return (list.to_vec(), self.origin(field));
        }
        let list = if self.fill { rule() } else { Vec::new() };
        let origin = by_rule(list.is_empty());
        (list, origin)
    }

    fn origin(&self, field: Field) -> Origin {
        if self.draft.repaired.contains(&field) {
            Origin::Repaired
        } else {
            Origin::Model
        }
    }
}

fn by_rule(is_empty: bool) -> Origin {
    if is_empty {
        Origin::Missing
    } else {
        Origin::Heuristic
    }
}
