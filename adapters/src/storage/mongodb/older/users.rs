//! Accounts of the older backend.

use explainer_core::domain::{Role, User};

use super::{
    Made, OlderDatabase,
    fields::{Fields, made_at},
};

/// User name and e-mail, where at least one of them is there.
pub(super) fn names(id: &str, fields: &Fields<'_>) -> Option<(String, String)> {
    match (fields.text(&["username"]), fields.text(&["email"])) {
        (Some(username), Some(email)) => Some((username, email)),
        // Nobody can have this address: https://www.rfc-editor.org/rfc/rfc2606#section-2
        (Some(username), None) => Some((username, format!("{id}@missing.invalid"))),
        (None, Some(email)) => Some((email.clone(), email)),
        (None, None) => None,
    }
}

pub(super) fn make(id: &str, mut fields: Fields<'_>, of: &OlderDatabase) -> Made<User> {
    let (username, email) = names(id, &fields).ok_or("it has no name")?;
    if fields.text(&["username"]).is_none() {
        fields.note("it has no user name: its e-mail stands for it");
    }
    if fields.text(&["email"]).is_none() {
        fields.note(format!("it has no e-mail: {email} stands for it"));
    }
    let role = role(id, &mut fields, of);
    let key = fields.any(&["_id"]).and_then(made_at);
    let created_at = fields.time(&["created_at"]).or(key).unwrap_or(of.given.now);
    let user = User {
        id: id.parse().map_err(|_| "its _id cannot be an id")?,
        username,
        email,
        full_name: fields.text(&["full_name"]),
        role,
        is_active: fields.flag(&["is_active"]).unwrap_or(true),
        workspace_id: workspace(&mut fields, of),
        password_hash: password(&mut fields, of),
        generation: 0,
        vouched: None,
        created_at,
        updated_at: fields.time(&["updated_at"]).unwrap_or(created_at),
    };
    Ok((user, fields.notes))
}

fn role(id: &str, fields: &mut Fields<'_>, of: &OlderDatabase) -> Role {
    if of.survey.first_admin.as_deref() == Some(id) {
        fields.note("no account was an administrator: the oldest is one now");
        return Role::Admin;
    }
    match fields.text(&["role"]).as_deref() {
        Some("admin") => {
            fields.note("it is an administrator, as whoever registered there could be: check it");
            Role::Admin
        }
        Some("manager") => Role::Manager,
        None | Some("developer") => Role::Developer,
        Some(other) => {
            let note = format!("its role {other:?} is not known: it is a developer now");
            fields.note(note);
            Role::Developer
        }
    }
}

fn workspace(
    fields: &mut Fields<'_>,
    of: &OlderDatabase,
) -> Option<explainer_core::domain::WorkspaceId> {
    let id = fields.reference(&["workspace_id"])?;
    if !of.survey.workspaces.contains_key(&id) {
        fields.note(format!(
            "its workspace {id} is not there: it is in none now"
        ));
        return None;
    }
    id.parse().ok()
}

/// The hash as it is: logging in with it works, and replaces it by one of ours.
fn password(fields: &mut Fields<'_>, of: &OlderDatabase) -> String {
    let hash = fields.text(&["hashed_password", "password_hash", "password"]);
    hash.filter(|hash| hash.starts_with('$'))
        .unwrap_or_else(|| {
            fields.note("it has no password hash: nobody can log in until it is given a password");
            of.given.unknown_password.clone()
        })
}
