//! The results of former runs: a document for each, beside the analysis they belong to.
//!
//! A result is put aside before the next run begins, and until then the record itself has it. So
//! what is put aside is the same whoever does it and however often, and a process that dies in
//! between leaves nothing half done.

use ::mongodb::{
    Collection,
    bson::{Document, doc},
};
use explainer_core::domain::{Analysis, AnalysisId, Revision, WorkspaceId};

use super::{documents::Record, fault::Fault, query, writers::Inserts};

/// Puts the newest result aside, if there is one.
pub(super) async fn put_aside(results: &Inserts, analysis: &Analysis) -> Result<(), Fault> {
    let Some(result) = analysis.result() else {
        return Ok(());
    };
    let document = document(&analysis.workspace_id, &analysis.id, &result)?;
    match results.add(&document).await {
        Err(Fault::Taken(_)) => Ok(()),
        added => added,
    }
}

/// The document of a result.
pub(super) fn document(
    workspace: &WorkspaceId,
    analysis: &AnalysisId,
    result: &Revision,
) -> Result<Document, Fault> {
    let mut document = result.to_document()?;
    document.insert("_id", format!("{analysis}/{}", result.revision));
    document.insert("workspace_id", workspace.as_str());
    document.insert("analysis_id", analysis.as_str());
    Ok(document)
}

/// Drops those that are no longer kept.
pub(super) async fn drop_old(
    results: &Collection<Document>,
    analysis: &Analysis,
) -> Result<(), Fault> {
    let newest = analysis.newest_dropped();
    if newest == 0 {
        return Ok(());
    }
    let mut old = of(&analysis.workspace_id, &analysis.id);
    old.insert("revision", doc! { "$lte": newest });
    results.delete_many(old).await?;
    Ok(())
}

/// All of an analysis, the newest first.
pub(super) async fn all(
    results: &Collection<Document>,
    workspace: &WorkspaceId,
    id: &AnalysisId,
) -> Result<Vec<Revision>, Fault> {
    let newest_first = results
        .find(of(workspace, id))
        .sort(doc! { "revision": -1 });
    query::all(newest_first.await?).await
}

/// Drops all of an analysis.
pub(super) async fn drop_all(
    results: &Collection<Document>,
    workspace: &WorkspaceId,
    id: &AnalysisId,
) -> Result<(), Fault> {
    results.delete_many(of(workspace, id)).await?;
    Ok(())
}

fn of(workspace: &WorkspaceId, id: &AnalysisId) -> Document {
    doc! { "workspace_id": workspace.as_str(), "analysis_id": id.as_str() }
}
