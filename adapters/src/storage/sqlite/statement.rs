//! The only way to run SQL: statements declared with [`statements!`], so that a test can look at
//! the plan of every one of them.

use explainer_core::ErrorKind;
use rusqlite::{Connection, Params};
use serde::{Serialize, de::DeserializeOwned};

use super::fault::Fault;
use crate::storage::depth;

/// One statement, prepared once per connection.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Sql(pub(super) &'static str);

/// Declares a file's statements as constants, and lists them for the test of the plans.
macro_rules! statements {
    ($($name:ident = $sql:literal;)*) => {
        $(const $name: $crate::storage::sqlite::statement::Sql =
            $crate::storage::sqlite::statement::Sql($sql);)*

        #[cfg(test)]
        pub(super) const STATEMENTS: &[$crate::storage::sqlite::statement::Sql] = &[$($name),*];
    };
}
pub(super) use statements;

impl Sql {
    /// Runs it and tells how many rows it changed.
    pub(super) fn run(self, connection: &Connection, params: impl Params) -> Result<usize, Fault> {
        Ok(connection.prepare_cached(self.0)?.execute(params)?)
    }

    /// Whether it finds anything.
    pub(super) fn finds(self, connection: &Connection, params: impl Params) -> Result<bool, Fault> {
        Ok(connection.prepare_cached(self.0)?.exists(params)?)
    }

    /// What `read` makes of the only row.
    pub(super) fn row<T>(
        self,
        connection: &Connection,
        params: impl Params,
        read: impl FnOnce(&rusqlite::Row<'_>) -> rusqlite::Result<T>,
    ) -> Result<T, Fault> {
        Ok(connection.prepare_cached(self.0)?.query_row(params, read)?)
    }

    /// The texts in the first two columns of every row.
    pub(super) fn pairs(
        self,
        connection: &Connection,
        params: impl Params,
    ) -> Result<Vec<(String, String)>, Fault> {
        let mut statement = connection.prepare_cached(self.0)?;
        let rows = statement.query_map(params, |row| Ok((row.get(0)?, row.get(1)?)))?;
        Ok(rows.collect::<Result<_, _>>()?)
    }

    /// The document in the first column of the first row.
    pub(super) fn document<T: DeserializeOwned>(
        self,
        connection: &Connection,
        params: impl Params,
    ) -> Result<Option<T>, Fault> {
        let mut statement = connection.prepare_cached(self.0)?;
        let mut rows = statement.query(params)?;
        rows.next()?.map(decode).transpose()
    }

    /// The documents in the first column of every row.
    pub(super) fn documents<T: DeserializeOwned>(
        self,
        connection: &Connection,
        params: impl Params,
    ) -> Result<Vec<T>, Fault> {
        let mut statement = connection.prepare_cached(self.0)?;
        let mut rows = statement.query(params)?;
        let mut documents = Vec::new();
        while let Some(row) = rows.next()? {
            documents.push(decode(row)?);
        }
        Ok(documents)
    }
}

/// A record as its `doc`.
///
/// One that is nested deeper than the reader goes is refused here: stored, it would stand in the way
/// of every list and of the queue.
pub(super) fn encode(record: &impl Serialize) -> Result<String, Fault> {
    match serde_json::to_string(record) {
        Ok(doc) if depth::is_readable(&doc) => Ok(doc),
        _ => Err(Fault::refused(
            ErrorKind::Invalid,
            "could not store the record because it is nested too deep to be read again; \
             leave that out",
        )),
    }
}

fn decode<T: DeserializeOwned>(row: &rusqlite::Row<'_>) -> Result<T, Fault> {
    let doc = row.get_ref(0)?.as_str().map_err(rusqlite::Error::from)?;
    serde_json::from_str(doc).map_err(Fault::Unreadable)
}
