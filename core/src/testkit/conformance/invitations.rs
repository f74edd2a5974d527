//! The suite of [`Invitations`].

use futures::future::join_all;

use super::{Case, Verdict};
use crate::{
    cases,
    domain::{Invitation, InvitationId, MemberRole},
    ensure,
    ports::Invitations,
    testkit::samples::{at, id, user},
};

/// Every promise of [`Invitations`], for a store that knows of none.
pub const CASES: &[Case<dyn Invitations>] = cases![dyn Invitations;
    "an invitation is found by its code until it is taken" =>
        an_invitation_is_found_by_its_code_until_it_is_taken,
    "of many that take one invitation only one gets it" =>
        of_many_that_take_one_invitation_only_one_gets_it,
    "an unknown invitation is none, not an error" => an_unknown_invitation_is_none_not_an_error,
    "an expired invitation is none" => an_expired_invitation_is_none,
    "a workspace's invitations are its own, oldest first" =>
        a_workspace_s_invitations_are_its_own_oldest_first,
    "a withdrawn invitation is found no more" => a_withdrawn_invitation_is_found_no_more,
    "the invitation of another workspace is not withdrawn" =>
        the_invitation_of_another_workspace_is_not_withdrawn,
];

/// An invitation into `workspace`, good for a minute.
pub(super) fn invitation(name: &str, workspace: &str, seconds: i64) -> Invitation {
    Invitation {
        id: id(name),
        workspace_id: id(workspace),
        email: Some(format!("{name}@example.org")),
        role: MemberRole::Developer,
        code_hash: format!("hash of {name}"),
        created_by: user("ada").id,
        created_at: at(seconds),
        expires_at: at(60),
    }
}

async fn an_invitation_is_found_by_its_code_until_it_is_taken(
    invitations: &dyn Invitations,
) -> Verdict {
    let open = Invitation {
        email: None,
        role: MemberRole::Viewer,
        ..invitation("a", "ws", 0)
    };
    invitations.insert(&open, at(0)).await?;
    invitations.insert(&invitation("b", "ws", 0), at(0)).await?;
    for _ in 0..2 {
        let found = invitations.find("hash of a", at(59)).await?;
        ensure!(found.as_ref() == Some(&open), "{found:?}");
    }
    let taken = invitations.take(&id("a"), at(59)).await?;
    ensure!(taken == Some(open), "{taken:?}");
    let again = invitations.take(&id("a"), at(59)).await?;
    ensure!(again.is_none(), "{again:?}");
    let gone = invitations.find("hash of a", at(59)).await?;
    ensure!(gone.is_none(), "{gone:?}");
    let other = invitations.find("hash of b", at(59)).await?;
    ensure!(other.is_some(), "the other is gone too");
    Ok(())
}

async fn of_many_that_take_one_invitation_only_one_gets_it(
    invitations: &dyn Invitations,
) -> Verdict {
    invitations.insert(&invitation("a", "ws", 0), at(0)).await?;
    let a: InvitationId = id("a");
    let mut taken = 0;
    for outcome in join_all((0..8).map(|_| invitations.take(&a, at(1)))).await {
        taken += usize::from(outcome?.is_some());
    }
    ensure!(taken == 1, "{taken} got it");
    Ok(())
}

async fn an_unknown_invitation_is_none_not_an_error(invitations: &dyn Invitations) -> Verdict {
    invitations.insert(&invitation("a", "ws", 0), at(0)).await?;
    let found = invitations.find("hash of b", at(0)).await?;
    ensure!(found.is_none(), "{found:?}");
    let found = invitations.take(&id("b"), at(0)).await?;
    ensure!(found.is_none(), "{found:?}");
    let found = invitations.of_workspace(&id("other")).await?;
    ensure!(found.is_empty(), "{found:?}");
    Ok(())
}

async fn an_expired_invitation_is_none(invitations: &dyn Invitations) -> Verdict {
    invitations.insert(&invitation("a", "ws", 0), at(0)).await?;
    let found = invitations.find("hash of a", at(60)).await?;
    ensure!(found.is_none(), "{found:?}");
    let taken = invitations.take(&id("a"), at(60)).await?;
    ensure!(taken.is_none(), "{taken:?}");
    let later = Invitation {
        expires_at: at(99),
        ..invitation("b", "ws", 0)
    };
    invitations.insert(&later, at(60)).await?;
    let left = invitations.of_workspace(&id("ws")).await?;
    ensure!(left == [later], "{left:?}");
    Ok(())
}

async fn a_workspace_s_invitations_are_its_own_oldest_first(
    invitations: &dyn Invitations,
) -> Verdict {
    for (name, workspace, seconds) in [("a", "ws", 3), ("b", "other", 1), ("c", "ws", 2)] {
        let one = invitation(name, workspace, seconds);
        invitations.insert(&one, at(0)).await?;
    }
    let found = invitations.of_workspace(&id("ws")).await?;
    let expected = [invitation("c", "ws", 2), invitation("a", "ws", 3)];
    ensure!(found == expected, "{found:?}");
    Ok(())
}

async fn a_withdrawn_invitation_is_found_no_more(invitations: &dyn Invitations) -> Verdict {
    invitations.insert(&invitation("a", "ws", 0), at(0)).await?;
    ensure!(
        invitations.withdraw(&id("ws"), &id("a")).await?,
        "it was not there"
    );
    ensure!(
        !invitations.withdraw(&id("ws"), &id("a")).await?,
        "it was there twice"
    );
    let found = invitations.find("hash of a", at(0)).await?;
    ensure!(found.is_none(), "{found:?}");
    Ok(())
}

async fn the_invitation_of_another_workspace_is_not_withdrawn(
    invitations: &dyn Invitations,
) -> Verdict {
    invitations.insert(&invitation("a", "ws", 0), at(0)).await?;
    ensure!(
        !invitations.withdraw(&id("other"), &id("a")).await?,
        "it was"
    );
    let found = invitations.find("hash of a", at(0)).await?;
    ensure!(found.is_some(), "it is gone");
    Ok(())
}
