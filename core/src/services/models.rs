//! Which models a workspace asks, in which order, and what that may cost.

use std::{
    collections::{BTreeMap, HashMap},
    sync::{Arc, Mutex, PoisonError},
};

use crate::{
    Error, ErrorKind, Result,
    domain::{Sealed, SecretString, Tokens, WhenSpent, Workspace},
    ports::{Llm, LlmKind, LlmSettings, ModelLocation, ModelProfile, Vault},
};

/// The backend that a workspace can have a key of its own for.
const OPENAI: &str = "openai";
/// How many models of workspaces are kept open at most.
const MAX_OPEN: usize = 1000;

/// How models are asked unless a workspace says otherwise.
#[derive(Debug, Clone)]
pub struct ModelRules {
    /// The models to ask, in order, each `backend` or `backend/model`; empty: each backend that has
    /// all it needs.
    pub chain: Vec<String>,
    /// What tokens cost.
    pub prices: Prices,
    /// Whether rules may write a specification when every model failed.
    pub allow_heuristics: bool,
    /// What a workspace may spend on a day, in millionths of a dollar; `None`: anything.
    pub daily_spend_limit: Option<u64>,
    /// What happens when that is spent.
    pub when_spent: WhenSpent,
    /// How much evidence is wanted at most, in tokens.
    pub token_budget: usize,
    /// How long an answer may be, in tokens.
    pub max_output_tokens: u32,
}

/// The catalog of models: the backends this build can open, and which models are asked.
#[derive(Debug)]
pub struct Models {
    kinds: Vec<Arc<dyn LlmKind>>,
    rules: ModelRules,
    vault: Arc<dyn Vault>,
    opened: Mutex<HashMap<[String; 3], Arc<dyn Llm>>>,
}

/// One place of a chain: a model, or why there is none.
#[derive(Debug)]
pub struct Link {
    /// What it was configured as.
    pub name: String,
    /// The model.
    pub opened: Result<Arc<dyn Llm>>,
}

impl Models {
    /// A catalog of `kinds`, in the order in which they are asked where none is configured.
    pub fn new(kinds: Vec<Arc<dyn LlmKind>>, rules: ModelRules, vault: Arc<dyn Vault>) -> Self {
        Self {
            kinds,
            rules,
            vault,
            opened: Mutex::default(),
        }
    }

    /// How models are asked unless a workspace says otherwise.
    pub fn rules(&self) -> &ModelRules {
        &self.rules
    }

    /// The models `workspace` asks, in order; none where none is configured.
    ///
    /// Its own list comes first; a key of its own makes OpenAI its chain; else the installation's
    /// list is its, with the workspace's word on which model of OpenAI to ask.
    pub fn chain(&self, workspace: &Workspace) -> Vec<Link> {
        self.links(workspace, &self.names(workspace))
    }

    fn names(&self, workspace: &Workspace) -> Vec<String> {
        let settings = &workspace.settings;
        if !settings.models.is_empty() {
            settings.models.clone()
        } else if workspace.openai_api_key.is_some() {
            vec![OPENAI.to_owned()]
        } else if !self.rules.chain.is_empty() {
            self.rules.chain.clone()
        } else {
            let ready = |kind: &&Arc<dyn LlmKind>| kind.is_ready(&LlmSettings::default());
            let ready = self.kinds.iter().filter(ready);
            ready.map(|kind| kind.name().to_owned()).collect()
        }
    }

    /// The models with these names, as `workspace` would ask them.
    pub fn links(&self, workspace: &Workspace, names: &[String]) -> Vec<Link> {
        let link = |name: &String| Link {
            name: name.clone(),
            opened: self.open(workspace, name),
        };
        names.iter().map(link).collect()
    }

    /// Whether rules may write a specification for `workspace` when every model failed.
    pub fn allows_heuristics(&self, workspace: &Workspace) -> bool {
        let own = workspace.settings.allow_heuristics;
        own.unwrap_or(self.rules.allow_heuristics)
    }

    /// What `workspace` may spend on a day, in millionths of a dollar.
    pub fn spend_limit(&self, workspace: &Workspace) -> Option<u64> {
        let own = workspace.settings.daily_spend_limit;
        own.or(self.rules.daily_spend_limit)
    }

    /// What happens when that is spent.
    pub fn when_spent(&self, workspace: &Workspace) -> WhenSpent {
        let own = workspace.settings.when_spent;
        own.unwrap_or(self.rules.when_spent)
    }

    /// Whether `workspace`, its day's money spent, must be refused: it asks remote models, and has no
    /// local one to ask instead or does not want to.
    pub fn must_refuse(&self, workspace: &Workspace) -> bool {
        let chain = self.chain(workspace);
        let opened = chain.iter().filter_map(|link| link.opened.as_ref().ok());
        let (local, remote): (Vec<_>, Vec<_>) =
            opened.partition(|llm| llm.profile().location == ModelLocation::Local);
        let goes_on = self.when_spent(workspace) == WhenSpent::Local && !local.is_empty();
        !remote.is_empty() && !goes_on
    }

    /// Whether this build has the backend that a model's name begins with.
    pub fn knows(&self, name: &str) -> bool {
        self.kind(backend_and_model(name).0).is_ok()
    }

