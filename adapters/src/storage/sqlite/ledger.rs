//! The ledger of requests to models.

use async_trait::async_trait;
use explainer_core::{
    Result,
    domain::{AnalysisId, CallId, Date, ModelCall, Timestamp, Usage, WorkspaceId},
    ports::Ledger,
};
use rusqlite::{Connection, params};

use super::{
    SqliteStore,
    fault::Fault,
    statement::{encode, statements},
};

statements! {
    WRITE = "INSERT INTO model_calls
               (id, workspace_id, analysis_id, started_at, day, model, key,
                cost, calls, reused, input, cached, output, doc)
             VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13, ?14)
             ON CONFLICT (id) DO UPDATE SET
                key = excluded.key, cost = excluded.cost, calls = excluded.calls,
                reused = excluded.reused, input = excluded.input, cached = excluded.cached,
                output = excluded.output, doc = excluded.doc";
    OF_ANALYSIS = "SELECT doc FROM model_calls WHERE workspace_id = ?1 AND analysis_id = ?2
                   ORDER BY started_at, id LIMIT 1000";
    ANSWER = "SELECT doc FROM model_calls WHERE workspace_id = ?1 AND key = ?2
              ORDER BY started_at DESC, id DESC LIMIT 1";
    SPENT = "SELECT json(coalesce(sum(cost), 0)) FROM model_calls
             WHERE workspace_id = ?1 AND day = ?2";
    USAGE = "SELECT json_object(
                'day', day, 'model', model, 'calls', sum(calls), 'reused', sum(reused),
                'tokens', json_object(
                    'input', sum(input), 'cached', sum(cached), 'output', sum(output)),
                'cost', sum(cost))
             FROM model_calls WHERE workspace_id = ?1 AND day BETWEEN ?2 AND ?3
             GROUP BY day, model ORDER BY day, model";
}

#[async_trait]
impl Ledger for SqliteStore {
    async fn write(&self, call: &ModelCall) -> Result<()> {
        const OPERATION: &str = "write model call";
        let row = Row::of(call).map_err(|fault| fault.into_error(OPERATION))?;
        self.database
            .write(OPERATION, move |connection| row.write(connection))
            .await
    }

    async fn of_analysis(
        &self,
        workspace: &WorkspaceId,
        analysis: &AnalysisId,
    ) -> Result<Vec<ModelCall>> {
        let (workspace, analysis) = (workspace.clone(), analysis.clone());
        self.database
            .read("list model calls", move |connection| {
                OF_ANALYSIS.documents(connection, [workspace.as_str(), analysis.as_str()])
            })
            .await
    }

    async fn answer(&self, workspace: &WorkspaceId, key: &str) -> Result<Option<ModelCall>> {
        self.database
            .find("find answer", |connection| {
                ANSWER.document(connection, [workspace.as_str(), key])
            })
            .await
    }

    async fn spent(&self, workspace: &WorkspaceId, day: Date) -> Result<u64> {
        let workspace = workspace.clone();
        self.database
            .read("sum costs", move |connection| {
                let spent = SPENT.document(connection, [workspace.as_str(), &day.to_string()])?;
                Ok(spent.unwrap_or(0))
            })
            .await
    }

    async fn usage(&self, workspace: &WorkspaceId, first: Date, last: Date) -> Result<Vec<Usage>> {
        let workspace = workspace.clone();
        self.database
            .read("sum usage", move |connection| {
                let days = (first.to_string(), last.to_string());
                USAGE.documents(connection, params![workspace.as_str(), days.0, days.1])
            })
            .await
    }
}

/// A number as SQLite keeps it.
fn number(number: u64) -> i64 {
    i64::try_from(number).unwrap_or(i64::MAX)
}

/// Adds a call that another store held.
pub(super) fn add(connection: &Connection, call: &ModelCall) -> Result<(), Fault> {
    Row::of(call)?.write(connection)
}

/// A call as its row: what is written is made of it where it is, so that no copy goes to the writer.
struct Row {
    id: CallId,
    workspace: WorkspaceId,
    analysis: Option<AnalysisId>,
    started_at: Timestamp,
    counts: Usage,
    key: Option<String>,
    doc: String,
}

impl Row {
    fn of(call: &ModelCall) -> Result<Self, Fault> {
        let mut counts = Usage::none(call.day(), &call.model);
        counts.add(call);
        Ok(Self {
            id: call.id.clone(),
            workspace: call.workspace_id.clone(),
            analysis: call.analysis_id.clone(),
            started_at: call.started_at,
            counts,
            key: call.answer.is_some().then(|| call.key.clone()),
            doc: encode(call)?,
        })
    }

    /// Writes it, or writes it anew.
    fn write(&self, connection: &Connection) -> Result<(), Fault> {
        let counts = &self.counts;
        WRITE.run(
            connection,
            params![
                self.id.as_str(),
                self.workspace.as_str(),
                self.analysis.as_ref().map(AnalysisId::as_str),
                self.started_at.as_millisecond(),
                counts.day.to_string(),
                counts.model,
                self.key,
                number(counts.cost),
                number(counts.calls),
                number(counts.reused),
                number(counts.tokens.input),
                number(counts.tokens.cached),
                number(counts.tokens.output),
                self.doc,
            ],
        )?;
        Ok(())
    }
}
