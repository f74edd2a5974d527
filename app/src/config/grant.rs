//! The lines of `auth.oidc.workspaces`.

use explainer_core::{domain::MemberRole, services::Grant};

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
