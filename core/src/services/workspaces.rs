//! Workspaces and their settings.

use secrecy::ExposeSecret;

use crate::{
    ErrorKind,
    domain::{
        AutoAnalyze, DataClass, Member, Scope, Sealed, SecretString, SentrySettings, WhenSpent,
        Workspace, WorkspaceId, WorkspaceSettings,
    },
    services::{
        Access, Caller, Change, Failure, MASK, Ports, Right, SourceSettings,
        accounts::checked_email, new_id,
    },
};

/// How often an update is tried again when someone else changed the workspace meanwhile.
const UPDATE_TRIES: u32 = 5;
/// How many models a workspace may ask at most.
const MAX_MODELS: usize = 10;
/// The longest instructions, in characters.
const MAX_INSTRUCTIONS: usize = 4_000;
/// What a new workspace is to be.
#[derive(Debug)]
pub struct NewWorkspace {
    /// 1 to 100 characters.
    pub name: String,
    /// Free text.
    pub description: Option<String>,
}

/// Changes to a workspace.
#[derive(Debug, Default)]
pub struct WorkspaceChanges {
    /// Its name.
    pub name: Option<String>,
    /// Its description.
    pub description: Change<String>,
    /// The token for Sentry's API.
    pub sentry_api_token: Change<SecretString>,
    /// The organisation's slug.
    pub sentry_organization: Change<String>,
    /// The server's address, where it is not the installation's.
    pub sentry_base_url: Change<String>,
    /// What Sentry signs its webhooks with.
    pub sentry_client_secret: Change<SecretString>,
    /// Where test events go.
    pub sentry_test_dsn: Change<SecretString>,
    /// The key for OpenAI.
    pub openai_api_key: Change<SecretString>,
    /// The source, whatever its kind.
    pub source: Change<SourceSettings>,
}

/// Changes to a workspace's settings.
#[derive(Debug, Default)]
pub struct SettingsChanges {
    /// The OpenAI model to ask.
    pub openai_model: Change<String>,
    /// Whether new issues are explained without being asked.
    pub auto_analyze: Option<bool>,
    /// Which of them.
    pub auto_analyze_only: Option<AutoAnalyze>,
    /// Whether the source is told what was found.
    pub write_back: Option<bool>,
    /// Who is told when an analysis ends.
    pub notification_email: Change<String>,
    /// The workspace's own words to the model.
    pub instructions: Change<String>,
    /// What may leave for a remote model, class by class; what is not named stays.
    pub data_policy: Vec<(DataClass, bool)>,
    /// The models to ask, in order; an empty list clears.
    pub models: Option<Vec<String>>,
    /// Whether rules may write a specification when every model failed.
    pub allow_heuristics: Option<bool>,
    /// What may be spent on a day, in millionths of a dollar.
    pub daily_spend_limit: Change<u64>,
    /// What happens when that is spent.
    pub when_spent: Option<WhenSpent>,
}

/// Workspaces and their settings.
#[derive(Debug)]
pub struct WorkspaceService {
    pub(super) ports: Ports,
}

impl WorkspaceService {
    pub(super) fn new(ports: Ports) -> Self {
        Self { ports }
    }

    /// Makes a workspace, owned by the caller, and moves the caller into it.
    pub async fn create(&self, caller: &Caller, new: NewWorkspace) -> Result<Workspace, Failure> {
        caller.require(Scope::Admin)?;
        let now = self.ports.clock.now();
        let owner = caller.user();
        let workspace = Workspace {
            id: new_id(&*self.ports.ids)?,
            name: checked_name(&new.name)?,
            description: new.description.filter(|text| !text.trim().is_empty()),
            owner_id: owner.id.clone(),
            members: vec![Member::owner(owner.id.clone())],
            source: None,
            sentry: SentrySettings::default(),
            openai_api_key: None,
            settings: WorkspaceSettings::default(),
            webhooks: Vec::new(),
            created_at: now,
            updated_at: now,
        };
        self.ports.workspaces.insert(&workspace).await?;
        self.ports.move_into(&owner.id, &workspace.id).await?;
        let (from, id) = (caller.origin(), Some(workspace.id.clone()));
        let target = workspace.id.as_str();
        self.ports
            .write_down(owner, from, "workspace.created", target, id)
            .await;
        Ok(workspace)
    }

