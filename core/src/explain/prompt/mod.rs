//! Puts the question to a model together: the template of this version, the workspace's own
//! instructions, and the evidence, packed for this model and fenced as data.
//!
//! The templates are files in `templates/`; a change of one, or of the fields, is a change of
//! [`PROMPT`]. The same evidence, model and settings always give the same bytes.
//!
//! # The fence
//! The evidence stands between two lines that carry a digest of everything between them. Text
//! in the evidence would have to contain the digest of a text that contains it to close the fence,
//! and every line of it is indented or begins with an id besides (see [`mod@super::pack`]).

mod fields;
mod known;
mod orders;
#[cfg(test)]
mod tests;

use std::{fmt::Write as _, sync::LazyLock};

use sha2::{Digest, Sha256};

pub use known::{Known, plain};

use super::{
    answer::Field,
    pack::{Cut, Packed, TokenCounter, Why, pack},
    redact::Redactor,
};
use crate::{
    digest::hex,
    domain::{DataPolicy, Evidence, EvidenceKind, Neighbour},
    ports::{LlmRequest, ModelLocation, ModelProfile, Schema},
};

/// The version of the templates and the fields.
pub const PROMPT: &str = "explain/1";

const SYSTEM: &str = include_str!("templates/system.md");
const USER: &str = include_str!("templates/user.md");
const REPAIR: &str = include_str!("templates/repair.md");

/// What most requests ask for: every field.
static WHOLE: LazyLock<Schema> = LazyLock::new(|| fields::schema(&Field::ALL));

/// Tokens set aside for what servers put around messages.
const MARGIN: usize = 64;
/// With less room than this for evidence a model is of no use, in tokens.
const LEAST_EVIDENCE: usize = 200;
/// How many issues are offered as related at most.
const MAX_RELATED: usize = 10;

/// What is to be explained, and how the workspace wants it.
#[derive(Debug, Clone, Copy)]
pub struct Brief<'a> {
    /// What is known.
    pub evidence: &'a Evidence,
    /// The workspace's own words to the model.
    pub instructions: Option<&'a str>,
    /// Issues that may have to do with this one.
    pub candidates: &'a [Neighbour],
    /// What may leave for a remote model; a local one gets everything.
    pub policy: DataPolicy,
    /// How much evidence is wanted at most, in tokens.
    pub token_budget: usize,
    /// How long an answer may be, in tokens.
    pub max_output_tokens: u32,
}

impl Brief<'_> {
    /// What may go to a model that runs there.
    pub fn policy_for(&self, location: ModelLocation) -> DataPolicy {
        match location {
            ModelLocation::Local => DataPolicy::OPEN,
            ModelLocation::Remote => self.policy,
        }
    }
}

/// A question as it goes to one model.
#[derive(Debug)]
pub struct Question {
    /// What is sent.
    pub request: LlmRequest,
    /// Where the model runs that this may be sent to.
    pub location: ModelLocation,
    /// What it was packed under.
    pub policy: DataPolicy,
    /// The evidence in it.
    pub packed: Packed,
    /// How many tokens the instructions, the schema and the words around the evidence take.
    pub overhead_tokens: usize,
    /// What is in the evidence, for holding the answer against it.
    pub known: Known,
    /// Puts back into the answer what was taken out of the evidence.
    pub redactor: Redactor,
    instructions: String,
    related: String,
    mark: String,
}

/// A model whose window has no room for any evidence.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error(
    "could not ask the model because its window of {window} tokens has no room for evidence beside the instructions; configure a larger one"
)]
pub struct WindowTooSmall {
    /// The window, in tokens.
    pub window: u32,
}

impl Question {
    /// The question about `brief` for the model with this profile.
    pub fn new(
        brief: &Brief<'_>,
        profile: &ModelProfile,
        tokens: &dyn TokenCounter,
    ) -> Result<Self, WindowTooSmall> {
        let policy = brief.policy_for(profile.location);
        let mut redactor = Redactor::new();
        let instructions = match brief.instructions {
            Some(words) => format!("\n# From the team\n{}", words.trim()),
            None => String::new(),
        };
        let (related, offered) = related(brief.candidates, &mut redactor);
        let max_output_tokens = brief.max_output_tokens.min(profile.context_window / 3);

        let around = [
            &system(&instructions, "", &Field::ALL),
            &user(USER, "", "", &related, "", ""),
            WHOLE.text(),
        ];
        let overhead = around.map(|text| tokens.count(text)).iter().sum::<usize>() + MARGIN;
        let window = profile.context_window as usize;
        let room = window.saturating_sub(overhead + max_output_tokens as usize);
        if room < LEAST_EVIDENCE {
            let window = profile.context_window;
            return Err(WindowTooSmall { window });
        }
        let budget = room.min(brief.token_budget);
        let packed = pack(brief.evidence, &policy, budget, tokens, &mut redactor);
        let known = Known::new(brief.evidence, &packed, &related, offered);
        let prompt_tokens = u32::try_from(overhead + packed.tokens).unwrap_or(u32::MAX);
        let mut question = Self {
            request: LlmRequest {
                system: String::new(),
                user: String::new(),
                schema: WHOLE.clone(),
                max_output_tokens,
                prompt_tokens,
                timeout: profile.timeout,
            },
            location: profile.location,
            policy,
            mark: mark(&packed.text, &related),
            packed,
            overhead_tokens: overhead,
            known,
            redactor,
            instructions,
            related,
        };
        question.request.system = question.system(&Field::ALL);
        question.request.user = question.user(USER, "", "");
        Ok(question)
    }

