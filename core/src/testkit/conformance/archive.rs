//! The suites of [`Export`] and [`Import`](crate::ports::Import).

use std::collections::BTreeSet;

use serde_json::{Value, json};

use super::{Case, Stop, Verdict, WholeStore, access_tokens, analyses::LEASE, invitations};
use crate::{
    Result, cases,
    domain::{AccessToken, Invitation, Member, MemberRole, Sealed, Status, Timestamp},
    ensure,
    ports::{
        AccessTokens, Added, Analyses, Entry, Export, Invitations, Kind, Ledger, Outbox,
        RevokedTokens, Unreadable, Users, Watches, Workspaces,
    },
    testkit::{
        fakes::MemoryStore,
        samples::{at, call, completed, dispatch, ended, failure, id, request, user, workspace},
    },
};

/// Every promise of [`Export`], for a store that holds nothing.
pub const EXPORT_CASES: &[Case<dyn WholeStore>] = cases![dyn WholeStore;
    "an empty store has nothing of any kind" => an_empty_store_has_nothing_of_any_kind,
    "every record is counted, and read once, page by page" =>
        every_record_is_counted_and_read_once_page_by_page,
];

/// Every promise of [`Import`](crate::ports::Import), for a store that holds nothing.
pub const IMPORT_CASES: &[Case<dyn WholeStore>] = cases![dyn WholeStore;
    "what was read from another store reads back equal" =>
        what_was_read_from_another_store_reads_back_equal,
    "a record that is there already is left as it is" =>
        a_record_that_is_there_already_is_left_as_it_is,
    "a record that takes the name or the issue of another, or misses its analysis, is refused" =>
        a_record_that_takes_the_name_or_the_issue_of_another_or_misses_its_analysis_is_refused,
    "a document that is no record is refused and the others are written" =>
        a_document_that_is_no_record_is_refused_and_the_others_are_written,
    "which ids are there already is known" => which_ids_are_there_already_is_known,
    "a job goes on where it stood" => a_job_goes_on_where_it_stood,
];

async fn an_empty_store_has_nothing_of_any_kind(store: &dyn WholeStore) -> Verdict {
    for &kind in Kind::ALL {
        let (count, page) = (store.count(kind).await?, store.page(kind, None, 9).await?);
        ensure!(count == 0 && page.is_empty(), "{count} {kind:?}: {page:?}");
    }
    Ok(())
}

async fn every_record_is_counted_and_read_once_page_by_page(store: &dyn WholeStore) -> Verdict {
    fill(store).await?;
    for &kind in Kind::ALL {
        let mut ids = Vec::new();
        loop {
            let page = store.page(kind, ids.last().map(String::as_str), 2).await?;
            ensure!(page.len() <= 2, "{} where 2 were asked for", page.len());
            if page.is_empty() {
                break;
            }
            ids.extend(readable(page)?.into_iter().map(|entry| entry.id));
        }
        let once: BTreeSet<&String> = ids.iter().collect();
        ensure!(once.len() == ids.len(), "{kind:?}: {ids:?}");
        let count = store.count(kind).await?;
        ensure!(
            count == ids.len() as u64 && count >= 3,
            "{count} {kind:?}: {ids:?}"
        );
    }
    Ok(())
}

async fn what_was_read_from_another_store_reads_back_equal(store: &dyn WholeStore) -> Verdict {
    let other = MemoryStore::default();
    fill(&other).await?;
    for &kind in Kind::ALL {
        let entries = all(&other, kind).await?;
        let added = store.add(kind, &entries).await?;
        ensure!(
            added.iter().all(|it| *it == Added::Written) && added.len() == entries.len(),
            "{kind:?}: {added:?}"
        );
        let read = all(store, kind).await?;
        ensure!(read == entries, "{read:?} and not {entries:?}");
    }
    let login = store.find_login("ADA").await?;
    ensure!(login.is_some(), "an imported account cannot log in");
    let of_ada = store.of_member(&user("ada").id).await?;
    ensure!(of_ada.len() == 3, "the workspaces of a member: {of_ada:?}");
    let revoked = store.is_revoked(&id("token-1")).await?;
    ensure!(revoked, "a revoked token is good again");
    let token = AccessTokens::find(store, "hash of token-a").await?;
    ensure!(token.is_some(), "the token of a script is none any more");
    let invitation = Invitations::find(store, "hash of invitation-a", at(0)).await?;
    ensure!(invitation.is_some(), "an invitation is none any more");
    Ok(())
}

