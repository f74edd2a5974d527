//! What the database says in the end: the records, and the server's log of all writes.

use std::collections::{BTreeMap, BTreeSet};

use mongodb::{
    Client, Collection,
    bson::{Document, doc},
};

use crate::Outcome;

pub(crate) struct Tally {
    /// Accepted and not done.
    pub(crate) lost: usize,
    /// Completed more than once.
    pub(crate) double: usize,
    /// Done, and failed: why, and how often.
    pub(crate) failed: BTreeMap<String, usize>,
    /// Taken up more than once: each time but the last was in vain.
    pub(crate) again: i64,
}

/// How many analyses have ended.
pub(crate) async fn ended(client: &Client, database: &str) -> Outcome<usize> {
    let analyses: Collection<Document> = client.database(database).collection("analyses");
    let ended = doc! { "status": { "$in": ["completed", "failed"] } };
    Ok(usize::try_from(analyses.count_documents(ended).await?)?)
}

pub(crate) async fn tally(
    client: &Client,
    database: &str,
    accepted: &BTreeSet<String>,
) -> Outcome<Tally> {
    let analyses: Collection<Document> = client.database(database).collection("analyses");
    let mut done = BTreeSet::new();
    let (mut failed, mut again) = (BTreeMap::new(), 0);
    let mut found = analyses.find(doc! {}).await?;
    while found.advance().await? {
        let record = found.deserialize_current()?;
        let status = record.get_str("status")?;
        if status == "failed" {
            let code = record.get_document("error")?.get_str("code")?;
            *failed.entry(code.to_owned()).or_default() += 1;
        }
        again += attempts(&record) - 1;
        if ["completed", "failed"].contains(&status) {
            done.insert(record.get_str("_id")?.to_owned());
        }
    }
    let completions = completions(client, database).await?;
    Ok(Tally {
        lost: accepted.difference(&done).count(),
        double: completions.values().filter(|count| **count > 1).count(),
        failed,
        again,
    })
}

fn attempts(record: &Document) -> i64 {
    let attempt = record
        .get("attempt")
        .and_then(|it| it.as_i64().or(it.as_i32().map(i64::from)));
    attempt.unwrap_or(1)
}

/// How often each analysis became `completed`, as the log of writes has it:
/// <https://www.mongodb.com/docs/manual/core/replica-set-oplog/>
async fn completions(client: &Client, database: &str) -> Outcome<BTreeMap<String, usize>> {
    let log: Collection<Document> = client.database("local").collection("oplog.rs");
    let completed = doc! {
        "ns": format!("{database}.analyses"),
        "op": "u",
        "o.diff.u.status": "completed",
    };
    let mut found = log.find(completed).await?;
    let mut completions = BTreeMap::new();
    while found.advance().await? {
        let write = found.deserialize_current()?;
        let id = write.get_document("o2")?.get_str("_id")?.to_owned();
        *completions.entry(id).or_default() += 1;
    }
    if completions.is_empty() {
        return Err("the log of writes holds nothing of ours; is its format another?".into());
    }
    Ok(completions)
}
