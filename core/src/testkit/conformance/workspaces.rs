//! The suite of [`Workspaces`].

use futures::future::join_all;

use super::{Case, Verdict};
use crate::{
    ErrorKind, Result, cases,
    domain::{
        FormerSecret, Member, MemberRole, Occasion, Sealed, SentrySettings, SourceChoice, Webhook,
        Workspace,
    },
    ensure,
    ports::Workspaces,
    testkit::samples::{at, id, user, workspace},
};

/// Every promise of [`Workspaces`], for a store that holds no workspace.
pub const CASES: &[Case<dyn Workspaces>] = cases![dyn Workspaces;
    "an inserted workspace reads back equal" => an_inserted_workspace_reads_back_equal,
    "an unknown workspace is none, not an error" => an_unknown_workspace_is_none_not_an_error,
    "a user's workspaces are those with the user among the members, oldest first" =>
        a_user_s_workspaces_are_those_with_the_user_among_the_members_oldest_first,
    "an update replaces the whole workspace" => an_update_replaces_the_whole_workspace,
    "an update of an unknown workspace is not found" =>
        an_update_of_an_unknown_workspace_is_not_found,
    "an update made from an outdated copy is a conflict and changes nothing" =>
        an_update_made_from_an_outdated_copy_is_a_conflict_and_changes_nothing,
    "of many simultaneous updates from one copy only one is made, even within one tick of the clock" =>
        of_many_simultaneous_updates_from_one_copy_only_one_is_made_even_within_one_tick_of_the_clock,
    "a taken id is a conflict and changes nothing" => a_taken_id_is_a_conflict_and_changes_nothing,
    "workspaces are listed by id, a page at a time" => workspaces_are_listed_by_id_a_page_at_a_time,
    "those that explain without being asked are listed by id, page by page" =>
        those_that_explain_without_being_asked_are_listed_by_id_page_by_page,
];

fn member(name: &str, role: MemberRole) -> Member {
    let user_id = user(name).id;
    Member { user_id, role }
}

fn owner(name: &str) -> Member {
    Member::owner(user(name).id)
}

/// A workspace that has everything a workspace can have.
fn full() -> Workspace {
    let seal = |text: &str| Some(Sealed(text.to_owned()));
    Workspace {
        name: "Größe \u{1F980} \0 '\"\\ $where a.b".to_owned(),
        description: Some(String::new()),
        members: vec![owner("ada"), member("bob", MemberRole::Viewer)],
        source: Some(SourceChoice {
            kind: "tracker".to_owned(),
            settings: Sealed("sealed settings".to_owned()),
        }),
        sentry: SentrySettings {
            api_token: seal("sealed token"),
            organization: Some("acme".to_owned()),
            base_url: Some("https://sentry.example.com".to_owned()),
            client_secret: seal("sealed client secret"),
            test_dsn: seal("sealed dsn"),
        },
        openai_api_key: seal("sealed key"),
        webhooks: vec![Webhook {
            id: id("webhook"),
            url: "https://hooks.example.com/\u{1F980}?a=b".to_owned(),
            events: Occasion::OF_ANALYSES.to_vec(),
            secret: Sealed("sealed signing secret".to_owned()),
            former_secret: Some(FormerSecret {
                secret: Sealed("its former".to_owned()),
                until: at(60),
            }),
            enabled: false,
            disabled_because: Some(String::new()),
            created_at: at(0),
        }],
        ..workspace("ws", "ada")
    }
}

async fn an_inserted_workspace_reads_back_equal(workspaces: &dyn Workspaces) -> Verdict {
    for stored in [full(), workspace("plain", "ada")] {
        workspaces.insert(&stored).await?;
        let found = workspaces.get(&stored.id).await?;
        ensure!(found.as_ref() == Some(&stored), "{found:?}");
    }
    Ok(())
}

async fn an_unknown_workspace_is_none_not_an_error(workspaces: &dyn Workspaces) -> Verdict {
    workspaces.insert(&full()).await?;
    let found = workspaces.get(&id("nowhere")).await?;
    ensure!(found.is_none(), "{found:?}");
    let found = workspaces.of_member(&id("nobody")).await?;
    ensure!(found.is_empty(), "{found:?}");
    Ok(())
}

async fn a_user_s_workspaces_are_those_with_the_user_among_the_members_oldest_first(
    workspaces: &dyn Workspaces,
) -> Verdict {
    for (name, owner, seconds) in [("a", "bob", 3), ("b", "ada", 2), ("c", "ada", 1)] {
        let stored = Workspace {
            created_at: at(seconds),
            ..workspace(name, owner)
        };
        workspaces.insert(&stored).await?;
    }
    let shared = Workspace {
        members: vec![owner("bob"), member("ada", MemberRole::Admin), owner("bob")],
        created_at: at(0),
        ..workspace("shared", "bob")
    };
    workspaces.insert(&shared).await?;
    for (member, expected) in [
        ("ada", vec!["shared", "c", "b"]),
        ("bob", vec!["shared", "a"]),
    ] {
        let found = names(workspaces, member).await?;
        ensure!(found == expected, "{member} has {found:?}");
    }
    Ok(())
}