async fn a_record_that_is_there_already_is_left_as_it_is(store: &dyn WholeStore) -> Verdict {
    let mut ada = entry(&user("ada").id.to_string(), json!(user("ada")));
    store.add(Kind::Users, std::slice::from_ref(&ada)).await?;
    let before = all(store, Kind::Users).await?;
    ada.document["full_name"] = json!("Somebody else");
    let added = store.add(Kind::Users, &[ada]).await?;
    ensure!(added == [Added::AlreadyThere], "{added:?}");
    let after = all(store, Kind::Users).await?;
    ensure!(after == before, "{after:?} and not {before:?}");
    Ok(())
}

async fn a_record_that_takes_the_name_or_the_issue_of_another_or_misses_its_analysis_is_refused(
    store: &dyn WholeStore,
) -> Verdict {
    fill(store).await?;
    let mut twin = user("twin");
    "ADA".clone_into(&mut twin.username);
    let added = store
        .add(Kind::Users, &[entry("user-twin", json!(twin))])
        .await?;
    refused(&added, "username")?;
    let mut analysis = Export::page(store, Kind::Analyses, None, 1).await?;
    let Some(Ok(mut analysis)) = analysis.pop() else {
        return Err(Stop::Failed("there is no analysis".to_owned()));
    };
    "another".clone_into(&mut analysis.id);
    analysis.document["analysis"]["id"] = json!("another");
    let added = store.add(Kind::Analyses, &[analysis]).await?;
    refused(&added, "issue")?;
    let mut results = store.page(Kind::FormerResults, None, 1).await?;
    let Some(Ok(mut orphan)) = results.pop() else {
        return Err(Stop::Failed("there is no former result".to_owned()));
    };
    "nobody/1".clone_into(&mut orphan.id);
    orphan.document["analysis_id"] = json!("nobody");
    let added = store.add(Kind::FormerResults, &[orphan]).await?;
    refused(&added, "analysis is not there")
}

fn refused(added: &[Added], because: &str) -> Verdict {
    let says = |added: &Added| matches!(added, Added::Refused(why) if why.contains(because));
    ensure!(added.len() == 1 && added.iter().all(says), "{added:?}");
    Ok(())
}

async fn a_document_that_is_no_record_is_refused_and_the_others_are_written(
    store: &dyn WholeStore,
) -> Verdict {
    let user = |name: &str| entry(&format!("user-{name}"), json!(user(name)));
    let entries = [user("ada"), entry("user-x", json!({"x": 1})), user("bob")];
    let added = store.add(Kind::Users, &entries).await?;
    let [Added::Written, Added::Refused(_), Added::Written] = &*added else {
        return Err(Stop::Failed(format!("{added:?}")));
    };
    let count = store.count(Kind::Users).await?;
    ensure!(count == 2, "{count} users");
    Ok(())
}

async fn which_ids_are_there_already_is_known(store: &dyn WholeStore) -> Verdict {
    fill(store).await?;
    for (kind, there) in [
        (Kind::Users, "user-ada"),
        (Kind::Workspaces, "ws"),
        (Kind::AccessTokens, "token-a"),
        (Kind::Invitations, "invitation-a"),
        (Kind::Analyses, "analysis-1"),
        (Kind::FormerResults, "analysis-b/1"),
        (Kind::ModelCalls, "call-a"),
        (Kind::Watches, "ws"),
        (Kind::RevokedTokens, "token-1"),
    ] {
        let known = store.known(kind, &["nobody", there]).await?;
        let expected = BTreeSet::from([there.to_owned()]);
        ensure!(known == expected, "{kind:?}: {known:?}");
    }
    Ok(())
}

