//! Which source a workspace reads.

use std::sync::Arc;

use serde_json::{Map, Value, json};

use crate::{
    Error, ErrorKind,
    domain::{ExposeSecret, Sealed, SourceChoice, Workspace},
    ports::{IssueSource, SourceKind, SourceSignal, Vault},
    services::{Failure, MASK},
};

/// The kind that a workspace's Sentry settings are for.
const SENTRY: &str = "sentry";

/// The catalog of sources: the kinds this build can open, and what a workspace reads that chose none.
#[derive(Debug)]
pub struct Sources {
    kinds: Vec<Arc<dyn SourceKind>>,
    fallback: Option<Arc<dyn IssueSource>>,
    vault: Arc<dyn Vault>,
}

/// A source to be chosen, or one that was.
#[derive(Debug, Clone, PartialEq)]
pub struct SourceSettings {
    /// The kind, as the catalog calls it.
    pub kind: String,
    /// What its schema asks for.
    pub settings: Map<String, Value>,
}

impl Sources {
    /// A catalog of `kinds`. A workspace that chose no source reads the first kind that the operator
    /// made [ready](SourceKind::is_ready), or else `fallback`, if there is one.
    pub fn new(
        kinds: Vec<Arc<dyn SourceKind>>,
        fallback: Option<Arc<dyn IssueSource>>,
        vault: Arc<dyn Vault>,
    ) -> Self {
        Self {
            kinds,
            fallback,
            vault,
        }
    }

    /// The kinds a workspace can choose from.
    pub fn kinds(&self) -> impl Iterator<Item = &dyn SourceKind> {
        self.kinds.iter().map(|kind| &**kind)
    }

    /// Opens the source `workspace` reads.
    pub fn open(&self, workspace: &Workspace) -> Result<Arc<dyn IssueSource>, Failure> {
        if let Some(choice) = &workspace.source {
            let settings = Value::Object(self.stored(choice)?);
            return self.kind(&choice.kind)?.open(&settings).map_err(not_open);
        }
        let ready = || self.kinds.iter().find(|kind| kind.is_ready());
        let kind = if workspace.uses_sentry() {
            self.kind(SENTRY)?
        } else if let Some(kind) = ready() {
            &**kind
        } else {
            return self.fallback.clone().ok_or(Failure::SourceNotConfigured);
        };
        let settings = self.sentry_settings(workspace)?;
        kind.open(&settings).map_err(not_open)
    }

    /// Opens the Sentry of `workspace` and nothing else.
    pub(super) fn open_sentry(
        &self,
        workspace: &Workspace,
    ) -> Result<Arc<dyn IssueSource>, Failure> {
        let settings = self.sentry_settings(workspace)?;
        self.kind(SENTRY)?.open(&settings).map_err(not_open)
    }

    /// The kind of this name, if its trackers may send webhooks.
    pub(super) fn with_webhooks(&self, kind: &str) -> Option<&dyn SourceKind> {
        self.find(kind).filter(|kind| kind.takes_webhooks())
    }

    /// What a webhook delivery to `workspace` says, once its signature was checked: that of the
    /// source it has chosen, or of the Sentry it has set up. Any other is none of its own.
    pub(super) async fn webhook(
        &self,
        kind: &dyn SourceKind,
        workspace: &Workspace,
        headers: &[(String, String)],
        body: &[u8],
    ) -> Result<Vec<SourceSignal>, Failure> {
        let is_sentry = kind.name() == SENTRY;
        let settings = match &workspace.source {
            Some(choice) if choice.kind == kind.name() => {
                let mut settings = self.stored(choice)?;
                // Either place will do for it.
                if is_sentry && settings.get("client_secret").is_none_or(Value::is_null) {
                    let secret = self.sentry_settings(workspace)?["client_secret"].take();
                    settings.insert("client_secret".to_owned(), secret);
                }
                Value::Object(settings)
            }
            None if is_sentry => self.sentry_settings(workspace)?,
            _ => return Err(Failure::NoSuchWebhook),
        };
        let signals = kind.webhook(&settings, headers, body).await;
        signals.map_err(|error| match error.kind() {
            ErrorKind::Unauthorized => Failure::NotSigned(error),
            _ => Failure::Source(error),
        })
    }