    /// Every workspace the caller belongs to, oldest first.
    pub async fn list(&self, caller: &Caller) -> Result<Vec<Workspace>, Failure> {
        caller.require(Scope::Read)?;
        Ok(self.ports.workspaces.of_member(&caller.user().id).await?)
    }

    /// The workspace that the request names, else the one the caller works in.
    pub async fn current(&self, caller: &Caller) -> Result<Access, Failure> {
        let access = self.ports.access(caller).await?;
        access.require(Right::Read)?;
        Ok(access)
    }

    /// Changes the workspace the caller works in.
    pub async fn update(&self, caller: &Caller, changes: WorkspaceChanges) -> Result<(), Failure> {
        let name = changes.name.as_deref().map(checked_name).transpose()?;
        let sentry_api_token = self.seal(changes.sentry_api_token)?;
        let sentry_client_secret = self.seal(changes.sentry_client_secret)?;
        let sentry_test_dsn = self.seal(changes.sentry_test_dsn)?;
        let openai_api_key = self.seal(changes.openai_api_key)?;
        if let Change::Set(address) = &changes.sentry_base_url {
            self.ports.sources.check_sentry_address(address)?;
        }
        // Who sets up Sentry wants to read it.
        let chooses_sentry = matches!(sentry_api_token, Change::Set(_))
            || matches!(changes.sentry_organization, Change::Set(_));
        let source = match changes.source {
            Change::Keep if chooses_sentry => Change::Clear,
            Change::Set(chosen) => {
                let former = self.current(caller).await?.source.clone();
                Change::Set(self.ports.sources.choose(&chosen, former.as_ref())?)
            }
            other => other.try_map(|_| Err(Failure::NothingToUpdate))?,
        };
        self.change(caller, "workspace.updated", |workspace| {
            if let Some(name) = &name {
                workspace.name.clone_from(name);
            }
            changes
                .description
                .clone()
                .apply(&mut workspace.description);
            changes
                .sentry_organization
                .clone()
                .apply(&mut workspace.sentry.organization);
            sentry_api_token
                .clone()
                .apply(&mut workspace.sentry.api_token);
            changes
                .sentry_base_url
                .clone()
                .apply(&mut workspace.sentry.base_url);
            sentry_client_secret
                .clone()
                .apply(&mut workspace.sentry.client_secret);
            sentry_test_dsn
                .clone()
                .apply(&mut workspace.sentry.test_dsn);
            openai_api_key.clone().apply(&mut workspace.openai_api_key);
            source.clone().apply(&mut workspace.source);
        })
        .await
        .map(|_changed| ())
    }

    /// Changes the settings of the caller's workspace; tells whether anything is different now.
    pub async fn update_settings(
        &self,
        caller: &Caller,
        changes: SettingsChanges,
    ) -> Result<bool, Failure> {
        let email = changes
            .notification_email
            .try_map(|email| checked_email("notification_email", &email))?;
        let instructions = changes.instructions.try_map(checked_instructions)?;
        self.check_models(changes.models.as_deref().unwrap_or_default())?;
        self.change(caller, "settings.updated", |workspace| {
            let settings = &mut workspace.settings;
            changes
                .openai_model
                .clone()
                .apply(&mut settings.openai_model);
            email.clone().apply(&mut settings.notification_email);
            settings.auto_analyze = changes.auto_analyze.unwrap_or(settings.auto_analyze);
            settings.write_back = changes.write_back.unwrap_or(settings.write_back);
            if let Some(only) = &changes.auto_analyze_only {
                settings.auto_analyze_only.clone_from(only);
            }
            instructions.clone().apply(&mut settings.instructions);
            for (class, may_go) in &changes.data_policy {
                let policy = settings.data_policy.get_or_insert_default();
                *policy.of(*class) = *may_go;
            }
            if let Some(models) = &changes.models {
                settings.models.clone_from(models);
            }
            settings.allow_heuristics = changes.allow_heuristics.or(settings.allow_heuristics);
            changes
                .daily_spend_limit
                .clone()
                .apply(&mut settings.daily_spend_limit);
            settings.when_spent = changes.when_spent.or(settings.when_spent);
        })
        .await
    }

    /// Where the workspace has test events sent, if it says so; for those who may work in it.
    pub fn test_dsn(&self, of: &Access) -> Result<Option<SecretString>, Failure> {
        of.require(Right::Work)?;
        let sealed = of.sentry.test_dsn.as_ref();
        Ok(sealed
            .map(|sealed| self.ports.vault.open(sealed))
            .transpose()?)
    }

