//! The smallest issue source: its issues are written in its settings.

use explainer_plugin_sdk::{Error, Event, Host, Issue, Page, Project, Query, Source};

/// What a workspace says to open the source.
#[derive(serde::Deserialize, schemars::JsonSchema)]
pub struct Settings {
    /// One problem each, as `Type: message`.
    #[serde(default = "some_problems")]
    problems: Vec<String>,
}

fn some_problems() -> Vec<String> {
    let problems = ["KeyError: 'sku'", "TimeoutError: no answer"];
    problems.map(String::from).into()
}

/// The source.
pub struct Template(Vec<Issue>);

impl Source for Template {
    type Settings = Settings;
    const KIND: &'static str = "template";
    const DESCRIPTION: &'static str = "Issues that are written in the settings";

    fn open(settings: Settings, _: Host) -> Result<Self, Error> {
        let project = Project::new("1", "main");
        let problems = settings.problems.iter().enumerate();
        let issue = |(n, title): (usize, &String)| Issue::new(&n.to_string(), title, &project);
        Ok(Self(problems.map(issue).collect()))
    }

    async fn projects(&self) -> Result<Vec<Project>, Error> {
        let first = self.0.iter().take(1);
        Ok(first.map(|issue| issue.project.clone()).collect())
    }

    async fn issues(&self, query: Query) -> Result<Page, Error> {
        Page::of(&self.0, &query)
    }

    async fn issue(&self, id: String) -> Result<Option<Issue>, Error> {
        Ok(self.0.iter().find(|issue| issue.id == id).cloned())
    }

    async fn events(&self, issue: String, _limit: u16) -> Result<Vec<Event>, Error> {
        let found = self.issue(issue).await?;
        let title = found
            .ok_or_else(|| Error::not_found("no such issue"))?
            .title;
        let (kind, value) = title.split_once(": ").unwrap_or(("Error", &title));
        Ok(vec![Event::of_exception(kind, value)])
    }
}

explainer_plugin_sdk::export!(Template);
