//! Trying models before they are kept.

use serde_json::{Value, json};

use crate::support::{
    Service,
    replay::{Replay, Reply},
    wire::Wire,
};

const WORKS: &str = "OpenAI API key is valid and working";

#[tokio::test]
async fn a_key_for_openai_is_tried_before_it_is_kept() {
    let server = Replay::start().await;
    let (path, list) = Wire::Chat.description();
    server.on(path, [list]);
    server.on(
        Wire::Chat.path(),
        [Wire::Chat.answer(&["{\"ok\": true}"], "stop")],
    );
    let address = format!("{}/v1", server.url());
    let service = Service::start(&[("OPENAI_BASE_URL", &address), ("OPENAI_MODEL", "tiny")]);
    let ada = service.client().with_workspace("ada").await;
    let test = async |body: &Value| ada.post("/api/v1/workspaces/test-openai", body).await.ok();

    // The installation's way costs nothing: the model is looked up.
    let expected = json!({"connected": true, "message": WORKS, "model_used": "tiny"});
    assert_eq!(test(&json!({})).await, expected);

    let given = json!({"openai_api_key": "sk-given"});
    let tested = test(&given).await;
    assert_eq!(
        (&tested["connected"], &tested["message"]),
        (&json!(true), &json!(WORKS))
    );
    assert_eq!(tested["tokens_used"], 57 + 17);
    let asked = server.asked().pop().unwrap();
    assert!(asked.head.contains("bearer sk-given"), "{}", asked.head);

    ada.put(
        "/api/v1/workspaces/current",
        &json!({"openai_api_key": "sk-kept"}),
    )
    .await
    .ok();
    assert_eq!(
        test(&json!({"openai_api_key": "***"})).await["connected"],
        true
    );
    let asked = server.asked().pop().unwrap();
    assert!(asked.head.contains("bearer sk-kept"), "{}", asked.head);

    for (reply, code, says) in [
        (
            Wire::Chat.error(401, "Incorrect API key: sk-given", "invalid_api_key"),
            "unauthorized",
            "set a valid one",
        ),
        (
            Wire::Chat.error(429, "no credit", "insufficient_quota"),
            "api_error",
            "used up",
        ),
        (
            Reply::json(200, &json!({"hello": "there"})),
            "api_error",
            "not OpenAI's API",
        ),
    ] {
        server.on(Wire::Chat.path(), [reply]);
        let tested = test(&given).await;
        assert_eq!(
            (&tested["connected"], &tested["error_code"]),
            (&json!(false), &json!(code)),
            "{tested}"
        );
        let message = tested["message"].as_str().unwrap();
        assert!(
            message.contains(says) && !message.contains("sk-given"),
            "{message}"
        );
    }
    let body = json!({"openai_api_key": "sk-\nbroken"});
    assert_eq!(test(&body).await["connected"], false);
    drop(server);
    assert_eq!(test(&given).await["error_code"], "connection_error");
    assert!(!service.log().contains("sk-given") && !service.log().contains("sk-kept"));
}

#[tokio::test]
async fn any_model_is_tried_as_the_workspace_would_ask_it() {
    let server = Replay::start().await;
    let (path, shown) = Wire::Ollama.description();
    server.on(path, [shown]);
    let service = Service::start(&[("OLLAMA_BASE_URL", &server.url()), ("OLLAMA_MODEL", "tiny")]);
    let ada = service.client().with_workspace("ada").await;
    let test = async |body: &Value| ada.post("/api/v1/workspaces/test-llm", body).await.ok();
    let works = json!({
        "connected": true, "message": "ollama/tiny is there and working", "model_used": "tiny",
    });
    assert_eq!(test(&json!({})).await, works);
    assert_eq!(test(&json!({"model": "ollama"})).await, works);

    server.on(
        path,
        [Wire::Ollama.error(404, "model 'other' not found", "")],
    );
    let missing = test(&json!({"model": "ollama/other"})).await;
    assert_eq!(missing["error_code"], "not_found");
    let advice = "explainer models pull other";
    assert!(
        missing["message"].as_str().unwrap().contains(advice),
        "{missing}"
    );
    let without_key = test(&json!({"model": "openai"})).await;
    assert!(
        without_key["message"]
            .as_str()
            .unwrap()
            .contains("OPENAI_API_KEY"),
        "{without_key}"
    );
    assert_eq!(test(&json!({"model": "oracle"})).await["connected"], false);

    let anyone = service
        .client()
        .post("/api/v1/workspaces/test-llm", &json!({}))
        .await;
    assert_eq!(anyone.problem().0, 401);
}
