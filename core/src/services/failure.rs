//! Why a use case did not do what was asked, in terms a client can act on.

use std::time::Duration;

use crate::{
    Error, ErrorKind,
    domain::{MemberRole, Scope},
    services::ChainFailure,
};

/// A use case's refusal. Its text is meant for the client and holds no secret.
///
/// Clients of the older backend match on several of these texts; they must not change.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Failure {
    /// The request carries no usable token.
    #[error("Not authenticated")]
    NotAuthenticated,
    /// The token is bad, expired or foreign, or its account is gone.
    #[error("Could not validate credentials")]
    InvalidToken,
    /// Unknown account or wrong password; which of the two is not said.
    #[error("Incorrect username or password")]
    WrongLogin,
    /// The account exists and must not be used.
    #[error("User account is disabled")]
    AccountDisabled,
    /// Too many wrong passwords, for this account or from this address.
    #[error("Too many failed attempts; try again in {} seconds", .wait.as_secs() + 1)]
    TooManyTries {
        /// How long to wait.
        wait: Duration,
    },
    /// This installation takes no new accounts, or only invited ones.
    #[error("Registration is closed; ask an administrator for an invitation")]
    RegistrationClosed,
    /// The token was made for less.
    #[error("this token may not do that; use one of the scope {}", scope_name(*.needed))]
    ScopeTooNarrow {
        /// The scope it takes.
        needed: Scope,
    },
    /// Only an administrator of the installation may do that.
    #[error("Only an administrator can do that")]
    NotAdministrator,
    /// Only members of a higher role may do that.
    #[error("your role in this workspace is too low; it takes the role {}", .needed.name())]
    RoleTooLow {
        /// The role it takes.
        needed: MemberRole,
    },
    /// Administrators change the accounts of others.
    #[error("nobody changes their own role or disables themselves; ask another administrator")]
    OwnAccount,
    /// There is no such account.
    #[error("User not found")]
    UserNotFound,
    /// The caller has no such personal token.
    #[error("Token not found")]
    TokenNotFound,
    /// The caller belongs to no workspace of this name, whether or not there is one.
    #[error("Workspace not found")]
    NoSuchWorkspace,
    /// The workspace has no such member.
    #[error("Member not found")]
    NoSuchMember,
    /// A workspace has an owner, always.
    #[error("the owner stays; make another member the owner first")]
    OwnerStays,
    /// The code is wrong, used or run out, or the invitation is for somebody else.
    #[error("Invitation not found, expired or already used")]
    NoSuchInvitation,
    /// There is room for no more.
    #[error("there are {most} {what} already; delete one first")]
    TooMany {
        /// What there are too many of.
        what: &'static str,
        /// How many there may be.
        most: usize,
    },
    /// The caller belongs to no workspace.
    #[error("No workspace found. Please create a workspace first.")]
    NoWorkspace,
    /// The workspace has no source and the installation offers none.
    #[error("Sentry API token not configured in workspace. Please update workspace settings.")]
    SourceNotConfigured,
    /// The source does not know the issue.
    #[error("Issue not found")]
    IssueNotFound,
    /// There is no such analysis in the caller's workspace.
    #[error("Processed issue not found")]
    AnalysisNotFound,
    /// No workspace takes webhooks of this kind at this address; which of the two is wrong is not said.
    #[error(
        "no webhooks are taken at this address; it ends with the kind of the workspace's source and \
         the workspace's id, and GET /sources tells which kinds take webhooks"
    )]
    NoSuchWebhook,
    /// The workspace has no such webhook of its own.
    #[error("Webhook not found")]
    WebhookNotFound,
    /// The workspace has no such notification.
    #[error("Delivery not found")]
    DispatchNotFound,
    /// This installation cannot send mail.
    #[error("no mail server is configured; ask the operator to set SMTP_HOST and SMTP_FROM")]
    NoMail,
    /// A webhook's signature is missing or wrong, or cannot be checked.
    #[error("{0}")]
    NotSigned(#[source] Error),
    /// Only the owner or an admin may do that.
    #[error("Only workspace owner can update settings")]
    NotOwner,
    /// Another account has this user name.
    #[error("Username already exists")]
    UsernameTaken,
    /// Another account has this e-mail.
    #[error("Email already exists")]
    EmailTaken,
    /// The update names no field that can be updated.
    #[error("No valid fields to update")]
    NothingToUpdate,
    /// One field of the request is out of bounds.
    #[error("{field}: {message}")]
    Invalid {
        /// The field, as the client calls it.
        field: &'static str,
        /// What it must be.
        message: String,
    },
    /// The issue source failed.
    #[error("{0}")]
    Source(#[source] Error),
    /// No model explained the issue.
    #[error("{0}")]
    Models(ChainFailure),
    /// The workspace has spent what it may on this day.
    #[error(
        "the workspace's daily spend limit is reached; wait until tomorrow (UTC) or raise it in the settings"
    )]
    SpendLimitReached {
        /// How long the day still lasts.
        until_tomorrow: Duration,
    },
    /// A token of the outside identity provider cannot be checked at the moment.
    #[error(
        "could not check the token because the identity provider does not answer; try again in a moment"
    )]
    IdentityProvider(#[source] Error),
    /// Something of ours failed; the text is for the log.
    #[error("{0}")]
    Internal(#[from] Error),
}

impl Failure {
    /// The stable snake-case name of this failure.
    pub fn code(&self) -> &'static str {
        match self {
            Self::NotAuthenticated => "not_authenticated",
            Self::InvalidToken => "invalid_token",
            Self::WrongLogin => "wrong_login",
            Self::AccountDisabled => "account_disabled",
            Self::TooManyTries { .. } => "too_many_tries",
            Self::RegistrationClosed => "registration_closed",
            Self::ScopeTooNarrow { .. } => "scope_too_narrow",
            Self::NotAdministrator => "not_administrator",
            Self::RoleTooLow { .. } => "role_too_low",
            Self::OwnAccount => "own_account",
            Self::UserNotFound => "user_not_found",
            Self::TokenNotFound => "token_not_found",
            Self::NoSuchWorkspace => "workspace_not_found",
            Self::NoSuchMember => "member_not_found",
            Self::OwnerStays => "owner_stays",
            Self::NoSuchInvitation => "invitation_not_found",
            Self::TooMany { .. } => "too_many",
            Self::NoWorkspace => "no_workspace",
            Self::SourceNotConfigured => "source_not_configured",
            Self::IssueNotFound => "issue_not_found",
            Self::AnalysisNotFound => "analysis_not_found",
            Self::NoSuchWebhook => "no_such_webhook",
            Self::WebhookNotFound => "webhook_not_found",
            Self::DispatchNotFound => "delivery_not_found",
            Self::NoMail => "mail_not_configured",
            Self::NotSigned(_) => "not_signed",
            Self::NotOwner => "not_owner",
            Self::UsernameTaken => "username_taken",
            Self::EmailTaken => "email_taken",
            Self::NothingToUpdate => "nothing_to_update",
            Self::Invalid { .. } => "invalid_field",
            Self::Source(error) => match error.kind() {
                ErrorKind::Unauthorized | ErrorKind::Forbidden => "source_unauthorized",
                ErrorKind::NotFound => "source_not_found",
                ErrorKind::RateLimited => "source_rate_limited",
                ErrorKind::Timeout => "source_timeout",
                ErrorKind::Unavailable => "source_unavailable",
                ErrorKind::Invalid => "source_refused",
                ErrorKind::Unsupported => "source_unsupported",
                _ => "source_failed",
            },
            Self::Models(failure) => failure.code,
            Self::SpendLimitReached { .. } => "spend_limit_reached",
            Self::IdentityProvider(_) => "identity_provider_unavailable",
            Self::Internal(error) if error.kind().is_transient() => "unavailable",
            Self::Internal(_) => "internal",
        }
    }

    /// Whether the same request may succeed later without anyone changing anything.
    pub fn is_retryable(&self) -> bool {
        match self {
            Self::Source(error) | Self::Internal(error) => error.kind().is_transient(),
            Self::Models(failure) => failure.retryable,
            Self::SpendLimitReached { .. } | Self::IdentityProvider(_) => true,
            _ => false,
        }
    }

    /// Whether that is so before long, so that a job may wait for it.
    pub fn is_passing(&self) -> bool {
        match self {
            Self::Models(failure) => failure.is_passing(),
            Self::SpendLimitReached { .. } => false,
            other => other.is_retryable(),
        }
    }

    /// How long the other side asked us to wait, if it said so.
    pub fn retry_after(&self) -> Option<Duration> {
        match self {
            Self::Source(error) | Self::Internal(error) | Self::IdentityProvider(error) => {
                error.retry_after()
            }
            Self::TooManyTries { wait } => Some(*wait),
            Self::Models(failure) => failure.retry_after,
            Self::SpendLimitReached { until_tomorrow } => Some(*until_tomorrow),
            _ => None,
        }
    }

    /// The text for the client: that of a fault of ours stays in the log.
    pub fn public_message(&self) -> String {
        match self {
            Self::Internal(error) if error.kind().is_transient() => {
                "could not reach the store; try again in a moment".to_owned()
            }
            Self::Internal(_) => {
                "something went wrong on our side; the log has the details".to_owned()
            }
            told => told.to_string(),
        }
    }
}

fn scope_name(scope: Scope) -> &'static str {
    match scope {
        Scope::Read => "read",
        Scope::Write => "write",
        Scope::Admin => "admin",
    }
}
