//! What documents are found by: every query of this adapter has its index in here.

use ::mongodb::{
    Database,
    bson::{Bson, bson, doc},
};

use explainer_core::ErrorKind;

use super::fault::Fault;

/// The collections.
pub(super) const USERS: &str = "users";
pub(super) const WORKSPACES: &str = "workspaces";
pub(super) const ANALYSES: &str = "analyses";
pub(super) const FORMER_RESULTS: &str = "former_results";
pub(super) const KEYS: &str = "idempotency_keys";
pub(super) const REVOKED_TOKENS: &str = "revoked_tokens";
pub(super) const AUDIT: &str = "audit";
pub(super) const INVITATIONS: &str = "invitations";
pub(super) const SESSIONS: &str = "sessions";
pub(super) const ACCESS_TOKENS: &str = "access_tokens";
pub(super) const MODEL_CALLS: &str = "model_calls";
pub(super) const DELIVERIES: &str = "deliveries";
pub(super) const OUTBOX: &str = "outbox";
/// Found by their ids alone.
pub(super) const WATCHES: &str = "watches";

/// The indexes that a refused write may name.
pub(super) const USERNAME: &str = "username";
pub(super) const EMAIL: &str = "email";
pub(super) const FIRST: &str = "first";
pub(super) const OF_ISSUE: &str = "of_issue";

/// For how many seconds a revoked token or a key is kept after it has expired: more than any clock
/// is wrong by. The server goes by its own, and one that is ahead must not bring a token back to life.
const GRACE: i32 = 24 * 60 * 60;

/// Makes the indexes that are missing. Of many that do so at once the first makes them and the
/// others find them made.
pub(super) async fn ensure(database: &Database) -> Result<(), Fault> {
    for (collection, indexes) in all() {
        let make = database.run_command(doc! { "createIndexes": collection, "indexes": indexes });
        make.await.map_err(|error| not_made(error.into()))?;
    }
    Ok(())
}

fn not_made(fault: Fault) -> Fault {
    match fault {
        Fault::Taken(index) => Fault::refused(
            ErrorKind::Unsupported,
            format!(
                "could not prepare the store because documents share what the index {index} wants \
                 unique; remove all but one of them, or name another database"
            ),
        ),
        other => other,
    }
}

/// As the command `createIndexes` takes them.
#[expect(
    clippy::too_many_lines,
    reason = "a table, with a row for each collection"
)]
pub(super) fn all() -> Vec<(&'static str, Bson)> {
    vec![
        (
            USERS,
            bson!([
                { "name": USERNAME, "key": { "username_key": 1 }, "unique": true },
                { "name": EMAIL, "key": { "email_key": 1 }, "unique": true },
                // Only the first account has the field: there cannot be two.
                {
                    "name": FIRST,
                    "key": { "first": 1 },
                    "unique": true,
                    "partialFilterExpression": { "first": { "$exists": true } },
                },
            ]),
        ),
        (
            WORKSPACES,
            bson!([
                { "name": "of_member", "key": { "members.user_id": 1, "created_at": 1, "_id": 1 } },
                {
                    "name": "automatic",
                    "key": { "settings.auto_analyze": 1, "_id": 1 },
                    "partialFilterExpression": { "settings.auto_analyze": true },
                },
            ]),
        ),
        (
            ANALYSES,
            bson!([
                { "name": OF_ISSUE, "key": { "workspace_id": 1, "issue_id": 1 }, "unique": true },
                // One for every list: its order is theirs, and it holds what they are filtered by.
                {
                    "name": "listed",
                    "key": {
                        "workspace_id": 1, "created_at": -1, "_id": -1, "status": 1, "priority": 1,
                        "project_id": 1, "project_slug": 1, "model": 1, "searched": 1,
                    },
                },
                // Only what waits or is worked on is in it, so it stays small.
                {
                    "name": "due",
                    "key": { "due_at": 1, "_id": 1 },
                    "partialFilterExpression": { "due_at": { "$exists": true } },
                },
                // Only what has something to tell that is not in the outbox yet.
                {
                    "name": "told",
                    "key": { "told_at": 1 },
                    "partialFilterExpression": { "told_at": { "$exists": true } },
                },
            ]),
        ),
        (
            OUTBOX,
            bson!([
                { "name": "expiry", "key": { "expires_at": 1 }, "expireAfterSeconds": GRACE },
                { "name": "of_workspace", "key": { "workspace_id": 1, "_id": -1 } },
                {
                    "name": "due",
                    "key": { "due_at": 1, "_id": 1 },
                    "partialFilterExpression": { "due_at": { "$exists": true } },
                },
            ]),
        ),
        (
            DELIVERIES,
            bson!([{ "name": "expiry", "key": { "expires_at": 1 }, "expireAfterSeconds": GRACE }]),
        ),
        (
            FORMER_RESULTS,
            bson!([{
                "name": "of_analysis",
                "key": { "workspace_id": 1, "analysis_id": 1, "revision": -1 },
            }]),
        ),
        (
            KEYS,
            bson!([{ "name": "expiry", "key": { "expires_at": 1 }, "expireAfterSeconds": GRACE }]),
        ),
        (
            REVOKED_TOKENS,
            bson!([{ "name": "expiry", "key": { "expires_at": 1 }, "expireAfterSeconds": GRACE }]),
        ),
        (
            AUDIT,
            bson!([{ "name": "expiry", "key": { "expires_at": 1 }, "expireAfterSeconds": GRACE }]),
        ),
        (
            INVITATIONS,
            bson!([
                { "name": "expiry", "key": { "expires_at": 1 }, "expireAfterSeconds": GRACE },
                { "name": "of_workspace", "key": { "workspace_id": 1, "created_at": 1, "_id": 1 } },
                { "name": "code", "key": { "code_hash": 1 }, "unique": true },
            ]),
        ),
        (
            SESSIONS,
            bson!([
                { "name": "expiry", "key": { "expires_at": 1 }, "expireAfterSeconds": GRACE },
                { "name": "of_user", "key": { "user_id": 1, "created_at": 1, "_id": 1 } },
            ]),
        ),
        (
            ACCESS_TOKENS,
            bson!([
                { "name": "expiry", "key": { "expires_at": 1 }, "expireAfterSeconds": GRACE },
                { "name": "of_user", "key": { "user_id": 1, "created_at": 1, "_id": 1 } },
                { "name": "secret", "key": { "secret_hash": 1 }, "unique": true },
            ]),
        ),
        (
            MODEL_CALLS,
            bson!([
                {
                    "name": "of_analysis",
                    "key": { "workspace_id": 1, "analysis_id": 1, "started_at": 1, "_id": 1 },
                },
                {
                    "name": "by_key",
                    "key": { "workspace_id": 1, "key": 1, "started_at": -1, "_id": -1 },
                },
                { "name": "by_day", "key": { "workspace_id": 1, "day": 1, "model": 1 } },
            ]),
        ),
    ]
}
