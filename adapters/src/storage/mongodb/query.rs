//! How records are read and added: a document is turned into its record here and nowhere else.

use ::mongodb::{
    Collection, Cursor,
    bson::Document,
    error::{ErrorKind, InsertManyError},
};

use super::{documents::Record, fault::Fault};

/// The record that `filter` finds.
pub(super) async fn one<T: Record>(
    collection: &Collection<Document>,
    filter: Document,
) -> Result<Option<T>, Fault> {
    let found = collection.find_one(filter).await?;
    found.map(T::from_document).transpose()
}

/// Every record of a query.
pub(super) async fn all<T: Record>(found: Cursor<Document>) -> Result<Vec<T>, Fault> {
    all_as(found, T::from_document).await
}

/// What `read` makes of every document of a query.
pub(super) async fn all_as<T>(
    mut found: Cursor<Document>,
    read: impl Fn(Document) -> Result<T, Fault>,
) -> Result<Vec<T>, Fault> {
    let mut records = Vec::new();
    while found.advance().await? {
        records.push(read(found.deserialize_current()?)?);
    }
    Ok(records)
}

/// Adds a document; `Taken` when something of it must be unique and is not.
pub(super) async fn add(
    collection: &Collection<Document>,
    document: Document,
) -> Result<(), Fault> {
    collection.insert_one(document).await?;
    Ok(())
}

/// Adds documents, each for itself; tells which of them were not, by their number, and which index
/// has such a document already.
pub(super) async fn add_all(
    collection: &Collection<Document>,
    documents: Vec<Document>,
) -> Result<Vec<(usize, String)>, Fault> {
    let insert = collection.insert_many(documents).ordered(false);
    let Err(error) = insert.await else {
        return Ok(Vec::new());
    };
    let ErrorKind::InsertMany(InsertManyError {
        write_errors: Some(refused),
        write_concern_error: None,
        ..
    }) = &*error.kind
    else {
        return Err(error.into());
    };
    let mut outcome = Vec::new();
    for one in refused {
        match Fault::of_code(one.code, &one.message) {
            Some(Fault::Taken(index)) => outcome.push((one.index, index)),
            _ => return Err(error.into()),
        }
    }
    Ok(outcome)
}