    /// The request for `fields` again, with what was wrong with each.
    pub fn again(&self, faults: &[(Field, &str)]) -> LlmRequest {
        let fields: Vec<Field> = faults.iter().map(|(field, _)| *field).collect();
        let mut wrong = String::new();
        let mut names = String::new();
        for (field, fault) in faults {
            let _ = write!(wrong, "\n- `{}` {fault}", field.name());
            let comma = if names.is_empty() { "" } else { ", " };
            let _ = write!(names, "{comma}`{}`", field.name());
        }
        let more = u32::try_from(wrong.len() / 3 + names.len()).unwrap_or(u32::MAX);
        LlmRequest {
            system: self.system(&fields),
            user: self.user(REPAIR, wrong.trim_start(), &names),
            schema: fields::schema(&fields),
            prompt_tokens: self.request.prompt_tokens.saturating_add(more),
            ..self.request.clone()
        }
    }

    /// What is not in it, budget and policy together.
    pub fn cut(&self) -> &[Cut] {
        &self.packed.cut
    }

    /// Whether the policy kept anything back.
    pub fn withholds(&self) -> bool {
        let by_policy = |cut: &Cut| matches!(cut.why, Why::Policy(_));
        self.packed.cut.iter().any(by_policy)
    }

    fn system(&self, fields: &[Field]) -> String {
        system(&self.instructions, &self.mark, fields)
    }

    fn user(&self, template: &str, faults: &str, names: &str) -> String {
        user(
            template,
            &self.mark,
            &self.packed.text,
            &self.related,
            faults,
            names,
        )
    }
}

/// What is written into the fence around this evidence.
fn mark(evidence: &str, related: &str) -> String {
    let digest = Sha256::new()
        .chain_update(evidence)
        .chain_update(related)
        .finalize();
    hex(&digest[..8])
}

/// The digest of what a request says, in 64 small hex digits.
pub fn digest(request: &LlmRequest) -> String {
    let parts = [&request.system, &request.user, request.schema.text()];
    crate::digest::digest(&parts.map(str::as_bytes))
}

/// Issues that may be named as related, as they are listed, and their ids.
fn related(candidates: &[Neighbour], redactor: &mut Redactor) -> (String, Vec<String>) {
    let mut listed = String::new();
    let mut ids = Vec::new();
    for issue in candidates.iter().take(MAX_RELATED) {
        let title: String = issue.title.chars().take(200).collect();
        let title = title.split_whitespace().collect::<Vec<_>>().join(" ");
        let _ = writeln!(listed, "- {}: {}", issue.id, redactor.redact(&title));
        ids.push(issue.id.clone());
        ids.extend(issue.short_id.clone());
    }
    if !listed.is_empty() {
        listed.insert_str(0, "\n## Other issues\n");
    }
    (listed, ids)
}

fn system(instructions: &str, mark: &str, fields: &[Field]) -> String {
    let filled = fill(
        SYSTEM,
        &[
            ("open", &opening(mark)),
            ("close", &closing(mark)),
            ("fields", &fields::in_words(fields)),
            ("instructions", instructions),
        ],
    );
    filled.trim_end().to_owned()
}

fn user(
    template: &str,
    mark: &str,
    evidence: &str,
    related: &str,
    faults: &str,
    names: &str,
) -> String {
    let filled = fill(
        template,
        &[
            ("open", &opening(mark)),
            ("close", &closing(mark)),
            ("evidence", evidence),
            ("related", related),
            ("faults", faults),
            ("names", names),
        ],
    );
    filled.trim_end().to_owned()
}

fn opening(mark: &str) -> String {
    format!("<<< EVIDENCE {mark}")
}

fn closing(mark: &str) -> String {
    format!(">>> END OF EVIDENCE {mark}")
}

/// A template with its `{{names}}` filled in, once: what is filled in is not read again.
fn fill(template: &str, values: &[(&str, &str)]) -> String {
    let mut filled = String::with_capacity(template.len() * 2);
    let mut rest = template;
    while let Some((before, after)) = rest.split_once("{{") {
        filled.push_str(before);
        let Some((name, after)) = after.split_once("}}") else {
            break;
        };
        let value = values.iter().find(|(known, _)| *known == name);
        filled.push_str(value.map_or("", |(_, value)| value));
        rest = after;
    }
    filled.push_str(rest);
    // It is kept for as long as the model is asked.
    filled.shrink_to_fit();
    filled
}

/// Whether an id was printed in the evidence: as an item, or within a run of repeated calls.
fn is_printed(packed: &Packed, id: crate::domain::EvidenceId) -> bool {
    let listed = packed.sections.iter().any(|section| section.id == Some(id));
    listed || id.kind == EvidenceKind::Frame && is_folded(packed, id.number)
}

/// Runs of repeated calls are noted as `F7..F30`.
fn is_folded(packed: &Packed, number: u32) -> bool {
    let repeated = packed.cut.iter().filter(|cut| cut.why == Why::Repeated);
    let mut ranges = repeated.filter_map(|cut| cut.what.split_once(".."));
    ranges.any(|(first, last)| {
        let number_of = |id: &str| id.trim_start_matches('F').parse::<u32>().ok();
        number_of(first)
            .zip(number_of(last))
            .is_some_and(|(first, last)| (first..=last).contains(&number))
    })
}