    /// Opens a model for a trial, the first of the chain where none is named, with the key `given`
    /// instead of the one that is kept. Tells also whether the key is the workspace's own.
    pub fn open_to_try(
        &self,
        workspace: &Workspace,
        name: Option<&str>,
        given: Option<SecretString>,
    ) -> Result<(Arc<dyn Llm>, bool)> {
        let first = || self.names(workspace).into_iter().next();
        let name = name.map(str::to_owned).or_else(first);
        let name = name.unwrap_or_else(|| OPENAI.to_owned());
        let (kind, model, sealed) = asked(workspace, &name);
        let kept = sealed.map(|key| self.vault.open(key)).transpose()?;
        let api_key = given.or(kept);
        let own_key = api_key.is_some();
        let settings = LlmSettings {
            model,
            api_key,
            base_url: None,
        };
        Ok((self.kind(kind)?.open(&settings)?, own_key))
    }

    fn open(&self, workspace: &Workspace, name: &str) -> Result<Arc<dyn Llm>> {
        let (kind, model, key) = asked(workspace, name);
        let sealed = key.map(|key| key.0.clone()).unwrap_or_default();
        let place = [kind.to_owned(), model.clone().unwrap_or_default(), sealed];
        if let Some(open) = self.opened().get(&place) {
            return Ok(open.clone());
        }
        let settings = LlmSettings {
            model,
            api_key: key.map(|key| self.vault.open(key)).transpose()?,
            base_url: None,
        };
        let llm = self.kind(kind)?.open(&settings)?;
        let mut opened = self.opened();
        if opened.len() >= MAX_OPEN {
            opened.clear();
        }
        opened.insert(place, llm.clone());
        Ok(llm)
    }

    fn kind(&self, name: &str) -> Result<&dyn LlmKind> {
        let found = self.kinds.iter().find(|kind| kind.name() == name);
        found.map(|kind| &**kind).ok_or_else(|| {
            let message = format!(
                "could not ask `{name}` because this build has no `{name}` (feature llm-{name}); \
                 use a build with it, or take it out of the list of models"
            );
            Error::new(ErrorKind::Unsupported, "models", "open", message)
        })
    }

    fn opened(&self) -> std::sync::MutexGuard<'_, HashMap<[String; 3], Arc<dyn Llm>>> {
        self.opened.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// What a name in a chain is made of: `backend` or `backend/model`.
pub fn backend_and_model(name: &str) -> (&str, Option<&str>) {
    match name.split_once('/') {
        Some((backend, model)) => (backend, Some(model)),
        None => (name, None),
    }
}

/// The backend and the model that a name stands for, and the workspace's own key for it.
fn asked<'a>(
    workspace: &'a Workspace,
    name: &'a str,
) -> (&'a str, Option<String>, Option<&'a Sealed>) {
    let (kind, model) = backend_and_model(name);
    let model = model.map(str::to_owned);
    if kind != OPENAI {
        return (kind, model, None);
    }
    let chosen = workspace.settings.openai_model.clone();
    (kind, model.or(chosen), workspace.openai_api_key.as_ref())
}

/// What tokens of one model cost, in dollars for a million of them.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Price {
    /// Of a prompt.
    pub input: f64,
    /// Of a prompt, where the server had them cached.
    pub cached: f64,
    /// Of an answer.
    pub output: f64,
}

/// What tokens cost, by model.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Prices(pub BTreeMap<String, Price>);

impl Prices {
    /// What `tokens` of this model cost, in millionths of a dollar; `None` where no price is known.
    /// A model on one's own machine costs nothing.
    pub fn cost(&self, profile: &ModelProfile, tokens: Tokens) -> Option<u64> {
        if profile.location == ModelLocation::Local {
            return Some(0);
        }
        let price = self.of(&profile.model)?;
        let fresh = tokens.input.saturating_sub(tokens.cached);
        // so many dollars for a million is so many millionths for one
        let cost = count(fresh) * price.input
            + count(tokens.cached) * price.cached
            + count(tokens.output) * price.output;
        Some(whole(cost))
    }

    /// The price of a model: under its name, or under the name it has without a date at its end.
    fn of(&self, model: &str) -> Option<&Price> {
        let undated = || self.0.get(undated(model)?);
        self.0.get(model).or_else(undated)
    }
}

/// `gpt-4o-mini` of `gpt-4o-mini-2024-07-18`.
fn undated(model: &str) -> Option<&str> {
    const DATE: &[u8] = b"-0000-00-00";
    let (name, date) = model.split_at_checked(model.len().checked_sub(DATE.len())?)?;
    let mut pairs = date.bytes().zip(DATE);
    let is_date = pairs.all(|(byte, form)| match form {
        b'0' => byte.is_ascii_digit(),
        _ => byte == b'-',
    });
    is_date.then_some(name)
}

#[expect(clippy::cast_precision_loss, reason = "no request has 2^53 tokens")]
fn count(tokens: u64) -> f64 {
    tokens as f64
}

#[expect(
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "a cost is not negative, and one too large for 64 bits is not paid"
)]
fn whole(cost: f64) -> u64 {
    cost.max(0.0).ceil() as u64
}
