//! What a store is asked, and how long it takes to answer.

use std::time::{Duration, Instant};

use explainer_core::domain::{AnalysisFilter, Position, Status, Timestamp};

use crate::{
    Outcome, Store,
    filled::{WORKSPACE, at, id, issue},
};

/// How long a page is.
const PAGE: u32 = 25;

#[derive(Clone, Copy)]
pub(crate) enum Question {
    FirstPage,
    FirstPageByStatus,
    DeepPage,
    ById,
    ByIssue,
    Claim,
}

impl Question {
    pub(crate) const ALL: &[Self] = &[
        Self::FirstPage,
        Self::FirstPageByStatus,
        Self::DeepPage,
        Self::ById,
        Self::ByIssue,
        Self::Claim,
    ];

    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::FirstPage => "the first page",
            Self::FirstPageByStatus => "that of one status",
            Self::DeepPage => "a page deep in the list",
            Self::ById => "one by its id",
            Self::ByIssue => "one by its issue",
            Self::Claim => "the claim of a job",
        }
    }
}

/// A store, and the answers to the question at hand.
pub(crate) struct Asked<'a> {
    store: &'a dyn Store,
    size: usize,
    number: usize,
    took: Vec<Duration>,
}

impl<'a> Asked<'a> {
    pub(crate) fn new(store: &'a dyn Store, size: usize) -> Self {
        Self {
            store,
            size,
            number: 0,
            took: Vec::new(),
        }
    }

    pub(crate) async fn ask(&mut self, question: Question) -> Outcome {
        self.number += 1;
        let workspace = WORKSPACE.parse()?;
        // Another one each time, all over the store.
        let number = (self.number * 7919) % self.size;
        let (id, issue) = (id(number), issue(number));
        let begin = Instant::now();
        let found = match question {
            Question::FirstPage => self.page(None, None).await?,
            Question::FirstPageByStatus => self.page(Some(Status::Completed), None).await?,
            Question::DeepPage => self.page(None, Some(self.size / 10)).await?,
            Question::ById => {
                let found = self.store.get(&workspace, &id.parse()?).await?;
                found.map_or(0, |_| PAGE)
            }
            Question::ByIssue => {
                let found = self.store.of_issues(&workspace, &[&issue]).await?;
                found.first().map_or(0, |_| PAGE)
            }
            Question::Claim => {
                // Whatever is claimed is due again at once: no store runs out of it.
                let token = format!("worker-{}", self.number);
                let now = Timestamp::from_second(4_000_000_000)?;
                let claimed = self.store.claim(&token, now, Duration::ZERO).await?;
                claimed.map_or(0, |_| PAGE)
            }
        };
        self.took.push(begin.elapsed());
        if found < PAGE {
            return Err(format!("{} was not found", question.name()).into());
        }
        Ok(())
    }

    /// A page; `after` is the number of the analysis before it.
    async fn page(&self, status: Option<Status>, after: Option<usize>) -> Outcome<u32> {
        let position = |number| {
            let (created_at, id) = (at(number), id(number).parse()?);
            Outcome::Ok(Position { created_at, id })
        };
        let filter = AnalysisFilter {
            status,
            after: after.map(position).transpose()?,
            limit: PAGE,
            ..AnalysisFilter::default()
        };
        let page = self.store.list(&WORKSPACE.parse()?, &filter).await?;
        Ok(u32::try_from(page.len())?)
    }

    /// The median since it was last asked for.
    pub(crate) fn median(&mut self) -> Duration {
        let mut took = std::mem::take(&mut self.took);
        took.sort();
        took.get(took.len() / 2).copied().unwrap_or_default()
    }
}
