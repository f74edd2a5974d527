//! Workspaces of the older backend, with their settings; the secrets in them are sealed.

use explainer_core::domain::{
    Member, MemberRole, Sealed, SecretString, SentrySettings, Workspace, WorkspaceSettings,
};

use super::{
    Made, OlderDatabase,
    fields::{Fields, made_at},
};

pub(super) fn make(id: &str, mut fields: Fields<'_>, of: &OlderDatabase) -> Made<Workspace> {
    let mut members = of.survey.members(id);
    let owner = fields.reference(&["owner_id", "owner", "created_by"]);
    let owner = owner.and_then(|id| id.parse().ok());
    let owner_id = if let Some(owner) = owner {
        owner
    } else {
        let first = members.first().cloned();
        let first = first.ok_or("nobody owns it and nobody belongs to it")?;
        fields.note(format!(
            "it has no owner: {first}, who belongs to it, is the owner now"
        ));
        first
    };
    if !of.survey.is_carried(owner_id.as_str()) {
        let note = format!("its owner {owner_id} is not carried over: only an admin can change it");
        fields.note(note);
    }
    members.insert(owner_id.clone());
    let name = fields.text(&["name"]).unwrap_or_else(|| {
        fields.note("it has no name: its id stands for it");
        id.to_owned()
    });
    let members = members.into_iter().map(|user_id| {
        let owns = user_id == owner_id;
        let role = if owns {
            MemberRole::Owner
        } else {
            MemberRole::Developer
        };
        Member { user_id, role }
    });
    let members = members.collect();
    let key = fields.any(&["_id"]).and_then(made_at);
    let created_at = fields.time(&["created_at"]).or(key).unwrap_or(of.given.now);
    let workspace = Workspace {
        id: id.parse().map_err(|_| "its _id cannot be an id")?,
        name: name.chars().take(100).collect(),
        description: fields.text(&["description"]),
        owner_id,
        members,
        source: None,
        sentry: SentrySettings {
            api_token: sealed(&fields, "sentry_api_token", of)?,
            organization: fields.text(&["sentry_organization", "sentry_org_slug"]),
            test_dsn: sealed(&fields, "sentry_test_dsn", of)?,
            ..SentrySettings::default()
        },
        openai_api_key: sealed(&fields, "openai_api_key", of)?,
        settings: settings(id, &fields, of),
        webhooks: Vec::new(),
        created_at,
        updated_at: fields.time(&["updated_at"]).unwrap_or(created_at),
    };
    Ok((workspace, fields.notes))
}

/// A secret that lies there in clear; a mask is none.
fn sealed(fields: &Fields<'_>, name: &str, of: &OlderDatabase) -> Result<Option<Sealed>, String> {
    let secret = fields.text(&[name]).filter(|text| !text.contains("***"));
    let secret = secret.map(SecretString::from);
    let sealed = secret
        .map(|secret| of.given.vault.seal(&secret))
        .transpose();
    sealed.map_err(|error| format!("{name} could not be sealed: {error}"))
}

/// Those of the collection, and where it is silent those in the workspace itself.
fn settings(id: &str, fields: &Fields<'_>, of: &OlderDatabase) -> WorkspaceSettings {
    let own = fields.group(&["settings"]);
    let places = [of.survey.settings.get(id), own];
    let places: Vec<Fields<'_>> = places.into_iter().flatten().map(Fields::of).collect();
    let text = |name| places.iter().find_map(|place| place.text(&[name]));
    WorkspaceSettings {
        openai_model: text("openai_model"),
        auto_analyze: places
            .iter()
            .find_map(|place| place.flag(&["auto_analyze"]))
            .unwrap_or_default(),
        notification_email: text("notification_email"),
        ..WorkspaceSettings::default()
    }
}
