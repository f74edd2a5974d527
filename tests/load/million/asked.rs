//! What a side is asked, and how long it takes to answer.

use std::time::{Duration, Instant};

use explainer_core::domain::{AnalysisFilter, Position, Status, Timestamp};
use serde_json::Value;

use crate::{
    Outcome,
    filled::{CLAIMED, at, id, issue},
    load::{Connection, request},
    side::Side,
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

/// A side, and its answers to the question at hand.
pub(crate) struct Asked {
    side: Side,
    connection: Connection,
    /// Where the service says that the deep page begins.
    cursor: String,
    number: usize,
    took: Vec<Duration>,
}

impl Asked {
    pub(crate) async fn new(side: Side) -> Outcome<Self> {
        Ok(Self {
            connection: Connection::open(side.service.server.address).await?,
            cursor: cursor(&side).await?,
            side,
            number: 0,
            took: Vec::new(),
        })
    }

    /// Forgets the former question; nor has a new connection been idle for too long.
    pub(crate) async fn begin(&mut self) -> Outcome {
        self.took.clear();
        self.connection = Connection::open(self.side.service.server.address).await?;
        Ok(())
    }

    /// Asks the service, as a client does.
    pub(crate) async fn over_http(&mut self, question: Question) -> Outcome {
        let number = self.next();
        let (list, cursor) = (format!("/analyses?limit={PAGE}"), &self.cursor);
        let path = match question {
            Question::FirstPage => list,
            Question::FirstPageByStatus => format!("{list}&status=completed"),
            Question::DeepPage => format!("{list}&cursor={cursor}"),
            Question::ById => format!("/issues/processed/{}", id(number)),
            Question::ByIssue => format!("/issues/{}", issue(number)),
            Question::Claim => return Err("no client claims".into()),
        };
        // An address of its own, or the service would give the answer that it has just given.
        let mark = if path.contains('?') { '&' } else { '?' };
        let path = format!("/api/v1{path}{mark}number={}", self.number);
        let token = format!("Bearer {}", self.side.service.token);
        let request = request("GET", &path, &[("Authorization", &token)], "");
        let begin = Instant::now();
        let body = self.connection.ask(&request).await?;
        self.took.push(begin.elapsed());
        let body: Value = serde_json::from_slice(body)?;
        let found = match question {
            Question::ById => body["id"] == id(number),
            Question::ByIssue => body["processed_issue"]["id"] == id(number),
            _ => body["analyses"].as_array().map(Vec::len) == Some(PAGE as usize),
        };
        check(question, found)
    }

    /// Asks the store's port.
    pub(crate) async fn at_the_port(&mut self, question: Question) -> Outcome {
        let number = self.next();
        let (store, workspace) = (&self.side.store, &self.side.workspace);
        let (id, issue) = (id(number).parse()?, issue(number));
        let begin = Instant::now();
        let found = match question {
            Question::FirstPage => self.page(None, None).await?,
            Question::FirstPageByStatus => self.page(Some(Status::Completed), None).await?,
            Question::DeepPage => self.page(None, Some(self.side.size / 10)).await?,
            Question::ById => store.get(workspace, &id).await?.is_some(),
            Question::ByIssue => !store.of_issues(workspace, &[&issue]).await?.is_empty(),
            Question::Claim => {
                // Whatever is claimed is due again at once: no store runs out of it.
                let token = format!("worker-{}", self.number);
                let now = Timestamp::from_second(CLAIMED)?;
                !store
                    .claim(&token, 1, now, Duration::ZERO)
                    .await?
                    .is_empty()
            }
        };
        self.took.push(begin.elapsed());
        check(question, found)
    }

    /// Another one each time, all over the store.
    fn next(&mut self) -> usize {
        self.number += 1;
        (self.number * 7919) % self.side.size
    }

    /// Whether there is such a page; `after` is the number of the analysis before it.
    async fn page(&self, status: Option<Status>, after: Option<usize>) -> Outcome<bool> {
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
        let page = self.side.store.list(&self.side.workspace, &filter).await?;
        Ok(page.len() == PAGE as usize)
    }

    /// The median since the begin.
    pub(crate) fn median(&mut self) -> Duration {
        self.took.sort();
        let middle = self.took.get(self.took.len() / 2);
        middle.copied().unwrap_or_default()
    }
}

/// Turns nine tenths of the list's pages, as a client would; gives back where the next one begins.
async fn cursor(side: &Side) -> Outcome<String> {
    let (mut cursor, mut seen) = (String::new(), 0);
    while seen < side.size - side.size / 10 {
        let path = format!("/analyses?limit=100&cursor={cursor}");
        let page = side.service.get(&path).await?;
        seen += page["analyses"].as_array().map_or(0, Vec::len);
        let next = page["pagination"]["next_cursor"].as_str();
        next.ok_or("the list ended early")?.clone_into(&mut cursor);
    }
    Ok(cursor)
}

fn check(question: Question, found: bool) -> Outcome {
    if found {
        return Ok(());
    }
    Err(format!("{} was not found", question.name()).into())
}
