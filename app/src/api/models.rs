//! What would be sent to models, and what each makes of the same evidence.

use std::{collections::BTreeMap, sync::Arc};

use explainer_core::{
    domain::{AnalysisError as Why, Specification},
    explain::pack,
    services::{self, Compared, ModelPreview, SentQuestion, Services},
};
use poem_openapi::{Object, OpenApi, param::Path, types::Any};
use serde::Serialize;

use super::{
    Tags,
    answer::{Answer, Result},
    body::Body,
    limits::{MODELS, Patience},
    money::dollars,
    security::Token,
    shapes::{Analysis, AnalysisError},
    spending::ModelCall,
};

/// The operations.
pub(crate) struct ModelsApi {
    pub services: Arc<Services>,
}

/// What would be sent to each model.
#[derive(Debug, Object, Serialize)]
struct Preview {
    /// For each model of the workspace's chain, in order; empty where rules write alone.
    models: Vec<PreviewedModel>,
    /// Why the stored result is out of date: `new_release`, `new_in_app_frame` or
    /// `prompt_changed`; null where it is not, or there is none.
    #[oai(nullable)]
    stale: Option<String>,
}

/// What would be sent to one model.
#[derive(Debug, Object, Serialize)]
struct PreviewedModel {
    /// The model, `backend/name`.
    model: String,
    /// What would be sent.
    #[oai(nullable)]
    sent: Option<Sent>,
    /// Why nothing would be.
    #[oai(nullable)]
    error: Option<AnalysisError>,
}

/// A question as it would be sent.
#[derive(Debug, Object, Serialize)]
struct Sent {
    /// Whether it would leave the self-hoster's machines.
    remote: bool,
    /// The instructions, byte for byte.
    system: String,
    /// The evidence and what is asked of it, byte for byte.
    user: String,
    /// The JSON schema that goes along where the server enforces one.
    schema: Any<serde_json::Value>,
    /// The digest of these three, as the ledger would have it.
    payload_sha256: String,
    /// How long an answer may be, in tokens.
    max_output_tokens: u32,
    /// How many tokens the model's window has.
    context_window: u32,
    /// How many tokens this has, as we count.
    prompt_tokens: u32,
    /// How many of them are instructions, schema and words around the evidence.
    overhead_tokens: u64,
    /// How many each item of evidence takes.
    sections: Vec<Section>,
    /// What is not in it.
    cut: Vec<Cut>,
    /// How many different values were taken out, by kind.
    redacted: BTreeMap<String, u32>,
    /// The data classes that may not go there.
    withheld: Vec<String>,
    /// The most it may cost; null where no price is known.
    #[oai(nullable)]
    cost_usd: Option<f64>,
}

/// One item of evidence.
#[derive(Debug, Object, Serialize)]
struct Section {
    /// Its id; null for what has none.
    #[oai(nullable)]
    id: Option<String>,
    /// How many tokens it takes.
    tokens: u64,
}

/// Something that is not sent.
#[derive(Debug, Object, Serialize)]
struct Cut {
    /// What: ids or a word.
    what: String,
    /// `budget`: there is no room; `policy`: its data class may not go; `repeated`: it repeats
    /// what is there.
    why: String,
    /// With `policy`: which class.
    #[oai(nullable)]
    data_class: Option<String>,
}

/// What to compare.
#[derive(Debug, Object)]
struct CompareRequest {
    /// The issue.
    #[oai(validator(min_length = 1, max_length = 256))]
    issue_id: String,
    /// The models, each a backend or `backend/model`; the workspace's chain where left out.
    #[oai(nullable, validator(max_items = 8))]
    models: Option<Vec<String>>,
}

/// What each model made of the same evidence.
#[derive(Debug, Object, Serialize)]
struct Comparison {
    /// The issue.
    issue_id: String,
    /// In the order asked for.
    results: Vec<ComparedModel>,
}

/// What one model made of it.
#[derive(Debug, Object, Serialize)]
struct ComparedModel {
    /// The model as it was asked for.
    model: String,
    /// Whether it gave a specification that passed validation.
    valid: bool,
    /// How far the evidence bears it out, 0 to 1.
    #[oai(nullable)]
    grounding_score: Option<f64>,
    /// How long it took, in milliseconds, all requests together.
    latency_ms: u64,
    /// What it cost, all requests together.
    cost_usd: f64,
    /// The specification, field by field.
    #[oai(nullable)]
    specification: Option<Analysis>,
    /// Why there is none.
    #[oai(nullable)]
    error: Option<AnalysisError>,
    /// The requests made.
    calls: Vec<ModelCall>,
}

