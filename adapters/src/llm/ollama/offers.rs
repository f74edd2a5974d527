//! What a server has, and how it is made to have more: `/api/tags`, `/api/show`, `/api/pull`.

use std::time::Duration;

use explainer_core::{
    Result,
    ports::{OfferedModel, PullProgress},
};
use futures::{StreamExt, stream};
use ollama_rs::models::{LocalModel, ModelInfo, pull::PullModelStatus};
use reqwest::Client;
use serde_json::{Value, json};

use super::{
    ADAPTER,
    client::{Question, Server},
};
use crate::llm::{answer::cut_off, lines::Lines, shared::within};

/// How many models a server is asked about at the same time.
const AT_ONCE: usize = 4;

/// Every model the server has. What it does not tell of one is left out.
pub(super) async fn list(
    server: &Server,
    http: &Client,
    limit: Duration,
) -> Result<Vec<OfferedModel>> {
    let question = Question {
        operation: "models",
        path: "tags",
        body: None,
        model: "models",
    };
    within(limit, server.host(), ADAPTER, "models", async {
        let tags: Value = server.ask_whole(http, question).await?;
        let models = tags["models"].as_array();
        let models = models.ok_or_else(|| server.not_the_api("models"))?.clone();
        let models = models
            .into_iter()
            .filter_map(|it| serde_json::from_value(it).ok());
        let described = models.map(async |model: LocalModel| {
            let shown = show(server, http, &model.name, "models").await;
            let (context_window, capabilities) = shown.unwrap_or_default();
            OfferedModel {
                name: model.name,
                context_window,
                size: Some(model.size),
                capabilities,
            }
        });
        Ok(stream::iter(described).buffered(AT_ONCE).collect().await)
    })
    .await
}

/// The model's own context window and its capabilities.
pub(super) async fn show(
    server: &Server,
    http: &Client,
    model: &str,
    operation: &'static str,
) -> Result<(Option<u32>, Vec<String>)> {
    let body = json!({"model": model});
    let question = Question {
        operation,
        path: "show",
        body: Some(&body),
        model,
    };
    let shown: Value = server.ask_whole(http, question).await?;
    // A field that is not as it should be is no reason not to ask the model.
    let Ok(info) = serde_json::from_value::<ModelInfo>(shown) else {
        return Ok((None, Vec::new()));
    };
    // `llama.context_length`, `qwen3.context_length`…
    let window = info
        .model_info
        .iter()
        .find(|(name, _)| name.ends_with(".context_length"));
    let window = window.and_then(|(_, value)| u32::try_from(value.as_u64()?).ok());
    Ok((window.filter(|it| *it > 0), info.capabilities))
}

/// Has the server fetch a model. There is no limit on how long that takes, as long as it goes on.
pub(super) async fn pull(
    server: &Server,
    http: &Client,
    model: &str,
    progress: &dyn PullProgress,
) -> Result<()> {
    let body = json!({"model": model, "stream": true});
    let question = Question {
        operation: "pull",
        path: "pull",
        body: Some(&body),
        model,
    };
    let mut lines = Lines::without_end(server.ask(http, question).await?);
    while let Some(line) = server.next(&mut lines, question).await? {
        let status: PullModelStatus =
            serde_json::from_value(line).map_err(|_| server.not_the_api("pull"))?;
        let (done, total) = (status.completed, status.total);
        progress.step(
            &status.message,
            done.unwrap_or_default(),
            total.unwrap_or_default(),
        );
        if status.message == "success" {
            return Ok(());
        }
    }
    Err(cut_off(server.host(), ADAPTER))
}
