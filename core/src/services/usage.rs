//! What was sent to models and what it cost.

use crate::{
    domain::{AnalysisId, Date, ModelCall, Usage, Workspace, day},
    services::{Failure, Ports},
};

/// The longest stretch that is summed over, in days.
const MAX_DAYS: i32 = 366;
/// The stretch when nothing else is asked for, in days.
const USUAL_DAYS: i64 = 30;

/// Reading the ledger.
#[derive(Debug)]
pub struct Spending {
    ports: Ports,
}

impl Spending {
    pub(super) fn new(ports: Ports) -> Self {
        Self { ports }
    }

    /// Every request made to a model for an analysis of the workspace, oldest first.
    pub async fn calls(&self, of: &Workspace, analysis: &str) -> Result<Vec<ModelCall>, Failure> {
        let id: AnalysisId = analysis.parse().map_err(|_| Failure::AnalysisNotFound)?;
        let known = self.ports.analyses.get(&of.id, &id).await?;
        if known.is_none() {
            return Err(Failure::AnalysisNotFound);
        }
        Ok(self.ports.ledger.of_analysis(&of.id, &id).await?)
    }

    /// What the workspace used, by day and model: from `first` to `last`, the last thirty days
    /// unless said otherwise.
    pub async fn usage(
        &self,
        of: &Workspace,
        first: Option<Date>,
        last: Option<Date>,
    ) -> Result<Vec<Usage>, Failure> {
        let last = last.unwrap_or_else(|| day(self.ports.clock.now()));
        let before = jiff::Span::new().days(USUAL_DAYS - 1);
        let first = first.unwrap_or_else(|| last.saturating_sub(before));
        let days = (last - first).get_days();
        if !(0..MAX_DAYS).contains(&days) {
            return Err(Failure::Invalid {
                field: "from",
                message: format!("must be at most {MAX_DAYS} days before `to`, and not after it"),
            });
        }
        Ok(self.ports.ledger.usage(&of.id, first, last).await?)
    }

    /// What the workspace has spent today (UTC), in millionths of a dollar.
    pub async fn spent_today(&self, of: &Workspace) -> Result<u64, Failure> {
        let today = day(self.ports.clock.now());
        Ok(self.ports.ledger.spent(&of.id, today).await?)
    }
}