async fn a_job_goes_on_where_it_stood(store: &dyn WholeStore) -> Verdict {
    let other = MemoryStore::default();
    fill(&other).await?;
    store
        .add(Kind::Analyses, &all(&other, Kind::Analyses).await?)
        .await?;
    // `fill` left one waiting, one held until 61 and one put back until 90; the others have ended.
    let analyses: &dyn Analyses = store;
    for (now, issue) in [(0, "4"), (61, "3"), (90, "2")] {
        let early = analyses.claim("early", 1, at(now - 1), LEASE).await?.pop();
        ensure!(early.is_none(), "{now}: {early:?}");
        let token = format!("at {now}");
        let Some((_, job)) = analyses.claim(&token, 1, at(now), LEASE * 9).await?.pop() else {
            return Err(Stop::Failed(format!("nothing to do at {now}")));
        };
        ensure!(job.issue.id == issue, "{} at {now}", job.issue.id);
        ensure!(job.status == Status::Analyzing, "{job:?}");
    }
    Ok(())
}

/// When what runs out does so; a server that forgets by its own clock does not either before.
const LATE: Timestamp = Timestamp::constant(7_000_000_000, 0);

/// Three or more of each kind.
async fn fill(store: &dyn WholeStore) -> Verdict {
    for name in ["bob", "ada", "cyd"] {
        Users::insert(store, user(name)).await?;
    }
    for name in ["ws", "attic", "cellar"] {
        let mut workspace = workspace(name, "ada");
        workspace.members.push(Member {
            user_id: user("bob").id,
            role: MemberRole::Viewer,
        });
        workspace.sentry.api_token = Some(Sealed("sealed".to_owned()));
        Workspaces::insert(store, &workspace).await?;
    }
    for name in ["token-b", "token-a", "token-c"] {
        let token = AccessToken {
            expires_at: LATE,
            ..access_tokens::token(name, "ada", 0)
        };
        AccessTokens::insert(store, &token, at(0)).await?;
    }
    for name in ["invitation-b", "invitation-a", "invitation-c"] {
        let invitation = Invitation {
            expires_at: LATE,
            ..invitations::invitation(name, "ws", 0)
        };
        Invitations::insert(store, &invitation, at(0)).await?;
    }
    let analyses: &dyn Analyses = store;
    for (issue, run) in [
        ("a", -9),
        ("a", -8),
        ("b", -7),
        ("b", -6),
        ("c", -5),
        ("c", -4),
    ] {
        analyses.enqueue(request(issue, run)).await?;
        let token = format!("run {run}");
        if let Some((lease, job)) = analyses.claim(&token, 1, at(run), LEASE).await?.pop() {
            analyses
                .finish(&lease, ended(&job, completed(&job, &token), run), &[])
                .await?;
        }
    }
    for name in ["call-b", "call-a", "call-c"] {
        Ledger::write(store, &call(name, 0)).await?;
    }
    for workspace in ["ws", "attic", "cellar"] {
        let (workspace, watches) = (id(workspace), store as &dyn Watches);
        watches.claim(&workspace, "worker", at(0), LEASE).await?;
        watches
            .end(&workspace, "worker", Some(at(5)), at(99))
            .await?;
    }
    for issue in ["1", "2", "3", "4"] {
        analyses.enqueue(request(issue, 0)).await?;
    }
    for issue in ["1", "2", "3"] {
        let Some((lease, job)) = analyses.claim(issue, 1, at(1), LEASE).await?.pop() else {
            return Err(Stop::Failed("there is no job".to_owned()));
        };
        match issue {
            "1" => drop(
                analyses
                    .finish(&lease, ended(&job, completed(&job, "dône"), 2), &[])
                    .await?,
            ),
            "2" => drop(analyses.retry_at(&lease, at(90), failure(), at(2)).await?),
            _ => {}
        }
    }
    for name in ["dispatch-b", "dispatch-a", "dispatch-c"] {
        Outbox::put(store, &dispatch(name, 0), at(0)).await?;
    }
    for token in ["token-3", "token-1", "token-2"] {
        RevokedTokens::revoke(store, &id(token), at(600), at(0)).await?;
    }
    Ok(())
}

async fn all(store: &dyn Export, kind: Kind) -> Result<Vec<Entry>, Stop> {
    readable(store.page(kind, None, 100).await?)
}

fn readable(page: Vec<Result<Entry, Unreadable>>) -> Result<Vec<Entry>, Stop> {
    let entries: Result<Vec<Entry>, Unreadable> = page.into_iter().collect();
    entries.map_err(|unreadable| Stop::Failed(format!("{unreadable:?}")))
}

fn entry(id: &str, document: Value) -> Entry {
    Entry {
        id: id.to_owned(),
        document,
        notes: Vec::new(),
    }
}
