//! An account as clients see it.

use explainer_core::domain;
use poem_openapi::{Enum, Object};
use serde::Serialize;

use crate::api::time::Time;

/// What an account may do on this installation.
#[derive(Debug, Clone, Copy, Enum, Serialize)]
#[oai(rename_all = "lowercase")]
#[serde(rename_all = "lowercase")]
pub(crate) enum Role {
    /// Everything.
    Admin,
    /// What a developer may.
    Manager,
    /// Works with issues.
    Developer,
}

/// An account.
#[derive(Debug, Object, Serialize)]
pub(crate) struct User {
    /// Its identifier.
    id: String,
    /// The name to log in with.
    username: String,
    /// The e-mail.
    email: String,
    /// The name to show.
    #[oai(nullable)]
    full_name: Option<String>,
    /// What it may do.
    role: Role,
    /// Whether it may be used.
    is_active: bool,
    /// The workspace it works in now.
    #[oai(nullable)]
    workspace_id: Option<String>,
    /// When it was made.
    created_at: Time,
}

impl From<domain::Role> for Role {
    fn from(role: domain::Role) -> Self {
        match role {
            domain::Role::Admin => Self::Admin,
            domain::Role::Manager => Self::Manager,
            domain::Role::Developer => Self::Developer,
        }
    }
}

impl From<Role> for domain::Role {
    fn from(role: Role) -> Self {
        match role {
            Role::Admin => Self::Admin,
            Role::Manager => Self::Manager,
            Role::Developer => Self::Developer,
        }
    }
}

impl From<domain::User> for User {
    fn from(user: domain::User) -> Self {
        Self {
            id: user.id.into(),
            username: user.username,
            email: user.email,
            full_name: user.full_name,
            role: user.role.into(),
            is_active: user.is_active,
            workspace_id: user.workspace_id.map(Into::into),
            created_at: user.created_at.into(),
        }
    }
}
