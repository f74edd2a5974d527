//! The smallest issue source: its issues are written in its settings.

use explainer_plugin_sdk::{
    Error, Event, Host, Issue, Page, Project, Query, Source, Status, serde_json::json,
};

/// What a workspace says to open the source.
#[derive(serde::Deserialize, schemars::JsonSchema)]
pub struct Settings {
    /// One problem each, as `Type: message`.
    #[serde(default = "some_problems")]
    problems: Vec<String>,
}

fn some_problems() -> Vec<String> {
    ["KeyError: 'sku'", "TimeoutError: no answer"].map(Into::into).into()
}

/// The source.
pub struct Template(Vec<Issue>);

impl Source for Template {
    type Settings = Settings;
    const KIND: &'static str = "template";
    const DESCRIPTION: &'static str = "Issues that are written in the settings";

    fn open(settings: Settings, _: Host) -> Result<Self, Error> {
        let project = Project { id: "1".into(), slug: "main".into(), ..Project::default() };
        let issue = |(n, title)| Issue { id: format!("{n}"), title, project: project.clone(), ..Issue::default() };
        Ok(Self(settings.problems.into_iter().enumerate().map(issue).collect()))
    }

    async fn check(&self) -> Result<Status, Error> {
        Ok(Status { organization: None, projects: self.projects().await? })
    }

    async fn projects(&self) -> Result<Vec<Project>, Error> {
        Ok(self.0.first().map(|issue| issue.project.clone()).into_iter().collect())
    }

    async fn issues(&self, query: Query) -> Result<Page, Error> {
        Page::of(&self.0, &query)
    }

    async fn issue(&self, id: String) -> Result<Option<Issue>, Error> {
        Ok(self.0.iter().find(|issue| issue.id == id).cloned())
    }

    async fn events(&self, issue: String, _limit: u16) -> Result<Vec<Event>, Error> {
        let found = self.issue(issue).await?.ok_or_else(|| Error::not_found("no such issue"))?;
        let (kind, value) = found.title.split_once(": ").unwrap_or(("Error", &found.title));
        Ok(vec![Event(json!({ "event_id": found.id, "exception": [{ "type": kind, "value": value }] }))])
    }
}

explainer_plugin_sdk::export!(Template);
