//! What a model is asked to fill in, and as much of it as it has.

use std::collections::{BTreeMap, BTreeSet};

use crate::domain::Priority;

/// One field of the answer, in the order a model is to write them: first what the evidence shows,
/// then what follows from it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Field {
    /// What the text rests on.
    Claims,
    /// What is missing, where the evidence does not suffice.
    InsufficientEvidence,
    /// What is wrong.
    Summary,
    /// Why it happens.
    RootCause,
    /// How it comes about.
    TechnicalDescription,
    /// What to do to see it happen.
    ReproductionSteps,
    /// What to change.
    SuggestedFix,
    /// Code that shows the change.
    CodeExamples,
    /// How soon to deal with it.
    Priority,
    /// How long the change may take.
    EstimatedEffort,
    /// The parts of the program that are involved.
    AffectedComponents,
    /// Ids of issues that have to do with this one.
    RelatedIssues,
}

impl Field {
    /// Every field.
    pub const ALL: [Self; 12] = [
        Self::Claims,
        Self::InsufficientEvidence,
        Self::Summary,
        Self::RootCause,
        Self::TechnicalDescription,
        Self::ReproductionSteps,
        Self::SuggestedFix,
        Self::CodeExamples,
        Self::Priority,
        Self::EstimatedEffort,
        Self::AffectedComponents,
        Self::RelatedIssues,
    ];

    /// Its name in the answer.
    pub fn name(self) -> &'static str {
        match self {
            Self::Claims => "claims",
            Self::InsufficientEvidence => "insufficient_evidence",
            Self::Summary => "summary",
            Self::RootCause => "root_cause",
            Self::TechnicalDescription => "technical_description",
            Self::ReproductionSteps => "reproduction_steps",
            Self::SuggestedFix => "suggested_fix",
            Self::CodeExamples => "code_examples",
            Self::Priority => "priority",
            Self::EstimatedEffort => "estimated_effort",
            Self::AffectedComponents => "affected_components",
            Self::RelatedIssues => "related_issues",
        }
    }

    /// The field with this name.
    pub fn named(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|field| field.name() == name)
    }

    /// Whether an answer is worth nothing without it. Where the evidence is said not to suffice,
    /// a summary alone will do.
    pub fn is_essential(self, insufficient: bool) -> bool {
        self == Self::Summary || self == Self::RootCause && !insufficient
    }
}

/// What a model says it rests a statement on.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Cited {
    /// The statement.
    pub text: String,
    /// The ids it names.
    pub evidence: Vec<String>,
    /// What it quotes.
    pub quotes: Vec<String>,
}

/// The fields that passed validation. What a model left null is empty.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Answer {
    texts: BTreeMap<Field, String>,
    lists: BTreeMap<Field, Vec<String>>,
    /// How soon to deal with it.
    pub priority: Option<Priority>,
    /// What it says it rests on.
    pub claims: Vec<Cited>,
}

impl Answer {
    /// A field of text; empty when it was left null.
    pub fn text(&self, field: Field) -> &str {
        self.texts.get(&field).map_or("", String::as_str)
    }

    /// A field that is a list.
    pub fn list(&self, field: Field) -> &[String] {
        self.lists.get(&field).map_or(&[], Vec::as_slice)
    }

    /// Every text of the answer but the claims, with the field it is in.
    pub fn prose(&self) -> impl Iterator<Item = (Field, &str)> {
        let texts = self
            .texts
            .iter()
            .map(|(field, text)| (*field, text.as_str()));
        let lists = self.lists.iter();
        texts.chain(lists.flat_map(|(field, list)| list.iter().map(|text| (*field, &**text))))
    }

    pub(super) fn set_text(&mut self, field: Field, text: String) {
        self.texts.insert(field, text);
    }

    pub(super) fn set_list(&mut self, field: Field, list: Vec<String>) {
        self.lists.insert(field, list);
    }

    /// Takes items out of a list that are not wanted, and gives them back.
    pub(super) fn sort_out(
        &mut self,
        field: Field,
        wanted: impl Fn(&String) -> bool,
    ) -> Vec<String> {
        let list = self.lists.remove(&field).unwrap_or_default();
        let (good, bad) = list.into_iter().partition(wanted);
        self.lists.insert(field, good);
        bad
    }

    pub(super) fn is_insufficient(&self) -> bool {
        !self.text(Field::InsufficientEvidence).is_empty()
    }
}

/// An answer, and what is wrong with the fields that are not in it.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Draft {
    /// What passed validation.
    pub answer: Answer,
    /// What did not, each with the validator's message.
    pub faults: BTreeMap<Field, String>,
    /// The fields that passed only when they were asked for again.
    pub repaired: BTreeSet<Field>,
}

impl Draft {
    /// Whether there is enough to make a specification of.
    pub fn is_usable(&self) -> bool {
        let insufficient = self.answer.is_insufficient();
        !self
            .faults
            .keys()
            .any(|field| field.is_essential(insufficient))
    }

    /// What is wrong, in one line.
    pub fn complaint(&self) -> String {
        let faults = self.faults.iter();
        let faults = faults.map(|(field, fault)| format!("{} {fault}", field.name()));
        faults.collect::<Vec<_>>().join("; ")
    }
}