#[OpenApi(prefix_path = "/api/v1", tag = "Tags::Issues")]
impl ModelsApi {
    /// What would be sent to each model if the issue were analysed now
    ///
    /// Nothing is sent.
    #[oai(
        path = "/issues/:issue_id/preview",
        method = "post",
        operation_id = "previewIssue"
    )]
    async fn preview(
        &self,
        token: Token,
        /// The issue's id.
        issue_id: Path<String>,
    ) -> Result<Answer<Preview>> {
        let workspace = self.services.workspaces.current(&token.0).await?;
        let previews = &self.services.previews;
        let preview = previews.preview(&workspace, &issue_id.0).await?;
        Ok(Answer(preview.into()))
    }

    /// Put the same evidence to several models, side by side
    ///
    /// Every model is asked, and paid; nothing is stored but what was sent and what it cost.
    #[oai(path = "/compare", method = "post", operation_id = "compareModels")]
    async fn compare(
        &self,
        token: Token,
        patience: Patience,
        body: Body<CompareRequest>,
    ) -> Result<Answer<Comparison>> {
        let workspace = self.services.workspaces.current(&token.0).await?;
        let CompareRequest { issue_id, models } = body.0;
        patience.waits(MODELS);
        let results = self
            .services
            .comparisons
            .compare(&workspace, &issue_id, &models.unwrap_or_default())
            .await?;
        let results = results.into_iter();
        Ok(Answer(Comparison {
            results: results
                .map(|compared| ComparedModel::new(&issue_id, compared))
                .collect(),
            issue_id,
        }))
    }
}

impl From<services::Preview> for Preview {
    fn from(preview: services::Preview) -> Self {
        let models = preview.models.into_iter();
        Self {
            models: models.map(PreviewedModel::from).collect(),
            stale: preview.stale.map(|why| why.as_str().to_owned()),
        }
    }
}

impl From<ModelPreview> for PreviewedModel {
    fn from(preview: ModelPreview) -> Self {
        let (sent, error) = match preview.question {
            Ok(question) => (Some(question.into()), None),
            Err(fault) => (None, Some(Why::from(fault).into())),
        };
        Self {
            model: preview.model,
            sent,
            error,
        }
    }
}

impl From<SentQuestion> for Sent {
    fn from(question: SentQuestion) -> Self {
        let redacted = question.redacted.into_iter();
        let withheld = question.withheld.iter();
        Self {
            remote: question.remote,
            system: question.request.system,
            user: question.request.user,
            schema: Any(question.request.schema.value()),
            payload_sha256: question.payload_sha256,
            max_output_tokens: question.request.max_output_tokens,
            context_window: question.context_window,
            prompt_tokens: question.request.prompt_tokens,
            overhead_tokens: question.overhead_tokens as u64,
            sections: question.sections.iter().map(Section::from).collect(),
            cut: question.cut.into_iter().map(Cut::from).collect(),
            redacted: redacted
                .map(|(kind, count)| (kind.to_owned(), count))
                .collect(),
            withheld: withheld.map(|class| class.as_str().to_owned()).collect(),
            cost_usd: question.cost.map(dollars),
        }
    }
}

impl From<&pack::Section> for Section {
    fn from(section: &pack::Section) -> Self {
        Self {
            id: section.id.map(|id| id.to_string()),
            tokens: section.tokens as u64,
        }
    }
}

impl From<pack::Cut> for Cut {
    fn from(cut: pack::Cut) -> Self {
        let (why, class) = match cut.why {
            pack::Why::Budget => ("budget", None),
            pack::Why::Policy(class) => ("policy", Some(class)),
            pack::Why::Repeated => ("repeated", None),
        };
        Self {
            what: cut.what,
            why: why.to_owned(),
            data_class: class.map(|class| class.as_str().to_owned()),
        }
    }
}

impl ComparedModel {
    fn new(issue_id: &str, compared: Compared) -> Self {
        let began = compared.began;
        let cost = compared.calls.iter().map(|call| call.cost).sum();
        let (specification, error) = match compared.outcome {
            Ok(specification) => (Some(*specification), None),
            Err(fault) => (None, Some(Why::from(fault))),
        };
        let score = |specification: &Specification| Some(specification.grounding.as_ref()?.score);
        Self {
            model: compared.model,
            valid: specification.is_some(),
            grounding_score: specification.as_ref().and_then(score),
            latency_ms: u64::try_from(compared.took.as_millis()).unwrap_or(u64::MAX),
            cost_usd: dollars(cost),
            specification: specification.map(|specification| {
                Analysis::new(
                    issue_id.to_owned(),
                    specification,
                    began,
                    began + compared.took,
                )
            }),
            error: error.map(Into::into),
            calls: compared.calls.into_iter().map(ModelCall::from).collect(),
        }
    }
}
