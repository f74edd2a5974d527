//! Identifiers: one type for each kind of thing, so that they cannot be mixed up.

use std::fmt;

use serde::{Deserialize, Serialize};

/// The longest identifier accepted from outside, in bytes.
const MAX_LEN: usize = 64;

/// Text that cannot be an identifier of this service.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("an id is 1 to 64 letters, digits, `-` or `_`")]
pub struct InvalidId;

fn check(text: &str) -> Result<(), InvalidId> {
    let allowed = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_');
    if text.is_empty() || text.len() > MAX_LEN || !text.bytes().all(allowed) {
        return Err(InvalidId);
    }
    Ok(())
}

macro_rules! id {
    ($(#[$doc:meta])* $name:ident) => {
        $(#[$doc])*
        #[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
        #[serde(try_from = "String", into = "String")]
        pub struct $name(String);

        impl $name {
            /// The identifier as it is stored and sent.
            pub fn as_str(&self) -> &str {
                &self.0
            }
        }

        impl TryFrom<String> for $name {
            type Error = InvalidId;

            fn try_from(text: String) -> Result<Self, InvalidId> {
                check(&text).map(|()| Self(text))
            }
        }

        impl std::str::FromStr for $name {
            type Err = InvalidId;

            fn from_str(text: &str) -> Result<Self, InvalidId> {
                check(text).map(|()| Self(text.to_owned()))
            }
        }

        impl From<$name> for String {
            fn from(id: $name) -> Self {
                id.0
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(&self.0)
            }
        }
    };
}

id!(
    /// Names one account.
    UserId
);
id!(
    /// Names one workspace.
    WorkspaceId
);
id!(
    /// Names one analysis, and the job that makes it.
    AnalysisId
);
id!(
    /// Names one request to a model in the ledger.
    CallId
);
id!(
    /// Names one issued token, so that it can be revoked.
    TokenId
);

id!(
    /// Names one invitation.
    InvitationId
);

id!(
    /// Names one entry of the audit log.
    AuditId
);

id!(
    /// Names one place where a program is told.
    WebhookId
);

id!(
    /// Names one notification on its way to one recipient.
    DispatchId
);

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_id_is_short_and_plain() {
        for good in ["a", "64b7f3c2e1d0a9b8c7d6e5f4", "0198-x_Y", &"a".repeat(64)] {
            assert_eq!(
                good.parse::<UserId>().map(String::from).as_deref(),
                Ok(good)
            );
        }
        for bad in ["", "a b", "../x", "é", "a\0", &"a".repeat(65)] {
            assert_eq!(bad.parse::<UserId>(), Err(InvalidId), "{bad:?}");
        }
    }
}
