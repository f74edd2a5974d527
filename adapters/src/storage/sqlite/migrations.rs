//! Brings the tables of a file up to the version this build knows.
//!
//! A file says its version in `PRAGMA user_version`: how many of the migrations it has seen.

use explainer_core::ErrorKind;
use rusqlite::{Connection, Transaction, TransactionBehavior};

use super::fault::Fault;

/// Every change of the tables, in order. What is released is never edited; a change is a new file.
const MIGRATIONS: &[&str] = &[
    include_str!("migrations/0001_tables.sql"),
    include_str!("migrations/0002_lists_results_keys.sql"),
    include_str!("migrations/0003_ledger.sql"),
    include_str!("migrations/0004_automatic.sql"),
    include_str!("migrations/accounts.sql"),
    include_str!("migrations/notifications.sql"),
];

/// Runs what the file has not seen yet, in one transaction: of several processes that start at
/// once the first does it and the others find it done.
pub(super) fn run(connection: &mut Connection) -> Result<(), Fault> {
    let known = i64::try_from(MIGRATIONS.len()).unwrap_or(i64::MAX);
    if version(connection)? == known {
        return Ok(());
    }
    let transaction = connection.transaction_with_behavior(TransactionBehavior::Immediate)?;
    for migration in pending(&transaction)? {
        transaction.execute_batch(migration)?;
    }
    transaction.pragma_update(None, "user_version", known)?;
    Ok(transaction.commit()?)
}

/// Whether the file has seen them all.
pub(super) fn check(connection: &Connection) -> Result<(), Fault> {
    if usize::try_from(version(connection)?) == Ok(MIGRATIONS.len()) {
        return Ok(());
    }
    Err(Fault::refused(
        ErrorKind::Unsupported,
        "could not read the store because its tables are of another version or another program; \
         run this version of the service on it once",
    ))
}

fn version(connection: &Connection) -> Result<i64, Fault> {
    Ok(connection.pragma_query_value(None, "user_version", |row| row.get(0))?)
}

fn pending(transaction: &Transaction<'_>) -> Result<&'static [&'static str], Fault> {
    let version = version(transaction)?;
    if version == 0 && holds_tables(transaction)? {
        return Err(Fault::refused(
            ErrorKind::Unsupported,
            "could not open the store because its file belongs to another program; \
             name another file",
        ));
    }
    let seen = usize::try_from(version).ok();
    let pending = seen.and_then(|seen| MIGRATIONS.get(seen..));
    pending.ok_or_else(|| {
        Fault::refused(
            ErrorKind::Unsupported,
            format!(
                "could not open the store because a newer version wrote it (tables of version \
                 {version}, this build knows {}); run the newer version or restore a backup",
                MIGRATIONS.len()
            ),
        )
    })
}

fn holds_tables(connection: &Connection) -> Result<bool, Fault> {
    let mut any = connection.prepare("SELECT 1 FROM sqlite_schema LIMIT 1")?;
    Ok(any.exists([])?)
}