    /// Refuses an address of a Sentry that must not or cannot be spoken to.
    pub(super) fn check_sentry_address(&self, address: &str) -> Result<(), Failure> {
        let settings = json!({ "base_url": address, "api_token": "any", "organization": "any" });
        let refused = self.kind(SENTRY)?.check(&settings).err();
        refused.map_or(Ok(()), |error| {
            Err(Failure::Invalid {
                field: "sentry_base_url",
                message: error.message().to_owned(),
            })
        })
    }

    fn sentry_settings(&self, workspace: &Workspace) -> Result<Value, Failure> {
        let sentry = &workspace.sentry;
        let open = |sealed: &Option<Sealed>| {
            let opened = sealed.as_ref().map(|sealed| self.vault.open(sealed));
            let opened = opened.transpose().map_err(Failure::Source)?;
            Ok::<_, Failure>(opened.map(|secret| secret.expose_secret().to_owned()))
        };
        Ok(json!({
            "base_url": sentry.base_url,
            "api_token": open(&sentry.api_token)?,
            "organization": sentry.organization,
            "client_secret": open(&sentry.client_secret)?,
        }))
    }

    /// Seals a choice, once its kind is known and its settings are what the kind asks for.
    /// A value that is the mask means what `former` has there.
    pub(super) fn choose(
        &self,
        chosen: &SourceSettings,
        former: Option<&SourceChoice>,
    ) -> Result<SourceChoice, Failure> {
        let Some(kind) = self.find(&chosen.kind) else {
            let known: Vec<_> = self.kinds().map(SourceKind::name).collect();
            return Err(invalid(format!("kind must be one of {}", known.join(", "))));
        };
        let former = former.filter(|it| it.kind == chosen.kind);
        let former = former.map(|it| self.stored(it)).transpose()?;
        let mut settings = chosen.settings.clone();
        for (name, value) in &mut settings {
            if value == MASK {
                let stored = former.as_ref().and_then(|it| it.get(name));
                *value = stored.cloned().ok_or_else(|| {
                    invalid(format!("settings.{name} was never set; send its value"))
                })?;
            }
        }
        check(&kind.schema(), &settings).map_err(invalid)?;
        let text = Value::Object(settings).to_string();
        Ok(SourceChoice {
            kind: chosen.kind.clone(),
            settings: self.vault.seal(&text.into())?,
        })
    }

    /// A choice as it may be shown: what the kind's schema does not know, or calls secret, is masked.
    pub fn shown(&self, choice: &SourceChoice) -> SourceSettings {
        let schema = self.find(&choice.kind).map(SourceKind::schema);
        let schema = schema.unwrap_or_default();
        let mut settings = self.stored(choice).unwrap_or_default();
        for (name, value) in &mut settings {
            let field = &schema["properties"][name];
            let harmless = field.is_object() && field["writeOnly"] != true;
            if !harmless {
                *value = MASK.into();
            }
        }
        SourceSettings {
            kind: choice.kind.clone(),
            settings,
        }
    }

    fn stored(&self, choice: &SourceChoice) -> Result<Map<String, Value>, Failure> {
        let opened = self.vault.open(&choice.settings);
        let text = opened.map_err(Failure::Source)?;
        Ok(serde_json::from_str(text.expose_secret()).unwrap_or_default())
    }

    fn find(&self, name: &str) -> Option<&dyn SourceKind> {
        self.kinds().find(|kind| kind.name() == name)
    }

    fn kind(&self, name: &str) -> Result<&dyn SourceKind, Failure> {
        self.find(name).ok_or_else(|| {
            let message = format!(
                "could not open the source because this build has no `{name}` (feature source-{name}), and no \
                 plugin adds it; use a build with it, allow the plugin, or clear the workspace's {name} settings"
            );
            Failure::Source(Error::new(ErrorKind::Unsupported, "sources", "open", message))
        })
    }
}

/// A kind says `Unauthorized` where what it needs to begin with was never entered.
fn not_open(error: Error) -> Failure {
    match error.kind() {
        ErrorKind::Unauthorized => Failure::SourceNotConfigured,
        _ => Failure::Source(error),
    }
}

