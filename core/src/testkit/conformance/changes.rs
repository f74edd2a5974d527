//! The suite of [`Changes`](crate::ports::Changes).

use futures::{StreamExt, stream::BoxStream};

use super::{Case, Stop, Verdict, WholeStore, analyses::LEASE};
use crate::{
    ErrorKind, Result, cases,
    domain::{
        Status::{self, Analyzing, Completed, Pending},
        TokenId,
    },
    ensure,
    ports::{Analyses, Change, Users},
    testkit::samples::{at, completed, ended, failure, id, request, user},
};

/// Every promise of [`Changes`](crate::ports::Changes), for a store that holds nothing.
pub const CASES: &[Case<dyn WholeStore>] = cases![dyn WholeStore;
    "listening works, or is unsupported" => listening_works_or_is_unsupported,
    "a new request is told as pending" => a_new_request_is_told_as_pending,
    "every step of an analysis is told with the status it led to" =>
        every_step_of_an_analysis_is_told_with_the_status_it_led_to,
    "renewing a lease is not told" => renewing_a_lease_is_not_told,
    "a deleted analysis is told without a status" => a_deleted_analysis_is_told_without_a_status,
    "every listener is told everything" => every_listener_is_told_everything,
    "whatever is written through this process is counted before it is answered" =>
        whatever_is_written_through_this_process_is_counted_before_it_is_answered,
    "what is only read is not counted" => what_is_only_read_is_not_counted,
];

async fn listening_works_or_is_unsupported(store: &dyn WholeStore) -> Verdict {
    match store.listen().await {
        Ok(_) => Ok(()),
        Err(error) if error.kind() == ErrorKind::Unsupported => Ok(()),
        Err(error) => Err(error.into()),
    }
}

async fn a_new_request_is_told_as_pending(store: &dyn WholeStore) -> Verdict {
    let mut told = listening(store).await?;
    store.enqueue(request("1", 0)).await?;
    // Joins the first, which changes nothing.
    store.enqueue(request("1", 1)).await?;
    store.enqueue(request("2", 1)).await?;
    hears(&mut told, &[("1", Some(Pending)), ("2", Some(Pending))]).await
}

async fn every_step_of_an_analysis_is_told_with_the_status_it_led_to(
    store: &dyn WholeStore,
) -> Verdict {
    let mut told = listening(store).await?;
    store.enqueue(request("1", 0)).await?;
    if let Some((lease, _)) = steps(store).claim("a", 1, at(1), LEASE).await?.pop() {
        steps(store)
            .retry_at(&lease, at(2), failure(), at(2))
            .await?;
    }
    if let Some((lease, job)) = steps(store).claim("b", 1, at(3), LEASE).await?.pop() {
        store
            .finish(&lease, ended(&job, completed(&job, "done"), 4), &[])
            .await?;
    }
    store.enqueue(request("1", 5)).await?;
    let steps = [Pending, Analyzing, Pending, Analyzing, Completed, Pending];
    hears(&mut told, &steps.map(|status| ("1", Some(status)))).await
}

async fn renewing_a_lease_is_not_told(store: &dyn WholeStore) -> Verdict {
    let mut told = listening(store).await?;
    store.enqueue(request("1", 0)).await?;
    if let Some((lease, _)) = steps(store).claim("a", 1, at(1), LEASE).await?.pop() {
        steps(store).renew(&lease, at(90)).await?;
    }
    store.enqueue(request("2", 2)).await?;
    let expected = [
        ("1", Some(Pending)),
        ("1", Some(Analyzing)),
        ("2", Some(Pending)),
    ];
    hears(&mut told, &expected).await
}

async fn a_deleted_analysis_is_told_without_a_status(store: &dyn WholeStore) -> Verdict {
    let mut told = listening(store).await?;
    let made = store.enqueue(request("1", 0)).await?;
    steps(store).delete(&made.workspace_id, &made.id).await?;
    hears(&mut told, &[("1", Some(Pending)), ("1", None)]).await
}

async fn every_listener_is_told_everything(store: &dyn WholeStore) -> Verdict {
    let mut listeners = [listening(store).await?, listening(store).await?];
    for issue in ["1", "2", "3"] {
        store.enqueue(request(issue, 0)).await?;
    }
    for told in &mut listeners {
        hears(told, &["1", "2", "3"].map(|issue| (issue, Some(Pending)))).await?;
    }
    Ok(())
}

async fn whatever_is_written_through_this_process_is_counted_before_it_is_answered(
    store: &dyn WholeStore,
) -> Verdict {
    let mut before = store.written();
    let mut counted = |what: &str| {
        let now = store.written();
        ensure!(now != before, "{what} was not counted");
        before = now;
        Ok(())
    };
    let ada = users(store).insert(user("ada")).await?;
    counted("an account")?;
    store.revoke(&id::<TokenId>("token"), at(60), at(0)).await?;
    counted("a revocation")?;
    let made = store.enqueue(request("1", 0)).await?;
    counted("a request")?;
    if let Some((lease, job)) = steps(store).claim("a", 1, at(1), LEASE).await?.pop() {
        counted("a claim")?;
        store
            .finish(&lease, ended(&job, completed(&job, "done"), 2), &[])
            .await?;
        counted("a result")?;
    }
    steps(store).delete(&made.workspace_id, &made.id).await?;
    counted("a deletion")?;
    let read_at = ada.updated_at;
    users(store).update(ada, read_at).await?;
    counted("an update")
}

async fn what_is_only_read_is_not_counted(store: &dyn WholeStore) -> Verdict {
    let ada = users(store).insert(user("ada")).await?;
    let made = store.enqueue(request("1", 0)).await?;
    let before = store.written();
    users(store).get(&ada.id).await?;
    steps(store).get(&made.workspace_id, &made.id).await?;
    store.is_revoked(&id::<TokenId>("token")).await?;
    ensure!(store.written() == before, "reading was counted");
    Ok(())
}

fn users(store: &dyn WholeStore) -> &dyn Users {
    store
}

/// The port of that name: others have methods of the same names.
fn steps(store: &dyn WholeStore) -> &dyn Analyses {
    store
}

type Told = BoxStream<'static, Result<Change>>;

async fn listening(store: &dyn WholeStore) -> Result<Told, Stop> {
    store.listen().await.map_err(|error| match error.kind() {
        ErrorKind::Unsupported => Stop::Skipped(error.message().to_owned()),
        _ => error.into(),
    })
}

/// Whether exactly this is told next: issue and status.
async fn hears(told: &mut Told, expected: &[(&str, Option<Status>)]) -> Verdict {
    for (issue, status) in expected {
        let Some(change) = told.next().await else {
            return Err(Stop::Failed(format!("the end, and not {issue}")));
        };
        let expected = Change {
            analysis_id: id(&format!("analysis-{issue}")),
            status: *status,
        };
        let change = change?;
        ensure!(change == expected, "{change:?} and not {expected:?}");
    }
    Ok(())
}