async fn an_update_replaces_the_whole_workspace(workspaces: &dyn Workspaces) -> Verdict {
    let first = workspace("ws", "bob");
    workspaces.insert(&first).await?;
    let changed = Workspace {
        owner_id: user("ada").id,
        members: vec![owner("ada"), member("eve", MemberRole::Developer)],
        created_at: at(-1),
        updated_at: at(1),
        ..full()
    };
    let stored = workspaces.update(changed.clone(), first.updated_at).await?;
    ensure!(stored == changed, "{stored:?}");
    let found = workspaces.get(&changed.id).await?;
    ensure!(found.as_ref() == Some(&changed), "{found:?}");
    for (member, expected) in [
        ("bob", vec![]),
        ("ada", vec![full().name]),
        ("eve", vec![full().name]),
    ] {
        let found = names(workspaces, member).await?;
        ensure!(found == expected, "{member} has {found:?}");
    }
    Ok(())
}

async fn an_update_of_an_unknown_workspace_is_not_found(workspaces: &dyn Workspaces) -> Verdict {
    let refused = workspaces.update(full(), full().updated_at).await;
    ensure!(is(&refused, ErrorKind::NotFound), "{refused:?}");
    let left = workspaces.get(&full().id).await?;
    ensure!(left.is_none(), "the update left {left:?}");
    Ok(())
}

async fn an_update_made_from_an_outdated_copy_is_a_conflict_and_changes_nothing(
    workspaces: &dyn Workspaces,
) -> Verdict {
    let first = workspace("ws", "ada");
    workspaces.insert(&first).await?;
    let second = Workspace {
        name: "second".to_owned(),
        updated_at: at(1),
        ..first.clone()
    };
    workspaces.update(second.clone(), first.updated_at).await?;
    let outdated = Workspace {
        members: vec![owner("eve")],
        updated_at: at(2),
        ..first.clone()
    };
    let refused = workspaces.update(outdated, first.updated_at).await;
    ensure!(is(&refused, ErrorKind::Conflict), "{refused:?}");
    let found = workspaces.get(&first.id).await?;
    ensure!(found.as_ref() == Some(&second), "{found:?}");
    let found = names(workspaces, "eve").await?;
    ensure!(found.is_empty(), "eve has {found:?}");
    Ok(())
}

async fn of_many_simultaneous_updates_from_one_copy_only_one_is_made_even_within_one_tick_of_the_clock(
    workspaces: &dyn Workspaces,
) -> Verdict {
    let first = workspace("ws", "ada");
    workspaces.insert(&first).await?;
    let updates = (0..16).map(|number| {
        let changed = Workspace {
            name: number.to_string(),
            ..first.clone()
        };
        workspaces.update(changed, first.updated_at)
    });
    let outcomes = join_all(updates).await;
    let refused = outcomes
        .iter()
        .filter(|outcome| is(outcome, ErrorKind::Conflict));
    ensure!(refused.count() == 15, "{outcomes:?}");
    let found = workspaces.get(&first.id).await?;
    let made = outcomes.iter().flatten().next();
    ensure!(
        found.as_ref() == made,
        "{found:?} is stored and {made:?} was answered"
    );
    let moved = found.is_some_and(|found| found.updated_at > first.updated_at);
    ensure!(moved, "the version did not change");
    Ok(())
}

async fn a_taken_id_is_a_conflict_and_changes_nothing(workspaces: &dyn Workspaces) -> Verdict {
    workspaces.insert(&full()).await?;
    let refused = workspaces.insert(&workspace("ws", "eve")).await;
    ensure!(is(&refused, ErrorKind::Conflict), "{refused:?}");
    let found = workspaces.get(&full().id).await?;
    ensure!(found == Some(full()), "{found:?}");
    let found = names(workspaces, "eve").await?;
    ensure!(found.is_empty(), "eve has {found:?}");
    Ok(())
}

async fn workspaces_are_listed_by_id_a_page_at_a_time(workspaces: &dyn Workspaces) -> Verdict {
    for name in ["d", "a", "c", "b"] {
        workspaces.insert(&workspace(name, "ada")).await?;
    }
    let mut after = None;
    for expected in [vec!["a", "b", "c"], vec!["d"], vec![]] {
        let page = workspaces.of_installation(after.as_ref(), 3).await?;
        let names: Vec<_> = page.iter().map(|it| it.name.as_str()).collect();
        ensure!(names == expected, "{names:?}");
        after = page.last().map(|it| it.id.clone()).or(after);
    }
    Ok(())
}

async fn names(workspaces: &dyn Workspaces, member: &str) -> Result<Vec<String>> {
    let found = workspaces.of_member(&user(member).id).await?;
    Ok(found.into_iter().map(|workspace| workspace.name).collect())
}

fn is<T>(outcome: &Result<T>, kind: ErrorKind) -> bool {
    outcome.as_ref().is_err_and(|error| error.kind() == kind)
}

async fn those_that_explain_without_being_asked_are_listed_by_id_page_by_page(
    workspaces: &dyn Workspaces,
) -> Verdict {
    for (name, automatic) in [("d", true), ("b", true), ("a", false), ("c", true)] {
        let mut stored = workspace(name, "ada");
        stored.settings.auto_analyze = automatic;
        workspaces.insert(&stored).await?;
    }
    let first = workspaces.automatic(None, 2).await?;
    ensure!(ids(&first) == ["b", "c"], "{first:?}");
    let second = workspaces.automatic(Some(&id("c")), 2).await?;
    ensure!(ids(&second) == ["d"], "{second:?}");
    let mut off = second.into_iter().next().unwrap_or_else(full);
    off.settings.auto_analyze = false;
    let read_at = off.updated_at;
    workspaces.update(off, read_at).await?;
    let third = workspaces.automatic(Some(&id("c")), 2).await?;
    ensure!(third.is_empty(), "{third:?}");
    Ok(())
}

fn ids(workspaces: &[Workspace]) -> Vec<&str> {
    workspaces.iter().map(|it| it.id.as_str()).collect()
}
