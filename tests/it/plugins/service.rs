//! A workspace whose source is a plugin, over HTTP.

use serde_json::json;

use super::support::{allowed, library};
use crate::support::{Client, Service};

const SECRET: &str = "s3cr3t-t0k3n";

/// A service that has these plugins, and an owner of a workspace.
async fn service(libraries: &[&str]) -> (Service, Client) {
    let entries: Vec<_> = libraries
        .iter()
        .map(|name| allowed(&library(name)).to_string())
        .collect();
    let service = Service::start(&[("EXPLAINER__PLUGINS__ALLOW", &entries.join(","))]);
    let client = service.client().with_workspace("ada").await;
    (service, client)
}

#[tokio::test]
async fn a_workspace_chooses_a_plugin_as_any_other_source() {
    let (_service, client) = service(&["template"]).await;
    let kinds = client.get("/api/v1/sources/").await.ok();
    let kind = kinds
        .as_array()
        .unwrap()
        .iter()
        .find(|it| it["kind"] == "template");
    let kind = kind.unwrap_or_else(|| panic!("{kinds}"));
    assert!(
        kind["settings"]["properties"]["problems"].is_object(),
        "{kind}"
    );

    let source =
        json!({"kind": "template", "settings": {"problems": ["KeyError: 'sku'", "it broke"]}});
    let changes = json!({"source": source});
    client
        .put("/api/v1/workspaces/current", &changes)
        .await
        .ok();
    let workspace = client.get("/api/v1/workspaces/current").await.ok();
    assert_eq!(workspace["source"], source);
    let page = client.get("/api/v1/issues/").await.ok();
    assert_eq!(page["issues"][0]["title"], "KeyError: 'sku'", "{page}");
    let by_environment = client.get("/api/v1/issues/?environment=staging").await;
    let (status, code, _) = by_environment.problem();
    assert_eq!((status, &*code), (400, "source_unsupported"));
    let analyzed = client
        .post("/api/v1/issues/0/analyze", &json!({}))
        .await
        .ok();
    assert_eq!(analyzed["status"], "completed", "{analyzed}");

    // Setting up Sentry makes Sentry the source, and an empty kind none.
    let sentry = json!({"sentry_organization": "acme"});
    client.put("/api/v1/workspaces/current", &sentry).await.ok();
    let workspace = client.get("/api/v1/workspaces/current").await.ok();
    assert!(workspace["source"].is_null(), "{workspace}");
    client
        .put("/api/v1/workspaces/current", &changes)
        .await
        .ok();
    let none = json!({"source": {"kind": ""}, "sentry_organization": ""});
    client.put("/api/v1/workspaces/current", &none).await.ok();
    let page = client.get("/api/v1/issues/").await.ok();
    assert_eq!(page["issues"][0]["sample"], true, "{page}");
}

#[tokio::test]
async fn secrets_of_a_plugin_go_nowhere_and_mistakes_are_told() {
    let (service, client) = service(&["rogue"]).await;
    let put = |settings: serde_json::Value| {
        let changes = json!({"source": {"kind": "rogue", "settings": settings}});
        let client = &client;
        async move { client.put("/api/v1/workspaces/current", &changes).await }
    };
    put(json!({"mode": "tell the secret", "token": SECRET}))
        .await
        .ok();
    let workspace = client.get("/api/v1/workspaces/current").await;
    let shown = workspace.ok()["source"]["settings"].clone();
    assert_eq!(shown, json!({"mode": "tell the secret", "token": "***"}));
    let refused = client.get("/api/v1/issues/").await;
    assert!(
        refused.problem().2.contains("the secret is ***"),
        "{}",
        refused.text
    );

    // Sent back as it was shown, the secret stays; it reaches the plugin, and no log.
    put(shown).await.ok();
    let refused = client.get("/api/v1/issues/").await;
    assert!(
        refused.problem().2.contains("the secret is ***"),
        "{}",
        refused.text
    );
    for told in [service.log(), workspace.text, refused.text] {
        assert!(!told.contains(SECRET), "{told}");
    }
    assert!(
        service.log().contains("here is the secret"),
        "{}",
        service.log()
    );

    for (settings, told) in [
        (json!({"token": 1}), "source: settings.token must be string"),
        (
            json!({"mode": "", "delay_ms": "long"}),
            "source: settings.delay_ms must be integer",
        ),
    ] {
        let (status, code, detail) = put(settings).await.problem();
        assert_eq!(
            (status, code.as_str(), detail.as_str()),
            (422, "invalid_field", told)
        );
    }
    let unknown = json!({"source": {"kind": "nobody", "settings": {}}});
    let unknown = client
        .put("/api/v1/workspaces/current", &unknown)
        .await
        .problem();
    assert!(
        unknown.0 == 422 && unknown.2.contains("rogue"),
        "{unknown:?}"
    );
}

#[tokio::test]
async fn a_plugin_that_dies_is_a_502_and_the_service_goes_on() {
    let (_service, client) = service(&["rogue"]).await;
    let choose = |mode: &str| json!({"source": {"kind": "rogue", "settings": {"mode": mode}}});
    client
        .put("/api/v1/workspaces/current", &choose("segfault"))
        .await
        .ok();
    let (status, code, detail) = client.get("/api/v1/issues/").await.problem();
    assert_eq!(
        (status, code.as_str()),
        (502, "source_unavailable"),
        "{detail}"
    );
    assert!(detail.contains("signal 11"), "{detail}");
    client
        .put("/api/v1/workspaces/current", &choose(""))
        .await
        .ok();
    let page = client.get("/api/v1/issues/").await.ok();
    assert_eq!(page["issues"][0]["title"], "it works");
}

#[tokio::test]
async fn a_plugin_that_cannot_be_loaded_does_not_stop_the_service() {
    let entry = format!("sha256:{} /nowhere/libabsent.so", "0".repeat(64));
    let service = Service::start(&[("EXPLAINER__PLUGINS__ALLOW", &entry)]);
    let client = service.client().with_workspace("ada").await;
    assert!(!client.issue_ids().await.is_empty());
    assert!(
        service.log().contains("left out a plugin"),
        "{}",
        service.log()
    );
}