fn invalid(message: String) -> Failure {
    Failure::Invalid {
        field: "source",
        message,
    }
}

/// Holds settings against the part of a schema that a form has: what is required, and of what type
/// each field is. The rest is for the source to judge when it is opened.
fn check(schema: &Value, settings: &Map<String, Value>) -> Result<(), String> {
    let required = schema["required"].as_array().into_iter().flatten();
    for name in required.filter_map(Value::as_str) {
        if settings.get(name).is_none_or(Value::is_null) {
            return Err(format!("settings.{name} is missing"));
        }
    }
    for (name, value) in settings {
        let allowed = match &schema["properties"][name]["type"] {
            Value::String(one) => vec![one.as_str()],
            Value::Array(several) => several.iter().filter_map(Value::as_str).collect(),
            _ => continue,
        };
        if !allowed.iter().any(|it| is_of_type(value, it)) {
            return Err(format!("settings.{name} must be {}", allowed.join(" or ")));
        }
    }
    Ok(())
}

fn is_of_type(value: &Value, name: &str) -> bool {
    match name {
        "null" => value.is_null(),
        "boolean" => value.is_boolean(),
        "integer" => value.is_i64() || value.is_u64(),
        "number" => value.is_number(),
        "string" => value.is_string(),
        "array" => value.is_array(),
        "object" => value.is_object(),
        _ => true,
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::testkit::fakes::FakeVault;

    #[derive(Debug)]
    struct Tracker;

    impl SourceKind for Tracker {
        fn name(&self) -> &'static str {
            "tracker"
        }

        fn description(&self) -> &'static str {
            "A tracker"
        }

        fn schema(&self) -> Value {
            json!({
                "type": "object",
                "required": ["url", "token"],
                "properties": {
                    "url": {"type": "string"},
                    "token": {"type": "string", "writeOnly": true},
                    "depth": {"type": ["integer", "null"]},
                },
            })
        }

        fn open(&self, _: &Value) -> crate::Result<Arc<dyn IssueSource>> {
            Err(Error::new(
                ErrorKind::Unavailable,
                "tracker",
                "open",
                "closed",
            ))
        }
    }

    fn catalog() -> Sources {
        Sources::new(
            vec![Arc::new(Tracker)],
            None,
            Arc::new(FakeVault::default()),
        )
    }

    fn chosen(settings: &Value) -> SourceSettings {
        SourceSettings {
            kind: "tracker".to_owned(),
            settings: settings.as_object().unwrap().clone(),
        }
    }

    #[test]
    fn a_choice_is_sealed_and_shown_with_its_secrets_masked() {
        let catalog = catalog();
        let full = chosen(&json!({"url": "u", "token": "hunter2", "depth": 3, "unknown": "x"}));
        let choice = catalog.choose(&full, None).unwrap();
        assert!(!choice.settings.0.contains("hunter2"));
        let shown = catalog.shown(&choice);
        let masked = json!({"url": "u", "token": MASK, "depth": 3, "unknown": MASK});
        assert_eq!(Value::Object(shown.settings.clone()), masked);

        // Sent back as it was shown, nothing changes.
        let again = catalog.choose(&shown, Some(&choice)).unwrap();
        assert_eq!(catalog.stored(&again).unwrap(), full.settings);
        // Without a former choice there is nothing the mask could stand for.
        assert!(catalog.choose(&shown, None).is_err());
    }

    #[test]
    fn settings_are_held_against_the_schema() {
        for (settings, told) in [
            (json!({"url": "u"}), "settings.token is missing"),
            (
                json!({"url": "u", "token": null}),
                "settings.token is missing",
            ),
            (
                json!({"url": 1, "token": "t"}),
                "settings.url must be string",
            ),
            (
                json!({"url": "u", "token": "t", "depth": 1.5}),
                "settings.depth must be integer or null",
            ),
        ] {
            let failure = catalog().choose(&chosen(&settings), None).unwrap_err();
            assert_eq!(failure.to_string(), format!("source: {told}"));
        }
        let unknown = SourceSettings {
            kind: "other".to_owned(),
            settings: Map::new(),
        };
        let failure = catalog().choose(&unknown, None).unwrap_err();
        assert_eq!(failure.to_string(), "source: kind must be one of tracker");
    }
}