    /// Whether this installation can send mail: a server for it is configured.
    pub fn sends_mail(&self) -> bool {
        self.ports.channels.mail.is_some()
    }

    /// The source a workspace has chosen, with its secrets masked, fit to be shown.
    pub fn shown_source(&self, workspace: &Workspace) -> Option<SourceSettings> {
        let choice = workspace.source.as_ref()?;
        Some(self.ports.sources.shown(choice))
    }

    fn check_models(&self, names: &[String]) -> Result<(), Failure> {
        let refuse = |message: String| {
            Err(Failure::Invalid {
                field: "models",
                message,
            })
        };
        if names.len() > MAX_MODELS || names.iter().any(|name| name.len() > 200) {
            return refuse(format!(
                "must be at most {MAX_MODELS} names of at most 200 characters"
            ));
        }
        match names.iter().find(|name| !self.ports.models.knows(name)) {
            Some(name) => refuse(format!(
                "must each be a backend or `backend/model`, such as `ollama/llama3.1`; there is no backend for `{name}`"
            )),
            None => Ok(()),
        }
    }

    /// The secret test DSN with its key masked, fit to be shown.
    pub fn masked_dsn(&self, workspace: &Workspace) -> Option<String> {
        let sealed = workspace.sentry.test_dsn.as_ref()?;
        let Ok(dsn) = self.ports.vault.open(sealed) else {
            return Some(MASK.to_owned());
        };
        Some(mask_dsn(dsn.expose_secret()))
    }

    pub(super) fn seal(&self, change: Change<SecretString>) -> Result<Change<Sealed>, Failure> {
        change.try_map(|secret| Ok(self.ports.vault.seal(&secret)?))
    }

    /// Changes the workspace the caller works in; tells whether anything is different now.
    async fn change(
        &self,
        caller: &Caller,
        action: &str,
        change: impl Fn(&mut Workspace) + Send + Sync,
    ) -> Result<bool, Failure> {
        let access = self.ports.access(caller).await?;
        access.require(Right::Configure)?;
        let change = |workspace: &mut Workspace| {
            change(workspace);
            Ok(())
        };
        let (_, changed) = self.ports.change_workspace(&access.id, change).await?;
        if changed {
            let id = access.id.as_str();
            self.ports.note_in(&access, action, id).await;
        }
        Ok(changed)
    }
}

impl Ports {
    /// Reads, changes and writes a workspace, again if someone else came in between; tells what it
    /// is now, and whether that is different.
    pub(super) async fn change_workspace(
        &self,
        id: &WorkspaceId,
        change: impl Fn(&mut Workspace) -> Result<(), Failure> + Send + Sync,
    ) -> Result<(Workspace, bool), Failure> {
        let mut tries = UPDATE_TRIES;
        loop {
            let before = self.workspaces.get(id).await?;
            let before = before.ok_or(Failure::NoSuchWorkspace)?;
            let mut after = before.clone();
            change(&mut after)?;
            if after == before {
                return Ok((after, false));
            }
            after.updated_at = self.clock.now();
            tries -= 1;
            match self.workspaces.update(after, before.updated_at).await {
                Err(error) if error.kind() == ErrorKind::Conflict && tries > 0 => {}
                done => return Ok((done?, true)),
            }
        }
    }
}

/// `https://key@host/1` as `https://***@host/1`.
fn mask_dsn(dsn: &str) -> String {
    let (Some((scheme, _)), Some((_, host))) = (dsn.split_once("://"), dsn.rsplit_once('@')) else {
        return MASK.to_owned();
    };
    format!("{scheme}://{MASK}@{host}")
}

fn checked_instructions(text: String) -> Result<String, Failure> {
    if text.chars().nth(MAX_INSTRUCTIONS).is_none() {
        return Ok(text);
    }
    Err(Failure::Invalid {
        field: "instructions",
        message: format!("must have at most {MAX_INSTRUCTIONS} characters"),
    })
}

fn checked_name(text: &str) -> Result<String, Failure> {
    let name = text.trim();
    if (1..=100).contains(&name.chars().count()) {
        return Ok(name.to_owned());
    }
    let message = "must have 1 to 100 characters, spaces around it not counted".to_owned();
    Err(Failure::Invalid {
        field: "name",
        message,
    })
}
