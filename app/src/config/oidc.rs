//! `[auth.oidc]`: the lines of its `workspaces`, and whether all of it makes sense.

use explainer_core::{domain::MemberRole, services::Grant};
use toml::Value;

use super::layers::Settings;
use super::problem::Problem;

/// What a group is in a workspace: `0198c0de developer Backend Team` makes the members of «Backend
/// Team» developers in the workspace `0198c0de`. `None` when the line is not like that.
pub fn grant(line: &str) -> Option<Grant> {
    let (workspace, rest) = line.trim().split_once(' ')?;
    let (role, group) = rest.trim_start().split_once(' ')?;
    let role = match role {
        "admin" => MemberRole::Admin,
        "developer" => MemberRole::Developer,
        "viewer" => MemberRole::Viewer,
        // Ownership is given away by who has it.
        _ => return None,
    };
    let group = group.trim_start().to_owned();
    let workspace = workspace.parse().ok()?;
    (!group.is_empty()).then_some(Grant {
        group,
        workspace,
        role,
    })
}

/// What a token may be signed by: with a key that only the provider has.
const ALGORITHMS: [&str; 9] = [
    "RS256", "RS384", "RS512", "PS256", "PS384", "PS512", "ES256", "ES384", "EdDSA",
];

/// Adds a problem for each value that would let in whoever must not come in, or says nothing.
pub(super) fn check(settings: &Settings, problems: &mut Vec<Problem>) {
    let texts = |key: &str| {
        let texts = settings.value(key).and_then(Value::as_array);
        texts.into_iter().flatten().filter_map(Value::as_str)
    };
    let mut refuse = |key, reason: &str, remedy| {
        problems.push(settings.refuse(key, reason, remedy));
    };
    let issuer = settings.text("auth.oidc.issuer").unwrap_or_default();
    let audiences = "auth.oidc.audiences";
    if !issuer.is_empty() && texts(audiences).next().is_none() {
        let remedy = "name whom tokens are for, usually the client id of this service over there";
        refuse(
            audiences,
            "a provider is set and would let in the tokens of every service",
            remedy,
        );
    }
    if texts(audiences).any(|text| text.trim().is_empty()) {
        refuse(audiences, "one of them is empty", "take it out");
    }
    let algorithms = "auth.oidc.algorithms";
    if texts(algorithms).next().is_none() || !texts(algorithms).all(|it| ALGORITHMS.contains(&it)) {
        let remedy = "set some of RS256, RS384, RS512, PS256, PS384, PS512, ES256, ES384, EdDSA";
        refuse(
            algorithms,
            "not each is signed by with a key that only the provider has",
            remedy,
        );
    }
    if texts("auth.oidc.workspaces").any(|line| grant(line).is_none()) {
        let remedy = "write each as \"WORKSPACE ROLE GROUP\": the id of a workspace, then admin, \
                      developer or viewer, then the group";
        refuse(
            "auth.oidc.workspaces",
            "not each grants a group something",
            remedy,
        );
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_line_names_a_workspace_a_role_and_a_group() {
        let read = grant("0198-c0de  viewer  /Team A/Backend ").unwrap();
        assert_eq!(read.workspace.as_str(), "0198-c0de");
        assert_eq!(read.role, MemberRole::Viewer);
        assert_eq!(read.group, "/Team A/Backend");
        for bad in [
            "",
            "0198",
            "0198 viewer",
            "0198 viewer ",
            "0198 owner staff",
            "0198 reader staff",
            "a.b viewer staff",
        ] {
            assert_eq!(grant(bad), None, "{bad:?}");
        }
    }
}
