//! Reading issues, together with how far their analyses are.

use std::collections::HashMap;

use crate::{
    ErrorKind,
    domain::{Analysis, Issue, IssueQuery, Page, Project, Status, Workspace},
    services::{Access, Failure, Ports, Right},
};

/// The longest issue id any source is asked for, in bytes.
const MAX_ISSUE_ID: usize = 256;

/// A page of issues and what is known of each.
#[derive(Debug)]
pub struct IssueList {
    /// The issues.
    pub page: Page<Issue>,
    /// By issue id: how far its analysis is. Issues nobody asked about are not in it.
    pub processed: HashMap<String, Processed>,
}

/// How far an issue's analysis is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Processed {
    /// How far the newest run is.
    pub status: Status,
    /// Whether there is a result to read.
    pub has_analysis: bool,
}

impl From<&Analysis> for Processed {
    fn from(analysis: &Analysis) -> Self {
        Self {
            status: analysis.status,
            has_analysis: analysis.specification.is_some(),
        }
    }
}

/// One issue: as analysed, or as the source has it.
#[derive(Debug)]
pub enum IssueView {
    /// An analysis is there or under way.
    Processed(Box<Analysis>),
    /// Nobody has asked yet.
    Raw(Box<Issue>),
}

/// Reading issues.
#[derive(Debug)]
pub struct Issues {
    ports: Ports,
}

impl Issues {
    pub(super) fn new(ports: Ports) -> Self {
        Self { ports }
    }

    /// One page of the workspace's issues.
    pub async fn list(&self, of: &Access, query: &IssueQuery) -> Result<IssueList, Failure> {
        of.require(Right::Read)?;
        let page = self
            .ports
            .sources
            .open(of)?
            .issues(query)
            .await
            .map_err(Failure::Source)?;
        let ids: Vec<&str> = page.items.iter().map(|issue| issue.id.as_str()).collect();
        let analyses = self.ports.analyses.of_issues(&of.id, &ids).await?;
        let processed = analyses
            .iter()
            .map(|it| (it.issue.id.clone(), it.into()))
            .collect();
        Ok(IssueList { page, processed })
    }

    /// The projects the workspace can read.
    pub async fn projects(&self, of: &Access) -> Result<Vec<Project>, Failure> {
        of.require(Right::Read)?;
        self.ports
            .sources
            .open(of)?
            .projects()
            .await
            .map_err(Failure::Source)
    }

    /// One issue.
    pub async fn view(&self, of: &Access, issue_id: &str) -> Result<IssueView, Failure> {
        of.require(Right::Read)?;
        if let Some(analysis) = self.analysis(of, issue_id).await? {
            return Ok(IssueView::Processed(Box::new(analysis)));
        }
        let issue = self.read(of, issue_id).await?;
        Ok(IssueView::Raw(Box::new(issue)))
    }

    /// The analysis of an issue, if there is one.
    pub(super) async fn analysis(
        &self,
        of: &Workspace,
        issue_id: &str,
    ) -> Result<Option<Analysis>, Failure> {
        if issue_id.len() > MAX_ISSUE_ID {
            return Err(Failure::IssueNotFound);
        }
        Ok(self
            .ports
            .analyses
            .of_issues(&of.id, &[issue_id])
            .await?
            .pop())
    }

    /// The analyses of issues, by issue id.
    pub(super) async fn analyses(
        &self,
        of: &Workspace,
        issue_ids: &[&str],
    ) -> Result<HashMap<String, Analysis>, Failure> {
        let can_be = |id: &&&str| id.len() <= MAX_ISSUE_ID;
        let ids: Vec<&str> = issue_ids.iter().filter(can_be).copied().collect();
        let found = self.ports.analyses.of_issues(&of.id, &ids).await?;
        Ok(found
            .into_iter()
            .map(|it| (it.issue.id.clone(), it))
            .collect())
    }

    /// The issue as the source has it.
    pub(super) async fn read(&self, of: &Workspace, issue_id: &str) -> Result<Issue, Failure> {
        if issue_id.is_empty() || issue_id.len() > MAX_ISSUE_ID {
            return Err(Failure::IssueNotFound);
        }
        match self.ports.sources.open(of)?.issue(issue_id).await {
            Ok(Some(issue)) => Ok(issue),
            Ok(None) => Err(Failure::IssueNotFound),
            // An id no source could have is simply not there.
            Err(error) if error.kind() == ErrorKind::Invalid => Err(Failure::IssueNotFound),
            Err(error) => Err(Failure::Source(error)),
        }
    }
}
