//! Whether a service is ready is about the models it asks, and no others.

use serde_json::Value;

use super::{Place, wire::Wire};

/// What is said of the models: each one's name, and whether it answers.
async fn models(chain: &str) -> (u16, Vec<(String, bool)>) {
    let nobody = "http://127.0.0.1:9";
    let variables = [
        ("EXPLAINER__LLM__CHAIN", chain),
        ("OPENAI_MODEL", "left-as-it-was"),
        ("OLLAMA_BASE_URL", nobody),
        ("OLLAMA_MODEL", "spare"),
    ];
    let place = Place::open(Wire::Chat, &variables).await;
    let ready = place.client.get("/health/ready").await;
    let told = ready.json();
    let checks = told["checks"].as_array().cloned().unwrap_or_default();
    let model = |check: &Value| {
        let name = check["name"].as_str()?.strip_prefix("model ")?.to_owned();
        Some((name, check["ok"].as_bool()?))
    };
    (
        ready.status.as_u16(),
        checks.iter().filter_map(model).collect(),
    )
}

#[tokio::test]
async fn a_model_that_is_not_asked_keeps_nobody_from_being_ready() {
    let (status, models) = models("openai/tiny").await;
    assert_eq!(
        (status, models),
        (200, vec![("openai/tiny".to_owned(), true)])
    );
}

#[tokio::test]
async fn a_model_of_the_chain_that_is_not_there_does() {
    let (status, models) = models("openai/tiny, openai/gone").await;
    let expected = [("openai/tiny", true), ("openai/gone", false)];
    let expected = expected.map(|(name, ok)| (name.to_owned(), ok)).to_vec();
    assert_eq!((status, models), (503, expected));
}
