//! Lists of analyses: what they are found by, and where a page goes on.
//!
//! Every store keeps an analysis's [`Facets`] beside its record and finds by them alone, so that no
//! two stores can differ in what a filter means.

use super::{Analysis, AnalysisId, Priority, Status, Timestamp};

/// The model that clients ask for where no model wrote the result.
pub const NO_MODEL: &str = "heuristic";

/// How much of an issue's project is kept to find by, in characters.
const MAX_PROJECT: usize = 200;

/// How much of each text is searched, in characters. An index holds it, for every analysis.
const MAX_TITLE: usize = 160;
const MAX_CULPRIT: usize = 100;
const MAX_ID: usize = 60;
const MAX_SUMMARY: usize = 160;

/// Which analyses to list, newest first.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct AnalysisFilter {
    /// Only those that are this far.
    pub status: Option<Status>,
    /// Only those whose newest result has this priority.
    pub priority: Option<Priority>,
    /// Only those of this project: its id or its slug.
    pub project: Option<String>,
    /// Only those whose newest result this model wrote; [`NO_MODEL`] for those that none did.
    pub model: Option<String>,
    /// Only those in whose title, ids, culprit or summary this occurs, as it stands, in any case.
    pub text: Option<String>,
    /// Only those that come after this one.
    pub after: Option<Position>,
    /// At most this many, 1 to 100.
    pub limit: u32,
    /// How many to leave out at the start.
    pub skip: u32,
}

/// A place in a list of analyses, which stays where it is while others come and go.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Position {
    /// When the analysis there was first asked for.
    pub created_at: Timestamp,
    /// Which it is.
    pub id: AnalysisId,
}

/// What an analysis is found by.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Facets {
    /// How far it is.
    pub status: Status,
    /// The priority of its newest result.
    pub priority: Option<Priority>,
    /// The id of the issue's project.
    pub project_id: String,
    /// The short name of the issue's project.
    pub project_slug: String,
    /// Who wrote its newest result: a model's name, or [`NO_MODEL`].
    pub model: Option<String>,
    /// What is searched, folded as [`AnalysisFilter::folded_text`] is.
    pub text: String,
}

impl Analysis {
    /// What it is found by.
    pub fn facets(&self) -> Facets {
        let result = self.specification.as_deref();
        let issue = &self.issue;
        let searched = [
            (issue.short_id.as_deref().unwrap_or_default(), MAX_ID),
            (&issue.id, MAX_ID),
            (&issue.title, MAX_TITLE),
            (issue.culprit.as_deref().unwrap_or_default(), MAX_CULPRIT),
            (
                result.map_or("", |result| result.summary.as_str()),
                MAX_SUMMARY,
            ),
        ];
        let searched = searched.map(|(text, most)| folded(text, most));
        Facets {
            status: self.status,
            priority: result.map(|result| result.priority),
            project_id: cut(&issue.project.id),
            project_slug: cut(&issue.project.slug),
            model: result.map(|result| match &result.model {
                Some(model) => cut(model),
                None => NO_MODEL.to_owned(),
            }),
            text: searched.join(" "),
        }
    }

    /// Where it stands in a list.
    pub fn position(&self) -> Position {
        Position {
            created_at: self.created_at,
            id: self.id.clone(),
        }
    }
}

impl AnalysisFilter {
    /// The project as it is compared.
    pub fn project_key(&self) -> Option<String> {
        self.project.as_deref().map(cut)
    }

    /// The model as it is compared.
    pub fn model_key(&self) -> Option<String> {
        self.model.as_deref().map(cut)
    }

    /// The text as it is compared: in lower case, with single spaces; none when nothing is left.
    pub fn folded_text(&self) -> Option<String> {
        let text = folded(self.text.as_deref()?, usize::MAX);
        (!text.is_empty()).then_some(text)
    }

    /// Whether `analysis` is one of those: what every store's query comes to.
    pub fn takes(&self, analysis: &Analysis) -> bool {
        let facets = analysis.facets();
        let is = |asked: Option<String>, is: Option<&str>| asked.is_none_or(|it| is == Some(&it));
        let project = self.project_key();
        self.status.is_none_or(|status| facets.status == status)
            && (self.priority).is_none_or(|it| facets.priority == Some(it))
            && (project.is_none_or(|it| it == facets.project_id || it == facets.project_slug))
            && is(self.model_key(), facets.model.as_deref())
            && (self.folded_text()).is_none_or(|text| facets.text.contains(&text))
            && (self.after.as_ref()).is_none_or(|after| {
                (analysis.created_at, &analysis.id) < (after.created_at, &after.id)
            })
    }
}

fn cut(text: &str) -> String {
    text.chars().take(MAX_PROJECT).collect()
}

/// The first `most` characters in lower case, every run of spaces and controls as one space.
fn folded(text: &str, most: usize) -> String {
    let mut out = String::new();
    for c in text.chars().take(most) {
        if c.is_whitespace() || c.is_control() {
            if !out.is_empty() && !out.ends_with(' ') {
                out.push(' ');
            }
        } else {
            out.extend(c.to_lowercase());
        }
    }
    out.truncate(out.trim_end().len());
    out
}
